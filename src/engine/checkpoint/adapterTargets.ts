/** Which weight of its base a name of an adapter means, also where the adapter was trained on the text model alone. */
import { FrankensteinError } from '../errors.js';
import { layoutById, HEADS } from '../families/list.js';
import { canonicalName } from '../topology/names.js';
import { isUnder } from '../topology/place.js';
import type { Checkpoint } from './checkpoint.js';
import { quoted, shown, some } from './failure.js';

/** What families put above the layers, the embedding and the head of the language model. */
const ABOVE: ReadonlySet<string> = new Set(['model', 'language_model', 'text_model', 'transformer', 'llm']);

export interface Target {
  /** Canonical name in the base; the adapter's own where the base has no such weight. */
  name: string;
  /** It was found by the rest of its name, below other names than the adapter has. */
  isMoved: boolean;
}

/**
 * Finds weights of `base` by an adapter's names (`model.layers.0.self_attn.q_proj.weight`, without
 * `base_model.model.`): under the family's spellings, else the one weight of the language model that has the same name
 * below what stands above the layers.
 * @param file names the adapter in messages.
 * @throws `mismatch` from the finder where several weights fit.
 */
export function targetFinder(base: Checkpoint, file: string): (name: string) => Target {
  const family = layoutById(base.layout);
  let byRest: Map<string, string[]> | undefined;
  return (name) => {
    const canonical = canonicalName(name, family);
    if (base.tensors.has(canonical)) return { name: canonical, isMoved: false };
    byRest ??= languageByRest(base);
    const rest = restOf(name);
    const [found, ...more] = byRest.get(rest) ?? [];
    if (more.length > 0)
      throw new FrankensteinError(
        'mismatch',
        `${shown(file)} updates ${quoted(name)}, which may be any of several weights of ${shown(base.path)}: ` +
          `${some([found!, ...more])}.`,
      );
    // A tied head is stored nowhere.
    if (found === undefined && HEADS.some((head) => rest === `${head}.weight`)) return { name: rest, isMoved: false };
    return found === undefined ? { name: canonical, isMoved: false } : { name: found, isMoved: true };
  };
}

function languageByRest(base: Checkpoint): Map<string, string[]> {
  const { language } = layoutById(base.layout);
  const byRest = new Map<string, string[]>();
  for (const name of base.tensors.keys()) {
    if (!isUnder(name, language.roots) && !isUnder(name, HEADS)) continue;
    const rest = restOf(name);
    byRest.set(rest, [...(byRest.get(rest) ?? []), name]);
  }
  return byRest;
}

function restOf(name: string): string {
  const segments = name.split('.');
  const first = segments.findIndex((segment) => !ABOVE.has(segment));
  return segments.slice(Math.max(0, first)).join('.');
}
