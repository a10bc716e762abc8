/** `frankenstein trajectory` as scripts see it, and as one who watches a training. */
import { afterEach, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { TrajectoryPlan } from '../../../src/engine/analyses/trajectory/request.js';
import type { TrajectoryResult } from '../../../src/engine/analyses/trajectory/result.js';
import { temporaryFolder, writeCheckpoint, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { readJournal, run, sentenceOf, start, type Started } from './cli.js';

const SAMPLE = path.resolve('test/parity/trajectory/bf16');

describe('frankenstein trajectory', () => {
  let temporary: TemporaryFolder;
  beforeEach(async () => (temporary = await temporaryFolder()));
  afterEach(() => temporary.remove());
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);

  it('is sentences and tables for people, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await run(['trajectory', SAMPLE, '--no-runs']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /^The largest share of the movement from checkpoint-2 to checkpoint-100 is in the mid region \(language layer 0\)/,
    );
    assert.match(
      stdout,
      /^Half of the distance from checkpoint-2 to checkpoint-100 .* was reached by step 30 of 100\.$/m,
    );
    assert.match(
      stdout,
      /^The leading 16 input directions had settled by step 30: .* directions at random would have 0\.\d+\.$/m,
    );
    assert.match(stdout, /^checkpoint-30 +0\.278 +█+\S* +0\.620 +\d+\.\d+ +\d+\.\d% +4\.14 +0\.926$/m);
    assert.match(stdout, /^layer 1 +late +0\.388 /m);
  });

  it('has a plan, JSON and a row of CSV per tensor and step', async () => {
    const plan = await run(['trajectory', SAMPLE, '--plan']);
    assert.match(
      plan.stdout,
      /^4 checkpoints: 101 kB to read, each byte once, then \d+ kB again for the directions of 9 matrices, /,
    );
    const facts = JSON.parse((await run(['trajectory', SAMPLE, '--plan', '--json', '-'])).stdout) as TrajectoryPlan;
    assert.deepEqual([facts.checkpoints, facts.matrices, facts.leftOut], [4, 9, 0]);
    const json = await run(['trajectory', SAMPLE, '--no-runs', '--no-directions', '--json', '-']);
    const result = JSON.parse(json.stdout) as TrajectoryResult;
    assert.deepEqual(
      [result.schema, result.kind, result.steps, result.directions],
      [1, 'trajectory', [2, 10, 30, 100], false],
    );
    const csv = await run(['trajectory', SAMPLE, '--no-runs', '--csv', '-']);
    assert.equal(csv.stdout.trim().split(/\r?\n/).length, 1 + 3 * result.tensors.length);
  });

  it('says in a sentence what is wrong', async () => {
    const none = await run(['trajectory', temporary.path, '--no-runs']);
    assert.equal(none.code, 3);
    assert.match(sentenceOf(none), /holds no steps of a training/);
    const watched = await run(['trajectory', SAMPLE, '--no-runs', '--watch']);
    assert.match(sentenceOf(watched), /leave out --no-runs/);
    const until = await run(['trajectory', SAMPLE, '--until', '3']);
    assert.match(sentenceOf(until), /--until goes with --watch/);
  });

  describe('that is watched', () => {
    const json = () => inside('result.json');
    const args = (...more: string[]) => [
      ...['trajectory', inside('run'), '--watch', '--runs', inside('kept'), '--json', json()],
      ...more,
    ];
    /** As a trainer that renames does: the step is whole when it is there. */
    const write = async (count: number) => {
      const options = { hidden: 16, layers: 1, visionLayers: 1 };
      const updates = Array.from({ length: count }, (_, seed) => ({ seed, relative: 0.02 }));
      await writeCheckpoint(inside('made'), { ...options, updates });
      await rename(inside('made'), inside('run', `checkpoint-${count}`));
    };
    const steps = async () => {
      const text = await readFile(json(), 'utf8').catch(() => '');
      try {
        return (JSON.parse(text) as TrajectoryResult).steps.join();
      } catch {
        return ''; // it is being written
      }
    };
    const untilSteps = async (wanted: string, { child }: Started) => {
      while (child.exitCode === null && child.signalCode === null && (await steps()) !== wanted)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await steps(), wanted);
    };
    beforeEach(async () => {
      const { mkdir } = await import('node:fs/promises');
      await mkdir(inside('run'));
      for (const count of [1, 2]) await write(count);
    });

    it('takes up new checkpoints until Ctrl-C', async () => {
      const command = start(args());
      await untilSteps('1,2', command);
      await write(3);
      await untilSteps('1,2,3', command);
      command.child.kill('SIGINT');
      const { code, stderr, stdout } = await command.finished;
      assert.ok(code === 0 || code === 130, `${code}: ${stderr}`);
      assert.match(stderr, /^Waiting for a whole checkpoint after step 2; Ctrl-C ends\.$/m);
      assert.equal(stdout.match(/^(?:Most|The largest share) of the movement/gm)?.length, 2);
    });

    it('ends at the step that was named, and goes on after kill -9', async () => {
      const killed = start(args());
      await untilSteps('1,2', killed);
      killed.child.kill('SIGKILL');
      await killed.finished;
      const before = await readJournal(inside('kept'));
      await write(3);
      const { code, stdout } = await run(args('--until', '3'));
      assert.equal(code, 0);
      assert.equal(stdout.match(/^(?:Most|The largest share) of the movement/gm)?.length, 1);
      assert.equal(await steps(), '1,2,3');
      assert.ok((await readJournal(inside('kept'))).startsWith(before), 'what is journalled stays');
    });
  });
});
