/** The runs of a folder, for people to pick from. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunSummary } from './summary.js';
import { shown } from '../checkpoint/failure.js';
import { openRegular } from '../checkpoint/regular.js';
import { FrankensteinError } from '../errors.js';
import type { CompareResult } from './compare/result.js';
import type { EvaluateResult } from './evaluate/result.js';
import type { ProbeResult } from './probe/result.js';
import type { SpectrumMode, SpectrumResult } from './spectrum/result.js';
import { isResult, type Results } from './shapes.js';
import { JOURNAL_FILE, readJson, REQUEST_FILE, RESULT_FILE, runFolder, runIds } from '../runs/store.js';

interface StoredRequest {
  kind: RunSummary['kind'];
  probe?: RunSummary['probe'];
  question?: RunSummary['question'];
  mode?: SpectrumMode;
  filter?: string | null;
  labels: string[];
  paths: string[];
  startedAt: string;
  /** Lines that the journal of the finished run has: tensors to compare, samples to probe, matrices. */
  tasks: number;
}

const KINDS: readonly RunSummary['kind'][] = ['compare', 'probe', 'spectrum', 'evaluate', 'transfer', 'sweep'];

/** Newest first. Folders without a request are left out; one that holds something else is listed as unreadable. */
export async function listRuns(runsFolder: string): Promise<RunSummary[]> {
  const runs = await Promise.all((await runIds(runsFolder)).map((runId) => summarise(runsFolder, runId)));
  return runs
    .filter((run) => run !== undefined)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

const NOT: Record<keyof Results, string> = {
  compare: 'is no comparison',
  probe: 'is no probe',
  spectrum: 'has no spectra',
  evaluate: 'is no evaluation',
};

/**
 * The result of a finished run.
 * @throws `not-found` for a run that is not there, not finished, or of another kind; `malformed` for a result that is
 * damaged or of another version
 */
async function finished<Kind extends keyof Results>(
  kind: Kind,
  runsFolder: string,
  runId: string,
): Promise<Results[Kind]> {
  const file = path.join(runFolder(runsFolder, runId), RESULT_FILE);
  const result = await readJson(file);
  if (isResult(kind, result)) return result;
  if (!(await exists(file))) throw new FrankensteinError('not-found', `The run ${runId} has no finished result.`);
  if (kindOf(result) !== kind && isResult(kindOf(result), result))
    throw new FrankensteinError('not-found', `The run ${runId} ${NOT[kind]}.`);
  throw new FrankensteinError('malformed', damaged(file));
}

function kindOf(result: unknown): keyof Results {
  const kind = (result as { kind?: unknown } | null | undefined)?.kind;
  if (kind === undefined) return 'compare';
  if (kind === 'spectrum') return kind;
  return kind === 'evaluate' || kind === 'transfer' || kind === 'sweep' ? 'evaluate' : 'probe';
}

function damaged(file: string): string {
  return `${shown(file)} cannot be read as a result: it is damaged, or of another version. Run it again, or delete the run.`;
}

/** A comparison. @throws as `finished` */
export function readRun(runsFolder: string, runId: string): Promise<CompareResult> {
  return finished('compare', runsFolder, runId);
}

/** A probe. @throws as `finished` */
export function readProbe(runsFolder: string, runId: string): Promise<ProbeResult> {
  return finished('probe', runsFolder, runId);
}

/** Spectra. @throws as `finished` */
export function readSpectrum(runsFolder: string, runId: string): Promise<SpectrumResult> {
  return finished('spectrum', runsFolder, runId);
}

/** An evaluation. @throws as `finished` */
export function readEvaluation(runsFolder: string, runId: string): Promise<EvaluateResult> {
  return finished('evaluate', runsFolder, runId);
}

async function summarise(runsFolder: string, runId: string): Promise<RunSummary | undefined> {
  const folder = runFolder(runsFolder, runId);
  const request = await readJson(path.join(folder, REQUEST_FILE));
  if (request === undefined && !(await exists(path.join(folder, REQUEST_FILE)))) return undefined;
  if (!isRequest(request))
    return unreadable(
      runId,
      folder,
      `${shown(folder)} cannot be read as a run: its ${REQUEST_FILE} is damaged, or of another version. Delete it, and run it again.`,
    );
  const { kind, probe, question, mode, filter, labels, paths, startedAt } = request;
  const result = path.join(folder, RESULT_FILE);
  const done = await exists(result);
  if (done && !(await looksWhole(result))) return unreadable(runId, folder, damaged(result));
  return {
    runId,
    kind,
    ...(probe === undefined ? {} : { probe }),
    ...(question === undefined ? {} : { question }),
    ...(kind === 'spectrum' && mode !== undefined ? { spectrum: { mode, filter: filter ?? null } } : {}),
    labels,
    paths,
    startedAt,
    folder,
    state: done ? 'finished' : 'interrupted',
    done: done ? 1 : await doneShare(folder, request.tasks),
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

/** What the list and its readers rely on. */
function isRequest(value: unknown): value is StoredRequest {
  if (typeof value !== 'object' || value === null) return false;
  const request = value as Partial<Record<keyof StoredRequest, unknown>>;
  const optional = (key: keyof StoredRequest, type: string) =>
    request[key] === undefined || request[key] === null || typeof request[key] === type;
  return (
    KINDS.includes(request.kind as RunSummary['kind']) &&
    isTexts(request.labels) &&
    isTexts(request.paths) &&
    typeof request.startedAt === 'string' &&
    !Number.isNaN(Date.parse(request.startedAt)) &&
    typeof request.tasks === 'number' &&
    optional('probe', 'string') &&
    optional('question', 'object') &&
    optional('mode', 'string') &&
    optional('filter', 'string')
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

/** Journal lines over planned ones: a run is listed by tensors or samples done. */
async function doneShare(folder: string, tasks: number): Promise<number> {
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
