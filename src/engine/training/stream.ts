/** What one log says of one run, in the order in which it was written: values by name and step, and restarts. */
import { thousands } from '../checkpoint/failure.js';
import { NOT_SERIES } from './series.js';
import { numberOf } from './numbers.js';

/** Names in one log; the busiest trainers have some two hundred. */
const MOST_NAMES = 1000;
/** Values in one log: 50,000 steps of 100 names. */
const MOST_VALUES = 5_000_000;
const LONGEST_NAME = 200;

export interface StreamPoint {
  value: number | null;
  /** Comes from before a restart that has not reached this step yet. */
  earlier: boolean;
}

interface Logged {
  value: number | null;
  attempt: number;
}

interface Named {
  /** The step that was logged last. */
  last: number;
  values: Map<number, Logged>;
}

export class Stream {
  private readonly names = new Map<string, Named>();
  /** First step of each attempt; the training itself is the first. */
  private readonly attempts: number[] = [];
  private count = 0;
  private last: number | undefined;
  private dropped: string | null = null;
  records = 0;

  /**
   * A line of the log. Values that are no numbers by their kind are none of its series. Where a series goes back, the
   * training was restarted; several series may each have steps of their own.
   */
  add(step: number, entries: Iterable<readonly [name: string, value: unknown]>): void {
    const values = [...entries].flatMap(([name, given]): [string, number | null][] => {
      const value = NOT_SERIES.has(name) ? undefined : numberOf(given);
      return value === undefined ? [] : [[name, value]];
    });
    this.records++;
    if (values.length === 0) return;
    const goesBack = values.some(([name]) => step < (this.names.get(name)?.last ?? 0));
    if (this.attempts.length === 0 || goesBack) this.attempts.push(step);
    this.last = step;
    for (const [name, value] of values) this.put(name, step, value);
  }

  private put(name: string, step: number, value: number | null): void {
    let known = this.names.get(name);
    if (known === undefined) {
      if (this.names.size >= MOST_NAMES || name.length > LONGEST_NAME) {
        this.dropped ??= `has more than ${thousands(MOST_NAMES)} series, or names longer than ${LONGEST_NAME} characters; the others are left out.`;
        return;
      }
      this.names.set(name, (known = { last: step, values: new Map() }));
    }
    if (!known.values.has(step) && ++this.count > MOST_VALUES) {
      this.dropped ??= `has more than ${thousands(MOST_VALUES)} values; the others are left out.`;
      return;
    }
    known.last = step;
    known.values.set(step, { value, attempt: this.attempts.length - 1 });
  }

  /** What was left out, as the end of a sentence. */
  get limit(): string | null {
    return this.dropped;
  }

  get lastStep(): number | null {
    return this.last ?? null;
  }

  get seams(): number[] {
    return this.attempts.slice(1);
  }

  get sources(): string[] {
    return [...this.names.keys()];
  }

  /** Values of one name by step, in no order. */
  *points(name: string): Generator<[step: number, point: StreamPoint]> {
    // The lowest start of a later attempt, by attempt.
    const from = this.attempts.map((_, attempt) => Math.min(Infinity, ...this.attempts.slice(attempt + 1)));
    for (const [step, { value, attempt }] of this.names.get(name)?.values ?? [])
      yield [step, { value, earlier: step >= from[attempt]! }];
  }
}
