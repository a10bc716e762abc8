/** Words of the recipe language that have a meaning of their own. */

export const DTYPES = ['float64', 'float32', 'bfloat16', 'float16'] as const;
export const PARTS = ['all', 'attention', 'mlp'] as const;
export type Part = (typeof PARTS)[number];
export const NOISE_SCALES = ['absolute', 'relative'] as const;

/** Roles that have a meaning of their own; others may be named freely. */
export const ROLES: Readonly<Record<string, string>> = {
  base: 'The pretrained model that the lineage starts from.',
  in: 'After supervised training (instruction tuning, cold start).',
  rl: 'After reinforcement learning.',
};

/** What a recipe does: exactly one of these keys stands in it. */
export const FORMS = ['stitch', 'interpolate', 'noise', 'models', 'slices', 'modules'] as const;

/** Modules of a vision-language model, as mergekit names them; `default` is the only one of a text model. */
export const MODULES: Readonly<Record<string, { section: 'language' | 'vision' | 'projector'; doc: string }>> = {
  text_decoder: { section: 'language', doc: 'The language model: embeddings, layers, final norm, head.' },
  vision_tower: { section: 'vision', doc: 'The vision encoder.' },
  vision_model: { section: 'vision', doc: 'The vision encoder, as Llama 4 calls it.' },
  multi_modal_projector: { section: 'projector', doc: 'What turns visual features into tokens of the language model.' },
  default: { section: 'language', doc: 'The only module of a text model.' },
};
