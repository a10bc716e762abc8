/** Every family. A new one is a file beside this, and a line here. */
import type { Family, Layout, ModelDeclaration } from './family.js';
import { gemma3 } from './gemma3.js';
import { gemma3Text } from './gemma3Text.js';
import { glm4v } from './glm4v.js';
import { glm4vMoe } from './glm4vMoe.js';
import { gptOss } from './gptOss.js';
import { idefics3, smolvlm } from './idefics3.js';
import { internvl } from './internvl.js';
import { internvlChat } from './internvlChat.js';
import { kimiVl } from './kimiVl.js';
import { llama } from './llama.js';
import { llama4 } from './llama4.js';
import { llava } from './llava.js';
import { mistral3 } from './mistral3.js';
import { mllama } from './mllama.js';
import { qwen2 } from './qwen2.js';
import { qwen25Omni } from './qwen25Omni.js';
import { qwen25Vl } from './qwen25Vl.js';
import { qwen2Vl } from './qwen2Vl.js';
import { qwen3 } from './qwen3.js';
import { qwen35 } from './qwen35.js';
import { qwen35Moe } from './qwen35Moe.js';
import { qwen35Text } from './qwen35Text.js';
import { qwen3Vl } from './qwen3Vl.js';
import { qwen3VlMoe } from './qwen3VlMoe.js';
import { text } from './text.js';

/** In the order in which signs are tried: a special case stands before the general one. */
const LIST: readonly Family[] = [
  qwen25Omni,
  qwen35Moe,
  qwen35,
  glm4vMoe,
  glm4v,
  qwen25Vl,
  qwen2Vl,
  qwen3VlMoe,
  qwen3Vl,
  internvlChat,
  internvl,
  mistral3,
  kimiVl,
  gemma3,
  idefics3,
  smolvlm,
  mllama,
  llama4,
  llava,
  qwen2,
  qwen3,
  qwen35Text,
  llama,
  gemma3Text,
  gptOss,
  text,
];

/** A layout with the `model_type` values of all families that have it. */
export interface KnownLayout extends Layout {
  modelTypes: readonly string[];
}

export const LAYOUTS: readonly KnownLayout[] = [...new Set(LIST.map(({ layout }) => layout))].map((layout) => ({
  ...layout,
  modelTypes: LIST.filter((family) => family.layout === layout).flatMap(({ modelTypes }) => modelTypes),
}));

/** A family that can be run. */
export interface ModelFamily extends ModelDeclaration {
  modelType: string;
}

export const MODEL_FAMILIES: readonly ModelFamily[] = LIST.flatMap(({ modelTypes: [modelType], model }) =>
  model === undefined ? [] : [{ modelType: modelType!, ...model }],
);

/** Vocabulary heads, whatever the family; `embed_out` is GPT-NeoX's, `language_model.output` InternLM2's. */
export const HEADS: readonly string[] = ['lm_head', 'language_model.output', 'embed_out', 'output'];

/** For checkpoints that fit nothing: every tensor is compared, none has a layer. */
export const UNKNOWN_LAYOUT: KnownLayout = {
  id: 'unknown',
  modelTypes: [],
  signs: [],
  projector: [],
  vision: { roots: [], stacks: [] },
  language: { roots: [], stacks: [] },
};

/** The layout with this id; `UNKNOWN_LAYOUT` when there is none. */
export function layoutById(id: string): KnownLayout {
  return LAYOUTS.find((layout) => layout.id === id) ?? UNKNOWN_LAYOUT;
}

/** The layout of the family that lists this `model_type`. */
export function layoutByModelType(modelType: string): KnownLayout | undefined {
  return LAYOUTS.find((layout) => layout.modelTypes.includes(modelType));
}

/** The first layout whose signs all fit names of the checkpoint. Names as on disk. */
export function layoutByNames(onDisk: Iterable<string>): KnownLayout | undefined {
  // 50,000 names have about a hundred shapes: matching shapes keeps detection far below a millisecond per name.
  const shapes = new Set<string>();
  for (const name of onDisk) shapes.add(name.replace(/\d+/g, 'N'));
  const list = [...shapes];
  return LAYOUTS.find(
    (layout) => layout.signs.length > 0 && layout.signs.every((sign) => list.some((shape) => sign.test(shape))),
  );
}

/** The family that lists this `model_type`. */
export function familyOf(modelType: string): Family | undefined {
  return LIST.find(({ modelTypes }) => modelTypes.includes(modelType));
}

/**
 * Whether gate and up alternate in its experts' stacks (`Family.interleavedExperts`).
 * @param config of the checkpoint
 */
export function hasInterleavedExperts(config: Readonly<Record<string, unknown>> | undefined): boolean {
  const modelType = config?.['model_type'];
  return typeof modelType === 'string' && familyOf(modelType)?.interleavedExperts === true;
}

/** The family that is run under this `model_type`. */
export function modelFamily(modelType: string): ModelFamily | undefined {
  return MODEL_FAMILIES.find((family) => family.modelType === modelType);
}
