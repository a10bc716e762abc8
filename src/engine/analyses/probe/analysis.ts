/** What the engine runs of a probe. */
import type { CallContext } from '../../calls.js';
import type { Tools } from '../declare/definition.js';
import { planProbe } from './plan.js';
import { probe } from './probe.js';
import type { ParsedProbe, ProbePlan, ProbeProgress } from './request.js';
import type { ProbeResult } from './result.js';

export function plan(
  request: ParsedProbe,
  { workerFile, mutex, release }: Tools,
  context?: CallContext<ProbeProgress>,
): Promise<ProbePlan> {
  return planProbe(request, workerFile, mutex, release, context);
}

export function run(
  request: ParsedProbe,
  { workerFile }: Tools,
  context?: CallContext<ProbeProgress>,
): Promise<ProbeResult> {
  return probe(request, workerFile, context);
}
