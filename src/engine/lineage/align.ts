/** Which tensors of several checkpoints belong together, and what has no counterpart. */
import type { Checkpoint, LeftOutTensor, Tensor } from '../checkpoint/checkpoint.js';
import { EMPTY } from '../checkpoint/empty.js';
import { leftOutWeights } from '../checkpoint/leftOut.js';
import { otherwiseCounted } from '../topology/names.js';
import { matchExperts } from '../checkpoint/experts.js';

/** A run of neighbouring stages that hold a tensor in one shape: what can be compared. */
export interface Segment {
  /** First stage. */
  from: number;
  stored: Tensor[];
}

export interface AlignedTensor {
  name: string;
  /** Per stage; undefined where absent. */
  stored: (Tensor | undefined)[];
  segments: Segment[];
}

export interface Alignment {
  /** Tensors with at least one segment, in the order in which the stages list them. */
  tensors: AlignedTensor[];
  missing: MissingTensor[];
}

export function alignTensors(checkpoints: readonly Checkpoint[]): Alignment {
  const matched = matchExperts(checkpoints);
  const leftOut = checkpoints.map((checkpoint) => leftOutWeights(checkpoint));
  const names = new Set(
    matched.tensors
      .flatMap((stage, index) => [...stage.keys(), ...leftOut[index]!.keys()])
      .concat([...matched.reasons.keys()]),
  );
  const tensors: AlignedTensor[] = [];
  const missing: MissingTensor[] = [];
  for (const name of names) {
    const stored = matched.tensors.map((stage) => stage.get(name));
    const segments = segmentsOf(stored);
    if (segments.length > 0) tensors.push({ name, stored, segments });
    const lacking = describeMissing(
      name,
      stored,
      leftOut.map((weights) => weights.get(name)),
      checkpoints,
    );
    const reason = matched.reasons.get(name);
    if (lacking) missing.push(reason === undefined ? lacking : { ...lacking, reason });
  }
  return { tensors, missing };
}

function segmentsOf(stored: readonly (Tensor | undefined)[]): Segment[] {
  const segments: Segment[] = [];
  let current: Segment | undefined;
  stored.forEach((tensor, stage) => {
    if (tensor && current && sameShape(tensor, current.stored[0]!)) current.stored.push(tensor);
    else {
      current = tensor && { from: stage, stored: [tensor] };
      if (current) segments.push(current);
    }
  });
  return segments.filter((segment) => segment.stored.length > 1);
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
}

function describeMissing(
  name: string,
  stored: readonly (Tensor | undefined)[],
  leftOut: readonly (LeftOutTensor | undefined)[],
  checkpoints: readonly Checkpoint[],
): MissingTensor | undefined {
  const stages = stored.map((_, stage) => stage);
  const presentIn = stages.filter((stage) => stored[stage]);
  const absentIn = stages.filter((stage) => !stored[stage]);
  const first = stored[presentIn[0] ?? -1];
  const reshaped = presentIn.some((stage) => !sameShape(stored[stage]!, first!));
  if (absentIn.length === 0 && !reshaped) return undefined;
  return {
    name,
    presentIn,
    absentIn,
    shapes: stored.map((tensor, stage) => tensor?.shape ?? leftOut[stage]?.shape ?? null),
    reason:
      leftOut.find((tensor) => tensor !== undefined)?.reason ??
      (reshaped && stored.some((tensor) => tensor?.size === 0) ? EMPTY : undefined) ??
      reasonFor(name, reshaped, absentIn, checkpoints),
  };
}

function reasonFor(
  name: string,
  reshaped: boolean,
  absentIn: readonly number[],
  checkpoints: readonly Checkpoint[],
): string {
  if (reshaped) {
    return /embed_tokens|lm_head/.test(name)
      ? 'The vocabulary has another size, so the tensor has another shape.'
      : 'The tensor has another shape, so its update has no meaning.';
  }
  if (
    name === 'lm_head.weight' &&
    absentIn.every((stage) => checkpoints[stage]!.tensors.has('model.language_model.embed_tokens.weight'))
  ) {
    return 'The output head is not stored here: it is tied to the embedding.';
  }
  if (absentIn.some((stage) => checkpoints[stage]!.tensors.has(otherwiseCounted(name))))
    return 'The layer is beyond those that one config counts, so it runs in one checkpoint only.';
  return 'The tensor is not in this checkpoint.';
}

export interface MissingTensor {
  name: string;
  /** Stage indices. */
  presentIn: number[];
  absentIn: number[];
  /** Shape per stage, null where absent. Differing shapes are the reason when `absentIn` is empty. */
  shapes: (number[] | null)[];
  /** A sentence: tied head, added vocabulary, other shape … */
  reason: string;
}
