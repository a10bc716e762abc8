/** The schema of a trajectory's result. */
import * as v from 'valibot';
import {
  amount,
  amounts,
  base,
  cuts,
  layer,
  lineage,
  maybe,
  maybes,
  maybeTexts,
  ofSection,
  region,
  tensor,
  text,
} from '../declare/shape.js';
import { delta, deltaAggregate } from '../compare/schema.js';
import { AGAINST } from './request.js';
import type { TrajectoryResult } from './result.js';

const sizes = v.array(v.nullable(v.object({ ...delta, changedCount: amount })));
const groupSizes = v.array(v.nullable(v.object(deltaAggregate)));
const directions = { stableRank: maybes, similarity: maybes, chance: maybe };
const group = { weights: amount, sinceFirst: groupSizes, sincePrevious: groupSizes, ...directions };

export const trajectoryResult: v.GenericSchema<unknown, TrajectoryResult> = v.object({
  ...base,
  kind: v.literal('trajectory'),
  stages: lineage.stages,
  steps: amounts,
  against: v.picklist(AGAINST),
  directions: v.boolean(),
  k: amount,
  cuts,
  tensors: v.array(
    v.object({
      ...tensor,
      shape: amounts,
      dtypes: maybeTexts,
      norms: maybes,
      sinceFirst: sizes,
      sincePrevious: sizes,
      ...directions,
    }),
  ),
  layers: v.array(v.object({ ...layer, ...group })),
  regions: v.array(v.object({ ...region, ...group })),
  sections: v.array(v.object({ ...ofSection, ...group })),
  whole: v.object(group),
  missing: lineage.missing,
  leftOut: v.array(v.object({ path: text, step: maybe, reason: text })),
});
