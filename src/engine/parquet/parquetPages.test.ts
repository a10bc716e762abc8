import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'vitest';
import { openParquet } from './file.js';

describe('a damaged page of a Parquet file', () => {
  it('is refused before its values are read, which would not end', async () => {
    const open = await openParquet(path.resolve('test/fixtures/endless-page.parquet'));
    try {
      await assert.rejects(open.read(open.columns, 0, 2), {
        code: 'malformed',
        message: /a page is longer than what its column has left, or says nothing of its length\.$/,
      });
      // A column that is whole is read.
      assert.equal((await open.read(['prompt'], 0, 2)).length, 2);
    } finally {
      await open.close();
    }
  });
});
