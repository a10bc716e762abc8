/**
 * Cuts and where they lie on the depth axis. A cut is the 0-based first layer of Mid or of Late; layer k sits at depth
 * k + 1, so the line is drawn at depth k + ½. No DOM.
 */
import type { Region } from '../../src/protocol/engineApi.js';

export type Cuts = readonly [number, number];

export const REGION_NAMES: Record<Region, string> = { early: 'Early', mid: 'Mid', late: 'Late' };

export function cutToDepth(cut: number): number {
  return cut + 0.5;
}

/** The nearest cut to a position on the depth axis. */
export function depthToCut(depth: number): number {
  return Math.round(depth - 0.5);
}

/** Moves one cut, the other one staying; every region keeps at least one layer where the model has three. */
export function moveCut(cuts: Cuts, which: 0 | 1, to: number, layers: number): [number, number] {
  if (layers < 3) return [cuts[0], cuts[1]];
  const wanted = Math.round(to);
  return which === 0
    ? [Math.max(1, Math.min(wanted, cuts[1] - 1)), cuts[1]]
    : [cuts[0], Math.max(cuts[0] + 1, Math.min(wanted, layers - 1))];
}

/** Spans on the depth axis, half a layer beyond their first and last. Regions without layers are left out. */
export function regionSpans(cuts: Cuts, layers: number): { region: Region; from: number; to: number }[] {
  const spans: { region: Region; from: number; to: number }[] = [
    { region: 'early', from: 0.5, to: cutToDepth(cuts[0]) },
    { region: 'mid', from: cutToDepth(cuts[0]), to: cutToDepth(cuts[1]) },
    { region: 'late', from: cutToDepth(cuts[1]), to: layers + 0.5 },
  ];
  return spans.filter(({ from, to }) => to > from);
}

/** Thirds, floored: what a comparison without cuts uses. */
export function defaultCuts(layers: number): [number, number] {
  return [Math.floor(layers / 3), Math.floor((2 * layers) / 3)];
}
