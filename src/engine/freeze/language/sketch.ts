/** What an editor shows of a plan that is being written: what is wrong with it, and what trains in every run. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { openCheckpoint } from '../../merge/checkpoint.js';
import type { RecipeFeedback } from '../../merge/language/feedback.js';
import type { RecipeProblem, Span } from '../../merge/recipe/problem.js';
import { entryOf, type TreeNode } from '../../merge/recipe/tree.js';
import { parseFreeze, placeAt } from '../document.js';
import { changedSince } from '../experiment.js';
import { type Count, countOf } from '../../analyses/verify/parameters.js';
import { checkOutside } from '../../analyses/verify/selector.js';
import {
  checkRuns,
  entriesOf,
  type Ground,
  groundOf,
  outsideThatTrains,
  type PlannedRun,
  planRun,
  warningsOf,
} from '../plan.js';
import type { FreezeSettings } from '../schema.js';

export interface PlanFeedback extends RecipeFeedback {
  /** A plan makes no checkpoint. */
  made: null;
  /** Null while there are errors in what it stands on; runs that are wrong are left out. */
  plan: PlanSketch | null;
}

export interface PlanSketch {
  trainer: string;
  method: 'full' | 'lora';
  /** Language layers. */
  layers: number;
  total: Count;
  runs: RunSketch[];
}

export interface RunSketch {
  run: string;
  /** Of its key. */
  place: Span;
  control: boolean;
  /** Its folders below `runs/`: one per seed. */
  names: string[];
  frozen: Count;
  /** Elements that train: of the weights, or of adapters. */
  trains: number;
  /** What `freeze` or `train_only` says, and how many parameters that matches. */
  selections: { text: string; count: Count }[];
  layers: PlannedRun['layers'];
  parts: PlannedRun['parts'];
  /** Parts outside the language layers that train too, in words; null where none does. */
  beside: string | null;
}

/** @param request.file where the text is, or will be, saved: what it names is relative to its folder. */
export async function checkPlan(
  { file, text }: { file: string; text: string },
  { signal }: CallContext<never> = {},
): Promise<PlanFeedback> {
  const { tree, settings, problems } = parseFreeze(text);
  if (tree === undefined || settings === undefined) return { problems, made: null, plan: null };
  const found: RecipeProblem[] = [...problems];
  const report = (at: readonly (string | number)[], severity: RecipeProblem['severity'], message: string) =>
    found.push({ code: 'bad-value', severity, ...placeAt(tree, at, 'key'), message });
  const folder = path.dirname(path.resolve(file));
  const data = path.resolve(folder, settings.data);
  if (!(await isThere(data))) report(['data'], 'warning', `There is nothing at ${shown(data)}.`);
  const ground = await attempt(
    async () => groundOf(settings, await openCheckpoint(path.resolve(folder, settings.model), { signal })),
    (message) => report(['model'], 'error', message),
  );
  const plan = ground === undefined ? null : await sketch(ground, tree, report, signal);
  for (const [run, { result }] of Object.entries(settings.runs))
    if (result !== undefined && !(await isThere(path.resolve(folder, result))))
      report(['runs', run, 'result'], 'warning', `There is nothing at ${shown(path.resolve(folder, result))} yet.`);
  for (const key of await changedSince(folder, settings, signal))
    report(
      [hasKey(tree, key) ? key : 'runs'],
      'warning',
      `The launch scripts beside this plan were written for another value of "${key}": write the plan anew, or take ` +
        `the change back.`,
    );
  found.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { problems: found, made: null, plan };
}

type ReportAt = (at: readonly (string | number)[], severity: RecipeProblem['severity'], message: string) => unknown;

async function sketch(
  ground: Ground,
  tree: TreeNode,
  report: ReportAt,
  signal: AbortSignal | undefined,
): Promise<PlanSketch> {
  const { settings, model, parameters } = ground;
  await attempt(
    () => checkRuns(settings),
    (message) => report(['runs'], 'error', message),
  );
  await attempt(
    () => checkOutside(ground.settings.also, ground),
    (message) => report(['also'], 'error', message.replace(/^--also /, '')),
  );
  const runs: Omit<PlannedRun, 'name' | 'seed'>[] = [];
  for (const [run] of entriesOf(settings)) {
    const planned = await attempt(
      () => planRun(run, ground, signal),
      (message) => report(['runs', run], 'error', message),
    );
    if (planned !== undefined) runs.push(planned);
  }
  // They are told from the control.
  if (runs[0]?.control === true)
    for (const { about, text } of warningsOf(ground, runs))
      report([hasKey(tree, about) ? about : 'runs'], 'warning', text.replace('--also freezes', 'also: […] freezes'));
  return {
    trainer: settings.trainer,
    method: settings.method,
    layers: model.layers,
    total: countOf(parameters),
    runs: runs.map((run) => sketchOf(run, settings, tree)),
  };
}

function sketchOf(
  { run, control, frozen, trains, adapters, selections, layers, parts }: Omit<PlannedRun, 'name' | 'seed'>,
  { seeds }: FreezeSettings,
  tree: TreeNode,
): RunSketch {
  return {
    run,
    place: placeAt(tree, ['runs', run], 'key'),
    control,
    names: seeds.map((seed) => (seeds.length === 1 ? run : `${run}.seed-${seed}`)),
    frozen,
    trains: adapters?.parameters ?? trains.parameters,
    selections: selections.map(({ text, count }) => ({ text, count })),
    layers,
    parts,
    beside: adapters === null ? outsideThatTrains({ parts }) : null,
  };
}

function hasKey(tree: TreeNode, key: string): boolean {
  return tree.kind === 'map' && entryOf(tree, key) !== undefined;
}

/** What cannot be done is reported, and undefined. */
async function attempt<T>(work: () => T | Promise<T>, failed: (message: string) => unknown): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FrankensteinError) || error.code === 'cancelled') throw error;
    failed(error.message);
    return undefined;
  }
}

async function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

/** IN of a plan that may have errors elsewhere; undefined where it does not open. */
export async function modelOf(
  file: string,
  tree: TreeNode | undefined,
  signal?: AbortSignal,
): Promise<Checkpoint | undefined> {
  const given = tree?.kind === 'map' ? entryOf(tree, 'model')?.value : undefined;
  if (given?.kind !== 'scalar' || typeof given.value !== 'string') return undefined;
  const place = path.resolve(path.dirname(path.resolve(file)), given.value);
  return openCheckpoint(place, { signal }).catch(() => undefined);
}
