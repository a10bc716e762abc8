// Names as published checkpoints have them, and where their tensors belong.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { TensorLocation } from './tensorPlace.js';
import { LAYOUTS as FAMILIES, layoutByModelType, layoutByNames } from '../families/list.js';
import { canonicalName, canonicalNames } from './names.js';
import { LAYER_INDEX_LIMIT, locateTensor } from './place.js';
import type { Component, Region, Section } from './topology.js';
import { LAYOUTS } from '../../../test/fixtures/checkpoints.js';

/** 28 language layers and 32 vision blocks, cut at thirds. */
const CUTS = [9, 18] as const;

type Row = [
  onDisk: string,
  canonical: string,
  section: Section,
  layer: number | null,
  depth: number | null,
  component: Component,
  region?: Region,
];

const QWEN_TEXT_OLD: Row[] = [
  [
    'model.layers.0.self_attn.q_proj.bias',
    'model.language_model.layers.0.self_attn.q_proj.bias',
    'language',
    0,
    1,
    'attention',
    'early',
  ],
  [
    'model.layers.8.mlp.down_proj.weight',
    'model.language_model.layers.8.mlp.down_proj.weight',
    'language',
    8,
    9,
    'mlp',
    'early',
  ],
  [
    'model.layers.9.post_attention_layernorm.weight',
    'model.language_model.layers.9.post_attention_layernorm.weight',
    'language',
    9,
    10,
    'norm',
    'mid',
  ],
  ['model.embed_tokens.weight', 'model.language_model.embed_tokens.weight', 'language', null, null, 'embedding'],
  ['model.norm.weight', 'model.language_model.norm.weight', 'language', null, null, 'norm'],
  ['lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
];
const LANGUAGE_NEW: Row[] = [
  [
    'model.language_model.layers.17.self_attn.o_proj.weight',
    'model.language_model.layers.17.self_attn.o_proj.weight',
    'language',
    17,
    18,
    'attention',
    'mid',
  ],
  [
    'model.language_model.layers.18.mlp.gate_proj.weight',
    'model.language_model.layers.18.mlp.gate_proj.weight',
    'language',
    18,
    19,
    'mlp',
    'late',
  ],
  [
    'model.language_model.layers.27.input_layernorm.weight',
    'model.language_model.layers.27.input_layernorm.weight',
    'language',
    27,
    28,
    'norm',
    'late',
  ],
  [
    'model.language_model.embed_tokens.weight',
    'model.language_model.embed_tokens.weight',
    'language',
    null,
    null,
    'embedding',
  ],
  ['model.language_model.norm.weight', 'model.language_model.norm.weight', 'language', null, null, 'norm'],
  ['lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
];
const LANGUAGE_OLD: Row[] = [
  [
    'language_model.model.layers.3.mlp.up_proj.weight',
    'model.language_model.layers.3.mlp.up_proj.weight',
    'language',
    3,
    4,
    'mlp',
    'early',
  ],
  [
    'language_model.model.layers.20.self_attn.k_proj.weight',
    'model.language_model.layers.20.self_attn.k_proj.weight',
    'language',
    20,
    21,
    'attention',
    'late',
  ],
  [
    'language_model.model.embed_tokens.weight',
    'model.language_model.embed_tokens.weight',
    'language',
    null,
    null,
    'embedding',
  ],
  ['language_model.model.norm.weight', 'model.language_model.norm.weight', 'language', null, null, 'norm'],
  ['language_model.lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
];
const QWEN_VISION_OLD: Row[] = [
  ['visual.patch_embed.proj.weight', 'model.visual.patch_embed.proj.weight', 'vision', null, null, 'embedding'],
  ['visual.blocks.0.attn.qkv.weight', 'model.visual.blocks.0.attn.qkv.weight', 'vision', 0, -32, 'attention'],
  ['visual.blocks.31.attn.proj.bias', 'model.visual.blocks.31.attn.proj.bias', 'vision', 31, -1, 'attention'],
  ['visual.blocks.5.norm1.weight', 'model.visual.blocks.5.norm1.weight', 'vision', 5, -27, 'norm'],
  ['visual.merger.ln_q.weight', 'model.visual.merger.ln_q.weight', 'projector', null, 0, 'norm'],
  ['visual.merger.mlp.0.weight', 'model.visual.merger.mlp.0.weight', 'projector', null, 0, 'mlp'],
  ['visual.merger.mlp.2.bias', 'model.visual.merger.mlp.2.bias', 'projector', null, 0, 'mlp'],
];

const EXPECTED: Record<string, Row[]> = {
  qwen2_vl: [
    ...QWEN_TEXT_OLD,
    ...LANGUAGE_NEW,
    ...QWEN_VISION_OLD,
    ['visual.blocks.1.mlp.fc1.weight', 'model.visual.blocks.1.mlp.fc1.weight', 'vision', 1, -31, 'mlp'],
    ['model.visual.blocks.1.mlp.fc2.weight', 'model.visual.blocks.1.mlp.fc2.weight', 'vision', 1, -31, 'mlp'],
  ],
  qwen2_5_vl: [
    ...QWEN_TEXT_OLD,
    ...LANGUAGE_NEW,
    ...QWEN_VISION_OLD,
    ['visual.blocks.7.mlp.gate_proj.weight', 'model.visual.blocks.7.mlp.gate_proj.weight', 'vision', 7, -25, 'mlp'],
    ['model.visual.merger.mlp.0.weight', 'model.visual.merger.mlp.0.weight', 'projector', null, 0, 'mlp'],
  ],
  qwen3_vl: [
    ...LANGUAGE_NEW,
    [
      'model.language_model.layers.2.self_attn.q_norm.weight',
      'model.language_model.layers.2.self_attn.q_norm.weight',
      'language',
      2,
      3,
      'norm',
      'early',
    ],
    [
      'model.visual.blocks.3.mlp.linear_fc1.weight',
      'model.visual.blocks.3.mlp.linear_fc1.weight',
      'vision',
      3,
      -29,
      'mlp',
    ],
    ['model.visual.pos_embed.weight', 'model.visual.pos_embed.weight', 'vision', null, null, 'embedding'],
    ['model.visual.merger.linear_fc2.weight', 'model.visual.merger.linear_fc2.weight', 'projector', null, 0, 'mlp'],
    [
      'model.visual.deepstack_merger_list.2.norm.weight',
      'model.visual.deepstack_merger_list.2.norm.weight',
      'projector',
      null,
      0,
      'norm',
    ],
    [
      'model.visual.deepstack_merger_list.0.linear_fc1.bias',
      'model.visual.deepstack_merger_list.0.linear_fc1.bias',
      'projector',
      null,
      0,
      'mlp',
    ],
  ],
  qwen3_vl_moe: [
    [
      'model.language_model.layers.0.mlp.experts.gate_up_proj',
      'model.language_model.layers.0.mlp.experts.gate_up_proj',
      'language',
      0,
      1,
      'mlp',
      'early',
    ],
    [
      'model.language_model.layers.0.mlp.gate.weight',
      'model.language_model.layers.0.mlp.gate.weight',
      'language',
      0,
      1,
      'mlp',
      'early',
    ],
    [
      'model.visual.deepstack_merger_list.0.linear_fc1.weight',
      'model.visual.deepstack_merger_list.0.linear_fc1.weight',
      'projector',
      null,
      0,
      'mlp',
    ],
  ],
  qwen3_5: [
    [
      'model.language_model.layers.0.linear_attn.A_log',
      'model.language_model.layers.0.linear_attn.A_log',
      'language',
      0,
      1,
      'attention',
      'early',
    ],
    [
      'model.language_model.layers.0.linear_attn.conv1d.weight',
      'model.language_model.layers.0.linear_attn.conv1d.weight',
      'language',
      0,
      1,
      'attention',
      'early',
    ],
    [
      'model.language_model.layers.0.linear_attn.norm.weight',
      'model.language_model.layers.0.linear_attn.norm.weight',
      'language',
      0,
      1,
      'norm',
      'early',
    ],
    ['model.visual.merger.norm.weight', 'model.visual.merger.norm.weight', 'projector', null, 0, 'norm'],
    ['mtp.layers.0.mlp.up_proj.weight', 'mtp.layers.0.mlp.up_proj.weight', 'other', null, null, 'mlp'],
  ],
  glm4v: [
    [
      'model.language_model.layers.9.mlp.gate_up_proj.weight',
      'model.language_model.layers.9.mlp.gate_up_proj.weight',
      'language',
      9,
      10,
      'mlp',
      'mid',
    ],
    [
      'model.language_model.layers.9.post_mlp_layernorm.weight',
      'model.language_model.layers.9.post_mlp_layernorm.weight',
      'language',
      9,
      10,
      'norm',
      'mid',
    ],
    ['model.visual.merger.gate_proj.weight', 'model.visual.merger.gate_proj.weight', 'projector', null, 0, 'mlp'],
    [
      'model.visual.merger.post_projection_norm.weight',
      'model.visual.merger.post_projection_norm.weight',
      'projector',
      null,
      0,
      'norm',
    ],
    ['model.visual.downsample.weight', 'model.visual.downsample.weight', 'vision', null, null, 'other'],
    [
      'model.visual.embeddings.position_embedding.weight',
      'model.visual.embeddings.position_embedding.weight',
      'vision',
      null,
      null,
      'embedding',
    ],
  ],
  internvl: [
    ...LANGUAGE_OLD,
    ...LANGUAGE_NEW,
    [
      'vision_tower.encoder.layer.0.attention.projection_layer.weight',
      'model.vision_tower.encoder.layer.0.attention.projection_layer.weight',
      'vision',
      0,
      -32,
      'attention',
    ],
    ['vision_tower.encoder.layer.2.lambda_1', 'model.vision_tower.encoder.layer.2.lambda_1', 'vision', 2, -30, 'other'],
    [
      'vision_tower.encoder.layer.2.layernorm_before.bias',
      'model.vision_tower.encoder.layer.2.layernorm_before.bias',
      'vision',
      2,
      -30,
      'norm',
    ],
    ['vision_tower.embeddings.cls_token', 'model.vision_tower.embeddings.cls_token', 'vision', null, null, 'embedding'],
    [
      'multi_modal_projector.layer_norm.weight',
      'model.multi_modal_projector.layer_norm.weight',
      'projector',
      null,
      0,
      'norm',
    ],
    [
      'model.multi_modal_projector.linear_1.weight',
      'model.multi_modal_projector.linear_1.weight',
      'projector',
      null,
      0,
      'mlp',
    ],
  ],
  internvl_chat: [
    ...LANGUAGE_OLD,
    [
      'language_model.model.layers.1.attention.wqkv.weight',
      'model.language_model.layers.1.attention.wqkv.weight',
      'language',
      1,
      2,
      'attention',
      'early',
    ],
    ['language_model.output.weight', 'language_model.output.weight', 'language', null, null, 'embedding'],
    [
      'vision_model.encoder.layers.4.attn.qkv.weight',
      'vision_model.encoder.layers.4.attn.qkv.weight',
      'vision',
      4,
      -28,
      'attention',
    ],
    ['vision_model.encoder.layers.4.ls1', 'vision_model.encoder.layers.4.ls1', 'vision', 4, -28, 'other'],
    [
      'vision_model.embeddings.class_embedding',
      'vision_model.embeddings.class_embedding',
      'vision',
      null,
      null,
      'embedding',
    ],
    ['mlp1.0.weight', 'mlp1.0.weight', 'projector', null, 0, 'norm'],
    ['mlp1.3.bias', 'mlp1.3.bias', 'projector', null, 0, 'mlp'],
  ],
  llava: [
    ...LANGUAGE_OLD,
    ...LANGUAGE_NEW,
    [
      'vision_tower.vision_model.encoder.layers.23.self_attn.out_proj.weight',
      'model.vision_tower.encoder.layers.23.self_attn.out_proj.weight',
      'vision',
      23,
      -9,
      'attention',
    ],
    [
      'model.vision_tower.vision_model.encoder.layers.23.mlp.fc1.weight',
      'model.vision_tower.encoder.layers.23.mlp.fc1.weight',
      'vision',
      23,
      -9,
      'mlp',
    ],
    [
      'vision_tower.vision_model.embeddings.class_embedding',
      'model.vision_tower.embeddings.class_embedding',
      'vision',
      null,
      null,
      'embedding',
    ],
    [
      'vision_tower.vision_model.pre_layrnorm.weight',
      'model.vision_tower.pre_layrnorm.weight',
      'vision',
      null,
      null,
      'norm',
    ],
    ['multi_modal_projector.linear_2.bias', 'model.multi_modal_projector.linear_2.bias', 'projector', null, 0, 'mlp'],
  ],
  llava_onevision: [
    ['image_newline', 'model.image_newline', 'projector', null, 0, 'embedding'],
    ['model.image_newline', 'model.image_newline', 'projector', null, 0, 'embedding'],
    [
      'vision_tower.vision_model.encoder.layers.0.layer_norm1.weight',
      'model.vision_tower.encoder.layers.0.layer_norm1.weight',
      'vision',
      0,
      -32,
      'norm',
    ],
  ],
  gemma3: [
    ...LANGUAGE_OLD,
    [
      'language_model.model.layers.0.pre_feedforward_layernorm.weight',
      'model.language_model.layers.0.pre_feedforward_layernorm.weight',
      'language',
      0,
      1,
      'norm',
      'early',
    ],
    [
      'vision_tower.vision_model.embeddings.position_embedding.weight',
      'model.vision_tower.embeddings.position_embedding.weight',
      'vision',
      null,
      null,
      'embedding',
    ],
    [
      'vision_tower.encoder.layers.0.mlp.fc2.bias',
      'model.vision_tower.encoder.layers.0.mlp.fc2.bias',
      'vision',
      0,
      -32,
      'mlp',
    ],
    [
      'multi_modal_projector.mm_input_projection_weight',
      'model.multi_modal_projector.mm_input_projection_weight',
      'projector',
      null,
      0,
      'other',
    ],
    [
      'multi_modal_projector.mm_soft_emb_norm.weight',
      'model.multi_modal_projector.mm_soft_emb_norm.weight',
      'projector',
      null,
      0,
      'norm',
    ],
  ],
  mistral3: [
    ...LANGUAGE_OLD,
    [
      'vision_tower.transformer.layers.0.attention.q_proj.weight',
      'model.vision_tower.transformer.layers.0.attention.q_proj.weight',
      'vision',
      0,
      -32,
      'attention',
    ],
    [
      'vision_tower.transformer.layers.0.attention_norm.weight',
      'model.vision_tower.transformer.layers.0.attention_norm.weight',
      'vision',
      0,
      -32,
      'norm',
    ],
    [
      'vision_tower.transformer.layers.0.feed_forward.up_proj.weight',
      'model.vision_tower.transformer.layers.0.feed_forward.up_proj.weight',
      'vision',
      0,
      -32,
      'mlp',
    ],
    ['vision_tower.patch_conv.weight', 'model.vision_tower.patch_conv.weight', 'vision', null, null, 'embedding'],
    ['vision_tower.ln_pre.weight', 'model.vision_tower.ln_pre.weight', 'vision', null, null, 'norm'],
    [
      'multi_modal_projector.patch_merger.merging_layer.weight',
      'model.multi_modal_projector.patch_merger.merging_layer.weight',
      'projector',
      null,
      0,
      'other',
    ],
    ['multi_modal_projector.norm.weight', 'model.multi_modal_projector.norm.weight', 'projector', null, 0, 'norm'],
  ],
  smolvlm: [
    [
      'model.text_model.layers.18.self_attn.v_proj.weight',
      'model.text_model.layers.18.self_attn.v_proj.weight',
      'language',
      18,
      19,
      'attention',
      'late',
    ],
    [
      'model.text_model.embed_tokens.weight',
      'model.text_model.embed_tokens.weight',
      'language',
      null,
      null,
      'embedding',
    ],
    [
      'model.vision_model.encoder.layers.31.self_attn.q_proj.weight',
      'model.vision_model.encoder.layers.31.self_attn.q_proj.weight',
      'vision',
      31,
      -1,
      'attention',
    ],
    [
      'model.connector.modality_projection.proj.weight',
      'model.connector.modality_projection.proj.weight',
      'projector',
      null,
      0,
      'other',
    ],
    ['lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
  ],
  kimi_vl: [
    ...LANGUAGE_OLD,
    [
      'language_model.model.layers.1.self_attn.kv_a_proj_with_mqa.weight',
      'model.language_model.layers.1.self_attn.kv_a_proj_with_mqa.weight',
      'language',
      1,
      2,
      'attention',
      'early',
    ],
    [
      'language_model.model.layers.1.self_attn.kv_a_layernorm.weight',
      'model.language_model.layers.1.self_attn.kv_a_layernorm.weight',
      'language',
      1,
      2,
      'norm',
      'early',
    ],
    [
      'language_model.model.layers.1.mlp.experts.63.up_proj.weight',
      'model.language_model.layers.1.mlp.experts.63.up_proj.weight',
      'language',
      1,
      2,
      'mlp',
      'early',
    ],
    [
      'vision_tower.encoder.blocks.0.wqkv.weight',
      'model.vision_tower.encoder.blocks.0.wqkv.weight',
      'vision',
      0,
      -32,
      'attention',
    ],
    [
      'vision_tower.encoder.blocks.0.norm0.weight',
      'model.vision_tower.encoder.blocks.0.norm0.weight',
      'vision',
      0,
      -32,
      'norm',
    ],
    [
      'vision_tower.patch_embed.pos_emb.weight',
      'model.vision_tower.patch_embed.pos_emb.weight',
      'vision',
      null,
      null,
      'embedding',
    ],
    [
      'multi_modal_projector.pre_norm.weight',
      'model.multi_modal_projector.pre_norm.weight',
      'projector',
      null,
      0,
      'norm',
    ],
  ],
  llama4: [
    ...LANGUAGE_OLD,
    [
      'language_model.model.layers.1.feed_forward.experts.gate_up_proj',
      'model.language_model.layers.1.feed_forward.experts.gate_up_proj',
      'language',
      1,
      2,
      'mlp',
      'early',
    ],
    [
      'language_model.model.layers.1.feed_forward.router.weight',
      'model.language_model.layers.1.feed_forward.router.weight',
      'language',
      1,
      2,
      'mlp',
      'early',
    ],
    [
      'vision_model.model.layers.31.self_attn.q_proj.weight',
      'vision_model.model.layers.31.self_attn.q_proj.weight',
      'vision',
      31,
      -1,
      'attention',
    ],
    [
      'multi_modal_projector.linear_1.weight',
      'model.multi_modal_projector.linear_1.weight',
      'projector',
      null,
      0,
      'mlp',
    ],
  ],
  mllama: [
    ...LANGUAGE_OLD,
    ...LANGUAGE_NEW,
    [
      'language_model.model.layers.3.cross_attn.q_proj.weight',
      'model.language_model.layers.3.cross_attn.q_proj.weight',
      'language',
      3,
      4,
      'attention',
      'early',
    ],
    [
      'language_model.model.layers.3.cross_attn_attn_gate',
      'model.language_model.layers.3.cross_attn_attn_gate',
      'language',
      3,
      4,
      'attention',
      'early',
    ],
    [
      'language_model.model.layers.3.cross_attn_mlp_gate',
      'model.language_model.layers.3.cross_attn_mlp_gate',
      'language',
      3,
      4,
      'mlp',
      'early',
    ],
    [
      'vision_model.transformer.layers.0.mlp.fc1.weight',
      'model.vision_model.transformer.layers.0.mlp.fc1.weight',
      'vision',
      0,
      -32,
      'mlp',
    ],
    // The global stack follows the first one, which has 24 blocks here.
    [
      'vision_model.global_transformer.layers.0.self_attn.q_proj.weight',
      'model.vision_model.global_transformer.layers.0.self_attn.q_proj.weight',
      'vision',
      24,
      -8,
      'attention',
    ],
    [
      'model.vision_model.global_transformer.layers.7.self_attn.q_proj.weight',
      'model.vision_model.global_transformer.layers.7.self_attn.q_proj.weight',
      'vision',
      31,
      -1,
      'attention',
    ],
    ['multi_modal_projector.weight', 'model.multi_modal_projector.weight', 'projector', null, 0, 'other'],
  ],
  qwen2_5_omni: [
    [
      'thinker.model.layers.0.mlp.up_proj.weight',
      'model.language_model.layers.0.mlp.up_proj.weight',
      'language',
      0,
      1,
      'mlp',
      'early',
    ],
    ['thinker.lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
    ['thinker.visual.blocks.0.attn.q.weight', 'model.visual.blocks.0.attn.q.weight', 'vision', 0, -32, 'attention'],
    ['thinker.visual.merger.mlp.0.weight', 'model.visual.merger.mlp.0.weight', 'projector', null, 0, 'mlp'],
    [
      'thinker.audio_tower.layers.0.self_attn.q_proj.weight',
      'audio_tower.layers.0.self_attn.q_proj.weight',
      'other',
      null,
      null,
      'attention',
    ],
    [
      'talker.model.layers.0.self_attn.q_proj.weight',
      'talker.model.layers.0.self_attn.q_proj.weight',
      'other',
      null,
      null,
      'attention',
    ],
  ],
  qwen2: [
    [
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.self_attn.q_proj.weight',
      'language',
      0,
      1,
      'attention',
      'early',
    ],
    ['model.embed_tokens.weight', 'model.embed_tokens.weight', 'language', null, null, 'embedding'],
    ['model.norm.weight', 'model.norm.weight', 'language', null, null, 'norm'],
    ['lm_head.weight', 'lm_head.weight', 'language', null, null, 'embedding'],
    ['classifier.weight', 'classifier.weight', 'other', null, null, 'other'],
  ],
  gpt2: [
    ['h.27.attn.c_attn.weight', 'h.27.attn.c_attn.weight', 'language', 27, 28, 'attention', 'late'],
    ['transformer.h.9.ln_1.weight', 'transformer.h.9.ln_1.weight', 'language', 9, 10, 'norm', 'mid'],
    ['wte.weight', 'wte.weight', 'language', null, null, 'embedding'],
  ],
};

describe('placeTensor', () => {
  for (const [modelType, rows] of Object.entries(EXPECTED)) {
    describe(modelType, () => {
      const family = layoutByModelType(modelType)!;
      const model = {
        layout: family.id,
        layers: 28,
        visionLayers: 32,
        visionStacks: family.vision.stacks.length === 2 && modelType === 'mllama' ? [24, 8] : [32],
      };
      for (const [onDisk, canonical, section, layer, depth, component, region = null] of rows) {
        it(`places ${onDisk}`, () => {
          assert.equal(canonicalName(onDisk, family), canonical);
          assert.equal(canonicalName(canonical, family), canonical, 'canonical names stay');
          const expected: TensorLocation = { name: canonical, section, layer, depth, component, region };
          assert.deepEqual(locateTensor(canonical, model, CUTS), expected);
        });
      }
    });
  }

  it('takes no absurd index for a layer', () => {
    const model = { layout: 'text', layers: 1, visionLayers: 0, visionStacks: [] };
    assert.equal(locateTensor(`model.layers.${LAYER_INDEX_LIMIT}.mlp.x`, model, [0, 0]).layer, LAYER_INDEX_LIMIT);
    for (const index of ['10000', '999999999999', '-1', '1e3', '', 'x']) {
      assert.equal(locateTensor(`model.layers.${index}.mlp.x`, model, [0, 0]).layer, null, index);
    }
  });

  it('matches whole segments', () => {
    const model = { layout: 'qwen3_vl', layers: 1, visionLayers: 1, visionStacks: [1] };
    for (const name of ['model.visually.blocks.0.x', 'model.language_models.layers.0.x', 'lm_heads.weight', 'model']) {
      assert.equal(locateTensor(name, model, [0, 0]).section, 'other', name);
    }
    assert.equal(locateTensor('model.visual.mergers.x', model, [0, 0]).section, 'vision');
  });

  it('places everything of an unknown model somewhere', () => {
    assert.deepEqual(
      locateTensor('weights', { layout: 'no such', layers: 0, visionLayers: 0, visionStacks: [] }, [0, 0]),
      { name: 'weights', section: 'other', layer: null, depth: null, component: 'other', region: null },
    );
  });
});

describe('families', () => {
  it('are told apart by their names alone', () => {
    for (const [modelType, layoutOf] of Object.entries(LAYOUTS)) {
      for (const layout of ['old', 'new'] as const) {
        const { tensors } = layoutOf({ layers: 4, visionLayers: 2, hidden: 8, vocabulary: 8, tied: true, layout });
        assert.equal(layoutByNames(tensors.map(({ name }) => name)), layoutByModelType(modelType), modelType);
      }
    }
  });

  it('have an id of their own, and each model_type one entry', () => {
    const types = FAMILIES.flatMap(({ modelTypes }) => modelTypes);
    assert.equal(new Set(types).size, types.length);
    assert.equal(new Set(FAMILIES.map(({ id }) => id)).size, FAMILIES.length);
  });

  it('have fixtures, so that each entry is tested', () => {
    const covered = new Set(Object.keys(LAYOUTS).map((modelType) => layoutByModelType(modelType)?.id));
    // The MoE twins of two families differ in the experts alone.
    for (const { id } of FAMILIES) assert.ok(covered.has(id) || id.endsWith('_moe'), id);
  });
});

describe('canonicalNames', () => {
  it('never lets two tensors share a name', () => {
    const family = layoutByModelType('llava')!;
    const onDisk = [
      'vision_tower.vision_model.a',
      'vision_tower.a',
      'model.vision_tower.a',
      'thinker.thinker.b',
      'thinker.b',
      'b',
    ];
    const { names, clashes } = canonicalNames(onDisk, family);
    assert.equal(new Set(names.values()).size, onDisk.length);
    assert.equal(names.get('model.vision_tower.a'), 'model.vision_tower.a');
    assert.deepEqual(clashes, ['vision_tower.vision_model.a', 'vision_tower.a']);
    const omni = canonicalNames(['thinker.thinker.b', 'thinker.b', 'b'], layoutByModelType('qwen2_5_omni')!);
    assert.equal(new Set(omni.names.values()).size, 3);
  });
});
