/** Images as squares, and prompts with them, against transformers (`make_squares.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import type { ChatMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../../src/engine/models/processor/processor.js';
import { tilesOf } from '../../../src/engine/models/processor/squares.js';
import { blackLike } from '../../../src/engine/models/processor/image.js';
import { checkpointAt, FIXTURES, sha256 } from './fixtures.js';

const { images, prompts, tilings } = JSON.parse(readFileSync(path.resolve(FIXTURES, '..', 'squares.json'), 'utf8')) as {
  images: Record<string, { file: string; squares: number; values: string }[]>;
  prompts: Record<string, { label: string; messages: ChatMessage[]; pictures: string[]; ids: number[] }[]>;
  tilings: [number, number, number, number, number, number][];
};
const picture = (file: string) => readImage(path.join(FIXTURES, 'pictures', file));
const processorOf = (name: string) => createProcessor(checkpointAt(path.join(FIXTURES, name)));

describe('squares against transformers', () => {
  for (const name of Object.keys(prompts)) {
    it(`sees ${images[name]!.length} images exactly as ${name}`, async () => {
      const processor = await processorOf(name);
      for (const { file, squares, values } of images[name]!) {
        const found = processor.processImage(await picture(file));
        assert.equal(found.grid[0], squares, file);
        assert.equal(sha256(found.pixelValues), values, file);
      }
    });

    it(`makes the same tokens of ${prompts[name]!.length} conversations as ${name}`, async () => {
      const processor = await processorOf(name);
      for (const { label, messages, pictures, ids } of prompts[name]!) {
        const prompt = processor.process({ input: { messages }, images: await Promise.all(pictures.map(picture)) });
        assert.deepEqual([...prompt.inputIds], ids, label);
      }
    });
  }

  it(`cuts ${tilings.length} shapes into the same squares`, () => {
    for (const [width, height, least, most, columns, rows] of tilings)
      assert.deepEqual(
        tilesOf({ width, height }, { side: 448, filter: 'bicubic', tiles: { least, most, thumbnail: true } }),
        [columns, rows],
        `${width} × ${height}, ${least} to ${most}`,
      );
  });

  it('brings an image to the squares of another, and says in a sentence when squares do not fit the context', async () => {
    const processor = await processorOf('internvl');
    const [tall, wide] = [blackLike({ width: 20, height: 60 }), blackLike({ width: 60, height: 20 })].map((image) =>
      processor.processImage(image),
    );
    assert.deepEqual(
      [tall!.grid, tall!.tiles],
      [
        [4, 4, 4],
        [1, 3],
      ],
    );
    assert.deepEqual(
      [wide!.grid, wide!.tiles],
      [
        [4, 4, 4],
        [3, 1],
      ],
    );
    const brought = processor.resizeTo(await picture('rgb.png'), tall!);
    assert.deepEqual([brought.grid, brought.tiles], [tall!.grid, tall!.tiles]);
    assert.throws(
      () =>
        processor.process({
          input: { messages: [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'Why?' }] }] },
          images: [wide!],
          newTokens: 4090,
        }),
      {
        code: 'bad-request',
        message: /^The prompt has \d+ tokens .*4 squares of its 1 image make 16; .*context is 4,096: .*\.$/,
      },
    );
  });
});
