/** Layer skip (layer ablation). */
import type { Question } from '../../../../datasets/question.js';
import { rowBytes } from '../../../../models/plan.js';
import type { ProbeKind } from '../kind.js';
import { readQuestions } from '../questions.js';
import type { SkipOutcome } from './outcome.js';

export const skip: ProbeKind<Question, SkipOutcome> = {
  kind: 'skip',
  checkpoints: 1,
  wrongCount: (given) => `The skip probe takes one checkpoint; ${given} given.`,
  routes: ({ part }) => part === 'experts',
  settings: ({ part, experts }) => ({ part, ...(experts && { experts }) }),
  readSamples: (data, options) => readQuestions(data, options, () => true),
  unitOf: ({ prompt, images }) => ({ prompt, images, source: undefined }),
  outcome: (depths) => ({ baseline: '', answers: new Array<string>(depths).fill('') }),
  phase: 'Skipping layers',
  paired: false,
  branches: true,
  unitBytes: ({ spec, tokens, depths }) =>
    rowBytes(spec, tokens, 0) + (depths + 1) * 4 * tokens * spec.language.layer.hidden,
  reached: ({ tokens }) => tokens,
  compute: async (...given) => (await import('./compute.js')).skipUnits(...given),
  result: async (...given) => (await import('./result.js')).skipResult(...given),
};
