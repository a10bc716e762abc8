/**
 * JSON from files that nobody should trust. `JSON.parse` checks the grammar but drops repeated keys without a word and
 * builds whatever depth it is given; a scan beforehand bounds both.
 */
import { malformed, quoted } from './failure.js';

export interface JsonLimits {
  /** Nested objects and arrays. */
  depth: number;
  /** Keys over all objects: bounds memory, since a key costs some 100 bytes however short it is. */
  keys: number;
  /** What commas separate, over all objects and arrays: elements cost memory too. */
  elements: number;
}

/**
 * The value of `text`, in which no object has a key twice.
 * @param file names the file in messages, `part` what of it this text is ("header", "index").
 * @throws `malformed`
 */
export function parseStrictJson(text: string, file: string, part: string, limits: JsonLimits): unknown {
  const repeated = scan(text, file, part, limits);
  const value = parseJson(text, file, part);
  if (repeated !== undefined)
    throw malformed(file, `lists ${quoted(repeated)} twice in its ${part}: which of the two counts is anyone's guess.`);
  return value;
}

/** `JSON.parse` with a sentence of ours; `part` undefined means the file as a whole. */
function parseJson(text: string, file: string, part?: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw malformed(
      file,
      `${part === undefined ? 'is' : `has a ${part} that is`} not valid ` +
        `JSON${position === undefined ? '' : ` (at character ${position})`}.`,
    );
  }
}

/**
 * JSON as Python writes it: NaN and ±Infinity bare, which JSON does not have (`"time_step_limit": [0.0, Infinity]` of
 * Mamba layers). They become strings, so that they still compare as values.
 */
export function parsePythonJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseJson(quoteBareNumbers(text), file);
  }
}

/** By hand: a pattern that skips strings takes quadratic time on a string that never ends. */
function quoteBareNumbers(text: string): string {
  const bare = /-?Infinity|NaN|"/g;
  let result = '';
  let done = 0;
  for (let match = bare.exec(text); match !== null; match = bare.exec(text)) {
    if (match[0] === '"') {
      bare.lastIndex = endOfString(text, bare.lastIndex) + 1;
    } else {
      result += `${text.slice(done, match.index)}"${match[0]}"`;
      done = bare.lastIndex;
    }
  }
  return result + text.slice(done);
}

const QUOTE = 34,
  BACKSLASH = 92,
  COMMA = 44,
  COLON = 58,
  OPEN_BRACE = 123,
  CLOSE_BRACE = 125,
  OPEN_BRACKET = 91,
  CLOSE_BRACKET = 93;

/** The first key that an object of `text` has twice. Needs no valid JSON; on invalid JSON the answer means nothing. */
function scan(text: string, file: string, part: string, limits: JsonLimits): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let keys = 0;
  let elements = 0;
  let repeated: string | undefined;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        open.push(undefined);
        if (open.length > limits.depth)
          throw malformed(file, `has a ${part} nested more than ${limits.depth} levels deep.`);
        break;
      case COMMA:
        if (++elements > limits.elements)
          throw malformed(file, `has a ${part} with more than ${limits.elements} elements.`);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        break;
      case QUOTE: {
        const begin = at + 1;
        at = endOfString(text, begin);
        let after = at + 1;
        while (isSpace(text.charCodeAt(after))) after++;
        if (text.charCodeAt(after) !== COLON || open.length === 0) break;
        if (++keys > limits.keys) throw malformed(file, `has a ${part} with more than ${limits.keys} keys.`);
        const key = unescape(text.slice(begin, at));
        const seen = (open[open.length - 1] ??= new Set());
        if (seen.has(key)) repeated ??= key;
        seen.add(key);
        break;
      }
    }
  }
  return repeated;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** The closing quote of the string whose first character is at `begin`; the text's length when it never closes. */
function endOfString(text: string, begin: number): number {
  let at = begin;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return Math.min(at, text.length);
}

function unescape(key: string): string {
  if (!key.includes('\\')) return key;
  try {
    return JSON.parse(`"${key}"`) as string;
  } catch {
    return key; // the parser will say so
  }
}
