/**
 * Experiments in the editor: each run of one goes through the queue like any other, so that it is seen, cancelled and
 * opened in the same places. What became of them is read from their records.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { analysisOf } from '../engine/analyses/analyses.js';
import { experimentName } from '../engine/experiments/file.js';
import { recordFolder } from '../engine/experiments/record.js';
import {
  type AnyProgress,
  type Ended,
  type Laboratory,
  laboratoryOf,
  runExperiment,
} from '../engine/experiments/run.js';
import type { EngineApi, FoundRecord, RecordedStep, Step } from '../protocol/engineApi.js';
import { Emitter } from './emitter.js';
import type { Job, JobResult, JobState, Queue } from './queue.js';
import type { FoundRun, ResultsIndex } from './resultsIndex.js';
import type { RunsFolders } from './runsFolders.js';
import { jobRequestOf } from './work.js';

/** `running`: this window runs it now, or it waits for its turn there. */
export interface StepState {
  state: 'done' | 'failed' | 'left' | 'running';
  message: string | null;
  step: Step;
}

/** A record with the folder of runs that it lies in. */
export interface KnownRecord extends FoundRecord {
  runsFolder: string;
}

export class Experiments {
  private readonly changed = new Emitter<void>();
  /** By file: names of the steps that are to be done in this window, in order. */
  private readonly running = new Map<string, { left: string[]; abort: AbortController }>();
  private records: Promise<KnownRecord[]> | undefined;
  /** States of steps have changed. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly engine: EngineApi,
    private readonly queue: Queue,
    private readonly results: ResultsIndex,
    private readonly folders: Pick<RunsFolders, 'all' | 'forRun'>,
  ) {
    results.onDidChange(() => this.refresh());
  }

  private refresh(): void {
    this.records = undefined;
    this.changed.fire();
  }

  /** All of them, the newest first. Nothing starts the engine while there is none on disk. */
  list(): Promise<KnownRecord[]> {
    const folders = this.folders.all().filter((folder) => existsSync(path.join(folder, 'experiments')));
    this.records ??= Promise.all(
      folders.map(async (runsFolder) =>
        (await this.engine.listExperiments({ runsFolder })).map((one) => ({ ...one, runsFolder })),
      ),
    ).then((lists) => lists.flat().sort((a, b) => b.startedAt.localeCompare(a.startedAt)));
    return this.records.catch(() => []);
  }

  isRunning(file: string): boolean {
    return this.running.has(file);
  }

  cancel(file: string): void {
    this.running.get(file)?.abort.abort();
  }

  /** What became of these steps. A run that was deleted is left to be done. */
  async statesOf(file: string, steps: readonly Step[]): Promise<StepState[]> {
    const [records, runs] = await Promise.all([this.list(), this.results.list()]);
    const own = records.filter((record) => record.file === file);
    return steps.map((step) => {
      if (this.running.get(file)?.left.includes(step.name) === true) return { state: 'running', message: null, step };
      const found = own.flatMap(
        ({ steps: all }) => all.find(({ key, name }) => key === step.key && name === step.name) ?? [],
      );
      const [first] = found.filter(({ state, runId }) => state !== 'done' || runId === null || isThere(runs, runId));
      return { state: first?.state ?? 'left', message: first?.message ?? null, step };
    });
  }

  /** Where the result of a step lies: a run, or a file; undefined where there is none. */
  async resultOf(file: string, step: Step): Promise<{ run: FoundRun } | { output: string } | undefined> {
    const runs = await this.results.list();
    for (const { runsFolder, steps, file: of } of await this.list()) {
      const found: RecordedStep | undefined = of === file ? steps.find(({ key }) => key === step.key) : undefined;
      if (found === undefined) continue;
      if (found.output !== null) return { output: path.join(recordFolder(runsFolder, file), found.output) };
      const run = runs.find(({ runId, state }) => runId === found.runId && state === 'finished');
      if (run !== undefined) return { run };
    }
    return undefined;
  }

  /**
   * Runs them, one after the other. @param show says how far it is
   * @throws `cancelled`; errors of steps are in what they came to
   */
  async run(
    file: string,
    steps: { all: readonly Step[]; chosen: readonly Step[] },
    show: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Ended[]> {
    if (this.running.has(file)) throw new Error(`${experimentName(file)} is running already.`);
    const abort = new AbortController();
    const stop = () => abort.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.running.set(file, { left: steps.chosen.map(({ name }) => name), abort });
    this.changed.fire();
    try {
      const machine = { runsFolder: this.folders.forRun([file]) };
      return await runExperiment(file, steps, this.laboratory(), machine, {
        signal: abort.signal,
        during: (work, { name }, index, of) => {
          show(`${index + 1} of ${of}: ${name}`);
          return work((progress) => show(`${index + 1} of ${of}: ${name}, ${shareText(progress)}`));
        },
        ended: ({ step }) => {
          const own = this.running.get(file)!;
          own.left = own.left.filter((name) => name !== step.name);
          this.refresh();
        },
      });
    } finally {
      signal.removeEventListener('abort', stop);
      this.running.delete(file);
      this.results.refresh();
    }
  }

  /** Analyses go through the queue, which says where their runs are kept; the rest waits for its turn there. */
  private laboratory(): Laboratory {
    const { queue, engine } = this;
    return {
      ...laboratoryOf(engine),
      analyse: (analysis, request, { signal, progress }) => {
        const question = Object.fromEntries(
          Object.entries(request).filter(([key]) => !['memory', 'threads', 'runsFolder'].includes(key)),
        );
        return ended(queue.start(jobRequestOf(analysisOf(analysis), question), { quiet: true }), signal, progress);
      },
      verifyFrozen: (request, context) =>
        queue.inTurn(() => engine.verifyFrozen(request, context), context.signal ?? new AbortController().signal),
    };
  }
}

function isThere(runs: readonly FoundRun[], wanted: string): boolean {
  return runs.some(({ runId, state }) => runId === wanted && state === 'finished');
}

function shareText(progress: AnyProgress): string {
  const [done, total] =
    'totalBytes' in progress ? [progress.doneBytes, progress.totalBytes] : [progress.done, progress.total];
  return total === 0 ? progress.phase : `${progress.phase} ${Math.floor((100 * done) / total)}%`;
}

/** The result of a job, or its failure. Cancelled with `signal`. */
function ended(
  job: Job,
  signal: AbortSignal | undefined,
  progress: ((now: AnyProgress) => void) | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const cancel = () => job.cancel();
    const see = (state: JobState) => {
      if (state.kind === 'running') return void (state.progress !== null && progress?.(state.progress));
      listener.dispose();
      signal?.removeEventListener('abort', cancel);
      if (state.kind === 'finished') resolve(resultIn(state.result));
      else reject(Object.assign(new Error(state.message), { code: state.code }));
    };
    const listener = job.onDidChange(see);
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) cancel();
    see(job.state);
  });
}

function resultIn(result: JobResult): unknown {
  return result.kind === 'probe' ? result.results[0] : result.result;
}
