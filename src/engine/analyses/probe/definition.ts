/** Probes: interventions inside a model, layer by layer. */
import { define } from '../declare/definition.js';
import { probeRequest } from './request.js';
import { KINDS, probeResult } from './kinds/declared.js';

export const definition = define({
  name: 'probe',
  request: probeRequest,
  result: probeResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { ...Object.fromEntries(KINDS.map(({ kind, title }) => [kind, title])), probe: 'Probe' },
  joint: ', ',
  runKinds: ['probe'],
  listed: ({ probe }) => (typeof probe === 'string' ? { probe } : {}),
  icon: 'graph-line',
  isNot: 'is no probe',
  leaves: 'The samples done so far are kept, and the next start continues from there.',
  unit: 'samples × layers',
  tellsPlan: 'always',
  groups: { probe: 'Intervene inside a model, layer by layer, and see what breaks' },
  commands: KINDS.map(({ kind, command }) => ({ name: `probe ${kind}`, ...command, fixed: { kind } })),
});
