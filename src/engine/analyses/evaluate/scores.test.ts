import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { accuraciesOf, comparisonsOf, countsOf, scoresOf } from './scores.js';
import type { EvaluatedQuestion } from './result.js';
import type { AbilityName } from './request.js';

type Judged = Pick<EvaluatedQuestion, 'set' | 'right' | 'counts'>;
const ABILITIES: Record<string, AbilityName[]> = { g: ['vis'], m: ['v2r'], t: ['rea'] };
const judged = ({ set, right }: Pick<Judged, 'set' | 'right'>): Judged => ({
  set,
  right,
  counts: countsOf(right, ABILITIES[set]!),
});

/** Two checkpoints; each row is right by checkpoint. */
const questions = [
  { set: 'g', right: { image: [true, true], black: [false, true] } }, // seen by the first; guessed by the second
  { set: 'g', right: { image: [true, false], black: [false, false] } },
  { set: 'g', right: { image: [false, true], black: [true, false] } },
  { set: 'm', right: { image: [true, true], described: [true, false] } },
  { set: 'm', right: { image: [false, true], described: [true, true] } },
  ...[...Array<undefined>(10)].map((_, index) => ({ set: 't', right: { text: [index < 2, index < 9] } })),
].map(judged);

describe('the three abilities', () => {
  it('count what method.md says, over all questions of their sets', () => {
    const scores = scoresOf(questions, 2).map(({ ability, checkpoint, n, hits }) => [ability, checkpoint, n, hits]);
    assert.deepEqual(scores, [
      ['vis', 0, 3, 2],
      ['vis', 1, 3, 1],
      ['v2r', 0, 2, 1],
      ['v2r', 1, 2, 1],
      ['rea', 0, 10, 2],
      ['rea', 1, 10, 9],
    ]);
  });

  it('plain accuracies stand beside them, per setting', () => {
    const found = accuraciesOf(questions, ['g', 'm', 't'], 2)
      .filter(({ checkpoint }) => checkpoint === 0)
      .map(({ set, setting, hits, n }) => [set, setting, hits, n]);
    assert.deepEqual(found, [
      ['g', 'image', 2, 3],
      ['g', 'black', 1, 3],
      ['m', 'image', 1, 2],
      ['m', 'described', 2, 2],
      ['t', 'text', 2, 10],
    ]);
  });

  it('a pair of checkpoints: transitions, side effects, lift, exact McNemar', () => {
    const [rea] = comparisonsOf(questions, ['in', 'rl']).filter(({ ability }) => ability === 'rea');
    const { checkpoint, against, tt, tf, ft, ff, sideEffect, lift, p, exact } = rea!;
    assert.deepEqual(
      [checkpoint, against, tt, tf, ft, ff, sideEffect, lift, exact],
      [1, 0, 2, 0, 7, 1, 0, 7 / 8, true],
    );
    assert.ok(Math.abs(p - 2 / 2 ** 7) < 1e-12); // seven won, none lost
  });

  it('hybrids are tested against IN and RL, those against each other once, and Holm corrects per reference', () => {
    const three = questions.map(({ set, right }) =>
      judged({
        set,
        right: Object.fromEntries(Object.entries(right).map(([setting, flags]) => [setting, [...flags, flags[1]!]])),
      }),
    );
    const found = comparisonsOf(three, ['in', 'rl', 'hybrid']).filter(({ ability }) => ability === 'rea');
    assert.deepEqual(
      found.map(({ checkpoint, against }) => [checkpoint, against]),
      [
        [1, 0],
        [2, 0],
        [2, 1],
      ],
    );
    const [first, second, last] = found;
    assert.ok(Math.abs(first!.adjusted - 2 * first!.p) < 1e-12 && Math.abs(second!.adjusted - 2 * second!.p) < 1e-12);
    assert.equal(last!.adjusted, 1);
  });

  it('without roles everything is held against the first', () => {
    assert.deepEqual(
      comparisonsOf(questions, [null, null]).map(({ checkpoint, against }) => [checkpoint, against]),
      [
        [1, 0],
        [1, 0],
        [1, 0],
      ],
    );
  });
});
