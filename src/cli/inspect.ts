/** `frankenstein inspect`: what a checkpoint holds, from its headers. */
import { Command } from 'commander';
import path from 'node:path';
import type { InspectResult } from '../engine/analyses/inspect/result.js';
import type { CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { formatBytes, formatCount, table } from '../engine/report/text.js';
import { print } from './terminal.js';

export function inspectCommand({ engine, signal }: CommandContext): Command {
  return new Command('inspect')
    .description('Show what a checkpoint holds: family, layers, sections, dtypes, shards; reads headers only')
    .argument('<checkpoint>', 'a folder, config, shard, index or adapter; BASE+ADAPTER names both')
    .option('--json <file>', 'write all of it, every tensor included, as JSON; - for stdout')
    .option('--tensors', 'list every tensor')
    .action(async (checkpoint: string, options: { json?: string; tensors?: boolean }) => {
      const result = await engine.inspect({ path: path.resolve(checkpoint) }, { signal });
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
      if (options.json !== '-') await print(inspectReport(result, options.tensors === true));
    });
}

/** What was recognised on the way, where there is something to say. */
function recognised({ madeOf, reading, extra }: InspectResult): [string, string][] {
  const rows: [string, string][] = [];
  if (madeOf !== null) rows.push(['made of', madeOf]);
  if (reading !== null) {
    rows.push(['read from', reading.from]);
    if (reading.wrappers.length > 0) rows.push(['wrappers', `${reading.wrappers.join(', ')} (taken out of names)`]);
    if (reading.unread.length > 0) rows.push(['not read', reading.unread.join(', ')]);
  }
  if (extra.tensors > 0)
    rows.push([
      'extra',
      `${formatCount(extra.tensors)} tensors beyond the layers that run (${formatCount(extra.parameters)} parameters)`,
    ]);
  return rows;
}

function inspectReport(result: InspectResult, withTensors: boolean): string {
  const facts = table(
    [
      ['path', result.path],
      ['family', [result.family, ...result.architectures].join(' · ')],
      ['layers', `${result.layers} language${result.visionLayers > 0 ? `, ${result.visionLayers} vision` : ''}`],
      ['parameters', formatCount(result.parameters)],
      ['size', formatBytes(result.bytes)],
      ...(result.quantisation ?? []).map(({ scheme, tensors, dequantised }) => [
        'quantised',
        `${formatCount(tensors)} ${tensors === 1 ? 'weight' : 'weights'}: ` +
          `${scheme}${dequantised ? ', read as code × scale' : ', not read'}`,
      ]),
      ['head', result.headMissing ? 'missing' : result.tiedHead ? 'tied to the embedding' : 'its own'],
      ...recognised(result),
      ['fingerprint', result.fingerprint],
    ],
    [false, false],
  );
  const sections = table(
    [
      ['section', 'tensors', 'parameters'],
      ...result.sections.map(({ section, tensors, parameters }) => [
        section,
        formatCount(tensors),
        formatCount(parameters),
      ]),
    ],
    [false, true, true],
  );
  const dtypes = table(
    [
      ['dtype', 'tensors', 'parameters'],
      ...Object.entries(result.dtypes).map(([dtype, { tensors, parameters }]) => [
        dtype,
        formatCount(tensors),
        formatCount(parameters),
      ]),
    ],
    [false, true, true],
  );
  const shards = table(
    [
      ['shard', 'tensors', 'size'],
      ...result.shards.map(({ file, tensors, bytes }) => [file, formatCount(tensors), formatBytes(bytes)]),
    ],
    [false, true, true],
  );
  const tensors = withTensors
    ? table(
        [
          ['tensor', 'dtype', 'shape', ''],
          ...result.tensors.map(({ name, dtype, shape, leftOut = '' }) => [name, dtype, shape.join(' × '), leftOut]),
        ],
        [false, false, false, false],
      )
    : '';
  const warnings =
    result.warnings.length > 0 ? ['Warnings:', ...result.warnings.map((warning) => `  ${warning}`)].join('\n') : '';
  return `${[facts, sections, dtypes, shards, tensors, warnings].filter((part) => part !== '').join('\n\n')}\n`;
}
