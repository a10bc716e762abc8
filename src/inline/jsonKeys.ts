/** Where the keys of a small JSON file stand, with their path. Tolerates what an editor holds while a person types. */

export interface JsonKey {
  /** Keys from the top: `['text_config', 'num_hidden_layers']`. */
  path: string[];
  line: number;
}

/** A `config.json` is a few kilobytes; anything far beyond is something else. */
export const MOST_CONFIG_CHARACTERS = 1_000_000;

export function jsonKeys(text: string): JsonKey[] {
  const keys: JsonKey[] = [];
  const path: string[] = [];
  /** Per open bracket: whether it is an object, and how long the path was. */
  const open: { object: boolean; depth: number }[] = [];
  let line = 0;
  let at = 0;
  let key: string | undefined;
  while (at < text.length) {
    const character = text[at]!;
    switch (character) {
      case '\n':
        line++;
        break;
      case '{':
      case '[':
        open.push({ object: character === '{', depth: path.length });
        if (key !== undefined) path.push(key);
        key = undefined;
        break;
      case '}':
      case ']':
        path.length = open.pop()?.depth ?? 0;
        key = undefined;
        break;
      case ',':
        key = undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        const after = nextVisible(text, end);
        if (open.at(-1)?.object && key === undefined && text[after] === ':') {
          key = decoded(text.slice(at, end));
          keys.push({ path: [...path, key], line });
        }
        at = end - 1;
        break;
      }
    }
    at++;
  }
  return keys;
}

/** Exclusive, quotes included. An open string ends with its line: JSON has no line breaks in strings. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '"') return at + 1;
    else if (character === '\n') return at;
  }
  return text.length;
}

function nextVisible(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return at;
}

function decoded(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
