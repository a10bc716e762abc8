/** What was left out of a result, in sentences. Longer lists end with a count. */
import { thousands } from '../checkpoint/failure.js';

const NAMED = 5;

/** @param bad `line 3 is not valid JSON.` */
export function linesLeftOut(bad: readonly string[]): string[] {
  if (bad.length === 0) return [];
  const named = bad.slice(0, NAMED).map((line) => line.replace(/\.$/, ''));
  const more = bad.length > NAMED ? `; and ${thousands(bad.length - NAMED)} more` : '';
  return [
    `${thousands(bad.length)} ${bad.length === 1 ? 'line was' : 'lines were'} left out: ${named.join('; ')}${more}.`,
  ];
}

/** @param why a sentence about one */
export function failuresLeftOut<T>(
  noun: 'question' | 'sample',
  done: 'asked' | 'run',
  failed: readonly T[],
  why: (one: T) => string,
): string[] {
  if (failed.length === 0) return [];
  const single = failed.length === 1;
  const more = failed.length > NAMED ? ` And ${thousands(failed.length - NAMED)} more.` : '';
  return [
    `${thousands(failed.length)} ${noun}${single ? '' : 's'} could not be ${done} and ${single ? 'was' : 'were'} ` +
      `left out. ${failed.slice(0, NAMED).map(why).join(' ')}${more}`,
  ];
}
