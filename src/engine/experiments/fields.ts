/** What the schema of a field says of it, and what a value of a file means for it. */
import * as v from 'valibot';
import { notesOf } from '../analyses/declare/field.js';
import type { Field } from './kinds.js';

export interface FieldFacts {
  doc: string;
  /** Words that it takes, alone or in a list. */
  words: readonly string[];
  /** Keys of a mapping that it takes. */
  keys: readonly string[];
  isList: boolean;
  /** As it would be written; undefined where there is none. */
  usual: string | undefined;
  isRequired: boolean;
}

/** The parts of valibot's schemas that are read here. */
interface Schema {
  type: string;
  wrapped?: Schema;
  default?: unknown;
  item?: Schema;
  options?: readonly (string | Schema)[];
  entries?: Readonly<Record<string, Schema>>;
}

function unwrapped(schema: Schema): Schema {
  return schema.type === 'optional' || schema.type === 'nullable' ? unwrapped(schema.wrapped!) : schema;
}

/** @param word of the command, which help may depend on */
export function factsOf(entry: Field, word: string): FieldFacts {
  const schema = entry as unknown as Schema;
  const inner = unwrapped(schema);
  const flags = notesOf(entry).flags;
  const docs = flags.map(({ syntax, help }) => {
    const said = typeof help === 'string' ? help : help(word);
    return flags.length === 1 ? said : `${syntax.replace(/^--(\S+).*$/, '$1')}: ${said}`;
  });
  const usual = schema.default;
  return {
    doc: sentence(docs.join('; ')),
    words: wordsOf(inner),
    keys: keysOf(inner),
    isList: inner.type === 'array' || inner.type === 'tuple',
    usual:
      typeof usual === 'string' || typeof usual === 'number' || typeof usual === 'boolean' ? String(usual) : undefined,
    isRequired: schema.type !== 'optional',
  };
}

function wordsOf({ type, options = [] }: Schema): readonly string[] {
  if (type === 'boolean') return ['true', 'false'];
  return type === 'picklist' ? (options as readonly string[]) : [];
}

function keysOf(schema: Schema): readonly string[] {
  const { type, entries, options = [] } = schema;
  if (type === 'object') return Object.keys(entries ?? {}).filter((key) => key !== KEY_VARIABLE);
  if (type !== 'variant') return [];
  return [...new Set((options as readonly Schema[]).flatMap(keysOf))];
}

/** Names a variable of the environment: that is for who runs the file, never for the file. */
export const KEY_VARIABLE = 'keyVariable';

function sentence(text: string): string {
  const whole = text.endsWith('.') ? text : `${text}.`;
  return whole[0]!.toUpperCase() + whole.slice(1);
}

export type Valued = { ok: true; value: unknown } | { ok: false; message: string; path: (string | number)[] };

/**
 * The value of a field as its schema has it. One value stands for a list of one, and what the command line reads in a
 * text (`0-11`, `4,8`) is read here too. @param given plain data
 */
export function valueOf(entry: Field, name: string, given: unknown): Valued {
  const schema = entry;
  const { flags } = notesOf(schema);
  // A list is an object too, for the schema.
  if (Array.isArray(given) && unwrapped(entry).type === 'object')
    return { ok: false, message: `"${name}": it must be a mapping, not a list.`, path: [] };
  const first = v.safeParse(schema, given, { abortEarly: true });
  if (first.success) return { ok: true, value: given };
  if (!Array.isArray(given) && unwrapped(entry).type === 'array') {
    const one = v.safeParse(schema, [given], { abortEarly: true });
    if (one.success) return { ok: true, value: [given] };
  }
  const read = flags.length > 0 ? flags[0]!.read : undefined;
  if (read !== undefined && typeof given === 'string') {
    try {
      const typed = read(given);
      if (v.is(schema, typed)) return { ok: true, value: typed };
    } catch (error) {
      return { ok: false, message: `"${name}": ${(error as Error).message}`, path: [] };
    }
  }
  const [issue] = first.issues;
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  return { ok: false, message: `"${[name, ...path].join('.')}": ${messageOf(issue)}`, path };
}

/** The schema's own sentence; else what it expects, in words. */
function messageOf({ message, expected, received, type }: v.BaseIssue<unknown>): string {
  if (!message.startsWith('Invalid ')) return message;
  if (received === 'undefined') return 'it is missing.';
  const wanted = (expected ?? 'something else')
    .replace(/^\((.*)\)$/, '$1')
    .replaceAll('"', '')
    .replaceAll(' | ', ', ')
    .replace(/^Array$/, 'a list')
    .replace(/^Object$/, 'a mapping');
  return (
    `it must be ${type === 'picklist' || type === 'variant' ? 'one of ' : ''}${wanted}, not ` +
    `${received.slice(0, 60)}.`
  );
}
