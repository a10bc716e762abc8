/**
 * Whether two pieces of mathematical notation mean the same (MATH-500 and the like). Parsing and algebra are Compute
 * Engine's; what people write around an answer is taken off in `notation`. The rules follow math-verify's; where they
 * are stricter, `test/parity/evaluate/grading` says why. Bounded: long expressions count as text.
 */
import { type BoxedExpression, ComputeEngine } from '@cortex-js/compute-engine';
import { cleaned, withoutUnit } from './notation.js';
import { numbersIn, type ParsedNumber, sameNumber } from './number.js';

/** Characters. Longer answers are no single value, and algebra on them could take long. */
const LONGEST = 200;
/** Powers of powers (2^{10^{10}}) would be computed digit by digit. */
const TOWER = /\^\s*(?:\{[^{}]*\^|[\w.]+\s*\^)|\^\s*\{?\s*[-+]?\d{4,}|\d{40,}|!\s*!|\d{4,}\s*!/;
/** Where two formulas with letters are compared by value. No point is special to any usual formula. */
const POINTS = [0.7390851, 1.6180339, 2.2360679, -1.3247179];
const CLOSE = 1e-9;
/** What is left where formulas cancel out. */
const NOTHING = 1e-14;

let engine: ComputeEngine | undefined;

/** @param given and `truth`: LaTeX or plain text, without `$` or with. */
export function sameMathematics(given: string, truth: string): boolean {
  const [a, b] = [cleaned(given), cleaned(truth)];
  if (a === '' || b === '') return false;
  if (plain(a) === plain(b)) return true;
  if (a.length > LONGEST || b.length > LONGEST || TOWER.test(a) || TOWER.test(b)) return false;
  return same(valueOf(a, true), valueOf(b, true));
}

/** The number that a formula is; undefined for formulas with letters, for lists, and for anything in words. */
export function numberOfFormula(text: string): ParsedNumber | undefined {
  const all = cleaned(text);
  if (all === '' || all.length > LONGEST || TOWER.test(all)) return undefined;
  const value = valueOf(all, true);
  if (value.kind !== 'leaf') return undefined;
  const leaf = valueOf(assigned(value.text) ?? lastSide(value.text), false);
  return leaf.kind === 'leaf' ? numericLeaf(leaf.text) : undefined;
}

/**
 * Words and letters of choices, however they are set. Brackets stay: an interval is not a tuple. So do spaces between
 * digits: `5 1/2` is not `51/2`.
 */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/(?<!\d) | (?!\d)/g, '')
    .replace(/_\{(\w)\}/g, '_$1')
    .replace(/^\(([a-z])\)$/, '$1');
}

type Value =
  | { kind: 'leaf'; text: string }
  /** In order: a tuple, an interval, a list. */
  | { kind: 'list'; brackets: string; items: Value[] }
  /** Without order: solutions, a set, a union. */
  | { kind: 'set'; items: Value[] };

/** @param top whether commas outside of brackets separate solutions. */
function valueOf(text: string, top: boolean): Value {
  const set = /^\\\{([\s\S]*)\\\}$/.exec(text) ?? /^\{([\s\S]*,[\s\S]*)\}$/.exec(text);
  if (set !== null && balanced(set[1]!)) return setOf(itemsOf(set[1]!).flatMap(alternatives));
  const matrix = /^(?:[A-Za-z]\s*=\s*)?\\begin\{([pbvBV]?matrix)\}([\s\S]*)\\end\{\1\}$/.exec(text);
  if (matrix !== null) return matrixOf(matrix[1] === 'vmatrix' ? 'vmatrix' : 'matrix', matrix[2]!);
  const union = split(text, (at) => /^\\cup(?![a-z])/.test(text.slice(at)), 4);
  if (union.length > 1) return setOf(union);
  if (top) {
    const items = itemsOf(spelled(text)).flatMap(alternatives);
    if (items.length > 1) return setOf(items);
  }
  const wrapped = /^(?:([a-zA-Z]|\([a-zA-Z](?:\s*,\s*[a-zA-Z])+\))\s*(?:=|\\in)\s*)?([([])([\s\S]*)([)\]])$/.exec(text);
  if (wrapped !== null && balanced(wrapped[3]!)) {
    const items = itemsOf(wrapped[3]!);
    if (items.length > 1)
      return { kind: 'list', brackets: wrapped[2]! + wrapped[4]!, items: items.map((item) => valueOf(item, false)) };
  }
  return intervalOf(text) ?? { kind: 'leaf', text };
}

function setOf(items: readonly string[]): Value {
  const values = items.map((item) => valueOf(item, false));
  return values.length === 1 ? values[0]! : { kind: 'set', items: values };
}

/** Rows of entries: a list of lists. */
function matrixOf(brackets: string, inner: string): Value {
  const rows = inner.split('\\\\').filter((row) => row.trim() !== '');
  const entries = rows.map((row): Value => {
    return { kind: 'list', brackets, items: row.split('&').map((entry) => ({ kind: 'leaf', text: entry.trim() })) };
  });
  return { kind: 'list', brackets, items: entries };
}

/** `a ± b` as both of its values. */
function alternatives(item: string): string[] {
  const signs = item.match(/\\[pm][pm](?![a-z])/g);
  if (signs?.length !== 1) return [item];
  const [before = '', after = ''] = item.split(/\\[pm][pm](?![a-z])/);
  const name = /^.*=/.exec(before)?.[0] ?? '';
  const rest = before.slice(name.length);
  return [`${name}${rest.trim() === '' ? '' : `${rest}+`}${after}`, `${name}${rest}-${after}`];
}

function same(given: Value, truth: Value): boolean {
  if (given.kind === 'leaf' && truth.kind === 'leaf') return sameLeaf(given.text, truth.text);
  if (given.kind === 'leaf') {
    const value = assigned(given.text);
    return value !== undefined && same(valueOf(value, true), truth);
  }
  // "3/4 or 0.75" is one value in two spellings.
  if (truth.kind === 'leaf') return given.kind === 'set' && given.items.every((item) => same(item, truth));
  if (given.kind !== truth.kind) {
    const [a, b] = [tupleOf(given), tupleOf(truth)];
    return a !== undefined && b !== undefined && same(a, b);
  }
  if (given.items.length !== truth.items.length) return false;
  if (given.kind === 'list')
    return (
      truth.kind === 'list' &&
      given.brackets === truth.brackets &&
      given.items.every((item, index) => same(item, truth.items[index]!))
    );
  const left = [...truth.items];
  return given.items.every((item) => {
    const at = left.findIndex((other) => same(item, other));
    if (at === -1) return false;
    left.splice(at, 1);
    return true;
  });
}

/** `x = 3, y = -5` as the point that it is; a list as it is; undefined for other sets. */
function tupleOf(value: Value): Value | undefined {
  if (value.kind !== 'set') return value;
  const named = value.items.map((item) => (item.kind === 'leaf' ? /^([a-z])\s*=\s*([^=]+)$/.exec(item.text) : null));
  const names = named.map((match) => match?.[1] ?? '');
  // From x on, or from a on, without a gap: the order of a point.
  if (!names.every((name, at) => name !== '' && name === String.fromCharCode(names[0]!.charCodeAt(0) + at)))
    return undefined;
  return { kind: 'list', brackets: '()', items: named.map((match) => ({ kind: 'leaf', text: match![2]! })) };
}

/** What a number or letter is called: `x`, `x_1`, `f(x)`, `AB`, `m\angle 1`, `\text{Area}`. */
const NAME =
  /^(?:m\s*)?(?:\\angle\s*)?(?:\\(?:alpha|beta|gamma|delta|theta|phi|lambda|mu|sigma|omega|triangle|overline|Delta)\s*)?(?:\{?[A-Za-z0-9][A-Za-z ]*\}?)?(?:_\{?\w+\}?)?'*\s*(?:\([A-Za-z0-9, ]*\))?\s*$/;

/** `x = 5` → `5`, where what stands before the sign is a name. */
function assigned(text: string): string | undefined {
  const at = text.search(/(?<![<>!\\])=|\\approx(?![a-z])|\\in(?![a-z])/);
  if (at <= 0) return undefined;
  const name = text.slice(0, at).trim();
  const rest = text.slice(at).replace(/^(?:=|\\approx|\\in)\s*/, '');
  return name !== '' && NAME.test(name) && !/^\d+$/.test(name) && !rest.includes('=') ? rest : undefined;
}

/** The last side of a chain of equal numbers (`3 \times 4 = 12`), or of `x + y = 12`; all of anything else. */
function lastSide(text: string): string {
  const sides = text.split(/(?<![<>!\\])=|\\approx(?![a-z])/).map((side) => side.trim());
  const [first, last] = [sides[0]!, sides.at(-1)!];
  if (sides.length === 1 || last === '') return text;
  const commands = /\\[a-z]+/gi;
  if (!/[A-Za-z]/.test(last.replace(commands, '')) || sides.length > 2) {
    const bare = first.replace(commands, '').replace(/[_^](?:\{[^{}]*\}|\w)/g, '');
    // `2x + 1 = 5` is a condition, and its right side is nobody's answer.
    const condition = /[A-Za-z]/.test(bare) && (/\d/.test(bare) || last === '0');
    return condition && sides.length === 2 ? text : last;
  }
  return NAME.test(last) && !/[A-Za-z]/.test(first.replace(commands, '')) ? first : text;
}

function sameLeaf(given: string, truth: string): boolean {
  if (given === truth || plain(given) === plain(truth)) return true;
  const [equation, wanted] = [isEquation(given), isEquation(truth)];
  const value = wanted ? assigned(truth) : assigned(given);
  if (equation && wanted) {
    if (sameEquation(given, truth)) return true;
    // `24 + 1 = 25` for `x = 25`
    return value !== undefined && !/[A-Za-z]/.test(given) && sameValue(lastSide(given), value);
  }
  if (wanted) return value !== undefined && sameValue(given, value);
  if (!equation) return sameValue(given, truth);
  if (value !== undefined) return same(valueOf(value, true), valueOf(truth, true));
  // Half of "√2 ≈ 1.41" may be what is wanted.
  const [exact, rounded] = given.split(/\\approx(?![a-z])/);
  if (rounded !== undefined && sameValue(exact!.trim(), truth)) return true;
  const side = lastSide(given);
  return side !== given && sameValue(side, truth);
}

function isEquation(text: string): boolean {
  return /(?<![<>!\\])=|\\approx(?![a-z])|\\in(?![a-z])/.test(text);
}

/** Whether both say the same of the same letters: one is the other times a number. */
function sameEquation(a: string, b: string): boolean {
  const [left, right] = [a, b].map((one) => one.split(/(?<![<>!\\])=/).map((side) => side.trim()));
  if (left!.length !== 2 || right!.length !== 2) return false;
  if (plain(left![0]!) === plain(right![0]!)) return sameValue(left![1]!, right![1]!);
  try {
    engine ??= new ComputeEngine();
    const [f, g] = [left!, right!].map(([first, second]) => engine!.parse(`(${first})-(${second})`));
    const symbols = symbolsOf(f!, g!);
    if (symbols === undefined || symbols.length === 0 || !algebraic(f!) || !algebraic(g!)) return false;
    const ratios = POINTS.map((point) => {
      const [x, y] = [f!, g!].map((one) => numberOf(one.subs(valuesAt(point, symbols))));
      return x === undefined || y === undefined || y[1] !== 0 || x[1] !== 0 ? NaN : x[0] / y[0];
    });
    return ratios.every((ratio) => Number.isFinite(ratio) && ratio !== 0 && close([ratio, 0], [ratios[0]!, 0], CLOSE));
  } catch {
    return false; // not mathematics
  }
}

const RELATION = /\\[lg]e(?![a-z])|<|>/g;

/** An inequality of one letter as the interval it means: `x \ge 3` is `[3, ∞)`. */
function intervalOf(text: string): Value | undefined {
  const signs = text.match(RELATION) ?? [];
  const sides = text.split(RELATION).map((side) => side.trim());
  const letter = sides.findIndex((side) => /^[a-zA-Z](?:_\{?\w\}?)?$/.test(side));
  const up = (sign: string) => sign === '<' || sign.startsWith('\\le');
  const closed = (sign: string) => sign.startsWith('\\');
  const interval = (from: string, to: string, low: boolean, high: boolean): Value => ({
    kind: 'list',
    brackets: `${low ? '[' : '('}${high ? ']' : ')'}`,
    items: [
      { kind: 'leaf', text: from },
      { kind: 'leaf', text: to },
    ],
  });
  if (signs.length === 1 && letter >= 0 && sides[1 - letter] !== '') {
    const [sign, bound] = [signs[0], sides[1 - letter]!];
    return up(sign) === (letter === 0)
      ? interval('-\\infty', bound, false, closed(sign))
      : interval(bound, '\\infty', closed(sign), false);
  }
  if (signs.length === 2 && letter === 1 && up(signs[0]) === up(signs[1]!)) {
    const [first, second] = [closed(signs[0]), closed(signs[1]!)];
    return up(signs[0]) ? interval(sides[0]!, sides[2]!, first, second) : interval(sides[2]!, sides[0]!, second, first);
  }
  return undefined;
}

function sameValue(given: string, truth: string): boolean {
  if (plain(given) === plain(truth)) return true;
  if (based(given) !== undefined || based(truth) !== undefined) return sameBased(given, truth);
  const [first, second] = [modular(given), modular(truth)];
  if (first !== undefined || second !== undefined) {
    const [left, right] = [first ?? { value: given }, second ?? { value: truth }];
    return (
      (left.modulus === undefined || right.modulus === undefined || left.modulus === right.modulus) &&
      sameValue(left.value, right.value)
    );
  }
  const [a, b] = [withoutUnit(given), withoutUnit(truth)];
  if (a.unit !== undefined && b.unit !== undefined && a.unit !== b.unit) return false;
  if (plain(a.value) === plain(b.value)) return true;
  const [x, y] = [numericLeaf(a.value), numericLeaf(b.value)];
  if (x && y) {
    const rounded = /\d?\.\d/.test(`${a.value} ${b.value}`);
    return sameNumber(x, y) && (rounded || x.percent || y.percent || close([x.value, 0], [y.value, 0], CLOSE));
  }
  if (inWords(a.value) || inWords(b.value)) return false;
  try {
    engine ??= new ComputeEngine();
    const formulas = [improper(a.value), improper(b.value)];
    // The engine would read `2 3` as 23.
    if (formulas.some((formula) => /\d \d/.test(formula.replace(/_\{?\w+\}?/g, '')))) return false;
    const [left, right] = [engine.parse(formulas[0]!), engine.parse(formulas[1]!)];
    if (!left.isValid || !right.isValid) return false;
    if (left.isSame(right)) return true;
    const symbols = symbolsOf(left, right);
    if (symbols === undefined) return false;
    if (symbols.length === 0) return close(numberOf(left), numberOf(right), CLOSE);
    if (!algebraic(left) || !algebraic(right)) return false;
    const values = POINTS.map((point) => [left, right].map((one) => numberOf(one.subs(valuesAt(point, symbols)))));
    return (
      values.some(([x]) => x !== undefined && Math.hypot(...x) > 0) &&
      // Logarithms and roots have no value somewhere.
      values.every(([x, y]) => (x === undefined && y === undefined) || close(x, y, CLOSE))
    );
  } catch {
    return false; // not mathematics
  }
}

/** The letters of two formulas; undefined where they are not the same. */
function symbolsOf(left: BoxedExpression, right: BoxedExpression): string[] | undefined {
  const symbols = [...new Set([...left.freeVariables, ...right.freeVariables])];
  return left.freeVariables.length === symbols.length && right.freeVariables.length === symbols.length
    ? symbols
    : undefined;
}

function valuesAt(point: number, symbols: readonly string[]): Record<string, BoxedExpression> {
  return Object.fromEntries(symbols.map((symbol, index) => [symbol, engine!.number(point + index * 0.4142135)]));
}

/** Words are compared as words: their letters are no factors. */
function inWords(text: string): boolean {
  return /(?<![\\A-Za-z])(?=[A-Za-z]*[aeiouAEIOU])[A-Za-z]{3,}/.test(text.replace(/\\[a-zA-Z]+/g, ' '));
}

/** `7 \pmod{12}`, `x \equiv 7 \pmod{12}`: the question may name the modulus. */
function modular(text: string): { value: string; modulus?: string } | undefined {
  const [, value, braced, plainly] =
    /^(?:[a-zA-Z]\s*\\equiv\s*)?(.*?)\s*(?:\\pmod\s*\{?\s*(\d+)\s*\}?|\(?\s*(?:\\b?mod|\bmod)\s*\{?\s*(\d+)\s*\}?\s*\)?)$/.exec(
      text,
    ) ?? [];
  return value === undefined || value === '' ? undefined : { value, modulus: braced ?? plainly ?? '' };
}

/** Digits and base of `110_2`. */
function based(text: string): readonly [string, string] | undefined {
  const [, digits, base] = /^([0-9A-F]+)\s*_\s*\{?\s*(\d{1,2})\s*\}?$/.exec(text) ?? [];
  return digits === undefined || base === undefined ? undefined : [digits, base];
}

/** The base may be left out: the question names it. */
function sameBased(given: string, truth: string): boolean {
  const [[a, from] = [given, undefined], [b, to] = [truth, undefined]] = [based(given), based(truth)];
  return a.trim() === b.trim() && (from === undefined || to === undefined || from === to);
}

const ALGEBRA = new Set([
  'Add',
  'Subtract',
  'Negate',
  'Multiply',
  'Divide',
  'Rational',
  'Power',
  'Square',
  'Sqrt',
  'Root',
  'Sin',
  'Cos',
  'Tan',
  'Cot',
  'Sec',
  'Csc',
  'Ln',
  'Log',
  'Exp',
  'Abs',
  'Delimiter',
  'Half',
]);

function algebraic(expression: BoxedExpression): boolean {
  if (expression.ops === null || expression.ops === undefined) return true;
  return ALGEBRA.has(String(expression.operator)) && expression.ops.every(algebraic);
}

function numberOf(expression: BoxedExpression): readonly [number, number] | undefined {
  const value = expression.N().numericValue;
  if (typeof value === 'number') return [value, 0];
  if (value === null || value === undefined) return undefined;
  const { re, im } = value as { re?: unknown; im?: unknown };
  // `re` of a number below 1e-10 is zero.
  const plain = Number(value);
  if (Number.isFinite(plain)) return [plain, 0];
  return typeof re === 'number' && typeof im === 'number' ? [re, im] : undefined;
}

function close(
  a: readonly [number, number] | undefined,
  b: readonly [number, number] | undefined,
  tolerance: number,
): boolean {
  if (a === undefined || b === undefined) return false;
  const size = Math.max(Math.hypot(...a), Math.hypot(...b));
  return Number.isFinite(size) && Math.hypot(a[0] - b[0], a[1] - b[1]) <= Math.max(tolerance * size, NOTHING);
}

/** A real number: written out, with a percent sign, in words, or a formula without letters. */
function numericLeaf(text: string): ParsedNumber | undefined {
  const written = withoutUnit(text).value;
  const number = wholeNumber(written);
  if (number !== undefined) return number;
  const percent = written.endsWith('%');
  const formula = improper(percent ? written.slice(0, -1).trim() : written);
  if (
    !/\d|\\pi/.test(formula) ||
    /[:,_=<>]|\d\s+[\d(]/.test(formula) ||
    /(?<![\\A-Za-z])[A-Za-z]/.test(formula.replace(/\\[a-zA-Z]+/g, ''))
  )
    return undefined;
  try {
    engine ??= new ComputeEngine();
    const parsed = engine.parse(formula);
    if (!parsed.isValid || parsed.freeVariables.length > 0) return undefined;
    const value = numberOf(parsed);
    if (value === undefined || value[1] !== 0 || !Number.isFinite(value[0])) return undefined;
    // What is left of sin π is zero; Planck's constant is not.
    const nothing = Math.abs(value[0]) < NOTHING && /\\(?:sin|cos|tan|ln|log|sqrt|pi)/.test(formula);
    return { value: nothing ? 0 : value[0], percent };
  } catch {
    return undefined; // not mathematics
  }
}

/** The whole text as one number as `numbersIn` reads it. */
function wholeNumber(text: string): ParsedNumber | undefined {
  const whole =
    /^[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?: \d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?\s?%?$/.test(
      text,
    ) && /\d/.test(text);
  if (whole) return numbersIn(/^[-+]?\d{1,3}(?: \d{3})+$/.test(text) ? text.replaceAll(' ', '') : text)[0];
  if (/\\frac|\\sqrt|\\pi|[\^!*]/.test(text) || !/[a-z]/i.test(text)) return undefined;
  const [only, ...others] = numbersIn(text);
  return only !== undefined && others.length === 0 && /^[-+\w\s.,]*$/.test(text) && WORDED.test(text)
    ? only
    : undefined;
}

/** Nothing but a number with words of its own: "2.5 million", "minus three", "one hundred and five". */
const WORDED =
  /^(?:(?:minus|negative|and|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|(?:thous|mill|bill|trill)\w+|[-+]?[\d.,]+)(?:[\s-]+|$))+$/i;

/** Mixed numbers as sums: `2\frac{1}{2}`, `2 1/2`. */
function improper(text: string): string {
  return text
    .replace(/^(-?)\s*(\d+)\s*\\frac\{(\d+)\}\{(\d+)\}/, '$1($2+\\frac{$3}{$4})')
    .replace(/^(-?)\s*(\d+)\s+(\d+)\s*\/\s*(\d+)$/, '$1($2+\\frac{$3}{$4})');
}

/** A comma before three digits separates thousands: `10,080` is a number, `(100,200)` is none. */
function spelled(text: string): string {
  return /^[^()[\]{}]*$/.test(text)
    ? text.replace(/(?<![\d,.])(\d{1,3})((?:,\d{3})+)(?![\d,])/g, (all) => all.replaceAll(',', ''))
    : text;
}

/** What stands between commas and semicolons outside of brackets. */
function itemsOf(text: string): string[] {
  return split(text, (at) => text[at] === ',' || text[at] === ';', 1);
}

function split(text: string, separates: (at: number) => boolean, length: number): string[] {
  const items: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if ('([{'.includes(text[at]!)) depth++;
    else if (')]}'.includes(text[at]!)) depth--;
    else if (depth === 0 && separates(at)) {
      items.push(text.slice(start, at).trim());
      start = at + length;
    }
  }
  items.push(text.slice(start).trim());
  return items.filter((item) => item !== '');
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) return false;
  }
  return depth === 0;
}
