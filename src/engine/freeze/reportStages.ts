/**
 * What a report evaluates: IN, the control, every run that has a result, and IN with the same layers from the control.
 */
import path from 'node:path';
import type { CallContext } from '../calls.js';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import type { EvaluatedStage } from '../analyses/evaluate/request.js';
import { hasResult, openExperiment, resultOf } from './experiment.js';
import type { PlannedRun, Transplant } from './plan.js';
import type { ReportedRun } from './report.js';
import { doubtsOf } from './verifyExperiment.js';

export interface ReportStages {
  checkpoints: EvaluatedStage[];
  runs: ReportedRun[];
  /** Runs without a result, which the report leaves out. */
  waiting: string[];
  /** Sentences on runs whose frozen weights were not shown to have stayed. */
  doubts: string[];
}

/** @param runsFolder where verifications are kept; without one, there are no doubts @throws `not-found` where the control, or every frozen run, has no result yet; as `openExperiment` */
export async function reportStages(
  { experiment, runsFolder }: { experiment: string; runsFolder?: string | undefined },
  { signal }: CallContext<never> = {},
): Promise<ReportStages> {
  const opened = await openExperiment(experiment, signal);
  const { folder, plan, model } = opened;
  const placeOf = (run: PlannedRun) => resultOf(folder, run);
  const waiting: string[] = [];
  for (const run of plan.runs) if (!(await hasResult(placeOf(run)))) waiting.push(run.name);
  const ready = plan.runs.filter(({ name }) => !waiting.includes(name));
  const controls = ready.filter(({ control }) => control);
  const frozen = ready.filter(({ control, seed }) => !control && controls.some((of) => of.seed === seed));
  if (controls.length === 0 || frozen.length === 0)
    throw new FrankensteinError(
      'not-found',
      `${shown(folder)} has no result of ${controls.length === 0 ? 'its control' : 'a frozen run'} ` +
        `yet: train it, and verify it, first.`,
    );
  const checkpoints: EvaluatedStage[] = [{ path: model.path, label: 'IN', role: 'in' }];
  const add = (stage: EvaluatedStage) => checkpoints.push(stage) - 1;
  const indexOf = new Map(
    controls.map((run) => [
      run.seed,
      add({ path: placeOf(run), label: suffixed('RL', run, plan.settings.seeds), role: 'rl' }),
    ]),
  );
  const runs = frozen.map((run): ReportedRun => {
    const control = controls.find(({ seed }) => seed === run.seed)!;
    return {
      run: run.run,
      seed: run.seed,
      control: indexOf.get(run.seed)!,
      checkpoint: add({ path: placeOf(run), label: run.name, role: 'hybrid' }),
      transplant:
        run.transplant === null
          ? null
          : add({
              path: path.join(folder, `${run.name} from RL.frank.yaml`),
              label: `IN with ${run.name} of RL`,
              role: 'hybrid',
              recipe: recipeOf(run.transplant, model.path, placeOf(control)),
            }),
    };
  });
  const doubts = runsFolder === undefined ? [] : await doubtsOf(opened, [...controls, ...frozen], runsFolder, signal);
  return { checkpoints, runs, waiting, doubts };
}

function suffixed(label: string, { seed }: PlannedRun, seeds: readonly number[]): string {
  return seeds.length === 1 ? label : `${label}, seed ${seed}`;
}

/** IN with these layers of RL: an interpolation that goes all the way, so that it may be a part of a layer too. */
function recipeOf({ layers, part }: Transplant, supervised: string, reinforced: string): string {
  return [
    `checkpoints: ${JSON.stringify({ in: supervised, rl: reinforced })}`,
    `interpolate: ${JSON.stringify({ a: 'in', b: 'rl', alpha: 1, layers, part })}`,
    '',
  ].join('\n');
}
