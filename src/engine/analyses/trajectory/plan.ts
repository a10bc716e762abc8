/** What a trajectory costs. */
import type { CallContext } from '../../calls.js';
import { budgetFor } from '../compare/plan.js';
import { comparePiece, type Piece } from '../compare/sums.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { measureOperations, measureReading } from '../spectrum/plan.js';
import { directionsBudget, trackedOf, workOfDirections } from './directions.js';
import type { TrajectoryPlan, TrajectoryRequest } from './request.js';
import { setUp } from './setup.js';
import { bytesOfTasks, planSizes, type SizesTask } from './sizes.js';

/** Headers are read, and how fast this machine is, is measured in a moment. */
export async function planTrajectory(request: TrajectoryRequest, context: CallContext = {}): Promise<TrajectoryPlan> {
  const { checkpoints, leftOut, alignment } = await setUp(request, context);
  // Nothing is looked up in a journal: any names do.
  const keys = checkpoints.map((_, index) => String(index));
  const budget = budgetFor(alignment.tensors, request.memory, request.threads);
  const tasks = planSizes(alignment.tensors, keys, new Map());
  const bytes = bytesOfTasks(tasks);
  const tracked = (request.directions ?? true) ? trackedOf(alignment.tensors, checkpoints, keys) : [];
  const again = workOfDirections(tracked, new Map());
  const threads =
    tracked.length === 0 ? budget.threads : directionsBudget(tracked, request.memory, request.threads).threads;
  const sizes = bytes / budget.threads / (await measureSizes(tasks));
  const directions =
    again.operations === 0
      ? 0
      : again.operations / (await measureOperations(threads)) +
        again.bytes / threads / (await measureReading(tracked.map(({ matrix }) => matrix)));
  return {
    checkpoints: checkpoints.length,
    leftOut: leftOut.length,
    tensors: alignment.tensors.length,
    matrices: tracked.length,
    bytes,
    directionBytes: again.bytes,
    seconds: sizes + directions,
    memory: budget.memory,
    threads: budget.threads,
  };
}

/** Bytes read to see how fast that goes. */
const MEASURED_BYTES = 16 << 20;

/** Bytes per second of one thread, from the largest piece. */
async function measureSizes(tasks: readonly SizesTask[]): Promise<number> {
  const piece = tasks
    .flatMap(({ pieces }) => pieces)
    .reduce<Piece | undefined>(
      (most, one) => (most === undefined || one.elements > most.elements ? one : most),
      undefined,
    );
  if (piece === undefined || piece.elements === 0) return Infinity;
  const width = piece.sources.reduce((sum, { dtype }) => sum + DTYPE_BYTES[dtype], 0);
  const elements = Math.min(piece.elements, Math.ceil(MEASURED_BYTES / width));
  const begin = performance.now();
  await comparePiece({ ...piece, elements });
  return (elements * width) / Math.max(1e-3, (performance.now() - begin) / 1000);
}
