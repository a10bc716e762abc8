/** The keys of recipes that change some layers of a checkpoint: which layers, and what of them. */
import { type KeySpec, LAYERS } from '../recipe/schema/shapes.js';
import { PARTS } from '../recipe/schema/words.js';

export const CHANGED_LAYERS = {
  layers: {
    shape: LAYERS,
    origin: 'recipe',
    default: 'all language layers',
    doc: 'First language layer and the one after the last, counted from 0.',
    example: '[9, 18]',
  },
  part: {
    shape: { kind: 'word', of: PARTS },
    origin: 'recipe',
    default: 'all',
    doc: 'The whole layer, its attention, or its MLP.',
  },
} satisfies Record<string, KeySpec>;
