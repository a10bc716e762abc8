/** What a tokenizer.json must be made of before it is given to a library that believes what it reads. */
import * as v from 'valibot';
import { malformed, quoted } from '../../checkpoint/failure.js';
import { checked, finite, index, record, text } from '../config/check.js';
import { isRecord, type JsonObject } from './files.js';

const pair = v.tuple([text, text], 'two texts');
const BEHAVIOURS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

const TOKENIZER = v.object({
  model: v.looseObject({ type: v.nullish(text) }, 'an object'),
  added_tokens: v.nullish(
    v.array(v.looseObject({ id: index, content: text }, 'an object with an id and a content'), 'a list of tokens'),
  ),
});
/** Of BPE, WordPiece and WordLevel. */
const BY_NAME = v.object({
  vocab: v.record(text, index, 'an object of tokens and their ids'),
  merges: v.nullish(v.array(v.union([text, pair], 'a text or two'), 'a list of merges')),
});
const UNIGRAM = v.object({
  vocab: v.array(v.tuple([text, finite], 'a token and its score'), 'a list of tokens and their scores'),
});
const STEP = v.looseObject({
  type: text,
  behavior: v.nullish(v.picklist(BEHAVIOURS, `one of ${BEHAVIOURS.join(', ')}`)),
  pattern: v.nullish(
    v.union([v.object({ String: text }), v.object({ Regex: text })], 'an object with a "String" or a "Regex"'),
  ),
});

/** @throws `malformed` with the key and its value, or the two tokens that share an id. */
export function checkTokenizer(stored: JsonObject, file: string): void {
  const { model, added_tokens: added } = checked(TOKENIZER, stored, file);
  if (model.type === 'Unigram') {
    checked(UNIGRAM, model, file, 'model');
  } else {
    // 300,000 entries: the schema, which is slower, only says which of them is wrong.
    if (!isPlain(model)) checked(BY_NAME, model, file, 'model');
    checkIds(model['vocab'] as Record<string, number>, file);
  }
  checkIds(Object.fromEntries((added ?? []).map(({ content, id }) => [content, id])), file);
  for (const key of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) {
    if (stored[key] !== undefined && stored[key] !== null) checkSteps(stored[key], file, key);
  }
}

/** Whether tokens, ids and merges are what `BY_NAME` has. */
function isPlain({ vocab, merges = [] }: JsonObject): boolean {
  const isMerge = (merge: unknown) =>
    typeof merge === 'string' ||
    (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'));
  return (
    isRecord(vocab) &&
    Object.values(vocab).every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31) &&
    Array.isArray(merges) &&
    merges.every(isMerge)
  );
}

/** No id stands for two tokens. */
function checkIds(vocabulary: Readonly<Record<string, number>>, file: string): void {
  const known = new Map<number, string>();
  for (const [token, id] of Object.entries(vocabulary)) {
    const other = known.get(id);
    if (other !== undefined)
      throw malformed(file, `gives the tokens ${quoted(other)} and ${quoted(token)} one id, ${id}.`);
    known.set(id, token);
  }
}

/** A step, or a sequence of them. Templates of a post-processor are left to the library. */
function checkSteps(step: unknown, file: string, at: string): void {
  checked(record, step, file, at);
  checked(STEP, step, file, at);
  if (!isRecord(step)) return;
  for (const key of ['normalizers', 'pretokenizers', 'processors', 'decoders']) {
    const inner = step[key];
    if (inner === undefined) continue;
    checked(v.array(record, 'a list of objects'), inner, file, `${at}.${key}`).forEach((one, location) =>
      checkSteps(one, file, `${at}.${key}.${location}`),
    );
  }
}
