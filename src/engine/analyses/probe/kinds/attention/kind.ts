/** Attention from reasoning tokens to visual tokens. */
import type { Question } from '../../../../datasets/question.js';
import { rowBytes } from '../../../../models/plan.js';
import type { ProbeKind } from '../kind.js';
import { readQuestions } from '../questions.js';
import type { AttentionOutcome } from './outcome.js';

export const attention: ProbeKind<Question, AttentionOutcome> = {
  kind: 'attention',
  checkpoints: 2,
  wrongCount: (given) => `Attention is measured in one checkpoint, or compared between two; ${given} given.`,
  attends: true,
  visual: 'look at',
  settings: () => ({}),
  readSamples: (data, options) => readQuestions(data, options, ({ images }) => images.length > 0),
  unitOf: ({ prompt, images }) => ({ prompt, images, source: undefined }),
  outcome: (depths) => ({
    answer: '',
    reasoningTokens: 0,
    visualTokens: 0,
    mass: new Array<number>(depths).fill(0),
  }),
  phase: 'Measuring attention',
  paired: false,
  branches: false,
  unitBytes({ spec, tokens, maxNewTokens }) {
    const { layers, layer } = spec.language;
    return rowBytes(spec, tokens, maxNewTokens) + 4 * layers * layer.heads * (tokens + maxNewTokens);
  },
  reached: () => 0,
  compute: async (model, units, { depths }, options) =>
    (await import('./compute.js')).attendUnits(model, units, depths, options),
  result: async (...given) => (await import('./result.js')).attentionResult(...given),
};
