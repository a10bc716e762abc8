/** The schema of a probe's result, a form per kind. */
import * as v from 'valibot';
import { amount, amounts, cuts, flags, interval, model, overData, text, texts, word } from '../declare/shape.js';
import type { ProbeResult, ProbeTask, SwapSample } from './result.js';

const probed = {
  ...overData,
  checkpoints: v.array(v.object({ ...model, layers: amount })),
  cuts,
  depths: amounts,
  stateLayers: v.exactOptional(amounts),
};
const sample = { id: text, prompt: text, answers: texts };
export const probeResult: v.GenericSchema<unknown, ProbeResult> = v.variant('kind', [
  v.object({
    ...probed,
    kind: v.literal('swap'),
    mode: v.picklist(['from', 'only']),
    samples: v.array(
      v.object({
        ...sample,
        task: word<ProbeTask>(),
        targetImage: text,
        sourceImage: text,
        source: word<SwapSample['source']>(),
        baseline: text,
        sourceAnswer: text,
        changed: flags,
      }),
    ),
    rates: v.array(v.object({ ...interval, task: word<ProbeTask>(), depth: amount, changed: amount })),
  }),
  v.object({
    ...probed,
    kind: v.literal('skip'),
    part: v.picklist(['layer', 'attention', 'mlp']),
    samples: v.array(
      v.object({ ...sample, truth: text, baseline: text, baselineCorrect: v.boolean(), correct: flags }),
    ),
    baseline: v.object({ ...interval, error: amount }),
    errors: v.array(
      v.object({
        ...interval,
        depth: amount,
        error: amount,
        increase: amount,
        increaseLow: amount,
        increaseHigh: amount,
      }),
    ),
  }),
  v.object({
    ...probed,
    kind: v.literal('attention'),
    samples: v.array(
      v.object({
        ...sample,
        image: text,
        images: v.exactOptional(texts),
        reasoningTokens: amounts,
        visualTokens: amount,
      }),
    ),
    layers: v.array(
      v.object({
        depth: amount,
        mean: amounts,
        mass: amounts,
        low: amounts,
        high: amounts,
        massLow: amounts,
        massHigh: amounts,
        shift: v.nullable(v.object({ difference: amount, low: amount, high: amount })),
      }),
    ),
  }),
]);
