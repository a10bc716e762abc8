/** Questions with answers that can be checked: the evaluation format (JSON Lines), and published Parquet files. */
import { truthOf, optionsOf, checkChoice, checkBox, type Question } from './question.js';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { givenAnswer } from '../answers/answer.js';
import { type AnswerType, answerTypeOf } from './answerType.js';
import { boxOf } from './box.js';
import { questionOfConversation } from './conversation.js';
import { checkAllRead, placed } from './images.js';
import {
  identity,
  type DataSet,
  type JsonObject,
  optionalText,
  imageBelow,
  promptFrom,
  readJsonl,
  type ReadOptions,
  text,
} from './jsonl.js';
import { LineError } from './lineError.js';
import { mappedLines, publishedLines, readParquetQuestions } from './published.js';

/** @throws as `readJsonl` and `readParquetQuestions` */
export async function readQuestionSet(file: string, options: ReadOptions = {}): Promise<DataSet<Question>> {
  if (file.endsWith('.parquet')) return readParquetQuestions(file, options);
  const [, table] = /\.(csv|tsv)$/i.exec(file) ?? [];
  if (table !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} is a ${table.toUpperCase()} file; question sets are JSON Lines (one object per line) or Parquet.`,
    );
  const { mapping, promptColumn } = options;
  if (mapping !== undefined) return readJsonl(file, mappedLines(file, { ...options, mapping }), options);
  const seen = new Map<string, number>();
  const published = publishedLines(file, options);
  return readJsonl(
    file,
    async (given, line) => {
      const mapped = await published(given, line);
      if (mapped !== undefined) return mapped;
      const read = promptFrom(given, promptColumn);
      const object = questionOfConversation(read);
      const answerType = typeIn(object);
      const choices = choicesOf(object);
      const { key, names } = imageNames(object);
      checkAllRead(object, READ, names.length);
      const files: string[] = [];
      for (const name of names) files.push(await imageBelow(file, name, key));
      const { prompt, images } = placed(text(object, 'prompt'), files, `"${key}"`);
      checkBox(answerType, images);
      const answer = answerOf(object, answerType);
      checkChoice({ answer, answerType, choices });
      return {
        // Conversations often have none.
        id: identity(object === read || object['id'] !== undefined ? object : { ...object, id: line }, seen, line),
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
  const value = withoutStructs(object[key], key);
  if (!Array.isArray(value)) return { key, names: [optionalText({ [key]: value }, key) ?? []].flat() };
  if (!value.every((name) => typeof name === 'string' && name.trim() !== ''))
    throw new LineError(`has "${key}" that are no list of file names.`);
  return { key, names: value as string[] };
}

/** `{"path": …, "bytes": null}` as its path, as Hugging Face writes images. @throws LineError */
function withoutStructs(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutStructs(one, key));
  if (typeof value !== 'object' || value === null) return value;
  const { path, bytes } = value as JsonObject;
  if (bytes !== undefined && bytes !== null)
    throw new LineError(`has "${key}" with the bytes of an image: store it as a file beside the set, or use Parquet.`);
  return path;
}

/** The type that is given, or the only one that the answer can have. @throws LineError */
function typeIn(object: JsonObject): AnswerType {
  if (object['answer_type'] !== undefined && object['answer_type'] !== null)
    return answerTypeOf(text(object, 'answer_type'));
  if (choicesOf(object) !== undefined) return 'choice';
  const { answer } = object;
  if (typeof answer === 'number') return 'number';
  if (typeof answer === 'string' && /^\s*[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?\s*$/.test(answer)) return 'number';
  if (typeof answer === 'string' && givenAnswer(answer).marked === 'box') return 'math';
  throw new LineError('has no "answer_type", and its answer may be judged in several ways.');
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
  if (type === 'choice' && Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.join(', ');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : truthOf(text(object, 'answer'));
}
