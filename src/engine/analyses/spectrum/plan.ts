/** What taking spectra costs, and how the work is spread within the budget. */
import { availableParallelism } from 'node:os';
import type { CallContext } from '../../calls.js';
import { DTYPE_BYTES } from '../../checkpoint/decode.js';
import { readElements } from '../../tensors/elements.js';
import { FrankensteinError } from '../../errors.js';
import { BASE_BYTES, DEFAULT_MEMORY } from '../../runtime/budget.js';
import { measureFlops } from '../../runtime/measure.js';
import { type ThroughputOf, secondsKnown } from '../../runs/throughput.js';
import type { Need } from '../../runtime/weighted.js';
import { memoryOf, operationsOf } from './cost.js';
import type { Work } from './progress.js';
import type { SpectrumPlan, SpectrumRequest } from './request.js';
import { type Matrix, pairsOf, setUp, type SpectrumSetup } from './setup.js';

/** A worker's own heap. */
const WORKER_BYTES = 48 << 20;

export interface SpectrumBudget {
  memory: number;
  threads: number;
  /** What the matrices under way may take together. */
  limits: Need;
}

/** @throws `bad-request` when not even one of the matrices fits, with the minimum. */
export function budgetFor(
  matrices: readonly Matrix[],
  memory = DEFAULT_MEMORY,
  threads = availableParallelism(),
): SpectrumBudget {
  if (!Number.isInteger(threads) || threads < 1)
    throw new FrankensteinError('bad-request', 'The number of threads must be a whole number of at least 1.');
  const largest = matrices.reduce(
    (most, matrix) => Math.max(most, matrix.skipped === null ? memoryOf(matrix, matrix.mode).least : 0),
    0,
  );
  const minimum = BASE_BYTES + WORKER_BYTES + largest;
  if (!(memory >= minimum)) {
    throw new FrankensteinError(
      'bad-request',
      `The memory budget is too small: these spectra need at least ${Math.ceil(minimum / 2 ** 20)} MiB.`,
    );
  }
  const workers = Math.min(threads, Math.floor((memory - BASE_BYTES - largest) / WORKER_BYTES));
  return {
    memory,
    threads: workers,
    limits: { memory: memory - BASE_BYTES - workers * WORKER_BYTES, threads: workers },
  };
}

export function workOf(matrix: Matrix): Work {
  const {
    part: { rows, columns },
    tensors,
    mode,
  } = matrix;
  // Inner stages are read for the update before them and for the one after.
  const bytes = tensors.reduce(
    (sum, { dtype }, stage) =>
      sum + rows * columns * DTYPE_BYTES[dtype] * (stage > 0 && stage < tensors.length - 1 ? 2 : 1),
    0,
  );
  return matrix.skipped === null
    ? { matrices: 1, bytes, operations: operationsOf(matrix, mode, pairsOf(matrix)) }
    : { matrices: 0, bytes: 0, operations: 0 };
}

export function totalOf(matrices: readonly Matrix[]): Work {
  const total = { matrices: 0, bytes: 0, operations: 0 };
  for (const work of matrices.map(workOf)) {
    total.matrices += work.matrices;
    total.bytes += work.bytes;
    total.operations += work.operations;
  }
  return total;
}

/**
 * The matrices in the order in which they start, with what each takes. One thread for each, as many at once as fit:
 * that needs no synchronisation. A matrix gets more where threads would be idle else: where memory lets fewer
 * matrices run at once, and where it is so large a fraction of the work that the others would be done long before.
 * Those start first.
 */
export function schedule(
  matrices: readonly Matrix[],
  { limits: { memory, threads } }: SpectrumBudget,
): { matrix: Matrix; need: Need }[] {
  const total = totalOf(matrices).operations;
  const slots = Math.max(1, Math.min(threads, matrices.length));
  return matrices
    .map((matrix) => {
      const { least, ease } = memoryOf(matrix, matrix.mode);
      const some = Math.min(ease, Math.max(least, memory / slots));
      const atOnce = Math.max(1, Math.min(slots, Math.floor(memory / some)));
      const { operations } = workOf(matrix);
      const fraction = total > 0 ? Math.ceil((threads * operations) / total) : 1;
      const need = {
        memory: atOnce === 1 ? Math.min(ease, memory) : some,
        threads: Math.min(threads, Math.max(fraction, Math.floor(threads / atOnce))),
      };
      return { matrix, operations, need };
    })
    .sort((a, b) => b.operations - a.operations)
    .map(({ matrix, need }) => ({ matrix, need }));
}

/** Exact and fast work differ in speed. */
export function throughputOf(
  { mode }: Pick<SpectrumSetup, 'mode'>,
  { threads }: SpectrumBudget,
  runsFolder: string | undefined,
): ThroughputOf {
  return { runsFolder, kind: 'spectrum', mode, threads };
}

/** Headers are read, and how fast the machine is, is measured in a moment; weights are not read. */
export async function planSpectrum(request: SpectrumRequest, context: CallContext = {}): Promise<SpectrumPlan> {
  const setup = await setUp(request, context);
  const budget = budgetFor(setup.matrices, request.memory, request.threads);
  const { matrices, bytes, operations } = totalOf(setup.matrices);
  return {
    mode: setup.mode,
    matrices,
    bytes,
    operations,
    seconds:
      (await secondsKnown(throughputOf(setup, budget, request.runsFolder), operations)) ??
      (await secondsOf(setup, budget)),
    memory: budget.memory,
    threads: budget.threads,
  };
}

/** Operations per second, in the unit of `cost`. */
export function measureOperations(threads: number): Promise<number> {
  return measureFlops(MEASURED_WIDTH, MEASURED_INNER, threads, 'float64');
}

/** Sizes of the measured product. */
const [MEASURED_WIDTH, MEASURED_INNER] = [512, 1024];
/** Bytes read to see how fast that goes. */
const MEASURED_BYTES = 16 << 20;

async function secondsOf({ matrices }: SpectrumSetup, { threads }: SpectrumBudget): Promise<number> {
  const { bytes, operations } = totalOf(matrices);
  if (operations === 0) return 0;
  const seconds = operations / (await measureOperations(threads));
  return seconds + bytes / threads / (await measureReading(matrices));
}

/** Bytes per second of one thread, from the largest matrix. */
export async function measureReading(matrices: readonly Matrix[]): Promise<number> {
  const {
    tensors: [tensor],
  } = matrices.reduce((largest, matrix) => (matrix.tensors[0]!.size > largest.tensors[0]!.size ? matrix : largest));
  const values = new Float32Array(Math.min(tensor!.size, MEASURED_BYTES / DTYPE_BYTES[tensor!.dtype]));
  const begin = performance.now();
  await readElements(tensor!, 0, values);
  return (values.length * DTYPE_BYTES[tensor!.dtype]) / Math.max(1e-3, (performance.now() - begin) / 1000);
}
