// Draws, several answers per question, and changed texts, against NumPy and plain counting (make_expectations.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { compareSampled, meanOfRight, passAtK, passCounts } from '../../../src/engine/analyses/evaluate/sampled.js';
import { isOtherText } from '../../../src/engine/grading/change.js';
import { numpyChoice } from '../../../src/engine/numerics/mt19937.js';
import { bootstrapMean, signFlip } from '../../../src/engine/statistics/statistics.js';

interface Expectations {
  draws: [n: number, count: number, seed: number, indices: number[]][];
  /** Per checkpoint and question, a flag per answer. */
  flags: boolean[][][];
  /** Per k, checkpoint and question. */
  passes: number[][][];
  passIntervals: [number, number, number][][];
  means: [number, number, number][];
  difference: [number, number, number];
  signFlip: number;
  texts: [string, string, boolean][];
}

const expected = JSON.parse(readFileSync('test/parity/protocol/expectations.json', 'utf8')) as Expectations;
const KS = [1, 2, 4, 6];

function near(actual: number, wanted: number, what: string): void {
  assert.ok(Math.abs(actual - wanted) < 1e-12, `${what}: ${actual}, expected ${wanted}`);
}

const counted = expected.flags.map((questions) =>
  questions.map((flags) => ({ right: flags.filter(Boolean).length, of: flags.length })),
);

describe("NumPy's legacy draw", () => {
  it('draws what RandomState.choice draws, and all where there are no more', () => {
    for (const [n, count, seed, indices] of expected.draws)
      assert.deepEqual(numpyChoice(n, count, seed), indices, `${count} of ${n}, seed ${seed}`);
    const sums = expected.draws.slice(0, 4).map(([, , , indices]) => indices.reduce((sum, index) => sum + index));
    assert.deepEqual(sums, [21781, 27022, 23294, 61173]); // as the paper's scripts have drawn
    assert.deepEqual(numpyChoice(3, 3, 1), [0, 1, 2]);
  });
});

describe('several answers to a question', () => {
  it('pass@k is the share of subsets with a right answer', () => {
    assert.deepEqual(passCounts(6), KS);
    KS.forEach((k, at) =>
      counted.forEach((questions, checkpoint) =>
        questions.forEach((one, question) =>
          near(passAtK(one, k), expected.passes[at]![checkpoint]![question]!, `pass@${k} of ${one.right}`),
        ),
      ),
    );
  });

  it('intervals are of a bootstrap over questions', () => {
    counted.forEach((questions, checkpoint) => {
      const { value, low, high } = meanOfRight(questions, 3);
      [value, low, high].forEach((one, index) => near(one, expected.means[checkpoint]![index]!, 'mean@6'));
      KS.forEach((k, at) => {
        const found = bootstrapMean(
          questions.map((one) => passAtK(one, k)),
          { resamples: 2000, seed: 3 },
        );
        [found.mean, found.low, found.high].forEach((one, index) =>
          near(one, expected.passIntervals[checkpoint]![at]![index]!, `pass@${k}`),
        );
      });
    });
  });

  it('two checkpoints are compared by question', () => {
    const { difference, low, high, p } = compareSampled(counted[0]!, counted[1]!, 3);
    [difference, low, high].forEach((one, index) => near(one, expected.difference[index]!, 'difference'));
    near(p, expected.signFlip, 'sign-flip test');
    // By draws, where there are too many items to try all signs.
    const twice = [0, 1, 2].flatMap(() => counted);
    const [before, after] = [0, 1].map((index) =>
      twice.filter((_, at) => at % 2 === index).flatMap((questions) => questions.map(({ right, of }) => right / of)),
    );
    const drawn = signFlip(before!, after!, { seed: 1 });
    assert.ok(drawn > 0 && drawn < expected.signFlip, String(drawn));
  });
});

describe('texts that differ', () => {
  it(`as the paper's scripts say it, in ${expected.texts.length} pairs`, () => {
    for (const [first, second, differ] of expected.texts)
      assert.equal(isOtherText(first, second), differ, `${first} | ${second}`);
  });
});
