/** An inspected checkpoint as Markdown. Every word from the checkpoint is escaped. */
import type { InspectResult } from '../protocol/engineApi.js';
import { escapeMarkdown } from '../services/markdown.js';
import { bytesText, countText } from '../services/progressText.js';

export function inspectionMarkdown(label: string, result: InspectResult): string {
  const { family, architectures, layers, visionLayers, parameters, bytes, tiedHead, headMissing, fingerprint } = result;
  const { madeOf, reading, extra } = result;
  const facts: [string, string][] = [
    ['Path', result.path],
    ['Family', family],
    ['Architectures', architectures.join(', ') || '–'],
    ['Language layers', String(layers)],
    ['Vision blocks', visionLayers === 0 ? 'none' : String(visionLayers)],
    ['Parameters', `${countText(parameters)} (${parameters.toLocaleString('en')})`],
    ['Size', bytesText(bytes)],
    ...(result.quantisation ?? []).map(({ scheme, tensors, dequantised }): [string, string] => [
      'Quantised',
      `${countText(tensors)} ${tensors === 1 ? 'weight' : 'weights'}: ` +
        `${scheme}${dequantised ? ', read as code × scale' : ', not read'}`,
    ]),
    ['Head', headMissing ? 'missing' : tiedHead ? 'tied to the embedding' : 'its own'],
    ...(madeOf === null ? [] : ([['Made of', madeOf]] satisfies [string, string][])),
    ...(reading === null
      ? []
      : ([
          ['Read from', reading.from],
          ['Wrappers taken out of names', reading.wrappers.join(', ')],
          ['Weight files not read', reading.unread.join(', ')],
        ] satisfies [string, string][])
    ).filter(([, value]) => value !== ''),
    ...(extra.tensors === 0
      ? []
      : ([['Beyond the layers that run', `${extra.tensors} tensors`]] satisfies [string, string][])),
    ['Fingerprint', fingerprint],
  ];
  const sections = [
    `# ${escapeMarkdown(label)}`,
    table(['', ''], facts),
    ...(result.warnings.length === 0
      ? []
      : ['## Warnings', result.warnings.map((warning) => `- ${escapeMarkdown(warning)}`).join('\n')]),
    '## Sections',
    table(
      ['Section', 'Tensors', 'Parameters'],
      result.sections.map(({ section, tensors, parameters: size }) => [section, String(tensors), countText(size)]),
    ),
    '## Storage types',
    table(
      ['Type', 'Tensors', 'Parameters'],
      Object.entries(result.dtypes).map(([dtype, { tensors, parameters: size }]) => [
        dtype,
        String(tensors),
        countText(size),
      ]),
    ),
    '## Files',
    table(
      ['File', 'Tensors', 'Size'],
      result.shards.map(({ file, tensors, bytes: size }) => [file, String(tensors), bytesText(size)]),
    ),
    '## Tensors',
    table(
      ['Name', 'Shape', 'Type', 'Component', 'File'],
      result.tensors.map(({ name, shape, dtype, component, shard }) => [
        name,
        shape.join(' × ') || 'scalar',
        dtype,
        component,
        shard,
      ]),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  return [line(head), `|${head.map(() => ' --- ').join('|')}|`, ...rows.map(line)].join('\n');
}
