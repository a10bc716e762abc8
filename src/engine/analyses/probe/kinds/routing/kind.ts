/** Expert routing: which experts tokens go through, in two checkpoints that read the same prompt. */
import type { Question } from '../../../../datasets/question.js';
import { rowBytes } from '../../../../models/plan.js';
import type { ProbeKind } from '../kind.js';
import { readQuestions } from '../questions.js';
import type { RoutingOutcome } from './outcome.js';

export const routing: ProbeKind<Question, RoutingOutcome> = {
  kind: 'routing',
  checkpoints: 2,
  leastCheckpoints: 2,
  wrongCount: (given) => `Expert routing is compared between two checkpoints; ${given} given.`,
  routes: () => true,
  silent: true,
  settings: () => ({}),
  readSamples: (data, options) => readQuestions(data, options, () => true),
  unitOf: ({ prompt, images }) => ({ prompt, images, source: undefined }),
  outcome: (depths) => ({ tokens: 0, visualTokens: 0, sets: new Array<string>(depths).fill('') }),
  phase: 'Comparing routes',
  paired: false,
  branches: false,
  unitBytes: ({ spec, tokens, depths }) =>
    rowBytes(spec, tokens, 0) + 4 * depths * tokens * (spec.language.layer.experts?.chosen ?? 0),
  reached: () => 0,
  compute: async (model, units, { depths }, options) =>
    (await import('./compute.js')).routeUnits(model, units, depths, options),
  result: async (...given) => (await import('./result.js')).routingResult(...given),
};
