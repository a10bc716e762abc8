/** The schema of a verification's result. */
import * as v from 'valibot';
import { REGIONS } from '../../topology/topology.js';
import { amount, base, cuts, lineage, maybe, text } from '../declare/shape.js';
import { OUTSIDE } from './request.js';
import type { Verification } from './result.js';

const group = v.picklist([...REGIONS, ...OUTSIDE, 'other']);

export const verifyResult: v.GenericSchema<unknown, Verification> = v.object({
  ...base,
  kind: v.literal('verification'),
  stages: lineage.stages,
  cuts,
  in: text,
  result: text,
  madeOf: v.nullable(text),
  passed: v.boolean(),
  frozen: v.object({ tensors: amount, parameters: amount, rounded: amount }),
  moved: v.array(
    v.object({ name: text, onDisk: text, elements: amount, changed: amount, maxAbs: maybe, belowStep: v.boolean() }),
  ),
  missing: v.array(v.object({ name: text, reason: text })),
  held: v.array(
    v.object({ group, tensors: amount, parameters: amount, moved: amount, missing: amount, rounded: amount }),
  ),
  groups: v.array(
    v.object({
      group,
      tensors: amount,
      parameters: amount,
      fro: maybe,
      floor: amount,
      timesFloor: maybe,
      changed: amount,
      unmoved: amount,
    }),
  ),
});
