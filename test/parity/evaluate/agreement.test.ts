/** Cohen's κ and its interval over questions against NumPy and statsmodels (`make_agreement.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { agreementOf } from '../../../src/engine/statistics/agreement.js';

interface Case {
  pairs: [cluster: number, first: number, second: number][];
  kappa: number;
  low: number;
  high: number;
}

const { cases } = JSON.parse(readFileSync('test/parity/evaluate/agreement.json', 'utf8')) as { cases: Case[] };

describe('agreement of two judges against NumPy and statsmodels', () => {
  it(`κ and its clustered interval of ${cases.length} sets of answers`, () => {
    for (const { pairs, ...expected } of cases) {
      const found = agreementOf(
        pairs.map(([cluster, first, second]) => ({
          cluster: String(cluster),
          first: first === 1,
          second: second === 1,
        })),
      );
      for (const key of ['kappa', 'low', 'high'] as const)
        assert.ok(Math.abs(found[key]! - expected[key]) < 1e-12, `${key}: ${found[key]}, expected ${expected[key]}`);
    }
  });

  it('is unknown where chance alone agrees on everything, and has no interval of one question', () => {
    const same = ['a', 'b'].map((cluster) => ({ cluster, first: true, second: true }));
    assert.deepEqual([agreementOf(same).kappa, agreementOf(same).observed], [null, 1]);
    const one = [true, false].map((second) => ({ cluster: 'a', first: true, second }));
    assert.deepEqual([agreementOf(one).kappa, agreementOf(one).low], [0, null]);
  });
});
