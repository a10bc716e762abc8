/**
 * Methods on directions: slerp, nuslerp, multislerp, karcher, model_stock. Whatever they do on the sphere, the result is
 * a combination of their inputs, and its coefficients follow from the inputs' scalar products alone. So a tensor of any
 * size is read twice: once for the products, once to add it up.
 */
import { FrankensteinError } from '../../errors.js';
import { type Block, type Kernel, type MergeTask, numberOf, othersOf, type Passes, rowOf } from './task.js';

/** Scalar products of every pair of vectors. */
export type Gram = readonly (readonly number[])[];

/** Coefficients per vector; what is not combined is the base, which is added where the vectors are differences to it. */
interface Combination {
  coefficients: readonly number[];
}

/** @param from 0-based elements of the block, `to` exclusive; `step` apart. */
function addProducts(gram: number[][], vectors: Block, from: number, to: number): void {
  for (let i = 0; i < vectors.length; i++) {
    for (let j = i; j < vectors.length; j++) {
      const [a, b] = [vectors[i]!, vectors[j]!];
      let sum = 0;
      for (let index = from; index < to; index++) sum += a[index]! * b[index]!;
      gram[i]![j]! += sum;
      if (i !== j) gram[j]![i]! += sum;
    }
  }
}

function emptyGram(count: number): number[][] {
  return Array.from({ length: count }, () => new Array<number>(count).fill(0));
}

/** The vectors of a method: its inputs, or the differences of the others to the base. */
function vectorsOf(block: Block, base: number | undefined, others: readonly number[]): Float64Array[] {
  if (base === undefined) return others.map((index) => block[index]!);
  const origin = block[base]!;
  return others.map((index) => block[index]!.map((value, at) => value - origin[at]!));
}

/** Σ cᵢvᵢ over `from … to`, plus the base where there is one. */
function combine(
  result: Float64Array,
  vectors: Block,
  origin: Float64Array | undefined,
  coefficients: readonly number[],
  from = 0,
  to = result.length,
): void {
  for (let index = from; index < to; index++) {
    let sum = 0;
    for (let vector = 0; vector < vectors.length; vector++) sum += coefficients[vector]! * vectors[vector]![index]!;
    result[index] = origin === undefined ? sum : origin[index]! + sum;
  }
}

/** A method whose coefficients hold for the whole tensor. */
function overall(
  setup: (task: MergeTask) => { origin: number | undefined; vectors: readonly number[] },
  solve: (gram: Gram, task: MergeTask) => readonly number[],
): Kernel<Combination> {
  return {
    async prepare(task, passes) {
      const { origin, vectors } = setup(task);
      const gram = emptyGram(vectors.length);
      await passes((block) => addProducts(gram, vectorsOf(block, origin, vectors), 0, block[0]!.length));
      return { coefficients: solve(gram, task) };
    },
    merge(task, { coefficients }, block) {
      const { origin, vectors } = setup(task);
      const result = new Float64Array(block[0]!.length);
      combine(
        result,
        vectorsOf(block, origin, vectors),
        origin === undefined ? undefined : block[origin],
        coefficients,
      );
      return result;
    },
  };
}

/** Above this |cos θ| vectors count as parallel. */
const PARALLEL = 0.9995;

/** Source: mergekit's `slerp`; Shoemake, Animating rotation with quaternion curves. */
export const slerp = overall(
  (task) => ({ origin: undefined, vectors: [task.base!, ...othersOf(task)] }),
  (gram, { shared }) => {
    const t = numberOf(shared, 't');
    const norm = (square: number) => (Math.sqrt(square) > 1e-8 ? Math.sqrt(square) : 1);
    const cos = clamp(gram[0]![1]! / (norm(gram[0]![0]!) * norm(gram[1]![1]!)), -1, 1);
    return Math.abs(cos) > PARALLEL ? [1 - t, t] : arc(cos, t);
  },
);

/** The coefficients of the great arc from the first vector to the second. */
function arc(cos: number, t: number): [number, number] {
  const angle = Math.acos(cos);
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}

function nuslerpCoefficients(gram: Gram, t: number): [number, number] {
  const norm = (square: number) => Math.max(Math.sqrt(square), 1e-7);
  const cos = clamp(gram[0]![1]! / (norm(gram[0]![0]!) * norm(gram[1]![1]!)), -1, 1);
  return 1 - cos * cos <= 1e-16 ? [1 - t, t] : arc(cos, t);
}

/** Share of the second model. */
function nuslerpShare(task: MergeTask): number {
  const [first, second] = othersOf(task).map((index) => numberOf(task.models[index], 'weight')) as [number, number];
  return Math.abs(first + second) < 1e-6 ? 0.5 : second / (first + second);
}

interface NuslerpState {
  /** One for the whole tensor, or one pair per column, side by side; none where rows are complete in every block. */
  coefficients: readonly (readonly [number, number])[] | null;
}

/** Source: mergekit's `nuslerp`; its row-wise vectors run along the first dimension. */
export const nuslerp: Kernel<NuslerpState> = {
  unit: (task) => (direction(task) === 'rows' ? rowOf(task) : 1),
  async prepare(task, passes) {
    const kind = direction(task);
    if (kind === 'rows') return { coefficients: null };
    const [others, t] = [othersOf(task), nuslerpShare(task)];
    if (kind === 'whole') {
      const gram = emptyGram(2);
      await passes((block) => addProducts(gram, vectorsOf(block, task.base, others), 0, block[0]!.length));
      return { coefficients: [nuslerpCoefficients(gram, t)] };
    }
    const columns = task.size / task.shape[0]!;
    const [aa, ab, bb] = [new Float64Array(columns), new Float64Array(columns), new Float64Array(columns)];
    await passes((block, first) => {
      const [a, b] = vectorsOf(block, task.base, others) as [Float64Array, Float64Array];
      for (let index = 0; index < a.length; index++) {
        const column = (first + index) % columns;
        aa[column]! += a[index]! * a[index]!;
        ab[column]! += a[index]! * b[index]!;
        bb[column]! += b[index]! * b[index]!;
      }
    });
    return {
      coefficients: Array.from(aa, (square, column) =>
        nuslerpCoefficients(
          [
            [square, ab[column]!],
            [ab[column]!, bb[column]!],
          ],
          t,
        ),
      ),
    };
  },
  merge(task, { coefficients }, block, first) {
    const vectors = vectorsOf(block, task.base, othersOf(task));
    const origin = task.base === undefined ? undefined : block[task.base];
    const result = new Float64Array(block[0]!.length);
    if (coefficients?.length === 1) combine(result, vectors, origin, coefficients[0]!);
    else if (coefficients !== null) {
      for (let index = 0; index < result.length; index++)
        combine(result, vectors, origin, coefficients[(first + index) % coefficients.length]!, index, index + 1);
    } else
      byRow(task, vectors, (gram, from, to) =>
        combine(result, vectors, origin, nuslerpCoefficients(gram, nuslerpShare(task)), from, to),
      );
    return result;
  },
};

function direction({ shared, shape }: MergeTask): 'whole' | 'rows' | 'columns' {
  if (shared['nuslerp_flatten'] !== false || shape.length < 2) return 'whole';
  return shared['nuslerp_row_wise'] === true ? 'columns' : 'rows';
}

/** Products of every row of a block that holds whole rows. */
function byRow(task: MergeTask, vectors: Block, visit: (gram: Gram, from: number, to: number) => void): void {
  const row = rowOf(task);
  for (let from = 0; from < vectors[0]!.length; from += row) {
    const gram = emptyGram(vectors.length);
    addProducts(gram, vectors, from, from + row);
    visit(gram, from, from + row);
  }
}

/** Source: mergekit's `multislerp`. */
export const multislerp = overall(
  // One model alone is taken as it is, not as a difference.
  (task) => ({ origin: othersOf(task).length > 1 ? task.base : undefined, vectors: othersOf(task) }),
  (gram, task) => {
    if (gram.length === 1) return [1];
    const eps = numberOf(task.shared, 'eps');
    let weights = othersOf(task).map((index) => numberOf(task.models[index], 'weight'));
    if (task.shared['normalize_weights'] === true) weights = weights.map((weight, _, all) => weight / sumOf(all));
    const norms = gram.map((row, index) => Math.sqrt(row[index]!));
    const perUnit = norms.map((norm) => 1 / (norm + eps));
    const raw = weights.map((weight, index) => weight * perUnit[index]!);
    const rawNorm = normOf(gram, raw);
    if (rawNorm < eps) {
      if (gram.length === 2) return weights;
      throw new FrankensteinError(
        'bad-request',
        'multislerp has no result where the weighted directions of the models cancel out: give them other weights.',
      );
    }
    const mean = raw.map((value) => value / rawNorm);
    const along = sumOf(weights.map((weight, index) => weight * perUnit[index]! * dot(gram, mean, index)));
    const tangent = raw.map((value, index) => value - along * mean[index]!);
    const length = normOf(gram, tangent) + eps;
    const scale = sumOf(weights.map((weight, index) => weight * norms[index]!));
    return mean.map(
      (value, index) => scale * (value * Math.cos(length) + (tangent[index]! * Math.sin(length)) / length),
    );
  },
);

/** Source: mergekit's `karcher`. */
export const karcher = overall(
  (task) => ({ origin: undefined, vectors: Array.from(task.models.keys()) }),
  (gram, { shared }) => {
    if (gram.length === 1) return [1];
    const [iterations, tolerance] = [numberOf(shared, 'max_iter'), numberOf(shared, 'tol')];
    const norms = gram.map((row, index) => Math.sqrt(row[index]!));
    const valid = norms.flatMap((norm, index) => (norm > tolerance ? [index] : []));
    if (valid.length === 0) return norms.map(() => 0);
    // Coefficients over the given vectors throughout; uᵢ is 1/‖vᵢ‖ at i.
    const unit = (index: number) => norms.map((norm, other) => (other === index ? 1 / norm : 0));
    const share = 1 / valid.length;
    const scaled = (vector: readonly number[], factor: number) => vector.map((value) => value * factor);
    let mean = norms.map((norm, index) => (valid.includes(index) ? share / norm : 0));
    const first = normOf(gram, mean);
    mean = first < tolerance ? unit(valid[0]!) : scaled(mean, 1 / first);
    for (let iteration = 0; iteration < iterations; iteration++) {
      const tangent = norms.map(() => 0);
      for (const index of valid) {
        const cos = clamp(dot(gram, mean, index) / norms[index]!, -1, 1);
        const angle = Math.acos(cos);
        if (angle < tolerance) continue;
        const factor = (share * angle) / Math.sin(angle);
        mean.forEach((value, at) => (tangent[at]! += factor * ((at === index ? 1 / norms[index]! : 0) - cos * value)));
      }
      const length = normOf(gram, tangent);
      if (length < tolerance) break;
      mean = mean.map((value, at) => Math.cos(length) * value + (Math.sin(length) * tangent[at]!) / length);
      const norm = normOf(gram, mean);
      if (norm > tolerance) mean = scaled(mean, 1 / norm);
    }
    return scaled(mean, sumOf(norms) / norms.length);
  },
);

/** Coefficients of the differences. */
function modelStockCoefficients(gram: Gram): number[] {
  const count = gram.length;
  const cosines: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++)
      cosines.push(clamp(gram[i]![j]! / Math.max(Math.sqrt(gram[i]![i]!) * Math.sqrt(gram[j]![j]!), 1e-6), -1, 1));
  }
  const cos = sumOf(cosines) / cosines.length;
  const denominator = 1 + (count - 1) * cos;
  // No finite interpolation there: the base stays.
  const t = Math.abs(denominator) < 1e-6 ? 0 : (count * cos) / denominator;
  return gram.map(() => t / count);
}

/** Source: mergekit's `model_stock`; the paper's ratio between base and mean. */
export const modelStock: Kernel<Combination | null> = {
  unit: (task) => (task.shared['filter_wise'] === true ? rowOf(task) : 1),
  async prepare(task: MergeTask, passes: Passes) {
    if (task.shared['filter_wise'] === true) return null;
    const others = othersOf(task);
    const gram = emptyGram(others.length);
    await passes((block) => addProducts(gram, vectorsOf(block, task.base, others), 0, block[0]!.length));
    return { coefficients: modelStockCoefficients(gram) };
  },
  merge(task, state, block) {
    const vectors = vectorsOf(block, task.base, othersOf(task));
    const origin = block[task.base!]!;
    const result = new Float64Array(origin.length);
    if (state !== null) combine(result, vectors, origin, state.coefficients);
    else
      byRow(task, vectors, (gram, from, to) =>
        combine(result, vectors, origin, modelStockCoefficients(gram), from, to),
      );
    return result;
  },
};

/** ⟨Σ cⱼvⱼ, vᵢ⟩ */
function dot(gram: Gram, coefficients: readonly number[], index: number): number {
  return sumOf(coefficients.map((value, other) => value * gram[other]![index]!));
}

/** ‖Σ cᵢvᵢ‖; rounding can make the square of nothing negative. */
function normOf(gram: Gram, coefficients: readonly number[]): number {
  return Math.sqrt(Math.max(0, sumOf(coefficients.map((value, index) => value * dot(gram, coefficients, index)))));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
