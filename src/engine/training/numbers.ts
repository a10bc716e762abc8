/** Numbers as Python writes them into logs. */

/** Words for what is no finite number, as Python, orjson and trackio write them. */
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Null where something was logged that is no finite number; undefined where it is none by its kind. */
export function numberOf(value: unknown): number | null | undefined {
  if (value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.length > 40) return undefined;
  if (NO_NUMBER.test(value)) return null;
  return NUMBER.test(value) ? Number(value) : undefined;
}

/** A step that a log can have: a whole number from 0, also in the text "12" or "12/500". */
export function stepOf(value: unknown): number | undefined {
  const step = typeof value === 'string' ? Number(/^(\d+)(?:\/\d+)?$/.exec(value)?.[1] ?? NaN) : Number(value);
  const isWhole = ['string', 'number', 'bigint'].includes(typeof value) && Number.isSafeInteger(step) && step >= 0;
  return isWhole ? step : undefined;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/** JSON as Python's `json` writes it: NaN and Infinity stand there bare, and become null. @throws SyntaxError */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : 'null'))) as unknown;
  }
}

/** Numbers inside nested objects under `a/b/c`. */
export function flattened(object: object, depth = 4): [name: string, value: unknown][] {
  return Object.entries(object).flatMap(([name, value]: [string, unknown]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? depth > 1
        ? flattened(value, depth - 1).map(([inner, one]) => [`${name}/${inner}`, one])
        : []
      : [[name, value]],
  );
}
