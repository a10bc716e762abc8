/** Singular values on disk. */
import { afterEach, beforeEach, describe, it } from 'mocha';
import assert from 'node:assert/strict';
import { readdir, truncate } from 'node:fs/promises';
import path from 'node:path';
import { readValues, ValuesWriter } from '../../../src/engine/spectrum/values.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

describe('singular values on disk', () => {
  let temporary: TemporaryFolder;
  beforeEach(async () => (temporary = await temporaryFolder()));
  afterEach(() => temporary.remove());

  it('come back to single precision, whatever their scale', async () => {
    const writer = new ValuesWriter(temporary.path);
    const lists = [[3, 2, 1e-7], [], [0, 0], [4e-200, 1e-205], [7]].map((list) => Float64Array.from(list));
    const places = [];
    for (const list of lists) places.push(await writer.append(list));
    await writer.close();
    for (const [index, list] of lists.entries()) {
      const read = await readValues(temporary.path, places[index]!);
      assert.equal(read.length, list.length);
      read.forEach((value, rank) => assert.ok(Math.abs(value - list[rank]!) <= 1e-7 * list[rank]!, `${value} for ${list[rank]!}`));
    }
  });

  it('of two writers are in two files, and none is made for nothing', async () => {
    const [one, two, none] = [new ValuesWriter(temporary.path), new ValuesWriter(temporary.path), new ValuesWriter(temporary.path)];
    const [a, b] = [await one.append(Float64Array.of(1)), await two.append(Float64Array.of(2))];
    for (const writer of [one, two, none]) await writer.close();
    assert.deepEqual([await readValues(temporary.path, a), await readValues(temporary.path, b)], [[1], [2]]);
    assert.equal((await readdir(temporary.path)).length, 2);
  });

  it('that are cut off or gone are not believed, and a name leads nowhere else', async () => {
    const writer = new ValuesWriter(temporary.path);
    const place = await writer.append(Float64Array.of(3, 2, 1));
    await writer.close();
    await truncate(path.join(temporary.path, place.file), 8);
    await assert.rejects(readValues(temporary.path, place), { code: 'not-found', message: /no longer whole/ });
    await assert.rejects(readValues(temporary.path, { ...place, file: '../../etc/passwd' }), { code: 'not-found', message: /passwd/ });
  });
});
