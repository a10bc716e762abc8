/** The runs of a folder, for people to pick from. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunSummary } from '../api.js';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import type { CompareResult } from '../diff/result.js';
import type { EvaluateResult } from '../evaluate/result.js';
import type { ProbeResult } from '../probe/result.js';
import type { SpectrumMode, SpectrumResult } from '../spectrum/result.js';
import { JOURNAL_FILE, readJson, REQUEST_FILE, RESULT_FILE, runFolder, runIds } from './store.js';

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

const PROBES: readonly ProbeResult['kind'][] = ['swap', 'skip', 'attention'];

/** Newest first. Folders without a request are left out; one that holds something else is listed as unreadable. */
export async function listRuns(runsFolder: string): Promise<RunSummary[]> {
  const runs = await Promise.all((await runIds(runsFolder)).map((runId) => summarise(runsFolder, runId)));
  return runs
    .filter((run) => run !== undefined)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

/** Throws `not-found` for a comparison that is not there or not finished. */
export async function readRun(runsFolder: string, runId: string): Promise<CompareResult> {
  const result = await finished<CompareResult>(runsFolder, runId);
  if ('kind' in result) throw new FrankensteinError('not-found', `The run ${runId} is no comparison.`);
  return result;
}

/** Throws `not-found` for a probe that is not there or not finished. */
export async function readProbe(runsFolder: string, runId: string): Promise<ProbeResult> {
  const result = await finished<ProbeResult>(runsFolder, runId);
  if (!PROBES.includes(result.kind)) throw new FrankensteinError('not-found', `The run ${runId} is no probe.`);
  return result;
}

/** Throws `not-found` for spectra that are not there or not finished. */
export async function readSpectrum(runsFolder: string, runId: string): Promise<SpectrumResult> {
  const result = await finished<SpectrumResult>(runsFolder, runId);
  if (result.kind !== 'spectrum') throw new FrankensteinError('not-found', `The run ${runId} has no spectra.`);
  return result;
}

/** Throws `not-found` for an evaluation that is not there or not finished. */
export async function readEvaluation(runsFolder: string, runId: string): Promise<EvaluateResult> {
  const result = await finished<EvaluateResult>(runsFolder, runId);
  if (result.kind !== 'evaluate' && result.kind !== 'transfer' && result.kind !== 'sweep')
    throw new FrankensteinError('not-found', `The run ${runId} is no evaluation.`);
  return result;
}

async function finished<R extends { schema: 1 }>(runsFolder: string, runId: string): Promise<R> {
  const result = await readJson<R>(path.join(runFolder(runsFolder, runId), RESULT_FILE));
  if (result?.schema !== 1) throw new FrankensteinError('not-found', `The run ${runId} has no finished result.`);
  return result;
}

async function summarise(runsFolder: string, runId: string): Promise<RunSummary | undefined> {
  const folder = runFolder(runsFolder, runId);
  const request = await readJson(path.join(folder, REQUEST_FILE));
  if (request === undefined && !(await exists(path.join(folder, REQUEST_FILE)))) return undefined;
  if (!isRequest(request)) return unreadable(runId, folder);
  const { kind, probe, question, mode, filter, labels, paths, startedAt } = request;
  const done = await exists(path.join(folder, RESULT_FILE));
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

function unreadable(runId: string, folder: string): RunSummary {
  return {
    runId,
    kind: 'compare',
    labels: [`${runId} (unreadable)`],
    paths: [],
    startedAt: '',
    folder,
    state: 'unreadable',
    problem: `${shown(folder)} cannot be read as a run: its ${REQUEST_FILE} is damaged, or of another version. Delete it, and run it again.`,
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

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
