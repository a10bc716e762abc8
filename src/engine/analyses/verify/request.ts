/**
 * What a verification is asked: whether what should have stayed frozen did. Plain data: crosses processes and
 * identifies a run.
 */
import * as v from 'valibot';
import { checkpoints, cuts, machine, optional, required, texts } from '../declare/field.js';

/** Parts of the model outside the language layers, as `also` names them. */
export const OUTSIDE = ['vision', 'projector', 'embeddings', 'head', 'norms'] as const;
export type Outside = (typeof OUTSIDE)[number];

export const verifyRequest = v.object({
  /** What should have stayed, as a plan's `freeze` says it. Nothing, for a training in which all was free to move. */
  frozen: required(texts, { flags: [] }),
  /** Parts that should have stayed. */
  also: optional(v.array(v.picklist(OUTSIDE, `The parts are ${OUTSIDE.join(', ')}.`)), { flags: [] }),
  /** They say which layers `mid` is. */
  cuts: cuts({}),
  /** IN, and what was trained from it. */
  stages: checkpoints('stages', {}, [], {
    least: 2,
    fewer: 'A verification needs two checkpoints: IN, and what was trained from it.',
  }),
  runsFolder: machine().runsFolder,
});

export type VerifyRequest = v.InferInput<typeof verifyRequest>;

/** What it will cost, before it starts. */
export interface VerifyPlan {
  tensors: number;
  /** Of both checkpoints; each is read once. */
  bytes: number;
}
