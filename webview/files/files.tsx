/** Config, tokenizer and generation files that differ between stages; each opens VS Code's own diff editor. */
import { Fragment } from 'preact';
import type { FileDifference } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { Folding } from '../folding.js';
import { plural } from '../format.js';
import type { CompareHost } from '../host.js';
import { Button } from '../kit.js';
import type { Model } from '../state/model.js';

const KEYS_SHOWN = 6;

export function FileDifferences({ model, host }: { model: Model; host: CompareHost }) {
  const { files } = model.result;
  const title =
    files.length === 0
      ? 'No other files differ'
      : `${plural(files.length, 'file')} ${files.length === 1 ? 'differs' : 'differ'}`;
  return (
    <Folding id="files" open={files.length > 0} title={title}>
      {files.length === 0 ? (
        <p class="note">Config, tokenizer and generation files are the same in all stages.</p>
      ) : (
        model.deltas.map(({ index, from, to }) => {
          const own = files.filter((file) => file.from === index);
          if (own.length === 0) return null;
          return (
            <Fragment key={index}>
              {model.deltas.length > 1 ? <h4>{`${from} → ${to}`}</h4> : null}
              <ul class="files">
                {own.map((file) => (
                  <Row key={file.file} file={file} host={host} />
                ))}
              </ul>
            </Fragment>
          );
        })
      )}
    </Folding>
  );
}

function Row({ file, host }: { file: FileDifference; host: CompareHost }) {
  const { ask } = usePanel();
  const more = file.keys.length - KEYS_SHOWN;
  return (
    <li data-file={file.file} data-from={file.from}>
      <span class={`file-kind file-${file.kind}`} title={file.kind}>
        {{ changed: 'M', added: 'A', removed: 'D' }[file.kind]}
      </span>
      <span class="file-name">
        {file.file}
        <span class="visually-hidden">{`, ${file.kind}`}</span>
      </span>
      <span class="file-keys">
        {file.keys.slice(0, KEYS_SHOWN).map((key) => (
          <code key={key}>{key}</code>
        ))}
        {more > 0 ? (
          <span class="muted" title={file.keys.slice(KEYS_SHOWN).join('\n')}>
            {`+${more} more`}
          </span>
        ) : null}
      </span>
      <Button
        label={file.kind === 'changed' ? 'Open Diff' : 'Open'}
        title={`${file.kind === 'changed' ? 'Open the diff of' : 'Open'} ${file.file}`}
        testId="open-diff"
        onClick={() => void ask(host.openFileDiff({ file: file.file, from: file.from }))}
      />
    </li>
  );
}
