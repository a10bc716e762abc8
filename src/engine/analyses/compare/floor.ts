/** How an update stands against the rounding floor: one definition for reports, panel, lenses and hovers. */

/**
 * Below this multiple of the floor the direction of an update is mostly noise (cosine to the true one < 0.9; method.md
 * §3).
 */
export const NEAR_FLOOR = 2;

/** ‖Δ‖ over its expected rounding noise; null where the floor means nothing (integers, or nothing known). */
export function floorRatio(delta: { fro: number | null; floor: number } | null | undefined): number | null {
  if (delta === null || delta === undefined || delta.fro === null || !(delta.floor > 0)) return null;
  return delta.fro / delta.floor;
}
