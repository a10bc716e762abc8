/** Checks single values: ranges of layers, whole numbers, words, methods. */
import { METHOD_NAMES } from '../../../tensors/methods/list.js';
import { spanOf } from '../nodes.js';
import { nearest, type Report } from '../problem.js';
import type { ScalarNode, TreeNode } from '../tree.js';

/** What a range means, for those who took it otherwise. */
export const EXCLUDES_END = 'Ranges exclude their end: [0, 4] is layers 0 to 3.';

export function checkLayers(node: TreeNode, report: Report): void {
  const items = node.kind === 'list' ? node.items : [];
  const numbers = items.map((item) =>
    item.kind === 'scalar' && Number.isInteger(item.value) ? (item.value as number) : undefined,
  );
  const [first, end] = numbers;
  if (items.length !== 2 || first === undefined || end === undefined) {
    report({
      code: 'wrong-type',
      severity: 'error',
      ...spanOf(node),
      message: 'A range of layers is two whole numbers, the first layer and the one after the last, such as [9, 18].',
    });
  } else if (first < 0 || end < 0) {
    report({
      code: 'layer-range',
      severity: 'error',
      ...spanOf(node),
      message: `Layers count from 0, and a negative number does not count from the end. ${EXCLUDES_END}`,
    });
  } else if (first > end) {
    report({
      code: 'layer-range',
      severity: 'error',
      ...spanOf(node),
      message: `This range runs backwards: layer ${first} comes after ${end}. ${EXCLUDES_END}`,
      fix: { title: `Change to [${end}, ${first}]`, edits: [{ ...spanOf(node), text: `[${end}, ${first}]` }] },
    });
  }
}

export function checkInteger(node: ScalarNode, min: number | undefined, report: Report): void {
  const value = node.value as number;
  if (!Number.isSafeInteger(value) || (min !== undefined && value < min)) {
    report({
      code: 'bad-value',
      severity: 'error',
      ...spanOf(node),
      message: `A whole number${min === undefined ? '' : ` of at least ${min}`} is expected here.`,
    });
  }
}

export function checkWord(node: ScalarNode, words: readonly string[], open: boolean, report: Report): void {
  const value = bare(String(node.value));
  if (words.includes(value) || open) return;
  const close = nearest(value, words);
  report({
    code: 'bad-value',
    severity: 'error',
    ...spanOf(node),
    message: `"${value}" is not one of ${words.join(', ')}.`,
    fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...spanOf(node), text: close }] },
  });
}

/** PyTorch's names of dtypes with or without its own. */
export function bare(word: string): string {
  return word.replace(/^torch\./, '');
}

export function checkMethod(node: ScalarNode, report: Report): void {
  const value = String(node.value);
  if ((METHOD_NAMES as readonly string[]).includes(value)) return;
  const close = nearest(value, METHOD_NAMES);
  report({
    code: 'unknown-method',
    severity: 'error',
    ...spanOf(node),
    message:
      close === undefined
        ? `There is no method "${value}"; there are ${METHOD_NAMES.join(', ')}.`
        : `There is no method "${value}"; did you mean ${close}?`,
    fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...spanOf(node), text: close }] },
  });
}
