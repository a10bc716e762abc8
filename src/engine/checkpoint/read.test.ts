// Byte ranges, and checkpoints that change.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, cp, open, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readBytes } from '../tensors/elements.js';
import { checkUnchanged, fingerprint } from './fingerprint.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { readRange } from './read.js';
import {
  headerBytes,
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeHubCheckpoint,
  writeSafetensors,
} from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

describe('reading bytes', () => {
  it('reads a part of a tensor', async () => {
    const file = path.join(temporary.path, 'part.safetensors');
    await writeSafetensors(file, [
      { name: 'a', dtype: 'U8', shape: [3], data: [9, 9, 9] },
      { name: 'b', dtype: 'U8', shape: [5], data: [0, 1, 2, 3, 4] },
    ]);
    const tensor = (await openCheckpoint(file)).tensors.get('b')!;
    assert.deepEqual([...(await readBytes(tensor, 1, 4))], [1, 2, 3]);
    await assert.rejects(readBytes(tensor, 0, 6), RangeError);
    await assert.rejects(readBytes(tensor, 0, 5, AbortSignal.abort()), { code: 'cancelled' });
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe that took the place of a file', async () => {
    const { folder } = await writeCheckpoint(path.join(temporary.path, 'pipe'), { family: 'llama', layers: 1 });
    const checkpoint = await openCheckpoint(folder);
    const file = path.join(folder, 'model.safetensors');
    await rm(file);
    execFileSync('mkfifo', [file]);
    const refused = { code: 'malformed', message: /model\.safetensors is not a regular file/ };
    await assert.rejects(readBytes([...checkpoint.tensors.values()][0]!, 0, 1), refused);
    await assert.rejects(readRange(file, 0, 1), refused);
    await assert.rejects(fingerprint(checkpoint), refused);
    await assert.rejects(openCheckpoint(folder), refused);
  });

  it('reads beyond 4 GiB of a tensor larger than that', async () => {
    const file = path.join(temporary.path, 'large.safetensors');
    const bytes = 5 * 2 ** 30;
    const header = headerBytes(
      JSON.stringify({
        large: { dtype: 'U8', shape: [bytes - 4], data_offsets: [0, bytes - 4] },
        last: { dtype: 'F32', shape: [1], data_offsets: [bytes - 4, bytes] },
      }),
    );
    await writeFile(file, header);
    await truncate(file, header.length + bytes); // sparse: takes no room
    const handle = await open(file, 'r+');
    await handle.write(Buffer.from([1, 2, 0, 0, 128, 63]), 0, 6, header.length + bytes - 6);
    await handle.close();
    const { tensors } = await openCheckpoint(file);
    assert.deepEqual([...(await readBytes(tensors.get('large')!, bytes - 6))], [1, 2]);
    assert.deepEqual([...(await readBytes(tensors.get('last')!))], [0, 0, 128, 63]);
    await rm(file);
  });

  it('calls a file that became shorter changed', async () => {
    const file = path.join(temporary.path, 'short');
    await writeFile(file, 'abc');
    await assert.rejects(readRange(file, 0, 4), { code: 'changed' });
    await assert.rejects(readRange(path.join(temporary.path, 'none'), 0, 4), { code: 'not-found' });
  });
});

describe('fingerprint', () => {
  it('is of the content: not of the place, the time, the config, or the way there', async () => {
    const folder = path.join(temporary.path, 'original');
    await writeCheckpoint(folder, { shards: 2, hidden: 64 });
    const print = await fingerprint(await openCheckpoint(folder));
    assert.match(print, /^[0-9a-f]{64}$/);
    const copy = path.join(temporary.path, 'copy');
    await cp(folder, copy, { recursive: true });
    await utimes(path.join(copy, 'model-00001-of-00002.safetensors'), 1, 1);
    await writeFile(path.join(copy, 'config.json'), '{"model_type": "qwen2_5_vl"}');
    const snapshot = await writeHubCheckpoint(path.join(temporary.path, 'hub'), 'a/b', 'c0ffee0', {
      shards: 2,
      hidden: 64,
    });
    for (const same of [copy, path.join(copy, 'config.json'), snapshot])
      assert.equal(await fingerprint(await openCheckpoint(same)), print);
  });

  it('differs for other weights and other names of the same weights', async () => {
    const prints = new Set<string>();
    const variants = [
      {},
      { seed: 2 },
      { layout: 'old' as const },
      { shards: 2 },
      { updates: [{ seed: 1, relative: 0.01, only: (name: string) => name.includes('layers.3') }] },
    ];
    for (const [index, variant] of variants.entries()) {
      const folder = path.join(temporary.path, `variant-${index}`);
      await writeCheckpoint(folder, { hidden: 64, ...variant });
      prints.add(await fingerprint(await openCheckpoint(folder)));
    }
    assert.equal(prints.size, variants.length);
  });

  it('samples the first and the last byte of a large file', async () => {
    const file = path.join(temporary.path, 'sampled.safetensors');
    const size = 1_000_000;
    await writeSafetensors(file, [{ name: 'a', dtype: 'U8', shape: [size], data: new Uint8Array(size) }]);
    const print = async () => fingerprint(await openCheckpoint(file));
    const before = await print();
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = 1;
    await writeFile(file, bytes);
    assert.notEqual(await print(), before);
  });
});

describe('checkUnchanged', () => {
  const changes: { what: string; change: (file: string) => Promise<void>; sentence?: RegExp }[] = [
    { what: 'was touched', change: (file) => utimes(file, 1, 1) },
    { what: 'became shorter', change: (file) => truncate(file, 100) },
    { what: 'was removed', change: (file) => rm(file), sentence: /was removed while/ },
    {
      what: 'was replaced by one of the same size and time',
      change: async (file) => {
        const { atime, mtime } = await stat(file);
        await copyFile(file, `${file}.new`);
        await utimes(`${file}.new`, atime, mtime);
        await rename(`${file}.new`, file);
      },
    },
  ];
  for (const { what, change, sentence = /changed while it was being read/ } of changes) {
    it(`notices that a shard ${what}`, async () => {
      const folder = path.join(temporary.path, what);
      await writeCheckpoint(folder, { family: 'qwen2', shards: 2 });
      const checkpoint = await openCheckpoint(folder);
      await checkUnchanged(checkpoint);
      await change(path.join(folder, 'model-00002-of-00002.safetensors'));
      await assert.rejects(
        checkUnchanged(checkpoint),
        (error: Error & { code: string }) =>
          error.code === 'changed' && sentence.test(error.message) && error.message.includes('model-00002'),
      );
    });
  }
});
