/** Visual-token swap (activation patching of visual tokens). */
import { PROBE_TASKS, type ProbeSample, readProbeSet } from '../../../../datasets/probeSet.js';
import { shown } from '../../../../checkpoint/failure.js';
import { FrankensteinError } from '../../../../errors.js';
import { lastRecurrent } from '../../../../models/mixers.js';
import { rowBytes } from '../../../../models/plan.js';
import { type Choosing, chosenOfEach } from '../../../../datasets/choose.js';
import { choiceIn, readSampleFiles } from '../../data.js';
import type { ProbeKind } from '../kind.js';
import type { SwapOutcome } from './outcome.js';

export const swap: ProbeKind<ProbeSample, SwapOutcome> = {
  kind: 'swap',
  checkpoints: 1,
  wrongCount: (given) => `The swap probe takes one checkpoint; ${given} given.`,
  visual: 'swap',
  settings: ({ mode }) => ({ mode }),
  async readSamples(data, { choosing, idsFile, tasks: given, ...options }) {
    const tasks = tasksOf(given);
    const { items, fingerprint, warnings } = await readSampleFiles(data, readProbeSet, options);
    const wanted = items.filter(({ task }) => tasks.includes(task));
    if (wanted.length === 0)
      throw new FrankensteinError('bad-request', `${shown(data)} has no sample of ${tasks.join(' or ')}.`);
    const ofEach = (all: readonly ProbeSample[], of: Choosing) => chosenOfEach(all, ({ task }) => task, of);
    return { items: choiceIn(wanted, ofEach, { choosing, idsFile, data }), fingerprint, warnings };
  },
  unitOf: ({ prompt, targetImage, sourceImage }) => ({ prompt, images: [targetImage], source: sourceImage }),
  outcome: (depths) => ({
    source: 'same-grid',
    boxScale: [0, 0],
    baseline: '',
    sourceAnswer: '',
    answers: new Array<string>(depths).fill(''),
  }),
  phase: 'Swapping visual tokens',
  paired: true,
  branches: true,
  unitBytes({ spec, tokens, depths }) {
    const { layers, layer, mixers } = spec.language;
    // With layers that carry a state, sources keep the states of all layers.
    const kept = depths + 2 + (lastRecurrent(mixers) < 0 ? 0 : layers);
    return 2 * rowBytes(spec, tokens, 0) + kept * 4 * tokens * layer.hidden;
  },
  reached: ({ tokens, tail, visual }, { mode }, carries) => (carries ? tokens : mode === 'from' ? tail : tail + visual),
  compute: async (...given) => (await import('./compute.js')).swapUnits(...given),
  result: async (...given) => (await import('./result.js')).swapResult(...given),
};

function tasksOf(given: readonly string[] | undefined): string[] {
  if (given === undefined) return [...PROBE_TASKS];
  const stray = given.find((task) => !PROBE_TASKS.some((known) => known === task));
  if (stray !== undefined || given.length === 0)
    throw new FrankensteinError(
      'bad-request',
      `${stray === undefined ? 'No task is given' : `There is no task "${shown(stray)}"`}; there are ` +
        `${PROBE_TASKS.join(', ')}.`,
    );
  return [...given];
}
