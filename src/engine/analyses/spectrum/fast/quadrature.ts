/**
 * Sums over all singular values, Σ f(σ), from the probes that a Krylov space began with. A probe q sees Δ through the
 * shares |⟨q, u_i⟩|² that it has in the Ritz vectors; `count` times their mean over probes estimates the sum
 * (Hutchinson 1990), and its error is what the probes differ by. Three things keep it small, or honest:
 *
 * - what is known exactly is a control variate: the number of values, and ‖Δ‖_F² = Σσ²;
 * - values that have converged are counted once each and not estimated, as in Hutch++ (Meyer et al. 2021);
 * - what half as many nodes say otherwise bounds what more nodes would.
 */
import { BLOCK, eigen, type Krylov } from './krylov.js';

export interface Sum {
  value: number;
  /** By half the nodes. */
  coarse: number;
  /** What each probe alone would differ by. */
  residuals: Float64Array;
}

/** Ritz pairs with a residual below this fraction of their value have converged. */
const CONVERGED = 0.01;
/** 97.5 % quantile of Student's t with `BLOCK` − 3 degrees of freedom, which two control variates and a mean leave. */
const QUANTILE = 2.045;
/**
 * The error of √x over a spectrum that reaches zero falls with the square of the nodes: halving them shows three times
 * it.
 */
const BIAS = 1 / 2;

/** Differences of energies below this share are rounding of fp32. */
const REMAINDER = 1e-4;

/** Half-width of the 95 % interval of a sum, or of anything else with these residuals and these two values. */
export function halfWidth({ value, coarse, residuals }: Sum): number {
  let square = 0;
  for (const residual of residuals) square += residual * residual;
  return QUANTILE * Math.sqrt(square / (BLOCK - 3) / BLOCK) + BIAS * Math.abs(value - coarse);
}

/** Singular values, and per probe the shares in them. */
interface Nodes {
  values: Float64Array;
  fraction: (probe: number, node: number) => number;
}

/** Σ f over the nodes, per probe. */
type PerProbe = Float64Array;

export class Quadrature {
  private readonly fine: Nodes;
  private readonly coarse: Nodes;
  private readonly converged: ReadonlySet<number>;
  private readonly deflates: boolean;

  /** `count` = min(rows, columns), `squares` = ‖Δ‖_F². The space must not be complete. */
  constructor(
    krylov: Krylov,
    private readonly count: number,
    private readonly squares: number,
  ) {
    this.fine = { values: krylov.values, fraction: (probe, node) => krylov.vectors.get(probe, node) ** 2 };
    const half = Math.max(BLOCK, Math.floor(krylov.size / 2 / BLOCK) * BLOCK);
    const { values, vectors } = eigen(krylov.gram.subMatrix(0, half - 1, 0, half - 1));
    this.coarse = {
      values: values.map((value) => Math.sqrt(Math.max(0, value)) / krylov.scale),
      fraction: (probe, node) => vectors.get(probe, node) ** 2,
    };
    const indices = Array.from(krylov.values.keys());
    this.converged = new Set(indices.filter((index) => krylov.residuals[index]! <= CONVERGED * krylov.values[index]!));
    // Counting the converged ones helps where few values stand out, and not where one value is that of many directions.
    const error = (sum: Sum) => halfWidth({ ...sum, coarse: sum.value });
    const deflated = this.deflatedSum((value) => value);
    this.deflates = deflated !== undefined && error(deflated) < error(this.plainSum((value) => value));
  }

  /** Σ f(σ) over all `count` values. */
  sum(f: (value: number) => number): Sum {
    const plain = this.plainSum(f);
    return (this.deflates && this.deflatedSum(f)) || plain;
  }

  /** Expected number of values that each node stands for; together `count`. */
  multiplicities(): Float64Array {
    const own = Float64Array.from(this.fine.values, (_, node) => (this.deflates && this.converged.has(node) ? 1 : 0));
    const fractions = Float64Array.from(own, (fixed, node) => {
      if (fixed > 0) return 0;
      let sum = 0;
      for (let probe = 0; probe < BLOCK; probe++) sum += this.fine.fraction(probe, node);
      return sum;
    });
    const left = this.count - own.reduce((sum, one) => sum + one, 0);
    const total = fractions.reduce((sum, fraction) => sum + fraction, 0);
    return own.map((fixed, node) => (fixed > 0 || total === 0 ? fixed : (fractions[node]! / total) * left));
  }

  private plainSum(f: (value: number) => number): Sum {
    const known = [this.squares];
    const everything = () => true;
    const at = (nodes: Nodes) =>
      regress(this.perProbe(nodes, f, everything), [this.perProbe(nodes, square, everything)], known);
    const { value, residuals } = at(this.fine);
    return { value, residuals, coarse: at(this.coarse).value };
  }

  /** Undefined where the probes see too little, or too much, of what has not converged. */
  private deflatedSum(f: (value: number) => number): Sum | undefined {
    const { values } = this.fine;
    const isLeft = (node: number) => !this.converged.has(node);
    const left = this.count - this.converged.size;
    let [counted, energy] = [0, 0];
    for (const node of this.converged) {
      counted += f(values[node]!);
      energy += values[node]! ** 2;
    }
    const seen = this.perProbe(this.fine, () => 1, isLeft);
    const mean = seen.reduce((sum, one) => sum + one, 0) / BLOCK;
    if (left > 0 && !(mean > left / 2 && mean < left * 2)) return undefined;
    const rest = this.squares - energy;
    // Of a remainder that is all rounding nothing is known.
    const isKnown = rest > REMAINDER * this.squares;
    const covariates = isKnown ? [seen, this.perProbe(this.fine, square, isLeft)] : [seen];
    const { value, residuals } = regress(this.perProbe(this.fine, f, isLeft), covariates, [left, rest]);
    return {
      value: value + counted,
      residuals,
      coarse: this.plainSum(f).coarse + (value + counted - this.plainSum(f).value),
    };
  }

  private perProbe(
    { values, fraction }: Nodes,
    f: (value: number) => number,
    isCounted: (node: number) => boolean,
  ): PerProbe {
    const weighted = Float64Array.from(values, (value, node) => (isCounted(node) ? this.count * f(value) : 0));
    return Float64Array.from({ length: BLOCK }, (_, probe) =>
      weighted.reduce((sum, value, node) => (value === 0 ? sum : sum + value * fraction(probe, node)), 0),
    );
  }
}

const square = (value: number) => value * value;

/** The mean of `y`, corrected by what the means of one or two covariates are known to be (least squares). */
function regress(
  y: PerProbe,
  covariates: readonly PerProbe[],
  known: readonly number[],
): { value: number; residuals: Float64Array } {
  const centred = [y, ...covariates].map((values) => {
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
    return { mean, values: values.map((one) => one - mean) };
  });
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, one, index) => sum + one * b[index]!, 0);
  const [target, ...others] = centred as [(typeof centred)[0], ...typeof centred];
  let residuals = target.values;
  let value = target.mean;
  const used: { values: Float64Array; shift: number }[] = [];
  for (const [index, { mean, values }] of others.entries()) {
    // Gram–Schmidt over covariates: what the ones before explain is taken out of both their values and their shift.
    let own = values;
    let shift = known[index]! - mean;
    for (const earlier of used) {
      const slope = dot(own, earlier.values) / dot(earlier.values, earlier.values);
      own = own.map((one, at) => one - slope * earlier.values[at]!);
      shift -= slope * earlier.shift;
    }
    const size = dot(own, own);
    // A covariate that does not vary has nothing to say.
    if (!(size > 1e-18 * values.length * (mean * mean + Number.MIN_VALUE))) continue;
    used.push({ values: own, shift });
    const slope = dot(residuals, own) / size;
    residuals = residuals.map((one, at) => one - slope * own[at]!);
    value += slope * shift;
  }
  return { value, residuals };
}
