/** Images cut into a grid of squares, and prompts with a place for each, against transformers (`make_grid.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import type { ChatMessage } from '../../../src/engine/models/processor/messages.js';
import { userMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../../src/engine/models/processor/processor.js';
import { tilesOf } from '../../../src/engine/models/processor/squares.js';
import { checkpointAt, FIXTURES, sha256 } from './fixtures.js';

const { images, prompts, grids } = JSON.parse(readFileSync(path.resolve(FIXTURES, '..', 'grid.json'), 'utf8')) as {
  images: Record<string, { file: string; squares: number; values: string }[]>;
  prompts: Record<string, { label: string; messages: ChatMessage[]; pictures: string[]; ids: number[] }[]>;
  grids: [number, number, number, number, number, number][];
};
const picture = (file: string) => readImage(path.join(FIXTURES, 'pictures', file));
const processorOf = (name: string) => createProcessor(checkpointAt(path.join(FIXTURES, name)));

describe('grids of squares against transformers', () => {
  for (const name of Object.keys(images)) {
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

  it(`cuts ${grids.length} shapes into the same squares`, () => {
    for (const [width, height, side, longest, columns, rows] of grids)
      assert.deepEqual(
        tilesOf({ width, height }, { side, filter: 'lanczos', tiles: null, grid: { longest, cuts: true } }),
        // Transformers calls an image that is one square uncut: no rows and columns.
        [Math.max(1, columns), Math.max(1, rows)],
        `${width} × ${height} in squares of ${side}, up to ${longest}`,
      );
  });

  it('hands words over as the parts that templates take', async () => {
    const processor = await processorOf('smolvlm');
    assert.match(processor.render([userMessage('Why?')]), /User: Why\?<end_of_utterance>/);
  });

  it('brings an image to the squares of another, whose prompt is then the same', async () => {
    const processor = await processorOf('smolvlm');
    const [wide, other] = [processor.processImage(await picture('wide.png')), await picture('rgb.png')];
    assert.ok(wide.grid[0] > 1);
    const brought = processor.resizeTo(other, wide);
    assert.deepEqual([brought.grid, brought.tiles], [wide.grid, wide.tiles]);
    const ask = (image: typeof wide) =>
      processor.process({ input: { messages: [userMessage('Why?', 1)] }, images: [image] }).inputIds;
    assert.deepEqual(ask(brought), ask(wide));
    assert.throws(
      () => processor.process({ input: { messages: [userMessage('Why?', 1)] }, images: [], newTokens: 1 }),
      { code: 'bad-request', message: /1 place for images, but 0 images were given/ },
    );
  });
});
