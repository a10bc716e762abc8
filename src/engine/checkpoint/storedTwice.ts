/**
 * Weights that one checkpoint stores in two layouts: fused and in parts, or experts stacked and one by one. Tools that
 * add tensors to a state dict leave such files behind.
 */
import { STACK } from '../topology/experts.js';
import { counted, some } from './failure.js';

export interface StoredTwice {
  /** Canonical names of experts of which nothing says which copy counts, with the reason as a sentence. */
  undecided: ReadonlyMap<string, string>;
  /** Sentences for the user. */
  warnings: string[];
}

/** Last segments of fused weights, and those of what they hold where it is stored in parts. */
const FUSED: readonly (readonly [fused: ReadonlySet<string>, parts: readonly string[]])[] = [
  [
    new Set(['qkv', 'qkv_proj', 'query_key_value', 'W_pack', 'Wqkv', 'wqkv', 'c_attn']),
    ['q_proj', 'k_proj', 'v_proj', 'q', 'k', 'v', 'query', 'key', 'value', 'wq', 'wk', 'wv'],
  ],
  [new Set(['gate_up_proj']), ['gate_proj', 'up_proj']],
  [new Set(['in_proj_qkvz']), ['in_proj_qkv', 'in_proj_z']],
  [new Set(['in_proj_ba']), ['in_proj_b', 'in_proj_a']],
];

const EXPERTS_REASON =
  'The same experts are stored stacked and one by one, and nothing says which counts: ' +
  'transformers cannot load such a model.';

/**
 * What is stored twice among tensors of these canonical names. Experts in both layouts are undecided: transformers 5.24
 * fails on them, or takes either by the order of names. Of any other weight a model's class knows one layout, as the
 * families here do; the other is compared under its own name, and a warning says so.
 */
export function storedTwice(names: ReadonlySet<string>): StoredTwice {
  const experts = twofoldExperts(names);
  const rest = new Set([...names].filter((name) => !experts.has(name)));
  const fused = [...rest].filter((name) => partsOf(name).some((part) => rest.has(part)));
  const bare = [...rest].filter((name) => rest.has(`${name}.weight`));
  return {
    undecided: new Map([...experts].map((name) => [name, EXPERTS_REASON])),
    warnings: [
      ...(experts.size > 0
        ? [`${EXPERTS_REASON} ${counted(experts.size, 'tensor', 'is', 'are')} left out: ${some([...experts])}.`]
        : []),
      ...(fused.length > 0
        ? [
            `${counted(fused.length, 'weight', 'is', 'are')} stored twice, fused and in parts: ${some(fused)}. ` +
              `The model's class reads one of the two; both are compared, each under its own name.`,
          ]
        : []),
      ...(bare.length > 0
        ? [
            `${counted(bare.length, 'weight', 'is', 'are')} stored twice, ` +
              `with and without ".weight" at the end of the name: ${some(bare)}. ` +
              `The model's class reads one of the two; both are compared, each under its own name.`,
          ]
        : []),
    ],
  };
}

/** One expert's matrix, as Mixtral names it too. */
const OWN = /^(.*\.experts)\.\d+\.(gate_proj|up_proj|down_proj|w1|w2|w3)\.weight$/;

/** Stacks beside the same experts' own matrices, and those matrices. */
function twofoldExperts(names: ReadonlySet<string>): Set<string> {
  const ownOf = new Map<string, string[]>();
  for (const name of names) {
    const [, module, projection] = OWN.exec(name) ?? [];
    if (module === undefined) continue;
    const stack = stackName(module, ['down_proj', 'w2'].includes(projection!) ? 'down_proj' : 'gate_up_proj');
    const own = ownOf.get(stack) ?? [];
    own.push(name);
    ownOf.set(stack, own);
  }
  const twofold = new Set<string>();
  for (const name of names) {
    const [, module, projection] = STACK.exec(name) ?? [];
    const own = module === undefined ? undefined : ownOf.get(stackName(module, projection!));
    if (own !== undefined) for (const one of [name, ...own]) twofold.add(one);
  }
  return twofold;
}

/** Mixtral's module has a name of its own where experts are stored one by one. */
function stackName(module: string, projection: string): string {
  return `${module.replace('.block_sparse_moe.', '.mlp.')}.${projection}`;
}

/** Names that the parts of a fused weight would have; none for any other name. */
function partsOf(name: string): string[] {
  const [suffix] = /(?:\.weight|\.bias)?$/.exec(name)!;
  const stem = name.slice(0, name.length - suffix.length);
  const last = stem.lastIndexOf('.') + 1;
  const parts = FUSED.find(([fused]) => fused.has(stem.slice(last)))?.[1] ?? [];
  return parts.map((part) => `${stem.slice(0, last)}${part}${suffix}`);
}
