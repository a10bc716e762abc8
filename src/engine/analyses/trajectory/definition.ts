/** Trajectories: how a training got where it ended, checkpoint by checkpoint. */
import { define } from '../declare/definition.js';
import { typedCount } from '../declare/typed.js';
import { goesOn, rounds } from './follow.js';
import { trajectoryRequest } from './request.js';
import { trajectoryResult } from './schema.js';

export const definition = define({
  name: 'trajectory',
  request: trajectoryRequest,
  result: trajectoryResult,
  analysis: () => import('./analysis.js'),
  report: () => import('./report.js'),
  titles: { trajectory: 'Trajectory' },
  joint: ' → ',
  runKinds: ['trajectory'],
  icon: 'graph-line',
  isNot: 'is no trajectory',
  leaves: 'What was read so far is kept, and the next start continues from there.',
  tellsPlan: 'asked',
  csvRow: 'tensor and step',
  watch: {
    flags: [
      { syntax: '--watch', help: 'go on when new whole checkpoints are there, until Ctrl-C' },
      { syntax: '--until <step>', help: 'with --watch: end after this step', read: typedCount },
    ],
    rounds,
    goesOn,
  },
  commands: [
    {
      name: 'trajectory',
      description:
        'How a training got there: every checkpoint against the first and the previous one, by layer ' +
        'and region, and whether the directions of the update settled',
      arguments: [
        {
          syntax: '<checkpoints...>',
          help:
            'a folder of checkpoint-N or global_step_N (BASE+FOLDER for adapters), or two checkpoints ' +
            'or more in the order of their training',
        },
      ],
    },
  ],
});
