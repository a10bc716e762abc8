/** Boxes in answers. */

/** x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2, in whatever unit the answer uses. */
export type Box = readonly [number, number, number, number];

/** Whole, and of bounded length: otherwise a long row of digits would be tried from each of them. */
const NUMBER = '(?<![\\d.])[-+]?\\d{1,12}(?:\\.\\d{1,12})?(?!\\d)';
/** A fifth number makes a list, unless it is a score from 0 to 1. */
const FIFTH = '(?!\\s*,\\s*(?![01]?(?:\\.\\d+)?\\s*[\\])}])[-+]?[\\d.])';
/** Four numbers with nothing but punctuation and the names of coordinates between them. */
const FOUR = new RegExp(
  `(?<!\\d\\s*,\\s*)(${NUMBER})${`(?:[\\s,;:()\\[\\]{}"'=<>|]|[xy]_?(?:min|max)?|\\b(?:and|to|top|bottom|left|right|upper|lower|corner)\\b|-)+(${NUMBER})`.repeat(3)}${FIFTH}`,
  'i',
);

/**
 * A list of four numbers, or the last four that stand together in a text. Undefined when there are none, and for
 * entries of several boxes.
 */
export function boxOf(value: unknown): Box | undefined {
  if (Array.isArray(value)) {
    return value.length === 4 && value.every((entry) => typeof entry === 'number' && Number.isFinite(entry))
      ? ordered(value as number[])
      : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (severalEntries(value)) return undefined;
  const named = namedBox(value);
  if (named !== undefined) return named;
  let last: Box | undefined;
  // x1 and the like would read as numbers.
  let rest = value.replace(/\b([xy])_?[12]\b/gi, '$1').replace(/bbox_2d/gi, '');
  for (let match = FOUR.exec(rest); match !== null; match = FOUR.exec(rest)) {
    last = ordered(match.slice(1, 5).map(Number));
    rest = rest.slice(match.index + match[0].length);
  }
  return last;
}

/** Whether a text lists boxes of several things (`[{"bbox_2d": …}, {"bbox_2d": …}]`): none of them is the answer. */
function severalEntries(text: string): boolean {
  const entries = text.split(/["']?bbox(?:_2d)?["']?\s*[:=]/i).slice(1);
  const boxes = new Set(entries.map((entry) => boxOf(entry)?.join()));
  return boxes.size > 1;
}

/** Names of coordinates, in the order of a box. */
const NAMES = [
  ['x_?1', 'x_?min', 'left'],
  ['y_?1', 'y_?min', 'top'],
  ['x_?2', 'x_?max', 'right'],
  ['y_?2', 'y_?max', 'bottom'],
].map((names) => entryOf(names.join('|')));
const SIZES = ['x|left', 'y|top', 'w|width', 'h|height'].map(entryOf);

function entryOf(names: string): RegExp {
  return new RegExp(`(?<![A-Za-z])["']?(?:${names})["']?\\s*[:=]\\s*(${NUMBER})`, 'gi');
}

/** Four numbers with names, in any order: corners, or a corner and the size. Undefined where any is named twice. */
function namedBox(text: string): Box | undefined {
  const [corners, sizes] = [NAMES, SIZES].map((names) => {
    const found = names.map((name) => [...text.matchAll(name)]);
    return found.every(({ length }) => length === 1) ? found.map(([match]) => Number(match![1])) : undefined;
  });
  if (corners !== undefined) return ordered(corners);
  if (sizes === undefined) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = sizes;
  return [x, y, x + width, y + height];
}

function ordered(values: readonly number[]): Box {
  const [a = 0, b = 0, c = 0, d = 0] = values;
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** Intersection over union; 0 for boxes without area. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}
