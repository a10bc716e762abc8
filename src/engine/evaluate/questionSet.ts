/** Questions with answers that can be checked: the evaluation format (JSON Lines), and published Parquet files. */
import { type AnswerType, answerTypeOf } from './answerType.js';
import { shown } from '../checkpoint/failure.js';
import { givenAnswer } from './answer.js';
import { boxOf } from './box.js';
import { trueChoice } from './choice.js';
import { checkAllRead, placed } from './images.js';
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
  /** May hold `<image>` where an image goes. */
  prompt: string;
  /** The truth; a box as `[x1, y1, x2, y2]`. */
  answer: string;
  answerType: AnswerType;
  /** What there is to choose from; undefined when the choices are in the prompt. */
  choices: readonly string[] | undefined;
  /** Decimals to which a number is rounded before it is compared. */
  precision?: number | undefined;
  /** In the order of their places in the prompt: absolute paths, or names of images in a Parquet file (`parquet/picture`). */
  images: readonly string[];
  /** The images in words. */
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
      const answerType = typeIn(object);
      const choices = choicesOf(object);
      const { key, names } = imageNames(object);
      checkAllRead(object, READ, names.length);
      const files: string[] = [];
      for (const name of names) files.push(await pictureBelow(file, name, key));
      const { prompt, images } = placed(text(object, 'prompt'), files, `"${key}"`);
      checkBox(answerType, images);
      const answer = answerOf(object, answerType);
      checkChoice({ answer, answerType, choices });
      return {
        id: identity(object, seen, line),
        prompt,
        answer,
        answerType,
        choices,
        images,
        description: optionalText(object, 'description'),
        task: optionalText(object, 'task'),
      };
    },
    options,
  );
}

/** Keys that name images, or say what they show. */
const READ: ReadonlySet<string> = new Set(['image', 'images', 'description']);

/** `image` or `images`: a name, or a list of them. */
function imageNames(object: JsonObject): { key: string; names: string[] } {
  const keys = ['image', 'images'].filter((key) => object[key] !== undefined && object[key] !== null);
  const [key = 'image', other] = keys;
  if (other !== undefined && JSON.stringify([object[key]].flat()) !== JSON.stringify([object[other]].flat()))
    throw new LineError('has an "image" and other "images".');
  const value = object[key];
  if (!Array.isArray(value)) return { key, names: [optionalText(object, key) ?? []].flat() };
  if (!value.every((name) => typeof name === 'string' && name.trim() !== ''))
    throw new LineError(`has "${key}" that are no list of file names.`);
  return { key, names: value as string[] };
}

/** @throws LineError with what to write where conversations of training sets are read. */
function typeIn(object: JsonObject): AnswerType {
  const conversation = ['messages', 'conversations'].find((key) => Array.isArray(object[key]));
  if (conversation !== undefined && object['answer_type'] === undefined)
    throw new LineError(
      `has "${conversation}", a conversation to train on: write it as "prompt", "answer" and "answer_type".`,
    );
  return answerTypeOf(text(object, 'answer_type'));
}

/** The truth within `<answer>…</answer>` or `\boxed{…}`, as sets for training with rewards write it. */
export function truthOf(answer: string): string {
  const { text: inside, marked } = givenAnswer(answer);
  return marked !== undefined && inside !== '' ? inside : answer;
}

/** A truth that no answer can match is a mistake of the set. @throws LineError */
export function checkChoice({
  answer,
  answerType,
  choices,
}: Pick<Question, 'answer' | 'answerType' | 'choices'>): void {
  if (answerType === 'choice' && choices !== undefined && trueChoice(answer, choices) === undefined)
    throw new LineError(
      `has the answer "${shown(answer.slice(0, 60))}", which is none of its ${choices.length} choices: give a letter, or the words of one.`,
    );
}

/** Letters with their options, `{"A": "3", "B": "4"}`, as a list. @throws LineError */
export function optionsOf(value: object, key: string): string[] {
  const entries = Object.entries(value).filter(([, option]) => option !== null && option !== '');
  if (entries.length === 0 || entries.some(([letter], index) => letter !== String.fromCharCode(65 + index)))
    throw new LineError(`has "${key}" whose names are not A, B, C and so on.`);
  return entries.map(([, option]) => String(option));
}

/** Boxes are in pixels of one image. @throws LineError */
export function checkBox(type: AnswerType, images: readonly string[]): void {
  if (type === 'box' && images.length > 1)
    throw new LineError(`has the answer type "box" and ${images.length} images: which one the box is in is not said.`);
}

function choicesOf(object: JsonObject): readonly string[] | undefined {
  const key = object['choices'] === undefined ? 'options' : 'choices';
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return optionsOf(value, key);
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    !value.every((choice) => typeof choice === 'string' || typeof choice === 'number')
  )
    throw new LineError(`has "${key}" that are no list of texts.`);
  return value.map(String);
}

function answerOf(object: JsonObject, type: AnswerType): string {
  const value = object['answer'];
  if (type === 'box') {
    const found = boxOf(value);
    if (found === undefined) throw new LineError('has an "answer" that is not four numbers, though its type is "box".');
    return JSON.stringify(found);
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : truthOf(text(object, 'answer'));
}
