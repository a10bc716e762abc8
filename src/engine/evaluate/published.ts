/**
 * Question sets as they are published in Parquet: MathVista (`testmini`), MATH-500, GSM8K, and files with the columns of
 * the evaluation format. Told apart by their columns.
 */
import path from 'node:path';
import { malformed, shown } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { openParquet, type ParquetRow } from '../parquet/file.js';
import { pictureName } from '../parquet/picture.js';
import { answerTypeOf } from './answerType.js';
import { type DataSet, LineError, type ReadOptions } from './jsonl.js';
import type { Question } from './questionSet.js';

interface Published {
  name: string;
  /** Columns that a file must have to be one of these. */
  has: readonly string[];
  /** Columns to read beside the picture's. */
  columns: readonly string[];
  picture: string | undefined;
  question(row: ParquetRow, index: number): Omit<Question, 'image'>;
}

const FORMATS: readonly Published[] = [
  {
    name: 'MathVista',
    has: ['pid', 'question', 'answer', 'question_type', 'decoded_image'],
    columns: ['pid', 'question', 'query', 'answer', 'question_type', 'answer_type', 'choices', 'precision'],
    picture: 'decoded_image',
    question(row) {
      const choices = textsOf(row['choices']);
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
        id: textOf(row, 'pid'),
        prompt: row['query'] ? textOf(row, 'query') : textOf(row, 'question'),
        answer: textOf(row, 'answer'),
        answerType: kind,
        choices: kind === 'choice' ? choices : undefined,
        precision:
          kind === 'number' && Number.isInteger(precision) && precision >= 0 && precision <= 20 ? precision : undefined,
        description: undefined,
        task: undefined,
      };
    },
  },
  {
    name: 'MATH-500',
    has: ['problem', 'answer'],
    columns: ['problem', 'answer', 'unique_id', 'subject'],
    picture: undefined,
    question: (row, index) => ({
      id: row['unique_id'] ? textOf(row, 'unique_id') : String(index),
      prompt: textOf(row, 'problem'),
      answer: textOf(row, 'answer'),
      answerType: 'math',
      choices: undefined,
      description: undefined,
      task: row['subject'] ? textOf(row, 'subject') : undefined,
    }),
  },
  {
    name: 'the evaluation format',
    has: ['prompt', 'answer', 'answer_type'],
    columns: ['id', 'prompt', 'answer', 'answer_type', 'choices', 'description', 'task'],
    picture: 'image',
    question: (row, index) => ({
      id: row['id'] === undefined ? String(index) : textOf(row, 'id'),
      prompt: textOf(row, 'prompt'),
      answer: textOf(row, 'answer'),
      answerType: answerTypeOf(textOf(row, 'answer_type')),
      choices: textsOf(row['choices']),
      description: row['description'] ? textOf(row, 'description') : undefined,
      task: row['task'] ? textOf(row, 'task') : undefined,
    }),
  },
  {
    name: 'GSM8K',
    has: ['question', 'answer'],
    columns: ['question', 'answer'],
    picture: undefined,
    question(row, index) {
      // The worked solution ends with "#### 42".
      const [, truth] = /####\s*(\S+)\s*$/.exec(textOf(row, 'answer')) ?? [];
      if (truth === undefined) throw new LineError(`has an answer without "####".`);
      return {
        id: String(index),
        prompt: textOf(row, 'question'),
        answer: truth,
        answerType: 'number',
        choices: undefined,
        description: undefined,
        task: undefined,
      };
    },
  },
];

/** Rows read at once: pictures are left out, so rows are small. */
const ROWS = 1024;

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
        `${shown(name)} has the columns ${file.columns.slice(0, 12).map(shown).join(', ')}, which are no question set that is known (${FORMATS.map((known) => known.name).join(', ')}).`,
      );
    const columns = format.columns.filter((column) => file.columns.includes(column));
    const pictured = format.picture !== undefined && file.columns.includes(format.picture) ? format.picture : undefined;
    const set: DataSet<Question> = { file: name, items: [], badLines: [] };
    const seen = new Set<string>();
    for (let begin = 0; begin < file.rows; begin += ROWS) {
      throwIfCancelled(signal);
      const rows = await file.read(columns, begin, Math.min(file.rows, begin + ROWS));
      rows.forEach((row, offset) => {
        const index = begin + offset;
        try {
          const question = format.question(row, index);
          if (seen.has(question.id))
            throw new LineError(`has the id "${shown(question.id.slice(0, 80))}" of an earlier row again.`);
          seen.add(question.id);
          set.items.push({
            ...question,
            image: pictured === undefined ? undefined : pictureName(name, pictured, index),
          });
        } catch (error) {
          if (!(error instanceof LineError)) throw error;
          if (badLines !== 'skip') throw malformed(name, `row ${index + 1} ${error.message}`);
          set.badLines.push({ line: index + 1, why: error.message });
        }
      });
    }
    if (set.items.length === 0) throw malformed(name, 'holds no usable row.');
    return set;
  } finally {
    await file.close();
  }
}

function textOf(row: ParquetRow, column: string): string {
  const value = row[column];
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'bigint'
        ? String(value)
        : value instanceof Uint8Array
          ? new TextDecoder().decode(value)
          : '';
  if (text.trim() === '') throw new LineError(`has no "${column}".`);
  return text;
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}
