/** What a request means: its checkpoints, open and matched, and what names each. No weight is read yet. */
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import type { Alignment } from '../../lineage/align.js';
import { identitiesOf, labelsOf, matchStages } from '../../lineage/stages.js';
import { runIdOf } from '../../runs/store.js';
import { sameFamily } from '../../topology/model.js';
import type { LeftOutStep, TrajectoryRequest } from './request.js';
import { openSteps } from './steps.js';

export interface TrajectorySetup {
  labels: string[];
  steps: number[];
  checkpoints: Checkpoint[];
  leftOut: LeftOutStep[];
  alignment: Alignment;
}

/**
 * Opens the checkpoints that are whole, and matches their tensors.
 * @throws `not-found` for fewer than two of them, `mismatch` for two families, and what opening throws.
 */
export async function setUp(request: TrajectoryRequest, { signal, progress }: CallContext): Promise<TrajectorySetup> {
  progress?.({ phase: 'Reading headers', doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null });
  const { steps, leftOut } = await openSteps(request, signal);
  if (steps.length < 2) throw tooFew(request, steps.length, leftOut);
  const checkpoints = steps.map(({ checkpoint }) => checkpoint);
  for (const checkpoint of checkpoints.slice(1)) sameFamily(checkpoints[0]!, checkpoint);
  return {
    labels: labelsOf(steps, checkpoints),
    steps: steps.map(({ step }) => step),
    checkpoints,
    leftOut,
    alignment: matchStages(checkpoints),
  };
}

function tooFew({ stages }: TrajectoryRequest, whole: number, leftOut: readonly LeftOutStep[]): FrankensteinError {
  const where = stages.length === 1 ? ` in ${shown(stages[0]!.path)}` : '';
  const [first] = leftOut;
  return new FrankensteinError(
    'not-found',
    'A trajectory needs two whole checkpoints or more; there ' +
      `${whole === 1 ? 'is one' : 'is none'}${where}.${first === undefined ? '' : ` ${first.reason}`}`,
  );
}

/** What names a stage in the journal: its content and its files' times. */
export function stageKeys(checkpoints: readonly Checkpoint[], prints: readonly string[]): string[] {
  return identitiesOf(checkpoints, prints).map(runIdOf);
}

export function fingerprintsOf(checkpoints: readonly Checkpoint[], signal?: AbortSignal): Promise<string[]> {
  return Promise.all(checkpoints.map((checkpoint) => fingerprint(checkpoint, signal)));
}
