import { addProducts, arc, byRow, clamp, combine, emptyGram, type Gram, vectorsOf } from '../arithmetic/gram.js';
import { type Kernel, type MergeTask, numberOf, othersOf, rowOf } from '../arithmetic/task.js';
import { method } from './method.js';
import { fractionOfWeights, WEIGHT } from './parameters.js';

function nuslerpCoefficients(gram: Gram, t: number): [number, number] {
  const norm = (square: number) => Math.max(Math.sqrt(square), 1e-7);
  const cos = clamp(gram[0]![1]! / (norm(gram[0]![0]!) * norm(gram[1]![1]!)), -1, 1);
  return 1 - cos * cos <= 1e-16 ? [1 - t, t] : arc(cos, t);
}

/** How much the second model counts. */
function nuslerpFraction(task: MergeTask): number {
  const [first, second] = othersOf(task).map((index) => numberOf(task.models[index], 'weight')) as [number, number];
  return Math.abs(first + second) < 1e-6 ? 0.5 : second / (first + second);
}

interface NuslerpState {
  /** One for the whole tensor, or one pair per column, side by side; none where rows are complete in every block. */
  coefficients: readonly (readonly [number, number])[] | null;
}

/** Source: mergekit's `nuslerp`; its row-wise vectors run along the first dimension. */
const kernel: Kernel<NuslerpState> = {
  unit: (task) => (direction(task) === 'rows' ? rowOf(task) : 1),
  async prepare(task, passes) {
    const kind = direction(task);
    if (kind === 'rows') return { coefficients: null };
    const [others, t] = [othersOf(task), nuslerpFraction(task)];
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
        combine(result, vectors, origin, nuslerpCoefficients(gram, nuslerpFraction(task)), from, to),
      );
    return result;
  },
};

function direction({ shared, shape }: MergeTask): 'whole' | 'rows' | 'columns' {
  if (shared['nuslerp_flatten'] !== false || shape.length < 2) return 'whole';
  return shared['nuslerp_row_wise'] === true ? 'columns' : 'rows';
}

export const nuslerp = method({
  name: 'nuslerp',
  title: 'NuSLERP',
  random: false,
  base: 'optional',
  models: { min: 2, max: 3 },
  others: { min: 2, max: 2 },
  paper: { title: 'Animating rotation with quaternion curves', url: 'https://doi.org/10.1145/325165.325242' },
  doc:
    'Spherical interpolation of two models; with a base, of their differences to it. Per tensor, ' +
    'or per row or column.',
  formula: 'W = W₀ + slerp(t, Δ₁, Δ₂), t = w₂/(w₁ + w₂); without a base: slerp(t, W₁, W₂)',
  parameters: [
    WEIGHT,
    {
      name: 'nuslerp_row_wise',
      type: 'boolean',
      scope: 'shared',
      default: false,
      doc: 'Vectors along the first dimension instead of the last. Only where nuslerp_flatten is false.',
    },
    {
      name: 'nuslerp_flatten',
      type: 'boolean',
      scope: 'shared',
      default: true,
      doc: 'The whole tensor is one vector.',
    },
  ],
  kernel,
  fraction: fractionOfWeights,
});
