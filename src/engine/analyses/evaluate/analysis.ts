/** What the engine runs of an evaluation. */
import type { CallContext } from '../../calls.js';
import type { Tools } from '../declare/definition.js';
import { evaluate } from './evaluate.js';
import { planEvaluate } from './plan.js';
import { importAnswers, planImported } from './imported.js';
import { planRegrade, regrade } from './regrade.js';
import type { EvaluatePlan, EvaluateProgress, ParsedEvaluation } from './request.js';
import type { EvaluateResult } from './result.js';

export function plan(
  request: ParsedEvaluation,
  { workerFile, mutex, release }: Tools,
  context?: CallContext<EvaluateProgress>,
): Promise<EvaluatePlan> {
  if (request.regrade !== undefined) return planRegrade(request, context);
  if (request.imported !== undefined) return planImported(request, context);
  return planEvaluate(request, workerFile, mutex, release, context);
}

export function run(
  request: ParsedEvaluation,
  { workerFile, host }: Tools,
  context?: CallContext<EvaluateProgress>,
): Promise<EvaluateResult> {
  if (request.imported !== undefined) return importAnswers(request, context);
  if (request.regrade !== undefined) return regrade(request, host, context);
  return evaluate(request, workerFile, host, context);
}
