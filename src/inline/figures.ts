/** Deltas in words: the line of a lens, the text bar behind a tensor, the numbers of a hover. */
import type { Delta, DeltaAggregate } from '../protocol/engineApi.js';
import { floorRatio, NEAR_FLOOR } from '../protocol/floor.js';
import { formatNumber, formatFraction, formatTimes } from '../protocol/numbers.js';
import { inert } from '../services/markdown.js';

/** What a tensor's delta and an aggregate's have in common. */
export type AnyDelta =
  Pick<Delta, 'fro' | 'relative' | 'changed' | 'floor' | 'cosine' | 'maxAbs' | 'nonFinite'> | DeltaAggregate;

export interface FigureOptions {
  /** Mark what rounding alone may explain. */
  roundingFloorWarnings: boolean;
}

/** `ΔRL 3.10e-4 · 1.20× floor · 22.4% changed` */
export function lensText(label: string, delta: AnyDelta, { roundingFloorWarnings }: FigureOptions): string {
  const name = `Δ${plainLabel(label)}`;
  if (delta.changed === 0) return `${name} unchanged`;
  const parts = [`${name} ${formatNumber(delta.relative ?? delta.fro)}`];
  const ratio = floorRatio(delta);
  if (ratio !== null)
    parts.push(`${roundingFloorWarnings && ratio < NEAR_FLOOR ? '$(warning) ' : ''}${formatTimes(ratio)} floor`);
  if (delta.changed !== null) parts.push(`${formatFraction(delta.changed)} changed`);
  if (delta.nonFinite > 0) parts.push(`${delta.nonFinite} not finite`);
  return parts.join(' · ');
}

export function isNearFloor(delta: Pick<AnyDelta, 'fro' | 'floor'>): boolean {
  const ratio = floorRatio(delta);
  return ratio !== null && ratio < NEAR_FLOOR;
}

/** Labels are folder names: short, and without what a lens would draw as an icon. */
export function plainLabel(label: string): string {
  const short = label.length > 24 ? `${label.slice(0, 23)}…` : label;
  return inert(short);
}

/** The bar's width in characters. */
export const BAR_WIDTH = 8;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of block characters, an eighth of a character fine: it takes the theme's colours and the font's size. */
export function barText(fraction: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

/** Where `value` lies between `low` and `high` on a logarithmic scale. The least still shows. */
export function logFraction(value: number, low: number, high: number): number {
  if (value <= 0) return 0;
  if (high <= low) return 1;
  return 0.08 + (0.92 * (Math.log(value) - Math.log(low))) / (Math.log(high) - Math.log(low));
}
