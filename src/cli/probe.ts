/** `frankenstein probe`: interventions inside a model, depth by depth. */
import { Command, InvalidArgumentError, Option } from 'commander';
import path from 'node:path';
import type { ProbeRequest } from '../engine/analyses/probe/request.js';
import type { ProbeResult } from '../engine/analyses/probe/result.js';
import { parseCount, parseCuts, parseSeed, parseSize, type CommandContext } from './options.js';
import { writeOutput } from './output.js';
import { createProbeLine } from './probeLine.js';
import { planSentence, probeReport } from './probeReport.js';
import { note, print } from './terminal.js';

interface ProbeOptions {
  data: string;
  depths?: number[];
  mode?: 'from' | 'only';
  part?: 'layer' | 'attention' | 'mlp';
  tasks?: string;
  samples?: number;
  seed?: number;
  maxNewTokens?: number;
  badLines?: 'stop' | 'skip';
  cuts?: [number, number];
  labels?: string;
  json?: string;
  plan?: boolean;
  memory?: number;
  threads?: number;
  runs: string | false;
}

export function probeCommand(context: CommandContext): Command {
  const swap = common(
    context,
    'swap',
    'Swap the visual tokens of a target image for those of a source, layer by layer (activation patching): which layers does an ability need the image in?',
  )
    .argument('<checkpoint>', 'a folder, config, shard, index or adapter; BASE+ADAPTER names both')
    .addOption(
      new Option(
        '--mode <mode>',
        'swap keys and values from a layer onward (the same as the hidden states at its input), or in that layer only',
      ).choices(['from', 'only']),
    )
    .option(
      '--tasks <names>',
      'counting, ocr, grounding, recognition; comma-separated (default: all that the data has)',
    );
  const skip = common(context, 'skip', 'Skip one layer at a time (layer ablation): which layers does reasoning need?')
    .argument('<checkpoint>', 'a folder, config, shard, index or adapter; BASE+ADAPTER names both')
    .addOption(new Option('--part <part>', 'what of the layer is skipped').choices(['layer', 'attention', 'mlp']));
  const attention = common(
    context,
    'attention',
    'Attention from reasoning tokens to visual tokens per layer, in one checkpoint or two (IN, RL)',
  )
    .argument('<checkpoint>', 'a folder, config, shard, index or adapter; BASE+ADAPTER names both')
    .argument('[other]', 'the checkpoint to compare it with');
  const probe = new Command('probe').description('Intervene inside a model, layer by layer, and see what breaks');
  for (const command of [swap, skip, attention]) probe.addCommand(command);
  return probe;
}

function common(context: CommandContext, kind: ProbeRequest['kind'], description: string): Command {
  return new Command(kind)
    .description(description)
    .requiredOption(
      '--data <path>',
      kind === 'swap'
        ? 'JSONL file of paired probes (id, task, target_image, source_image, prompt, meta), or a folder of them'
        : 'JSONL file of questions (id, prompt, answer, answer_type, image or images), or a folder of them',
    )
    .option(
      '--depths <list>',
      'language layers from 0, both ends included, such as 0-11 or 0,4,8-11 (default: all)',
      parseDepths,
    )
    .option(
      '--samples <n>',
      kind === 'swap'
        ? 'so many samples of each task, drawn at random (default: all)'
        : 'so many samples, drawn at random (default: all)',
      parseCount,
    )
    .option('--seed <n>', 'of the draw (default: 0)', parseSeed)
    .option('--max-new-tokens <n>', 'max new tokens per answer (default: 128)', parseCount)
    .addOption(
      new Option(
        '--bad-lines <action>',
        'malformed lines and unreadable images: stop with an error, or skip and list them',
      ).choices(['stop', 'skip']),
    )
    .option('--cuts <mid,late>', 'first layer of Mid and of Late, 0-based (default: thirds)', parseCuts)
    .option('--labels <names>', 'names of the checkpoints, comma-separated (default: folder names)')
    .option('--json <file>', 'write the whole result as JSON (schema 1); - for stdout')
    .option('--plan', 'say what the run would cost, and do not run')
    .option('--memory <size>', 'memory budget, such as 2GB (default: half of the machine)', parseSize)
    .option('--threads <n>', 'threads (default: all cores)', parseCount)
    .option('--runs <folder>', 'where runs are kept, so that an interrupted one continues', '.frankenstein')
    .option('--no-runs', 'keep nothing on disk')
    .action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      await run(
        context,
        kind,
        command.processedArgs.filter((place): place is string => typeof place === 'string'),
        command.opts<ProbeOptions>(),
      );
    });
}

async function run(
  { engine, signal }: CommandContext,
  kind: ProbeRequest['kind'],
  checkpoints: readonly string[],
  options: ProbeOptions,
): Promise<void> {
  const labels = options.labels?.split(',');
  if (labels && labels.length !== checkpoints.length)
    throw new InvalidArgumentError(`--labels names ${labels.length} checkpoints, but ${checkpoints.length} are given.`);
  const request: ProbeRequest = {
    kind,
    checkpoints: checkpoints.map((place, index) => ({ path: path.resolve(place), label: labels?.[index] })),
    data: path.resolve(options.data),
    depths: options.depths,
    mode: options.mode,
    part: options.part,
    tasks: options.tasks?.split(',').map((task) => task.trim()),
    samples: options.samples,
    seed: options.seed,
    maxNewTokens: options.maxNewTokens,
    cuts: options.cuts,
    badLines: options.badLines,
    memory: options.memory,
    threads: options.threads,
    runsFolder: options.runs === false ? undefined : path.resolve(options.runs),
  };
  if (options.plan) {
    const plan = await engine.planProbe(request, { signal });
    return print(options.json === '-' ? `${JSON.stringify(plan)}\n` : `${planSentence(plan)}\n`);
  }
  // Who watches is told before; measuring takes a few seconds, which a script need not wait for.
  if (process.stderr.isTTY) note(planSentence(await engine.planProbe(request, { signal })));
  const line = createProbeLine();
  let result: ProbeResult;
  try {
    result = await engine.probe(request, { signal, progress: (progress) => line.show(progress) });
  } finally {
    line.clear();
  }
  if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
  if (options.json !== '-') await print(probeReport(result));
}

/** More depths than any model has layers. */
const MOST_DEPTHS = 10_000;

/** `0-11`, `0,4,8-11`. */
export function parseDepths(text: string): number[] {
  const depths = text.split(',').flatMap((part) => {
    const [, first, last = first] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw new InvalidArgumentError('Give layer numbers such as 0-11 or 0,4,8-11.');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
  if (depths.length > MOST_DEPTHS) throw new InvalidArgumentError('These are more depths than any model has.');
  return depths;
}
