/**
 * Which finished run says something about a checkpoint: the one looked at last, otherwise the newest that includes it.
 * The inline lenses ask here; they never start a comparison, and nothing starts the engine while there is no run on disk.
 */
import { existsSync } from 'node:fs';
import { analysisOf, analysisOfRun } from '../engine/analyses/analyses.js';
import type {
  AnalysisName,
  CompareResult,
  EngineApi,
  ResultOf,
  RunLocation,
  RunSummary,
  SwapResult,
} from '../protocol/engineApi.js';
import { folderOf, requestKey } from './checkpointPath.js';
import { Emitter } from './emitter.js';
import { ownLabels } from './titles.js';
import { callOf } from './work.js';

export interface FoundResult<N extends AnalysisName> {
  run: FoundRun;
  result: ResultOf<N>;
  /** Index of the checkpoint among the stages. */
  stage: number;
}

export interface FoundRun extends RunSummary {
  /** The folder given to the engine to find it again. */
  runsFolder: string;
}

/** The engine's calls that read a result. */
type ReadCall = `read${Capitalize<AnalysisName>}`;

/** Results are megabytes; a person looks at a few. */
const RESULTS_CACHED = 4;
/** The kind of probe that localizes vision. */
const LOCALIZATION = 'swap';

/** The last few of what is asked for; a failure is asked again. */
class Cache<T> {
  private readonly entries = new Map<string, Promise<T>>();

  get(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    this.entries.delete(key);
    const entry = known ?? read();
    this.entries.set(key, entry);
    entry.catch(() => this.entries.delete(key));
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= RESULTS_CACHED) break;
      this.entries.delete(oldest);
    }
    return entry;
  }

  clear(): void {
    this.entries.clear();
  }
}

/** A lineage's stages under their own names; other results as they are. */
function withOwnLabels<R extends object>(result: R): R {
  if (!('stages' in result)) return result;
  const stages = result.stages as CompareResult['stages'];
  const labels = ownLabels(
    stages.map(({ label }) => label),
    stages.map(({ path }) => path),
  );
  return { ...result, stages: stages.map((stage, index) => ({ ...stage, label: labels[index]! })) };
}

/** Index of the checkpoint in this folder; -1 where the run does not include it. */
function stageOf({ paths }: FoundRun, checkpointFolder: string): number {
  return paths.findIndex((path) => folderOf(path) === checkpointFolder);
}

/** Finished vision localizations of the checkpoint in this folder: several data files may be behind it. */
export async function localizationsOf(
  results: ResultsIndex,
  checkpointFolder: string,
): Promise<{ run: FoundRun; result: SwapResult }[]> {
  const runs = (await results.finishedOf('probe', checkpointFolder)).filter(({ probe }) => probe === LOCALIZATION);
  const read = await Promise.all(
    runs.slice(0, RESULTS_CACHED).map(async (run) => ({ run, result: await results.read('probe', run) })),
  );
  return read.flatMap(({ run, result }) => (result.kind === LOCALIZATION ? [{ run, result }] : []));
}

export class ResultsIndex {
  private readonly changed = new Emitter<void>();
  private runs: Promise<FoundRun[]> | undefined;
  /** Run ids shown in this session, the last one first: a lens says what the open panel says. */
  private shown: string[] = [];
  private readonly results = new Map<AnalysisName, Cache<ResultOf<AnalysisName>>>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly engine: Pick<EngineApi, 'listRuns' | ReadCall>,
    private readonly folders: () => string[],
    private readonly exists: (folder: string) => boolean = existsSync,
  ) {}

  /** All runs, newest first. */
  list(): Promise<FoundRun[]> {
    const runs = (this.runs ??= this.listAll());
    // A failed listing is asked again next time.
    runs.catch(() => {
      if (this.runs === runs) this.runs = undefined;
    });
    return runs;
  }

  private async listAll(): Promise<FoundRun[]> {
    const lists = this.folders()
      .filter((folder) => this.exists(folder))
      .map(async (runsFolder) =>
        (await this.engine.listRuns({ runsFolder })).map((run) => ({
          ...run,
          labels: ownLabels(run.labels, run.paths),
          runsFolder,
        })),
      );
    return (await Promise.all(lists)).flat().sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  /** Runs of an analysis, newest first. */
  private async runsOf(analysis: AnalysisName): Promise<FoundRun[]> {
    return (await this.list()).filter(({ kind }) => analysisOfRun(kind)?.name === analysis);
  }

  /** The run over exactly these stages: the one asked for, else the newest finished one, else one that was interrupted. */
  async ofStages(
    analysis: AnalysisName,
    stages: readonly { path: string }[],
    wanted?: string,
  ): Promise<FoundRun | undefined> {
    const key = requestKey(stages);
    const own = (await this.runsOf(analysis)).filter((run) => requestKey(run.paths.map((path) => ({ path }))) === key);
    const finished = own.filter(({ state }) => state === 'finished');
    return finished.find(({ runId }) => runId === wanted) ?? finished[0] ?? own[0];
  }

  /** Finished runs of an analysis that include the checkpoint in this folder, newest first. */
  async finishedOf(analysis: AnalysisName, checkpointFolder: string): Promise<FoundRun[]> {
    return (await this.runsOf(analysis)).filter(
      (run) => run.state === 'finished' && stageOf(run, checkpointFolder) >= 0,
    );
  }

  /** The finished run to quote for the checkpoint in this folder: the one looked at last, else the newest. */
  async find<N extends AnalysisName>(analysis: N, checkpointFolder: string): Promise<FoundResult<N> | undefined> {
    const rank = ({ runId }: FoundRun) => (this.shown.includes(runId) ? this.shown.indexOf(runId) : this.shown.length);
    const runs = await this.finishedOf(analysis, checkpointFolder);
    const [run] = runs.sort((a, b) => rank(a) - rank(b));
    return run && { run, result: await this.read(analysis, run), stage: stageOf(run, checkpointFolder) };
  }

  /** The result of a finished run. */
  read<N extends AnalysisName>(name: N, run: FoundRun): Promise<ResultOf<N>> {
    const results = this.results.get(name) ?? new Cache<ResultOf<AnalysisName>>();
    this.results.set(name, results);
    const calls = this.engine as unknown as Record<string, (run: RunLocation) => Promise<ResultOf<N>>>;
    const { folder, startedAt, runsFolder, runId } = run;
    return results.get(`${folder}\n${startedAt}`, async () =>
      withOwnLabels(await calls[callOf(analysisOf(name), 'read')]!({ runsFolder, runId })),
    );
  }

  /** A person looks at this run now. */
  prefer(runId: string): void {
    if (this.shown[0] === runId) return;
    this.shown = [runId, ...this.shown.filter((other) => other !== runId)];
    this.changed.fire();
  }

  /** Runs have come or gone. */
  refresh(): void {
    this.runs = undefined;
    for (const [name, results] of this.results) if (analysisOf(name).refines === true) results.clear();
    this.changed.fire();
  }
}
