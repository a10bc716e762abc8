/** Every kind of PNG against the pixels that transformers' processors are given. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeImage } from '../../../src/engine/models/processor/decodeImage.js';

interface Case {
  name: string;
  file: string;
  width: number;
  height: number;
  pixels?: string;
}

describe('PNG files of every colour type and depth', () => {
  const { cases } = JSON.parse(readFileSync(path.resolve('test/parity/processor/fixtures/png.json'), 'utf8')) as {
    cases: Case[];
  };

  for (const { name, file, width, height, pixels } of cases.filter((one) => one.pixels !== undefined)) {
    it(`give the same pixels as PIL: ${name}`, async () => {
      const image = await decodeImage(Buffer.from(file, 'base64'), 'x.png');
      assert.deepEqual([image.width, image.height], [width, height]);
      assert.equal(Buffer.from(image.data).toString('base64'), pixels);
    });
  }
});
