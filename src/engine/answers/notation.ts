/** Mathematical notation as people and models write it, brought to one spelling before it is parsed. */
import { joinedThousands } from './number.js';

const SIGNS: Readonly<Record<string, string>> = {
  '−': '-',
  '–': '-',
  '×': '\\times ',
  '·': '\\cdot ',
  '⋅': '\\cdot ',
  '÷': '/',
  '∕': '/',
  '≤': '\\le ',
  '≥': '\\ge ',
  '≠': '\\ne ',
  '≈': '\\approx ',
  '±': '\\pm ',
  '∓': '\\mp ',
  '∞': '\\infty ',
  '∪': '\\cup ',
  '∩': '\\cap ',
  '∈': '\\in ',
  '∅': '\\emptyset ',
  '∠': '\\angle ',
  π: '\\pi ',
  θ: '\\theta ',
  α: '\\alpha ',
  β: '\\beta ',
  ℝ: '\\mathbb{R}',
  '⟨': '(',
  '⟩': ')',
};
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const LOWERED = '₀₁₂₃₄₅₆₇₈₉';

/** Signs of Unicode as LaTeX: roots, powers, fractions, relations. */
export function toLatex(text: string): string {
  return text
    .replace(/(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))/g, ',')
    .replace(/[⁺⁻]?[⁰¹²³⁴-⁹]+/g, (all) => `^{${all.replace(/./g, (one) => digitOf(one, RAISED))}}`)
    .replace(/[₀-₉]+/g, (all) => `_{${all.replace(/./g, (one) => digitOf(one, LOWERED))}}`)
    .replace(/[¼-¾⅐-⅞]/g, (one) => `\\frac{${one.normalize('NFKC').replace('⁄', '}{')}}`)
    .replace(/√\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-z]))/g, (_, inner?: string, word?: string) => {
      return `\\sqrt{${inner ?? word ?? ''}}`;
    })
    .replace(/[−–×·⋅÷∕≤≥≠≈±∓∞∪∩∈∅∠πθαβℝ⟨⟩]/g, (sign) => SIGNS[sign]!)
    .normalize('NFKC');
}

function digitOf(sign: string, digits: string): string {
  if (sign === '⁻') return '-';
  return sign === '⁺' ? '+' : String(digits.indexOf(sign));
}

/** Units by one name each, as they follow a number. Those of one letter only behind a space, or set as text. */
const UNITS: readonly (readonly [string, RegExp])[] = [
  ['degree', /degrees?|deg/],
  ['dollar', /dollars?|usd/],
  ['cent', /cents?/],
  ['euro', /euros?|eur/],
  ['pound', /pounds?|lbs?/],
  ['rupee', /rupees?|rs/],
  ['km/h', /km\s*\/\s*h(?:r|our)?|kmh|kmph|kilomet(?:er|re)s per hour/],
  ['mph', /mph|miles per hour|miles\s*\/\s*hour/],
  ['m/s', /m\s*\/\s*s(?:ec)?|m\s*s\s*\^\s*\{?-1\}?|met(?:er|re)s per second/],
  ['mm', /mm|millimet(?:er|re)s?/],
  ['cm', /cm|centimet(?:er|re)s?/],
  ['km', /km|kilomet(?:er|re)s?/],
  ['m', /m|met(?:er|re)s?/],
  ['inch', /in|inch(?:es)?/],
  ['foot', /ft|foot|feet/],
  ['yard', /yards?|yd/],
  ['mile', /miles?|mi/],
  ['mg', /mg|milligrams?/],
  ['kg', /kg|kilograms?/],
  ['g', /g|grams?/],
  ['tonne', /tons?|tonnes?/],
  ['ounce', /ounces?|oz/],
  ['ml', /ml|millilit(?:er|re)s?/],
  ['l', /l|lit(?:er|re)s?/],
  ['gallon', /gallons?|gal/],
  ['ms', /ms|milliseconds?/],
  ['second', /s|secs?|seconds?/],
  ['minute', /mins?|minutes?/],
  ['hour', /h|hrs?|hours?/],
  ['day', /days?/],
  ['week', /weeks?/],
  ['month', /months?/],
  ['year', /years?|yrs?/],
  ['acre', /acres?/],
  ['hectare', /hectares?|ha/],
  ['unit', /units?/],
  ['a.m.', /a\.?\s?m/],
  ['p.m.', /p\.?\s?m/],
  ['ohm', /ohms?|\\Omega|Ω/],
  ['newton', /newtons?|N/],
  ['joule', /joules?|J/],
  ['watt', /watts?|W/],
  ['volt', /volts?|V/],
  ['hertz', /hertz|Hz/],
];
const UNIT = UNITS.map(([, spelling]) => spelling.source).join('|');
/** A number, or the end of a formula that is one. */
const VALUE = '^(.*[\\d})]|.*\\\\pi|.*\\d\\s(?:thousand|million|billion|trillion))';
/** Then the unit and its power. */
const MEASURED = new RegExp(
  `${VALUE}(\\s*)(?:(square|cubic|sq\\.?|cu\\.?)\\s*)?(${UNIT})\\.?(?:\\s*(squared|cubed))?(?:\\s*\\^\\s*\\{?(-?\\d)\\}?)?$`,
  'i',
);
/** Other things that are counted ("12 apples"); words that belong to the number are none. */
const COUNTED = new RegExp(
  `${VALUE}\\s+(?!(?:hundred|thousand|million|billion|trillion|dozen|half|halves|thirds?|quarters?|pi|mod|base|to|through|remainder)\\b)[a-z]{3,}(?: ` +
    '[a-z]{2,}){0,3}$',
  'i',
);
/** Units of one letter: in other letters a letter behind a number is a variable. */
const LETTERS = new Set([...'mgshlLNJWV']);

/**
 * A value and its unit. @returns `unit`: its one name and power; undefined where there is none, or none that is known.
 */
export function withoutUnit(text: string): { value: string; unit: string | undefined } {
  const [, value = '', space = '', before = '', name = '', behind = '', power = '1'] = MEASURED.exec(text) ?? [];
  if (value !== '' && (name.length > 1 || (LETTERS.has(name) && (space !== '' || name === 'm')))) {
    const said = /^sq/i.test(before + behind) ? '2' : /^cu/i.test(before + behind) ? '3' : power;
    const unit = UNITS.find(([, spelling]) => exactly(spelling).test(name))?.[0];
    return { value: value.trim(), unit: unit === undefined ? undefined : `${unit}^${said}` };
  }
  return { value: (COUNTED.exec(text)?.[1] ?? text).trim(), unit: undefined };
}

/** To TeX the power in 2^10 is 1; to those who write it, 10. */
const WHOLE_POWER = /\^\s*([-+]?\d{2,}|[-+]\d)/g;

/** `0.333…`, `0.1818...` */
const ENDLESS = /(?<!\d)(\d{0,20})\.(\d{0,12}?)(?:(\d)\3{2,20}|(\d{2,6})\4{1,10})\s*(?:\.{3}|\\[lc]?dots(?![a-z]))/g;

/** The fraction that a decimal with a period is. @param fixed digits behind the point, before the period. */
function repeating(_: string, whole: string, fixed: string, period: string): string {
  const above = BigInt(`${whole}${fixed}${period}`) - BigInt(`0${whole}${fixed}`);
  return `\\frac{${above}}{${'9'.repeat(period.length)}${'0'.repeat(fixed.length)}}`;
}

/** A matrix as an array, or one without brackets of its own, in the brackets around it. */
const ARRAY =
  /([([|]?)\s*\\begin\{(?:array|matrix|smallmatrix)\}\s*(?:\{[lcr|\s]*\})?([\s\S]*?)\\end\{(?:array|matrix|smallmatrix)\}\s*([)\]|]?)/g;
/** To a computer the sine of 30 is that of 30 radians. */
const ANGLED =
  /(\\(?:sin|cos|tan|cot|sec|csc)(?:\s*\^\s*\{?\d\}?)?)\s*[({]?\s*(\d+(?:\.\d+)?)\s*(?:\^\s*\{?\s*\\circ\s*\}?|°|\\degree(?![a-z]))\s*[)}]?/g;
const BASES = ['', '', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const NAMED_BASE =
  /(?<=\w)_\s*\{?\s*(?:\\(?:text|mathrm)\s*\{)?\s*(two|three|four|five|six|seven|eight|nine|ten)\s*\}{0,2}/g;

/** Without what surrounds a value: dollar signs, sizes of brackets, fonts, spacing, degrees. */
export function cleaned(text: string): string {
  return joinedThousands(toLatex(text))
    .replace(/\\(?:left|right|bigg?|Bigg?|displaystyle|limits)(?![a-zA-Z])\s*/g, '')
    .replace(/\\cr(?![a-z])|\\\\\s*\[[\d.]+\s*[a-z]{2}\]/g, '\\\\ ')
    .replace(/\\(?:text)?color\s*\{\w+\}/g, '')
    .replace(/\\mathbb\s*\{?\s*R\s*\}?(?!\s*[\^_])|\\Reals?\b|\b(?:all|any) real numbers?\b/g, '(-\\infty,\\infty)')
    .replace(/(?<!\d)(\d{0,20})\.(\d{0,20})\\(?:overline|bar|dot)\s*\{?(\d{1,20})\}?/g, repeating)
    .replace(ENDLESS, (_, whole: string, fixed: string, digit?: string, digits?: string) =>
      repeating(_, whole, fixed, digit ?? digits!),
    )
    .replace(/\{\s*([^{}]+?)\s*\\over(?![a-z])\s*([^{}]+?)\s*\}/g, '\\frac{$1}{$2}')
    .replace(/(?<![\w)}]\s*)\+\s*(?=\\infty)/g, '')
    .replace(/\\[lr]vert(?![a-z])/g, '|')
    .replace(/\\(sin|cos|tan)\s*\^\s*\{\s*-\s*1\s*\}/g, '\\arc$1')
    .replace(/\\lbrace(?![a-z])/g, '\\{')
    .replace(/\\rbrace(?![a-z])/g, '\\}')
    .replace(/\\langle(?![a-z])/g, '(')
    .replace(/\\rangle(?![a-z])/g, ')')
    .replace(/\\colon(?![a-z])\s*|(?<!\\[a-z]+)\{:\}/g, ':')
    .replace(/\\varnothing(?![a-z])|\\\{\s*\\\}/g, '\\emptyset ')
    .replace(ANGLED, '$1(\\frac{$2\\pi}{180})')
    .replace(NAMED_BASE, (_, name: string) => `_{${BASES.indexOf(name)}}`)
    .replace(/(?<=\d)\s*[xX]\s*(?=10\s*\^)/g, ' \\times ')
    .replace(/(?<!\\)\\[[\]()]/g, '')
    .replace(ARRAY, (_, opening: string, entries: string, closing: string) => {
      const name = opening === '' ? 'matrix' : opening === '|' ? 'vmatrix' : 'pmatrix';
      return `\\begin{${name}}${entries}\\end{${name}}${opening === '' ? closing : ''}`;
    })
    .replace(/\\?\$|[€£¥₹]/g, '')
    .replace(
      /\\(?:text|mbox|textrm|mathrm)\s*\{\s*,?\s*(?:and|or)\s*\}|(?<![A-Za-z\\]),?\s*\b(?<!\b(?:hundred|thousand|million|billion)\s)(?:and|or)\b(?![A-Za-z])/g,
      ', ',
    )
    .replace(/\\!/g, '')
    .replace(/(?<!\\)\\[,;: ]|\\q?quad\b|~/g, ' ')
    .replace(/\\[dtc]frac/g, '\\frac')
    .replace(/\^\s*\{?\s*\\circ\s*\}?|°|\\degree\b/g, '')
    .replace(/(?<=[\d}])\s*\\(?:text|textrm|mathrm|mbox)\s*\{((?:[^{}]|\{[^{}]*\})*)\}/g, ' $1 ')
    .replace(
      /\\(?:text|textrm|textit|textbf|textnormal|emph|underline|mathrm|mathbf|mathit|mathsf|boldsymbol|bm|mbox)\s*\{((?:[^{}]|\{[^{}]*\})*)\}/g,
      '$1',
    )
    .replace(/\\(?:bf|rm|it|tiny|small|normalsize|large|Large|LARGE|huge|Huge|checkmark)\b\s*|[✓✔✅]/g, '')
    .replace(/\\(?:infinity|inf)\b|\binfinity\b/g, '\\infty')
    .replace(/(?<![a-z\\])pi\b/gi, '\\pi')
    .replace(/\\frac\s*(\d)\s*(\d)/g, '\\frac{$1}{$2}')
    .replace(/\\frac\s*(\d)\s*\{/g, '\\frac{$1}{')
    .replace(/\\frac\s*(\{[^{}]*\})\s*(\d)/g, '\\frac$1{$2}')
    .replace(/\\sqrt\s*(\d)/g, '\\sqrt{$1}')
    .replace(/(?<![\\a-z])sqrt\s*\(([^()]*)\)/g, '\\sqrt{$1}')
    .replace(/\\(le|ge|ne)q?(?:slant)?(?![a-z])/g, '\\$1 ')
    .replace(WHOLE_POWER, '^{$1}')
    .replace(/\\lt(?![a-z])/g, '<')
    .replace(/\\gt(?![a-z])/g, '>')
    .replace(/<=/g, '\\le ')
    .replace(/>=/g, '\\ge ')
    .replace(/\{\s*(\d{1,3})\s*\\choose\s*(\d{1,3})\s*\}/g, '\\binom{$1}{$2}')
    .replace(/\\[dt]?binom\s*\{\s*(\d{1,3})\s*\}\s*\{\s*(\d{1,3})\s*\}/g, (_, n: string, k: string) =>
      String(choose(Number(n), Number(k))),
    )
    .replace(/\\%|\s*\bpercent\b/g, '%')
    .replace(/\s+/g, ' ')
    .replace(/^\s*(?:so |thus |therefore,? )?the (?:final )?(?:answer|result|value) is\b/i, '')
    .replace(/^\s*(?:about|approximately|approx\.?|roughly|exactly|around|\\approx|\\sim)\s+(?=\S)/i, '')
    .replace(/\s*\((?:units?|rounded[^()]*|approx[^()]*)\)[.\s]*$/i, '')
    .replace(/^[\s:]+|[.,;。，；\s]+$/g, '');
}

function exactly(spelling: RegExp): RegExp {
  return new RegExp(`^(?:${spelling.source})$`, 'i');
}

function choose(n: number, k: number): number {
  let ways = k > n ? 0 : 1;
  for (let at = 1; at <= Math.min(k, n - k); at++) ways = (ways * (n - at + 1)) / at;
  return Math.round(ways);
}
