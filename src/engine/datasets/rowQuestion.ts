/** From a row and its mapping to a question. */
import { quoted } from '../checkpoint/failure.js';
import { type AnswerType, answerTypeOf } from './answerType.js';
import { cellOf, conditionOf, RowFilter } from './condition.js';
import type { JsonObject } from './jsonl.js';
import { LineError } from './lineError.js';
import { columnsIn, type Mapping } from './mapping.js';
import { optionsOf, type Question } from './question.js';

/**
 * @param index of the row, from 0 @param hasImages whether it has images
 * @throws LineError
 */
export function questionOfRow(
  row: JsonObject,
  mapping: Mapping,
  index: number,
  hasImages: boolean,
): Omit<Question, 'images'> {
  const [asked, prompt] = promptOf(row, mapping.prompt);
  const options = optionsIn(row, mapping);
  const { truth, found } = truthIn(row, mapping, hasImages);
  const type = typeOf(row, mapping, options.length > 0, found);
  const isListed = mapping.options === undefined || (mapping.options_in ?? []).includes(asked);
  const hint = fieldIn(row, mapping.hint);
  const lines = options.map((option, at) => `${String.fromCharCode(65 + at)}. ${option}`).join('\n');
  const precision =
    type === 'number' && mapping.precision !== undefined ? Number(cellOf(row, mapping.precision) ?? NaN) : NaN;
  const variant = fieldIn(row, mapping.variant_of);
  return {
    id: fieldIn(row, mapping.id) ?? String(index),
    prompt: `${hint === undefined ? '' : `${hint}\n`}${prompt}${isListed || lines === '' ? '' : `${mapping.options_after ?? '\n'}${lines}`}`,
    answer: truth,
    answerType: type,
    choices: type === 'choice' ? choicesOf(options, mapping) : undefined,
    ...(Number.isInteger(precision) && precision >= 0 && precision <= 20 ? { precision } : {}),
    description: fieldIn(row, mapping.description),
    task: fieldIn(row, mapping.task),
    ...(variant === undefined ? {} : { variantOf: `${mapping.name ?? ''}/${variant}` }),
  };
}

function choicesOf(options: readonly string[], { choices }: Mapping): readonly string[] | undefined {
  const known = options.map((option) => option.replace(/<image \d+>/g, '').trim() || option);
  return known.length > 0 ? known : choices;
}

/** The text of a field where a row has it. */
function fieldIn(row: JsonObject, field: string | readonly string[] | undefined): string | undefined {
  for (const one of [field ?? []].flat()) {
    if (!columnsIn(one).every((column) => isThere(cellOf(row, column)))) continue;
    return one.includes('{')
      ? one.replace(/\{([^{}]+)\}/g, (_, column: string) => textIn(row, column))
      : textIn(row, one);
  }
  return undefined;
}

/** The column that asks, and its text. @throws LineError */
function promptOf(row: JsonObject, field: string | readonly string[]): [column: string, text: string] {
  const fields = [field].flat();
  for (const one of fields) {
    if (!columnsIn(one).every((column) => isThere(cellOf(row, column)))) continue;
    const cell = one.includes('{') ? fieldIn(row, one) : cellOf(row, one);
    return [one, Array.isArray(cell) ? messageOf(cell as unknown[]) : (fieldIn(row, one) ?? '')];
  }
  throw new LineError(`has no ${quoted(fields.at(-1)!)}.`);
}

/** The one message of the user. @throws LineError for conversations, which would be asked without their beginning. */
function messageOf(value: readonly unknown[]): string {
  const [first, ...others] = value.map(fieldsOf);
  if (first === undefined) throw new LineError('has no message in its "prompt".');
  if (others.length > 0 || textIn(first, 'role') !== 'user')
    throw new LineError('has a "prompt" that is not one message of the user.');
  return textIn(first, 'content');
}

function optionsIn(row: JsonObject, { options }: Mapping): readonly string[] {
  if (options === undefined) return [];
  if (Array.isArray(options))
    return options.flatMap((column) => (isThere(cellOf(row, column)) ? [textIn(row, column)] : []));
  const column = options.split('|').find((one) => cellOf(row, one) !== undefined);
  return column === undefined ? [] : listed(cellOf(row, column), column);
}

/** A list, letters with their options, or a list written as Python writes it: `['5', "6"]`. */
function listed(value: unknown, column: string): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'object' && value !== null) return optionsOf(value, column);
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') return [];
  if (!/^\[[\s\S]*\]$/.test(text)) throw new LineError(`has ${quoted(column)} that are no list.`);
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(?<=[[,]\s*)([^\s'",[\]][^'",[\]]*)/g)].map(
    ([, single, double, bare]) => (single ?? double ?? bare ?? '').replace(/\\(['"\\])/g, '$1'),
  );
}

/** @returns the truth, and how it was found: by the text before it, or as it stands. */
function truthIn(row: JsonObject, mapping: Mapping, hasImages: boolean): { truth: string; found: boolean } {
  const { answer, answer_after: mark, answer_words: meanings } = mapping;
  const column = [answer].flat().at(-1)!;
  const cell = cellOf(row, column);
  // A box may be a list, and so may an answer of several choices.
  const listed = Array.isArray(cell) && cell.every((one) => typeof one === 'string') ? cell.join(', ') : undefined;
  const text = listed ?? (Array.isArray(cell) ? JSON.stringify(cell) : fieldIn(row, answer));
  if (text === undefined) throw new LineError(`has no ${quoted(column)}.`);
  if (mark !== undefined) {
    const at = text.lastIndexOf(mark);
    const truth = at < 0 ? undefined : /^\s*(\S+)\s*$/.exec(text.slice(at + mark.length))?.[1];
    if (truth === undefined && !hasImages) throw new LineError(`has an answer without ${quoted(mark)}.`);
    return { truth: truth ?? text, found: truth !== undefined };
  }
  if (meanings === undefined) return { truth: text, found: false };
  const meant = meanings[text.trim()];
  if (meant === undefined)
    throw new LineError(
      `has the value ${quoted(text.slice(0, 60))} in ${quoted(column)}; there are ${Object.keys(meanings).join(', ')}.`,
    );
  return { truth: meant, found: false };
}

function typeOf(row: JsonObject, { answer_type: given }: Mapping, hasOptions: boolean, isMarked: boolean): AnswerType {
  if (given === undefined) return hasOptions ? 'choice' : isMarked ? 'number' : 'math';
  if (typeof given === 'string') return given;
  if (!Array.isArray(given)) return answerTypeOf(textIn(row, given.column));
  const rule = given.find(({ when }) => when === undefined || new RowFilter([conditionOf(when)], '').accepts(row, 0));
  if (rule === undefined) throw new LineError('has an answer whose type no rule of its mapping tells.');
  return rule.is;
}

function fieldsOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function isThere(value: unknown): boolean {
  return (
    value !== undefined &&
    value !== null &&
    value !== '' &&
    value !== 'nan' &&
    !(typeof value === 'number' && Number.isNaN(value))
  );
}

/** @throws LineError */
export function textIn(row: JsonObject, column: string): string {
  const value = cellOf(row, column);
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
        ? String(value)
        : value instanceof Uint8Array
          ? new TextDecoder().decode(value)
          : '';
  if (text.trim() === '') throw new LineError(`has no ${quoted(column)}.`);
  return text;
}
