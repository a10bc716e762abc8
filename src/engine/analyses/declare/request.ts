/**
 * What is derived from a request's schema, for every analysis: checking what is asked, reading back what was stored,
 * and when two requests ask the same.
 */
import * as v from 'valibot';
import { FrankensteinError } from '../../errors.js';
import { type Notes, notesOf } from './field.js';

type Json = Record<string, unknown>;

/**
 * @throws `bad-request` with the schema's sentence. Keys that the schema does not name stay out; defaults are filled
 * in.
 */
export function parseRequest<S extends v.GenericSchema>(schema: S, request: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, request, { abortEarly: true });
  if (result.success) return result.output;
  throw new FrankensteinError('bad-request', result.issues[0].message);
}

/**
 * A request that was stored, perhaps by another version: fields that may be left out are gone where they are not of the
 * right kind. Undefined where what remains is no request.
 */
export function restoreRequest<S extends v.GenericSchema>(schema: S, stored: unknown): v.InferInput<S> | undefined {
  let value = stored;
  for (;;) {
    const result = v.safeParse(schema, value);
    if (result.success) return kept(schema, value as v.InferInput<S>, isAsked, false);
    for (const { path } of result.issues) {
      const keys = (path ?? []).map(({ key }) => key as string | number);
      const optional = deepestOptional(schema, value, keys);
      if (optional === undefined) return undefined;
      value = without(value, optional);
    }
  }
}

/** The request without the settings of the machine, and without what it would mean if it were left out. */
export function asked<S extends v.GenericSchema>(schema: S, request: v.InferInput<S>): v.InferInput<S> {
  return kept(schema, request, isAsked, true);
}

/**
 * Under which two requests ask the same. Labels, cuts, memory and threads do not count, nor does how a path is spelt.
 * @param spelling one spelling per checkpoint
 */
export function keyOfRequest<S extends v.GenericSchema>(
  schema: S,
  request: v.InferInput<S>,
  spelling: (path: string) => string,
): string {
  const plain = kept(schema, request, ({ scope }) => scope === undefined, true);
  const respelt = (key: string, value: unknown) => (key === 'path' ? spelling(value as string) : value);
  return JSON.stringify(sorted(plain), (key, value: unknown) => respelt(key, value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, own]) => [key, sorted(own)]),
  );
}

const isAsked = ({ scope }: Notes) => scope !== 'machine';

/** What the schema names and `keeps` accepts, at any depth. @param short leaves out what equals its default */
function kept<T>(schema: v.GenericSchema, value: T, keeps: (notes: Notes) => boolean, short: boolean): T {
  const bare = unwrapped(schema, value);
  if (bare.type === 'array' && Array.isArray(value))
    return value.map((one: unknown) => kept((bare as unknown as Listing).item, one, keeps, short)) as T;
  if (!isObject(bare) || !isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(bare.entries).flatMap(([key, entry]) => {
      const own = value[key];
      return own === undefined || (short && own === defaultOf(entry)) || !keeps(notesOf(entry))
        ? []
        : [[key, kept(entry, own, keeps, short)]];
    }),
  ) as T;
}

interface Listing {
  item: v.GenericSchema;
}
type ObjectSchema = v.GenericSchema & { entries: v.ObjectEntries };

function isObject(schema: v.GenericSchema): schema is ObjectSchema {
  return schema.type === 'object';
}

/** Without `optional` around it; of several forms, the one that the value has. */
function unwrapped(schema: v.GenericSchema, value: unknown): v.GenericSchema {
  if (schema.type === 'optional') return unwrapped((schema as unknown as { wrapped: v.GenericSchema }).wrapped, value);
  if (schema.type !== 'variant') return schema;
  const { options } = schema as unknown as { options: v.GenericSchema[] };
  return options.find((option) => v.is(option, value)) ?? schema;
}

function defaultOf(entry: v.GenericSchema): unknown {
  return (entry as { default?: unknown }).default;
}

/** Of the fields on the way to an issue, the innermost that may be left out. */
function deepestOptional(schema: v.GenericSchema, value: unknown, keys: readonly (string | number)[]) {
  let [at, here]: [v.GenericSchema | undefined, unknown] = [schema, value];
  let found: (string | number)[] | undefined;
  for (const [depth, key] of keys.entries()) {
    const bare: v.GenericSchema = unwrapped(at, here);
    const next = isObject(bare)
      ? (bare.entries[key] as v.GenericSchema | undefined)
      : bare.type === 'array'
        ? (bare as unknown as Listing).item
        : undefined;
    if (next === undefined) break;
    if (next.type === 'optional') found = keys.slice(0, depth + 1);
    here = (here as Json | undefined)?.[key];
    at = next;
  }
  return found;
}

function without(value: unknown, [key, ...rest]: readonly (string | number)[]): unknown {
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as Json) }) as Json;
  if (rest.length === 0) delete copy[key!];
  else copy[key!] = without(copy[key!], rest);
  return copy;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
