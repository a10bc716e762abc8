/** Numbers as people and models write them. */

const SMALL = [
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
];
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: Readonly<Record<string, number>> = { thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };

export interface ParsedNumber {
  value: number;
  /** Written with a percent sign; `value` is what stands before it. */
  percent: boolean;
  /** Written in words, which are also ordinary words ("the last one"). */
  words?: true;
}

/** Digits with or without thousands separators (comma, or a space that does not break; lakhs too). */
const DIGITS =
  '(?:\\d{1,2}(?:,\\d{2})+,\\d{3}(?!\\d)|\\d{1,3}(?:[,\\u00a0\\u202f]\\d{3})+(?!\\d)|\\d+)(?:\\.\\d+)?|\\.\\d+';
const POWER = '(?:[eE][-+]?\\d+|\\s?(?:×|\\*|x|\\\\times|\\\\cdot)\\s?10\\s?\\^\\s?\\{?[-+]?\\d+\\}?)';
const FRACTION = '\\\\[dt]?frac\\s?\\{\\s?-?\\d+(?:\\.\\d+)?\\s?\\}\\s?\\{\\s?\\d+(?:\\.\\d+)?\\s?\\}';
const SCALE = `\\s(?<scale>${Object.keys(SCALES).join('|')})\\b`;
const COUNT = `(?:${[...SMALL, ...TENS].join('|')})`;
const WORD = `(?:${COUNT}|hundred|${Object.keys(SCALES).join('|')})`;
const WORDS = `\\b(?:(?<minus>minus|negative)\\s+)?(?<words>${COUNT}(?:(?:\\s+and\\s+|[\\s-]+)${WORD})*)\\b`;
/** A sign, not a subtraction: it touches its number, or follows an equals sign and the like. */
const SIGN = '(?<![\\w)\\]}])[-−+](?=\\S)|(?<=[=:(\\[,]\\s?)[-−+]\\s|\\b(?:minus|negative)\\s';
/** Money. */
const CURRENCY = '(?:\\\\?\\$|[€£¥₹])?';
/** Not the number of a name (a1, v1.5). */
const APART = '(?<![A-Za-z_\\d]|\\d\\.)';
const ONE = new RegExp(
  `(?<sign>${SIGN})?${CURRENCY}(?:${APART}(?<units>\\d+)?\\s?(?<latex>${FRACTION})|${APART}(?<whole>\\d+)\\s+(?<top>\\d+)\\s?/\\s?(?<bottom>\\d+)|${APART}(?<digits>${DIGITS})(?<power>${POWER})?(?:\\s?/\\s?(?<over>${DIGITS}))?(?:${SCALE}|(?<thousands>k)\\b)?|${WORDS})(?<percent>\\s?\\\\?%|\\s+percent\\b)?`,
  'giu',
);

/**
 * Every number in a text, in order: plain, with separators, decimal, scientific, fractions (plain, mixed, LaTeX), with
 * a scale ("2.5 million"), in words.
 */
export function numbersIn(text: string): ParsedNumber[] {
  const found: ParsedNumber[] = [];
  for (const match of joinedThousands(text).matchAll(ONE)) {
    const parts = match.groups ?? {};
    const size = magnitude(parts);
    if (size === undefined || !Number.isFinite(size)) continue;
    const negative = parts['minus'] !== undefined || (parts['sign'] !== undefined && !parts['sign'].includes('+'));
    found.push({
      value: negative ? -size : size,
      percent: parts['percent'] !== undefined,
      ...(parts['words'] === undefined ? {} : { words: true as const }),
    });
  }
  return found;
}

/** Other separators of thousands (`1{,}000`, `10,\!080`, `1\,000`, `1'000`, `1_000`) as commas. */
export function joinedThousands(text: string): string {
  return text
    .replace(/\{,\}/g, ',')
    .replace(/(?<=\d)['’_](?=\d{3}(?!\d))/g, ',')
    .replace(/,\\!\s*(?=\d{3})/g, ',')
    .replace(/(?<=\d)\\[,!]\s*(?=\d{3}(?!\d))/g, ',');
}

function magnitude(parts: Record<string, string | undefined>): number | undefined {
  const { units, latex, whole, top, bottom, digits, power, over, scale, thousands, words } = parts;
  if (latex !== undefined) {
    const [above = NaN, below = NaN] = [...latex.matchAll(/-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
    return Number(units ?? 0) + above / below;
  }
  if (whole !== undefined && top !== undefined && bottom !== undefined)
    return Number(whole) + Number(top) / Number(bottom);
  if (digits !== undefined) {
    const exponent = power === undefined ? 0 : Number(/[-+]?\d+\}?$/.exec(power)?.[0].replace('}', ''));
    const value =
      plain(digits) * 10 ** exponent * (thousands === undefined ? (SCALES[scale?.toLowerCase() ?? ''] ?? 1) : 1e3);
    return over === undefined ? value : value / plain(over);
  }
  return words === undefined ? undefined : spelledOut(words);
}

/** "two hundred and five thousand" → 205000. */
function spelledOut(words: string): number {
  let [total, group] = [0, 0];
  for (const word of words.toLowerCase().split(/[\s-]+/)) {
    if (word === 'and') continue;
    if (word === 'hundred') group = Math.max(group, 1) * 100;
    else if (SCALES[word] !== undefined) {
      total += Math.max(group, 1) * SCALES[word];
      group = 0;
    } else group += SMALL.includes(word) ? SMALL.indexOf(word) : 20 + 10 * TENS.indexOf(word);
  }
  return total + group;
}

function plain(digits: string): number {
  return Number(digits.replace(/[,\u00a0\u202f]/g, ''));
}

/** Six digits of a number, and six decimals: what is further apart is another number. */
const TOLERANCE = 1e-6;
/** Of what a computer makes of a number, relative. */
const ROUNDING = 1e-12;

/** Equal, where 50 % may be written 50 or 0.5 as long as one of the two has the sign. */
export function sameNumber(a: ParsedNumber, b: ParsedNumber): boolean {
  if (a.percent === b.percent) return close(a.value, b.value);
  return close(a.value, b.value) || (a.percent ? close(a.value / 100, b.value) : close(a.value, b.value / 100));
}

function close(a: number, b: number): boolean {
  const size = Math.max(Math.abs(a), Math.abs(b));
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a === b;
  const tolerance = Number.isInteger(a) && Number.isInteger(b) ? 0 : TOLERANCE * Math.min(1, size);
  return Math.abs(a - b) <= Math.max(tolerance, ROUNDING * size);
}
