/** Numbers as people and models write them. */

const WORDS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
  'twenty',
];

export interface ParsedNumber {
  value: number;
  /** Written with a percent sign; `value` is what stands before it. */
  percent: boolean;
}

/** Digits with or without thousands separators (comma, or a space that does not break). */
const DIGITS = '(?:\\d{1,3}(?:[,\\u00a0\\u202f]\\d{3})+(?!\\d)|\\d+)(?:\\.\\d+)?|\\.\\d+';
const POWER = '(?:[eE][-+]?\\d+|\\s?(?:×|\\*|x|\\\\times|\\\\cdot)\\s?10\\s?\\^\\s?\\{?[-+]?\\d+\\}?)';
const FRACTION = '\\\\[dt]?frac\\s?\\{\\s?-?\\d+(?:\\.\\d+)?\\s?\\}\\s?\\{\\s?\\d+(?:\\.\\d+)?\\s?\\}';
const WORD = `\\b(?:${WORDS.join('|')})\\b`;
/** A sign, not a subtraction: it touches its number, or follows an equals sign and the like. */
const SIGN = '(?<![\\w)\\]}])[-−+](?=\\S)|(?<=[=:(\\[,]\\s?)[-−+]\\s';
/** Not the number of a name (a1, v1.5). */
const APART = '(?<![A-Za-z_\\d]|\\d\\.)';
const ONE = new RegExp(
  `(?<sign>${SIGN})?(?:(?<latex>${FRACTION})|${APART}(?<whole>\\d+)\\s+(?<top>\\d+)\\s?/\\s?(?<bottom>\\d+)|${APART}(?<digits>${DIGITS})(?<power>${POWER})?(?:\\s?/\\s?(?<over>${DIGITS}))?|(?<word>${WORD}))(?<percent>\\s?\\\\?%|\\s+percent\\b)?`,
  'giu',
);

/** Every number in a text, in order: plain, with separators, decimal, scientific, fractions (plain, mixed, LaTeX), words up to twenty. */
export function numbersIn(text: string): ParsedNumber[] {
  const found: ParsedNumber[] = [];
  for (const match of text.matchAll(ONE)) {
    const parts = match.groups ?? {};
    const size = magnitude(parts);
    if (size === undefined || !Number.isFinite(size)) continue;
    const negative = parts['sign'] !== undefined && /[-−]/.test(parts['sign']);
    found.push({ value: negative ? -size : size, percent: parts['percent'] !== undefined });
  }
  return found;
}

function magnitude(parts: Record<string, string | undefined>): number | undefined {
  const { latex, whole, top, bottom, digits, power, over, word } = parts;
  if (latex !== undefined) {
    const [above = NaN, below = NaN] = [...latex.matchAll(/-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
    return above / below;
  }
  if (whole !== undefined && top !== undefined && bottom !== undefined)
    return Number(whole) + Number(top) / Number(bottom);
  if (digits !== undefined) {
    const exponent = power === undefined ? 0 : Number(/[-+]?\d+\}?$/.exec(power)?.[0].replace('}', ''));
    const value = plain(digits) * 10 ** exponent;
    return over === undefined ? value : value / plain(over);
  }
  return word === undefined ? undefined : WORDS.indexOf(word.toLowerCase());
}

function plain(digits: string): number {
  return Number(digits.replace(/[,\u00a0\u202f]/g, ''));
}

/** Relative; answers that differ by less are the same number. */
const TOLERANCE = 1e-6;

/** Equal, where 50 % may be written 50 or 0.5 as long as one of the two has the sign. */
export function sameNumber(a: ParsedNumber, b: ParsedNumber): boolean {
  if (a.percent === b.percent) return close(a.value, b.value);
  return close(a.value, b.value) || (a.percent ? close(a.value / 100, b.value) : close(a.value, b.value / 100));
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b)) + 1e-12;
}
