// Questions about several images, and black ones in their places, against what transformers answers (make_several.py).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.js';

const FOLDER = path.resolve('test/parity/evaluate');

describe('questions about several images', () => {
  it('answers as transformers does, with the images and with black ones', async () => {
    const stored = JSON.parse(await readFile(path.join(FOLDER, 'several.json'), 'utf8')) as Record<
      string,
      { image: string; black: string }
    >;
    const { questions } = await createEngine(path.resolve('dist/worker.mjs')).evaluate({
      checkpoints: [{ path: path.resolve('samples/lineage/in') }],
      data: path.join(FOLDER, 'several/questions.jsonl'),
      maxNewTokens: 24,
    });
    assert.deepEqual(
      Object.fromEntries(
        questions.map(({ id, answers }) => [
          id.split('/').at(-1),
          { image: answers.image![0], black: answers.black![0] },
        ]),
      ),
      stored,
    );
    assert.deepEqual(
      questions.map(({ image, images }) => [image, images]),
      [
        ['a.png', ['a.png', 'b.png']],
        ['b.png', ['b.png', 'a.png', 'c.png']],
        ['c.png', undefined],
      ],
    );
  });
});
