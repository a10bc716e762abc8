/**
 * Layers whose MLP is a choice of experts: which layers, their sizes, and where an expert lies in a checkpoint, as
 * matrices of its own or as a slice of a stack of all.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { malformed, quoted } from '../checkpoint/failure.js';
import type { ExpertFamily } from '../families/family.js';
import { inputsFirst } from '../topology/experts.js';
import { outOfRange } from './config/check.js';
import { foreign } from './config/keys.js';
import type { LanguageSettings } from './config/schema.js';
import type { ExpertShape } from './graphs/expertShape.js';

/** What a layer has behind its mixer. */
export type Mlp = 'dense' | 'experts';

/** Where experts are read from. */
export interface ExpertSource {
  checkpoint: Checkpoint;
  /** config.json, and where the settings stand in it, for messages. */
  file: string;
  at: string;
  /** Canonical path of the language model. */
  root: string;
}

/** The MLP of every layer, as transformers decides. */
export function mlpsOf(family: ExpertFamily | undefined, settings: LanguageSettings, layers: number): Mlp[] {
  const { mlp_only_layers: dense, decoder_sparse_step: step } = settings;
  return Array.from({ length: layers }, (_, layer): Mlp => {
    if (family === undefined) return 'dense';
    return family.someDense && (dense?.includes(layer) || (layer + 1) % step !== 0) ? 'dense' : 'experts';
  });
}

/**
 * Sizes of the experts, held to what every layer stores; null where no layer has any.
 * @throws `malformed` where config and tensors disagree; `unsupported` for scores that do not add up to one, which
 * transformers has no way to compute for these families.
 */
export function expertsOf(
  source: ExpertSource,
  family: ExpertFamily | undefined,
  settings: LanguageSettings,
  mlps: readonly Mlp[],
  hidden: number,
): ExpertShape | null {
  if (family === undefined || !mlps.includes('experts')) return null;
  const { checkpoint, file, at, root } = source;
  const keyAt = (key: keyof LanguageSettings) => (at === '' ? key : `${at}.${key}`);
  const key = settings.num_experts === undefined ? 'num_local_experts' : 'num_experts';
  const { num_local_experts: other, num_experts_per_tok: chosen, moe_intermediate_size: inner } = settings;
  const count = settings[key] ?? family.count;
  if (settings.norm_topk_prob === false) throw foreign(file, keyAt('norm_topk_prob'), false);
  if (other !== undefined && other !== count)
    throw outOfRange(file, keyAt('num_local_experts'), other, `${count}, as "num_experts" has it`);
  if (chosen > count)
    throw outOfRange(file, keyAt('num_experts_per_tok'), chosen, `at most the number of experts, ${count}`);
  const shared = family.shared === undefined ? 0 : settings.shared_expert_intermediate_size;
  mlps.forEach((mlp, layer) => {
    if (mlp !== 'experts') return;
    const stored = storedExperts(checkpoint, root, layer);
    const where = `, as layer ${layer} stores them`;
    if (stored.count !== count) throw outOfRange(file, keyAt(key), count, `${stored.count}${where}`);
    if (stored.inner !== inner)
      throw outOfRange(file, keyAt('moe_intermediate_size'), inner, `${stored.inner}${where}`);
    const router = shapeOf(checkpoint, `${root}.layers.${layer}.mlp.gate.weight`);
    if (router.join() !== [count, hidden].join())
      throw malformed(
        checkpoint.path,
        `has a router of shape [${router.join(', ')}] in layer ${layer}, and ${count} experts of ${hidden} inputs.`,
      );
    if (shared === 0) return;
    const [rows] = shapeOf(checkpoint, `${root}.layers.${layer}.mlp.shared_expert.gate_proj.weight`);
    if (rows !== shared)
      throw outOfRange(file, keyAt('shared_expert_intermediate_size'), shared, `${rows}, as layer ${layer} stores it`);
  });
  return { count, chosen, inner, shared };
}

function shapeOf(checkpoint: Checkpoint, name: string): readonly number[] {
  const tensor = checkpoint.tensors.get(name);
  if (tensor === undefined)
    throw malformed(checkpoint.path, `has no tensor ${quoted(name)}, without which it cannot be run.`);
  return tensor.shape;
}

interface StoredExperts {
  count: number;
  inner: number;
  /** Names of gate and up, and of the projection back, where all experts lie in stacks. */
  stacks: { gateUp: string; down: string } | undefined;
  /** Of stacks: each expert is inputs × outputs. */
  inputsFirst: boolean;
}

/** @throws `malformed` where a layer has neither stacks that fit each other nor an expert of its own name */
export function storedExperts({ tensors, path }: Checkpoint, root: string, layer: number): StoredExperts {
  const at = `${root}.layers.${layer}.mlp.experts`;
  const stack = (name: string) => [`${at}.${name}`, `${at}.${name}.weight`].find((one) => tensors.has(one));
  const [gateUp, down] = [stack('gate_up_proj'), stack('down_proj')];
  if (gateUp !== undefined && down !== undefined) {
    const [both, back] = [tensors.get(gateUp)!.shape, tensors.get(down)!.shape];
    const first = inputsFirst(both, back, undefined);
    if (first === undefined || both[0] !== back[0])
      throw malformed(
        path,
        `has stacks of experts in layer ${layer} that do not fit each other: [${both.join(', ')}] and ` +
          `[${back.join(', ')}].`,
      );
    return { count: both[0]!, inner: back[first ? 1 : 2]!, stacks: { gateUp, down }, inputsFirst: first };
  }
  let count = 0;
  while (tensors.has(`${at}.${count}.gate_proj.weight`)) count++;
  if (count === 0)
    throw malformed(path, `has no experts in layer ${layer} (${quoted(`${at}.0.gate_proj.weight`)} or stacks of all).`);
  const [inner] = tensors.get(`${at}.0.gate_proj.weight`)!.shape;
  return { count, inner: inner!, stacks: undefined, inputsFirst: false };
}

/** Numbers of one expert. */
export function expertNumbers({ hidden, experts }: { hidden: number; experts: ExpertShape | null }): number {
  return experts === null ? 0 : 3 * hidden * experts.inner;
}

/** Layers with experts, ascending. */
export function expertLayers(mlps: readonly Mlp[]): number[] {
  return [...mlps.keys()].filter((layer) => mlps[layer] === 'experts');
}
