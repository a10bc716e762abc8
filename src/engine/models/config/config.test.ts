/** Every number of a config is held against one schema, and what would change the arithmetic is refused by name. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../merge/checkpoint.js';
import { checkTokenizer } from '../processor/tokenizerSchema.js';
import { readSpec } from '../spec.js';

const CHECKPOINTS = path.resolve('test/parity/model/checkpoints');
type Config = Record<string, unknown>;

describe('a config', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'config-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** The spec of a stored checkpoint with other settings in one part of its config. */
  async function specWith(name: string, changes: Config, part?: 'text_config' | 'vision_config') {
    await cp(path.join(CHECKPOINTS, name), folder, { recursive: true });
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Config;
    Object.assign(part === undefined ? config : (config[part] as Config), changes);
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
    return readSpec(await openCheckpoint(folder));
  }

  async function refuses(
    name: string,
    part: 'text_config' | 'vision_config' | undefined,
    key: string,
    values: readonly unknown[],
    code = 'malformed',
  ) {
    for (const value of values) {
      const what = `${key}: ${JSON.stringify(value)}`;
      await assert.rejects(
        specWith(name, { [key]: value }, part),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, code, `${what}: ${error.message}`);
          assert.ok(error.message.includes(part === undefined ? `"${key}` : `"${part}.${key}`), error.message);
          assert.match(error.message, /^[^\n]*\.$/);
          return true;
        },
        what,
      );
    }
  }

  const NO_COUNT = [0, -1, 2.5, '4', true, [4], {}, 1e12];

  it('names a number of the language model that is of the wrong type or range, and its value', async () => {
    const text = (key: string, values: readonly unknown[]) => refuses('qwen2_5_vl-tied', 'text_config', key, values);
    await text('num_attention_heads', [...NO_COUNT, null]);
    await text('num_key_value_heads', NO_COUNT);
    await text('hidden_size', [...NO_COUNT, null, 33]);
    await text('intermediate_size', [...NO_COUNT, 47]);
    await text('vocab_size', [...NO_COUNT, 95]);
    await text('head_dim', [...NO_COUNT, 16]);
    await text('max_position_embeddings', NO_COUNT);
    await text('rms_norm_eps', ['1e-2', -1e-6, 2, null, 'NaN']);
    await text('tie_word_embeddings', ['false', 0, null]);
    await text('use_sliding_window', ['true', 1]);
    await text('sliding_window', [0.5, -3, 0, '4096']);
    await text('max_window_layers', [-1, 1.5, 'x']);
    await text('layer_types', ['full_attention', [1], {}]);
    await text('hidden_act', [5, null]);
    await assert.rejects(specWith('qwen3', { hidden_act: 'relu2' }), { code: 'unsupported', message: /"relu2"/ });
  });

  it('names a number of the vision tower that is of the wrong type or range, and its value', async () => {
    const vision = (key: string, values: readonly unknown[]) =>
      refuses('qwen2_5_vl-tied', 'vision_config', key, values);
    // A merged patch is 8 pixels wide here.
    await vision('window_size', [7, 0, 0.5, -56, '16', null]);
    await vision('num_heads', [0, -2, 1.5, '2']);
    await vision('patch_size', [0, 3, 4.5, [4, 4], 1e9]);
    await vision('spatial_merge_size', [0, 1, 3, 'x']);
    await vision('temporal_patch_size', [0, 1, 1.5]);
    await vision('in_channels', [1, 4]);
    await vision('intermediate_size', [41, '40']);
    await vision('hidden_size', [31]);
    await vision('out_hidden_size', [31]);
    await vision('fullatt_block_indexes', [[1.5], ['1'], 1, [-1]]);
    await assert.rejects(specWith('qwen2_5_vl-tied', { rope_parameters: { rope_theta: 500 } }, 'vision_config'), {
      code: 'unsupported',
      message: /"vision_config\.rope_theta" to 500/,
    });
    await refuses('qwen3_vl', 'vision_config', 'deepstack_visual_indexes', [[2, 0], [0, 0], [7], [0.5]]);
    await refuses('qwen3_vl', 'vision_config', 'num_position_embeddings', [24]);
    await refuses('qwen2_vl', 'vision_config', 'mlp_ratio', [3, '2']);
    await refuses('qwen2_5_vl-tied', undefined, 'image_token_id', [96, -1, 1.5, '2']);
    assert.equal((await specWith('qwen2_5_vl-tied', { window_size: 8 }, 'vision_config')).vision!.window, 8);
  });

  it('may not ask for arithmetic that its family does not have', async () => {
    const refused = (name: string, key: string, values: readonly unknown[]) =>
      refuses(name, undefined, key, values, 'unsupported');
    await refused('qwen3', 'attn_logit_softcapping', [30]);
    await refused('llama3', 'logit_scale', [0.5]);
    await refused('llama3', 'query_pre_attn_scalar', [256]);
    await refused('llama3', 'residual_multiplier', [0.22]);
    await refused('llama3', 'embedding_multiplier', [12]);
    await refused('llama3', 'attention_multiplier', [0.01]);
    await refused('llama3', 'use_sliding_window', [true]);
    await refused('llama3', 'sliding_window', [8]);
    await refused('llama3', 'layer_types', [['sliding_attention', 'full_attention']]);
    await refused('qwen2-tied', 'is_causal', [false]);
    await refuses('qwen3_vl', 'text_config', 'num_experts', [8], 'unsupported');
    const { language } = await specWith('llama3', {
      logit_scale: 1,
      residual_multiplier: 1,
      attn_logit_softcapping: null,
    });
    assert.equal(language.layers, 4);
  });

  it('says how layers mix tokens, in sizes that the stored tensors have', async () => {
    const text = (key: string, values: readonly unknown[], code?: string) =>
      refuses('qwen3_5', 'text_config', key, values, code);
    await text('layer_types', [['sliding_attention', ...new Array<string>(3).fill('linear_attention')]], 'unsupported');
    await text('layer_types', [['full_attention'], new Array<string>(4).fill('linear_attention'), 'x', [1]]);
    await text('full_attention_interval', [...NO_COUNT, null]);
    await text('linear_num_value_heads', [...NO_COUNT, 2]);
    await text('linear_num_key_heads', [...NO_COUNT, 3]);
    await text('linear_key_head_dim', [...NO_COUNT, 9]);
    await text('linear_value_head_dim', [...NO_COUNT, 5]);
    await text('linear_conv_kernel_dim', [...NO_COUNT, 3]);
    for (const partial_rotary_factor of [0.05, 0.1, 2, '1'])
      await assert.rejects(specWith('qwen3_5', { rope_parameters: { partial_rotary_factor } }, 'text_config'), {
        code: 'malformed',
        message: /"text_config\.rope_parameters\.partial_rotary_factor"/,
      });
    // The pattern of published checkpoints, where the config lists none.
    const { language } = await specWith('qwen3_5', { layer_types: null }, 'text_config');
    assert.deepEqual(language.mixers, ['linear', 'linear', 'linear', 'attention']);
    await assert.rejects(specWith('qwen3_5', { layer_types: null, full_attention_interval: 2 }, 'text_config'), {
      code: 'malformed',
      message: /self_attn\.q_proj/,
    });
    // Another family's layers may not carry states.
    await refuses('qwen3', undefined, 'layer_types', [new Array<string>(4).fill('linear_attention')], 'unsupported');
    await refuses('qwen3', undefined, 'linear_num_key_heads', [2], 'unsupported');
  });

  it('names what towers of squares and their projectors cannot be, and language models that are not built', async () => {
    const vision = (key: string, values: readonly unknown[], code?: string) =>
      refuses('internvl', 'vision_config', key, values, code);
    await vision('image_size', [0, 24, [16, 1.5], '16', []]);
    await vision('image_size', [[16, 20]], 'unsupported');
    await vision('patch_size', [8, [0, 0], null]);
    await vision('num_attention_heads', [5, 0, '4']);
    await vision('norm_type', ['batch_norm', 3]);
    await vision('use_absolute_position_embeddings', [false], 'unsupported');
    await vision('use_moe', [true], 'unsupported');
    await refuses('internvl', undefined, 'downsample_ratio', [0, 1, 0.3, '0.5']);
    await refuses('internvl', undefined, 'vision_feature_layer', [-2, [1, 2]], 'unsupported');
    await refuses('internvl', undefined, 'vision_feature_select_strategy', ['full'], 'unsupported');
    await refuses('internvl', 'text_config', 'model_type', ['gpt_oss', 'qwen3_moe', 7], 'unsupported');
    await refuses('internvl_chat', undefined, 'ps_version', ['v1', null], 'unsupported');
    await refuses('internvl_chat', 'vision_config', 'use_moe', [true], 'unsupported');
    await refuses('internvl_chat', undefined, 'pad2square', [true], 'unsupported');
    const { vision: tower, language } = await specWith('internvl_chat-qwen3', { image_fold: null });
    assert.deepEqual([tower!.norm, tower!.merge, tower!.square!.qkNorm, language.layer.qkNorm], ['rms', 2, true, true]);
  });

  it('may not have settings that its family does not know, but may describe itself', async () => {
    await refuses('qwen3', undefined, 'norm_offset', [1, true, 'unit', [1]], 'unsupported');
    await refuses('qwen2_5_vl-tied', 'text_config', 'value_scale', [0.5], 'unsupported');
    // Another tower's: transformers would read it there.
    await refuses('qwen2_vl', 'vision_config', 'window_size', [112], 'unsupported');
    await refuses('qwen2_5_vl-tied', 'vision_config', 'deepstack_visual_indexes', [[1]], 'unsupported');
    const { language } = await specWith('llama3', {
      norm_offset: null,
      value_scale: 0,
      auto_map: { AutoConfig: 'x.Y' },
      unsloth_version: '2026.1',
      _attn_implementation_autoset: true,
      sep_token_id: 5,
      torch_dtype: 'bfloat16',
      // Settings of generation may stand in a config too.
      min_p: 0.1,
      max_new_tokens: 64,
      stop_strings: ['x'],
    });
    assert.equal(language.layers, 4);
  });

  it('decides about biases and windows as transformers does', async () => {
    await assert.rejects(specWith('qwen3', { attention_bias: true }), { code: 'malformed', message: /q_proj\.bias/ });
    const { language, notices } = await specWith('llama-biased', { attention_bias: false });
    assert.deepEqual([language.layer.qkvBias, language.layer.outputBias, language.layer.mlpBias], [false, false, true]);
    assert.match(notices.join('\n'), /"self_attn\.q_proj\.bias".* it is not used/);
    const windows = async (changes: Config) => (await specWith('qwen2-tied', changes)).language.windows;
    const layer_types = ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'];
    assert.deepEqual(await windows({ use_sliding_window: true, sliding_window: 6, layer_types }), [null, 6, null, 6]);
    assert.deepEqual(await windows({ use_sliding_window: true, sliding_window: null, layer_types: null }), [
      null,
      null,
      null,
      null,
    ]);
    assert.deepEqual(await windows({ use_sliding_window: false, sliding_window: 6, layer_types: null }), [
      null,
      null,
      null,
      null,
    ]);
    await assert.rejects(windows({ use_sliding_window: false, layer_types }), {
      code: 'malformed',
      message: /sliding/,
    });
  });
});

describe('a tokenizer.json', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: ['a b'] };
  const refused = (stored: object, pattern: RegExp) =>
    assert.throws(() => checkTokenizer(stored as Config, 'tokenizer.json'), { code: 'malformed', message: pattern });

  it('is refused by the key that no tokenizer has', () => {
    checkTokenizer({ model }, 'tokenizer.json');
    refused({}, /has no "model"/);
    refused({ model: 5 }, /"model" to 5; it must be an object/);
    for (const vocab of [5, ['a'], 'a', null]) refused({ model: { ...model, vocab } }, /"model\.vocab/);
    refused({ model: { ...model, vocab: { a: '0' } } }, /"model\.vocab\.a" to "0"; it must be a whole number/);
    refused({ model: { ...model, vocab: { a: -1 } } }, /"model\.vocab\.a" to -1/);
    refused({ model: { ...model, vocab: { a: 3, b: 3 } } }, /the tokens "a" and "b" one id, 3/);
    refused({ model: { ...model, merges: 7 } }, /"model\.merges"/);
    refused({ model, added_tokens: [{ id: 'x', content: 'c' }] }, /"added_tokens\.0\.id"/);
    refused({ model: { type: 'Unigram', vocab: { a: 1 } } }, /"model\.vocab/);
    const split = { type: 'Split', pattern: { String: ' ' }, behavior: [[]] };
    refused({ model, pre_tokenizer: split }, /"pre_tokenizer\.behavior" to \[\[\]\]; it must be one of Removed/);
    refused({ model, pre_tokenizer: { type: 'Sequence', pretokenizers: [split] } }, /pretokenizers\.0\.behavior"/);
    refused({ model, normalizer: [] }, /"normalizer/);
  });
});
