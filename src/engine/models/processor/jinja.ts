/** Jinja through Hugging Face's own library, which has no limits of its own: values and memory are bounded here. */
import { getHeapStatistics } from 'node:v8';
import { Environment, Interpreter, Template } from '@huggingface/jinja';

/** Characters of a text, and elements of a list. A context of a million tokens is shorter. */
const LONGEST_TEXT = 16 * 1024 * 1024;
const LONGEST_LIST = 1_000_000;
/** Numbers that `range` gives: each is an object to the library. */
const LONGEST_RANGE = 100_000;
/** What a rendering may add to the heap. Bytes. */
const HEAP_LIMIT = 256 * 1024 * 1024;
/** Values between two looks at the heap. */
const LOOK_EVERY = 512;

/**
 * What a template asks for is larger than anything that a real one makes; the message goes on from "The template …".
 */
export class TooLarge extends Error {}

let values = 0;
let heapLimit = Infinity;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { evaluate } = Interpreter.prototype;
/** Everything that a template computes passes here. */
Interpreter.prototype.evaluate = function (this: Interpreter, statement, environment) {
  const result = evaluate.call(this, statement, environment);
  const { value } = result as { value: unknown };
  if (typeof value === 'string' ? value.length > LONGEST_TEXT : Array.isArray(value) && value.length > LONGEST_LIST)
    throw new TooLarge('makes a text or a list that is longer than any real one.');
  if (++values % LOOK_EVERY === 0 && getHeapStatistics().used_heap_size > heapLimit)
    throw new TooLarge('takes more memory than any real one.');
  return result;
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { set } = Environment.prototype;
/** The library's own `range` fills the memory; a variable cannot take its place. */
Environment.prototype.set = function (this: Environment, name, value: unknown) {
  return set.call(this, name, name === 'range' && typeof value === 'function' ? range : value);
};

/** As Python's. @throws `TooLarge` */
function range(...bounds: number[]): number[] {
  const [start, stop, step] = bounds.length < 2 ? [0, bounds[0] ?? 0, 1] : [bounds[0]!, bounds[1]!, bounds[2] ?? 1];
  if (step === 0) throw new Error('range() step must not be zero');
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= LONGEST_RANGE)) throw new TooLarge(`counts to more than ${LONGEST_RANGE.toLocaleString('en-US')}.`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** A function that renders the template with variables. @throws what the library throws; rendering also `TooLarge`. */
export function parseTemplate(source: string): (variables: Readonly<Record<string, unknown>>) => string {
  const template = new Template(source);
  return (variables) => {
    heapLimit = getHeapStatistics().used_heap_size + HEAP_LIMIT;
    return template.render({ ...variables });
  };
}
