import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { recordThroughput, type ThroughputOf, secondsKnown } from './throughput.js';

describe('the pace of earlier runs', () => {
  let folder: string;
  let of: ThroughputOf;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'frankenstein-test-'));
    of = { runsFolder: folder, kind: 'spectrum', mode: 'fast', threads: 2 };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A run of so much work, that takes so many seconds of a clock of its own. */
  async function run(work: number, seconds: number, at: ThroughputOf = of): Promise<void> {
    let now = 5_000;
    assert.equal(
      await recordThroughput(
        at,
        work,
        () => {
          now += 1000 * seconds;
          return Promise.resolve('done');
        },
        () => now,
      ),
      'done',
    );
  }

  it('is unknown before the first', async () => assert.equal(await secondsKnown(of, 1e9), undefined));

  it('tells how long other amounts take', async () => {
    await run(1e9, 10);
    assert.equal(await secondsKnown(of, 3e9), 30);
  });

  it('follows runs that go otherwise, and does not jump after one', async () => {
    await run(1e9, 10);
    await run(1e9, 40);
    assert.ok(Math.abs((await secondsKnown(of, 1e9))! - 20) < 1e-9);
    for (let again = 0; again < 8; again++) await run(1e9, 40);
    const seconds = (await secondsKnown(of, 1e9))!;
    assert.ok(seconds > 39 && seconds < 40, String(seconds));
  });

  it('is one for each kind, mode and number of threads', async () => {
    await run(1e9, 10);
    for (const other of [{ kind: 'compare' }, { mode: 'exact' }, { threads: 4 }])
      assert.equal(await secondsKnown({ ...of, ...other }, 1e9), undefined, JSON.stringify(other));
  });

  it('learns nothing of a run that failed, took a moment, had no work or has no folder', async () => {
    await assert.rejects(recordThroughput(of, 1e9, () => Promise.reject(new Error('stop')), () => 0)); // prettier-ignore
    await run(1e9, 1.9);
    await run(0, 10);
    await run(1e9, 10, { ...of, runsFolder: undefined });
    assert.deepEqual(await readdir(folder), []);
  });

  it('passes over what it did not write', async () => {
    await run(1e9, 10);
    const known = path.join(folder, 'known');
    const [file] = await readdir(known);
    for (const text of ['', 'null', '{"pace":-1}', '{"pace":"x"}', '{"pace":1e999}']) {
      await writeFile(path.join(known, file!), text);
      assert.equal(await secondsKnown(of, 1e9), undefined, text);
    }
  });
});
