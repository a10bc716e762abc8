/** A line of a file with answers: what it says of its question, and what was answered. */
import { answerOfText, choicesIn } from './question.js';
import type { JsonObject } from '../../../datasets/jsonl.js';
import { LineError } from '../../../datasets/lineError.js';
import type { Judgeable } from '../judging.js';
import type { Setting } from '../result.js';
import type { ImportFormat } from './scan.js';

export interface ImportedAnswer {
  /** As the file names the question; `row` is its number in the set, from 0, where the file counts them. */
  id: string;
  row: number | undefined;
  /** Undefined where the file does not say it: with the images of the question, if it has some. */
  setting: Setting | undefined;
  /** One per answer. */
  texts: string[];
  /** Whoever wrote the file on the first answer. */
  verdict: boolean | undefined;
  /** All that the line says of the question. */
  said: string;
  /** Of which the truth is `answer`. */
  question: Judgeable;
  hasImage: boolean;
}

/** @throws LineError */
export function readLine(object: JsonObject, format: ImportFormat): ImportedAnswer {
  return format === 'lmms-eval' ? fromLmmsEval(object) : fromPaper(object);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown) =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;

const first = (object: JsonObject, keys: readonly string[]) =>
  keys.map((key) => textOf(object[key])).find((text) => text !== undefined && text.trim() !== '');

/** Names that sets give to the id of a question, and to its words. */
const IDS = ['pid', 'sample_index', 'question_id', 'unique_id', 'id', 'index', 'qid'];
const WORDS = ['question', 'query', 'problem', 'prompt', 'question_for_eval'];

/** `--log_samples`: {doc_id, doc?, input? or arguments?, target, resps?, filtered_resps, …}. @throws LineError */
function fromLmmsEval(object: JsonObject): ImportedAnswer {
  const doc = isObject(object['doc']) ? object['doc'] : {};
  const row = typeof object['doc_id'] === 'number' ? object['doc_id'] : undefined;
  const id = first(doc, IDS) ?? textOf(object['doc_id']);
  if (id === undefined) throw new LineError('has no "doc_id": it is no sample of lmms-eval.');
  const texts = responses(object);
  const given =
    object['input'] ?? (Array.isArray(object['arguments']) ? (object['arguments'] as unknown[])[0] : undefined);
  const input = textOf(Array.isArray(given) ? (given as unknown[])[0] : given);
  const prompt = first(doc, WORDS) ?? input;
  const target = textOf(object['target']) ?? first(doc, ['answer', 'target', 'label']);
  if (target === undefined) throw new LineError('has no "target".');
  const choices = choicesIn(doc['choices'] ?? doc['options'], prompt ?? '');
  return {
    id,
    row,
    setting: undefined,
    texts,
    verdict: undefined,
    said: [...Object.values(doc).flatMap((value) => textOf(value) ?? []), input ?? ''].join('\n'),
    question: { prompt: prompt ?? '', ...answerOfText(target, choices, prompt ?? '') },
    hasImage: Object.keys(doc).some((key) => /image/i.test(key)) || /<image/.test(input ?? ''),
  };
}

/** The answers of the one request: `resps` as they were given, else `filtered_resps`. @throws LineError */
function responses(object: JsonObject): string[] {
  let value = object['resps'] ?? object['filtered_resps'];
  if (typeof value === 'string') value = [value];
  if (Array.isArray(value) && Array.isArray(value[0])) [value] = value as unknown[];
  if (!Array.isArray(value) || value.length === 0) throw new LineError('has no "resps" and no "filtered_resps".');
  const texts = value as unknown[];
  if (texts.every((one) => typeof one === 'string')) {
    if (texts.every((one) => /^\(?-?\d+\.\d+(?:e-?\d+)?, (?:True|False)\)?$/.test(one)))
      throw new LineError(LIKELIHOODS);
    return texts;
  }
  if (texts.flat().some((one) => typeof one === 'number')) throw new LineError(LIKELIHOODS);
  throw new LineError('has "resps" that are no texts.');
}

const LIKELIHOODS = 'holds likelihoods of options, and no answer: import a task that generates.';

/** Of the paper's scripts. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  image_question: 'image',
  black_image_question: 'black',
  black_image_description_question: 'described',
  question_only: 'text',
};

/** {id, input_type, question, gold_answer, full_response, correct, correct_gpt, correct_primary}. @throws LineError */
function fromPaper(object: JsonObject): ImportedAnswer {
  const id = textOf(object['id']);
  const text = object['full_response'];
  const setting = SETTINGS[textOf(object['input_type']) ?? ''];
  if (id === undefined || typeof text !== 'string')
    throw new LineError('has no "id" or no "full_response": it is no answer of the scripts of the paper.');
  if (setting === undefined)
    throw new LineError(`has no "input_type" that is known; there are ${Object.keys(SETTINGS).join(', ')}.`);
  const prompt = textOf(object['question']) ?? '';
  const answer = textOf(object['gold_answer']);
  if (answer === undefined) throw new LineError('has no "gold_answer".');
  const verdict = [object['correct_gpt'], object['correct_primary'], object['correct']].find(
    (one) => typeof one === 'boolean',
  );
  return {
    id,
    row: undefined,
    setting,
    texts: [text],
    verdict,
    said: prompt,
    question: { prompt, ...answerOfText(answer, choicesIn(undefined, prompt), prompt) },
    hasImage: setting !== 'text',
  };
}
