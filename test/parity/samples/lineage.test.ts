// The six checkpoints of samples/lineage: shape, size, and what freezing means.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fs from 'node:fs';
import path from 'node:path';
import { layerOf, readSafetensors, type Tensor } from './checkpoints';
import { SAMPLES } from './truth';

const NAMES = ['base', 'in', 'rl', 'rl-frozen-early', 'rl-frozen-mid', 'rl-frozen-late'];
const FROZEN: Record<string, number[]> = {
  'rl-frozen-early': [0, 1, 2, 3],
  'rl-frozen-mid': [4, 5, 6, 7],
  'rl-frozen-late': [8, 9, 10, 11],
};
const FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'preprocessor_config.json',
];
const folder = (name: string): string => path.join(SAMPLES, 'lineage', name);
const tensors = (name: string): Map<string, Tensor> => readSafetensors(path.join(folder(name), 'model.safetensors'));

interface Config {
  model_type: string;
  tie_word_embeddings: boolean;
  text_config: { num_hidden_layers: number; vocab_size: number };
  vision_config: { depth: number; window_size: number; patch_size: number; fullatt_block_indexes: number[] };
}
const config = (name: string): Config =>
  JSON.parse(fs.readFileSync(path.join(folder(name), 'config.json'), 'utf8')) as Config;

describe('sample lineage', () => {
  it('is complete and under 30 MB', () => {
    let bytes = 0;
    for (const name of NAMES) {
      assert.deepEqual(fs.readdirSync(folder(name)).sort(), [...FILES].sort(), name);
      for (const file of FILES) bytes += fs.statSync(path.join(folder(name), file)).size;
    }
    assert.ok(bytes < 30e6, `${bytes} bytes`);
  });

  for (const name of NAMES) {
    it(`${name}: a bf16 Qwen2.5-VL of 12 language layers with windows that are smaller than the image`, () => {
      const { model_type, text_config, vision_config, tie_word_embeddings } = config(name);
      assert.equal(model_type, 'qwen2_5_vl');
      assert.equal(text_config.num_hidden_layers, 12);
      assert.equal(tie_word_embeddings, true);
      assert.ok(vision_config.window_size < 112);
      assert.ok(
        vision_config.fullatt_block_indexes.length > 0 &&
          vision_config.fullatt_block_indexes.length < vision_config.depth,
      );
      const all = tensors(name);
      let parameters = 0;
      for (const [key, tensor] of all) {
        const elements = tensor.shape.reduce((a, b) => a * b, 1);
        assert.equal(tensor.dtype, 'BF16', key);
        assert.equal(tensor.bytes.length, 2 * elements, key);
        parameters += elements;
      }
      assert.ok(parameters > 1e6 && parameters < 2e6, `${parameters} parameters`);
      assert.ok(![...all.keys()].some((key) => key.startsWith('lm_head')), 'the head is tied');
      assert.deepEqual(
        [...new Set([...all.keys()].map(layerOf).filter((l) => l !== null))].sort((a, b) => a - b),
        [...Array(12).keys()],
      );
    });
  }

  it('shares one tokenizer, template and preprocessor', () => {
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'preprocessor_config.json'])
      for (const name of NAMES)
        assert.equal(
          fs.readFileSync(path.join(folder(name), file), 'utf8'),
          fs.readFileSync(path.join(folder('base'), file), 'utf8'),
          `${name}/${file}`,
        );
  });

  it('differs from stage to stage in every language layer', () => {
    for (const [from, to] of [
      ['base', 'in'],
      ['in', 'rl'],
    ] as const) {
      const [a, b] = [tensors(from), tensors(to)];
      const moved = new Set(
        [...a].filter(([key, t]) => !b.get(key)?.bytes.equals(t.bytes)).map(([key]) => layerOf(key)),
      );
      for (let layer = 0; layer < 12; layer++)
        assert.ok(moved.has(layer), `${from} → ${to}: layer ${layer} is the same`);
    }
  });

  for (const [name, layers] of Object.entries(FROZEN)) {
    it(`${name}: layers ${layers.join(', ')} are bit for bit those of IN, and no other layer is`, () => {
      const [start, end] = [tensors('in'), tensors(name)];
      assert.deepEqual([...end.keys()].sort(), [...start.keys()].sort());
      const moved = new Set<number>();
      for (const [key, tensor] of start) {
        const layer = layerOf(key);
        const same = end.get(key)?.bytes.equals(tensor.bytes);
        if (layer !== null && layers.includes(layer)) assert.ok(same, `${key} moved`);
        else if (layer !== null && !same) moved.add(layer);
      }
      assert.deepEqual(
        [...moved].sort((a, b) => a - b),
        [...Array(12).keys()].filter((layer) => !layers.includes(layer)),
      );
    });
  }
});
