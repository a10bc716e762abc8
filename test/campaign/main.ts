/**
 * `npm run campaign`: 10,000 damaged inputs read in process, 300 given to the command, 150 kills. What was done is kept
 * in `.cache/campaign`, so that a campaign that was interrupted goes on; every finding names its kind and seed.
 *   npm run campaign                           the whole of it, or what is left of it
 *   npm run campaign -- --first 100000         another one: seeds from there on
 *   npm run campaign -- --only KIND            one kind, or several: KIND,KIND
 *   npm run campaign -- --count N              so many of each kind
 *   npm run campaign -- --only KIND --seed N   one input, again
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from './command.js';
import { InProcess } from './inProcess.js';
import { kill } from './kills.js';
import { SUBJECTS } from './subjects.js';

interface Result {
  outcome?: string;
  failure?: string;
}

const root = mkdtempSync(path.join(os.tmpdir(), 'frankenstein-campaign-'));
const inProcess = new InProcess(path.join(root, 'inputs'));
const each = Math.ceil(10_000 / SUBJECTS.length);

const KINDS: { kind: string; count: number; run: (seed: number) => Promise<Result> }[] = [
  ...SUBJECTS.map(({ kind }) => ({ kind, count: each, run: (seed: number) => inProcess.read(kind, seed) })),
  { kind: 'command', count: 300, run: (seed) => runCommand(path.join(root, 'command'), seed) },
  { kind: 'kill', count: 150, run: (seed) => kill(path.join(root, 'kill'), seed) },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
    count: { type: 'string' },
  },
});
const chosen = KINDS.filter(({ kind }) => values.only === undefined || values.only.split(',').includes(kind));

const first = Number(values.first);
const journal = path.resolve('.cache', 'campaign', `${first}.jsonl`);

function doneBefore(): Map<string, Result> {
  const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n') : [];
  return new Map(
    lines.flatMap((line) => {
      try {
        const { kind, seed, ...result } = JSON.parse(line) as Result & { kind: string; seed: number };
        return [[`${kind} ${seed}`, result] as const];
      } catch {
        return []; // cut off by a kill
      }
    }),
  );
}

function tell(kind: string, seed: number, { failure }: Result): void {
  if (failure !== undefined) console.log(`✘ ${failure}\n  again: npm run campaign -- --only ${kind} --seed ${seed}`);
}

async function again(seed: number): Promise<number> {
  let failures = 0;
  for (const { kind, run } of chosen) {
    const result = await run(seed);
    tell(kind, seed, result);
    if (result.failure === undefined) console.log(`${kind} ${seed}: ${result.outcome}`);
    else failures++;
  }
  return failures;
}

async function campaign(): Promise<number> {
  mkdirSync(path.dirname(journal), { recursive: true });
  const known = doneBefore();
  let failures = 0;
  for (const { kind, count: usual, run } of chosen) {
    const count = Number(values.count ?? usual);
    const outcomes = new Map<string, number>();
    let failed = 0;
    for (let seed = first; seed < first + count; seed++) {
      const before = known.get(`${kind} ${seed}`);
      const result = before ?? (await run(seed));
      if (before === undefined) appendFileSync(journal, `${JSON.stringify({ kind, seed, ...result })}\n`);
      tell(kind, seed, result);
      if (result.failure === undefined)
        outcomes.set(outcome(kind, result), (outcomes.get(outcome(kind, result)) ?? 0) + 1);
      else failed++;
    }
    failures += failed;
    console.log(
      `${kind}: ${count} inputs, ${failed} findings; ${[...outcomes].map((one) => one.join(' ')).join(', ')}`,
    );
  }
  return failures;
}

const outcome = (kind: string, { outcome: found = '' }: Result) => (kind === 'kill' ? found.split(',')[0]! : found);

async function main(): Promise<void> {
  if (chosen.length === 0) {
    console.error(`There is no kind "${values.only}"; there are ${KINDS.map(({ kind }) => kind).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  try {
    const failures = await (values.seed === undefined ? campaign() : again(Number(values.seed)));
    process.exitCode = failures === 0 ? 0 : 1;
  } finally {
    await inProcess.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

void main();
