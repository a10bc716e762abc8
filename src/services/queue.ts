/**
 * The analyses under way. They run one after the other: each may fill the memory budget on its own. An analysis belongs
 * to nobody's panel; closing the panel leaves it running.
 */
import type {
  CompareRequest,
  CompareResult,
  EngineApi,
  EvaluateResult,
  ProbeProgress,
  ProbeResult,
  SpectrumResult,
} from '../protocol/engineApi.js';
import type {
  ComparePanelRequest,
  EvaluatePanelRequest,
  PanelProgress,
  ProbePanelRequest,
  ProbeQuestion,
  SpectrumJobRequest,
} from '../protocol/hostApi.js';
import { formatProgress } from '../protocol/numbers.js';
import { checkpointOf, labelOf, requestKey } from './checkpointPath.js';
import { titleText } from './titles.js';
import { Emitter } from './emitter.js';
import { messageOf, codeOf } from './errors.js';

/** What can be queued. */
export type JobRequest = ComparePanelRequest | ProbePanelRequest | EvaluatePanelRequest | SpectrumJobRequest;

export type JobResult =
  | { kind: 'compare'; result: CompareResult }
  | { kind: 'probe'; results: ProbeResult[]; runsFolder: string | undefined }
  | { kind: 'evaluate'; result: EvaluateResult; runsFolder: string | undefined }
  | { kind: 'spectrum'; result: SpectrumResult; runsFolder: string | undefined };

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

  constructor(readonly request: JobRequest) {}

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
      const { request } = this;
      if (request.kind === 'compare') {
        const { stages, cuts } = request;
        this.set({
          kind: 'finished',
          result: { kind: 'compare', result: await engine.compare({ stages, cuts, ...options }, context) },
        });
      } else if (request.kind === 'spectrum') {
        const { kind, ...own } = request;
        this.set({
          kind: 'finished',
          result: {
            kind,
            result: await engine.spectrum({ ...own, ...options }, context),
            runsFolder: options.runsFolder,
          },
        });
      } else if (request.kind === 'evaluate') {
        this.set({
          kind: 'finished',
          result: {
            kind: 'evaluate',
            result: await engine.evaluate({ ...request.evaluation, ...options }, context),
            runsFolder: options.runsFolder,
          },
        });
      } else {
        this.set({
          kind: 'finished',
          result: {
            kind: 'probe',
            results: await probeAll(engine, request.probes, options, context),
            runsFolder: options.runsFolder,
          },
        });
      }
    } catch (error) {
      this.set(
        signal.aborted
          ? { kind: 'failed', message: CANCELLED[this.request.kind], code: 'cancelled' }
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

const CANCELLED = {
  compare: 'Cancelled. What was compared so far is kept, and the next start continues from there.',
  evaluate: 'Cancelled. The answers so far are kept, and the next start continues from there.',
  probe: 'Cancelled. The samples done so far are kept, and the next start continues from there.',
  spectrum: 'Cancelled. The matrices done so far are kept, and the next start continues from there.',
};

/** One after the other; progress counts them all. */
async function probeAll(
  engine: EngineApi,
  probes: readonly ProbeQuestion[],
  options: EngineOptions,
  context: { signal: AbortSignal; progress(progress: ProbeProgress): void },
): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const [index, probe] of probes.entries()) {
    const progress = (own: ProbeProgress) => context.progress(overall(own, index, probes));
    results.push(await engine.probe({ ...probe, ...options }, { signal: context.signal, progress }));
  }
  return results;
}

/** The share of everything, as if every probe were as long as the one in hand. */
export function overall(own: ProbeProgress, index: number, probes: readonly ProbeQuestion[]): ProbeProgress {
  if (probes.length === 1) return own;
  const total = own.total * probes.length;
  const done = own.total * index + own.done;
  const who = probes[index]!.checkpoints.map(({ path, label }) => label ?? labelOf(path)).join(' and ');
  const perUnit =
    own.remainingSeconds === null || own.total === own.done ? null : own.remainingSeconds / (own.total - own.done);
  return {
    phase: `${who} (${index + 1} of ${probes.length}): ${own.phase}`,
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
    private readonly options: (checkpoints: string[]) => EngineOptions,
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
  start(request: JobRequest): Job {
    const existing = this.find(request);
    if (existing !== undefined) return existing;
    const job = new Job(request);
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

  /** Does what is no analysis (an answer in the Try panel) when all before have ended; those behind wait for it. Rejects as soon as `signal` fires while it waits. */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = Promise.race([this.last, aborted(signal)]).then(work);
    this.last = Promise.allSettled([this.last, turn]);
    return turn;
  }
}

/** Under which two requests are the same. Labels and cuts are ways to look at the answer. */
export function keyOf(request: JobRequest): string {
  if (request.kind === 'compare') return requestKey(request.stages);
  if (request.kind === 'spectrum')
    return JSON.stringify([
      'spectrum',
      requestKey(request.stages),
      request.mode ?? null,
      request.filter ?? '',
      request.refine ?? [],
    ]);
  if (request.kind === 'evaluate') {
    const { checkpoints, ...rest } = request.evaluation;
    return JSON.stringify([
      'evaluate',
      checkpoints.map(({ path, recipe, role }) => [checkpointOf(path), recipe ?? null, role ?? null]),
      sortedEntries(rest),
    ]);
  }
  return JSON.stringify([
    'probe',
    request.probes.map(({ checkpoints, cuts: _, ...rest }) => [
      checkpoints.map(({ path }) => checkpointOf(path)),
      sortedEntries(rest),
    ]),
  ]);
}

function sortedEntries(fields: object): [string, unknown][] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a.localeCompare(b));
}

/** Each once, in order. */
export function checkpointsOf(request: JobRequest): { path: string; label?: string | undefined }[] {
  if (request.kind === 'evaluate') return request.evaluation.checkpoints;
  if (request.kind !== 'probe') return request.stages;
  const all = request.probes.flatMap(({ checkpoints }) => checkpoints);
  return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
}

/** As runs are called. A comparison's panel and tab have its checkpoints alone for a title: there it is the default. */
export function titleOf(request: JobRequest): string {
  const labels = checkpointsOf(request).map(({ path, label }) => label ?? labelOf(path));
  switch (request.kind) {
    case 'compare':
    case 'spectrum':
      return titleText([request.kind], labels);
    case 'probe':
      return titleText(
        request.probes.map(({ kind }) => kind),
        labels,
      );
    case 'evaluate': {
      const { kind = 'evaluate', checkpoints } = request.evaluation;
      // Hybrids are many and made of the others: those give the name.
      const own = labels.filter((_, index) => kind === 'evaluate' || checkpoints[index]!.role !== 'hybrid');
      return titleText([kind], own.length > 0 ? own : labels);
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('Cancelled.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
