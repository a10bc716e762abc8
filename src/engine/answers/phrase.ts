/** Answers that are a number in words which no list of digits and number words has: "half", "two thirds", "a dozen". */
import { numbersIn, type ParsedNumber } from './number.js';

const COUNT = String.raw`(\d+|[a-z]+(?:-[a-z]+)?)`;
const PARTS: Readonly<Record<string, number>> = {
  half: 2,
  halves: 2,
  third: 3,
  quarter: 4,
  fourth: 4,
  fifth: 5,
  sixth: 6,
  eighth: 8,
  tenth: 10,
};
const PART = `(${Object.keys(PARTS).join('|')})s?`;
const HALF_DOZEN = /^(?:half a|a half|one half) dozen$/;
const DOZENS = new RegExp(`^${COUNT} dozens?$`);
const MIXED = new RegExp(`^${COUNT} and ${COUNT} ${PART}$`);
const FRACTION = new RegExp(`^${COUNT}[ -]${PART}$`);

/** The number, where all of the text is such a phrase; undefined for any other text ("half of 10", "half past six"). */
export function numberOfPhrase(text: string): ParsedNumber | undefined {
  const said = text
    .toLowerCase()
    .replace(/[.!*$\s]+/g, ' ')
    .replace(/^ *(?:about |exactly )?| +$/g, '');
  const value = valueOf(said);
  return value === undefined ? undefined : { value, percent: false, words: true };
}

function valueOf(said: string): number | undefined {
  if (said === 'half') return 1 / 2;
  if (HALF_DOZEN.test(said)) return 6;
  const [, dozens] = DOZENS.exec(said) ?? [];
  if (dozens !== undefined) return scaled(dozens, 12);
  const [, whole, above, below] = MIXED.exec(said) ?? [];
  if (whole !== undefined) {
    const [first, second] = [scaled(whole, 1), scaled(above!, 1 / PARTS[below!]!)];
    return first === undefined || second === undefined ? undefined : first + second;
  }
  const [, top, bottom] = FRACTION.exec(said) ?? [];
  return top === undefined ? undefined : scaled(top, 1 / PARTS[bottom!]!);
}

/** "two" times a factor; undefined for a word that is no number. */
function scaled(count: string, factor: number): number | undefined {
  if (count === 'a') return factor;
  const [only, ...others] = numbersIn(count);
  return only === undefined || others.length > 0 ? undefined : only.value * factor;
}
