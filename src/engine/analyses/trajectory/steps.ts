/**
 * The steps of a training in a folder: `checkpoint-100` (transformers, TRL, ms-swift, Axolotl) or
 * `global_step_100/actor/huggingface` (verl, EasyR1). A step that is being written is told from a whole one by its
 * files: the index names shards that are not there, a shard is shorter than its header says, or there are no weights
 * yet.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { splitBase } from '../../checkpoint/base.js';
import { fileError, shown } from '../../checkpoint/failure.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { openStage } from '../../merge/checkpoint.js';
import { runIdOf } from '../../runs/store.js';
import type { FoundSteps, LeftOutStep, StepsRequest } from './request.js';

const STEP = /^(?:checkpoint-|global_step_)(\d{1,15})$/;
/** ms-swift makes a folder per start, unless it is told not to. */
const VERSION = /^v\d{1,6}-\d{8}-\d{6}$/;
/** Where the model of a step may lie: verl and EasyR1 put it deeper. */
const PLACES = [path.join('actor', 'huggingface'), 'huggingface', '', 'actor'];

/** A checkpoint of the trajectory, open. */
export interface OpenStep {
  checkpoint: Checkpoint;
  step: number;
  label: string;
}

export interface OpenSteps {
  steps: OpenStep[];
  leftOut: LeftOutStep[];
}

type Asked = Omit<StepsRequest, 'unless'>;

/**
 * Opens what is asked for, the start first. Headers are read, weights are not. In a folder of steps, those that cannot
 * be opened are left out, each with the reason; a checkpoint that was named is not.
 * @throws what opening throws, and `not-found` for a folder without steps.
 */
export async function openSteps({ stages, start }: Asked, signal?: AbortSignal): Promise<OpenSteps> {
  const found = stages.length === 1 ? await openFolder(stages[0]!, signal) : await openNamed(stages, signal);
  if (start === undefined) return { ...found, steps: ascending(found.steps) };
  const checkpoint = await openStage({ path: start }, { signal });
  return { ...found, steps: ascending([{ checkpoint, step: 0, label: 'start' }, ...found.steps]) };
}

/** Where the numbers do not ascend, places in the list count. */
function ascending(steps: readonly OpenStep[]): OpenStep[] {
  const isAscending = steps.every(({ step }, index) => index === 0 || step > steps[index - 1]!.step);
  return steps.map((one, index) => (isAscending ? one : { ...one, step: index }));
}

/** What there is now; null where the folder looks as in `unless`. @throws as `openSteps` */
export async function findSteps(request: StepsRequest, signal?: AbortSignal): Promise<FoundSteps | null> {
  const { stages, unless } = request;
  const looks = stages.length === 1 ? await looksOf(stages[0]!.path) : null;
  if (looks !== null && looks === unless) return null;
  const { steps, leftOut } = await openSteps(request, signal);
  return { whole: steps.map(({ checkpoint: { path: at }, step }) => ({ path: at, step })), leftOut, looks };
}

/** Names, lengths and times of what lies in the steps, in a hash. */
async function looksOf(given: string): Promise<string> {
  const found: unknown[] = [];
  for (const { at } of await listSteps(given)) {
    const folder = at.slice(at.lastIndexOf('+') + 1);
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      const facts = await stat(path.join(folder, name)).catch(() => undefined);
      found.push([folder, name, facts?.size, facts?.mtimeMs]);
    }
  }
  return runIdOf(found);
}

async function openNamed(stages: readonly StageRequest[], signal: AbortSignal | undefined): Promise<OpenSteps> {
  const steps: OpenStep[] = [];
  for (const [index, stage] of stages.entries()) {
    throwIfCancelled(signal);
    const step = stepOf(stage.path) ?? index;
    const checkpoint = await openStage(stage, { signal });
    steps.push({ checkpoint, step, label: stage.label ?? labelOf(stage.path) });
  }
  return { steps, leftOut: [] };
}

async function openFolder(stage: StageRequest, signal: AbortSignal | undefined): Promise<OpenSteps> {
  const steps: OpenStep[] = [];
  const leftOut: LeftOutStep[] = [];
  for (const { at, step, label } of await listSteps(stage.path)) {
    throwIfCancelled(signal);
    try {
      steps.push({ checkpoint: await openStage({ path: at }, { signal }), step, label });
    } catch (error) {
      if (!(error instanceof FrankensteinError) || error.code === 'cancelled') throw error;
      leftOut.push({ path: at, step, reason: error.message });
    }
  }
  return { steps, leftOut };
}

/** The folders of the steps, by number. @throws `not-found` where there is none */
async function listSteps(given: string): Promise<{ at: string; step: number; label: string }[]> {
  const { base, own } = await splitBase(given);
  const folder = path.resolve(own);
  const names = await readdir(folder).catch((error: unknown) => Promise.reject(fileError(error, folder)));
  const numbered = names.flatMap((name) => {
    const step = stepOf(name);
    return step === undefined ? [] : [{ name, step }];
  });
  const versions = names.filter((name) => VERSION.test(name)).sort();
  if (numbered.length === 0 && versions.length === 1) {
    const only = path.join(folder, versions[0]!);
    return listSteps(base === undefined ? only : `${base}+${only}`);
  }
  if (numbered.length === 0 && versions.length > 1)
    throw new FrankensteinError(
      'not-found',
      `${shown(folder)} holds ${versions.length} trainings, ${versions[0]!} to ${versions.at(-1)!}: ` +
        'name one of these folders.',
    );
  if (numbered.length === 0)
    throw new FrankensteinError(
      'not-found',
      `${shown(folder)} holds no steps of a training: folders are called checkpoint-100 or ` +
        'global_step_100. Name such a folder, or two checkpoints or more in the order of their ' +
        'training.',
    );
  numbered.sort((a, b) => a.step - b.step || (a.name < b.name ? -1 : 1));
  const found = [];
  for (const { name, step } of numbered) {
    const at = await modelOf(path.join(folder, name));
    if (at !== undefined) found.push({ at: base === undefined ? at : `${base}+${at}`, step, label: name });
  }
  return found;
}

/**
 * The folder with the weights. Where none has any, the one whose files say most: verl's own shards beside its empty
 * `huggingface`. Undefined for what is no folder.
 */
async function modelOf(folder: string): Promise<string | undefined> {
  const holding = await Promise.all(
    PLACES.map(async (within) => {
      const place = path.join(folder, within);
      return { place, names: await readdir(place).catch(() => undefined) };
    }),
  );
  const there = holding.filter(({ names }) => names !== undefined);
  const found = there.find(({ names }) => names!.some((name) => name.endsWith('.safetensors'))) ?? there.at(-1);
  return found?.place;
}

/** The number of a step, by the last folder of its path that has one. */
export function stepOf(at: string): number | undefined {
  for (const name of at.split(/[\\/+]/).reverse()) {
    const [, step] = STEP.exec(name) ?? [];
    if (step !== undefined) return Number(step);
  }
  return undefined;
}

/** The folder with the number, or the last one. */
export function labelOf(at: string): string {
  const names = at.split(/[\\/+]/).filter((name) => name !== '');
  return names.findLast((name) => STEP.test(name)) ?? names.at(-1) ?? at;
}
