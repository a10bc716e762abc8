/** Which rows of a long list are worth drawing. No DOM. */

export interface Span {
  first: number;
  /** Exclusive. */
  end: number;
}

/** Rows inside the viewport and `spare` on either side. */
export function visibleSpan(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  count: number,
  spare: number,
): Span {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - spare));
  return { first, end: Math.max(first, Math.min(count, Math.ceil((scrollTop + viewport) / rowHeight) + spare)) };
}

/** The least scrolling that brings `row` into the part of the viewport below the sticky head. */
export function scrollToShow(row: number, scrollTop: number, viewport: number, rowHeight: number): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + viewport) return top + rowHeight - viewport;
  return scrollTop;
}
