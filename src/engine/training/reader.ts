/** Reads the logs below some folders again and again: every look reads only what is new. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { fileError, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import { Mutex } from '../runtime/mutex.js';
import { assembleRuns, completionsOf, type Placed } from './assemble.js';
import { readCompletions } from './completions.js';
import { findLogs, type FoundLog } from './discover.js';
import { FirstLines } from './firstLine.js';
import type { TrainingCompletions, TrainingFile, TrainingReading } from './result.js';
import { CompletionLines, LineLog, OWN, StepFiles, TrainerState, type Source } from './sources.js';
import { Trackio } from './trackio.js';

interface Known extends Placed {
  /** What is wrong with the file as a whole, since the last look at which it was read. */
  failure: FrankensteinError | null;
  given: boolean;
}

export class TrainingReader {
  private readonly known = new Map<string, Known>();
  private readonly firstLines = new FirstLines();
  private readonly looks = new Mutex();
  private readonly id = randomUUID().slice(0, 8);
  private count = 0;
  private seen = '';
  private notices: string[] = [];

  /** @param folders absolute */
  constructor(private readonly folders: readonly string[]) {}

  /**
   * Null where nothing has changed since the version `since`.
   * @param points most points per series
   * @throws `not-found` where a folder is not there or no log lies in it; `permission`, `cancelled`
   */
  look(since?: string, points?: number, signal?: AbortSignal): Promise<TrainingReading | null> {
    return this.looks.take(async () => {
      await this.refresh(signal);
      const version = `${this.id}.${this.count}`;
      if (version === since) return null;
      const placed = [...this.known.values()];
      if (placed.length === 0) throw nothing(this.folders);
      const runs = assembleRuns(placed, points);
      return { schema: 1, version, runs, files: placed.map((one) => fileOf(one)), notices: this.notices };
    }, signal);
  }

  /** @throws `not-found` for a run or a step without completions; as `readCompletions` */
  completions(run: string, step: number, signal?: AbortSignal): Promise<TrainingCompletions> {
    return this.looks.take(async () => {
      const find = () => completionsOf([...this.known.values()], run)?.get(step);
      // The engine may be another process than the one that was asked before.
      if (find() === undefined) await this.refresh(signal);
      const places = find();
      if (places === undefined)
        throw new FrankensteinError('not-found', `The run ${shown(run)} has no completions of step ${step}.`);
      const files = [...new Set(places.map(({ file }) => file))];
      return { run, step, files, ...(await readCompletions(places, signal)) };
    }, signal);
  }

  private async refresh(signal?: AbortSignal): Promise<void> {
    const { logs, notices } = await findLogs(this.folders, this.firstLines, signal);
    this.update(logs);
    let changed = false;
    for (const [key, one] of this.known) {
      try {
        changed = (await one.source.read(signal)) || changed;
        one.failure = null;
      } catch (error) {
        const failure = fileError(error, one.source.file);
        if (failure.code === 'cancelled') throw failure;
        one.failure = failure;
        // A database of something else, and a file that has just gone.
        if (!one.given && (failure.code === 'not-found' || isForeign(one, failure))) this.known.delete(key);
      }
    }
    this.notices = notices;
    const seen = JSON.stringify([
      notices,
      [...this.known].map(([key, { run, failure, source }]) => [key, run, failure?.message, source.problem]),
    ]);
    if (changed || seen !== this.seen) this.count++;
    this.seen = seen;
  }

  /** New logs are added, and those that are gone are forgotten. */
  private update(logs: readonly FoundLog[]): void {
    const found = new Map(logs.map((log) => [`${log.kind} ${log.file}`, log]));
    for (const key of this.known.keys()) if (!found.has(key)) this.known.delete(key);
    for (const [key, log] of found) {
      const known = this.known.get(key);
      if (known === undefined) {
        const given = log.kind === 'trackio' && log.given;
        this.known.set(key, { source: sourceOf(log), run: log.run, folder: log.folder, failure: null, given });
      } else if (log.kind === 'steps') (known.source as StepFiles).replace(log.files);
    }
  }
}

function isForeign({ source }: Known, { code }: FrankensteinError): boolean {
  return source instanceof Trackio && code === 'malformed' && source.records === 0;
}

function sourceOf(log: FoundLog): Source {
  switch (log.kind) {
    case 'state':
      return new TrainerState(log.file);
    case 'lines':
      return new LineLog(log.file, log.format);
    case 'completions':
      return new CompletionLines(log.file);
    case 'steps':
      return new StepFiles(log.file, log.format, log.files);
    case 'trackio':
      return new Trackio(log.file);
  }
}

function fileOf({ source, run, failure }: Known): TrainingFile {
  const runs = [...source.streams.keys()].map((name) => (name === OWN ? run : name));
  return {
    file: source.file,
    format: source.format,
    runs: runs.length === 0 ? [run] : runs,
    records: source.records,
    bytes: source.bytes,
    problem: failure?.message ?? source.problem,
  };
}

function nothing(folders: readonly string[]): FrankensteinError {
  const places = folders.map((folder) => shown(path.basename(folder))).join(', ');
  return new FrankensteinError(
    'not-found',
    `${places} holds no log of a training: no trainer_state.json, logging.jsonl, trackio database, JSONL log of verl, or ` +
      'completions.',
  );
}
