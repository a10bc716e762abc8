/**
 * What became of an experiment: `<runs folder>/experiments/<id>/record.json`, with the reports of freeze experiments
 * beside it. It names the runs, which are where all runs are; losing it loses no result.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { explain, isRunId, makeFolder, readJson, writeBeside } from '../runs/store.js';
import { experimentName } from './file.js';
import type { Step } from './steps.js';

const recordedStep = v.object({
  name: v.string(),
  part: v.string(),
  run: v.string(),
  key: v.string(),
  /** `left`: not yet done, or interrupted. */
  state: v.picklist(['done', 'failed', 'left']),
  /** Of its run on disk, where it has one. */
  runId: v.nullable(v.string()),
  /** Of its runs where it has one per training. */
  runIds: v.optional(v.array(v.string())),
  /** A file beside the record, where its result is no run. */
  output: v.nullable(v.string()),
  /** Why it failed. */
  message: v.nullable(v.string()),
});
export type RecordedStep = v.InferOutput<typeof recordedStep>;

const record = v.object({
  schema: v.literal(1),
  /** Absolute. */
  file: v.string(),
  startedAt: v.string(),
  /** Null while it runs, and after it was interrupted. */
  finishedAt: v.nullable(v.string()),
  steps: v.array(recordedStep),
});
export type ExperimentRecord = v.InferOutput<typeof record>;

export interface FoundRecord extends ExperimentRecord {
  id: string;
  /** `paper` */
  name: string;
  /** Of the record, absolute. */
  folder: string;
}

const RECORD = 'record.json';
const FOLDER = 'experiments';

/** One per file. */
function idOf(file: string): string {
  return createHash('sha256').update(path.resolve(file)).digest('hex').slice(0, 16);
}

export function recordFolder(runsFolder: string, file: string): string {
  return path.join(runsFolder, FOLDER, idOf(file));
}

/** Undefined where there is none that can be read. */
export async function readRecord(runsFolder: string, file: string): Promise<ExperimentRecord | undefined> {
  const found = await readJson(path.join(recordFolder(runsFolder, file), RECORD));
  return v.is(record, found) ? found : undefined;
}

/** Newest first; what cannot be read is left out: its runs are listed all the same. */
export async function listRecords(runsFolder: string): Promise<FoundRecord[]> {
  const ids = (await readdir(path.join(runsFolder, FOLDER)).catch(() => [])).filter(isRunId);
  const found = await Promise.all(
    ids.map(async (id) => {
      const folder = path.join(runsFolder, FOLDER, id);
      const own = await readJson(path.join(folder, RECORD));
      return v.is(record, own) ? [{ ...own, id, name: experimentName(own.file), folder }] : [];
    }),
  );
  return found.flat().sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** Written beside and renamed. @throws `disk-full`, `permission` */
export async function writeRecord(runsFolder: string, own: ExperimentRecord): Promise<void> {
  await put(runsFolder, own.file, RECORD, own);
}

/** A result that is no run. @returns its file's name */
export async function writeOutput(
  runsFolder: string,
  file: string,
  { key, task }: Step,
  result: unknown,
): Promise<string> {
  const name = `${task}-${key}.json`;
  await put(runsFolder, file, name, result);
  return name;
}

function put(runsFolder: string, file: string, name: string, content: unknown): Promise<void> {
  const folder = recordFolder(runsFolder, file);
  return explain(folder, async () => {
    await makeFolder(runsFolder, folder);
    await writeBeside(path.join(folder, name), `${JSON.stringify(content)}\n`);
  });
}

/** The record of a run that begins: what an earlier one did of the same steps is kept until it is done anew. */
export function recordOf(
  file: string,
  steps: readonly Step[],
  earlier: ExperimentRecord | undefined,
  startedAt: Date,
): ExperimentRecord {
  return {
    schema: 1,
    file: path.resolve(file),
    startedAt: startedAt.toISOString(),
    finishedAt: null,
    steps: steps.map(
      ({ name, part, run, key }) =>
        earlier?.steps.find((one) => one.key === key && one.name === name) ?? {
          name,
          part,
          run,
          key,
          state: 'left',
          runId: null,
          output: null,
          message: null,
        },
    ),
  };
}
