/**
 * Singular values of a matrix of independent errors whose variances are v_ij = r_i·c_j. For large matrices they follow
 * from a Dyson equation (Marchenko & Pastur 1967; Girko; Ajanki, Erdős & Krüger 2017), which for such a product has two
 * unknowns. With A = Σ r_i g_i and B = Σ c_j h_j,
 *
 *     g_i(z) = 1 / (z − r_i B),  h_j(z) = 1 / (z − c_j A),
 *
 * and −Im mean g / π is the density of the singular values, counted with both signs.
 */

/** Numbers, largest first, and how many rows or columns each stands for. */
export interface Profile {
  values: Float64Array;
  weights: Float64Array;
}

export interface Variances {
  rows: Profile;
  columns: Profile;
}

/** Extremes that are kept one by one, and groups for the others. */
const EXTREMES = 8;
const GROUPS = 24;

/** A profile of `total` numbers from all of them or from a sample. Zeros stay apart. */
export function profileOf(numbers: Float64Array, total: number): Profile {
  const sorted = numbers.slice().sort().reverse();
  const weight = total / sorted.length;
  const values: number[] = [];
  const weights: number[] = [];
  const take = (from: number, to: number) => {
    if (to <= from) return;
    values.push(sorted.subarray(from, to).reduce((sum, one) => sum + one, 0) / (to - from));
    weights.push((to - from) * weight);
  };
  const zero = sorted.findIndex((value) => !(value > 0));
  const positive = zero < 0 ? sorted.length : zero;
  const exclusive = Math.min(EXTREMES, positive);
  for (let index = 0; index < exclusive; index++) take(index, index + 1);
  const left = positive - exclusive;
  for (let group = 0; group < GROUPS; group++)
    take(exclusive + Math.floor((group * left) / GROUPS), exclusive + Math.floor(((group + 1) * left) / GROUPS));
  take(positive, sorted.length);
  return { values: Float64Array.from(values), weights: Float64Array.from(weights) };
}

/** Σ of all variances: the expected ‖noise‖_F². */
export function energyOf({ rows, columns }: Variances): number {
  const sum = ({ values, weights }: Profile) =>
    values.reduce((total, value, index) => total + value * weights[index]!, 0);
  return sum(rows) * sum(columns);
}

/** The spectrum of a large matrix with these variances. */
export class NoiseSpectrum {
  /** Right edge: values beyond are no noise, but for a fluctuation. */
  readonly edge: number;
  /** Fraction of the values above `at[i]`, i descending from the edge. */
  private readonly at: Float64Array;
  private readonly above: Float64Array;
  private readonly count: number;

  constructor(private readonly variances: Variances) {
    this.count = Math.min(totalOf(variances.rows), totalOf(variances.columns));
    this.edge = this.findEdge();
    [this.at, this.above] = this.cumulate();
  }

  /** The value that `rank` of the `count` values are expected above; beyond the edge for a negative rank. */
  valueAt(rank: number): number {
    if (rank <= 0) return this.edge + this.edgeScale * (1.5 * Math.PI * -rank) ** (2 / 3);
    const fraction = rank / this.count;
    const { at, above } = this;
    let [low, high] = [0, at.length - 1];
    if (fraction >= above[high]!) return 0;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (above[middle]! <= fraction) low = middle;
      else high = middle;
    }
    const [from, to] = [above[low]!, above[high]!];
    return to > from ? at[low]! + ((at[high]! - at[low]!) * (fraction - from)) / (to - from) : at[low]!;
  }

  /** Unit of fluctuations at the edge, where the number of values above edge − x is 2/(3π)·(x/unit)^{3/2}. */
  get edgeScale(): number {
    const rank = Math.min(2, this.count / 8);
    return (this.edge - this.valueAt(rank)) / (1.5 * Math.PI * rank) ** (2 / 3);
  }

  /**
   * The singular value of a low-rank matrix that shows at `value` once this noise is added (Benaych-Georges &
   * Nadakuditi 2012): 1/θ² = mean g · mean h at `value`. Null within the noise.
   */
  beneath(value: number): number | null {
    const solution = value > this.edge ? this.solve(value, 4000) : undefined;
    if (solution === undefined) return null;
    const { rows, columns } = this.variances;
    return (
      1 /
      Math.sqrt(mean(rows, (r) => 1 / (value - r * solution.b)) * mean(columns, (c) => 1 / (value - c * solution.a)))
    );
  }

  /** A and B at a real z; undefined within the spectrum, where the iteration from zero, which rises, has no end. */
  private solve(z: number, rounds: number): { a: number; b: number } | undefined {
    const { rows, columns } = this.variances;
    let before = 0;
    for (let round = 0; round < rounds; round++) {
      const a = rise(rows, z, before);
      const b = rise(columns, z, a);
      if (!(a < Infinity && b < Infinity)) return undefined;
      if (b - before <= 1e-9 * b) return { a, b };
      before = b;
    }
    return undefined;
  }

  private findEdge(): number {
    const { rows, columns } = this.variances;
    const sum = ({ values, weights }: Profile) =>
      values.reduce((total, value, index) => total + value * weights[index]!, 0);
    const [byRow, byColumn] = [rows.values[0]! * sum(columns), columns.values[0]! * sum(rows)];
    let high = Math.sqrt(byRow) + Math.sqrt(byColumn);
    if (!(high > 0)) return 0;
    while (this.solve(high, 400) === undefined) high *= 1.5;
    let low = 0;
    for (let step = 0; step < 30 && high - low > 1e-5 * high; step++) {
      const middle = (low + high) / 2;
      if (this.solve(middle, 1500) === undefined) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Integrates the density from the edge down. */
  private cumulate(): [Float64Array, Float64Array] {
    const at = Float64Array.from({ length: POINTS + 1 }, (_, point) => this.edge * (1 - (point / POINTS) ** 2));
    const above = new Float64Array(POINTS + 1);
    if (this.edge === 0) return [at, above];
    // Rows or columns without noise have values of zero, which are left out.
    const [rows, columns] = [noisy(this.variances.rows), noisy(this.variances.columns)];
    const rowsAreFewer = totalOf(rows) <= totalOf(columns);
    const small = rowsAreFewer ? rows : columns;
    const density = new Float64Array(POINTS + 1);
    let start: Complex = [0, 0];
    for (let point = 1; point <= POINTS; point++) {
      // As far from the axis as the points are apart: peaks between them are not missed.
      const z: Complex = [at[point]!, Math.max(SMOOTHING * this.edge, at[point - 1]! - at[point]!)];
      const { a, b } = this.solveComplex(z, start);
      start = b;
      density[point] = Math.max(0, (-2 / Math.PI) * complexMean(small, z, rowsAreFewer ? b : a));
    }
    // Below the lowest value there is only what smoothing spread there.
    for (let point = POINTS; point > 0 && density[point]! * this.edge < FAINT; point--) density[point] = 0;
    for (let point = 1; point <= POINTS; point++)
      above[point] = above[point - 1]! + ((density[point]! + density[point - 1]!) / 2) * (at[point - 1]! - at[point]!);
    const scale = totalOf(small) / this.count / above[POINTS]!;
    return [at, above.map((fraction) => fraction * scale)];
  }

  /** A and B near the real axis, from B of a point nearby. */
  private solveComplex(z: Complex, start: Complex): { a: Complex; b: Complex } {
    const { rows, columns } = this.variances;
    let b = start;
    for (let round = 0; ; round++) {
      const a = sum(rows, z, b);
      const next = sum(columns, z, a);
      const change = Math.hypot(next[0] - b[0], next[1] - b[1]);
      // The plain step turns around the solution; half of it does not.
      b = [(b[0] + next[0]) / 2, (b[1] + next[1]) / 2];
      if (change <= 1e-5 * Math.hypot(b[0], b[1]) || round === 2000) return { a, b };
    }
  }
}

/** Points of the density, closer together at the edge. */
const POINTS = 384;
/** Least distance from the real axis, as a fraction of the edge. */
const SMOOTHING = 5e-4;
/** Densities, as multiples of the mean one, that are taken for none at the lower end. */
const FAINT = 0.03;

type Complex = readonly [number, number];

function mean({ values, weights }: Profile, f: (value: number) => number): number {
  let [sum, total] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    sum += weights[index]! * f(values[index]!);
    total += weights[index]!;
  }
  return sum / total;
}

/** Σ value / (z − value · other); infinite past a pole. */
function rise({ values, weights }: Profile, z: number, other: number): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    const below = z - values[index]! * other;
    if (below <= 0) return Infinity;
    sum += (weights[index]! * values[index]!) / below;
  }
  return sum;
}

function sum({ values, weights }: Profile, z: Complex, other: Complex): Complex {
  let [re, im] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const [x, y] = [z[0] - value * other[0], z[1] - value * other[1]];
    const factor = (weights[index]! * value) / (x * x + y * y);
    re += factor * x;
    im -= factor * y;
  }
  return [re, im];
}

/** Im of the mean of 1 / (z − value · other). */
function complexMean({ values, weights }: Profile, z: Complex, other: Complex): number {
  let [im, total] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const [x, y] = [z[0] - value * other[0], z[1] - value * other[1]];
    im -= (weights[index]! * y) / (x * x + y * y);
    total += weights[index]!;
  }
  return im / total;
}

function totalOf({ weights }: Profile): number {
  return weights.reduce((total, weight) => total + weight, 0);
}

/** Without the zeros. */
function noisy({ values, weights }: Profile): Profile {
  return { values: values.filter((value) => value > 0), weights: weights.filter((_, index) => values[index]! > 0) };
}
