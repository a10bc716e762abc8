/** A checkpoint's tokenizer: its tokenizer.json through Hugging Face's own library. */
import { isUtf8 } from 'node:buffer';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { malformed, said, shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { LimitError, withinTime } from '../../runtime/bounded.js';
import { isRecord, readJson, type JsonObject } from './files.js';
import { TextStream } from './textStream.js';
import { splittingNotice } from './tokenizerClass.js';
import { checkTokenizer } from './tokenizerSchema.js';

/** Text to token ids and back. */
export interface TextTokenizer {
  /** `specialTokens`: also those that the tokenizer puts around plain text (Llama's begin-of-text); default true. */
  encode(text: string, options?: { specialTokens?: boolean }): number[];
  /** Special tokens are left out unless asked for; so are ids that no token has (models pad their vocabulary). */
  decode(ids: Iterable<number>, options?: { specialTokens?: boolean }): string;
  /** Decodes token by token, without special tokens. */
  stream(): TextStream;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
  isSpecial(id: number): boolean;
  /** `bos_token`, `eos_token`, … as far as the tokenizer has them: what chat templates may refer to. */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** `tokenizer_config.json`; empty when there is none. */
  readonly config: JsonObject;
  /** Sentences on what transformers does otherwise with these files. */
  readonly notices: readonly string[];
}

const NAMED = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];
/** Slow tokenizers, which cannot be read here. */
const RAW_FILES = ['vocab.json', 'merges.txt', 'tokenizer.model', 'vocab.txt'];

/** @throws `not-found` without a tokenizer.json, `malformed`, `permission`, `cancelled` */
export async function readTokenizer(checkpoint: Checkpoint, signal?: AbortSignal): Promise<TextTokenizer> {
  const { folder, files } = checkpoint;
  const file = files.get('tokenizer.json');
  if (file === undefined) {
    const raw = RAW_FILES.filter((name) => files.has(name));
    throw new FrankensteinError(
      'not-found',
      raw.length === 0
        ? `${shown(folder)} has no tokenizer.json: copy it and tokenizer_config.json from the model ` +
            'that this checkpoint was trained from.'
        : `${shown(folder)} has no tokenizer.json, only ${raw.join(' and ')}: ` +
            'AutoTokenizer.from_pretrained(…).save_pretrained(…) of transformers writes it.',
    );
  }
  const stored = await readJson(file, signal);
  const optional = async (name: string) => {
    const beside = files.get(name);
    return beside === undefined ? {} : readJson(beside, signal);
  };
  const [config, map] = [await optional('tokenizer_config.json'), await optional('special_tokens_map.json')];
  const tooLong = () => `${shown(file)} describes a tokenizer that takes longer than any real one: it may never end.`;
  try {
    checkTokenizer(stored, 'it');
    return bounded(
      withinTime(READING_LIMIT, tooLong, () => ({
        ...wrap(stored, config, map),
        notices: splittingNotice(file, stored, config, checkpoint.config?.['model_type']),
      })),
      file,
      tooLong,
    );
  } catch (error) {
    if (error instanceof LimitError) throw error;
    throw new FrankensteinError('malformed', `${shown(file)} could not be read as a tokenizer: ${said(error)}`, {
      cause: error,
    });
  }
}

/** Milliseconds: a vocabulary of a quarter of a million tokens takes one second. */
const READING_LIMIT = 30_000;
/** Milliseconds for one text, and for each of its characters: ten times of what a busy machine takes. */
const TEXT_LIMIT = 5000;
const CHARACTER_LIMIT = 0.02;

/** The same tokenizer within limits of time: patterns of its file may backtrack for ever. */
function bounded(tokenizer: TextTokenizer, file: string, tooLong: () => string): TextTokenizer {
  const within = <T>(size: number, work: () => T): T => {
    try {
      return withinTime(TEXT_LIMIT + CHARACTER_LIMIT * size, tooLong, work);
    } catch (error) {
      if (error instanceof FrankensteinError) throw error;
      throw malformed(file, `describes a tokenizer that does not work: ${said(error)}`);
    }
  };
  const decode: TextTokenizer['decode'] = (ids, options) => {
    const all = [...ids];
    return within(all.length, () => tokenizer.decode(all, options));
  };
  return {
    ...tokenizer,
    encode: (text, options) => within(text.length, () => tokenizer.encode(text, options)),
    decode,
    stream: () => new TextStream(decode),
  };
}

function wrap(stored: JsonObject, config: JsonObject, map: JsonObject): Omit<TextTokenizer, 'notices'> {
  // The library looks each of these up, present or not.
  const parts = {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
    ...stored,
  };
  checkParts(parts);
  checkAddedTokens(parts);
  const tokenizer = new Tokenizer(parts, config);
  limitGrowth(tokenizer.normalizer);
  // On in the library. Transformers does it when the checkpoint asks for it, but never to BPE, which it would damage.
  const model = isRecord(stored['model']) ? stored['model'] : {};
  const cleanUp = config['clean_up_tokenization_spaces'] === true && model['type'] !== 'BPE';
  const namedTokens: Record<string, string> = {};
  for (const name of NAMED) {
    const token = content(config[name]) ?? content(map[name]);
    if (token !== undefined) namedTokens[name] = token;
  }
  const special = new Set<number>();
  for (const [id, token] of tokenizer.get_added_tokens_decoder()) if (token.special) special.add(id);
  for (const token of [...Object.values(namedTokens), ...extraTokens(config)]) {
    const id = tokenizer.token_to_id(token);
    if (id !== undefined) special.add(id);
  }
  const text = (ids: number[]) =>
    ids.length === 0
      ? ''
      : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: cleanUp });
  const decode: TextTokenizer['decode'] = (ids, options = {}) => {
    const kept = [...ids].filter(
      (id) => tokenizer.id_to_token(id) !== undefined && (options.specialTokens === true || !special.has(id)),
    );
    const tokens = withoutByteTokens(kept.map((id) => tokenizer.id_to_token(id)!));
    return tokens === undefined || tokenizer.decoder === null ? text(kept) : tokenizer.decoder._call(tokens);
  };
  return {
    encode: (text, options = {}) => tokenizer.encode(text, { add_special_tokens: options.specialTokens ?? true }).ids,
    decode,
    stream: () => new TextStream(decode),
    idOf: (token) => tokenizer.token_to_id(token),
    tokenOf: (id) => tokenizer.id_to_token(id),
    isSpecial: (id) => special.has(id),
    namedTokens,
    config,
  };
}

/** Steps of a part of a tokenizer. Real ones have up to ten. */
const MOST_STEPS = 100;

/** What is well-formed, but would fill the memory. @throws Error */
function checkParts(value: unknown): void {
  if (!isRecord(value)) return;
  if (value['type'] === 'FixedLength' && !(typeof value['length'] === 'number' && value['length'] >= 1))
    throw new Error('a FixedLength needs a length of at least 1.');
  for (const key of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) checkParts(value[key]);
  for (const key of ['normalizers', 'pretokenizers', 'processors', 'decoders', 'single', 'pair']) {
    const steps = value[key];
    if (!Array.isArray(steps)) continue;
    if (steps.length > MOST_STEPS) throw new Error(`"${key}" has ${steps.length} steps; the limit is ${MOST_STEPS}.`);
    steps.forEach(checkParts);
  }
}

/** Characters that a normalizer may make of one, and of none: the longest compatibility decomposition has 18. */
const GROWTH = 32;
const PREFIX = 4096;

/** The library normalises added tokens while it is made, before its normalizer can be limited. @throws Error */
function checkAddedTokens({ normalizer, added_tokens: added }: JsonObject): void {
  if (normalizer === null || !Array.isArray(added)) return;
  const model = { type: 'BPE', vocab: {}, merges: [] };
  const { normalizer: exclusive } = new Tokenizer(
    { model, normalizer, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] },
    {},
  );
  limitGrowth(exclusive);
  for (const token of added as unknown[]) exclusive?.(content(token) ?? '');
}

/** Steps that each double the text would fill the memory before any time is over. */
function limitGrowth(normalizer: Tokenizer['normalizer']): void {
  if (normalizer === null) return;
  const steps = stepsOf(normalizer).map((step) => step.normalize.bind(step));
  normalizer.normalize = (text) =>
    steps.reduce((before, step) => {
      const result = step(before);
      if (result.length > PREFIX + GROWTH * text.length)
        throw new Error('its normalizer makes texts many times longer');
      return result;
    }, text);
}

/** The normalizers of a sequence, and of sequences in it. */
function stepsOf(normalizer: NonNullable<Tokenizer['normalizer']>): NonNullable<Tokenizer['normalizer']>[] {
  const { normalizers } = normalizer as unknown as { normalizers?: Tokenizer['normalizer'][] };
  if (normalizers === undefined) return [normalizer];
  return normalizers.flatMap((step) => (step === null ? [] : stepsOf(step)));
}

/**
 * The tokens with every run of byte tokens (`<0xE4>`, SentencePiece's fallback) as text, as the tokenizers library does
 * it: where a run is no UTF-8, each of its bytes is replaced. The library in JavaScript replaces fewer, and drops a
 * byte-order mark. Undefined when there is no such token.
 */
function withoutByteTokens(tokens: readonly string[]): string[] | undefined {
  if (!tokens.some((token) => BYTE_TOKEN.test(token))) return undefined;
  const result: string[] = [];
  for (let begin = 0; begin < tokens.length; begin++) {
    let end = begin;
    while (end < tokens.length && BYTE_TOKEN.test(tokens[end]!)) end++;
    if (end === begin) {
      result.push(tokens[begin]!);
      continue;
    }
    const bytes = Buffer.from(tokens.slice(begin, end).map((token) => parseInt(token.slice(3, 5), 16)));
    result.push(isUtf8(bytes) ? bytes.toString('utf8') : '\ufffd'.repeat(bytes.length));
    begin = end - 1;
  }
  return result;
}

const BYTE_TOKEN = /^<0x[0-9A-F]{2}>$/;

/** A token as the files write it: plain, or with its options. */
function content(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isRecord(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

/** Special tokens without a name among the usual ones: a list, or names of the family's own (`image_token`). */
function extraTokens(config: JsonObject): string[] {
  const values = ['additional_special_tokens', 'extra_special_tokens'].flatMap((key) => {
    const value = config[key];
    return Array.isArray(value) ? (value as unknown[]) : isRecord(value) ? Object.values(value) : [];
  });
  return values.map(content).filter((token) => token !== undefined);
}
