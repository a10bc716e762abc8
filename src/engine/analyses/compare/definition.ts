/** Comparison: the size of the weight updates of a lineage. */
import { define } from '../declare/definition.js';
import { compareRequest } from './request.js';
import { compareResult } from './schema.js';

export const definition = define({
  name: 'compare',
  request: compareRequest,
  result: compareResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { compare: 'Comparison' },
  joint: ' → ',
  runKinds: ['compare'],
  icon: 'graph',
  isNot: 'is no comparison',
  leaves: 'What was compared so far is kept, and the next start continues from there.',
  tellsPlan: 'asked',
  csvRow: 'tensor',
  commands: [
    {
      name: 'compare',
      description:
        'Compare checkpoints of one family in lineage order (Base → IN → RL): size of the weight ' +
        'updates per tensor, layer and region',
      arguments: [
        {
          syntax: '<stages...>',
          help: 'checkpoint folders, configs, shards, indexes or adapters (BASE+ADAPTER names both); two or more',
        },
      ],
    },
  ],
});
