/** What is known of a training's steps beside their weights: the trainer's logs, and evaluations of these checkpoints. */
import path from 'node:path';
import { analysisOfRun } from '../engine/analyses/analyses.js';
import type { EngineApi, TrajectoryResult } from '../protocol/engineApi.js';
import type { AbilityAtStep, BesideSteps } from '../protocol/hostApi.js';
import { stepFoldersOf } from './knownFolders.js';
import type { ResultsIndex } from './resultsIndex.js';

/** Points of a series that a figure draws at most. */
const POINTS = 1000;
/** Evaluations that are looked into, the newest first. */
const EVALUATIONS = 32;

type Known = Pick<TrajectoryResult, 'stages' | 'steps'>;

/** @param before what was known: logs that have not grown since are not sent again. */
export async function besideSteps(
  { engine, results }: { engine: Pick<EngineApi, 'readTraining'>; results: ResultsIndex },
  result: Known,
  before: BesideSteps | null,
  signal: AbortSignal,
): Promise<BesideSteps> {
  const [training, abilities] = await Promise.all([
    trainingOf(engine, result, before, signal),
    abilitiesOf(results, result),
  ]);
  return { training, abilities };
}

/** Null where the checkpoints lie in no folder of steps, or nothing was logged there. */
async function trainingOf(
  engine: Pick<EngineApi, 'readTraining'>,
  { stages }: Known,
  before: BesideSteps | null,
  signal: AbortSignal,
): Promise<BesideSteps['training']> {
  const folders = stepFoldersOf(stages.map((stage) => stage.path));
  if (folders.length === 0) return null;
  const known = before?.training ?? null;
  try {
    return (await engine.readTraining({ folders, since: known?.version, points: POINTS }, { signal })) ?? known;
  } catch {
    // Logs are beside the matter here; Watch Training says what is wrong with them.
    return known;
  }
}

/** Scores of finished evaluations, by the checkpoints' content: what was trained on since is another checkpoint. */
async function abilitiesOf(results: ResultsIndex, { stages, steps }: Known): Promise<AbilityAtStep[]> {
  const stepOf = new Map(stages.map(({ fingerprint }, index) => [fingerprint, steps[index]!]));
  const paths = new Set(stages.map((stage) => stage.path));
  const runs = (await results.list()).filter(
    (run) =>
      run.state === 'finished' &&
      analysisOfRun(run.kind)?.name === 'evaluate' &&
      run.paths.some((one) => paths.has(one)),
  );
  const found = new Map<string, AbilityAtStep>();
  for (const run of runs.slice(0, EVALUATIONS)) {
    const evaluation = await results.read('evaluate', run).catch(() => undefined);
    for (const { ability, checkpoint, n, value, low, high } of evaluation?.scores ?? []) {
      const step = stepOf.get(evaluation!.checkpoints[checkpoint]!.fingerprint);
      const data = path.basename(evaluation!.data);
      const key = JSON.stringify([step, ability, evaluation!.dataFingerprint]);
      // The newest counts.
      if (step !== undefined && !found.has(key)) found.set(key, { step, ability, data, n, value, low, high });
    }
  }
  return [...found.values()].sort((a, b) => a.step - b.step);
}
