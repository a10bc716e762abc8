/** Evaluations: vision, vision-to-reasoning and reasoning of checkpoints, and of what is stitched of them. */
import type { StageRequest } from '../../checkpoint/stage.js';
import { define } from '../declare/definition.js';
import { type StitchesRequest, sweepFields, sweepOf, transferFields } from './hybridsRequest.js';
import { answersOf } from './answersOf.js';
import { evaluateRequest } from './request.js';
import { evaluateResult } from './schema.js';

const IN_AND_RL = [
  { syntax: '<in>', help: 'the supervised checkpoint' },
  { syntax: '<rl>', help: 'the checkpoint after reinforcement learning' },
];

function lineage([supervised, reinforced]: readonly StageRequest[]): StitchesRequest {
  return { in: supervised!, rl: reinforced! };
}

export const definition = define({
  name: 'evaluate',
  request: evaluateRequest,
  result: evaluateResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { evaluate: 'Abilities', transfer: 'Transferability', sweep: 'Sweep' },
  joint: ', ',
  runKinds: ['evaluate', 'transfer', 'sweep'],
  listed: ({ question }) => ({ answers: answersOf(question) }),
  icon: 'graph-line',
  isNot: 'is no evaluation',
  leaves: 'The answers so far are kept, and the next start continues from there.',
  unit: 'answers',
  tellsPlan: 'asked',
  reportFlags: [{ syntax: '--all', help: 'list the comparisons with every reference, not only with IN' }],
  commands: [
    {
      name: 'evaluate',
      description:
        'Measure vision, vision-to-reasoning and reasoning of checkpoints and recipes, with intervals and paired tests',
      arguments: [
        { syntax: '<checkpoint...>', help: 'folders, configs, shards, indexes, recipes, or endpoint:URL#MODEL' },
      ],
    },
    {
      name: 'transfer',
      description: 'Stitch the regions of RL into IN and vice versa, six ways, and measure what transfers',
      arguments: IN_AND_RL,
      fixed: { kind: 'transfer' },
      more: transferFields,
      prepare: async (engine, stages, { base, cuts }, context) => {
        const given = { base: base && { path: base as string }, cuts } as Pick<StitchesRequest, 'base' | 'cuts'>;
        const { checkpoints } = await engine.hybrids({ ...lineage(stages), ...given }, context);
        return { checkpoints };
      },
    },
    {
      name: 'sweep',
      description: 'Move the cut between IN and RL, or α from one to the other, and measure every step',
      arguments: IN_AND_RL,
      fixed: { kind: 'sweep' },
      more: sweepFields,
      prepare: async (engine, stages, options, context) => {
        const { checkpoints, axis } = await engine.hybrids({ ...lineage(stages), sweep: sweepOf(options) }, context);
        return { checkpoints, axis: axis ?? undefined };
      },
    },
  ],
});
