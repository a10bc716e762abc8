/**
 * Runs on disk: `<runs folder>/runs/<run id>/` holds `request.json` (what was asked), `journal.jsonl` (a line per unit
 * of work that is done) and, once finished, `result.json`. A run that was killed continues from its journal.
 *
 * Lines are appended whole; a line cut off by a kill is ignored on reading. Two processes on one run do no harm:
 * their lines say the same.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { FrankensteinError, writeFailure } from '../errors.js';

export const REQUEST_FILE = 'request.json';
export const JOURNAL_FILE = 'journal.jsonl';
export const RESULT_FILE = 'result.json';

/** Whether a stored result has the structure that its readers rely on. */
export type Guard<Result> = (value: unknown) => value is Result;

/** The same facts give the same id, so that a finished run is found again. */
export function runIdOf(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** Whether a name has the form of such an id. */
export function isRunId(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

export function runFolder(runsFolder: string, runId: string): string {
  if (!isRunId(runId)) throw new FrankensteinError('bad-request', `"${runId}" is not the id of a run.`);
  return path.join(runsFolder, 'runs', runId);
}

/** A run in progress. Every write turns a full disk or a missing permission into a sentence. */
export class Run {
  private constructor(
    readonly folder: string,
    /** Undefined for a finished run that may only be read. */
    private readonly journal: FileHandle | undefined,
  ) {}

  /** Opens the run, new or interrupted. `request` is written once, for people and for the list of runs. */
  static async open(runsFolder: string, runId: string, request: object): Promise<Run> {
    const folder = runFolder(runsFolder, runId);
    try {
      return await Run.openToWrite(runsFolder, folder, request);
    } catch (error) {
      // A run that is finished is shown from a folder that nobody may write to: nothing is left to be written.
      const code = error instanceof FrankensteinError ? error.code : undefined;
      if (code !== 'permission' || (await readJson(path.join(folder, RESULT_FILE))) === undefined) throw error;
      return new Run(folder, undefined);
    }
  }

  private static openToWrite(runsFolder: string, folder: string, request: object): Promise<Run> {
    return explain(folder, async () => {
      await makeFolder(runsFolder, folder);
      await removeLeftovers(folder);
      await writeBeside(path.join(folder, REQUEST_FILE), `${JSON.stringify(request, null, 2)}\n`, { keep: true });
      const journal = await open(
        path.join(folder, JOURNAL_FILE),
        constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
      );
      const { size } = await journal.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await journal.read(last, 0, 1, size - 1);
      if (size > 0 && last[0] !== 0x0a) await journal.appendFile('\n'); // a kill cut the last line off
      return new Run(folder, journal);
    });
  }

  /** Entries of the journal so far; lines that are not whole, or not of the expected form, are skipped. */
  async entries<T>(isEntry = (_: unknown): _ is T => true): Promise<T[]> {
    return (await readJournal(this.folder)).filter(isEntry);
  }

  /** In one write. */
  async append(...entries: readonly object[]): Promise<void> {
    const { journal } = this;
    if (journal === undefined || entries.length === 0) return;
    const lines = entries.map((entry) => `${encodeEntry(entry)}\n`).join('');
    await explain(this.folder, () => journal.appendFile(lines));
  }

  async finish(result: object): Promise<void> {
    if (this.journal !== undefined)
      await explain(this.folder, () => writeBeside(path.join(this.folder, RESULT_FILE), JSON.stringify(result)));
  }

  /** The stored result, if the run was finished and what is stored is whole; a damaged one is made again. */
  async result<Result>(isResult: Guard<Result>): Promise<Result | undefined> {
    return resultIn(this.folder, isResult);
  }

  async close(): Promise<void> {
    await this.journal?.close();
  }
}

/** The result of a run that was finished; undefined where there is none, or none that is whole. */
export function storedResult<Result>(
  isResult: Guard<Result>,
  runsFolder: string,
  runId: string,
): Promise<Result | undefined> {
  return resultIn(runFolder(runsFolder, runId), isResult);
}

async function resultIn<Result>(folder: string, isResult: Guard<Result>): Promise<Result | undefined> {
  const stored = await readJson(path.join(folder, RESULT_FILE));
  return isResult(stored) ? stored : undefined;
}

/** What processes were writing when they were killed: their names end in the id of a process that is gone. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const writer = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (writer !== undefined && !isRunning(Number(writer))) await rm(path.join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Ids of all runs, in no order. */
export async function runIds(runsFolder: string): Promise<string[]> {
  const names = await readdir(path.join(runsFolder, 'runs')).catch(() => []);
  return names.filter(isRunId);
}

export async function deleteRun(runsFolder: string, runId: string): Promise<void> {
  await rm(runFolder(runsFolder, runId), { recursive: true, force: true });
}

/** Parsed JSON of a file; undefined when it is absent or not whole. */
export async function readJson<T = unknown>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Writes beside and renames: a reader sees the old file or the new one, never half. */
export async function writeBeside(file: string, content: string, { keep = false } = {}): Promise<void> {
  if (keep && (await readJson(file)) !== undefined) return;
  const beside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(beside, content, { flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Float sums may overflow to ±Infinity, which JSON would turn into null. */
function encodeEntry(entry: object): string {
  return JSON.stringify(entry, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { nonFinite: String(value) } : value,
  );
}

/** Entries of the journal in a run's folder; none where there is no journal. */
export async function readJournal(folder: string): Promise<unknown[]> {
  return parseLines<unknown>(
    await readFile(path.join(folder, JOURNAL_FILE), 'utf8').catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? '' : Promise.reject(error),
    ),
  );
}

export function parseLines<T>(text: string): T[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [JSON.parse(line, (_, value: unknown) => (isNonFinite(value) ? Number(value.nonFinite) : value)) as T];
    } catch {
      return []; // cut off by a kill
    }
  });
}

/**
 * Whether a value from disk has the parts of `model`, an example of what is meant: objects with at least its keys,
 * arrays as long as its own, and the same types of plain values.
 */
export function isLike<T>(value: unknown, model: T): value is T {
  if (Array.isArray(model))
    return (
      Array.isArray(value) && value.length === model.length && model.every((part, index) => isLike(value[index], part))
    );
  if (typeof model !== 'object' || model === null) return typeof value === typeof model;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(model).every(([key, part]) => isLike((value as Record<string, unknown>)[key], part));
}

function isNonFinite(value: unknown): value is { nonFinite: string } {
  return typeof value === 'object' && value !== null && 'nonFinite' in value && typeof value.nonFinite === 'string';
}

/** Makes a folder in a folder of runs, which version control leaves out. */
export async function makeFolder(runsFolder: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(runsFolder, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Turns what a full disk or a missing permission throws into a sentence. */
export async function explain<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = writeFailure(error);
    if (why === 'disk-full') {
      throw new FrankensteinError(
        'disk-full',
        `The disk is full: the run in ${folder} could not be written. What is done so far is kept; ` +
          'free some space and start it again.',
        { cause: error },
      );
    }
    if (why === 'permission') {
      throw new FrankensteinError(
        'permission',
        `The run could not be written: no permission for ${folder}. Choose another folder for runs.`,
        { cause: error },
      );
    }
    if (code === 'ENOTDIR' || code === 'EEXIST') {
      throw new FrankensteinError(
        'bad-request',
        `The run could not be written: a part of ${folder} is a file, not a folder. Choose another folder for runs.`,
        { cause: error },
      );
    }
    throw error;
  }
}
