/** How far two judges of the same answers agree. */

/** One answer under both judges. Those with the same `cluster` belong together: answers to one question. */
export interface Judged {
  cluster: string;
  first: boolean;
  second: boolean;
}

export interface Agreement {
  /** Answers, and clusters of them. */
  n: number;
  clusters: number;
  /** The 2 × 2 table: right for both, for one of them, for neither. */
  both: number;
  onlyFirst: number;
  onlySecond: number;
  neither: number;
  /** Fraction of answers on which they agree; NaN of none. */
  observed: number;
  /** Cohen's κ, and its 95 % interval; null where chance alone agrees on everything, or there is one cluster. */
  kappa: number | null;
  low: number | null;
  high: number | null;
}

/** The standard normal's 97.5 % quantile. */
const Z = 1.959963984540054;

/**
 * Cohen's κ = (pₒ − pₑ)/(1 − pₑ) with an interval that counts clusters, not answers: κ is linearised in the four
 * fractions of the table, and the variance is that of the sums over clusters, times C/(C − 1).
 */
export function agreementOf(pairs: readonly Judged[]): Agreement {
  const count = (first: boolean, second: boolean) =>
    pairs.filter((pair) => pair.first === first && pair.second === second).length;
  const n = pairs.length;
  const [both, onlyFirst, onlySecond, neither] = [
    count(true, true),
    count(true, false),
    count(false, true),
    count(false, false),
  ];
  const observed = (both + neither) / n;
  const [first, second] = [(both + onlyFirst) / n, (both + onlySecond) / n];
  const expected = first * second + (1 - first) * (1 - second);
  const sums = new Map<string, number>();
  for (const pair of pairs) {
    const own =
      (Number(pair.first === pair.second) - observed) / (1 - expected) +
      ((observed - 1) / (1 - expected) ** 2) *
        ((2 * second - 1) * (Number(pair.first) - first) + (2 * first - 1) * (Number(pair.second) - second));
    sums.set(pair.cluster, (sums.get(pair.cluster) ?? 0) + own);
  }
  const clusters = sums.size;
  const table = { n, clusters, both, onlyFirst, onlySecond, neither, observed };
  if (n === 0 || expected === 1) return { ...table, kappa: null, low: null, high: null };
  const kappa = (observed - expected) / (1 - expected);
  if (clusters < 2) return { ...table, kappa, low: null, high: null };
  const squares = [...sums.values()].reduce((sum, value) => sum + value * value, 0);
  const half = (Z * Math.sqrt((clusters / (clusters - 1)) * squares)) / n;
  return { ...table, kappa, low: Math.max(-1, kappa - half), high: Math.min(1, kappa + half) };
}
