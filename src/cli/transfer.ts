/** `frankenstein transfer` and `frankenstein sweep`: hybrids of IN and RL that are never written, measured side by side. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Sweep } from '../engine/analyses/evaluate/hybrids.js';
import { type EvaluationOptions, evaluationOptions, requestOf, runEvaluation } from './evaluate.js';
import { type CommandContext, parseCuts } from './options.js';

interface TransferOptions extends EvaluationOptions {
  base?: string;
  cuts?: [number, number];
}

export function transferCommand(context: CommandContext): Command {
  return evaluationOptions(new Command('transfer'))
    .description('Stitch the regions of RL into IN and vice versa, six ways, and measure what transfers')
    .argument('<in>', 'the supervised checkpoint')
    .argument('<rl>', 'the checkpoint after reinforcement learning')
    .option('--base <checkpoint>', 'the pretrained checkpoint, beside them')
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', parseCuts)
    .action(async (supervised: string, reinforced: string, options: TransferOptions) => {
      const { checkpoints } = await context.engine.hybrids(
        {
          ...lineage(supervised, reinforced),
          base: options.base === undefined ? undefined : { path: path.resolve(options.base) },
          cuts: options.cuts,
        },
        { signal: context.signal },
      );
      await runEvaluation(context, { kind: 'transfer', checkpoints, ...requestOf(options) }, options);
    });
}

interface SweepOptions extends EvaluationOptions {
  axis: 'cut' | 'alpha';
  values?: number[];
  layers?: [number, number];
  part?: 'all' | 'attention' | 'mlp';
}

export function sweepCommand(context: CommandContext): Command {
  return evaluationOptions(new Command('sweep'))
    .description('Move the cut between IN and RL, or α from one to the other, and measure every step')
    .argument('<in>', 'the supervised checkpoint')
    .argument('<rl>', 'the checkpoint after reinforcement learning')
    .addOption(
      new Option('--axis <axis>', 'cut: IN below a layer and RL from it on; alpha: (1 − α)·IN + α·RL')
        .choices(['cut', 'alpha'])
        .default('cut'),
    )
    .option('--values <list>', 'positions, comma-separated (default: evenly over the layers; 0 to 1.25)', parseValues)
    .option(
      '--layers <first,end>',
      'alpha only: language layers from FIRST up to END, which is excluded (unlike in --depths; default: all)',
      parseLayers,
    )
    .addOption(new Option('--part <part>', 'alpha only: what of the layers').choices(['all', 'attention', 'mlp']))
    .action(
      async (supervised: string, reinforced: string, { axis, values, layers, part, ...options }: SweepOptions) => {
        if (axis === 'cut' && (layers !== undefined || part !== undefined))
          throw new InvalidArgumentError('--layers and --part belong to --axis alpha.');
        const sweep: Sweep = axis === 'cut' ? { axis, values } : { axis, values, layers, part };
        const { checkpoints, axis: sampled } = await context.engine.hybrids(
          { ...lineage(supervised, reinforced), sweep },
          { signal: context.signal },
        );
        await runEvaluation(
          context,
          { kind: 'sweep', checkpoints, axis: sampled ?? undefined, ...requestOf(options) },
          options,
        );
      },
    );
}

function lineage(supervised: string, reinforced: string): { in: { path: string }; rl: { path: string } } {
  return { in: { path: path.resolve(supervised) }, rl: { path: path.resolve(reinforced) } };
}

function parseLayers(text: string): [number, number] {
  const [, first, end] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (first === undefined || end === undefined || Number(end) <= Number(first))
    throw new InvalidArgumentError('Give a first layer and the one after the last, such as 9,18.');
  return [Number(first), Number(end)];
}

function parseValues(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (values.some((value) => !Number.isFinite(value))) throw new InvalidArgumentError('Give numbers, comma-separated.');
  return values;
}
