/** Runs of trajectories: what is kept, what goes on, what a new checkpoint costs. */
import { afterEach, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '../../calls.js';
import { createEngine } from '../../engine.js';
import { recutTrajectory } from './aggregate.js';
import type { TrajectoryResult } from './result.js';
import { awaitSteps, rounds } from './follow.js';
import { temporaryFolder, writeCheckpoint, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';

const engine = createEngine(path.resolve('dist/worker.mjs'));
/** Without a worker no weight can be read. */
const blind = createEngine(path.resolve('dist/no-such-worker.mjs'));
const SMALL = { hidden: 32, layers: 2, visionLayers: 1, vocabulary: 16 };
const plain = (result: TrajectoryResult) => ({ ...result, provenance: null });

describe('a run of a trajectory', () => {
  let temporary: TemporaryFolder;
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  const request = () => ({ stages: [{ path: inside('run') }], runsFolder: inside('.frankenstein') });
  const write = (count: number) =>
    writeCheckpoint(inside('run', `checkpoint-${10 * count}`), {
      ...SMALL,
      updates: Array.from({ length: count }, (_, seed) => ({ seed, relative: 0.02 })),
    });
  const journalOf = (result: TrajectoryResult) =>
    inside('.frankenstein', 'runs', result.provenance.runId, 'journal.jsonl');
  const linesOf = async (result: TrajectoryResult) =>
    (await readFile(journalOf(result), 'utf8')).split('\n').filter((line) => line !== '');

  beforeEach(async () => {
    temporary = await temporaryFolder();
    for (const count of [1, 2, 3]) await write(count);
  });
  afterEach(() => temporary.remove());

  it('that is finished reads no weight, and shows the other updates without reading one', async () => {
    const first = await engine.trajectory(request());
    assert.deepEqual(await blind.trajectory(request()), first);
    const other = await blind.trajectory({ ...request(), against: 'previous' });
    assert.deepEqual({ ...plain(other), against: 'first' }, plain(first));
    assert.equal(other.provenance.runId, first.provenance.runId);
  });

  it('goes on after a kill, in the middle of a line too', async () => {
    const whole = await engine.trajectory(request());
    const lines = await linesOf(whole);
    // Sizes and some of the directions.
    for (const kept of [5, lines.length - 4]) {
      const text = `${lines.slice(0, kept).join('\n')}\n${lines[kept]!.slice(0, 20)}`;
      await writeFile(journalOf(whole), text);
      await rm(path.join(path.dirname(journalOf(whole)), 'result.json'));
      const again = await engine.trajectory(request());
      assert.deepEqual(plain(again), plain(whole));
      assert.equal((await linesOf(again)).length, lines.length + 1);
    }
  });

  it('grows with a new checkpoint, and equals one that had it from the start', async () => {
    const before = await engine.trajectory(request());
    const lines = await linesOf(before);
    await write(4);
    const seen: Progress[] = [];
    const grown = await engine.trajectory(request(), { progress: (progress) => seen.push(progress) });
    assert.equal(grown.provenance.runId, before.provenance.runId);
    assert.deepEqual(grown.steps, [10, 20, 30, 40]);
    const bytes = grown.stages[0]!.bytes;
    // First, previous and new.
    assert.equal(seen.find(({ phase }) => phase === 'Reading steps')!.totalBytes, 3 * bytes);
    const matrices = grown.tensors.filter(({ stableRank }) => stableRank.some((rank) => rank !== null)).length;
    // A line per tensor; per matrix one for each step, since the last step is another one.
    assert.equal((await linesOf(grown)).length, lines.length + grown.tensors.length + 3 * matrices);
    const fresh = await engine.trajectory({ ...request(), runsFolder: inside('elsewhere') });
    assert.deepEqual(plain(grown), plain(fresh));
    const unstored = await engine.trajectory({ stages: request().stages });
    assert.deepEqual(plain(unstored), plain(fresh));
  });

  it('with other cuts is what those cuts would have given, without reading anything', async () => {
    for (const count of [1, 2])
      await writeCheckpoint(inside('four', `checkpoint-${count}`), {
        ...SMALL,
        layers: 4,
        updates: Array.from({ length: count }, (_, seed) => ({ seed, relative: 0.02 })),
      });
    const stages = [{ path: inside('four') }];
    const usual = await engine.trajectory({ stages });
    const cut = await engine.trajectory({ stages, cuts: [2, 3] });
    assert.notDeepEqual(plain(cut), plain(usual));
    assert.deepEqual(plain(recutTrajectory(usual, [2, 3])), plain(cut));
    assert.throws(() => recutTrajectory(usual, [3, 9]), { code: 'bad-request' });
  });

  it('leaves out what is being written, and takes it up when it is whole', async () => {
    const { folder } = await write(4);
    const file = path.join(folder, 'model.safetensors');
    const bytes = await readFile(file);
    await truncate(file, bytes.length - 10);
    const before = await engine.trajectory(request());
    assert.deepEqual([before.steps, before.leftOut.map(({ step }) => step)], [[10, 20, 30], [40]]);
    await writeFile(file, bytes);
    const after = await engine.trajectory(request());
    assert.deepEqual([after.steps, after.leftOut], [[10, 20, 30, 40], []]);
  });

  it('needs two whole checkpoints, and a budget that one tensor fits', async () => {
    await rm(inside('run', 'checkpoint-20'), { recursive: true });
    await rm(inside('run', 'checkpoint-30', 'model.safetensors'));
    await assert.rejects(
      engine.trajectory(request()),
      /needs two whole checkpoints or more; there is one in .*checkpoint-30/,
    );
    await write(2);
    await assert.rejects(engine.trajectory({ ...request(), memory: 2 ** 20 }), /The memory budget is too small/);
    await assert.rejects(
      engine.trajectory({ ...request(), against: 'last' as never }),
      /There is no "last" to hold a step against/,
    );
  });

  it('can be cancelled, and tells what it would cost', async () => {
    const cancelled = new AbortController();
    cancelled.abort();
    await assert.rejects(engine.trajectory(request(), { signal: cancelled.signal }), { code: 'cancelled' });
    const plan = await engine.planTrajectory(request());
    const result = await engine.trajectory(request());
    const bytes = result.stages.reduce((sum, stage) => sum + stage.bytes, 0);
    assert.deepEqual([plan.checkpoints, plan.leftOut, plan.bytes, plan.tensors], [3, 0, bytes, result.tensors.length]);
    assert.ok(plan.matrices > 0 && plan.directionBytes > 0 && plan.seconds > 0);
    const sizes = await engine.planTrajectory({ ...request(), directions: false });
    assert.deepEqual([sizes.bytes, sizes.matrices, sizes.directionBytes], [bytes, 0, 0]);
    const alone = await engine.trajectory({ ...request(), directions: false });
    assert.deepEqual(
      alone.tensors.map(({ sinceFirst }) => sinceFirst),
      result.tensors.map(({ sinceFirst }) => sinceFirst),
    );
    assert.ok(alone.tensors.every(({ stableRank }) => stableRank.every((rank) => rank === null)));
  });
});

describe('following a training', () => {
  const found = (...steps: number[]) => ({
    whole: steps.map((step) => ({ path: `checkpoint-${step}`, step })),
    leftOut: [],
    looks: String(steps),
  });
  const request = { stages: [{ path: 'run' }], runsFolder: 'runs' };
  /** One answer per look; null: nothing new. */
  const looking = (...answers: (ReturnType<typeof found> | null | Error)[]) => {
    const asked: (string | null | undefined)[] = [];
    return {
      asked,
      findSteps: ({ unless }: { unless?: string | null | undefined }) => {
        asked.push(unless);
        const next = answers.shift();
        if (next === undefined) throw new Error('looked too often');
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
    };
  };

  it('waits for two checkpoints, then for others than those it knows', async () => {
    const missing = Object.assign(new Error('no folder yet'), { code: 'not-found' });
    const look = looking(missing, found(), found(10), null, found(10, 20));
    assert.deepEqual(await awaitSteps(look, request, undefined, undefined, 0), found(10, 20));
    assert.deepEqual(look.asked, [undefined, undefined, '', '10', '10']);
    const next = looking(found(10, 20), found(10, 20, 30));
    assert.deepEqual(await awaitSteps(next, request, found(10, 20), undefined, 0), found(10, 20, 30));
    await assert.rejects(awaitSteps(looking(new Error('broken')), request, undefined, undefined, 0), /broken/);
  });

  it('ends at the step that was named, or when it is cancelled', async () => {
    const said: string[] = [];
    const run = async (
      look: ReturnType<typeof looking>,
      options: Readonly<Record<string, unknown>>,
      signal?: AbortSignal,
    ) => {
      let count = 0;
      for await (const round of rounds(look, request, options, signal, (text) => said.push(text))) count = round;
      return count;
    };
    assert.equal(await run(looking(), {}), 1);
    assert.equal(await run(looking(found(10, 20)), { watch: true, until: 20 }), 1);
    assert.deepEqual(said, []);
    const ended = new AbortController();
    ended.abort();
    assert.equal(await run(looking(), { watch: true }, ended.signal), 0);
    await assert.rejects(run(looking(), { until: 5 }), /--until goes with --watch/);
    const unkept = rounds(looking(), { stages: [] }, { watch: true }, undefined, () => undefined);
    await assert.rejects(unkept.next(), /leave out --no-runs/);
  });
});
