/** How far apart two checkpoints are, from a sample: enough to order a lineage, in milliseconds. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { alignTensors } from '../../lineage/align.js';
import { addSums, emptySums } from './partial.js';
import { comparePieces, type Piece, sourceOf } from './sums.js';

/** Weights sampled, spread over the model, and elements from the middle of each. */
const WEIGHTS = 16;
const ELEMENTS = 16_384;

/** ‖Δ‖/‖W‖ over the sample; Infinity when nothing can be compared. */
export async function sampledDistance(a: Checkpoint, b: Checkpoint): Promise<number> {
  const weights = alignTensors([a, b]).tensors.filter(({ segments }) => segments[0]!.stored[0]!.shape.length >= 2);
  const step = Math.max(1, Math.floor(weights.length / WEIGHTS));
  const pieces: Piece[] = [];
  for (let index = 0; index < weights.length; index += step) {
    const { stored } = weights[index]!.segments[0]!;
    const elements = Math.min(ELEMENTS, stored[0]!.size);
    const start = Math.floor((stored[0]!.size - elements) / 2);
    pieces.push({ sources: stored.map((tensor) => sourceOf(tensor, start)), elements });
  }
  const total = emptySums(2);
  for (const sums of await comparePieces(pieces)) addSums(total, sums);
  const { deltaSquares, aSquares } = total.pairs[0]!;
  return aSquares > 0 ? Math.sqrt(deltaSquares / aSquares) : Infinity;
}
