/** A freeze experiment on disk: written whole or not at all, and read again. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import type { CallContext } from '../calls.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { fileError, shown } from '../checkpoint/failure.js';
import { readText } from '../checkpoint/text.js';
import { FrankensteinError, writeFailure } from '../errors.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { DATA, placeImages, readTraining } from './data.js';
import { readFreeze, writeFreeze } from './document.js';
import { PLAN_FILE } from './planFile.js';
import { expandEach } from './matrix.js';
import { type FreezePlan, planFreeze, type PlannedRun } from './plan.js';
import reward from './python/reward.py';
import { readmeOf, slurmOf } from './readme.js';
import { type FreezeInput, FreezeSchema, type FreezeSettings } from './schema.js';
import { TRAINER_LIST } from './trainers/list.js';
import { MODEL_VARIABLE, RESULT } from './trainers/trainer.js';

/** The plan as it was written, for programs. */
const RECORD = 'plan.json';
/** Characters of a plan's file. */
const PLAN_LIMIT = 1 << 20;
const RECORD_LIMIT = 64 << 20;

export interface PlanRequest {
  /** As in `freeze.frank.yaml`, but with paths that count from the working directory. */
  settings: FreezeInput;
  /** Folder of the experiment: must not exist, or be empty. Nothing is written when left out. */
  out?: string | undefined;
  /** Only what trains: the data is not read, and nothing is written. */
  countOnly?: boolean | undefined;
}

export interface PlannedExperiment {
  plan: FreezePlan;
  /** 0 where the data was not read. */
  questions: number;
  /** Absolute; null where nothing was written. */
  out: string | null;
}

/**
 * Holds the settings against IN and the data, and writes the experiment's folder.
 * @throws `bad-request` for settings that do not fit the model, and for a folder that is taken; what reading throws;
 * `disk-full`, `permission`
 */
export async function planExperiment(
  request: PlanRequest,
  { signal }: CallContext<never> = {},
): Promise<PlannedExperiment> {
  const parsed = v.safeParse(FreezeSchema, request.settings);
  if (!parsed.success)
    throw new FrankensteinError(
      'bad-request',
      `${parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the plan'}: ${issue.message}`).join('; ')}.`,
    );
  let settings = parsed.output;
  const out = request.out === undefined ? undefined : path.resolve(request.out);
  if (out !== undefined) await checkFree(out);
  const model = await openCheckpoint(path.resolve(settings.model), { signal });
  const data = path.resolve(settings.data);
  settings = { ...settings, runs: expandEach(settings.runs, model.layers) };
  const plan = await planFreeze(settings, model, signal);
  refuseUnfit(plan, model);
  if (request.countOnly === true) return { plan, questions: 0, out: null };
  const questions = await readTraining(data, model, signal);
  if (out !== undefined)
    await writeWhole(out, async (folder) => {
      const relative = { ...settings, model: placeFrom(out, model.path), data: placeFrom(out, data) };
      const put = async (name: string, content: string | Uint8Array, mode = 0o644) => {
        const file = path.join(folder, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, content, { mode });
      };
      const trainer = TRAINER_LIST[settings.trainer];
      const placed = await placeImages(questions, put, signal);
      const rows = placed.map((question, index) => JSON.stringify(trainer.row(question, index, settings.system)));
      await put(`${DATA}/train.jsonl`, `${rows.join('\n')}\n`);
      await put(PLAN_FILE, writeFreeze(relative));
      await put(RECORD, `${JSON.stringify(plan, null, 2)}\n`);
      await put('README.md', readmeOf(plan, questions.length));
      await put('requirements.txt', `${trainer.requirements(plan).join('\n')}\n`);
      await put('reward.py', reward);
      await put('slurm.sh', slurmOf(plan), 0o755);
      for (const run of plan.runs)
        for (const [name, content] of Object.entries(trainer.files(run, plan, relative.model)))
          await put(`runs/${run.name}/${name}`, content, name.endsWith('.sh') ? 0o755 : 0o644);
    });
  return { plan, questions: questions.length, out: out ?? null };
}

/** Trainers load a folder of weights, not what this program makes of others. */
function refuseUnfit({ settings }: FreezePlan, { path: place, virtual, quantisation }: Checkpoint): void {
  if (virtual !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(place)} is ${virtual.kind === 'adapter' ? 'an adapter' : 'a recipe'}: ` +
        `${settings.trainer} loads a folder of weights. Write it first with "frankenstein merge".`,
    );
  if (quantisation !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(place)} has quantised weights, which cannot be trained and held bit for bit: give the ` +
        `model as it was before.`,
    );
}

export interface Experiment {
  /** Absolute. */
  folder: string;
  plan: FreezePlan;
  model: Checkpoint;
}

const Record = v.object({
  schema: v.literal(1),
  model: v.object({ fingerprint: v.string() }),
  settings: v.record(v.string(), v.unknown()),
});

/** The plan as its scripts were written by; undefined where there is none that can be read. */
async function recordOf(folder: string, signal?: AbortSignal): Promise<v.InferOutput<typeof Record> | undefined> {
  try {
    return v.parse(Record, JSON.parse(await readText(path.join(folder, RECORD), RECORD_LIMIT, signal)));
  } catch {
    return undefined;
  }
}

/** Keys of a plan that say otherwise than the launch scripts beside it, which were written by an earlier state. */
export async function changedSince(folder: string, settings: FreezeSettings, signal?: AbortSignal): Promise<string[]> {
  const recorded = await recordOf(folder, signal);
  if (recorded === undefined) return [];
  const text = (of: object) => {
    const { runs = {}, ...more } = of as Partial<FreezeSettings>;
    // Where things lie is no part of the training.
    const trained = Object.entries(runs).map(([name, { result: _, ...run }]) => [name, run] as const);
    return { ...more, model: null, data: null, runs: Object.fromEntries(trained) } as Record<string, unknown>;
  };
  const [before, now] = [text(recorded.settings), text(settings)];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
}

/**
 * Reads an experiment's folder, or its plan's file, and holds it against IN once more. Where IN has been moved, the
 * variable FREEZE_MODEL of the environment names it.
 * @throws `not-found`, `malformed` with line and column, `changed` where IN is no longer what was planned on
 */
export async function openExperiment(given: string, signal?: AbortSignal): Promise<Experiment> {
  const place = path.resolve(given);
  const facts = await stat(place).catch((error: unknown) => Promise.reject(fileError(error, place)));
  const folder = facts.isDirectory() ? place : path.dirname(place);
  const file = facts.isDirectory() ? path.join(folder, PLAN_FILE) : place;
  const settings = readFreeze(await readText(file, PLAN_LIMIT, signal), shown(file));
  const model = await openCheckpoint(path.resolve(folder, process.env[MODEL_VARIABLE] || settings.model), { signal });
  const plan = await planFreeze(settings, model, signal);
  const recorded = await recordOf(folder, signal);
  if (recorded !== undefined && recorded.model.fingerprint !== plan.model.fingerprint)
    throw new FrankensteinError(
      'changed',
      `${shown(model.path)} is no longer the checkpoint that ${shown(folder)} was planned on.`,
    );
  return { folder, plan, model };
}

/** Folder of a run's finished result, absolute: what the plan names, or where the run leaves it. */
export function resultOf(folder: string, { name, result }: Pick<PlannedRun, 'name' | 'result'>): string {
  return result === null ? path.join(folder, 'runs', name, RESULT) : path.resolve(folder, result);
}

/** Trainers make the folder before they fill it. */
export async function hasResult(place: string): Promise<boolean> {
  const names = await readdir(place).catch(() => []);
  return names.some((name) => /\.safetensors(?:\.index\.json)?$/.test(name));
}

/** Folders above an experiment in which what it names lies beside it. */
const BESIDE = 3;

/** From the experiment's folder where it lies beside it, so that both may be moved; else absolute. */
function placeFrom(folder: string, place: string): string {
  const way = path.relative(folder, place);
  const above = way.split(path.sep).filter((part) => part === '..').length;
  return path.isAbsolute(way) || above > BESIDE ? place : way.replaceAll(path.sep, '/');
}

async function checkFree(out: string): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new FrankensteinError('bad-request', `${shown(out)} is no folder that can be written: name another.`, {
      cause: error,
    });
  });
  if (entries.length > 0)
    throw new FrankensteinError('bad-request', `${shown(out)} is not empty: name a folder that does not exist yet.`);
}

/** Under another name first, so that a half-written experiment is never taken for one. */
async function writeWhole(out: string, write: (folder: string) => Promise<void>): Promise<void> {
  const beside = path.join(path.dirname(out), `.${path.basename(out)}.${process.pid}.tmp`);
  try {
    await rm(beside, { recursive: true, force: true });
    await mkdir(beside, { recursive: true });
    await write(beside);
    await rm(out, { recursive: true, force: true }); // empty, or not there
    await rename(beside, out);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw writeError(error, out);
  }
}

function writeError(error: unknown, out: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof FrankensteinError || code === undefined) return error;
  return writeFailure(error) === 'disk-full'
    ? new FrankensteinError('disk-full', `The disk is full: ${shown(out)} could not be written.`, { cause: error })
    : new FrankensteinError('permission', `${shown(out)} could not be written (${code}).`, { cause: error });
}
