/** Checks keys that exclude or need each other. */
import { spanOf } from '../nodes.js';
import { nearest, type Report } from '../problem.js';
import type { MapName } from '../schema/shapes.js';
import { FORMS } from '../schema/words.js';
import { entryOf, type MapEntry, type MapNode } from '../tree.js';
import { firstLine, removal } from './edits.js';

/** Keys of which a mapping has one. */
export const EXCLUSIVE = { recipe: FORMS, module: ['models', 'slices'] } as const satisfies Partial<
  Record<MapName, readonly string[]>
>;

/** Those of `keys` that are there, in the order of `keys`. */
export function entriesOf(node: MapNode, keys: readonly string[]): MapEntry[] {
  return keys.flatMap((key) => entryOf(node, key) ?? []);
}

/** What the keys of a recipe say together: one form, and nothing twice. */
export function checkRecipe(node: MapNode, text: string, report: Report): void {
  checkOneOf(node, EXCLUSIVE.recipe, 'A recipe', text, report);
  const method = entryOf(node, 'merge_method');
  const merged = ['models', 'slices', 'modules'].find((key) => entryOf(node, key) !== undefined);
  if (merged !== undefined && method === undefined) {
    const location = entryOf(node, merged)!.key;
    report({
      code: 'missing-key',
      severity: 'error',
      ...spanOf(location),
      message: `merge_method is missing: it says how ${merged} are merged.`,
      fix: {
        title: 'Add merge_method: linear',
        edits: [{ offset: location.offset, length: 0, text: 'merge_method: linear\n' }],
      },
    });
  }
  if (merged === undefined && FORMS.some((form) => entryOf(node, form) !== undefined)) {
    for (const key of ['merge_method', 'base_model', 'parameters', 'seed']) {
      const entry = entryOf(node, key);
      if (entry !== undefined)
        report({
          code: 'conflicting-keys',
          severity: 'warning',
          ...spanOf(entry.key),
          message: `${key} has no effect here: it belongs to models, slices and modules.`,
          fix: { title: `Remove ${key}`, edits: [removal(entry, text)] },
        });
    }
  }
  const source = entryOf(node, 'tokenizer_source');
  if (entryOf(node, 'tokenizer') !== undefined && source !== undefined)
    report({
      code: 'conflicting-keys',
      severity: 'error',
      ...spanOf(source.key),
      message: 'tokenizer_source and tokenizer say the same thing twice; one of them must go.',
      fix: { title: 'Remove tokenizer_source', edits: [removal(source, text)] },
    });
}

export function checkOneOf(node: MapNode, keys: readonly string[], what: string, text: string, report: Report): void {
  const there = entriesOf(node, keys);
  // A misspelt one is reported as an unknown key, with the name that was meant.
  const misspelt = node.entries.some(({ key }) => nearest(key.value, keys) !== undefined);
  if (there.length === 0 && !misspelt)
    report({
      code: 'conflicting-keys',
      severity: 'error',
      ...firstLine(node, text),
      message: `${what} has one of these, and none is here: ${keys.join(', ')}.`,
    });
  for (const entry of there.slice(1)) {
    report({
      code: 'conflicting-keys',
      severity: 'error',
      ...spanOf(entry.key),
      message: `${what} has one of ${keys.join(', ')}; ${there[0]!.key.value} is here already.`,
      fix: { title: `Remove ${entry.key.value}`, edits: [removal(entry, text)] },
    });
  }
}
