import type { Family } from './family.js';
import { GEMMA3_LANGUAGE, GEMMA3_LANGUAGE_KEYS } from './gemma3Text.js';
import { LLAVA_PROJECTOR, NESTED, NESTED_ROOT, tower } from './shared.js';

const PROJECTOR = 'model.multi_modal_projector';

export const gemma3: Family = {
  modelTypes: ['gemma3'],
  layout: {
    id: 'gemma3',
    signs: [/\bmulti_modal_projector\.mm_soft_emb_norm\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layers'),
    language: NESTED,
  },
  model: {
    name: 'Gemma 3',
    tiedByDefault: true,
    // What pools a whole image into one vector.
    unused: ['model.vision_tower.head'],
    keys: {
      language: GEMMA3_LANGUAGE_KEYS,
      vision: [
        'attention_dropout',
        'hidden_act',
        'hidden_size',
        'image_size',
        'initializer_factor',
        'initializer_range',
        'intermediate_size',
        'layer_norm_eps',
        'num_attention_heads',
        'num_channels',
        'num_hidden_layers',
        'patch_size',
        'projection_dim',
        'vision_use_head',
      ],
      model: ['mm_tokens_per_image'],
    },
    language: { ...GEMMA3_LANGUAGE, root: NESTED_ROOT, imagesWhole: true },
    vision: {
      root: 'model.vision_tower',
      widthKey: 'hidden_size',
      names: {
        patches: 'embeddings.patch_embedding',
        blocks: 'encoder.layers',
        norm1: 'layer_norm1',
        qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
        output: 'self_attn.out_proj',
        norm2: 'layer_norm2',
      },
      norm: 'layer',
      mlp: { kind: 'plain', first: 'mlp.fc1', second: 'mlp.fc2' },
      activation: 'gelu_pytorch_tanh',
      patchSize: 16,
      epsilon: 1e-6,
      square: {
        imageSize: 224,
        heads: 12,
        positions: 'embeddings.position_embedding.weight',
        finalNorm: 'post_layernorm',
      },
      projector: {
        kind: 'pooled',
        norm: `${PROJECTOR}.mm_soft_emb_norm`,
        matrix: `${PROJECTOR}.mm_input_projection_weight`,
      },
      boxes: 'thousandths',
      processors: ['Gemma3ImageProcessor'],
      squares: 'whole',
      imageToken: 262_144,
      prompt: {
        placeholder: '<start_of_image>',
        text: '\n\n<start_of_image><image_soft_token><end_of_image>\n\n',
        image: '<image_soft_token>',
      },
    },
  },
  mergekitVision: 'vision_tower',
};
