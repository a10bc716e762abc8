/** The number that a text gives as its answer. */
import { announced, FORMULA, givenAnswer, undenied, unmarked } from './answer.js';
import { numberOfFormula } from './mathematics.js';
import { toLatex } from './notation.js';
import { numbersIn, type ParsedNumber, sameNumber } from './number.js';

/**
 * The number in the tag or box, the announced one, or else the last of the text. A marked or announced answer of several
 * numbers ("2 boxes of 6", "11 or 12") gives none.
 */
export function numberIn(text: string): ParsedNumber | undefined {
  const { text: answer, marked } = givenAnswer(text);
  const said = announced(answer);
  if (marked !== undefined || said !== undefined)
    return statedNumber(marked === undefined ? said!.replace(/!+$/, '') : (said ?? answer));
  const words = evaluated(undenied(unmarked(answer)));
  const found = digitsFirst(numbersIn(words));
  if (found.length > 1 && /\d\S*\s+or\s+\S*\d\S*\s*[.!]?\s*$/.test(words)) return undefined;
  return wholeNumber(words) ?? found.at(-1);
}

/** What ends the statement and begins its reasons. */
const REASON =
  /,?\s*\b(?:since|because|as|given that|when|where|for which|so that|rather than|instead of|not|out of)\b|\s*\((?![-\d.,\s]*\))/i;
const RESULT = /=|≈|\\approx(?![a-z])|\b(?:which is|that is|i\.e\.,?|equals|equal to|gives|makes|totals?|comes to)\b/i;

function statedNumber(said: string): ParsedNumber | undefined {
  const whole = wholeNumber(said);
  if (whole !== undefined) return whole;
  // Of `3x` and `x > 3`, three is no value.
  if (/[<>≤≥≠]|\\(?:[lg]eq?(?:slant)?|neq?|[lg]t)(?![a-z])|\d[a-jn-z](?![a-z])/i.test(said)) return undefined;
  for (const sentence of evaluated(said).split(/\.(?=\s|$)|[;\n]|[!?](?=\s|$)/)) {
    const parts = sentence.split(REASON)[0]!.split(RESULT);
    const stated = parts.map((part) => digitsFirst(numbersIn(part))).filter((numbers) => numbers.length > 0);
    const [only, ...others] = stated.at(-1) ?? [];
    if (only !== undefined) return others.every((other) => sameNumber(only, other)) ? only : undefined;
  }
  return undefined;
}

/** All of the text as one number: also `12,5`, which is a list anywhere else. */
function wholeNumber(text: string): ParsedNumber | undefined {
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
  return toLatex(numbers)
    .replace(/(?:\\frac\{[^{}]*\}\{[^{}]*\}|[\d.])*\s*\\(?:sqrt|pi)(?:\s*\{[^{}]*\}|\s*\d+)?/g, (formula) => {
      const found = numberOfFormula(formula);
      return found === undefined ? ' ' : ` ${found.value} `;
    })
    .replace(/(?<=[A-Za-z})])\s?\^\s*(?:\{[^{}]*\}|-?\d+)|_\s*(?:\{[^{}]*\}|\w)/g, '');
}

/** "The last one is 12": number words are mostly other words. */
function digitsFirst(numbers: readonly ParsedNumber[]): readonly ParsedNumber[] {
  const digits = numbers.filter(({ words }) => words === undefined);
  return digits.length > 0 ? digits : numbers;
}
