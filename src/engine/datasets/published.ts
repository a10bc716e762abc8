/**
 * Question sets as they are published in Parquet, told apart by their columns: MathVista (`testmini`), MATH-500, GSM8K, sets
 * made for reinforcement learning (verl's columns; images with `problem` and `answer`), options beside the question (MMMU,
 * MMBench), and files with the columns of the evaluation format.
 */
import path from 'node:path';
import { malformed, shown } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { openParquet, type ParquetFile, type ParquetRow } from '../parquet/file.js';
import { mediaTypeOf } from '../models/processor/decodeImage.js';
import { bytesOf, imageName } from '../parquet/picture.js';
import { answerTypeOf } from './answerType.js';
import { checkAllRead, isImageLike, placed } from './images.js';
import { type DataSet, LineError, imageBelow, type ReadOptions } from './jsonl.js';
import { checkChoice, optionsOf, truthOf, checkBox, type Question } from './question.js';

interface Published {
  name: string;
  /** Columns that a file must have to be one of these. */
  has: readonly string[];
  /** Columns to read beside those of images. */
  columns: readonly string[];
  /** @param pictured whether the row has images. */
  question(row: ParquetRow, index: number, pictured: boolean): Omit<Question, 'images'>;
}

const PLAIN = { choices: undefined, description: undefined, task: undefined };

const FORMATS: readonly Published[] = [
  {
    name: 'MathVista',
    has: ['pid', 'question', 'answer', 'question_type', 'decoded_image'],
    columns: ['pid', 'question', 'query', 'answer', 'question_type', 'answer_type', 'choices', 'precision'],
    question(row) {
      const choices = given(listed(row['choices'], 'choices'));
      const precision = Number(row['precision'] ?? NaN);
      const kind =
        row['question_type'] === 'multi_choice'
          ? 'choice'
          : row['answer_type'] === 'integer' || row['answer_type'] === 'float'
            ? 'number'
            : row['answer_type'] === 'list'
              ? 'math'
              : 'text';
      return {
        ...PLAIN,
        id: textOf(row, 'pid'),
        prompt: row['query'] ? textOf(row, 'query') : textOf(row, 'question'),
        answer: textOf(row, 'answer'),
        answerType: kind,
        choices: kind === 'choice' ? choices : undefined,
        precision:
          kind === 'number' && Number.isInteger(precision) && precision >= 0 && precision <= 20 ? precision : undefined,
      };
    },
  },
  ...['question', 'problem'].flatMap((asked) =>
    ['options', 'choices'].map((options): Published => ({
      name: 'MMMU',
      has: [asked, options, 'answer'],
      columns: ['id', 'hint', asked, options, 'answer', 'subfield'],
      question: (row, index) => ({
        ...withOptions(row, asked, listed(row[options], options)),
        id: idOf(row, index, 'id'),
        task: row['subfield'] ? textOf(row, 'subfield') : undefined,
      }),
    })),
  ),
  {
    name: 'MATH-500',
    has: ['problem', 'answer'],
    columns: ['problem', 'answer', 'id', 'unique_id', 'subject'],
    question: (row, index) => ({
      ...PLAIN,
      id: idOf(row, index, 'unique_id', 'id'),
      prompt: textOf(row, 'problem'),
      answer: textOf(row, 'answer'),
      answerType: 'math',
      task: row['subject'] ? textOf(row, 'subject') : undefined,
    }),
  },
  {
    name: 'the evaluation format',
    has: ['prompt', 'answer', 'answer_type'],
    columns: ['id', 'prompt', 'answer', 'answer_type', 'choices', 'description', 'task'],
    question: (row, index) => ({
      id: row['id'] === undefined ? String(index) : textOf(row, 'id'),
      prompt: textOf(row, 'prompt'),
      answer: textOf(row, 'answer'),
      answerType: answerTypeOf(textOf(row, 'answer_type')),
      choices: given(listed(row['choices'], 'choices')),
      description: row['description'] ? textOf(row, 'description') : undefined,
      task: row['task'] ? textOf(row, 'task') : undefined,
    }),
  },
  {
    name: 'verl',
    has: ['prompt', 'reward_model'],
    columns: ['prompt', 'reward_model', 'data_source'],
    question: (row, index) => ({
      ...PLAIN,
      id: String(index),
      prompt: messageOf(row['prompt']),
      answer: textOf(fieldsOf(row['reward_model']), 'ground_truth'),
      answerType: 'math',
      task: row['data_source'] ? textOf(row, 'data_source') : undefined,
    }),
  },
  {
    name: 'MMBench',
    has: ['question', 'A', 'B', 'answer'],
    columns: ['index', 'hint', 'question', 'A', 'B', 'C', 'D', 'E', 'F', 'answer', 'category'],
    question: (row, index) => ({
      ...withOptions(
        row,
        'question',
        ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((letter) => (isThere(row[letter]) ? [textOf(row, letter)] : [])),
      ),
      id: idOf(row, index, 'index'),
      task: row['category'] ? textOf(row, 'category') : undefined,
    }),
  },
  {
    name: 'GSM8K',
    has: ['question', 'answer'],
    columns: ['question', 'answer'],
    question(row, index, pictured) {
      const common = { ...PLAIN, id: String(index), prompt: textOf(row, 'question') };
      // The worked solution ends with "#### 42". Sets of images give the answer alone.
      const [, truth] = /####\s*(\S+)\s*$/.exec(textOf(row, 'answer')) ?? [];
      if (truth !== undefined) return { ...common, answer: truth, answerType: 'number' };
      if (!pictured) throw new LineError(`has an answer without "####".`);
      return { ...common, answer: textOf(row, 'answer'), answerType: 'math' };
    },
  },
];

/** The question with its options below, lettered; an open question where there are none. */
function withOptions(
  row: ParquetRow,
  asked: string,
  options: readonly string[],
): Omit<Question, 'images' | 'id' | 'task'> {
  const lines = options.map((option, index) => `${String.fromCharCode(65 + index)}. ${option}`);
  const hint = isThere(row['hint']) ? [textOf(row, 'hint')] : [];
  return {
    prompt: [...hint, textOf(row, asked), ...lines].join('\n'),
    answer: textOf(row, 'answer'),
    answerType: options.length > 0 ? 'choice' : 'math',
    choices:
      options.length > 0 ? options.map((option) => option.replace(/<image \d+>/g, '').trim() || option) : undefined,
    description: undefined,
  };
}

/** A list, letters with their options, or a list written as Python writes it: `['5', "6"]`. */
function listed(value: unknown, column: string): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'object' && value !== null) return optionsOf(value, column);
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') return [];
  if (!/^\[[\s\S]*\]$/.test(text)) throw new LineError(`has "${column}" that are no list.`);
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(?<=[[,]\s*)([^\s'",[\]][^'",[\]]*)/g)].map(
    ([, single, double, bare]) => (single ?? double ?? bare ?? '').replace(/\\(['"\\])/g, '$1'),
  );
}

/** The one message of the user. @throws LineError for conversations, which would be asked without their beginning. */
function messageOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const messages = Array.isArray(value) ? value.map(fieldsOf) : [];
  const [first, ...others] = messages;
  if (first === undefined) throw new LineError('has no message in its "prompt".');
  if (others.length > 0 || textOf(first, 'role') !== 'user')
    throw new LineError('has a "prompt" that is not one message of the user.');
  return textOf(first, 'content');
}

function fieldsOf(value: unknown): ParquetRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ParquetRow) : {};
}

function idOf(row: ParquetRow, index: number, ...columns: readonly string[]): string {
  const column = columns.find((name) => isThere(row[name]));
  return column === undefined ? String(index) : textOf(row, column);
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 'nan';
}

/** Columns of images, of which all are read: one of these names, or numbered ones. */
function imageColumns(columns: readonly string[]): string[] {
  const one = ['decoded_image', 'images', 'image'].find((name) => columns.includes(name));
  const numbered = columns
    .filter((name) => /^image_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return one === undefined ? numbered : one === 'image' ? [one, ...numbered] : [one];
}

/** The names of a row's images. @throws LineError */
async function imagesOf(file: string, row: ParquetRow, columns: readonly string[], index: number): Promise<string[]> {
  const names: string[] = [];
  for (const column of columns) {
    const cell = row[column];
    const list = Array.isArray(cell);
    for (const [at, one] of (list ? (cell as unknown[]) : [cell]).entries()) {
      if (!isThere(one)) continue;
      const bytes = bytesOf(one);
      const path = typeof one === 'string' ? one : fieldsOf(one)['path'];
      if (bytes !== undefined && bytes.length > 0) {
        if (mediaTypeOf(bytes) === undefined)
          throw new LineError(`holds no PNG, JPEG or WebP image in "${shown(column)}".`);
        names.push(imageName(file, column, index, list ? at : undefined));
      } else if (typeof path === 'string' && path !== '') names.push(await imageBelow(file, path, column));
      else throw new LineError(`has a "${shown(column)}" that is neither an image nor the name of one.`);
    }
  }
  return names;
}

/** Rows read at once: small without images. */
const [ROWS, IMAGE_ROWS] = [1024, 64];

/**
 * @throws `unsupported` for columns of no known set, `malformed` for a bad row (unless those are skipped), and as
 * `openParquet`.
 */
export async function readParquetQuestions(
  given: string,
  { badLines, signal }: ReadOptions,
): Promise<DataSet<Question>> {
  const name = path.resolve(given);
  const file = await openParquet(name, signal);
  try {
    const format = FORMATS.find(({ has }) => has.every((column) => file.columns.includes(column)));
    if (format === undefined)
      throw new FrankensteinError(
        'unsupported',
        `${shown(name)} has the columns ${file.columns.slice(0, 12).map(shown).join(', ')}, which are no question set that is known (${[...new Set(FORMATS.map((known) => known.name))].join(', ')}).`,
      );
    const pictured = imageColumns(file.columns);
    const imageLike = file.columns.filter((column) => isImageLike(column) && column !== 'description');
    const columns = [...new Set([...format.columns.filter((column) => file.columns.includes(column)), ...imageLike])];
    await checkOthers(file, columns);
    const set: DataSet<Question> = { file: name, items: [], badLines: [] };
    const seen = new Set<string>();
    const step = imageLike.length > 0 ? IMAGE_ROWS : ROWS;
    for (let begin = 0; begin < file.rows; begin += step) {
      throwIfCancelled(signal);
      const rows = await file.read(columns, begin, Math.min(file.rows, begin + step));
      for (const [offset, row] of rows.entries()) {
        const index = begin + offset;
        try {
          const found = await imagesOf(name, row, pictured, index);
          checkAllRead(row, new Set([...pictured, ...format.columns]), found.length);
          const question = format.question(row, index, found.length > 0);
          if (seen.has(question.id))
            throw new LineError(`has the id "${shown(question.id.slice(0, 80))}" of an earlier row again.`);
          seen.add(question.id);
          const where = pictured.map((column) => `"${column}"`).join(', ');
          const { prompt, images } = placed(question.prompt, found, where);
          checkBox(question.answerType, images);
          const answer = truthOf(question.answer);
          checkChoice({ ...question, answer });
          set.items.push({ ...question, answer, prompt, images });
        } catch (error) {
          if (!(error instanceof LineError)) throw error;
          if (badLines !== 'skip') throw malformed(name, `row ${index + 1} ${error.message}`);
          set.badLines.push({ line: index + 1, why: error.message });
        }
      }
    }
    if (set.items.length === 0) throw malformed(name, 'holds no usable row.');
    return set;
  } finally {
    await file.close();
  }
}

/** A column of images under another name must not go unread. @throws `unsupported` */
async function checkOthers(file: ParquetFile, read: readonly string[]): Promise<void> {
  const others = file.columns.filter((column) => !read.includes(column));
  if (others.length === 0 || file.rows === 0) return;
  const [first = {}] = await file.read(others, 0, 1);
  for (const column of others) {
    const cells = [first[column]].flat();
    if (cells.some((cell) => mediaTypeOf(bytesOf(cell) ?? new Uint8Array()) !== undefined))
      throw new FrankensteinError(
        'unsupported',
        `${shown(file.file)} has images in the column "${shown(column)}", which is not read: call it "images".`,
      );
  }
}

function textOf(row: ParquetRow, column: string): string {
  const value = row[column];
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
        ? String(value)
        : value instanceof Uint8Array
          ? new TextDecoder().decode(value)
          : '';
  if (text.trim() === '') throw new LineError(`has no "${column}".`);
  return text;
}

function given(choices: readonly string[]): readonly string[] | undefined {
  return choices.length > 0 ? choices : undefined;
}
