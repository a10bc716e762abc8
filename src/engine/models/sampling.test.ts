import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { penalise } from './generation/logits.js';
import { greedy, randomNumbers, sample, topLogits } from './sampling.js';

const LOGITS = Float32Array.of(1, 3, 2, 3, -1);

describe('choosing the next token', () => {
  it('takes the first of the largest', () => assert.equal(greedy(LOGITS), 1));

  it('lists the largest, equals by id', () => {
    assert.deepEqual(topLogits(LOGITS, 3), [
      [1, 3],
      [3, 3],
      [2, 2],
    ]);
    assert.deepEqual(topLogits(LOGITS, 0), []);
    assert.deepEqual(
      topLogits(LOGITS, 9).map(([id]) => id),
      [1, 3, 2, 0, 4],
    );
    const many = Float32Array.from({ length: 1000 }, (_, id) => Math.sin(id * 12.9898) * 43.7);
    assert.deepEqual(topLogits(many, 20), topLogits(many, 400).slice(0, 20));
  });

  it('samples by the softmax of what top-k and top-p leave', () => {
    const fraction = (settings: Parameters<typeof sample>[1]) => {
      const random = randomNumbers(5);
      const counts = [0, 0, 0, 0, 0];
      for (let draw = 0; draw < 20_000; draw++) counts[sample(LOGITS, settings, random)]!++;
      return counts.map((count) => count / 20_000);
    };
    const close = (actual: number[], expected: number[]) =>
      actual.forEach((value, id) => assert.ok(Math.abs(value - expected[id]!) < 0.015, `${id}: ${value}`));
    const softmax = (values: number[]) =>
      values.map((value) => Math.exp(value) / values.reduce((sum, other) => sum + Math.exp(other), 0));
    close(fraction({ temperature: 1 }), softmax([1, 3, 2, 3, -1]));
    close(fraction({ temperature: 2 }), softmax([0.5, 1.5, 1, 1.5, -0.5]));
    close(fraction({ temperature: 1, topK: 2 }), [0, 0.5, 0, 0.5, 0]);
    // 0.40 and 0.40 do not reach 0.85; with 0.15 they do.
    close(fraction({ temperature: 1, topP: 0.85 }), [0, ...softmax([3, 2, 3]), 0]);
    assert.equal(
      sample(LOGITS, { temperature: 0 }, () => 0.99),
      1,
    );
  });

  it('gives the same numbers for the same seed', () => {
    const [a, b] = [randomNumbers(9), randomNumbers(9)];
    for (let draw = 0; draw < 10; draw++) assert.equal(a(), b());
  });

  it('penalises repetition away from zero on both sides', () => {
    const logits = LOGITS.slice();
    penalise(logits, new Set([1, 4]), 2);
    assert.deepEqual([...logits], [1, 1.5, 2, 3, -2]);
  });
});
