/**
 * Whether two tensors hold the same weights, and how far one moved.
 *
 * A frozen tensor of the same dtype has the same bytes. Where the result is stored more finely (F32 of a BF16 IN), it
 * holds exactly IN's values: a weight that trained by less than half a step of BF16 would still round to them. Where
 * the result is stored more coarsely, it holds IN's values rounded once.
 */
import { deltaOf } from '../compare/partial.js';
import { exactPairSums } from '../compare/sums.js';
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { encodeInto, isFloat, roundTo } from '../../checkpoint/encode.js';
import { isSameTensor } from '../../checkpoint/sameTensor.js';
import { nameInFile } from '../../checkpoint/wrappers.js';
import { readElements, readInto } from '../../tensors/elements.js';
import type { MovedTensor } from './result.js';

/** That rule, as a run's identity names it. */
export const DTYPE_RULE = 'same bits; finer: same values; coarser: rounded once';

/** What became of a tensor that should have stayed. */
export type HeldState = 'same' | 'rounded' | 'moved' | 'missing';

/** Elements compared at once. */
const STEP = 1 << 20;

/** `same`: the result holds IN's values. `rounded`: IN's values rounded to the result's coarser dtype. */
export async function compareBits(
  before: Tensor,
  after: Tensor,
  signal?: AbortSignal,
): Promise<'same' | 'rounded' | 'moved'> {
  if (isSameTensor(before, after)) return 'same';
  if (after.expression !== undefined || !isFloat(after.dtype) || !isFloat(before.dtype))
    return (await movementOf(before, after)).changed === 0 ? 'same' : 'moved';
  const [from, to] = [before.dtype, after.dtype];
  let isRounded = false;
  for (let first = 0; first < before.size; first += STEP) {
    const count = Math.min(STEP, before.size - first);
    const [expected, found] = [new Uint8Array(count * DTYPE_BYTES[to]), new Uint8Array(count * DTYPE_BYTES[to])];
    await readInto(after, first, found, signal);
    if (from === to && before.expression === undefined) await readInto(before, first, expected, signal);
    else {
      const values = new Float64Array(count);
      await readElements(before, first, values, signal);
      const exact = values.slice();
      roundTo(to, exact);
      isRounded ||= exact.some((value, index) => value !== values[index] && !Number.isNaN(value));
      encodeInto(to, values, expected);
    }
    if (!Buffer.from(expected.buffer).equals(Buffer.from(found.buffer))) return 'moved';
  }
  return isRounded ? 'rounded' : 'same';
}

export interface Movement {
  squares: number;
  floorSquares: number;
  changed: number;
  maxAbs: number | null;
}

export async function movementOf(before: Tensor, after: Tensor): Promise<Movement> {
  if (isSameTensor(before, after)) return { squares: 0, floorSquares: 0, changed: 0, maxAbs: 0 };
  const delta = deltaOf(await exactPairSums(before, after), before.size);
  return {
    squares: (delta.fro ?? Infinity) ** 2,
    floorSquares: delta.floor ** 2,
    // What became NaN, or infinite, has moved too.
    changed: delta.changedCount + (await nonFiniteChanges(before, after, delta.nonFinite)),
    maxAbs: delta.maxAbs,
  };
}

/** Of the weights that are not finite before or after, those that are not the same. */
async function nonFiniteChanges(before: Tensor, after: Tensor, nonFinite: number): Promise<number> {
  if (nonFinite === 0) return 0;
  let changed = 0;
  for (let first = 0; first < before.size; first += STEP) {
    const [a, b] = [
      new Float64Array(Math.min(STEP, before.size - first)),
      new Float64Array(Math.min(STEP, before.size - first)),
    ];
    await readElements(before, first, a);
    await readElements(after, first, b);
    a.forEach((value, index) => {
      if ((!Number.isFinite(value) || !Number.isFinite(b[index])) && !Object.is(value, b[index])) changed++;
    });
  }
  return changed;
}

export async function movedTensor(before: Tensor, after: Tensor, signal?: AbortSignal): Promise<MovedTensor> {
  const { changed, maxAbs } = await movementOf(before, after);
  let belowStep = isFloat(before.dtype);
  for (let first = 0; belowStep && first < before.size; first += STEP) {
    const count = Math.min(STEP, before.size - first);
    const [a, b] = [new Float64Array(count), new Float64Array(count)];
    await readElements(before, first, a, signal);
    await readElements(after, first, b, signal);
    roundTo(before.dtype, b);
    belowStep = a.every((value, index) => Object.is(value, b[index]));
  }
  return { name: before.name, onDisk: nameInFile(after), elements: before.size, changed, maxAbs, belowStep };
}
