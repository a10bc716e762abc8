/** Reads what people type for an option. Each throws `bad-request` with a sentence that says what would do. */
import { FrankensteinError } from '../../errors.js';

const UNITS: Record<string, number> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40,
};
/** More depths than any model has layers. */
const MOST_DEPTHS = 10_000;

function refused(sentence: string): FrankensteinError {
  return new FrankensteinError('bad-request', sentence);
}

/** `2GB`, `512MiB`, `1.5g` in bytes. */
export function typedSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit.toUpperCase()];
  if (number === undefined || factor === undefined) throw refused('Give a size such as 2GB or 512MiB.');
  return Math.floor(Number(number) * factor);
}

/** `8,20`: the first layer of Mid and of Late. */
export function typedCuts(text: string): [number, number] {
  const [, mid, late] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (mid === undefined || late === undefined)
    throw refused('Give two layer numbers such as 8,20: the first layer of Mid and of Late.');
  return [Number(mid), Number(late)];
}

/** `9,18`: a first layer, and the one after the last. */
export function typedRange(text: string): [number, number] {
  const [, first, end] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (first === undefined || end === undefined || Number(end) <= Number(first))
    throw refused('Give a first layer and the one after the last, such as 9,18.');
  return [Number(first), Number(end)];
}

export function typedCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw refused('Give a whole number of at least 1.');
  return Number(text);
}

export function typedNumber(text: string): number {
  const [value] = typedNumbers(text);
  if (text.includes(',')) throw refused('Give one number.');
  return value!;
}

export function typedSeed(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw refused('Give a whole number.');
  return Number(text);
}

/** `0,0.5,1.25` */
export function typedNumbers(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (values.some((value) => !Number.isFinite(value))) throw refused('Give numbers, comma-separated.');
  return values;
}

/** `0-11`, `0,4,8-11`. */
export function typedDepths(text: string): number[] {
  const depths = text.split(',').flatMap((part) => {
    const [, first, last = first] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw refused('Give layer numbers such as 0-11 or 0,4,8-11.');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
  if (depths.length > MOST_DEPTHS) throw refused('These are more depths than any model has.');
  return depths;
}

/** `IN, RL` */
export function typedNames(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}
