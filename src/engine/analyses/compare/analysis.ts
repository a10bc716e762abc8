/** What the engine runs of a comparison. */
import type { CallContext } from '../../calls.js';
import type { Tools } from '../declare/definition.js';
import { compare, planCompare } from './compare.js';
import type { ComparePlan, CompareRequest } from './request.js';
import type { CompareResult } from './result.js';

export function plan(request: CompareRequest, _: Tools, context?: CallContext): Promise<ComparePlan> {
  return planCompare(request, context);
}

export function run(request: CompareRequest, { workerFile }: Tools, context?: CallContext): Promise<CompareResult> {
  return compare(request, workerFile, context);
}
