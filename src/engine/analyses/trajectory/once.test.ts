/** How often the bytes of twenty checkpoints are read for the sizes of the updates: once. */
import { afterAll, beforeAll, beforeEach, describe, it, vi } from 'vitest';
import assert from 'node:assert/strict';
import path from 'node:path';
import { comparePiece } from '../compare/sums.js';
import { bytesOfTasks, planSizes, sizeKey, type StepSums } from './sizes.js';
import { openSteps } from './steps.js';
import type * as reading from '../../checkpoint/read.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { alignTensors, type Alignment } from '../../lineage/align.js';
import {
  inFile,
  temporaryFolder,
  writeSafetensors,
  normal,
  type TemporaryFolder,
} from '../../../../test/fixtures/checkpoints.js';

const read = vi.hoisted(() => [] as { file: string; begin: number; end: number }[]);

vi.mock('../../checkpoint/read.js', async (original) => {
  const actual = await original<typeof reading>();
  return {
    ...actual,
    readNow: (...[descriptor, file, begin, target]: Parameters<typeof actual.readNow>) => {
      read.push({ file, begin, end: begin + target.length });
      actual.readNow(descriptor, file, begin, target);
    },
  };
});

const STEPS = 20;
/** The first has many blocks, and what is left of them; the others less than one. */
const SHAPES: Record<string, number[]> = {
  'layers.0.mlp.up_proj.weight': [200, 1030],
  'layers.0.mlp.down_proj.weight': [24, 40],
  'layers.0.norm.weight': [40],
};

describe('the bytes of a trajectory', () => {
  let temporary: TemporaryFolder;
  let checkpoints: Checkpoint[];
  let alignment: Alignment;
  const keys = Array.from({ length: STEPS }, (_, index) => `k${index}`);

  beforeAll(async () => {
    temporary = await temporaryFolder();
    const values = new Map(
      Object.entries(SHAPES).map(([name, shape]) => {
        const next = normal(name.length);
        return [name, Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.02 * next())];
      }),
    );
    const { mkdir } = await import('node:fs/promises');
    for (let step = 0; step < STEPS; step++) {
      const folder = path.join(temporary.path, `checkpoint-${10 * (step + 1)}`);
      await mkdir(folder);
      await writeSafetensors(
        path.join(folder, 'model.safetensors'),
        Object.entries(SHAPES).map(([name, shape]) => ({
          name,
          shape,
          dtype: 'BF16' as const,
          data: values.get(name)!,
        })),
      );
      for (const own of values.values())
        own.forEach((value, index) => (own[index] = value * (1 + 0.02 * Math.sin(index + step))));
    }
    checkpoints = (await openSteps({ stages: [{ path: temporary.path }] })).steps.map(({ checkpoint }) => checkpoint);
    alignment = alignTensors(checkpoints);
  });
  afterAll(() => temporary.remove());
  beforeEach(() => void read.splice(0));

  const stored = () => checkpoints.flatMap(({ tensors }) => [...tensors.values()].map(inFile));

  it('are each read once', async () => {
    const tasks = planSizes(alignment.tensors, keys, new Map());
    assert.equal(
      bytesOfTasks(tasks),
      stored().reduce((sum, { begin, end }) => sum + end - begin, 0),
    );
    for (const piece of tasks.flatMap(({ pieces }) => pieces)) await comparePiece(piece);
    for (const { shard, begin, end, name } of stored()) {
      const own = read
        .filter(({ file, begin: from }) => file === shard.realPath && from >= begin && from < end)
        .sort((a, b) => a.begin - b.begin);
      let at = begin;
      for (const part of own) {
        assert.equal(part.begin, at, `${name} of ${shard.realPath}: a gap, or a second reading`);
        at = part.end;
      }
      assert.equal(at, end, name);
    }
  });

  it('give both updates, as a comparison of two checkpoints does', async () => {
    const tasks = planSizes(alignment.tensors, keys, new Map());
    const task = tasks.find(({ tensor }) => tensor.endsWith('up_proj.weight'))!;
    assert.equal(task.pieces.length, 1);
    const [piece] = task.pieces;
    const sums = await comparePiece(piece!);
    for (const { of, first, previous } of task.steps) {
      const index = keys.indexOf(of);
      for (const [pair, earlier] of [
        [first!, 0],
        [previous, index - 1],
      ] as const) {
        const sources = [piece!.sources[earlier]!, piece!.sources[index]!];
        const { pairs } = await comparePiece({ sources, elements: piece!.elements });
        const [expected, actual] = [pairs[0]!, sums.pairs[pair]!];
        assert.equal(actual.changed, expected.changed);
        for (const figure of ['deltaSquares', 'ulpSquares', 'aSquares', 'bSquares'] as const)
          assert.ok(Math.abs(actual[figure] / expected[figure] - 1) < 1e-6, `${of} ${figure}`);
      }
    }
  });

  it('of a new checkpoint are read with those of the first and of the one before it alone', () => {
    const known = new Map(
      alignment.tensors.flatMap(({ name }) =>
        keys.slice(1, -1).map((key, index) => {
          const sums = { squares: 1, squaresBefore: 1, first: {}, previous: {} } as StepSums;
          return [sizeKey(name, key, keys[index]!), sums] as const;
        }),
      ),
    );
    const tasks = planSizes(alignment.tensors, keys, known);
    const wanted = [0, STEPS - 2, STEPS - 1].map((index) => checkpoints[index]!.shards[0]!.realPath);
    for (const { pieces, steps } of tasks) {
      assert.equal(steps.length, 1);
      assert.deepEqual(
        pieces[0]!.sources.map((source) => (source.tensor === undefined ? source.realPath : '')),
        wanted,
      );
    }
  });

  it('that several steps share are read once', () => {
    const [first] = checkpoints as [Checkpoint];
    const shared = alignTensors([first, first, first]);
    const tasks = planSizes(shared.tensors, keys.slice(0, 3), new Map());
    for (const { pieces, pairs } of tasks) assert.deepEqual([pieces[0]!.sources.length, pairs], [1, [[0, 0]]]);
  });
});
