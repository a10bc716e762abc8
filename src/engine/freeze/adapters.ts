/** Where a LoRA run puts its adapters: linear maps of language layers that are not frozen. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { layoutById } from '../families/list.js';
import { indexInStacks } from '../topology/place.js';
import type { Parameter } from '../analyses/verify/parameters.js';
import { escaped } from '../analyses/verify/selector.js';

export interface Adapters {
  /** Of modules, full match, as PEFT reads `target_modules` where it is one string. */
  pattern: string;
  modules: number;
  /** Elements of both factors of all of them. */
  parameters: number;
}

/** Linear maps of attention and MLP, by what families call them. Experts are no modules of their own. */
const LINEAR =
  /\.(?:[qkvo]_proj|qkv_proj|out_proj|gate_proj|up_proj|down_proj|gate_up_proj|fc[12]|c_attn|c_proj)\.weight$/;

/** @param frozen names of parameters that are frozen. @returns undefined where nothing is left to adapt. */
export function adaptersOf(
  parameters: readonly Parameter[],
  frozen: ReadonlySet<string>,
  { layout }: Pick<Checkpoint, 'layout'>,
  rank: number,
): Adapters | undefined {
  const adapted = parameters.filter(
    ({ name, part, shape }) =>
      part === 'layers' && shape.length === 2 && LINEAR.test(name) && !name.includes('.experts.') && !frozen.has(name),
  );
  if (adapted.length === 0) return undefined;
  return {
    pattern: modulesPattern(
      adapted.map(({ name }) => name.replace(/\.weight$/, '')),
      layoutById(layout).language.stacks,
    ),
    modules: adapted.length,
    parameters: adapted.reduce((sum, { shape }) => sum + rank * (shape[0]! + shape[1]!), 0),
  };
}

/** Layers with the same modules stand together: `model\.layers\.(0|1)\.(self_attn\.q_proj|mlp\.up_proj)`. */
function modulesPattern(modules: readonly string[], stacks: readonly string[]): string {
  const layers = new Map<string, { root: string; layer: number; below: string[] }>();
  for (const module of modules) {
    const { stack, index } = indexInStacks(`${module}.`, stacks)!;
    const root = stacks[stack]!;
    const key = `${root}.${index}`;
    const entry = layers.get(key) ?? { root, layer: index, below: [] };
    entry.below.push(module.slice(key.length + 1));
    layers.set(key, entry);
  }
  const groups = new Map<string, { root: string; below: string[]; layers: number[] }>();
  for (const { root, layer, below } of layers.values()) {
    const key = `${root} ${below.join(' ')}`;
    const entry = groups.get(key) ?? { root, below, layers: [] };
    entry.layers.push(layer);
    groups.set(key, entry);
  }
  return [...groups.values()]
    .map(
      ({ root, below, layers: numbers }) =>
        `${escaped(root)}\\.(${numbers.sort((a, b) => a - b).join('|')})\\.(${below.map(escaped).join('|')})`,
    )
    .join('|');
}
