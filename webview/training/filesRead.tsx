/** What was read from where, and what could not be. */
import type { TrainingFile, TrainingReading } from '../../src/protocol/engineApi.js';
import { Folding } from '../folding.js';
import { formatBytes, formatCount } from '../format.js';
import { Icon } from '../icons.js';

export function FilesRead({ reading: { files, notices } }: { reading: TrainingReading }) {
  const problems = [...files.flatMap(({ problem }) => problem ?? []), ...notices];
  return (
    <>
      {problems.length === 0 ? null : (
        <ul class="training-problems" aria-label="Not as it should be" data-testid="training-problems">
          {problems.map((text) => (
            <li key={text} class="training-problem">
              <Icon name="warning" />
              {text}
            </li>
          ))}
        </ul>
      )}
      <Folding id="training-files" title={`Logs that are read (${files.length})`} open={false} class="training-folding">
        <div class="table-scroll">
          <table class="summary training-files">
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Format</th>
                <th scope="col" class="numeric">
                  Records
                </th>
                <th scope="col" class="numeric">
                  Size
                </th>
                <th scope="col">File</th>
              </tr>
            </thead>
            <tbody>
              {files.map((file) => (
                <Row key={`${file.format} ${file.file}`} file={file} />
              ))}
            </tbody>
          </table>
        </div>
      </Folding>
    </>
  );
}

function Row({ file: { file, format, runs, records, bytes } }: { file: TrainingFile }) {
  return (
    <tr>
      <th scope="row">{runs.join(', ')}</th>
      <td>{format}</td>
      <td class="numeric">{formatCount(records)}</td>
      <td class="numeric">{bytes === 0 ? '' : formatBytes(bytes)}</td>
      <td>
        <code class="training-path">{file}</code>
      </td>
    </tr>
  );
}
