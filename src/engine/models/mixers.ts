/** How layers mix tokens: by attention, or by a state that every token changes (gated DeltaNet). */
import type { LanguageFamily } from '../families/family.js';
import { outOfRange } from './config/check.js';
import { foreign } from './config/keys.js';
import type { LanguageSettings } from './config/schema.js';

/** `linear`: a convolution and a recurrence, whose cost per token does not grow. It has no attention weights. */
export type Mixer = 'attention' | 'linear';

const MIXERS: Readonly<Record<string, Mixer>> = { full_attention: 'attention', linear_attention: 'linear' };

/**
 * The mixer of every layer, from the config's `layer_types`, or every so many layers where it lists none.
 * @param at where the settings stand in the file, for messages.
 * @throws `unsupported` for another kind of layer, `malformed` for a list of another length or without attention.
 */
export function mixersOf(
  file: string,
  at: string,
  { linear }: Pick<LanguageFamily, 'linear'>,
  { layer_types: types, full_attention_interval: interval = linear?.interval ?? 1 }: LanguageSettings,
  layers: number,
): Mixer[] {
  if (linear === undefined) return new Array<Mixer>(layers).fill('attention');
  const key = at === '' ? 'layer_types' : `${at}.layer_types`;
  const strange = types?.find((type) => MIXERS[type] === undefined);
  if (strange !== undefined) throw foreign(file, key, strange);
  const mixers = types
    ? types.map((type) => MIXERS[type]!)
    : Array.from({ length: layers }, (_, layer): Mixer => ((layer + 1) % interval === 0 ? 'attention' : 'linear'));
  if (mixers.length !== layers) throw outOfRange(file, key, types, `a list of ${layers} types, one per layer`);
  if (!mixers.includes('attention'))
    throw outOfRange(file, key, types, 'a list with a layer of full attention among its types');
  return mixers;
}

/** The layers with this mixer, ascending. */
export function layersWith(mixers: readonly Mixer[], mixer: Mixer): number[] {
  return [...mixers.keys()].filter((layer) => mixers[layer] === mixer);
}

/**
 * The last layer that carries a state; -1 where none does. What comes before such a layer cannot be left out of a pass.
 */
export function lastRecurrent(mixers: readonly Mixer[]): number {
  return mixers.lastIndexOf('linear');
}
