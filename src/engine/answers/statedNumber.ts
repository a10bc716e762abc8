/** The number that a text gives as its answer. */
import { announced, FORMULA, givenAnswer, undenied, unmarked } from './answer.js';
import { numberOfFormula } from './mathematics.js';
import { toLatex } from './notation.js';
import { joinedThousands, numbersIn, type ParsedNumber, sameNumber } from './number.js';
import { numberOfPhrase } from './phrase.js';

/**
 * The number in the tag or box, the announced one, or else the last of the text. A marked or announced answer of
 * several numbers ("2 boxes of 6", "11 or 12") gives none.
 */
export function numberIn(text: string): ParsedNumber | undefined {
  const { text: answer, marked } = givenAnswer(text);
  const said = announced(answer);
  if (marked !== undefined || said !== undefined)
    return statedNumber(marked === undefined ? said!.replace(/!+$/, '') : (said ?? answer));
  const words = evaluated(compared(undenied(unmarked(unexplained(answer.replace(/!+$/, ''))))));
  const whole = wholeNumber(words);
  if (whole !== undefined) return whole;
  if (REFUSED.test(words) || RELATED.test(words) || listed(words)) return undefined;
  const found = digitsFirst(numbersIn(words));
  if (found.length > 1 && /\d\S*\s+or\s+\S*\d\S*\s*[.!]?\s*$/.test(words)) return undefined;
  return found.at(-1);
}

/** "12", a line of its own, with its reasons below. */
function unexplained(answer: string): string {
  return (
    /^([^\n]*\d[^\n]*)\n+[\s*#]*(?:explanation|reasoning|reasons?|justification|solution|steps?)\b/i.exec(
      answer,
    )?.[1] ?? answer
  );
}

/** An answer that is none. */
const REFUSED =
  /\b(?:(?:can(?:not|'t| not)|unable to|impossible to|not possible to)\s+(?:be\s+)?(?:determin|answer|tell|say|count|see|know|calculat)\w*|there is no (?:correct |right )?answer)\b(?![\s\S]*\b(?:so|but|therefore|thus|hence|however)\b)/i;

/** Nothing but a relation: of `12 < x`, twelve is no value. */
const RELATED = /^\s*\S{1,20}\s*(?:[<>]|\\(?:le|ge|ne)(?![a-z]))\s*\S{1,20}\s*$/;

const DIGITS = String.raw`[-−+]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)`;
const UNIT = String.raw`(?:hours?|hrs?|h|min(?:ute)?s?|seconds?|feet|foot|ft|inch(?:es)?|in|pounds?|lbs?|ounces?|oz)`;
/** Numbers that are a part of a value, or only what a value is compared with. */
const PARTS = new RegExp(
  [
    // a time of day, a ratio
    String.raw`(?<![\d:])\d+(?::\d+)+(?![\d:])`,
    // 5–6, 5 to 6
    String.raw`(?<![\w.,/-])\d[\d,.]*(?:\s?–\s?|-|\s+to\s+)\d[\d,.]*(?![\w/-]|\s*=)`,
    String.raw`\bbetween\s+${DIGITS}\s+and\s+${DIGITS}`,
    // 3 feet 5 inches
    String.raw`\d[\d,.]*\s*${UNIT}\b,?\s+(?:and\s+)?\d[\d,.]*\s*${UNIT}\b`,
    // 2 more than 5, less than 5
    String.raw`(?:${DIGITS}\s+)?\b(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger)\s+than\s+${DIGITS}`,
    String.raw`\b(?:twice|double|triple|half(?:\s+of)?)\s+${DIGITS}`,
    // 12 out of 15
    String.raw`(?<=\d)\s+out of\s+${DIGITS}`,
  ].join('|'),
  'giu',
);

/** Without ranges, bounds, compound measures and the whole that a count is out of. */
function compared(text: string): string {
  return text.replace(PARTS, ' ; ');
}

/** Nothing but several numbers, with or without names. */
function listed(text: string): boolean {
  const bare = text.replace(/\b[a-z]\w?\s*=|\b(?:and|or)\b/gi, ' ');
  if (!/^[\s\d.,;()[\]{}&-]+$/.test(bare)) return false;
  const [first, ...others] = numbersIn(text);
  return first !== undefined && others.some((other) => !sameNumber(first, other));
}

/** What ends the statement and begins its reasons. */
const REASON =
  /,?\s*\b(?:since|because|as|given that|when|where|for which|so that|rather than|instead of|not|out of)\b|(?<=\S)\s*\((?![-\d.,\s]*\))/i;
const RESULT = /=|≈|\\approx(?![a-z])|\b(?:which is|that is|i\.e\.,?|equals|equal to|gives|makes|totals?|comes to)\b/i;

function statedNumber(said: string): ParsedNumber | undefined {
  const whole = wholeNumber(said);
  if (whole !== undefined) return whole;
  // Of `3x` and `x > 3`, three is no value.
  if (/[<>≤≥≠]|\\(?:[lg]eq?(?:slant)?|neq?|[lg]t)(?![a-z])|\d[a-jn-z](?![a-z])/i.test(said)) return undefined;
  for (const sentence of evaluated(compared(said)).split(/\.(?=\s|$)|[;\n]|[!?](?=\s|$)/)) {
    const parts = sentence.split(REASON)[0]!.split(RESULT);
    const stated = parts.map((part) => digitsFirst(numbersIn(part))).filter((numbers) => numbers.length > 0);
    const [only, ...others] = stated.at(-1) ?? [];
    if (only !== undefined) return others.every((other) => sameNumber(only, other)) ? only : undefined;
  }
  return undefined;
}

/** All of the text as one number: also `12,5`, which is a list anywhere else, and "half a dozen". */
function wholeNumber(text: string): ParsedNumber | undefined {
  const phrase = numberOfPhrase(text);
  if (phrase !== undefined) return phrase;
  const [, whole, decimals] = /^\s*\$?(-?\d{1,3}(?:\.\d{3})+|-?\d+),(\d{1,2}|\d{4,})\$?\s*\.?\s*$/.exec(text) ?? [];
  if (whole !== undefined && decimals !== undefined)
    return { value: Number(`${whole.replaceAll('.', '')}.${decimals}`), percent: false };
  if (/^\s*-?\d{1,3}(?:\.\d{3}){2,}\s*\.?\s*$/.test(text))
    return { value: Number(text.replaceAll('.', '')), percent: false };
  return numberOfFormula(text);
}

/** With every formula as the number that it is, or gone where it is none: the 2 of `x^2` is nobody's answer. */
function evaluated(text: string): string {
  const numbers = text.replace(FORMULA, (_, ...groups: (string | undefined)[]) => {
    const found = numberOfFormula(groups.slice(0, 4).find((group) => group !== undefined) ?? '');
    return found === undefined ? ' ' : ` ${found.value}${found.percent ? '%' : ''} `;
  });
  return (
    toLatex(joinedThousands(numbers))
      // "3 x 4"; a hexadecimal number has no spaces, and powers of ten are read as they are.
      .replace(/(?<=\d)\s+x\s+(?=\d)(?!10\s?\^)/gi, ' \\times ')
      .replace(
        /(?<![\w.,^{(])\d+(?:\.\d+)?(?:\s*(?:\*|\\times|\\cdot)\s*\d+(?:\.\d+)?)+(?![\w^(*]|[.,]\d|\s*[-+/^*])/g,
        (product) => {
          const found = numberOfFormula(product);
          return found === undefined ? product : ` ${found.value} `;
        },
      )
      .replace(/(?:\\frac\{[^{}]*\}\{[^{}]*\}|[\d.])*\s*\\(?:sqrt|pi)(?:\s*\{[^{}]*\}|\s*\d+)?/g, (formula) => {
        const found = numberOfFormula(formula);
        return found === undefined ? ' ' : ` ${found.value} `;
      })
      .replace(/(?<=[A-Za-z})])\s?\^\s*(?:\{[^{}]*\}|-?\d+)|_\s*(?:\{[^{}]*\}|\w)/g, '')
  );
}

/** "The last one is 12": number words are mostly other words. */
function digitsFirst(numbers: readonly ParsedNumber[]): readonly ParsedNumber[] {
  const digits = numbers.filter(({ words }) => words === undefined);
  return digits.length > 0 ? digits : numbers;
}
