/**
 * The analyses under way. They run one after the other: each may fill the memory budget on its own. An analysis belongs
 * to nobody's panel; closing the panel leaves it running.
 */
import type {
  AnalysisName,
  CompareRequest,
  CompareResult,
  CountProgress,
  EngineApi,
  EvaluateResult,
  ProbeResult,
  ResultOf,
  SpectrumResult,
} from '../protocol/engineApi.js';
import type { PanelProgress } from '../protocol/hostApi.js';
import { formatProgress } from '../protocol/numbers.js';
import { labelOf } from './checkpointPath.js';
import { Emitter } from './emitter.js';
import { messageOf, codeOf } from './errors.js';
import { checkpointsOf, type JobRequest, keyOf, namedIn, titleOf, workOf } from './work.js';

export type JobResult =
  | { kind: 'compare'; result: CompareResult }
  | { kind: 'probe'; results: ProbeResult[]; runsFolder: string | undefined }
  | { kind: 'evaluate'; result: EvaluateResult; runsFolder: string | undefined }
  | { kind: 'spectrum'; result: SpectrumResult; runsFolder: string | undefined }
  | { kind: 'analysis'; result: ResultOf<AnalysisName>; runsFolder: string | undefined };

export type JobState =
  | { kind: 'running'; progress: PanelProgress | null }
  | { kind: 'failed'; message: string; code: string }
  | { kind: 'finished'; result: JobResult };

/** What the user's settings add to a request. */
export type EngineOptions = Pick<CompareRequest, 'memory' | 'threads' | 'runsFolder'>;

export class Job {
  private readonly changed = new Emitter<JobState>();
  private readonly abort = new AbortController();
  readonly onDidChange = this.changed.event;
  state: JobState = { kind: 'running', progress: null };

  constructor(
    readonly request: JobRequest,
    /** Who started it says how it ended. */
    readonly quiet = false,
  ) {}

  get key(): string {
    return keyOf(this.request);
  }

  get title(): string {
    return titleOf(this.request);
  }

  /** 0…1, as far as it is known. */
  get done(): number | null {
    const progress = this.state.kind === 'running' ? this.state.progress : null;
    if (progress === null) return null;
    const [done, total] =
      'totalBytes' in progress ? [progress.doneBytes, progress.totalBytes] : [progress.done, progress.total];
    return total > 0 ? Math.min(1, done / total) : null;
  }

  cancel(): void {
    this.abort.abort();
  }

  /** Waits for `turn`, then runs to its end. Never rejects: the end is in `state`. */
  async run(engine: EngineApi, options: EngineOptions, turn: Promise<unknown>): Promise<void> {
    const { signal } = this.abort;
    const context = { signal, progress: (progress: PanelProgress) => this.set({ kind: 'running', progress }) };
    try {
      await Promise.race([turn, aborted(signal)]);
      const results = await runAll(engine, this.request, options, context);
      this.set({ kind: 'finished', result: jobResultOf(this.request.kind, results, options.runsFolder) });
    } catch (error) {
      this.set(
        signal.aborted
          ? { kind: 'failed', message: `Cancelled. ${workOf(this.request).analysis.leaves}`, code: 'cancelled' }
          : { kind: 'failed', message: messageOf(error), code: codeOf(error) },
      );
    }
  }

  private set(state: JobState): void {
    // Progress may still be on its way when the answer is there.
    if (this.state.kind !== 'running') return;
    this.state = state;
    this.changed.fire(state);
  }
}

/** One after the other; progress counts them all. */
async function runAll(
  engine: EngineApi,
  request: JobRequest,
  options: EngineOptions,
  context: { signal: AbortSignal; progress(progress: PanelProgress): void },
): Promise<unknown[]> {
  const { analysis, requests } = workOf(request);
  const calls = engine as unknown as Record<string, (request: object, context: object) => Promise<unknown>>;
  const results: unknown[] = [];
  for (const [index, one] of requests.entries()) {
    const progress = (own: PanelProgress) =>
      context.progress(
        'total' in own
          ? overall(
              own,
              index,
              requests.map((each) => namedIn(analysis, each)),
            )
          : own,
      );
    results.push(await calls[analysis.name]!({ ...one, ...options }, { signal: context.signal, progress }));
  }
  return results;
}

/** The results of a request's analysis as its panel is given them. @param runsFolder where they are on disk */
export function jobResultOf(
  kind: JobRequest['kind'],
  results: readonly unknown[],
  runsFolder: string | undefined,
): JobResult {
  if (kind === 'probe') return { kind, results: results as ProbeResult[], runsFolder };
  return (kind === 'compare' ? { kind, result: results[0] } : { kind, result: results[0], runsFolder }) as JobResult;
}

/**
 * The fraction of everything, as if every request were as long as the one that runs.
 * @param of the checkpoints of each request
 */
export function overall(
  own: CountProgress,
  index: number,
  of: readonly (readonly { path: string; label?: string | undefined }[])[],
): CountProgress {
  if (of.length === 1) return own;
  const total = own.total * of.length;
  const done = own.total * index + own.done;
  const who = of[index]!.map(({ path, label }) => label ?? labelOf(path)).join(' and ');
  const perUnit =
    own.remainingSeconds === null || own.total === own.done ? null : own.remainingSeconds / (own.total - own.done);
  return {
    phase: `${who} (${index + 1} of ${of.length}): ${own.phase}`,
    done,
    total,
    remainingSeconds: perUnit === null ? null : perUnit * (total - done),
  };
}

export class Queue {
  private readonly started = new Emitter<Job>();
  private readonly ended = new Emitter<Job>();
  private readonly moved = new Emitter<void>();
  private last: Promise<unknown> = Promise.resolve();
  /** In order of start. */
  readonly active: Job[] = [];
  readonly onDidStart = this.started.event;
  readonly onDidEnd = this.ended.event;
  /** A job has started, ended or come further. */
  readonly onDidMove = this.moved.event;

  constructor(
    private readonly engine: EngineApi,
    /** What the engine gets beside the request; how fast earlier runs went lies in its folder of runs. */
    readonly options: (checkpoints: string[]) => EngineOptions,
  ) {}

  find(request: JobRequest): Job | undefined {
    const key = keyOf(request);
    return this.active.find((job) => job.key === key);
  }

  /** `Waiting for Sweep · in, rl (44%)`; undefined for the one that runs. */
  waitingText(job: Job): string | undefined {
    const [first] = this.active;
    if (first === undefined || first === job || job.done !== null) return undefined;
    return `Waiting for ${first.title}${first.done === null ? '' : ` (${formatProgress(first.done)})`}`;
  }

  /** Starts it, or joins the one that already does the same. */
  start(request: JobRequest, { quiet = false } = {}): Job {
    const existing = this.find(request);
    if (existing !== undefined) return existing;
    const job = new Job(request, quiet);
    this.active.push(job);
    const options = this.options(checkpointsOf(request).map(({ path }) => path));
    const run = job.run(this.engine, options, this.last);
    // A waiting one that is cancelled ends early; the one behind it still waits for all before.
    this.last = Promise.all([this.last, run]);
    void run.then(() => {
      this.active.splice(this.active.indexOf(job), 1);
      this.ended.fire(job);
      this.moved.fire();
    });
    job.onDidChange(() => this.moved.fire());
    this.started.fire(job);
    this.moved.fire();
    return job;
  }

  /**
   * Does what is no analysis (an answer in the Try panel) when all before have ended; those behind wait for it. Rejects
   * as soon as `signal` fires while it waits.
   */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = Promise.race([this.last, aborted(signal)]).then(work);
    this.last = Promise.allSettled([this.last, turn]);
    return turn;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('Cancelled.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
