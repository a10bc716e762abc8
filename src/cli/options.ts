/** Reading what people type: sizes, cuts, whole numbers. */
import { InvalidArgumentError } from 'commander';
import type { EngineApi } from '../engine/api.js';

/** What every command needs. */
export interface CommandContext {
  engine: EngineApi;
  signal: AbortSignal;
}

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

/** `2GB`, `512MiB`, `1.5g` in bytes. */
export function parseSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit.toUpperCase()];
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError('Give a size such as 2GB or 512MiB.');
  return Math.floor(Number(number) * factor);
}

/** `8,20`: the first layer of Mid and of Late. */
export function parseCuts(text: string): [number, number] {
  const [, mid, late] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (mid === undefined || late === undefined)
    throw new InvalidArgumentError('Give two layer numbers such as 8,20: the first layer of Mid and of Late.');
  return [Number(mid), Number(late)];
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Give a whole number of at least 1.');
  return Number(text);
}

export function parseSeed(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}
