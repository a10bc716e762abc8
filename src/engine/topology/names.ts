/**
 * Canonical names. Two layouts of the same model exist on disk (transformers 4.52 moved the parts under `model.`, and
 * keeps writing whichever was loaded), so tensors are compared under one spelling and shown under the one on disk.
 */
import type { Layout } from '../families/family.js';

/** Common to all families, in this order. */
const RENAMES: readonly (readonly [RegExp, string])[] = [
  [/^visual\./, 'model.visual.'],
  [/^language_model\.model\./, 'model.language_model.'],
  // The model without its head, saved alone.
  [/^language_model\.(?=(?:layers|embed_tokens|norm)\.)/, 'model.language_model.'],
  [/^language_model\.lm_head\b/, 'lm_head'],
  [/^(vision_tower|multi_modal_projector|image_newline)(?=\.|$)/, 'model.$1'],
  // Wrapper of the CLIP and SigLIP towers, dropped in transformers 5.
  [/^model\.vision_tower\.vision_model\./, 'model.vision_tower.'],
];
const FLAT_LANGUAGE: readonly (readonly [RegExp, string])[] = [
  [/^model\.(layers|embed_tokens|norm)(?=\.|$)/, 'model.language_model.$1'],
];

/**
 * In front of the canonical name of a tensor in a layer beyond those that the config counts: it is stored and not run
 * (a model cut by its config, a layer that predicts a further token), so it is in no layer.
 */
const EXTRA = 'extra.';

export function extraName(canonical: string): string {
  return `${EXTRA}${canonical}`;
}

export function isExtra(canonical: string): boolean {
  return canonical.startsWith(EXTRA);
}

/** What a tensor is called where the config counts its layer, if it is extra, and where it does not, if it is not. */
export function otherwiseCounted(canonical: string): string {
  return isExtra(canonical) ? canonical.slice(EXTRA.length) : extraName(canonical);
}

/** The name both layouts of `family` share. Idempotent for names that real checkpoints have. */
export function canonicalName(onDisk: string, family: Layout): string {
  let name = onDisk;
  for (const rules of [family.renames ?? [], RENAMES, family.flatLanguage ? FLAT_LANGUAGE : []]) {
    for (const [pattern, replacement] of rules) name = name.replace(pattern, replacement);
  }
  return name;
}

/**
 * Canonical name per name on disk, one to one. Where a hostile or merged checkpoint stores one tensor under both
 * spellings, the canonical one keeps its name, the other the name on disk, and `clashes` lists the latter.
 */
export function canonicalNames(
  onDisk: readonly string[],
  family: Layout,
): { names: Map<string, string>; clashes: string[] } {
  const wanted = onDisk.map((name) => canonicalName(name, family));
  const taken = new Set(onDisk.filter((name, index) => wanted[index] === name));
  const names = new Map<string, string>();
  const clashes: string[] = [];
  for (const [index, name] of onDisk.entries()) {
    const canonical = wanted[index]!;
    if (canonical === name) {
      names.set(name, name);
    } else if (!taken.has(canonical)) {
      taken.add(canonical);
      names.set(name, canonical);
    } else {
      clashes.push(name);
    }
  }
  for (const name of clashes) {
    // A name that is neither canonical nor free cannot come from a real model; any unique spelling will do.
    let free = name;
    while (taken.has(free)) free += ' (on disk)';
    taken.add(free);
    names.set(name, free);
  }
  return { names, clashes };
}
