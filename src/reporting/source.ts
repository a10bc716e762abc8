/** A stored result that a report is made of, and the numbers in it. */
import type { EvaluateResult } from '../engine/analyses/evaluate/result.js';
import type { CompareResult } from '../engine/analyses/compare/result.js';
import type { AttentionResult, SkipResult, SwapResult } from '../engine/analyses/probe/result.js';
import type { SpectrumResult } from '../engine/analyses/spectrum/result.js';
import type { TrajectoryResult } from '../engine/analyses/trajectory/result.js';
import type { FreezeReport } from '../engine/freeze/report.js';
import type { VerifyResult } from '../engine/freeze/verifyExperiment.js';
import { type Estimate, type Form, type Quantity, valueAt } from './quantity.js';

/** Results by what they are. */
export interface Results {
  compare: CompareResult;
  spectrum: SpectrumResult;
  trajectory: TrajectoryResult;
  swap: SwapResult;
  skip: SkipResult;
  attention: AttentionResult;
  evaluate: EvaluateResult;
  transfer: EvaluateResult;
  sweep: EvaluateResult;
  freeze: FreezeReport;
  verification: VerifyResult;
}
export type Kind = keyof Results;

export interface Stored<K extends Kind = Kind> {
  /** Id of the run, or the name of the file: unique in the report. */
  key: string;
  /** In its experiment, where it is of one. */
  name: string | null;
  kind: K;
  /** Another result of the report rests on it, and says what was found. */
  behind: boolean;
  result: Results[K];
  /** What was asked, as the run keeps it; null where there is only a result. */
  request: Readonly<Record<string, unknown>> | null;
}

/** The results of one kind, in the order in which they were given. */
export function ofKind<K extends Kind>(sources: readonly Stored[], ...kinds: readonly K[]): Stored<K>[] {
  return sources.filter((source) => (kinds as readonly Kind[]).includes(source.kind)) as Stored<K>[];
}

/** What a reader calls it. */
export function nameOf({ key, name }: Stored): string {
  return name ?? key;
}

/** The number that is stored there. */
export function number(source: Stored, pointer: string, form: Form): Quantity {
  const value = valueAt(source.result, pointer);
  return {
    kind: 'quantity',
    run: source.key,
    pointer,
    value: typeof value === 'number' ? value : null,
    form,
    derived: null,
  };
}

/** A number that is computed from what is stored at the pointer. @param formula its name; see docs/report.md */
export function derived(source: Stored, pointer: string, form: Form, formula: string, value: number | null): Quantity {
  return { kind: 'quantity', run: source.key, pointer, value, form, derived: formula };
}

/** A stored number with its stored interval. @param names of the three, in the object at the pointer */
export function estimate(
  source: Stored,
  pointer: string,
  form: Form,
  [value, low, high]: readonly [string, string, string] = ['value', 'low', 'high'],
): Estimate {
  const at = (name: string) => number(source, `${pointer}/${name}`, form);
  return { kind: 'estimate', value: at(value), low: at(low), high: at(high) };
}
