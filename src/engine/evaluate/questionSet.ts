/** Questions with answers that can be checked: the evaluation format. */
import { boxOf } from './box.js';
import { identity, type DataSet, type JsonObject, LineError, optionalText, pictureBelow, readJsonl, type ReadOptions, text } from './jsonl.js';

export type AnswerType = 'number' | 'text' | 'choice' | 'box';

const ANSWER_TYPES: readonly AnswerType[] = ['number', 'text', 'choice', 'box'];

export interface Question {
  id: string;
  /** May hold `<image>` where the picture goes. */
  prompt: string;
  /** The truth; a box as `[x1, y1, x2, y2]`. */
  answer: string;
  answerType: AnswerType;
  /** What there is to choose from; undefined when the choices are in the prompt. */
  choices: readonly string[] | undefined;
  /** Absolute path. */
  image: string | undefined;
  /** The picture in words. */
  description: string | undefined;
  task: string | undefined;
}

/** @throws as `readJsonl` */
export async function readQuestionSet(file: string, options: ReadOptions = {}): Promise<DataSet<Question>> {
  const seen = new Map<string, number>();
  return readJsonl(file, async (object, line) => {
    const answerType = typeOf(text(object, 'answer_type'));
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
  }, options);
}

function typeOf(name: string): AnswerType {
  const type = ANSWER_TYPES.find((known) => known === name.trim().toLowerCase());
  if (type === undefined) throw new LineError(`has the answer type "${name.slice(0, 60)}"; there are ${ANSWER_TYPES.join(', ')}.`);
  return type;
}

function choicesOf(object: JsonObject): readonly string[] | undefined {
  const value = object['choices'];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length === 0 || !value.every((choice) => typeof choice === 'string' || typeof choice === 'number')) throw new LineError('has "choices" that are no list of texts.');
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
