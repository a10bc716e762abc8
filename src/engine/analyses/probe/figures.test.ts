/** What the figures of probes are made of: spans, shares, intervals, batches. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { pairedDifference } from '../../statistics/paired.js';
import { createCountReporter } from '../../runs/countProgress.js';
import { attentionLayers, skipErrors, swapRates } from './rates.js';
import type { ProbeProgress } from './request.js';
import type { SkipSample, SwapSample } from './result.js';
import { reasoningTokens } from './thinking.js';

describe('reasoning tokens', () => {
  const WORDS = [
    '<think>',
    'a',
    'b',
    '</think>',
    '<answer>',
    '7',
    '</answer>',
    '<th',
    'ink>',
    'c</',
    'think>',
    '\ufffd',
  ];
  const decode = (ids: readonly number[]) => ids.map((id) => WORDS[id]!).join('');
  const of = (...ids: number[]) => reasoningTokens(ids, decode);

  it('are those between the tags', () => assert.deepEqual(of(0, 1, 2, 3, 4, 5, 6), [1, 2]));
  it('go on to the end where thinking was cut off', () => assert.deepEqual(of(0, 1, 2, 1), [1, 2, 3]));
  it('begin with the answer where the prompt opened the tag', () => assert.deepEqual(of(1, 2, 3, 5), [0, 1]));
  it('are all tokens where nothing was thought', () => {
    assert.deepEqual(of(4, 5, 6), [0, 1, 2]);
    assert.deepEqual(of(0, 3, 5), [0, 1, 2]);
    assert.deepEqual(of(), []);
  });
  it('leave out tokens that hold a part of a tag', () => assert.deepEqual(of(7, 8, 1, 2, 9, 10, 5), [2, 3]));
});

describe('a paired difference', () => {
  const pairs = (both: number, lost: number, won: number, neither: number): [boolean[], boolean[]] => [
    [...Array<boolean>(both + lost).fill(true), ...Array<boolean>(won + neither).fill(false)],
    [
      ...Array<boolean>(both).fill(true),
      ...Array<boolean>(lost).fill(false),
      ...Array<boolean>(won).fill(true),
      ...Array<boolean>(neither).fill(false),
    ],
  ];
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 5e-4, `${actual}, expected ${expected}`);

  it('has the intervals of Newcombe (1998), table III', () => {
    // e, f, g, h of the paper: both, first only, second only, neither; the paper's difference is first minus second.
    for (const [counts, low, high] of [
      [[36, 12, 2, 0], 0.0569, 0.3404],
      [[20, 12, 2, 16], 0.0562, 0.329],
      [[0, 12, 2, 36], 0.0569, 0.3404],
      [[2, 97, 2, 0], undefined, undefined],
    ] as const) {
      const found = pairedDifference(...pairs(...(counts as readonly [number, number, number, number])));
      if (low === undefined) continue;
      near(-found.high, low);
      near(-found.low, high);
    }
  });

  it('keeps its width where nothing differs, and stays within −1 and 1', () => {
    const same = pairedDifference(...pairs(4, 0, 0, 4));
    assert.equal(same.difference, 0);
    assert.ok(same.low < 0 && same.high > 0);
    const all = pairedDifference(...pairs(0, 0, 5, 0));
    assert.equal(all.difference, 1);
    assert.ok(all.high <= 1 && all.low > 0);
  });
});

describe('figures', () => {
  it('give shares per task that has samples, in the order of tasks', () => {
    const sample = (id: string, task: SwapSample['task'], changed: boolean[]): SwapSample => ({
      id,
      task,
      changed,
      prompt: '',
      targetImage: '',
      sourceImage: '',
      source: 'same-grid',
      baseline: '',
      sourceAnswer: '',
      answers: [],
    });
    const rates = swapRates(
      [sample('a', 'ocr', [true, false]), sample('b', 'counting', [true, true]), sample('c', 'ocr', [false, false])],
      [3, 7],
    );
    assert.deepEqual(
      rates.map(({ task, depth, n, changed }) => [task, depth, n, changed]),
      [
        ['counting', 3, 1, 1],
        ['counting', 7, 1, 1],
        ['ocr', 3, 2, 0.5],
        ['ocr', 7, 2, 0],
      ],
    );
    assert.ok(rates.every(({ low, high, changed }) => low <= changed && changed <= high));
  });

  it('hold every depth against the untouched model', () => {
    const sample = (baselineCorrect: boolean, correct: boolean[]): SkipSample => ({
      id: '',
      prompt: '',
      truth: '',
      baseline: '',
      baselineCorrect,
      answers: [],
      correct,
    });
    const { baseline, errors } = skipErrors(
      [
        sample(true, [false, true]),
        sample(true, [false, true]),
        sample(false, [false, true]),
        sample(true, [true, true]),
      ],
      [0, 1],
    );
    assert.equal(baseline.error, 0.25);
    assert.deepEqual(
      errors.map(({ error, increase }) => [error, increase]),
      [
        [0.75, 0.5],
        [0, -0.25],
      ],
    );
  });

  it('give layers with paired shifts, the same for the same seed', async () => {
    const outcome = (mass: number) => ({
      kind: 'attention' as const,
      answer: '',
      reasoningTokens: 4,
      visualTokens: 10,
      mass: [mass, 2 * mass],
    });
    const make = () =>
      attentionLayers(
        [
          [outcome(0.1), outcome(0.3)],
          [outcome(0.2), outcome(0.4)],
        ],
        [2, 5],
        1,
      );
    const [first, second] = await make();
    assert.deepEqual(await make(), [first, second]);
    assert.deepEqual([first!.depth, second!.depth], [2, 5]);
    assert.ok(Math.abs(first!.mean[0]! - 0.02) < 1e-12 && Math.abs(first!.mass[1]! - 0.3) < 1e-12);
    // Every sample moved by as much, so the paired interval is a point, though the means are far from certain.
    assert.ok(Math.abs(first!.shift!.high - 0.01) < 1e-12 && Math.abs(first!.shift!.low - 0.01) < 1e-12);
    assert.ok(first!.high[0]! > first!.low[0]!);
    const [exclusive] = await attentionLayers([[outcome(0.1)]], [0], 0);
    assert.equal(exclusive!.shift, null);
  });

  it('of progress never fall, count what was done before, and end at the total', () => {
    const seen: ProbeProgress[] = [];
    const reporter = createCountReporter(100, 40, (progress) => seen.push(progress));
    reporter.phase('Swapping');
    for (let batch = 0; batch < 3; batch++) {
      for (let row = 0; row < 15; row++) reporter.advance(1);
      reporter.settle(20);
    }
    assert.equal(seen[0]!.done, 40);
    assert.equal(seen[0]!.remainingSeconds, null);
    assert.equal(seen.at(-1)!.done, 100);
    assert.ok(seen.every(({ done }, index) => index === 0 || done >= seen[index - 1]!.done));
  });
});
