/** Which matrices a tensor holds. Elements are numbered, so that a part is told by the numbers it covers. */
import { describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { partsOf, type Part } from './parts.js';

const around = (
  name: string,
  shape: number[],
  others: Record<string, number[]> = {},
  config?: Record<string, unknown>,
) => ({ name, shape, shapeOf: (other: string) => others[other], config });
/** Numbers of the elements, row by row. */
const elementsOf = ({ first, rowStride, columnStride, rows, columns }: Part) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => first + row * rowStride + column * columnStride),
  );
const named = (parts: Part[]) => parts.map(({ part, rows, columns }) => [part, rows, columns]);
const find = (parts: Part[], part: string | null) => parts.find((other) => other.part === part)!;

describe('the matrices of a tensor', () => {
  it('are the tensor itself, further axes flattened into columns', () => {
    assert.deepEqual(named(partsOf(around('model.layers.0.mlp.up_proj.weight', [6, 4]))), [[null, 6, 4]]);
    const [kernel] = partsOf(around('model.visual.patch_embed.proj.weight', [3, 2, 1, 2, 2]));
    assert.deepEqual(
      elementsOf(kernel!),
      [0, 8, 16].map((row) => Array.from({ length: 8 }, (_, column) => row + column)),
    );
  });

  it('are an empty one of a tensor without elements', () => {
    for (const shape of [
      [0, 4],
      [4, 0],
      [0, 4, 4],
      [4, 0, 4],
    ]) {
      const parts = partsOf(around('model.layers.0.mlp.experts.gate_up_proj', shape));
      assert.equal(parts.length, 1);
      assert.equal(parts[0]!.rows * parts[0]!.columns, 0);
    }
  });

  it("of a vision tower's qkv are the whole and its thirds, in rows", () => {
    for (const name of [
      'model.visual.blocks.0.attn.qkv.weight',
      'vision_model.encoder.layers.1.attn.qkv.weight',
      'model.vision_tower.encoder.blocks.0.wqkv.weight',
      'x.self_attn.in_proj_weight',
    ]) {
      const parts = partsOf(around(name, [6, 2]));
      assert.deepEqual(named(parts), [
        [null, 6, 2],
        ['q', 2, 2],
        ['k', 2, 2],
        ['v', 2, 2],
      ]);
      assert.deepEqual(elementsOf(find(parts, 'k')), [
        [4, 5],
        [6, 7],
      ]);
    }
  });

  it('of grouped queries are as the config counts heads, and the whole alone without it', () => {
    const name = 'model.layers.0.self_attn.qkv_proj.weight';
    const config = { num_attention_heads: 4, num_key_value_heads: 1 };
    assert.deepEqual(named(partsOf(around(name, [12, 8], {}, config))), [
      [null, 12, 8],
      ['q', 8, 8],
      ['k', 2, 8],
      ['v', 2, 8],
    ]);
    assert.deepEqual(named(partsOf(around(name, [12, 8], {}, { text_config: config }))).length, 4);
    for (const other of [
      undefined,
      {},
      { num_attention_heads: 'four' },
      { num_attention_heads: 5, num_key_value_heads: 2 },
    ])
      assert.equal(partsOf(around(name, [12, 8], {}, other)).length, 1);
  });

  it('of a linear attention are two keys and what is left', () => {
    const parts = partsOf(
      around(
        'model.language_model.layers.0.linear_attn.in_proj_qkv.weight',
        [16, 4],
        {},
        { text_config: { linear_num_key_heads: 2, linear_key_head_dim: 2 } },
      ),
    );
    assert.deepEqual(named(parts).slice(1), [
      ['q', 4, 4],
      ['k', 4, 4],
      ['v', 8, 4],
    ]);
  });

  it('of attention stored by head are not blocks of rows: the whole alone', () => {
    assert.equal(partsOf(around('language_model.model.layers.0.attention.wqkv.weight', [48, 24])).length, 1);
    assert.equal(partsOf(around('gpt_neox.layers.0.attention.query_key_value.weight', [48, 16])).length, 1);
  });

  it('of gate_up_proj are its halves', () => {
    for (const name of ['model.layers.0.mlp.gate_up_proj.weight', 'model.layers.0.mlp.gate_up_proj']) {
      const parts = partsOf(around(name, [6, 2]));
      assert.deepEqual(named(parts), [
        [null, 6, 2],
        ['gate', 3, 2],
        ['up', 3, 2],
      ]);
      assert.deepEqual(elementsOf(find(parts, 'up')), [
        [6, 7],
        [8, 9],
        [10, 11],
      ]);
    }
    assert.equal(partsOf(around('model.layers.0.mlp.gate_up_proj.weight', [5, 2])).length, 1);
  });

  describe('of a stack of experts', () => {
    const at = 'model.language_model.layers.0.mlp.experts';

    it('stored inputs first, are one per expert, turned, with halves', () => {
      const shapes = { [`${at}.gate_up_proj`]: [2, 3, 4], [`${at}.down_proj`]: [2, 2, 3] };
      const parts = partsOf(around(`${at}.gate_up_proj`, [2, 3, 4], shapes));
      assert.deepEqual(named(parts), [
        ['expert 0', 4, 3],
        ['expert 0 gate', 2, 3],
        ['expert 0 up', 2, 3],
        ['expert 1', 4, 3],
        ['expert 1 gate', 2, 3],
        ['expert 1 up', 2, 3],
      ]);
      assert.deepEqual(elementsOf(find(parts, 'expert 1 up')), [
        [14, 18, 22],
        [15, 19, 23],
      ]);
      const down = partsOf(around(`${at}.down_proj`, [2, 2, 3], shapes));
      assert.deepEqual(named(down), [
        ['expert 0', 3, 2],
        ['expert 1', 3, 2],
      ]);
      assert.deepEqual(elementsOf(down[1]!), [
        [6, 9],
        [7, 10],
        [8, 11],
      ]);
    });

    it('stored outputs first, have halves in rows', () => {
      const shapes = { [`${at}.gate_up_proj`]: [2, 4, 3], [`${at}.down_proj`]: [2, 3, 2] };
      const parts = partsOf(around(`${at}.gate_up_proj`, [2, 4, 3], shapes));
      assert.deepEqual(named(parts).slice(3), [
        ['expert 1', 4, 3],
        ['expert 1 gate', 2, 3],
        ['expert 1 up', 2, 3],
      ]);
      assert.deepEqual(elementsOf(find(parts, 'expert 1 up')), [
        [18, 19, 20],
        [21, 22, 23],
      ]);
    });

    it('are whole where nothing says how their halves lie', () => {
      const parts = partsOf(around(`${at}.gate_up_proj`, [2, 3, 4]));
      assert.deepEqual(named(parts), [
        ['expert 0', 3, 4],
        ['expert 1', 3, 4],
      ]);
      const interleaved = partsOf(
        around(`${at}.gate_up_proj`, [2, 3, 4], { [`${at}.down_proj`]: [2, 2, 3] }, { model_type: 'gpt_oss' }),
      );
      assert.deepEqual(named(interleaved), [
        ['expert 0', 4, 3],
        ['expert 1', 4, 3],
      ]);
    });

    it('are not taken apart when there are more than any model has', () => {
      assert.deepEqual(named(partsOf(around(`${at}.gate_up_proj`, [5000, 1, 2]))), [[null, 5000, 2]]);
    });
  });
});
