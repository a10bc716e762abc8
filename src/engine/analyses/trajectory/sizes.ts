/**
 * The sizes of the updates: every checkpoint's part of a tensor is read once, and held against the first checkpoint and
 * against the one before it in the same pass.
 */
import type { CallContext } from '../../calls.js';
import type { Tensor } from '../../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import type { AlignedTensor, Segment } from '../../lineage/align.js';
import type { Watch } from '../../lineage/unchanged.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import { isLike, type Run } from '../../runs/store.js';
import { emptyPair, emptySums, type PairSums, type PartialSums, type StagePair } from '../compare/partial.js';
import { type Budget, bytesOf, stepFor } from '../compare/plan.js';
import { sumTasks } from '../compare/spread.js';
import { type Piece, sourceOf } from '../compare/sums.js';

/** What one step did to one tensor. */
export interface StepSums {
  /** Σ w² of the step, and of the one before it. */
  squares: number;
  squaresBefore: number;
  /** Against the first checkpoint; null where that lacks the tensor, or has another shape. */
  first: PairSums | null;
  previous: PairSums;
}

/** A line of the journal: one tensor in steps that had not been read. */
interface SizesEntry {
  tensor: string;
  steps: ({ of: string; after: string } & StepSums)[];
}

export type Sizes = Map<string, StepSums>;

/** Of a tensor in a step; `of` and `after` are the keys of the step and of the one before it. */
export function sizeKey(tensor: string, of: string, after: string): string {
  return JSON.stringify([tensor, of, after]);
}

/** A tensor in the steps that are read for it. */
export interface SizesTask {
  tensor: string;
  steps: { of: string; after: string; first: number | null; previous: number; stage: number; before: number }[];
  pairs: StagePair[];
  pieces: Piece[];
  bytes: number;
}

/** @param keys of the stages. @param known what need not be read again */
export function planSizes(tensors: readonly AlignedTensor[], keys: readonly string[], known: Sizes): SizesTask[] {
  return tensors.flatMap(({ name, segments }) =>
    segments.flatMap((segment) => {
      const due = dueIn(name, segment, keys, known);
      return due.length === 0 ? [] : [taskOf(name, segment, due, keys)];
    }),
  );
}

/** Places in the segment of the steps whose sums are not there, or lack what can be had now. */
function dueIn(name: string, { from, stored }: Segment, keys: readonly string[], known: Sizes): number[] {
  return stored.flatMap((_, index) => {
    if (index === 0) return [];
    const sums = known.get(sizeKey(name, keys[from + index]!, keys[from + index - 1]!));
    return sums === undefined || (from === 0 && sums.first === null) ? [index] : [];
  });
}

function taskOf(name: string, { from, stored }: Segment, due: readonly number[], keys: readonly string[]): SizesTask {
  // What several steps share, such as a weight that no adapter touches, is read once.
  const places = new Map<string, number>();
  const distinct: Tensor[] = [];
  const placeOf = (index: number): number => {
    const tensor = stored[index]!;
    const identity = identityOf(tensor);
    const place = places.get(identity) ?? distinct.push(tensor) - 1;
    places.set(identity, place);
    return place;
  };
  const pairs: StagePair[] = [];
  const pairOf = (earlier: number, later: number): number => {
    const [a, b] = [Math.min(earlier, later), Math.max(earlier, later)];
    const found = pairs.findIndex(([x, y]) => x === a && y === b);
    return found >= 0 ? found : pairs.push([a, b]) - 1;
  };
  if (from === 0) placeOf(0);
  const steps = due.map((index) => {
    const [before, stage] = [placeOf(index - 1), placeOf(index)];
    const first = from === 0 ? pairOf(placeOf(0), stage) : null;
    const previous = pairOf(before, stage);
    return { of: keys[from + index]!, after: keys[from + index - 1]!, first, previous, stage, before };
  });
  const bytesPerElement = distinct.reduce((sum, { dtype }) => sum + DTYPE_BYTES[dtype], 0);
  const step = stepFor(bytesPerElement);
  const { size } = distinct[0]!;
  const pieces: Piece[] = [];
  for (let start = 0; start < size; start += step)
    pieces.push({
      sources: distinct.map((tensor) => sourceOf(tensor, start)),
      elements: Math.min(step, size - start),
      pairs,
    });
  return { tensor: name, steps, pairs, pieces, bytes: size * bytesPerElement };
}

/** Equal for tensors that are the same bytes, or computed alike from the same ones. */
function identityOf(tensor: Tensor): string {
  return tensor.expression === undefined ? `${tensor.begin} ${tensor.dtype} ${tensor.shard.realPath}` : tensor.id;
}

export function bytesOfTasks(tasks: readonly SizesTask[]): number {
  return tasks.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What the journal has. */
export async function restoreSizes(run: Run | undefined): Promise<Sizes> {
  const sizes: Sizes = new Map();
  for (const { tensor, steps } of (await run?.entries(isEntry)) ?? [])
    for (const { of, after, ...sums } of steps) sizes.set(sizeKey(tensor, of, after), sums);
  return sizes;
}

function isEntry(value: unknown): value is SizesEntry {
  if (!isLike(value, { tensor: '' })) return false;
  const { steps } = value as Partial<SizesEntry>;
  const shape = { of: '', after: '', squares: 0, squaresBefore: 0, previous: emptyPair() };
  return (
    Array.isArray(steps) &&
    steps.every((step) => isLike(step, shape) && (step.first === null || isLike(step.first, emptyPair())))
  );
}

/** Reads what the tasks name, and adds it to `sizes` and to the journal, tensor by tensor. */
export async function computeSizes(
  tasks: readonly SizesTask[],
  sizes: Sizes,
  { threads }: Pick<Budget, 'threads'>,
  { run, watch, workerFile }: { run: Run | undefined; watch: Watch; workerFile: string },
  { signal, progress }: CallContext,
): Promise<void> {
  if (tasks.length === 0) return;
  const reporter = createBytesReporter('Reading steps', bytesOfTasks(tasks), 0, progress);
  await sumTasks(tasks, {
    workerFile,
    threads,
    signal,
    emptyOf: (task) => emptySums(sourcesIn(task), task.pairs.length),
    look: async (done) => {
      await watch.look();
      for (const { piece, task } of done) reporter.add(bytesOf(piece), task.tensor);
    },
    finish: async (finished) => {
      const entries = finished.map(({ task, sums }) => entryOf(task, sums));
      for (const { tensor, steps } of entries)
        for (const { of, after, ...sums } of steps) sizes.set(sizeKey(tensor, of, after), sums);
      await run?.append(...entries);
    },
  });
}

function entryOf({ tensor, steps }: SizesTask, { stages, pairs }: PartialSums): SizesEntry {
  return {
    tensor,
    steps: steps.map(({ of, after, first, previous, stage, before }) => ({
      of,
      after,
      squares: stages[stage]!.squares,
      squaresBefore: stages[before]!.squares,
      first: first === null ? null : pairs[first]!,
      previous: pairs[previous]!,
    })),
  };
}

/** Of an empty tensor there is no piece that names its sources. */
function sourcesIn({ steps, pieces }: SizesTask): number {
  return pieces[0]?.sources.length ?? 1 + Math.max(...steps.flatMap(({ stage, before }) => [stage, before]));
}
