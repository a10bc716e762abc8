/** Probes: interventions inside a model, layer by layer. */
import { define } from '../declare/definition.js';
import { probeRequest } from './request.js';
import { probeResult } from './schema.js';

const CHECKPOINT = {
  syntax: '<checkpoint>',
  help: 'a folder, config, shard, index or adapter; BASE+ADAPTER names both',
};

export const definition = define({
  name: 'probe',
  request: probeRequest,
  result: probeResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { swap: 'Vision probe', skip: 'Reasoning probe', attention: 'Attention probe', probe: 'Probe' },
  joint: ', ',
  runKinds: ['probe'],
  listed: ({ probe }) => (typeof probe === 'string' ? { probe } : {}),
  icon: 'graph-line',
  isNot: 'is no probe',
  leaves: 'The samples done so far are kept, and the next start continues from there.',
  unit: 'samples × layers',
  tellsPlan: 'always',
  groups: { probe: 'Intervene inside a model, layer by layer, and see what breaks' },
  commands: [
    {
      name: 'probe swap',
      description:
        'Swap the visual tokens of a target image for those of a source, layer by layer (activation patching): ' +
        'which layers does an ability need the image in?',
      arguments: [CHECKPOINT],
      fixed: { kind: 'swap' },
    },
    {
      name: 'probe skip',
      description: 'Skip one layer at a time (layer ablation): which layers does reasoning need?',
      arguments: [CHECKPOINT],
      fixed: { kind: 'skip' },
    },
    {
      name: 'probe attention',
      description: 'Attention from reasoning tokens to visual tokens per layer, in one checkpoint or two (IN, RL)',
      arguments: [CHECKPOINT, { syntax: '[other]', help: 'the checkpoint to compare it with' }],
      fixed: { kind: 'attention' },
    },
  ],
});
