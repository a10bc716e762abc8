/** Curves over all ranks on disk. */
import { afterEach, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readdir, truncate } from 'node:fs/promises';
import path from 'node:path';
import { CurvesWriter, readCurves } from './curves.js';
import type { Curves } from './job.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';

/** Curves of one length, all different. */
const curvesOf = (values: number[], known = values.length): Curves => {
  const [own, floor, low, high] = [1, 0.5, 0.25, 2].map((factor) =>
    Float64Array.from(values, (value) => value * factor),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  return { known, values: own, floor, low, high };
};

describe('curves over all ranks on disk', () => {
  let temporary: TemporaryFolder;
  beforeEach(async () => (temporary = await temporaryFolder()));
  afterEach(() => temporary.remove());

  it('come back to single precision, whatever their scale', async () => {
    const writer = new CurvesWriter(temporary.path);
    const all = [
      curvesOf([3, 2, 1e-7], 2),
      curvesOf([]),
      curvesOf([0, 0]),
      curvesOf([4e-200, 1e-205]),
      { ...curvesOf([7, 6]), floor: new Float64Array(2) },
    ];
    const locations = [];
    for (const curves of all) locations.push(await writer.append(curves));
    await writer.close();
    for (const [index, curves] of all.entries()) {
      const read = await readCurves(temporary.path, locations[index]!);
      assert.equal(read.known, curves.known);
      for (const curve of ['values', 'floor', 'low', 'high'] as const) {
        assert.equal(read[curve].length, curves[curve].length);
        read[curve].forEach((value, rank) =>
          assert.ok(
            Math.abs(value - curves[curve][rank]!) <= 1e-7 * curves[curve][rank]!,
            `${value} for ${curves[curve][rank]!}`,
          ),
        );
      }
    }
  });

  it('of two writers are in two files, and none is made for nothing', async () => {
    const [one, two, none] = [
      new CurvesWriter(temporary.path),
      new CurvesWriter(temporary.path),
      new CurvesWriter(temporary.path),
    ];
    const [a, b] = [await one.append(curvesOf([1])), await two.append(curvesOf([2]))];
    for (const writer of [one, two, none]) await writer.close();
    assert.deepEqual(
      [(await readCurves(temporary.path, a)).values[0], (await readCurves(temporary.path, b)).values[0]],
      [1, 2],
    );
    assert.equal((await readdir(temporary.path)).length, 2);
  });

  it('that are cut off or gone are not believed, and a name leads nowhere else', async () => {
    const writer = new CurvesWriter(temporary.path);
    const location = await writer.append(curvesOf([3, 2, 1]));
    await writer.close();
    await truncate(path.join(temporary.path, location.file), 40);
    await assert.rejects(readCurves(temporary.path, location), { code: 'not-found', message: /no longer whole/ });
    await assert.rejects(readCurves(temporary.path, { ...location, file: '../../etc/passwd' }), {
      code: 'not-found',
      message: /passwd/,
    });
  });
});
