/** From outcomes to shares and means with their intervals. */
import { PROBE_TASKS } from '../../datasets/probeSet.js';
import { bootstrapMean, pairedBootstrap, wilson } from '../../statistics/statistics.js';
import type { AttentionOutcome } from './kinds/attention/outcome.js';
import { pairedDifference } from '../../statistics/paired.js';
import type {
  AttentionLayer,
  RoutingLayer,
  RoutingSample,
  RoutingShare,
  SkipError,
  SkipResult,
  SkipSample,
  SwapRate,
  SwapSample,
} from './result.js';

/** Per task (those that have samples) and depth. */
export function swapRates(samples: readonly SwapSample[], depths: readonly number[]): SwapRate[] {
  return PROBE_TASKS.flatMap((task) => {
    const own = samples.filter((sample) => sample.task === task);
    if (own.length === 0) return [];
    return depths.map((depth, index): SwapRate => {
      const changed = own.filter((sample) => sample.changed[index]).length;
      return { task, depth, n: own.length, changed: changed / own.length, ...wilson(changed, own.length) };
    });
  });
}

export function skipErrors(
  samples: readonly SkipSample[],
  depths: readonly number[],
): Pick<SkipResult, 'baseline' | 'errors'> {
  const n = samples.length;
  const before = samples.map(({ baselineCorrect }) => !baselineCorrect);
  const fraction = (wrong: readonly boolean[]) => {
    const count = wrong.filter(Boolean).length;
    return { n, error: n === 0 ? 0 : count / n, ...wilson(count, n) };
  };
  return {
    baseline: fraction(before),
    errors: depths.map((depth, index): SkipError => {
      const after = samples.map(({ correct }) => !correct[index]!);
      const { difference, low, high } = pairedDifference(before, after);
      return { depth, ...fraction(after), increase: difference, increaseLow: low, increaseHigh: high };
    }),
  };
}

/** Enough for two digits of a percentile, and done at once for a few hundred samples and a hundred layers. */
const RESAMPLES = 2000;

/**
 * Layer figures of one or two checkpoints over the same samples.
 * @param outcomes per checkpoint, in the order of the samples.
 */
export async function attentionLayers(
  outcomes: readonly (readonly AttentionOutcome[])[],
  depths: readonly number[],
  seed: number,
): Promise<AttentionLayer[]> {
  const layers: AttentionLayer[] = [];
  for (const [index, depth] of depths.entries()) {
    const masses = outcomes.map((own) => own.map(({ mass }) => mass[index]!));
    const means = outcomes.map((own) => own.map(({ mass, visualTokens }) => mass[index]! / visualTokens));
    const options = { seed, resamples: RESAMPLES };
    const [mean, mass] = [
      means.map((values) => bootstrapMean(values, options)),
      masses.map((values) => bootstrapMean(values, options)),
    ];
    const paired = means.length === 2 ? pairedBootstrap(means[0]!, means[1]!, options) : null;
    layers.push({
      depth,
      mean: mean.map((one) => one.mean),
      mass: mass.map((one) => one.mean),
      low: mean.map((one) => one.low),
      high: mean.map((one) => one.high),
      massLow: mass.map((one) => one.low),
      massHigh: mass.map((one) => one.high),
      shift: paired && { difference: paired.mean, low: paired.low, high: paired.high },
    });
    // Between layers the engine's thread sees to progress and cancel.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return layers;
}

/** Fractions of tokens that go through other experts, over samples. */
export async function routingLayers(
  samples: readonly RoutingSample[],
  depths: readonly number[],
  seed: number,
): Promise<RoutingLayer[]> {
  const shareOf = (values: readonly number[]): RoutingShare => {
    const { mean, low, high } = bootstrapMean(values, { seed, resamples: RESAMPLES });
    return { changed: mean, low, high, n: values.length };
  };
  const layers: RoutingLayer[] = [];
  for (const [index, depth] of depths.entries()) {
    const seeing = samples.filter(({ visualTokens }) => visualTokens > 0);
    layers.push({
      depth,
      all: shareOf(
        samples.map(({ tokens, changedText, changedVisual }) => (changedText[index]! + changedVisual[index]!) / tokens),
      ),
      text: shareOf(
        samples.map(
          ({ tokens, visualTokens, changedText }) => changedText[index]! / Math.max(1, tokens - visualTokens),
        ),
      ),
      visual:
        seeing.length === 0
          ? null
          : shareOf(seeing.map(({ visualTokens, changedVisual }) => changedVisual[index]! / visualTokens)),
    });
    // Between layers the engine's thread sees to progress and cancel.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return layers;
}
