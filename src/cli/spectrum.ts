/** `frankenstein spectrum`: how many directions training moved each weight in, and what of it is rounding. */
import { Command, Option } from 'commander';
import path from 'node:path';
import { FrankensteinError } from '../engine/errors.js';
import type { SpectrumRequest } from '../engine/analyses/spectrum/request.js';
import type { SpectrumMode, SpectrumResult } from '../engine/analyses/spectrum/result.js';
import { spectraCsv } from '../protocol/csv.js';
import { parseCount, parseCuts, parseSize, type CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { spectrumPlanSentence, spectrumReport } from './spectrumReport.js';
import { createProgressLine, print } from './terminal.js';

interface SpectrumOptions {
  mode?: SpectrumMode;
  filter?: string;
  refine?: string[];
  cuts?: [number, number];
  labels?: string;
  json?: string;
  csv?: string;
  plan?: boolean;
  memory?: number;
  threads?: number;
  runs: string | false;
}

export function spectrumCommand({ engine, signal }: CommandContext): Command {
  return new Command('spectrum')
    .description(
      'Singular values of the weight updates of a lineage (Base → IN → RL): rank metrics per tensor, layer and region, held against what rounding alone would give',
    )
    .argument(
      '<stages...>',
      'checkpoint folders, configs, shards, indexes or adapters (BASE+ADAPTER names both); two or more',
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'all values, or the first and an estimate of the rest with its error (default: exact where that takes minutes at most)',
      ).choices(['exact', 'fast']),
    )
    .option('--filter <regex>', 'only weights whose canonical name matches, such as self_attn')
    .option('--refine <names...>', 'with fast: weights taken exactly all the same; name, or name#part')
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', parseCuts)
    .option('--labels <names>', 'names of the stages, comma-separated (default: folder names)')
    .option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout')
    .option('--csv <file>', 'write one row per matrix as CSV; - for stdout')
    .option('--plan', 'say what the run would cost, and do not run')
    .option('--memory <size>', 'memory budget, such as 2GB', parseSize)
    .option('--threads <n>', 'worker threads (default: all cores)', parseCount)
    .option('--runs <folder>', 'where runs are kept, so that an interrupted one continues', '.frankenstein')
    .option('--no-runs', 'keep nothing on disk')
    .action(async (paths: string[], options: SpectrumOptions) => {
      const labels = options.labels?.split(',');
      if (labels && labels.length !== paths.length)
        throw new FrankensteinError(
          'bad-request',
          `--labels names ${labels.length} stages, but ${paths.length} are given.`,
        );
      if (options.json === '-' && options.csv === '-')
        throw new FrankensteinError('bad-request', 'Only one of --json and --csv can go to stdout.');
      const request: SpectrumRequest = {
        stages: paths.map((stage, index) => ({ path: path.resolve(stage), label: labels?.[index] })),
        mode: options.mode,
        filter: options.filter,
        refine: options.refine,
        cuts: options.cuts,
        memory: options.memory,
        threads: options.threads,
        runsFolder: options.runs === false ? undefined : path.resolve(options.runs),
      };
      if (options.plan) {
        const plan = await engine.planSpectrum(request, { signal });
        return print(options.json === '-' ? `${JSON.stringify(plan)}\n` : `${spectrumPlanSentence(plan)}\n`);
      }
      const progress = createProgressLine();
      let result: SpectrumResult;
      try {
        result = await engine.spectrum(request, { signal, progress: (value) => progress.show(value) });
      } finally {
        progress.clear();
      }
      if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
      if (options.csv !== undefined) await writeOutput(options.csv, spectraCsv(result));
      if (options.json !== '-' && options.csv !== '-') await print(spectrumReport(result));
    });
}
