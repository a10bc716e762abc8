/** Spectra: how many directions the weight updates of a lineage have. */
import { define } from '../declare/definition.js';
import { spectrumRequest } from './request.js';
import { spectrumResult } from './schema.js';

export const definition = define({
  name: 'spectrum',
  request: spectrumRequest,
  result: spectrumResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { spectrum: 'Spectrum' },
  joint: ' → ',
  runKinds: ['spectrum'],
  listed: ({ mode, filter }) =>
    mode === 'exact' || mode === 'fast' ? { spectrum: { mode, filter: filter ?? null } } : {},
  refines: true,
  icon: 'graph-scatter',
  isNot: 'has no spectra',
  leaves: 'The matrices done so far are kept, and the next start continues from there.',
  tellsPlan: 'asked',
  csvRow: 'matrix',
  commands: [
    {
      name: 'spectrum',
      description:
        'Singular values of the weight updates of a lineage (Base → IN → RL): rank metrics per tensor, layer and region, held against what rounding alone would give',
      arguments: [
        {
          syntax: '<stages...>',
          help: 'checkpoint folders, configs, shards, indexes or adapters (BASE+ADAPTER names both); two or more',
        },
      ],
    },
  ],
});
