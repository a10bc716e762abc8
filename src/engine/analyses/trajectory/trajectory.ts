/**
 * How a training got there: every step against the first checkpoint and against the one before it. A run is named by
 * its first two checkpoints, so that it grows with the training: what the journal has of a step is not read again.
 */
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { groupedBy } from '../../numerics/groupedBy.js';
import type { AlignedTensor } from '../../lineage/align.js';
import { byDepth, deepestOf, readAs, summariesOf } from '../../lineage/stages.js';
import { watchFiles } from '../../lineage/unchanged.js';
import { drive } from '../../runs/drive.js';
import type { Run } from '../../runs/store.js';
import { resolveCuts } from '../../topology/cuts.js';
import { locateTensor } from '../../topology/place.js';
import type { TensorLocation } from '../../topology/tensorPlace.js';
import { isSameTensor } from '../../checkpoint/sameTensor.js';
import { deltaOf, finite } from '../compare/partial.js';
import { budgetFor } from '../compare/plan.js';
import type { Delta } from '../compare/result.js';
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { groupTrajectory, meanOf } from './aggregate.js';
import {
  computeDirections,
  type Direction,
  directionKey,
  type Directions,
  directionsBudget,
  missingIn,
  restoreDirections,
  type Tracked,
  trackedOf,
} from './directions.js';
import { trajectoryRequest, type TrajectoryRequest } from './request.js';
import { DIRECTIONS, type TensorTrajectory, type TrajectoryResult } from './result.js';
import { trajectoryResult } from './schema.js';
import { fingerprintsOf, setUp, stageKeys, type TrajectorySetup } from './setup.js';
import { labelOf } from './steps.js';
import { computeSizes, planSizes, restoreSizes, sizeKey, type Sizes } from './sizes.js';

/** Changes whenever what a journal holds would come out differently, so that old journals are not reused. */
const JOURNAL_VERSION = 2;

interface Outcome {
  sizes: Sizes;
  directions: Directions;
}

/**
 * With a runs folder, what was computed before a kill or cancel, or before the last checkpoints were there, is taken
 * from the journal.
 */
export async function trajectory(
  request: TrajectoryRequest,
  workerFile: string,
  context: CallContext = {},
): Promise<TrajectoryResult> {
  const startedAt = new Date();
  const setup = await setUp(request, context);
  const { checkpoints, labels, steps, leftOut, alignment } = setup;
  const wantsDirections = request.directions ?? true;
  const against = request.against ?? 'first';
  const shape = deepestOf(checkpoints);
  const cuts = resolveCuts(request.cuts, shape.layers);
  const fingerprints = await fingerprintsOf(checkpoints, context.signal);
  const keys = stageKeys(checkpoints, fingerprints);
  const tracked = wantsDirections ? trackedOf(alignment.tensors, checkpoints, keys) : [];
  return drive<TrajectoryResult, Outcome>(
    {
      runsFolder: request.runsFolder,
      identity: identityOf(
        trajectoryRequest,
        request,
        { kind: 'trajectory', journal: JOURNAL_VERSION, from: keys.slice(0, 2) },
        ['start'],
      ),
      says: { labels, cuts, against, steps, keys, leftOut, stages: checkpoints.map(readAs) },
      request: () => ({
        kind: 'trajectory',
        labels: [labels[0]!, labels.at(-1)!],
        fingerprints,
        question: questionOf(
          trajectoryRequest,
          request,
          request.stages.map(({ label, path }) => label ?? labelOf(path)),
        ),
        tasks: alignment.tensors.length + tracked.length * (checkpoints.length - 1),
      }),
      checkpoints,
      startedAt,
      isResult: guardOf(trajectoryResult),
    },
    (run) => computeAll(request, setup, keys, tracked, { run, workerFile, context }),
    (outcome, origin) => {
      const places = groupedBy(tracked, ({ matrix }) => matrix.name);
      const tensors = alignment.tensors
        .map((tensor) =>
          tensorOf(tensor, locateTensor(tensor.name, shape, cuts), keys, outcome, places.get(tensor.name) ?? []),
        )
        .sort(byDepth);
      return {
        schema: 1,
        kind: 'trajectory',
        stages: summariesOf(checkpoints, labels, fingerprints),
        steps,
        against,
        directions: wantsDirections,
        k: DIRECTIONS,
        cuts,
        tensors,
        ...groupTrajectory(tensors, shape.layers, cuts, checkpoints.length - 1),
        missing: alignment.missing,
        leftOut,
        warnings: warningsOf(checkpoints, labels, tensors),
        provenance: origin,
      };
    },
  );
}

async function computeAll(
  { memory, threads }: TrajectoryRequest,
  { alignment, checkpoints }: TrajectorySetup,
  keys: readonly string[],
  tracked: readonly Tracked[],
  { run, workerFile, context }: { run: Run | undefined; workerFile: string; context: CallContext },
): Promise<Outcome> {
  const budget = budgetFor(alignment.tensors, memory, threads);
  const [sizes, directions] = [await restoreSizes(run), await restoreDirections(run)];
  const watch = watchFiles(checkpoints);
  const around = { run, watch, workerFile };
  try {
    const tasks = planSizes(alignment.tensors, keys, sizes);
    await computeSizes(tasks, sizes, budget, around, context);
    if (missingIn(tracked, directions).length > 0)
      await computeDirections(tracked, directions, directionsBudget(tracked, memory, threads), around, context);
  } catch (error) {
    throw await watch.explain(error);
  }
  return { sizes, directions };
}

function tensorOf(
  { name, stored, segments }: AlignedTensor,
  place: TensorLocation,
  keys: readonly string[],
  { sizes, directions }: Outcome,
  matrices: readonly Tracked[],
): TensorTrajectory {
  const norms: (number | null)[] = keys.map(() => null);
  const later = keys.slice(1);
  const sinceFirst: (Delta | null)[] = later.map(() => null);
  const sincePrevious: (Delta | null)[] = later.map(() => null);
  for (const { from, stored: held } of segments)
    for (let stage = from + 1; stage < from + held.length; stage++) {
      const sums = sizes.get(sizeKey(name, keys[stage]!, keys[stage - 1]!))!;
      const { size } = held[0]!;
      norms[stage - 1] = finite(Math.sqrt(sums.squaresBefore));
      norms[stage] = finite(Math.sqrt(sums.squares));
      const [first, before, after] = [held[0]!, held[stage - from - 1]!, held[stage - from]!];
      sincePrevious[stage - 1] = deltaOf(sums.previous, size, isSameTensor(before, after));
      if (from === 0 && sums.first !== null)
        sinceFirst[stage - 1] = deltaOf(sums.first, size, isSameTensor(first, after));
    }
  const of = (pick: (direction: Direction) => number | null) =>
    later.map((key) =>
      meanOf(
        matrices.map(({ matrix: { part } }) => {
          const direction = directions.get(directionKey({ name, part: part.part }, key));
          return direction === undefined ? null : pick(direction);
        }),
      ),
    );
  return {
    ...place,
    shape: segments[0]!.stored[0]!.shape,
    dtypes: stored.map((tensor) => tensor?.dtype ?? null),
    norms,
    sinceFirst,
    sincePrevious,
    stableRank: of(({ values: [largest = 0], squares }) =>
      squares === null || largest === 0 ? null : finite(squares / largest ** 2),
    ),
    similarity: of(({ similarity }) => similarity.get(keys.at(-1)!) ?? null),
    chance: meanOf(
      matrices.map(({ matrix: { part } }) => Math.min(DIRECTIONS, part.rows, part.columns) / part.columns),
    ),
  };
}

/** At most this many tensors are named in one warning. */
const NAMED = 5;

function warningsOf(
  checkpoints: readonly Checkpoint[],
  labels: readonly string[],
  tensors: readonly TensorTrajectory[],
): string[] {
  // Every step of a training says the same of its files.
  const own = new Map<string, string[]>();
  for (const [index, { warnings }] of checkpoints.entries())
    for (const warning of warnings) own.set(warning, [...(own.get(warning) ?? []), labels[index]!]);
  const said = [...own].map(([warning, who]) =>
    who.length === 1 ? `${who[0]!}: ${warning}` : `${who[0]!} and ${who.length - 1} more: ${warning}`,
  );
  const nonFinite = tensors.filter(({ sincePrevious }) => sincePrevious.some((delta) => (delta?.nonFinite ?? 0) > 0));
  if (nonFinite.length === 0) return said;
  const names = nonFinite.slice(0, NAMED).map(({ name }) => name);
  const more = nonFinite.length > NAMED ? ` and ${nonFinite.length - NAMED} more` : '';
  return [...said, `NaN or infinite weights, left out of the sums: ${names.join(', ')}${more}.`];
}
