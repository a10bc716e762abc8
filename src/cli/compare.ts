/** `frankenstein compare`: what training changed, layer by layer. */
import { Command } from 'commander';
import path from 'node:path';
import type { CompareResult } from '../engine/analyses/compare/result.js';
import { tensorsCsv } from '../protocol/csv.js';
import { FrankensteinError } from '../engine/errors.js';
import { compareReport } from './compareReport.js';
import { parseCount, parseCuts, parseSize, type CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { createProgressLine, print } from './terminal.js';

interface CompareOptions {
  cuts?: [number, number];
  labels?: string;
  json?: string;
  csv?: string;
  memory?: number;
  threads?: number;
  runs: string | false;
}

export function compareCommand({ engine, signal }: CommandContext): Command {
  return new Command('compare')
    .description(
      'Compare checkpoints of one family in lineage order (Base → IN → RL): size of the weight updates per tensor, layer and region',
    )
    .argument(
      '<stages...>',
      'checkpoint folders, configs, shards, indexes or adapters (BASE+ADAPTER names both); two or more',
    )
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', parseCuts)
    .option('--labels <names>', 'names of the stages, comma-separated (default: folder names)')
    .option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout')
    .option('--csv <file>', 'write one row per tensor as CSV; - for stdout')
    .option('--memory <size>', 'memory budget, such as 2GB', parseSize)
    .option('--threads <n>', 'worker threads (default: all cores)', parseCount)
    .option('--runs <folder>', 'where runs are kept, so that an interrupted one continues', '.frankenstein')
    .option('--no-runs', 'keep nothing on disk')
    .action(async (paths: string[], options: CompareOptions) => {
      const labels = options.labels?.split(',');
      if (labels && labels.length !== paths.length)
        throw new FrankensteinError(
          'bad-request',
          `--labels names ${labels.length} stages, but ${paths.length} are given.`,
        );
      if (options.json === '-' && options.csv === '-')
        throw new FrankensteinError('bad-request', 'Only one of --json and --csv can go to stdout.');
      const progress = createProgressLine();
      let result: CompareResult;
      try {
        result = await engine.compare(
          {
            stages: paths.map((stage, index) => ({ path: path.resolve(stage), label: labels?.[index] })),
            cuts: options.cuts,
            memory: options.memory,
            threads: options.threads,
            runsFolder: options.runs === false ? undefined : path.resolve(options.runs),
          },
          { signal, progress: (value) => progress.show(value) },
        );
      } finally {
        progress.clear();
      }
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
      if (options.csv !== undefined) await writeOutput(options.csv, tensorsCsv(result));
      if (options.json !== '-' && options.csv !== '-') await print(compareReport(result));
    });
}
