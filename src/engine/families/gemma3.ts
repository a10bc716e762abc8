import type { Family } from './family.js';
import { GEMMA3_LANGUAGE, GEMMA3_LANGUAGE_KEYS } from './gemma3Text.js';
import { LLAVA_PROJECTOR, NESTED, NESTED_ROOT, SIGLIP, SIGLIP_SQUARE, tower, VIT_KEYS } from './shared.js';

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
      vision: [...VIT_KEYS, 'initializer_factor', 'projection_dim', 'vision_use_head'],
      model: ['mm_tokens_per_image'],
    },
    language: { ...GEMMA3_LANGUAGE, root: NESTED_ROOT, imagesWhole: true },
    vision: {
      ...SIGLIP,
      root: 'model.vision_tower',
      patchSize: 16,
      square: { ...SIGLIP_SQUARE, heads: 12 },
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
