import type { Kernel } from '../arithmetic/task.js';
import { method } from './method.js';

/** `scale · W`. Without a scale nothing is computed: the plan takes the stored tensor itself. */
const kernel: Kernel<null> = {
  prepare: () => Promise.resolve(null),
  merge: ({ models }, _, [only]) => {
    const scale = models[0]?.['scale'] ?? null;
    return scale === null ? only!.slice() : only!.map((value) => value * Number(scale));
  },
};

export const passthrough = method({
  name: 'passthrough',
  title: 'Passthrough',
  random: false,
  base: 'ignored',
  models: { min: 1, max: 1 },
  paper: undefined,
  doc:
    'Takes the tensors of one model as they are. With slices of several models it is a stitch: ' +
    'every layer comes from the model of its slice, embeddings from the first slice, ' +
    'final norm and head from the last.',
  formula: 'W = W₁, or scale · W₁',
  parameters: [
    {
      name: 'scale',
      type: 'number',
      scope: 'model',
      default: null,
      doc: 'Factor of the weights. Left out: the bytes stay as they are.',
    },
  ],
  kernel,
  copies: ([only]) => only!['scale'] === null,
});
