/** Trajectories against NumPy float64: `make_expectations.py` wrote checkpoints and numbers. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createEngine } from '../../../src/engine/engine.js';
import { canonicalName } from '../../../src/engine/topology/names.js';
import { layoutById } from '../../../src/engine/families/list.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';

type Size = Record<'fro' | 'relative' | 'changed' | 'maxAbs' | 'floor', number>;
interface Expected {
  steps: number[];
  tensors: Record<
    string,
    {
      shape: number[];
      sinceFirst: Size[];
      sincePrevious: Size[];
      stableRank?: (number | null)[];
      similarity?: (number | null)[];
    }
  >;
  whole: Record<'sinceFirst' | 'sincePrevious' | 'floor' | 'stableRank' | 'similarity', number[]>;
}

const HERE = path.resolve('test/parity/trajectory');
const EXPECTED = JSON.parse(readFileSync(path.join(HERE, 'expectations.json'), 'utf8')) as Record<string, Expected>;
const engine = createEngine(path.resolve('dist/worker.mjs'));

/** Of sums in float64 over values that are the same bits. */
const SIZE = 1e-9;
/** Of singular vectors from products in float32. */
const DIRECTION = 1e-4;

function near(actual: number | null | undefined, expected: number | null | undefined, tolerance: number, what: string) {
  if (expected === null || expected === undefined)
    return assert.ok(actual === null || actual === undefined, `${what}: ${String(actual)} instead of none`);
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - expected) <= tolerance * Math.max(Math.abs(expected), 1e-30),
    `${what}: ${String(actual)} instead of ${expected}`,
  );
}

for (const [name, expected] of Object.entries(EXPECTED)) {
  describe(`the ${name} trajectory`, () => {
    it('is the one that NumPy measures', async () => {
      const folder = path.join(HERE, name);
      const result = await engine.trajectory({ stages: [{ path: folder }] });
      assert.deepEqual(result.steps, expected.steps);
      assert.deepEqual(
        result.stages.map(({ label }) => label),
        expected.steps.map((step) => `checkpoint-${step}`),
      );
      const { layout } = await openCheckpoint(path.join(folder, `checkpoint-${expected.steps[0]!}`));
      const wanted = new Map(
        Object.entries(expected.tensors).map(([key, value]) => [canonicalName(key, layoutById(layout)), value]),
      );
      assert.deepEqual(result.tensors.map((tensor) => tensor.name).sort(), [...wanted.keys()].sort());
      for (const tensor of result.tensors) {
        const own = wanted.get(tensor.name)!;
        assert.deepEqual(tensor.shape, own.shape);
        for (const against of ['sinceFirst', 'sincePrevious'] as const)
          own[against].forEach((size, index) => {
            for (const figure of ['fro', 'relative', 'changed', 'maxAbs', 'floor'] as const)
              near(tensor[against][index]![figure], size[figure], SIZE, `${tensor.name} ${against} ${index} ${figure}`);
          });
        for (const figure of ['stableRank', 'similarity'] as const)
          expected.steps
            .slice(1)
            .forEach((step, index) =>
              near(tensor[figure][index], own[figure]?.[index], DIRECTION, `${tensor.name} ${figure} at ${step}`),
            );
      }
      expected.steps.slice(1).forEach((step, index) => {
        for (const against of ['sinceFirst', 'sincePrevious'] as const)
          near(result.whole[against][index]!.fro, expected.whole[against][index], SIZE, `${against} at ${step}`);
        near(result.whole.sinceFirst[index]!.floor, expected.whole.floor[index], SIZE, `floor at ${step}`);
        for (const figure of ['stableRank', 'similarity'] as const)
          near(result.whole[figure][index], expected.whole[figure][index], DIRECTION, `${figure} at ${step}`);
      });
    });
  });
}

describe('what the trajectories are made of', () => {
  it('has a matrix that is wider than tall, one that never changes, and directions that differ', () => {
    const bf16 = EXPECTED['bf16']!;
    assert.ok(
      Object.values(bf16.tensors).some(({ shape: [rows, columns] }) => columns !== undefined && columns > rows!),
    );
    assert.ok(Object.values(bf16.tensors).some(({ sinceFirst }) => sinceFirst.every(({ changed }) => changed === 0)));
    assert.ok(bf16.whole.similarity[0]! < 0.9 && bf16.whole.similarity.at(-1)! > 0.999);
  });
});
