/** What decides between all values and an estimate of them. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { exactOperations, fastOperations } from './cost.js';
import { fastBytesAtEase } from './fast/fast.js';

describe('what a spectrum costs', () => {
  const [rows, columns] = [152_064, 3584];

  it('an estimate is the cheaper one for a large matrix, unless it has to be read for every product', () => {
    assert.ok(fastOperations(rows, columns) < exactOperations(rows, columns));
    assert.ok(fastOperations(rows, columns, 2 ** 31) > exactOperations(rows, columns));
    assert.equal(fastOperations(rows, columns, fastBytesAtEase(rows, columns)), fastOperations(rows, columns));
  });

  it('counts the longer side in proportion, and either side alike', () => {
    for (const operations of [exactOperations, fastOperations]) {
      assert.equal(operations(rows, columns), operations(columns, rows));
      const [one, two, three] = [1, 2, 3].map((times) => operations(columns, times * rows)) as [number, number, number];
      assert.ok(Math.abs(three - two - (two - one)) < 1e-9 * two);
    }
  });
});
