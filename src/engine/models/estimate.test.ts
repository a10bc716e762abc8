import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { fromTrial, type Prediction, unitsToTry } from './estimate.js';

/** Batches of at most 10: 0.1 s for each, 1 ms per unit, and 10 ms per token of a batch. */
const predict: Prediction = (units, tokens) => Math.ceil(units / 10) * (0.1 + 0.01 * tokens) + 0.001 * units;

describe('an estimate from a trial', () => {
  it('takes answers to be as long as those of the trial, not as long as they may be', () => {
    const trial = { opening: 2, groups: [{ units: 4, seconds: predict(4, 20) }] };
    const seconds = fromTrial(trial, predict, 204, 512);
    assert.ok(Math.abs(seconds - (2 + predict(4, 20) + predict(200, 20))) < 1e-9, `${seconds} s`);
    assert.ok(seconds < 0.1 * predict(204, 512));
  });

  it('goes by the batches after the first, which reads weights', () => {
    const groups = [
      { units: 10, seconds: 5 },
      { units: 10, seconds: predict(10, 8) },
    ];
    assert.ok(Math.abs(fromTrial({ opening: 0, groups }, predict, 110, 128) - (5 + predict(100, 8))) < 1e-9);
  });

  it('follows a machine that is slower or faster than lengths can explain', () => {
    const slow = fromTrial({ opening: 0, groups: [{ units: 10, seconds: 2 * predict(10, 16) }] }, predict, 110, 16);
    assert.ok(Math.abs(slow - 2 * (predict(10, 16) + predict(100, 16))) < 1e-9, `${slow} s`);
    const fast = fromTrial({ opening: 0, groups: [{ units: 10, seconds: predict(10, 1) / 2 }] }, predict, 110, 16);
    assert.ok(Math.abs(fast - (predict(10, 1) + predict(100, 1)) / 2) < 1e-9, `${fast} s`);
  });

  it('is of everything where that was all', () => {
    assert.equal(fromTrial({ opening: 1, groups: [{ units: 3, seconds: 2 }] }, predict, 3, 16), 3);
  });
});

describe('the size of a trial', () => {
  it('shrinks until it is done in a moment', () => {
    const each: Prediction = (units, tokens) => 0.02 * units * tokens;
    assert.equal(unitsToTry(each, 64, 512), 4);
    assert.equal(unitsToTry(each, 64, 1), 64);
  });

  it('is nothing where even one answer takes long', () => {
    assert.equal(
      unitsToTry(() => 60, 64, 512),
      undefined,
    );
  });
});
