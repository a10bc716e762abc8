/** Finds and reads what a report is made of. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { ANALYSES } from '../engine/analyses/analyses.js';
import { guardOf } from '../engine/analyses/declare/shape.js';
import { shown } from '../engine/checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../engine/errors.js';
import { isExperiment } from '../engine/experiments/file.js';
import { readRecord, recordFolder } from '../engine/experiments/record.js';
import { isRunId, readJson, REQUEST_FILE, RESULT_FILE, runFolder } from '../engine/runs/store.js';
import { say, type Sentence } from './quantity.js';
import type { Kind, Stored } from './source.js';

export interface Found {
  sources: Stored[];
  /** The experiments that were given, by their files' names. */
  experiments: { file: string; steps: string[] }[];
  /** What an experiment has not come to. */
  unfinished: Sentence[];
}

interface Place {
  /** Of the result. */
  file: string;
  key: string;
  name: string | null;
  behind?: boolean;
}

/**
 * @throws `not-found` for what is not there or not finished, `malformed` for what is no result of ours, `bad-request`
 * where nothing is given
 */
export async function readSources(
  given: readonly string[],
  runsFolder: string | undefined,
  signal?: AbortSignal,
): Promise<Found> {
  const found: Found = { sources: [], experiments: [], unfinished: [] };
  for (const source of given) {
    const places = isExperiment(source)
      ? await placesOfExperiment(source, runsFolder, found)
      : [await placeOf(source, runsFolder)];
    for (const place of places) {
      throwIfCancelled(signal);
      const key = uniqueKey(place, found.sources);
      if (key !== undefined) found.sources.push(await readStored({ ...place, key }));
    }
  }
  if (found.sources.length === 0)
    throw new FrankensteinError('bad-request', 'There is nothing to report: name finished runs, or an experiment.');
  return found;
}

/** The same run counts once; two files of one name are told apart. */
function uniqueKey({ key, file }: Place, sources: readonly (Stored & { file?: string })[]): string | undefined {
  if (isRunId(key) && sources.some((one) => one.key === key)) return undefined;
  const folder = path.basename(path.dirname(file));
  return sources.some((one) => one.key === key) ? `${folder}-${key}` : key;
}

async function placeOf(source: string, runsFolder: string | undefined): Promise<Place> {
  if (isRunId(path.basename(source)) && (source === path.basename(source) || !(await isFile(source)))) {
    const folder = path.isAbsolute(source) ? source : inRuns(source, runsFolder);
    return finished(path.join(folder, RESULT_FILE), path.basename(source));
  }
  if (!(await exists(source))) throw new FrankensteinError('not-found', `${shown(source)} does not exist.`);
  if (await isFile(source)) {
    const folder = path.basename(path.dirname(source));
    const own = path.basename(source) === RESULT_FILE && isRunId(folder);
    return { file: source, key: own ? folder : path.basename(source, '.json'), name: null };
  }
  return finished(path.join(source, RESULT_FILE), path.basename(source));
}

function inRuns(id: string, runsFolder: string | undefined): string {
  if (runsFolder === undefined)
    throw new FrankensteinError('bad-request', `Name the folder of runs that ${shown(id)} is in.`);
  return runFolder(runsFolder, id);
}

async function finished(file: string, key: string): Promise<Place> {
  if (await exists(file)) return { file, key, name: null };
  const folder = path.dirname(file);
  throw new FrankensteinError(
    'not-found',
    (await exists(folder))
      ? `The run in ${shown(folder)} is not finished: start it again, and it continues.`
      : `There is no run in ${shown(folder)}.`,
  );
}

async function placesOfExperiment(file: string, runsFolder: string | undefined, found: Found): Promise<Place[]> {
  if (!(await exists(file))) throw new FrankensteinError('not-found', `${shown(file)} does not exist.`);
  const record = runsFolder === undefined ? undefined : await readRecord(runsFolder, file);
  if (record === undefined || runsFolder === undefined)
    throw new FrankensteinError(
      'not-found',
      `${shown(file)} has no runs here yet: run it first, or name the folder of its runs.`,
    );
  const name = path.basename(file);
  const done = record.steps.filter((step) => step.runId !== null || step.output !== null);
  found.experiments.push({ file: name, steps: done.map((step) => step.name) });
  for (const step of record.steps)
    if (step.state !== 'done')
      found.unfinished.push(
        step.state === 'failed'
          ? say`${step.name} (${step.run}) of ${name} failed: ${step.message ?? 'no reason is kept'}`
          : say`${step.name} (${step.run}) of ${name} has not been run to its end.`,
      );
  const places = await Promise.all(
    done.flatMap(async (step): Promise<Place[]> => {
      const ofRun: Place[] =
        step.runId === null
          ? []
          : [{ file: path.join(runFolder(runsFolder, step.runId), RESULT_FILE), key: step.runId, name: step.name }];
      const written: Place[] =
        step.output === null
          ? []
          : [
              {
                file: path.join(recordFolder(runsFolder, file), path.basename(step.output)),
                key: path.basename(step.output, '.json'),
                name: step.name,
              },
            ];
      const there: Place[] = [];
      for (const place of [...written, ...ofRun])
        if (await exists(place.file)) there.push(place);
        else found.unfinished.push(say`The result of ${step.name} is gone from disk.`);
      return there;
    }),
  );
  // The report of a freeze experiment rests on an evaluation: that stands behind it.
  return places.flatMap((own) =>
    own.map((place, index) =>
      index === 0 ? place : { ...place, name: place.name && `${place.name}, evaluation`, behind: true },
    ),
  );
}

async function readStored({ file, key, name, behind = false }: Place): Promise<Stored> {
  const result = await readJson<unknown>(file);
  const kind = kindOf(result);
  if (kind === undefined)
    throw new FrankensteinError(
      'malformed',
      `${shown(file)} is no result of an analysis, or one that is damaged or of another version.`,
    );
  const request = await readJson<Record<string, unknown>>(path.join(path.dirname(file), REQUEST_FILE));
  return { key, name, kind, behind, result: result as never, request: request ?? null };
}

const contrast = v.object({
  n: v.number(),
  difference: v.number(),
  low: v.number(),
  high: v.number(),
  equivalence: v.object({ low: v.number(), high: v.number() }),
  won: v.number(),
  lost: v.number(),
  p: v.number(),
  adjusted: v.number(),
  verdict: v.picklist(['yes', 'opposite', 'equivalent', 'open']),
});
const measure = v.picklist(['vis', 'v2r', 'rea', 'accuracy']);
const freezeReport = v.object({
  schema: v.literal(1),
  margin: v.number(),
  labels: v.array(v.string()),
  scores: v.array(v.object({ checkpoint: v.number(), measure, n: v.number(), value: v.number() })),
  gains: v.array(v.object({ measure, comparison: contrast })),
  rows: v.array(
    v.object({
      run: v.string(),
      seed: v.number(),
      measure,
      necessary: contrast,
      sufficient: contrast,
      transferable: v.nullable(contrast),
    }),
  ),
  warnings: v.array(v.string()),
});
const verification = v.object({
  schema: v.literal(1),
  passed: v.boolean(),
  runs: v.array(
    v.object({
      run: v.string(),
      verification: v.nullable(
        v.object({
          passed: v.boolean(),
          frozen: v.object({ tensors: v.number(), parameters: v.number(), rounded: v.number() }),
          moved: v.array(v.object({ name: v.string() })),
          missing: v.array(v.object({ name: v.string() })),
          warnings: v.array(v.string()),
        }),
      ),
    }),
  ),
});

/** What a result is: by the schema that it fits. */
function kindOf(result: unknown): Kind | undefined {
  const definition = ANALYSES.find((one) => guardOf(one.result)(result));
  const own = definition && ((result as { kind?: unknown }).kind ?? definition.name);
  const known = KINDS.find((kind) => kind === own);
  if (known !== undefined) return known;
  if (v.is(freezeReport, result)) return 'freeze';
  return v.is(verification, result) ? 'verification' : undefined;
}

const KINDS: readonly Kind[] = [
  'compare',
  'spectrum',
  'trajectory',
  'swap',
  'skip',
  'attention',
  'routing',
  'evaluate',
  'transfer',
  'sweep',
  'freeze',
  'verification',
];

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
