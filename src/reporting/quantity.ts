/**
 * Numbers of a report. Each names the run and the place in its JSON that it is read from, so that whoever doubts it can
 * look it up, and a test can. What is computed from stored numbers names its formula too.
 */
import { formatCount } from '../engine/report/text.js';
import { points, probability, pText } from '../protocol/evaluationReading.js';
import { formatNumber, NONE } from '../protocol/numbers.js';

/**
 * How a number is written: `count` 1,234; `percent` and `points` 100 times the fraction, to a tenth, the latter with its
 * sign; `number` three significant digits; `probability` of a test, `test` the same with its sign: `p < 0.0001`.
 */
export type Form = 'count' | 'percent' | 'points' | 'number' | 'probability' | 'test';

export interface Quantity {
  kind: 'quantity';
  /** Key of the run. */
  run: string;
  /** JSON Pointer (RFC 6901) into its result; of the numbers it is computed from, where it is computed. */
  pointer: string;
  value: number | null;
  form: Form;
  /** Name of the formula; null for a number as it is stored. */
  derived: string | null;
}

/** A number with its interval. */
export interface Estimate {
  kind: 'estimate';
  value: Quantity;
  low: Quantity;
  high: Quantity;
}

/** Part of a sentence: words, or a number. */
export type Inline = string | Quantity;
export type Sentence = readonly Inline[];

/** A sentence around numbers, sentences and estimates; an estimate brings its unit and its interval. */
export function say(words: TemplateStringsArray, ...parts: (Inline | Estimate | Sentence)[]): Sentence {
  return words.flatMap((text, index): Inline[] => {
    const part = parts[index];
    const own: readonly Inline[] =
      part === undefined
        ? []
        : typeof part === 'string'
          ? [part]
          : Array.isArray(part)
            ? (part as Sentence)
            : inline(part as Quantity | Estimate);
    return [...(text === '' ? [] : [text]), ...own];
  });
}

function inline(part: Quantity | Estimate): Sentence {
  if (part.kind === 'quantity') return [part];
  const unit = part.value.form === 'percent' ? ' %' : part.value.form === 'points' ? ' points' : '';
  return [part.value, `${unit} (95 % interval `, part.low, ' to ', part.high, ')'];
}

/** Sentences or parts of them, with something between. */
export function joined(parts: readonly Sentence[], between = ', '): Sentence {
  return parts.flatMap((part, index) => (index === 0 ? part : [between, ...part]));
}

/** As a reader sees it. */
export function written({ value, form }: Quantity): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  switch (form) {
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(1);
    case 'percent':
      return (100 * value).toFixed(1);
    case 'points':
      return points(value);
    case 'number':
      return formatNumber(value);
    case 'probability':
      return probability(value);
    case 'test':
      return pText(value);
  }
}

/** The value at a place of a JSON document; undefined where there is none. @param pointer RFC 6901 */
export function valueAt(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (at, step) =>
        typeof at === 'object' && at !== null
          ? (at as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')]
          : undefined,
      document,
    );
}
