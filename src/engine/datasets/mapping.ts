/**
 * Which columns of a set hold its questions, as data: the sets that are known (`publishedSets.ts`), and those that a
 * user maps in a YAML file.
 */
import path from 'node:path';
import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { malformed, quoted, shown } from '../checkpoint/failure.js';
import { readText } from '../checkpoint/text.js';
import { FrankensteinError } from '../errors.js';
import { ANSWER_TYPES } from './answerType.js';
import { conditionOf } from './condition.js';

const word = v.pipe(v.string('a text'), v.trim(), v.minLength(1, 'a text'));
const words = v.pipe(v.array(word, 'a list of texts'), v.minLength(1, 'a list of texts'));
/** A column; a text with columns in braces; of several, the first that a row has. */
const field = v.union([word, words], 'a column, a text with columns in braces, or a list of such');
const type = v.picklist(ANSWER_TYPES, `one of ${ANSWER_TYPES.join(', ')}`);
const condition = v.pipe(
  word,
  v.check((text) => {
    try {
      return conditionOf(text) !== undefined;
    } catch {
      return false;
    }
  }, 'a condition such as question_type=free_form'),
);

const keys = {
  name: v.optional(word),
  /** Columns that a file must have to be such a set; `a|b` is either. Of known sets. */
  has: v.optional(words),
  /** The number of the row, from 0, when left out. */
  id: v.optional(field),
  prompt: field,
  /** Stands on a line before the question. */
  hint: v.optional(field),
  /** A column that holds a list, or the columns of the options in order. */
  options: v.optional(v.union([word, words], 'a column, or a list of columns')),
  /** Of `prompt`: columns whose text lists the options already. */
  options_in: v.optional(words),
  /** What stands between a question and its options. */
  options_after: v.optional(v.string('a text')),
  /** What there is to choose from, where no column says. */
  choices: v.optional(words),
  answer: field,
  /** The truth is the word at the end, behind this text. Rows with images may give it alone. */
  answer_after: v.optional(word),
  /** What a value of the column means: `{'0': 'No'}`. */
  answer_words: v.optional(v.record(word, word, 'words by their values')),
  /**
   * Of all; or rules, of which the first counts whose condition holds; or `{column: …}`, which names it. Left out: a
   * choice where there are options, a formula else.
   */
  answer_type: v.optional(
    v.union(
      [type, v.strictObject({ column: word }), v.array(v.strictObject({ when: v.optional(condition), is: type }))],
      `one of ${ANSWER_TYPES.join(', ')}, {column: …}, or a list of {when: …, is: …}`,
    ),
  ),
  /** Decimals of a number. */
  precision: v.optional(word),
  /** Columns of images, all of which are read; those with usual names when left out. */
  images: v.optional(words),
  description: v.optional(field),
  task: v.optional(field),
  /** What names the question that this is one variant of. */
  variant_of: v.optional(field),
};

export const mappingSchema = v.strictObject(keys, ({ received }) => `no key ${received}`);

export type Mapping = v.InferOutput<typeof mappingSchema>;

/** Bytes. */
const FILE_LIMIT = 1024 * 1024;

/**
 * A mapping that the user wrote.
 * @throws `malformed` with key and what would do; what reading throws
 */
export async function readMapping(given: string, signal?: AbortSignal): Promise<Mapping> {
  const file = path.resolve(given);
  const document = parseDocument(await readText(file, FILE_LIMIT, signal));
  const [broken] = document.errors;
  if (broken !== undefined)
    throw malformed(file, `is not valid YAML: ${broken.message.split('\n')[0]!.replace(/:$/, '')}.`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(file, 'is no mapping: write a line per key, such as prompt: question.');
  const result = v.safeParse(mappingSchema, value, { abortEarly: true });
  if (result.success) return { name: path.basename(file), ...result.output };
  const [issue] = result.issues;
  const key = issue.path?.map((part) => String(part.key)).join('.') ?? '';
  if (issue.type === 'strict_object' && issue.expected === 'never')
    throw malformed(
      file,
      `has the key ${quoted(key)}, which no mapping has; there are ${Object.keys(keys)
        .filter((one) => one !== 'has')
        .join(', ')}.`,
    );
  if (issue.received === 'undefined') throw malformed(file, `has no ${quoted(key)}.`);
  throw malformed(file, `has a ${quoted(key)} that is not ${issue.message}.`);
}

/** The columns that a field names. */
export function columnsIn(value: string | readonly string[] | undefined): string[] {
  return [value ?? []].flat().flatMap((one) => {
    const inside = [...one.matchAll(/\{([^{}]+)\}/g)].map(([, column]) => column!);
    return inside.length > 0 ? inside : [one];
  });
}

/** All columns that a mapping reads beside those of images. */
export function columnsOfMapping(mapping: Mapping): string[] {
  const { answer_type: kind, options, precision } = mapping;
  const rules =
    typeof kind !== 'object'
      ? []
      : Array.isArray(kind)
        ? kind.flatMap(({ when }) => (when === undefined ? [] : [conditionOf(when).column]))
        : [kind.column];
  const fields = [
    mapping.id,
    mapping.prompt,
    mapping.hint,
    mapping.answer,
    mapping.description,
    mapping.task,
    mapping.variant_of,
  ];
  return [...new Set([...fields.flatMap(columnsIn), ...[options ?? []].flat(), precision ?? [], ...rules].flat())];
}

/** The same mapping that asks with another column. */
export function askedWith(mapping: Mapping, column: string | undefined): Mapping {
  return column === undefined ? mapping : { ...mapping, prompt: column };
}

/** Refuses a column that a user named and the file does not have. @throws `bad-request` */
export function checkColumn(column: string, columns: readonly string[], file: string): void {
  if (columns.some((one) => column === one || column.startsWith(`${one}.`))) return;
  throw new FrankensteinError(
    'bad-request',
    `${shown(file)} has no column ${quoted(column)}; there are ${columns.slice(0, 60).map(shown).join(', ')}.`,
  );
}
