/** The request that judges a run's answers again. */
import type { RunLocation } from '../analyses.js';
import type { EvaluateRequest } from './request.js';
import type { EvaluateResult } from './result.js';

export type RegradeOptions = Pick<EvaluateRequest, 'grader' | 'graderScope'> &
  Pick<NonNullable<EvaluateRequest['regrade']>, 'rules' | 'verdicts'>;

/** @param from where the run with the answers lies; absolute */
export function regradeRequest(
  { kind, checkpoints, data, maxNewTokens, seed, axis }: EvaluateResult,
  { runsFolder, runId }: RunLocation,
  { grader, graderScope, rules, verdicts }: RegradeOptions,
): EvaluateRequest {
  return {
    kind,
    checkpoints: checkpoints.map(({ path, label, role, recipe }) => ({
      path,
      label,
      ...(role !== null && { role }),
      ...(recipe !== null && { recipe }),
    })),
    data,
    maxNewTokens,
    seed,
    ...(axis !== null && { axis }),
    ...(grader && { grader, graderScope }),
    regrade: { runsFolder, runId, ...(rules && { rules }), ...(verdicts !== undefined && { verdicts }) },
  };
}
