/** The schema of a comparison's result. */
import * as v from 'valibot';
import {
  amount,
  amounts,
  layer,
  lineage,
  maybe,
  maybes,
  maybeTexts,
  ofSection,
  perName,
  region,
  tensor,
} from '../declare/shape.js';
import type { Component } from '../../topology/topology.js';
import type { Aggregate, CompareResult } from './result.js';

export const delta = {
  fro: maybe,
  relative: maybe,
  cosine: maybe,
  maxAbs: maybe,
  changed: maybe,
  floor: amount,
  nonFinite: amount,
};
export const deltaAggregate = {
  ...delta,
  fro: amount,
  meanFro: amount,
  sumFro: amount,
  meanRelative: maybe,
  maxAbs: amount,
};
const aggregate = {
  weights: amount,
  tensors: amount,
  parameters: amount,
  deltas: v.array(v.nullable(v.object(deltaAggregate))),
};
export const compareResult: v.GenericSchema<unknown, CompareResult> = v.object({
  ...lineage,
  /** The results of the other analyses have one. */
  kind: v.optional(v.never()),
  tensors: v.array(
    v.object({
      ...tensor,
      shape: amounts,
      onDisk: maybeTexts,
      dtypes: maybeTexts,
      norms: maybes,
      deltas: v.array(v.nullable(v.object({ ...delta, changedCount: amount }))),
    }),
  ),
  layers: v.array(v.object({ ...layer, ...aggregate, components: perName<Component, Aggregate>(v.object(aggregate)) })),
  regions: v.array(v.object({ ...region, ...aggregate })),
  sections: v.array(v.object({ ...ofSection, ...aggregate })),
});
