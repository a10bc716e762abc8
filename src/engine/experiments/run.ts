/**
 * Runs an experiment: its steps in order, each by the engine's own call. A step that is done already is found again by
 * the engine (the same work is the same run); a step that fails does not keep the others from being done. Nothing is
 * computed here: the command line and the extension host run it.
 */
import type * as v from 'valibot';
import { analysisOf } from '../analyses/analyses.js';
import type { Preparing, Report } from '../analyses/declare/definition.js';
import { notesOf } from '../analyses/declare/field.js';
import type { EvaluateResult } from '../analyses/evaluate/result.js';
import type { CallContext, CountProgress, Progress } from '../calls.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import type { FreezeReport, ReportedRun } from '../freeze/report.js';
import type { ReportStages } from '../freeze/reportStages.js';
import type { FrozenRequest, VerifyResult } from '../freeze/verifyExperiment.js';
import type { Provenance } from '../runs/provenance.js';
import { type ExperimentRecord, readRecord, type RecordedStep, recordOf, writeOutput, writeRecord } from './record.js';
import { servedIn, type Step } from './steps.js';

export type AnyProgress = Progress | CountProgress;
type Context = CallContext<AnyProgress>;

/** What a run needs of the engine. Analyses and plans are asked by the name of their call. */
export interface Laboratory extends Preparing {
  analyse(analysis: string, request: object, context: Context): Promise<unknown>;
  plan(analysis: string, request: object, context: Context): Promise<unknown>;
  reportStages(
    request: { experiment: string; runsFolder?: string | undefined },
    context: CallContext<never>,
  ): Promise<ReportStages>;
  verifyFrozen(request: FrozenRequest, context: Context): Promise<VerifyResult>;
  freezeReport(request: {
    evaluation: EvaluateResult;
    runs: ReportedRun[];
    doubts?: string[] | undefined;
    margin?: number | undefined;
  }): Promise<FreezeReport>;
}

/** The engine's calls as a laboratory: what else answers `analyse` is up to who makes it. */
export function laboratoryOf(engine: Omit<Laboratory, 'analyse' | 'plan'>): Laboratory {
  const calls = engine as unknown as Record<string, (request: object, context: Context) => Promise<unknown>>;
  return {
    analyse: (analysis, request, context) => calls[analysis]!(request, context),
    plan: (analysis, request, context) =>
      calls[`plan${analysis[0]!.toUpperCase()}${analysis.slice(1)}`]!(request, context),
    hybrids: (request, context) => engine.hybrids(request, context),
    reportStages: (request, context) => engine.reportStages(request, context),
    verifyFrozen: (request, context) => engine.verifyFrozen(request, context),
    freezeReport: (request) => engine.freezeReport(request),
  };
}

/** Where and how it runs. */
export interface Machine {
  memory?: number | undefined;
  threads?: number | undefined;
  runsFolder?: string | undefined;
  /** Name of the environment variable with the key of endpoints that the file names. */
  keyVariable?: string | undefined;
  /** Commands of the file may start servers. */
  serveAllowed?: boolean | undefined;
}

/** What a step came to. */
export interface Ended {
  step: Step;
  state: 'done' | 'failed';
  /** It had been done before, and was found again. */
  before: boolean;
  runId: string | null;
  /** Of a verification: a run per training. */
  runIds?: string[] | undefined;
  /** File beside the record. */
  output: string | null;
  /** Of a step that is done: its result. */
  result?: unknown;
  /** Of one that failed. */
  error?: unknown;
}

export interface Following {
  signal?: AbortSignal | undefined;
  /** A step begins; from 0. */
  began?: (step: Step, index: number, of: number) => void;
  /** Shows the progress of a step while it runs. */
  during?: <R>(
    work: (progress: (now: AnyProgress) => void) => Promise<R>,
    step: Step,
    index: number,
    of: number,
  ) => Promise<R>;
  ended?: (ended: Ended, index: number, of: number) => void | Promise<void>;
}

/** The whole request of an analysis that a step asks. @throws what making its checkpoints throws */
export async function requestOf(
  { analysis, run, request, stages }: Pick<Step, 'analysis' | 'run' | 'request' | 'stages'>,
  laboratory: Preparing,
  machine: Machine,
  context: CallContext<never>,
): Promise<Record<string, unknown>> {
  const declaration = analysisOf(analysis).commands.find(({ name }) => name === run);
  const prepared =
    stages.length === 0 ? {} : await declaration!.prepare!(laboratory, stages, request, context as CallContext);
  const { memory, threads, runsFolder, keyVariable, serveAllowed } = machine;
  const whole: Record<string, unknown> = { ...request, ...prepared, memory, threads, runsFolder };
  if (serveAllowed === true && whole['serve'] !== undefined) whole['serveAllowed'] = true;
  if (keyVariable === undefined) return whole;
  const served = servedIn(whole);
  const judges = ['grader', 'describer'].filter((name) => isEndpoint(whole[name]));
  if (served.length > 0) whole['endpointKey'] = keyVariable;
  for (const name of judges) whole[name] = { ...(whole[name] as object), keyVariable };
  return whole;
}

function isEndpoint(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'endpoint';
}

/**
 * @param all every step of the file: the record names them all @param chosen those that are done now
 * @throws `cancelled`; what writing the record throws. Errors of steps are in what they came to.
 */
export async function runExperiment(
  file: string,
  { all, chosen }: { all: readonly Step[]; chosen: readonly Step[] },
  laboratory: Laboratory,
  machine: Machine,
  following: Following,
): Promise<Ended[]> {
  const { runsFolder } = machine;
  const { signal, during = (work) => work(() => undefined) } = following;
  const startedAt = new Date();
  const earlier = runsFolder === undefined ? undefined : await readRecord(runsFolder, file);
  let record = recordOf(file, all, earlier, startedAt);
  const keep = async (next: ExperimentRecord) => {
    record = next;
    if (runsFolder !== undefined) await writeRecord(runsFolder, record);
  };
  await keep(record);
  const results: Ended[] = [];
  for (const [index, step] of chosen.entries()) {
    throwIfCancelled(signal);
    following.began?.(step, index, chosen.length);
    const ended = await during(
      (progress) => runStep(file, step, laboratory, machine, { signal, progress }),
      step,
      index,
      chosen.length,
    );
    results.push(ended);
    await keep({ ...record, steps: record.steps.map((one) => (one.key === step.key ? recorded(one, ended) : one)) });
    await following.ended?.(ended, index, chosen.length);
  }
  await keep({ ...record, finishedAt: new Date().toISOString() });
  return results;
}

function recorded(step: RecordedStep, { state, runId, runIds, output, error }: Ended): RecordedStep {
  const message = error === undefined ? null : (error as Error).message;
  return { ...step, state, runId, runIds, output, message };
}

/** @throws `cancelled` */
async function runStep(
  file: string,
  step: Step,
  laboratory: Laboratory,
  machine: Machine,
  context: Context,
): Promise<Ended> {
  const began = Date.now();
  const base = { step, before: false, runId: null, output: null };
  try {
    const { result, provenance } = await resultOf(step, laboratory, machine, context);
    const output =
      step.task === 'analysis' || machine.runsFolder === undefined
        ? null
        : await writeOutput(machine.runsFolder, file, step, result);
    const passed = step.task !== 'verify' || (result as VerifyResult).passed;
    const error = passed
      ? undefined
      : new FrankensteinError('not-frozen', 'Weights that should have stayed frozen moved, or are missing.');
    return {
      ...base,
      state: passed ? 'done' : 'failed',
      before: provenance !== undefined && Date.parse(provenance.finishedAt) < began,
      ...(machine.runsFolder === undefined ? { runId: null } : runsOf(step, result, provenance)),
      output,
      result,
      error,
    };
  } catch (error) {
    if (context.signal?.aborted || (error as { code?: unknown }).code === 'cancelled')
      throw new FrankensteinError('cancelled', 'Cancelled.', { cause: error });
    return { ...base, state: 'failed', error };
  }
}

async function resultOf(
  step: Step,
  laboratory: Laboratory,
  machine: Machine,
  context: Context,
): Promise<{ result: unknown; provenance?: Provenance | undefined }> {
  const { analysis, task, experiment } = step;
  const { signal } = context;
  const { runsFolder } = machine;
  if (task === 'verify') {
    const result = await laboratory.verifyFrozen({ experiment: experiment!, runsFolder }, context);
    return { result, provenance: latestOf(result) };
  }
  if (task === 'analysis') {
    const request = await requestOf(step, laboratory, machine, { signal });
    const result = (await laboratory.analyse(analysis, request, context)) as { provenance: Provenance };
    return { result, provenance: result.provenance };
  }
  const { checkpoints, runs, doubts } = await laboratory.reportStages(
    { experiment: experiment!, runsFolder },
    { signal },
  );
  const request = await requestOf({ ...step, stages: [] }, laboratory, machine, { signal });
  const evaluation = (await laboratory.analyse(analysis, { ...request, checkpoints }, context)) as EvaluateResult;
  const report = await laboratory.freezeReport({ evaluation, runs, doubts, margin: step.margin ?? undefined });
  return { result: report, provenance: evaluation.provenance };
}

function runsOf({ task }: Step, result: unknown, provenance: Provenance | undefined): Pick<Ended, 'runId' | 'runIds'> {
  return task === 'verify'
    ? { runId: null, runIds: originsOf(result as VerifyResult).map(({ runId }) => runId) }
    : { runId: provenance?.runId ?? null };
}

function originsOf({ runs }: VerifyResult): Provenance[] {
  return runs.flatMap(({ verification }) => verification?.provenance ?? []);
}

/** Of the verification that was made last. */
function latestOf(result: VerifyResult): Provenance | undefined {
  return originsOf(result)
    .sort((a, b) => a.finishedAt.localeCompare(b.finishedAt))
    .at(-1);
}

/** What a step would cost. */
export interface StepPlan {
  /** For people. */
  text: string;
  /** Null where nothing says so. */
  seconds: number | null;
  /** Bytes at once; 0 where nothing says so. */
  memory: number;
}

/** @throws what planning throws */
export async function planStep(
  step: Step,
  laboratory: Laboratory,
  machine: Machine,
  context: CallContext<never>,
): Promise<StepPlan> {
  if (step.task === 'verify')
    return { text: 'every frozen weight is compared with IN, bit for bit.', seconds: 0, memory: 0 };
  const request = await requestOf(step, laboratory, machine, context);
  const { checkpoints } =
    step.task === 'report'
      ? await laboratory.reportStages({ experiment: step.experiment! }, context)
      : { checkpoints: undefined };
  const whole = { ...request, ...(checkpoints && { checkpoints }) };
  const cost = (await laboratory.plan(step.analysis, whole, context as Context)) as Partial<StepPlan>;
  const texts = (await analysisOf(step.analysis).report()) as Report<unknown, unknown>;
  return {
    text: texts.planSentence?.(cost) ?? '',
    seconds: cost.seconds === null ? null : (cost.seconds ?? 0),
    memory: cost.memory ?? 0,
  };
}

/** One run after the other: times add up, and the memory is the most that any takes. */
export function totalOf(plans: readonly StepPlan[]): Omit<StepPlan, 'text'> {
  return plans.reduce<Omit<StepPlan, 'text'>>(
    (sum, { seconds, memory }) => ({
      seconds: sum.seconds === null || seconds === null ? null : sum.seconds + seconds,
      memory: Math.max(sum.memory, memory),
    }),
    { seconds: 0, memory: 0 },
  );
}

/** Names and paths of what a step reads, for people. */
export function placesOf({ request, stages, analysis, experiment, files }: Step): string[] {
  const { entries } = analysisOf(analysis).request as unknown as { entries: v.ObjectEntries };
  const listed = Object.entries(request).flatMap(([key, value]) => {
    const notes = entries[key] === undefined ? undefined : notesOf(entries[key]);
    if (notes?.noun !== undefined) return (value as { path: string }[]).map(({ path }) => path);
    return notes?.flags[0]?.isPath === true && typeof value === 'string' ? [value] : [];
  });
  return [...stages.map(({ path }) => path), ...(experiment === null ? [] : [experiment]), ...listed, ...files];
}
