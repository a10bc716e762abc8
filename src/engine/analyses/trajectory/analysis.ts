/** What the engine runs of a trajectory. */
import type { CallContext } from '../../calls.js';
import type { Tools } from '../declare/definition.js';
import { planTrajectory } from './plan.js';
import type { TrajectoryPlan, TrajectoryRequest } from './request.js';
import type { TrajectoryResult } from './result.js';
import { trajectory } from './trajectory.js';

export function plan(request: TrajectoryRequest, _: Tools, context?: CallContext): Promise<TrajectoryPlan> {
  return planTrajectory(request, context);
}

export function run(
  request: TrajectoryRequest,
  { workerFile }: Tools,
  context?: CallContext,
): Promise<TrajectoryResult> {
  return trajectory(request, workerFile, context);
}
