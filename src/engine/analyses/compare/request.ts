/** What a comparison is asked for. Plain data: crosses processes and identifies a run. */
import * as v from 'valibot';
import { cuts, machine, stages } from '../declare/field.js';

export const compareRequest = v.object({
  cuts: cuts(),
  stages: stages(),
  ...machine({ memory: 'memory budget, such as 2GB', threads: 'worker threads (default: all cores)' }),
});

export type CompareRequest = v.InferInput<typeof compareRequest>;

export interface ComparePlan {
  tensors: number;
  /** Bytes to read over all stages. */
  bytes: number;
  /** As earlier comparisons went on this machine, or as a sample of this one goes. */
  seconds: number;
  memory: number;
  threads: number;
}
