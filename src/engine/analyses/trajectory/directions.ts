/**
 * The directions of the updates since the first checkpoint, matrix by matrix: what is missing is computed in workers.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { throwIfCancelled } from '../../errors.js';
import type { AlignedTensor } from '../../lineage/align.js';
import type { Watch } from '../../lineage/unchanged.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import { isLike, type Run } from '../../runs/store.js';
import { ThreadPool } from '../../runtime/pool.js';
import { type Need, runWithin } from '../../runtime/weighted.js';
import { factorsOf, totalRank } from '../spectrum/lowRank.js';
import type { MatrixSource } from '../spectrum/matrix.js';
import { budgetFor, schedule, type SpectrumBudget, workOf } from '../spectrum/plan.js';
import { matricesOf, type Matrix } from '../spectrum/setup.js';
import { readVectors, type TrackedStep, type TrackJob, type TrackOutcome, type VectorsSpan } from './track.js';
import { VectorsWriter } from './vectors.js';

/** A matrix that every checkpoint has. */
export interface Tracked {
  matrix: Matrix;
  /** Per step: Δ = step − first. */
  sources: MatrixSource[];
  /** Keys of the steps. */
  keys: string[];
}

/** What is known of a matrix in a step. */
export interface Direction {
  values: number[];
  squares: number | null;
  vectors: VectorsSpan | null;
  /** Sim_K with steps that were the last, by their keys. */
  similarity: Map<string, number | null>;
}

export type Directions = Map<string, Direction>;

/** A line of the journal: a matrix in a step. */
interface DirectionEntry {
  matrix: string;
  part: string | null;
  of: string;
  values: number[];
  squares: number | null;
  vectors: VectorsSpan | null;
  last: string;
  similarity: number | null;
}

export function directionKey({ name, part }: { name: string; part: string | null }, of: string): string {
  return JSON.stringify([name, part, of]);
}

/** The matrices whose directions are followed: each tensor as one, a stack of experts as one per expert. */
export function trackedOf(
  tensors: readonly AlignedTensor[],
  checkpoints: readonly Checkpoint[],
  keys: readonly string[],
): Tracked[] {
  const aligned = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return tensors.flatMap((tensor) =>
    matricesOf(tensor, checkpoints, aligned)
      .filter(
        ({ from, tensors, skipped, part: { part } }) =>
          from === 0 &&
          tensors.length === checkpoints.length &&
          skipped === null &&
          (part === null || /^expert \d+$/.test(part)),
      )
      .map(({ rank: _, ...matrix }): Tracked => {
        const { rows, columns, first, rowStride, columnStride } = matrix.part;
        const lies = { first, rowStride, columnStride };
        const [start, ...steps] = matrix.tensors;
        const sources = steps.map((step) => ({
          rows,
          columns,
          before: { tensor: start!, ...lies },
          after: { tensor: step, ...lies },
        }));
        const ranks = sources.map((source) => factorsOf(source)).map((terms) => terms && totalRank(terms));
        const rank = ranks.includes(undefined) ? null : Math.max(...(ranks as number[]));
        return { matrix: { ...matrix, mode: 'fast', rank }, sources, keys: keys.slice(1) };
      }),
  );
}

/** What the journal has. */
export async function restoreDirections(run: Run | undefined): Promise<Directions> {
  const directions: Directions = new Map();
  for (const { matrix, part, of, last, similarity, ...own } of (await run?.entries(isEntry)) ?? []) {
    const key = directionKey({ name: matrix, part }, of);
    const known = directions.get(key)?.similarity ?? new Map<string, number | null>();
    directions.set(key, { ...own, similarity: known.set(last, similarity) });
  }
  return directions;
}

function isEntry(value: unknown): value is DirectionEntry {
  if (!isLike(value, { matrix: '', of: '', last: '' })) return false;
  const { part, values, squares, vectors, similarity } = value as Partial<DirectionEntry>;
  const isNumber = (one: unknown) => one === null || typeof one === 'number';
  return (
    (part === null || typeof part === 'string') &&
    Array.isArray(values) &&
    values.every((one) => typeof one === 'number') &&
    isNumber(squares) &&
    isNumber(similarity) &&
    (vectors === null || isLike(vectors, { file: '', first: 0, count: 0 }))
  );
}

/** Matrices of which something is missing, with only the steps that must be computed. */
export function missingIn(tracked: readonly Tracked[], known: Directions): Tracked[] {
  return tracked.filter(({ matrix, keys }) => keys.some((of) => !isKnown(known, matrix, of, keys.at(-1)!)));
}

function isKnown(known: Directions, matrix: Matrix, of: string, last: string): boolean {
  return known.get(placeOf(matrix, of))?.similarity.has(last) ?? false;
}

function placeOf({ name, part: { part } }: Matrix, of: string): string {
  return directionKey({ name, part }, of);
}

/** Whether its update must be computed: nothing is stored of it. */
function isNew(known: Directions, matrix: Matrix, of: string): boolean {
  return (known.get(placeOf(matrix, of))?.vectors ?? null) === null;
}

/** A matrix as the schedule of spectra weighs it: first and the steps that are computed. */
function weighed({ matrix, keys }: Tracked, known: Directions): Matrix {
  const [first, ...steps] = matrix.tensors;
  return { ...matrix, tensors: [first!, ...steps.filter((_, index) => isNew(known, matrix, keys[index]!))] };
}

/** What computing costs. */
export function workOfDirections(
  missing: readonly Tracked[],
  known: Directions,
): { bytes: number; operations: number } {
  const works = missing.map((tracked) => weighed(tracked, known)).filter(({ tensors }) => tensors.length > 1);
  return works
    .map(workOf)
    .reduce((sum, { bytes, operations }) => ({ bytes: sum.bytes + bytes, operations: sum.operations + operations }), {
      bytes: 0,
      operations: 0,
    });
}

/** @throws `bad-request` where the memory does not hold what one matrix needs */
export function directionsBudget(
  tracked: readonly Tracked[],
  memory: number | undefined,
  threads: number | undefined,
): SpectrumBudget {
  return budgetFor(
    tracked.map(({ matrix }) => matrix),
    memory,
    threads,
  );
}

/** Steps whose vectors are held at once. */
const TOGETHER = 8;

interface Around {
  run: Run | undefined;
  watch: Watch;
  workerFile: string;
}

/** Computes what is missing, and adds it to `known` and to the journal. */
export async function computeDirections(
  tracked: readonly Tracked[],
  known: Directions,
  budget: SpectrumBudget,
  { run, watch, workerFile }: Around,
  { signal, progress }: CallContext,
): Promise<void> {
  const missing = missingIn(tracked, known);
  if (missing.length === 0) return;
  const byMatrix = new Map(missing.map((one) => [weighed(one, known), one]));
  const reporter = createBytesReporter('Computing directions', workOfDirections(missing, known).bytes, 0, progress);
  const writer = run && new VectorsWriter(run.folder);
  const pool = ThreadPool.start<TrackJob, TrackOutcome>(
    workerFile,
    'trajectory',
    Math.min(budget.threads, missing.length),
  );
  const stop = () => void pool.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await runWithin(
      schedule([...byMatrix.keys()], budget),
      budget.limits,
      ({ need }) => need,
      async ({ matrix, need }, worker) => {
        const one = byMatrix.get(matrix)!;
        const bytes = workOf(matrix).bytes / Math.max(1, matrix.tensors.length - 1);
        await follow(one, known, need, {
          compute: (job) => pool.runOn(worker, job),
          record: async (entry, vectors) => {
            await watch.look();
            if (vectors !== null) {
              reporter.add(bytes, matrix.name);
              entry.vectors = writer === undefined ? null : await writer.append(vectors, entry.values.length);
            }
            await run?.append(entry);
          },
          folder: run?.folder,
        });
      },
      signal,
    );
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
    await writer?.close();
  }
}

interface Following {
  compute: (job: TrackJob) => Promise<TrackOutcome>;
  /** @param vectors of an update that was computed */
  record: (entry: DirectionEntry, vectors: Float32Array | null) => Promise<void>;
  folder: string | undefined;
}

/** The last step first: the others are held against it. */
async function follow(
  { matrix, sources, keys }: Tracked,
  known: Directions,
  { memory, threads }: Need,
  { compute, record, folder }: Following,
): Promise<void> {
  const {
    name,
    part: { part, columns },
  } = matrix;
  const lastKey = keys.at(-1)!;
  const placed = (span: VectorsSpan) => ({ ...span, file: path.join(folder!, path.basename(span.file)) });
  let last: Float32Array | null = null;
  const take = async (indices: readonly number[]) => {
    const before = indices.map((index) => known.get(placeOf(matrix, keys[index]!)));
    const steps = indices.map((index, at): TrackedStep => {
      const vectors = before[at]?.vectors ?? null;
      return vectors === null ? { source: sources[index]! } : { vectors: placed(vectors) };
    });
    const job = { columns, steps, last, seed: seedOf(name, part), threads, memory };
    const { updates, similarity } = await compute(job);
    for (const [at, index] of indices.entries()) {
      const { values, squares } = updates[at] ?? before[at]!;
      const entry: DirectionEntry = {
        matrix: name,
        part,
        of: keys[index]!,
        values,
        squares,
        vectors: before[at]?.vectors ?? null,
        last: lastKey,
        similarity: similarity[at]!,
      };
      await record(entry, updates[at]?.vectors ?? null);
      const all = before[at]?.similarity ?? new Map<string, number | null>();
      known.set(placeOf(matrix, entry.of), {
        values,
        squares,
        vectors: entry.vectors,
        similarity: all.set(lastKey, entry.similarity),
      });
      if (index === keys.length - 1)
        last = updates[at]?.vectors ?? (await readVectors(placed(entry.vectors!), columns));
    }
  };
  const stored = known.get(placeOf(matrix, lastKey))?.vectors ?? null;
  if (stored !== null && isKnown(known, matrix, lastKey, lastKey)) last = await readVectors(placed(stored), columns);
  else await take([keys.length - 1]);
  const others = keys
    .map((_, index) => index)
    .filter((index) => index < keys.length - 1 && !isKnown(known, matrix, keys[index]!, lastKey));
  for (let at = 0; at < others.length; at += TOGETHER) await take(others.slice(at, at + TOGETHER));
}

function seedOf(name: string, part: string | null): number {
  return createHash('sha256')
    .update(`${name}#${part ?? ''}`)
    .digest()
    .readUInt32LE();
}
