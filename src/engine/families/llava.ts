import type { Family } from './family.js';
import { LLAVA_PROJECTOR, NESTED, tower } from './shared.js';

/** A Pixtral tower inside a LLaVA (`transformer.layers`) has no CLIP stack beside it, so listing both is enough. */
export const llava: Family = {
  modelTypes: ['llava', 'llava_next', 'llava_onevision', 'vipllava', 'paligemma'],
  layout: {
    id: 'llava',
    signs: [/\bvision_tower\./, /\bmulti_modal_projector\./],
    projector: LLAVA_PROJECTOR,
    vision: tower('encoder.layers', 'transformer.layers'),
    language: NESTED,
  },
};
