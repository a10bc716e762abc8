/** `frankenstein merge`: writes a recipe as an ordinary checkpoint, or says what it would be. */
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readText } from '../engine/checkpoint/text.js';
import { FrankensteinError } from '../engine/errors.js';
import { type CommandContext, parseCount, parseSize } from './options.js';
import { writeOutput } from './output.js';
import { formatBytes, formatCount } from '../engine/report/text.js';
import { withProgress, note, print } from './terminal.js';

/** Bytes; real ones have a few kilobytes. */
const RECIPE_LIMIT = 16 * 1024 * 1024;

interface MergeOptions {
  out?: string;
  shardSize?: number;
  memory?: number;
  threads?: number;
  check?: boolean;
  mergekit?: string;
  json?: string;
}

export function mergeCommand(context: CommandContext): Command {
  return new Command('merge')
    .description('Write the checkpoint that a recipe describes; mergekit configs are read as they are')
    .argument('<recipe>', 'a .frank.yaml recipe, a mergekit config, or an adapter folder')
    .option('--out <folder>', 'where it is written; must not exist yet')
    .option('--shard-size <size>', 'largest shard (default: 5GB)', parseSize)
    .option('--memory <size>', 'memory budget for computing weights, such as 2GB', parseSize)
    .option('--threads <n>', 'threads (default: all cores)', parseCount)
    .option('--check', 'say what is wrong with the recipe and what it would make; write nothing')
    .option('--mergekit <file>', 'write the recipe as a mergekit config instead; - for stdout')
    .option('--json <file>', 'write what was done as JSON; - for stdout')
    .action(async (recipe: string, options: MergeOptions) => {
      if (options.check) return check(context, recipe);
      if (options.mergekit !== undefined) return mergekit(context, recipe, options.mergekit);
      if (options.out === undefined)
        throw new InvalidArgumentError('--out names the folder to write; --check writes nothing.');
      await write(context, recipe, options.out, options);
    });
}

async function check({ engine, signal }: CommandContext, recipe: string): Promise<void> {
  const file = path.resolve(recipe);
  const text = await textOf(file);
  const { problems, made } = await engine.checkRecipe({ file, text }, { signal });
  for (const { severity, offset, message, fix } of problems) {
    const before = text.slice(0, offset).split('\n');
    await print(
      `${recipe}:${before.length}:${before.at(-1)!.length + 1}: ${severity}: ` +
        `${message}${fix ? ` (${fix.title})` : ''}\n`,
    );
  }
  if (made === null) throw new FrankensteinError('malformed', `${recipe} makes no checkpoint.`);
  const runs: { label: string; from: number; to: number }[] = [];
  made.layers.forEach(({ from }, layer) => {
    const label = from.map((source) => made.labels[source]!).join(' + ');
    const last = runs.at(-1);
    if (last?.label === label) last.to = layer;
    else runs.push({ label, from: layer, to: layer });
  });
  await print(
    `${runs.map(({ label, from, to }) => `layers ${from}–${to}: ${label}`).join(', ')}; everything else: ` +
      `${made.labels[made.owner]!}\n`,
  );
  await print(
    `${formatCount(made.tensors)} tensors, ${formatCount(made.computed)} computed, ${formatBytes(made.bytes)}\n`,
  );
}

async function mergekit({ engine, signal }: CommandContext, recipe: string, target: string): Promise<void> {
  const file = path.resolve(recipe);
  const config = await engine.mergekitFormat({ file, text: await textOf(file) }, { signal });
  if (config.text === undefined)
    throw new FrankensteinError('unsupported', `mergekit cannot make this: ${config.refusals.join(' ')}`);
  for (const text of config.notes) note(text);
  await writeOutput(target, config.text);
}

async function write(
  { engine, signal }: CommandContext,
  recipe: string,
  out: string,
  options: MergeOptions,
): Promise<void> {
  const request = {
    checkpoint: { path: path.resolve(recipe) },
    out: path.resolve(out),
    shardBytes: options.shardSize,
    memory: options.memory,
    threads: options.threads,
  };
  const result = await withProgress((progress) => engine.exportMerged(request, { signal, progress }));
  if (options.json !== undefined) await writeOutput(options.json, `${JSON.stringify(result)}\n`);
  if (options.json === '-') return;
  await print(
    `${result.out}: ${formatCount(result.tensors)} tensors, ${formatCount(result.computed)} computed, ` +
      `${formatBytes(result.bytes)}, ${formatCount(result.files.length)} files\n`,
  );
  for (const warning of result.warnings) await print(`  ${warning}\n`);
}

async function textOf(file: string): Promise<string> {
  return readText(file, RECIPE_LIMIT);
}
