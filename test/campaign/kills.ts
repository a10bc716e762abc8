/** Commands that are killed at some moment and started again: the same numbers, and nothing that is half written. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { start } from '../unit/cli/cli.js';
import { dice } from './damage.js';
import { familyOf } from './watched.js';

const [IN, RL] = ['in', 'rl'].map((stage) => path.resolve('samples/lineage', stage)) as [string, string];

interface Victim {
  name: string;
  /** @param folder of its own; the result goes to `result.json` in it, or to `out` */
  args(folder: string): string[];
}

const kept = (folder: string) => ['--runs', path.join(folder, 'kept'), '--json', path.join(folder, 'result.json')];
const DATA = ['--data', path.resolve('samples/eval'), '--samples', '8', '--max-new-tokens', '16'];

const VICTIMS: readonly Victim[] = [
  { name: 'compare', args: (folder) => ['compare', IN, RL, ...kept(folder)] },
  { name: 'spectrum', args: (folder) => ['spectrum', IN, RL, ...kept(folder)] },
  { name: 'merge', args: (folder) => ['merge', path.join(folder, 'a.frank.yaml'), '--out', path.join(folder, 'out')] },
  { name: 'evaluate', args: (folder) => ['evaluate', IN, RL, ...DATA, ...kept(folder)] },
  {
    name: 'probe',
    args: (folder) => [
      ...['probe', 'swap', IN, '--data', path.resolve('samples/probes/counting.jsonl'), '--samples', '4'],
      ...['--max-new-tokens', '8', ...kept(folder)],
    ],
  },
];

interface Whole {
  milliseconds: number;
  numbers: string;
}

const whole = new Map<string, Whole>();

/** @param folder for the run; removed. @returns what was killed and when, or what is wrong afterwards */
export async function kill(folder: string, seed: number): Promise<{ outcome?: string; failure?: string }> {
  const random = dice(seed);
  const victim = random.pick(VICTIMS);
  try {
    const reference = whole.get(victim.name) ?? (await undisturbed(victim, folder));
    whole.set(victim.name, reference);
    await prepare(folder);
    const fraction = random.below(1000) / 1000;
    const engineAlone = random.below(3) === 0;
    const command = start(victim.args(folder));
    const timer = setTimeout(() => end(command.child.pid!, engineAlone), fraction * reference.milliseconds);
    const { code } = await command.finished;
    clearTimeout(timer);
    const what = `${victim.name}, ${engineAlone ? 'its engine' : 'all of it'} killed at ${fraction}`;
    if (code !== null && code !== 0 && code !== 7) return { failure: `${what}: exit code ${code}` };
    if (code !== 0 && existsSync(path.join(folder, 'result.json')))
      JSON.parse(await readFile(path.join(folder, 'result.json'), 'utf8'));
    const made = code === 0 || existsSync(path.join(folder, 'out')) ? path.join(folder, 'out') : undefined;
    if (victim.name === 'merge' && made !== undefined) {
      if ((await numbersOf(folder)) !== reference.numbers) return { failure: `${what}: half a checkpoint stays` };
    } else {
      const again = await start(victim.args(folder)).finished;
      if (again.code !== 0) return { failure: `${what}; again: exit code ${again.code}: ${again.stderr.slice(-600)}` };
      if ((await numbersOf(folder)) !== reference.numbers) return { failure: `${what}; again: other numbers` };
    }
    const partial = (await readdir(folder, { recursive: true })).filter((name) => /\.(partial|tmp)$/.test(name));
    if (partial.length > 0) return { failure: `${what}; again: ${partial.join(', ')} stays` };
    return { outcome: what };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'a.frank.yaml'),
    'merge_method: ' +
      `linear\nmodels:\n${[IN, RL].map((model) => `  - {model: ${model}, parameters: {weight: 0.5}}\n`).join('')}`,
  );
}

async function undisturbed(victim: Victim, folder: string): Promise<Whole> {
  await prepare(folder);
  const from = Date.now();
  const { code, stderr } = await start(victim.args(folder)).finished;
  if (code !== 0) throw new Error(`${victim.name} does not run: ${stderr}`);
  return { milliseconds: Date.now() - from, numbers: await numbersOf(folder) };
}

/** The command or its engine, or both, at once and without a chance to tidy up. */
function end(pid: number, engineAlone: boolean): void {
  const [command, ...engines] = familyOf(pid);
  for (const one of engineAlone && engines.length > 0 ? engines : [command!, ...engines]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/** Facts of a run that differ between two runs that found the same. */
const ABOUT_THE_RUN = new Set(['provenance', 'seconds', 'startedAt', 'finishedAt', 'runId']);

/** Of a result, or of every file of a checkpoint that was written, a hash. */
async function numbersOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const out = path.join(folder, 'out');
  if (existsSync(out)) {
    for (const name of (await readdir(out)).sort())
      if (!/\.md$|recipe/.test(name)) hash.update(name).update(await readFile(path.join(out, name)));
  } else {
    const result = JSON.parse(await readFile(path.join(folder, 'result.json'), 'utf8')) as unknown;
    hash.update(JSON.stringify(result, (key, value: unknown) => (ABOUT_THE_RUN.has(key) ? undefined : value)));
  }
  return hash.digest('hex');
}
