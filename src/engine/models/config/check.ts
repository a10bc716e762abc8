/** Values from configuration files that nobody should trust, held against one schema each. */
import * as v from 'valibot';
import { malformed, quoted } from '../../checkpoint/failure.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whole, from 1 up to what a 32-bit index holds. */
export const count = v.pipe(
  v.number('a whole number of at least 1'),
  v.integer('a whole number of at least 1'),
  v.minValue(1, 'a whole number of at least 1'),
  v.maxValue(2 ** 31 - 1, 'a whole number below 2,147,483,648'),
);

/** A whole number from 0 up: an id, an index. */
export const index = v.pipe(
  v.number('a whole number of at least 0'),
  v.integer('a whole number of at least 0'),
  v.minValue(0, 'a whole number of at least 0'),
  v.maxValue(2 ** 31 - 1, 'a whole number below 2,147,483,648'),
);

export const finite = v.pipe(v.number('a number'), v.finite('a finite number'));
export const positive = v.pipe(
  v.number('a number above 0'),
  v.finite('a finite number'),
  v.gtValue(0, 'a number above 0'),
);
/** @returns a schema for numbers between both bounds, which are allowed. */
export const between = (low: number, high: number) =>
  v.pipe(
    v.number(`a number from ${low} to ${high}`),
    v.minValue(low, `a number from ${low} to ${high}`),
    v.maxValue(high, `a number from ${low} to ${high}`),
  );
export const flag = v.boolean('true or false');
export const text = v.string('a text');
export const record = v.record(v.string(), v.unknown(), 'an object');
export const listOf = <Item extends v.GenericSchema>(item: Item, what: string) => v.array(item, what);

type Checked = v.GenericSchema<unknown>;

/**
 * `value` as `schema` has it: keys that the schema does not name stay out.
 * @param file names the file in the message, `at` the object in it ("text_config"); empty for the whole file.
 * @throws `malformed` with the key, its value, and what is needed.
 */
export function checked<Schema extends Checked>(
  schema: Schema,
  value: unknown,
  file: string,
  at = '',
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = [at, ...(issue.path ?? []).map(({ key: part }) => String(part))].filter((part) => part !== '').join('.');
  if (issue.input === undefined) throw malformed(file, `has no ${quoted(key)}.`);
  throw outOfRange(file, key, issue.input, issue.message);
}

/** The error for a setting that cannot be used. @param needed what would do, as "a number above 0" */
export function outOfRange(file: string, key: string, value: unknown, needed: string) {
  return malformed(file, `sets ${quoted(key)} to ${valueOf(value)}; it must be ${needed}.`);
}

/** A value as the file writes it, cut to a line. */
export function valueOf(value: unknown): string {
  const written = JSON.stringify(value) ?? 'nothing';
  return quoted(written).slice(1, -1);
}

/** What Python takes for false: null, false, 0, and what is empty. */
export function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
