import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { nameDeltas, roleBadge, shortLabels } from './deltas.js';
import {
  formatBytes,
  formatCosine,
  formatCount,
  formatNumber,
  formatRemaining,
  formatFraction,
  formatTimes,
} from './format.js';

/** One line per case: what goes in, what is read. */
function check<T>(format: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, expected] of cases) assert.equal(format(value), expected, String(value));
}

const named = (labels: string[]) => labels.map((label) => ({ label }));

describe('webview numbers', () => {
  it('writes three significant digits, exponents only where they help', () => {
    check(formatNumber, [
      [0, '0'],
      [1.234567e-4, '1.23e-4'],
      [0.012345, '0.0123'],
      [0.5, '0.500'],
      [12.3456, '12.3'],
      [999.4, '999'],
      [1234.5, '1235'],
      [4.567e6, '4.57e+6'],
      [-2e-5, '−2.00e-5'],
      [-0.5, '−0.500'],
      [null, '–'],
      [undefined, '–'],
      [NaN, '–'],
      [Infinity, '–'],
    ]);
  });

  it('keeps 0% and 100% for what is exactly that', () => {
    check(formatFraction, [
      [0, '0%'],
      [1, '100%'],
      [0.225, '22.5%'],
      [0.9, '90.0%'],
      [0.99999, '> 99.9%'],
      [0.0123, '1.23%'],
      [0.0003, '0.030%'],
      [1e-7, '1.0e-5%'],
      [null, '–'],
    ]);
  });

  it('shows as many digits of a cosine as tell it from 1', () => {
    check(formatCosine, [
      [1, '1'],
      [0.5, '0.500'],
      [0.98, '0.980'],
      [0.9987, '0.9987'],
      [0.99997, '0.999970'],
      [1 - 2.5e-9, '1 − 2.5e-9'],
      [-0.25, '−0.250'],
      [null, '–'],
    ]);
  });

  it('writes multiples, counts, bytes and times', () => {
    check(formatTimes, [
      [0, '0×'],
      [0.421, '0.42×'],
      [12.34, '12.3×'],
      [250.4, '250×'],
      [123456, '1.2e+5×'],
      [null, '–'],
    ]);
    check(formatCount, [
      [729, '729'],
      [9999, '9999'],
      [8_290_000_000, '8.29 B'],
      [15_000, '15.0 K'],
    ]);
    check(formatBytes, [
      [12, '12 B'],
      [1500, '1.5 kB'],
      [16_600_000_000, '16.6 GB'],
      [123_000_000, '123 MB'],
    ]);
    check(formatRemaining, [
      [null, ''],
      [0.2, 'about 1 s left'],
      [7.2, 'about 7 s left'],
      [33, 'about 35 s left'],
      [58, 'about 1 min left'],
      [200, 'about 3 min left'],
      [4800, 'about 1 h 20 min left'],
    ]);
  });
});

describe('names of updates', () => {
  it('says which stage an update leads to', () => {
    assert.deepEqual(
      nameDeltas(named(['base', 'in', 'rl'])).map(({ full }) => full),
      ['ΔIN (base → in)', 'ΔRL (in → rl)'],
    );
  });

  it('drops what the labels share', () => {
    assert.deepEqual(shortLabels(['Qwen2.5-VL-7B', 'Qwen2.5-VL-7B-SFT', 'Qwen2.5-VL-7B-RL']), ['', 'SFT', 'RL']);
    assert.deepEqual(shortLabels(['run/base/final', 'run/tuned/final']), ['base', 'tuned']);
    assert.equal(nameDeltas(named(['m-7b', 'm-7b-a-very-long-description-of-it']))[0]?.short, 'Δ1');
  });

  it('takes roles where every update has one of its own, and keeps the folders beside it', () => {
    const stages = [
      { label: 'in', role: 'in' },
      { label: 'rl-frozen-mid', role: 'rl' },
    ];
    assert.equal(nameDeltas(stages)[0]!.full, 'ΔRL (in → rl-frozen-mid)');
    const two = [...stages, { label: 'rl-full', role: 'rl' }];
    assert.deepEqual(
      nameDeltas(two).map(({ short }) => short),
      nameDeltas(named(two.map(({ label }) => label))).map(({ short }) => short),
    );
  });

  it('shows a role as a badge where the label does not say it', () => {
    assert.equal(roleBadge({ label: 'rl-frozen-mid', role: 'rl' }), 'RL');
    assert.equal(roleBadge({ label: 'x', role: 'base' }), 'Base');
    assert.equal(roleBadge({ label: 'in', role: 'in' }), null);
    assert.equal(roleBadge({ label: 'in' }), null);
  });

  it('numbers updates whose labels say nothing', () => {
    assert.deepEqual(
      nameDeltas(named(['x', 'x', 'x'])).map(({ short }) => short),
      ['Δ1', 'Δ2'],
    );
  });
});
