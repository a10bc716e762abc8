/** Data sets are read line by line, within bounds, and only from regular files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { hashOf } from './dataFiles.js';
import { describeAll } from '../analyses/evaluate/describe.js';
import { readJsonl } from './jsonl.js';
import { readMain } from '../checkpoint/hub.js';
import { temporaryFolder, type TemporaryFolder } from '../../../test/fixtures/checkpoints.js';

describe('lines of a data set', () => {
  let temporary: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    temporary = await temporaryFolder();
    file = path.join(temporary.path, 'set.jsonl');
  });
  afterEach(() => temporary.remove());

  it('are the same wherever a chunk of the file ends', async () => {
    const lengths = [0, 1, 1 << 20, (1 << 20) - 14, 3 << 20, 5, (1 << 20) + 1, 40];
    const texts = lengths.map((length, index) => 'ä€'[index % 2]!.repeat(length / 3));
    await writeFile(file, `\ufeff${texts.map((text) => JSON.stringify({ text })).join('\r\n')}`);
    const { items } = await readJsonl(file, (object, line) => ({ text: object['text'], line }));
    assert.deepEqual(
      items,
      texts.map((text, index) => ({ text, line: index + 1 })),
    );
  });

  it('are never held together: memory does not grow with the file', async () => {
    const handle = await open(file, 'w');
    const line = `${JSON.stringify({ text: 'x'.repeat(1000), more: 'y'.repeat(1000) })}\n`;
    for (let part = 0; part < 60; part++) await handle.write(line.repeat(1024)); // 120 MB
    await handle.close();
    let most = 0;
    const before = process.memoryUsage.rss();
    const { items } = await readJsonl(file, (_, at) => {
      if (at % 1000 === 0) most = Math.max(most, process.memoryUsage.rss());
      return at;
    });
    assert.equal(items.length, 61_440);
    assert.ok(most - before < 90e6, `${Math.round((most - before) / 1e6)} MB`);
  });

  it('have a length that no real one reaches', async () => {
    await writeFile(file, `{"a":1}\n{"a":"${'x'.repeat(5 << 20)}"}\n{"a":2}`);
    await assert.rejects(
      readJsonl(file, (object) => object),
      { code: 'bad-line', message: /line 2 has more than 4,194,304 bytes\./ },
    );
    const { items, badLines } = await readJsonl(file, ({ a }) => a, { badLines: 'skip' });
    assert.deepEqual([items, badLines.map(({ line }) => line)], [[1, 2], [2]]);
    await writeFile(file, '\n'.repeat(2_000_001));
    await assert.rejects(
      readJsonl(file, (object) => object),
      { code: 'malformed', message: /has more than 2,000,000 lines/ },
    );
  });

  it.skipIf(process.platform === 'win32')('come from no pipe; nor do images and revisions', async () => {
    execFileSync('mkfifo', [file]);
    const pipe = { code: 'malformed', message: /is not a regular file/ };
    await assert.rejects(
      readJsonl(file, (object) => object),
      pipe,
    );
    await assert.rejects(hashOf(file), pipe);
    const model = { name: 'm', parallel: 1, complete: () => Promise.resolve('words') };
    await assert.rejects(
      describeAll(model, [file], () => Promise.resolve(), undefined),
      pipe,
    );
    execFileSync('mkdir', [path.join(temporary.path, 'refs')]);
    execFileSync('mkfifo', [path.join(temporary.path, 'refs', 'main')]);
    assert.equal(await readMain(temporary.path), undefined);
  });
});
