/** Texts, conversations and images against transformers' own tokenizers and processors (`make_expectations.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { beforeAll, describe, it } from 'vitest';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import type { ChatMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor, type Processor } from '../../../src/engine/models/processor/processor.js';
import { smartResize } from '../../../src/engine/models/processor/smartResize.js';
import { checkpointAt, FIXTURES, sha256 } from './fixtures.js';

interface Expectations {
  texts: Record<
    string,
    { encoded: [string, number[]][]; withSpecial: [string, number[]][]; decoded: [number[], string, string][] }
  >;
  templates: Record<string, { label: string; addGenerationPrompt: boolean; messages: ChatMessage[]; text: string }[]>;
  prompts: Record<
    string,
    { label: string; messages: ChatMessage[]; pictures: string[]; ids: number[]; grids: [number, number, number][] }[]
  >;
  pictures: {
    file: string;
    size: [number, number];
    rgb: string;
    processed: Record<string, { grid: [number, number, number]; values: string; bytes?: string }>;
  }[];
  sizes: [number, number, number, number, number, number, number][];
}

const expected = JSON.parse(readFileSync(path.join(FIXTURES, 'expectations.json'), 'utf8')) as Expectations;

describe('processors against transformers', () => {
  const processors = new Map<string, Processor>();
  const processorOf = (name: string) => processors.get(name)!;

  beforeAll(async () => {
    for (const name of Object.keys(expected.templates))
      processors.set(name, await createProcessor(checkpointAt(path.join(FIXTURES, name))));
  });

  for (const [name, texts] of Object.entries(expected.texts)) {
    it(`encodes ${texts.encoded.length} texts as ${name}`, () => {
      const { tokenizer } = processorOf(name);
      for (const [text, ids] of texts.encoded)
        assert.deepEqual(tokenizer.encode(text, { specialTokens: false }), ids, JSON.stringify(text));
      for (const [text, ids] of texts.withSpecial) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    });

    it(`decodes ${texts.decoded.length} sequences as ${name}`, () => {
      const { tokenizer } = processorOf(name);
      for (const [ids, plain, whole] of texts.decoded) {
        assert.equal(tokenizer.decode(ids), plain, String(ids));
        assert.equal(tokenizer.decode(ids, { specialTokens: true }), whole, String(ids));
      }
    });

    it(`streams what it decodes as ${name}`, () => {
      const { tokenizer } = processorOf(name);
      for (const [ids, plain] of texts.decoded) {
        // Bytes that are no text: what a stream has given out, it cannot take back.
        if (name === 'llama2' && plain.includes('\ufffd')) continue;
        const stream = tokenizer.stream();
        assert.equal(ids.map((id) => stream.push(id)).join('') + stream.end(), plain, String(ids));
      }
    });
  }

  for (const [name, conversations] of Object.entries(expected.templates)) {
    it(`renders ${conversations.length} conversations as ${name}`, () => {
      for (const { label, addGenerationPrompt, messages, text } of conversations) {
        assert.equal(processorOf(name).render(messages, { addGenerationPrompt }), text, label);
      }
    });
  }

  for (const [name, prompts] of Object.entries(expected.prompts)) {
    it(`processes ${prompts.length} prompts with their images as ${name}`, async () => {
      for (const { label, messages, pictures, ids, grids } of prompts) {
        const images = await Promise.all(pictures.map((file) => readImage(path.join(FIXTURES, 'pictures', file))));
        const prompt = processorOf(name).process({ input: { messages }, images });
        assert.deepEqual([...prompt.inputIds], ids, label);
        assert.deepEqual(
          prompt.images.map(({ grid }) => grid),
          grids,
          label,
        );
      }
    });
  }

  it(`chooses the size of ${expected.sizes.length} images`, () => {
    for (const [height, width, factor, minPixels, maxPixels, newHeight, newWidth] of expected.sizes) {
      assert.deepEqual(
        smartResize(height, width, { factor, minPixels, maxPixels }),
        { height: newHeight, width: newWidth },
        `${height} × ${width}, ${factor}, ${minPixels}…${maxPixels}`,
      );
    }
  });

  for (const { file, size, rgb, processed } of expected.pictures) {
    it(`sees ${file} exactly`, async () => {
      const image = await readImage(path.join(FIXTURES, 'pictures', file));
      assert.deepEqual([image.width, image.height], size);
      assert.equal(sha256(image.data), rgb, 'decoded pixels');
      for (const [name, { grid, values, bytes }] of Object.entries(processed)) {
        const result = processorOf(name).processImage(image);
        assert.deepEqual(result.grid, grid);
        if (bytes !== undefined)
          assert.equal(
            difference(result.pixelValues, inflateSync(Buffer.from(bytes, 'base64'))),
            'at most 0/255, 0 differ',
            name,
          );
        assert.equal(sha256(result.pixelValues), values, `${name}: values in fp32`);
      }
    });
  }
});

/** In units of 1/255, of Qwen2.5-VL's values; `bytes` are [patches, channel, 14 · 14], the values have two frames. */
function difference(values: Float32Array, bytes: Uint8Array): string {
  const mean = [0.48145466, 0.4578275, 0.40821073];
  const std = [0.26862954, 0.26130258, 0.27577711];
  const area = 14 * 14;
  assert.equal(values.length, bytes.length * 2);
  let [worst, differing] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const channel = Math.floor(at / (2 * area)) % 3;
    const value = Math.round((values[at]! * std[channel]! + mean[channel]!) * 255);
    const off = Math.abs(value - bytes[Math.floor(at / (2 * area)) * area + (at % area)]!);
    worst = Math.max(worst, off);
    if (off > 0) differing++;
  }
  return `at most ${worst}/255, ${differing} differ`;
}
