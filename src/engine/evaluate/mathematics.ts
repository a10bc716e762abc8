/**
 * Whether two pieces of mathematical notation mean the same (MATH-500 and the like). Parsing and algebra are Compute
 * Engine's; what people write around an answer is taken off here. Bounded: long expressions count as text.
 */
import { type BoxedExpression, ComputeEngine } from '@cortex-js/compute-engine';
import { numbersIn, sameNumber } from './number.js';

/** Characters. Longer answers are no single value, and algebra on them could take long. */
const LONGEST = 200;
/** Powers of powers (2^{10^{10}}) would be computed digit by digit. */
const TOWER = /\^\s*\{?[^{}]*\^|\^\s*\{?\s*\d{4,}|\d{40,}|!\s*!|\d{4,}\s*!/;
/** Where two formulas with letters are compared by value. No point is special to any usual formula. */
const POINTS = [0.7390851, 1.6180339, 2.2360679];
const CLOSE = 1e-9;

let engine: ComputeEngine | undefined;

/** @param given and `truth`: LaTeX or plain text, without `$` or with. */
export function sameMathematics(given: string, truth: string): boolean {
  const [a, b] = [cleaned(given), cleaned(truth)];
  if (a === '' || b === '') return a === b;
  if (plain(a) === plain(b)) return true;
  if (a.length > LONGEST || b.length > LONGEST || TOWER.test(a) || TOWER.test(b)) return false;
  const [left, right] = [listOf(a), listOf(b)];
  if (left.items.length !== right.items.length) return false;
  if (left.items.length > 1) {
    if (left.bracket !== right.bracket) return false;
    // Solutions without brackets are a set; a tuple or an interval has an order.
    if (left.bracket === '') return matches(left.items, right.items);
    return left.items.every((item, index) => sameValue(item, right.items[index]!));
  }
  return sameValue(a, b);
}

/** Words and letters of choices, however they are set. Brackets stay: an interval is not a tuple. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/^\(([a-z])\)$/, '$1');
}

function matches(items: readonly string[], others: readonly string[]): boolean {
  const left = [...others];
  return items.every((item) => {
    const at = left.findIndex((other) => sameValue(item, other));
    if (at === -1) return false;
    left.splice(at, 1);
    return true;
  });
}

function sameValue(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [plainNumber(a), plainNumber(b)];
  if (x && y) return sameNumber(x, y);
  try {
    engine ??= new ComputeEngine();
    const [left, right] = [engine.parse(a), engine.parse(b)];
    if (!left.isValid || !right.isValid) return false;
    if (left.isSame(right)) return true;
    const symbols = [...new Set([...left.freeVariables, ...right.freeVariables])];
    if (symbols.length === 0) return left.isEqual(right) === true || close(numberOf(left), numberOf(right));
    // Equations and words are compared as they are written; formulas by their values.
    if (left.freeVariables.length !== right.freeVariables.length || !algebraic(left) || !algebraic(right)) return false;
    return POINTS.every((point) => {
      const values = Object.fromEntries(
        symbols.map((symbol, index) => [symbol, engine!.number(point + index * 0.4142135)]),
      );
      return close(numberOf(left.subs(values)), numberOf(right.subs(values)));
    });
  } catch {
    return false; // not mathematics
  }
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
  if (typeof re === 'number' && typeof im === 'number') return [re, im];
  const plain = Number(value);
  return Number.isFinite(plain) ? [plain, 0] : undefined;
}

function close(a: readonly [number, number] | undefined, b: readonly [number, number] | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const size = Math.max(Math.hypot(...a), Math.hypot(...b));
  return Number.isFinite(size) && Math.hypot(a[0] - b[0], a[1] - b[1]) <= CLOSE * Math.max(1, size);
}

/** The whole text as one number. */
function plainNumber(text: string): ReturnType<typeof numbersIn>[number] | undefined {
  return /^[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?\s?(?:\\?%)?$/.test(text) && /\d/.test(text)
    ? numbersIn(text)[0]
    : undefined;
}

/** Items between top-level commas, and the brackets around all of them. */
function listOf(text: string): { items: string[]; bracket: string } {
  const wrapped = /^([([{]|\\\{)([\s\S]*)([)\]}]|\\\})$/.exec(text);
  const inner = wrapped && balanced(wrapped[2]!) ? wrapped[2]! : text;
  const bracket = wrapped && inner !== text ? wrapped[1]! + wrapped[3]! : '';
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < inner.length; at++) {
    if ('([{'.includes(inner[at]!)) depth++;
    else if (')]}'.includes(inner[at]!)) depth--;
    // A comma before three digits separates thousands.
    else if (
      inner[at] === ',' &&
      depth === 0 &&
      !(/\d$/.test(inner.slice(0, at)) && /^\d{3}(?!\d)/.test(inner.slice(at + 1)))
    ) {
      items.push(inner.slice(start, at).trim());
      start = at + 1;
    }
  }
  items.push(inner.slice(start).trim());
  return items.length > 1 ? { items, bracket } : { items: [text], bracket: '' };
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) return false;
  }
  return depth === 0;
}

/** Without what surrounds a value: dollar signs, sizes of brackets, spacing, units and degrees, "x =" in front. */
function cleaned(text: string): string {
  return text
    .replace(/\$|\\[()[\]](?=\s|$)/g, '')
    .replace(/\\(?:left|right|big|Big|bigg|Bigg)\b\s*/g, '')
    .replace(/\\[,;:!]|\\quad\b|\\qquad\b|~/g, ' ')
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(/\\frac(\d)(\d)/g, '\\frac{$1}{$2}')
    .replace(/\\frac(\d)\{/g, '\\frac{$1}{')
    .replace(/\\frac(\{[^{}]*\})(\d)/g, '\\frac$1{$2}')
    .replace(/\\sqrt(\d)/g, '\\sqrt{$1}')
    .replace(/\^\s*\{?\\circ\}?|°|\\degree\b/g, '')
    .replace(/(?<=[\d}])\s*\\(?:text|mathrm|mbox)\{[^{}]*\}(?:\^\{?\d\}?)?\s*$/g, '')
    .replace(/\\(?:text|mathrm|mbox|textbf|mathbf)\{([^{}]*)\}/g, '$1')
    .replace(/^\s*[a-zA-Z]\s*(?:=|\\in\b)\s*/, '')
    .replace(/\\(?:cup)\b/g, '\\cup ')
    .replace(/\s+/g, ' ')
    .replace(/[.\s]+$/, '')
    .trim();
}
