/**
 * Conversations of sets for training: `messages` (role, content) and `conversations` (from, value). One turn of the
 * user and one of the assistant are a question and its answer, where the answer can be told from the words around it.
 */
import { givenAnswer } from '../answers/answer.js';
import type { JsonObject } from './jsonl.js';
import { LineError } from './lineError.js';

const ASKS: ReadonlySet<unknown> = new Set(['user', 'human']);
const ANSWERS: ReadonlySet<unknown> = new Set(['assistant', 'gpt']);
/** Characters of an answer without any words around it. */
const BARE = 40;

/**
 * The object as a question of the evaluation format, of type `math` unless it says another; itself where it holds no
 * conversation, or a question of its own beside it.
 * @throws LineError for a conversation of more turns, and for an answer that is nowhere marked
 */
export function questionOfConversation(object: JsonObject): JsonObject {
  const key = ['messages', 'conversations', 'prompt'].find((name) => Array.isArray(object[name]));
  if (key === undefined || (key !== 'prompt' && object['prompt'] !== undefined)) return object;
  const [asked, answered, ...others] = (object[key] as unknown[]).map(turnOf);
  if (others.length > 0 || !ASKS.has(asked?.role)) throw notOne(key);
  // The truth beside a question alone, as trainers that reward have it.
  const beside = object['answer'] ?? object['solution'];
  if (answered === undefined ? typeof beside !== 'string' : !ANSWERS.has(answered.role)) throw notOne(key);
  const prompt = contentOf(asked!.content);
  const answer = answered === undefined ? (beside as string) : contentOf(answered.content);
  const truth = answer === undefined ? undefined : finalAnswer(answer);
  if (prompt === undefined || truth === undefined) throw notOne(key);
  return { answer_type: 'math', ...imagesOf(asked!.content, object), ...object, prompt, answer: truth };
}

/** The images that a message names among its parts, unless the object names them. @throws LineError */
function imagesOf(content: unknown, object: JsonObject): JsonObject {
  const parts = Array.isArray(content) ? (content as unknown[]) : [];
  const names = parts.flatMap((part) => {
    const { type, image, path } = (typeof part === 'object' && part !== null ? part : {}) as JsonObject;
    return type === 'image' ? [image ?? path].filter((name) => name !== undefined && name !== null) : [];
  });
  if (names.length === 0) return {};
  if (['image', 'images'].some((name) => object[name] !== undefined && object[name] !== null))
    throw new LineError('names images in its message and in "image" or "images".');
  return { images: names };
}

function turnOf(turn: unknown): { role: unknown; content: unknown } {
  const fields = (typeof turn === 'object' && turn !== null ? turn : {}) as JsonObject;
  return { role: fields['role'] ?? fields['from'], content: fields['content'] ?? fields['value'] };
}

/** A text, or a list of parts: texts, and the places of images. */
function contentOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content.trim() === '' ? undefined : content;
  if (!Array.isArray(content)) return undefined;
  const parts = content.map((part: unknown) => {
    const { type, text } = (typeof part === 'object' && part !== null ? part : {}) as JsonObject;
    return type === 'image' ? '<image>' : type === 'text' && typeof text === 'string' ? text : undefined;
  });
  return parts.length > 0 && parts.every((part) => part !== undefined) ? parts.join('') : undefined;
}

/** In a tag, a box or behind "####"; or all of it, where there are no words around it. */
function finalAnswer(answer: string): string | undefined {
  const { text, marked } = givenAnswer(answer);
  if (marked !== undefined && text !== '') return text;
  const [, worked] = /####\s*(\S+)\s*$/.exec(answer) ?? [];
  if (worked !== undefined) return worked;
  const bare = answer.trim();
  return bare.length <= BARE && !/[\n<]/.test(bare) ? bare : undefined;
}

function notOne(key: string): LineError {
  return new LineError(
    `has "${key}", a conversation to train on, that is not one question of the user and one marked ` +
      'answer: write it as "prompt", "answer" and "answer_type".',
  );
}
