/** Questions with answers that can be checked: the evaluation format (JSON Lines), and published Parquet files. */
import { type AnswerType, answerTypeOf } from './answerType.js';
import { boxOf } from './box.js';
import {
  identity,
  type DataSet,
  type JsonObject,
  LineError,
  optionalText,
  pictureBelow,
  readJsonl,
  type ReadOptions,
  text,
} from './jsonl.js';
import { readParquetQuestions } from './published.js';

export interface Question {
  id: string;
  /** May hold `<image>` where the picture goes. */
  prompt: string;
  /** The truth; a box as `[x1, y1, x2, y2]`. */
  answer: string;
  answerType: AnswerType;
  /** What there is to choose from; undefined when the choices are in the prompt. */
  choices: readonly string[] | undefined;
  /** Decimals to which a number is rounded before it is compared. */
  precision?: number | undefined;
  /** Absolute path, or the name of a picture in a Parquet file (`parquet/picture`). */
  image: string | undefined;
  /** The picture in words. */
  description: string | undefined;
  task: string | undefined;
}

/** @throws as `readJsonl` and `readParquetQuestions` */
export async function readQuestionSet(file: string, options: ReadOptions = {}): Promise<DataSet<Question>> {
  if (file.endsWith('.parquet')) return readParquetQuestions(file, options);
  const seen = new Map<string, number>();
  return readJsonl(
    file,
    async (object, line) => {
      const answerType = answerTypeOf(text(object, 'answer_type'));
      const choices = choicesOf(object);
      const image = optionalText(object, 'image');
      return {
        id: identity(object, seen, line),
        prompt: text(object, 'prompt'),
        answer: answerOf(object, answerType),
        answerType,
        choices,
        image: image === undefined ? undefined : await pictureBelow(file, image, 'image'),
        description: optionalText(object, 'description'),
        task: optionalText(object, 'task'),
      };
    },
    options,
  );
}

function choicesOf(object: JsonObject): readonly string[] | undefined {
  const value = object['choices'];
  if (value === undefined || value === null) return undefined;
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    !value.every((choice) => typeof choice === 'string' || typeof choice === 'number')
  )
    throw new LineError('has "choices" that are no list of texts.');
  return value.map(String);
}

function answerOf(object: JsonObject, type: AnswerType): string {
  const value = object['answer'];
  if (type === 'box') {
    const found = boxOf(value);
    if (found === undefined) throw new LineError('has an "answer" that is not four numbers, though its type is "box".');
    return JSON.stringify(found);
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : text(object, 'answer');
}
