/**
 * What an analysis is, declared once. The engine's calls, the list of runs, the queue, the panels' state and the
 * command line are derived from the list of these (`../registry.ts`).
 *
 * A definition is plain: it loads the mathematics (`analysis`) and the texts (`report`) when they are asked for. The
 * extension host and the command line are bundled without the mathematics (`esbuild.mjs`).
 */
import type * as v from 'valibot';
import type { CallContext, CountProgress, EngineHost, Progress } from '../../calls.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import type { Provenance } from '../../runs/provenance.js';
import type { Mutex } from '../../runtime/mutex.js';
import type { Looking } from '../trajectory/follow.js';
import type { Stitches, StitchesRequest } from '../evaluate/hybridsRequest.js';
import type { Flag, Options } from './field.js';

/** What the engine gives to an analysis. */
export interface Tools {
  /** The bundled worker. */
  workerFile: string;
  host: EngineHost | undefined;
  /** Of the work that fills the budget. A run has its turn; a plan that measures takes one. */
  mutex: Mutex;
  /** Frees the models that are kept for the next prompt. */
  release: () => Promise<void>;
}

/** What the engine runs: loaded when it is asked for. */
export interface Analysis<Request, Plan, Result, P> {
  /** What it would cost. No weight is read. */
  plan(request: Request, tools: Tools, context?: CallContext<P>): Promise<Plan>;
  /** Continues a run that was interrupted, and returns at once for one that is finished. */
  run(request: Request, tools: Tools, context?: CallContext<P>): Promise<Result>;
}

/** The texts of an analysis, for a terminal. */
export interface Report<Plan, Result> {
  report(result: Result, options: Options): string;
  /** Left out where there is no plan to tell. */
  planSentence?(plan: Plan): string;
  csv?(result: Result): string;
}

/** What the engine does for a command before the analysis itself. */
export interface Preparing {
  hybrids(request: StitchesRequest, context?: CallContext): Promise<Stitches>;
}

export interface CommandDeclaration {
  /** Two words for one below another: `probe swap`. */
  name: string;
  description: string;
  /** The checkpoints, as commander has arguments: `<stages...>`. */
  arguments: readonly { syntax: string; help: string }[];
  /** What the command itself says of the request. */
  fixed?: Readonly<Record<string, unknown>>;
  /** Fields that only serve to make the request. */
  more?: v.ObjectEntries;
  /**
   * Makes the rest of the request of those and of the checkpoints. @throws `bad-request` for what does not go together
   */
  prepare?: (
    engine: Preparing,
    stages: readonly StageRequest[],
    given: Options,
    context: CallContext,
  ) => Promise<Readonly<Record<string, unknown>>>;
}

/** How a command is run again whenever there is more. */
export interface Watching<Request> {
  flags: readonly Flag[];
  /**
   * Yields the number of the round whenever it is time to run; ends when the command does. @param tell says what is
   * waited for
   */
  rounds(
    engine: Looking,
    request: Request,
    options: Options,
    signal: AbortSignal | undefined,
    tell: (sentence: string) => void,
  ): AsyncIterable<number>;
  /** Whether a round that failed with this code is followed by others. */
  goesOn(code: string | undefined): boolean;
}

export interface Definition<Schema extends v.GenericSchema, Plan, Result, P extends Progress | CountProgress> {
  /** The name of its call. */
  name: string;
  request: Schema;
  result: v.GenericSchema<unknown, Result>;
  analysis: () => Promise<Analysis<v.InferOutput<Schema>, Plan, Result, P>>;
  report: () => Promise<Report<Plan, Result>>;
  /** What its runs are called, by the request's kind; by the analysis' name where there is none. */
  titles: Readonly<Record<string, string>>;
  /** Joins the names of the checkpoints: ` → ` for a lineage. */
  joint: ' → ' | ', ';
  /** Kinds of its runs on disk. */
  runKinds: readonly string[];
  /** What is listed of a run beside what all have, from its stored request. */
  listed?: (stored: Readonly<Record<string, unknown>>) => object;
  /** A finished run can be made more precise: its result on disk changes and stays the same run's. */
  refines?: true;
  icon: string;
  /** After a run that is something else: `is no comparison`. */
  isNot: string;
  /** After "Cancelled.": what a run that is cancelled leaves. */
  leaves: string;
  /** What progress counts; bytes where it is left out. */
  unit?: string;
  /** On a terminal: the plan is told when it is asked for, or always before the run. Left out where it is not told. */
  tellsPlan?: 'asked' | 'always';
  /** For what may grow while it is watched. */
  watch?: Watching<v.InferInput<Schema>>;
  commands: readonly CommandDeclaration[];
  /** Of the description of commands that stand below another, by that one's name. */
  groups?: Readonly<Record<string, string>>;
  /** Options of the report: flag and help. */
  reportFlags?: readonly { syntax: string; help: string }[];
  /** What a row of the CSV is; there is no CSV without. */
  csvRow?: string;
}

/** Infers what belongs together. */
export function define<
  Schema extends v.GenericSchema,
  Plan,
  Result extends { provenance: Provenance },
  P extends Progress | CountProgress,
>(definition: Definition<Schema, Plan, Result, P>): Definition<Schema, Plan, Result, P> {
  return definition;
}

/** Any of them, where all are treated alike. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- requests and results differ; each is checked by its own schema
export type AnyDefinition = Definition<v.GenericSchema, any, any, any>;
