/** Deltas in words: the line of a lens, the text bar behind a tensor, the numbers of a hover. */
import type { Delta, DeltaAggregate } from '../protocol/engineApi.js';
import { floorRatio, NEAR_FLOOR } from '../protocol/floor.js';
import { inert } from '../services/markdown.js';

/** What a tensor's delta and an aggregate's have in common. */
export type AnyDelta =
  Pick<Delta, 'fro' | 'relative' | 'changed' | 'floor' | 'cosine' | 'maxAbs' | 'nonFinite'> | DeltaAggregate;

export interface FigureOptions {
  /** Mark what rounding alone may explain. */
  roundingFloorWarnings: boolean;
}

/** `ΔRL 3.1e-4 · 1.2× floor · 22 % changed` */
export function lensText(label: string, delta: AnyDelta, { roundingFloorWarnings }: FigureOptions): string {
  const name = `Δ${plainLabel(label)}`;
  if (delta.changed === 0) return `${name} unchanged`;
  const parts = [`${name} ${numberText(delta.relative ?? delta.fro)}`];
  const ratio = floorRatio(delta);
  if (ratio !== null)
    parts.push(`${roundingFloorWarnings && ratio < NEAR_FLOOR ? '$(warning) ' : ''}${ratioText(ratio)} floor`);
  if (delta.changed !== null) parts.push(`${shareText(delta.changed)} changed`);
  if (delta.nonFinite > 0) parts.push(`${delta.nonFinite} not finite`);
  return parts.join(' · ');
}

export function isNearFloor(delta: Pick<AnyDelta, 'fro' | 'floor'>): boolean {
  const ratio = floorRatio(delta);
  return ratio !== null && ratio < NEAR_FLOOR;
}

/** Two significant digits; the exponent is what is compared. */
export function numberText(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1000) return String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}

export function shareText(share: number | null): string {
  if (share === null) return '–';
  const percent = 100 * share;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  if (percent < 100 && percent > 99.9) return '> 99.9 %';
  // Near the ends a tenth says something: 99.5 % is not all.
  const digits = percent === 0 || percent === 100 || (percent >= 10 && percent < 99) ? 0 : 1;
  return `${percent.toFixed(digits)} %`;
}

export function ratioText(ratio: number): string {
  return `${ratio >= 99.5 ? Math.round(ratio).toLocaleString('en') : ratio >= 9.95 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
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
export function barText(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

/** Where `value` lies between `low` and `high` on a logarithmic scale. The least still shows. */
export function logShare(value: number, low: number, high: number): number {
  if (value <= 0) return 0;
  if (high <= low) return 1;
  return 0.08 + (0.92 * (Math.log(value) - Math.log(low))) / (Math.log(high) - Math.log(low));
}
