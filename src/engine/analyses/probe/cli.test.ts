/** `frankenstein probe` as scripts see it: output, exit codes, and what a kill leaves. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { typedDepths as parseDepths } from '../declare/typed.js';
import type { ProbeResult, SkipResult, SwapResult } from './result.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import {
  enginePid,
  isAlive,
  readJournal,
  run,
  sentenceOf,
  start,
  untilJournalled,
} from '../../../../test/unit/cli/cli.js';
import { copyCheckpoint, copyData } from '../../../../test/unit/probe/support.js';

describe('frankenstein probe', () => {
  let temporary: TemporaryFolder;
  let checkpoint: string;
  let pairs: string;
  let questions: string;
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  beforeAll(async () => {
    temporary = await temporaryFolder();
    checkpoint = await copyCheckpoint(inside('base'));
    pairs = await copyData(inside('pairs'), 'probes', ['counting.jsonl', 'ocr.jsonl'], 20);
    questions = await copyData(inside('questions'), 'eval', ['math.jsonl'], 2);
  });
  afterAll(() => temporary.remove());

  const swap = (...more: string[]) => [
    'probe',
    'swap',
    checkpoint,
    '--data',
    pairs,
    '--max-new-tokens',
    '8',
    '--threads',
    '1',
    ...more,
  ];
  const numbers = (json: string) => ({ ...(JSON.parse(json) as ProbeResult), provenance: null });

  it('prints a table per task over depth, with regions, bars and intervals', async () => {
    const { code, stdout, stderr } = await run(swap('--samples', '2', '--no-runs', '--depths', '0,3-5,11'));
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^counting \(n = 2\)$/m);
    assert.match(stdout, /^ocr \(n = 2\)$/m);
    assert.match(stdout, /^layer 0 +early +\d+\.\d% .*\d+\.\d … \d+\.\d$/m);
    assert.match(stdout, /^layer 11 +late /m);
    assert.match(stdout, /early 0–3, mid 4–7, late 8–11/);
    assert.doesNotMatch(stdout, /^layer 6 /m);
  });

  it('prints skip and attention, and writes JSON files beside', async () => {
    const common = ['--data', questions, '--max-new-tokens', '4', '--threads', '1', '--no-runs', '--depths', '1,2'];
    const skip = await run(['probe', 'skip', checkpoint, '--part', 'mlp', ...common, '--json', inside('skip.json')]);
    assert.equal(skip.code, 0, skip.stderr);
    assert.match(skip.stdout, /^untouched /m);
    const { kind, part, errors } = JSON.parse(await readFile(inside('skip.json'), 'utf8')) as SkipResult;
    assert.deepEqual([kind, part, errors.map(({ depth }) => depth)], ['skip', 'mlp', [1, 2]]);
    const attention = await run(['probe', 'attention', checkpoint, checkpoint, '--labels', 'IN,RL', ...common]);
    assert.equal(attention.code, 0, attention.stderr);
    assert.match(attention.stdout, /IN mean .* RL mean .* shift of the mean/);
  });

  it('says what it would cost with --plan', async () => {
    const { code, stdout } = await run(swap('--plan'));
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^40 samples × 12 layers: 520 answers, within .* of memory, (up to )?about .* on this machine( if answers reach max new tokens)?\.\n$/,
    );
  });

  it('fails with one sentence and a code that scripts can tell apart', async () => {
    const cases: [string[], number, RegExp][] = [
      [swap('--depths', '12', '--no-runs'), 2, /no depth 12/],
      [swap('--tasks', 'smell', '--no-runs'), 2, /no task "smell"/],
      [['probe', 'swap', inside('nowhere'), '--data', pairs, '--no-runs'], 3, /nowhere does not exist/],
      [['probe', 'swap', checkpoint, '--data', inside('none.jsonl'), '--no-runs'], 3, /none\.jsonl does not exist/],
      [['probe', 'swap', checkpoint, '--data', questions, '--no-runs'], 3, /line 1 /],
    ];
    for (const [args, code, sentence] of cases) {
      const finished = await run(args);
      assert.equal(finished.code, code, finished.stderr);
      assert.match(sentenceOf(finished), sentence);
    }
    assert.equal((await run(['probe', 'swap', checkpoint])).code, 2);
    assert.equal((await run(swap('--mode', 'sideways'))).code, 2);
  });

  it('reads lists of depths', () => {
    assert.deepEqual(parseDepths('0-3'), [0, 1, 2, 3]);
    assert.deepEqual(parseDepths('7, 0,4-5'), [7, 0, 4, 5]);
    for (const text of ['', '3-1', 'a', '1-', '-1', '1,,2', '1.5', '0-9999,0-9999'])
      assert.throws(() => parseDepths(text), text);
  });

  for (const victim of ['the command', 'its engine'] as const) {
    it(`continues after kill -9 of ${victim} with the same numbers`, async ({ skip }) => {
      if (process.platform !== 'linux') return skip();
      const whole = numbers((await run(swap('--no-runs', '--json', '-'))).stdout) as unknown as SwapResult;
      const runs = inside(`runs-${victim.length}`);
      await rm(runs, { recursive: true, force: true });
      let kept = 0;
      let kills = 0;
      for (;;) {
        const command = start(swap('--runs', runs, '--json', '-'));
        await untilJournalled(runs, kept + 1, command);
        const engine = kills < 2 && command.child.exitCode === null ? enginePid(command) : undefined;
        if (engine !== undefined) process.kill(victim === 'its engine' ? engine : command.child.pid!, 'SIGKILL');
        const finished = await command.finished;
        while (engine !== undefined && isAlive(engine)) await new Promise((resolve) => setTimeout(resolve, 20));
        kept = (await readJournal(runs)).split('\n').length - 1;
        if (finished.code === 0) {
          assert.deepEqual(numbers(finished.stdout), whole);
          break;
        }
        if (victim === 'its engine') assert.equal(finished.code, 7);
        kills++;
      }
      assert.ok(kills >= 1, 'it was killed');
    });
  }
});
