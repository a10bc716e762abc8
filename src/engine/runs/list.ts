/** The runs of a folder, for people to pick from. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunSummary } from '../api.js';
import { FrankensteinError } from '../errors.js';
import type { CompareResult } from '../diff/result.js';
import { JOURNAL_FILE, readJson, REQUEST_FILE, RESULT_FILE, runFolder, runIds } from './store.js';

interface StoredRequest {
  kind: 'compare';
  labels: string[];
  paths: string[];
  startedAt: string;
  /** Tensors to compare. */
  tasks: number;
}

/** Newest first. Folders that hold no readable request are left out. */
export async function listRuns(runsFolder: string): Promise<RunSummary[]> {
  const runs = await Promise.all((await runIds(runsFolder)).map((runId) => summarise(runsFolder, runId)));
  return runs.filter((run) => run !== undefined).sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** Throws `not-found` for a run that is not there or not finished. */
export async function readRun(runsFolder: string, runId: string): Promise<CompareResult> {
  const result = await readJson<CompareResult>(path.join(runFolder(runsFolder, runId), RESULT_FILE));
  if (result?.schema !== 1) throw new FrankensteinError('not-found', `The run ${runId} has no finished result.`);
  return result;
}

async function summarise(runsFolder: string, runId: string): Promise<RunSummary | undefined> {
  const folder = runFolder(runsFolder, runId);
  const request = await readJson<StoredRequest>(path.join(folder, REQUEST_FILE));
  if (request?.kind !== 'compare') return undefined;
  const { kind, labels, paths, startedAt } = request;
  const finished = await exists(path.join(folder, RESULT_FILE));
  return { runId, kind, labels, paths, startedAt, folder, state: finished ? 'finished' : 'interrupted', done: finished ? 1 : await doneShare(folder, request.tasks) };
}

/** Journal lines over planned ones: a run is listed by tensors done. */
async function doneShare(folder: string, tasks: number): Promise<number> {
  const journal = await readFile(path.join(folder, JOURNAL_FILE), 'utf8').catch(() => '');
  return tasks > 0 ? Math.min(1, (journal.split('\n').length - 1) / tasks) : 0;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}
