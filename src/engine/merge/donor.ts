/**
 * A text model as donor of a vision-language model's language layers: the same weights under that model's names. The
 * recipe's owner keeps its config, so what the donor's config says otherwise is refused or said.
 */
import { targetFinder } from '../checkpoint/adapterTargets.js';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { FrankensteinError } from '../errors.js';
import { layoutById } from '../families/list.js';
import { textConfig } from '../topology/model.js';
import { isUnder } from '../topology/place.js';
import type { Source } from './compile/types.js';

type Config = Readonly<Record<string, unknown>>;

/** With other values, the same weights are another function, which no shape shows. */
const SAME = ['num_attention_heads', 'num_key_value_heads', 'head_dim', 'hidden_act', 'sliding_window'] as const;
/** Layers run with the owner's; models that were trained apart may differ, and their users should know. */
const OWNERS = ['rms_norm_eps', 'rope_theta'] as const;

export interface Donor {
  source: Source;
  /** What the layers were trained with and the result does not use, for people. */
  notes: string[];
}

/**
 * `text` as the language model of `whole`.
 * @returns undefined where it is none: its weights have other names, or it is no text model.
 * @throws `mismatch` where the names are the same and the configs mean other arithmetic.
 */
export function asDonor(text: Source, whole: Source): Donor | undefined {
  const [small, large] = [text.checkpoint, whole.checkpoint];
  if (small.visionLayers > 0 || large.visionLayers === 0 || small.layout === large.layout) return undefined;
  const tensors = renamed(small, large);
  if (tensors === undefined) return undefined;
  const [own, other] = [large, small].map(({ config }) => (config === undefined ? {} : textConfig(config)));
  for (const key of SAME)
    if (differs(own![key], other![key]))
      throw new FrankensteinError(
        'mismatch',
        `${text.label} has ${key} ${String(other![key])} and ${whole.label} has ${String(own![key])}: ` +
          'its layers would compute something else in this model.',
      );
  const notes = OWNERS.flatMap((key) => {
    const [ours, theirs] = [setting(own!, key), setting(other!, key)];
    return differs(ours, theirs)
      ? [
          `The layers of ${text.label} run with ${key} ${String(ours)} of the result, not with their ` +
            `own ${String(theirs)}.`,
        ]
      : [];
  });
  const checkpoint: Checkpoint = { ...small, tensors, layout: large.layout, family: large.family };
  return { source: { ...text, checkpoint, languageOf: whole.label }, notes };
}

/** Undefined unless every layer of the language model is there, tensor by tensor. */
function renamed(small: Checkpoint, large: Checkpoint): Map<string, Tensor> | undefined {
  const find = targetFinder(large, small.path);
  const { stacks } = layoutById(large.layout).language;
  const tensors = new Map<string, Tensor>();
  for (const tensor of small.tensors.values()) {
    const { name } = find(tensor.name);
    const inLayers = isUnder(tensor.name, layoutById(small.layout).language.stacks);
    if (inLayers && (!large.tensors.has(name) || !isUnder(name, stacks))) return undefined;
    tensors.set(name, { ...tensor, name });
  }
  const depth = (name: string) => Number(/\.(\d+)\./.exec(name)?.[1]);
  for (const name of large.tensors.keys())
    if (isUnder(name, stacks) && depth(name) < small.layers && !tensors.has(name)) return undefined;
  return tensors;
}

const setting = (config: Config, key: string): unknown =>
  config[key] ?? (config['rope_parameters'] as Config | undefined)?.[key];

/** Configs leave out what is standard; only two values that are both given differ. */
function differs(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && a !== null && b !== null && a !== b;
}
