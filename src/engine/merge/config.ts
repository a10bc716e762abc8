/** The config of a recipe's result. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { RecipePlan } from './compile/types.js';
import type { Recipe } from './recipe/ast.js';

const NAME_OF: Readonly<Record<string, string>> = { F64: 'float64', F32: 'float32', BF16: 'bfloat16', F16: 'float16' };

/** The owner's config, with the layers and the dtype that the result has. */
export function configOf(owner: Checkpoint, plan: RecipePlan, { dtype }: Recipe): Checkpoint['config'] {
  if (owner.config === undefined) return undefined;
  const config = structuredClone(owner.config) as Record<string, unknown>;
  const inner = ['text_config', 'llm_config', 'vision_config'].flatMap((key) =>
    isRecord(config[key]) ? [config[key]] : [],
  );
  const text =
    ['text_config', 'llm_config'].flatMap((key) => (isRecord(config[key]) ? [config[key]] : []))[0] ?? config;
  const vision = isRecord(config['vision_config']) ? config['vision_config'] : undefined;
  const moved =
    plan.layers.length !== owner.layers ||
    plan.layers.some(({ from }, layer) => from.some((origin) => origin.layer !== layer));
  if (moved) {
    const before = text['num_hidden_layers'];
    for (const one of new Set([text, config]))
      if (one['num_hidden_layers'] === before && before !== undefined) one['num_hidden_layers'] = plan.layers.length;
    // Newer configs list the kind of every layer.
    const types = text['layer_types'];
    if (Array.isArray(types))
      text['layer_types'] = plan.layers.map(
        ({ from: [origin] }) => (types as unknown[])[origin?.layer ?? 0] ?? (types as unknown[])[0],
      );
  }
  if (vision !== undefined && plan.visionLayers.length !== owner.visionLayers && plan.visionLayers.length > 0) {
    for (const key of ['depth', 'num_hidden_layers'])
      if (vision[key] === owner.visionLayers) vision[key] = plan.visionLayers.length;
  }
  // A loader rounds to the config's dtype: never dequantised weights without a word.
  const dequantised = plan.sources.some(({ checkpoint }) => checkpoint.quantisation !== undefined);
  const given = dtype?.value ?? (dequantised ? 'float32' : NAME_OF[commonDtype(plan) ?? '']);
  if (given !== undefined) {
    for (const one of [config, ...inner])
      for (const key of ['dtype', 'torch_dtype']) if (typeof one[key] === 'string') one[key] = given;
  }
  return config;
}

/** The dtype of most weights. */
function commonDtype({ tensors }: RecipePlan): string | undefined {
  const sizes = new Map<string, number>();
  for (const { dtype, size } of tensors.values()) sizes.set(dtype, (sizes.get(dtype) ?? 0) + size);
  return [...sizes].sort(([, a], [, b]) => b - a)[0]?.[0];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
