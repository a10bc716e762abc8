/** The runs of a folder, for people to pick from. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import type { RunSummary } from './summary.js';
import { shown } from '../checkpoint/failure.js';
import { openRegular } from '../checkpoint/regular.js';
import { FrankensteinError } from '../errors.js';
import { ANALYSES, analysisOfRun, type RunLocation } from './analyses.js';
import type { Definition } from './declare/definition.js';
import { restoreRequest } from './declare/request.js';
import { guardOf } from './declare/shape.js';
import { JOURNAL_FILE, readJson, REQUEST_FILE, RESULT_FILE, runFolder, runIds } from '../runs/store.js';

/** What the list and its readers rely on. */
const storedRequest = v.looseObject({
  kind: v.string(),
  labels: v.array(v.string()),
  paths: v.array(v.string()),
  startedAt: v.pipe(
    v.string(),
    v.check((when) => !Number.isNaN(Date.parse(when))),
  ),
  /** Lines that the journal of the finished run has: tensors to compare, samples to probe, matrices. */
  tasks: v.number(),
  /** What was asked, without the settings of the machine. */
  question: v.optional(v.unknown()),
});

/** Newest first. Folders without a request are left out; one that holds something else is listed as unreadable. */
export async function listRuns(runsFolder: string): Promise<RunSummary[]> {
  const runs = await Promise.all((await runIds(runsFolder)).map((runId) => summarise(runsFolder, runId)));
  return runs
    .filter((run) => run !== undefined)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

/**
 * The result of a finished run.
 * @throws `not-found` for a run that is not there, not finished, or of another analysis; `malformed` for a result that
 * is damaged or of another version
 */
export async function readResult<Result>(
  { result: schema, isNot }: Pick<Definition<v.GenericSchema, unknown, Result, never>, 'result' | 'isNot'>,
  { runsFolder, runId }: RunLocation,
): Promise<Result> {
  const file = path.join(runFolder(runsFolder, runId), RESULT_FILE);
  const result = await readJson(file);
  if (guardOf(schema)(result)) return result;
  if (!(await exists(file))) throw new FrankensteinError('not-found', `The run ${runId} has no finished result.`);
  if (ANALYSES.some((other) => guardOf(other.result)(result)))
    throw new FrankensteinError('not-found', `The run ${runId} ${isNot}.`);
  throw new FrankensteinError('malformed', damaged(file));
}

function damaged(file: string): string {
  return (
    `${shown(file)} cannot be read as a result: it is damaged, or of another version. Run it again, ` +
    'or delete the run.'
  );
}

async function summarise(runsFolder: string, runId: string): Promise<RunSummary | undefined> {
  const folder = runFolder(runsFolder, runId);
  const request = await readJson(path.join(folder, REQUEST_FILE));
  if (request === undefined && !(await exists(path.join(folder, REQUEST_FILE)))) return undefined;
  const definition = v.is(storedRequest, request) ? analysisOfRun(request.kind) : undefined;
  if (!v.is(storedRequest, request) || definition === undefined)
    return unreadable(
      runId,
      folder,
      `${shown(folder)} cannot be read as a run: its ${REQUEST_FILE} is damaged, or of another version. ` +
        'Delete it, and run it again.',
    );
  const { kind, question, labels, paths, startedAt } = request;
  const asked = restoreRequest(definition.request, question);
  const result = path.join(folder, RESULT_FILE);
  const done = await exists(result);
  if (done && !(await looksWhole(result))) return unreadable(runId, folder, damaged(result));
  return {
    runId,
    kind,
    ...(asked === undefined ? {} : { question: asked }),
    ...definition.listed?.(request),
    labels,
    paths,
    startedAt,
    folder,
    state: done ? 'finished' : 'interrupted',
    done: done ? 1 : await doneFraction(folder, request.tasks),
  };
}

function unreadable(runId: string, folder: string, problem: string): RunSummary {
  return {
    runId,
    kind: 'compare',
    labels: [`${runId} (unreadable)`],
    paths: [],
    startedAt: '',
    folder,
    state: 'unreadable',
    problem,
    done: 0,
  };
}

/** Journal lines over planned ones: a run is listed by tensors or samples done. */
async function doneFraction(folder: string, tasks: number): Promise<number> {
  const journal = await readFile(path.join(folder, JOURNAL_FILE), 'utf8').catch(() => '');
  return tasks > 0 ? Math.min(1, (journal.split('\n').length - 1) / tasks) : 0;
}

/** Stands near the beginning of every result. */
const SCHEMA = '"schema":1,';
/** Bytes. */
const HEAD = 256;

/** By its first and last bytes: a list does not read every result. What is damaged inside is told when it is opened. */
async function looksWhole(file: string): Promise<boolean> {
  const handle = await openRegular(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    const [first, last] = [Buffer.alloc(HEAD), Buffer.alloc(1)];
    await handle.read(first, 0, first.length, 0);
    await handle.read(last, 0, 1, Math.max(0, size - 1));
    return first.toString('latin1').includes(SCHEMA) && last.toString() === '}';
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
