/** Boxes in answers. */

/** x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2, in whatever unit the answer uses. */
export type Box = readonly [number, number, number, number];

/** Whole, and of bounded length: otherwise a long row of digits would be tried from each of them. */
const NUMBER = '(?<![\\d.])[-+]?\\d{1,12}(?:\\.\\d{1,12})?(?!\\d)';
/** Four numbers with nothing but punctuation and the names of coordinates between them. */
const FOUR = new RegExp(
  `(${NUMBER})${`(?:[\\s,;:()\\[\\]{}"'=<>|]|[xy]_?(?:min|max)?|\\b(?:and|to|top|bottom|left|right|upper|lower|corner)\\b|-)+(${NUMBER})`.repeat(3)}`,
  'i',
);

/** A list of four numbers, or the last four that stand together in a text. Undefined when there are none. */
export function boxOf(value: unknown): Box | undefined {
  if (Array.isArray(value)) {
    return value.length === 4 && value.every((entry) => typeof entry === 'number' && Number.isFinite(entry))
      ? ordered(value as number[])
      : undefined;
  }
  if (typeof value !== 'string') return undefined;
  let last: Box | undefined;
  // x1 and the like would read as numbers.
  let rest = value.replace(/\b([xy])_?[12]\b/gi, '$1').replace(/bbox_2d/gi, '');
  for (let match = FOUR.exec(rest); match !== null; match = FOUR.exec(rest)) {
    last = ordered(match.slice(1, 5).map(Number));
    rest = rest.slice(match.index + match[0].length);
  }
  return last;
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
