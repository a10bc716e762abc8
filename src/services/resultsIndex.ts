/**
 * Which finished run says something about a checkpoint: the one looked at last, otherwise the newest that includes it.
 * The inline lenses ask here; they never start a comparison, and nothing starts the engine while there is no run on disk.
 */
import { existsSync } from 'node:fs';
import type {
  CompareResult,
  EngineApi,
  EvaluateResult,
  ProbeResult,
  RunSummary,
  SpectrumResult,
  SwapResult,
} from '../protocol/engineApi.js';
import { folderOf, requestKey } from './checkpointPath.js';
import { Emitter } from './emitter.js';
import { ownLabels } from './titles.js';

export interface FoundResult {
  run: FoundRun;
  result: CompareResult;
  /** Index of the checkpoint among the stages. */
  stage: number;
}

export interface FoundRun extends RunSummary {
  /** The folder given to the engine to find it again. */
  runsFolder: string;
}

/** Results are megabytes; a person looks at a few. */
const RESULTS_KEPT = 4;
/** The kind of probe that localizes vision. */
const LOCALIZATION = 'swap';

/** The last few of what is asked for; a failure is asked again. */
class Kept<T> {
  private readonly entries = new Map<string, Promise<T>>();

  get(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    this.entries.delete(key);
    const entry = known ?? read();
    this.entries.set(key, entry);
    entry.catch(() => this.entries.delete(key));
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= RESULTS_KEPT) break;
      this.entries.delete(oldest);
    }
    return entry;
  }

  clear(): void {
    this.entries.clear();
  }
}

function withOwnLabels<R extends Pick<CompareResult, 'stages'>>(result: R): R {
  const labels = ownLabels(
    result.stages.map(({ label }) => label),
    result.stages.map(({ path }) => path),
  );
  return { ...result, stages: result.stages.map((stage, index) => ({ ...stage, label: labels[index]! })) };
}

export class ResultsIndex {
  private readonly changed = new Emitter<void>();
  private runs: Promise<FoundRun[]> | undefined;
  /** Run ids shown in this session, the last one first: a lens says what the open panel says. */
  private shown: string[] = [];
  private readonly results = new Kept<CompareResult>();
  private readonly probes = new Kept<ProbeResult>();
  private readonly spectra = new Kept<SpectrumResult>();
  private readonly evaluations = new Kept<EvaluateResult>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly engine: Pick<
      EngineApi,
      'listRuns' | 'readCompare' | 'readProbe' | 'readEvaluate' | 'readSpectrum'
    >,
    private readonly folders: () => string[],
    private readonly exists: (folder: string) => boolean = existsSync,
  ) {}

  /** All runs, newest first. */
  list(): Promise<FoundRun[]> {
    const runs = (this.runs ??= this.read());
    // A failed listing is asked again next time.
    runs.catch(() => {
      if (this.runs === runs) this.runs = undefined;
    });
    return runs;
  }

  private async read(): Promise<FoundRun[]> {
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

  /** The newest run over exactly these stages. */
  async findRun(stages: readonly { path: string }[]): Promise<FoundRun | undefined> {
    const key = requestKey(stages);
    const runs = (await this.list()).filter(
      (run) => run.kind === 'compare' && requestKey(run.paths.map((path) => ({ path }))) === key,
    );
    return runs.find((run) => run.state === 'finished') ?? runs[0];
  }

  /** The finished run to quote for the checkpoint in this folder. */
  async find(checkpointFolder: string): Promise<FoundResult | undefined> {
    const runs = await this.list();
    const rank = ({ runId }: FoundRun) => (this.shown.includes(runId) ? this.shown.indexOf(runId) : this.shown.length);
    for (const run of [...runs].sort((a, b) => rank(a) - rank(b))) {
      if (run.kind !== 'compare' || run.state !== 'finished') continue;
      const stage = run.paths.findIndex((path) => folderOf(path) === checkpointFolder);
      if (stage >= 0) return { run, result: await this.result(run), stage };
    }
    return undefined;
  }

  result(run: FoundRun): Promise<CompareResult> {
    return this.results.get(`${run.folder}\n${run.startedAt}`, () =>
      this.engine.readCompare({ runsFolder: run.runsFolder, runId: run.runId }).then(withOwnLabels),
    );
  }

  probe(run: FoundRun): Promise<ProbeResult> {
    return this.probes.get(`${run.folder}\n${run.startedAt}`, () =>
      this.engine.readProbe({ runsFolder: run.runsFolder, runId: run.runId }),
    );
  }

  evaluation(run: FoundRun): Promise<EvaluateResult> {
    return this.evaluations.get(`${run.folder}\n${run.startedAt}`, () =>
      this.engine.readEvaluate({ runsFolder: run.runsFolder, runId: run.runId }),
    );
  }

  /** Spectra of exactly these stages: the run asked for, else the newest finished one, else one that was interrupted. */
  async findSpectrum(stages: readonly { path: string }[], wanted?: string): Promise<FoundRun | undefined> {
    const key = requestKey(stages);
    const own = (await this.list()).filter(
      (run) => run.kind === 'spectrum' && requestKey(run.paths.map((path) => ({ path }))) === key,
    );
    const finished = own.filter(({ state }) => state === 'finished');
    return finished.find(({ runId }) => runId === wanted) ?? finished[0] ?? own[0];
  }

  spectrum(run: FoundRun): Promise<SpectrumResult> {
    return this.spectra.get(run.folder, () =>
      this.engine.readSpectrum({ runsFolder: run.runsFolder, runId: run.runId }).then(withOwnLabels),
    );
  }

  /** Finished vision localizations of the checkpoint in this folder, newest first: several data files may be behind it. */
  async localizations(checkpointFolder: string): Promise<{ run: FoundRun; result: SwapResult }[]> {
    const runs = (await this.list()).filter(
      (run) =>
        run.kind === 'probe' &&
        run.probe === LOCALIZATION &&
        run.state === 'finished' &&
        run.paths.some((path) => folderOf(path) === checkpointFolder),
    );
    const results = await Promise.all(
      runs.slice(0, RESULTS_KEPT).map(async (run) => ({ run, result: await this.probe(run) })),
    );
    return results.flatMap(({ run, result }) => (result.kind === LOCALIZATION ? [{ run, result }] : []));
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
    // A spectrum that is refined stays the same run.
    this.spectra.clear();
    this.changed.fire();
  }
}
