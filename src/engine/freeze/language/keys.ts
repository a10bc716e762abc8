/**
 * What the plan's schema says of each key, for completion and hovers: what it takes, and what stands where it is left
 * out.
 */
import type * as v from 'valibot';
import { FreezeSchema, type FreezeSettings, KEY_DOCS } from '../schema.js';

export interface KeyFacts {
  doc: string;
  /** Words that it takes, alone or in a list; empty where it takes others. */
  words: readonly string[];
  isList: boolean;
  /** As it would be written; undefined where it must be given, or has none. */
  usual: string | undefined;
  isRequired: boolean;
  /** `at least 1, at most 4096`; empty where nothing is said. */
  range: string;
}

export const KEYS = Object.keys(KEY_DOCS) as (keyof FreezeSettings)[];

export function isKey(name: unknown): name is keyof FreezeSettings {
  return typeof name === 'string' && Object.hasOwn(KEY_DOCS, name);
}

/** The parts of valibot's schemas that are read here. */
interface Schema {
  type: string;
  wrapped?: Schema;
  default?: unknown;
  item?: Schema;
  options?: readonly string[];
  pipe?: readonly (v.GenericPipeItem & { requirement?: unknown })[];
}

export function factsOf(key: keyof FreezeSettings): KeyFacts {
  const given = FreezeSchema.entries[key] as unknown as Schema;
  const inner = given.type === 'optional' ? given.wrapped! : given;
  return {
    doc: KEY_DOCS[key],
    words: inner.options ?? inner.item?.options ?? [],
    isList: inner.type === 'array' || inner.type === 'tuple',
    usual: given.default === undefined ? undefined : flow(given.default),
    isRequired: given.type !== 'optional',
    range: rangeOf(inner.item ?? inner),
  };
}

function rangeOf({ pipe = [] }: Schema): string {
  const least = pipe.find(({ type }) => type === 'min_value' || type === 'gt_value');
  const most = pipe.find(({ type }) => type === 'max_value');
  return [
    least === undefined ? '' : `${least.type === 'gt_value' ? 'more than' : 'at least'} ${String(least.requirement)}`,
    most === undefined ? '' : `at most ${String(most.requirement)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function flow(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}
