/** Fewer points of a long line: every stretch gives its lowest and its highest, so that no spike is lost. */

export type Point = [step: number, value: number | null];

/** At most `most` points, the first and the last among them; gaps stay where there is room for them. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const inner = points.slice(1, -1);
  const kept = new Set<Point>([points[0]!, points.at(-1)!]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * inner.length) / stretches);
    const to = Math.floor(((stretch + 1) * inner.length) / stretches);
    const numbers = inner.slice(from, to).filter((point) => point[1] !== null);
    if (numbers.length === 0) kept.add(inner[from]!);
    else {
      kept.add(numbers.reduce((low, point) => (point[1]! < low[1]! ? point : low)));
      kept.add(numbers.reduce((high, point) => (point[1]! > high[1]! ? point : high)));
    }
  }
  return points.filter((point) => kept.has(point));
}
