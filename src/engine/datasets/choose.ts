/** Which items of a set are asked: those of a list of ids, the first, or as many drawn at random. */
import path from 'node:path';
import { malformed, quoted, shown, thousands } from '../checkpoint/failure.js';
import { readText } from '../checkpoint/text.js';
import { FrankensteinError } from '../errors.js';
import { groupedBy } from '../numerics/groupedBy.js';
import { MOST_SEED, numpyChoice } from '../numerics/mt19937.js';
import { sampleOf } from '../numerics/sample.js';

/** What was asked for. Nothing of it: all items. */
export interface Choosing {
  /** Of a list of ids. */
  ids?: readonly string[] | undefined;
  /** So many at most, drawn at random. */
  samples?: number | undefined;
  seed: number;
  /** NumPy's legacy draw with this seed, in place of the own one. */
  numpySeed?: number | undefined;
  /** The first ones. */
  first?: number | undefined;
}

/** Bytes. */
const IDS_LIMIT = 64 * 1024 * 1024;

/** `numpy:123`. @throws `bad-request` */
export function numpySeedOf(draw: string): number {
  const [, seed] = /^numpy:(\d{1,10})$/.exec(draw.trim()) ?? [];
  if (seed === undefined || Number(seed) > MOST_SEED)
    throw new FrankensteinError(
      'bad-request',
      `${quoted(draw)} is no draw: write numpy: and a seed from 0 to ${MOST_SEED}, such as numpy:123.`,
    );
  return Number(seed);
}

/**
 * The ids of a file: one per line, a JSON list, or JSON Lines of objects with an "id" (as split files have them).
 * @throws `malformed`, and what reading throws
 */
export async function readIds(given: string, signal?: AbortSignal): Promise<string[]> {
  const file = path.resolve(given);
  const text = (await readText(file, IDS_LIMIT, signal)).trim();
  const ids = text.startsWith('[')
    ? listOf(file, text)
    : text.split('\n').flatMap((line, index) => idIn(file, line, index + 1));
  if (ids.length === 0) throw malformed(file, 'names no id.');
  return [...new Set(ids)];
}

function listOf(file: string, text: string): string[] {
  const value = parsed(text);
  if (!Array.isArray(value)) throw malformed(file, 'is no JSON list of ids.');
  return value.map((one: unknown, index) => named(file, one, `entry ${index + 1}`));
}

function idIn(file: string, line: string, number: number): string[] {
  const bare = line.trim();
  if (bare === '') return [];
  if (!/^[{"]/.test(bare)) return [bare];
  return [named(file, parsed(bare), `line ${number}`)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An id, or an object that has one. */
function named(file: string, value: unknown, where: string): string {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : value;
  if ((typeof id === 'string' && id.trim() !== '') || (typeof id === 'number' && Number.isSafeInteger(id)))
    return String(id).trim();
  throw malformed(file, `names no id in ${where}.`);
}

/** The items that are asked, in their old order. */
export function chosen<T extends { id: string }>(items: readonly T[], of: Choosing): T[] {
  const { ids, samples, seed, numpySeed, first } = of;
  if (ids !== undefined) {
    const wanted = new Set(ids);
    return items.filter(({ id }) => wanted.has(id));
  }
  if (first !== undefined) return items.slice(0, first);
  if (samples === undefined) return [...items];
  if (numpySeed === undefined) return sampleOf(items, samples, seed);
  return numpyChoice(items.length, samples, numpySeed).map((index) => items[index]!);
}

/** The same of each group on its own, in the items' order. */
export function chosenOfEach<T extends { id: string }>(
  items: readonly T[],
  group: (item: T) => string,
  of: Choosing,
): T[] {
  const kept = new Set([...groupedBy(items, group).values()].flatMap((own) => chosen(own, of)));
  return items.filter((item) => kept.has(item));
}

/** Ids in a list that name nothing. */
const NAMED = 5;

/**
 * The ids of the list that this set has: as they are, or with the set's name in front (`test.parquet/12`, `test/12`).
 * @param set the file's name @returns by the set's own spelling
 */
export function idsIn(set: string, items: readonly { id: string }[], ids: readonly string[]): Map<string, string> {
  const known = new Set(items.map(({ id }) => id));
  const found = new Map<string, string>();
  for (const id of ids) {
    const fronts = [set, set.replace(/\.[^.]+$/, '')].map((name) => `${name}/`);
    const own = [id, ...fronts.flatMap((front) => (id.startsWith(front) ? [id.slice(front.length)] : []))].find((one) =>
      known.has(one),
    );
    if (own !== undefined) found.set(id, own);
  }
  return found;
}

/** @throws `bad-request` with the names of ids that no set has */
export function checkAllFound(file: string, data: string, ids: readonly string[], found: ReadonlySet<string>): void {
  const strangers = ids.filter((id) => !found.has(id));
  if (strangers.length === 0) return;
  const named = strangers.slice(0, NAMED).map((id) => quoted(id.slice(0, 80)));
  throw new FrankensteinError(
    'bad-request',
    `${shown(data)} has no ${strangers.length === 1 ? 'question' : 'questions'} with the ` +
      `${strangers.length === 1 ? 'id' : 'ids'} ` +
      `${named.join(', ')}${strangers.length > NAMED ? ` and ${thousands(strangers.length - NAMED)} more` : ''}, ` +
      `which ${shown(file)} names.`,
  );
}
