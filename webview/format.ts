/** How numbers read everywhere in the panel and in what it exports as text. No DOM. */
import { NONE, withMinus } from '../src/protocol/numbers.js';

export {
  formatFloorRatio,
  formatNumber,
  formatRate,
  formatFraction,
  formatTimes,
  NONE,
} from '../src/protocol/numbers.js';

/** A cosine with the digits that tell it from 1: `0.913`, `0.999971`, `1 − 2.9e-9`. */
export function formatCosine(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 1) return '1';
  const distance = 1 - value;
  if (distance <= 0 || distance > 0.01) return withMinus(value.toFixed(3));
  if (distance < 1e-5) return `1 − ${distance.toExponential(1)}`;
  return value.toFixed(Math.ceil(-Math.log10(distance)) + 1);
}

/** `729`, `8.29 M`, `7.07 B`. */
export function formatCount(value: number): string {
  if (value < 10_000) return String(value);
  for (const [unit, size] of [
    ['T', 1e12],
    ['B', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const) {
    // 999,999 is 1.00 M, not 1000 K.
    if (value >= size * 0.9995) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return String(value);
}

/** Decimal bytes, as file managers and model hubs show them. */
export function formatBytes(value: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (value >= size) {
      const scaled = value / size;
      return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${unit}`;
    }
  }
  return `${value} B`;
}

/** Coarse on purpose: `40 s`, `3 min`, `1 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1.5) return '1 s';
  if (seconds < 10) return `${Math.round(seconds)} s`;
  if (seconds < 57) return `${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${Math.max(1, minutes)} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `about 3 min left`. */
export function formatRemaining(seconds: number | null): string {
  return seconds === null || !Number.isFinite(seconds) ? '' : `about ${formatDuration(seconds)} left`;
}

/** `7 × 18944`. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
