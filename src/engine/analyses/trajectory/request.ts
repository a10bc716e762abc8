/** What a trajectory is asked for. Plain data: crosses processes and identifies a run. */
import * as v from 'valibot';
import { quoted } from '../../checkpoint/failure.js';
import { checkpoints, cuts, defaulting, machine, optional, text } from '../declare/field.js';

export const AGAINST = ['first', 'previous'] as const;
/** What a step is held against: where the trajectory starts, or the step before it. */
export type Against = (typeof AGAINST)[number];

export const trajectoryRequest = v.object({
  /** Both are computed from one reading; this one is shown first. */
  against: defaulting(
    v.picklist(
      AGAINST,
      ({ input }) => `There is no ${quoted(String(input))} to hold a step against; there are ${AGAINST.join(' and ')}.`,
    ),
    'first',
    {
      scope: 'view',
      flags: [
        {
          syntax: '--against <which>',
          help:
            'what the report shows: the update since the first checkpoint, or since the previous one ' +
            '(default: first; the JSON has both)',
        },
      ],
    },
  ),
  /** The checkpoint that training started from, in front of the others. */
  start: optional(text, {
    flags: [
      {
        syntax: '--start <checkpoint>',
        help: 'what training started from, in front of the steps (default: the first of them)',
        isPath: true,
      },
    ],
  }),
  /** Stable rank and Sim_K cost a second reading. */
  directions: defaulting(v.boolean('Directions are wanted, or not: true or false.'), true, {
    flags: [
      {
        syntax: '--no-directions',
        help: 'sizes of the updates only: each checkpoint is read once, and nothing is decomposed',
      },
    ],
  }),
  cuts: cuts(),
  /** One folder of steps (`checkpoint-100`, `global_step_100`), or checkpoints in the order of their training. */
  stages: checkpoints('checkpoints', {}, [], {
    least: 1,
    fewer: 'A trajectory needs a folder of steps, or two checkpoints or more in the order of their training.',
  }),
  ...machine({ memory: 'memory budget, such as 2GB', threads: 'worker threads (default: all cores)' }),
});

export type TrajectoryRequest = v.InferInput<typeof trajectoryRequest>;

/** What it will cost, before it starts. */
export interface TrajectoryPlan {
  /** Checkpoints that are read, the start among them. */
  checkpoints: number;
  /** Of those in the folder that are not whole. */
  leftOut: number;
  tensors: number;
  /** Matrices whose directions are computed; 0 where these are not asked for. */
  matrices: number;
  /** Bytes to read for the sizes: each of every checkpoint once. */
  bytes: number;
  /** Bytes to read again for the directions. */
  directionBytes: number;
  /** By a short measurement of this machine's speed. */
  seconds: number;
  /** Bytes held at once, at most. */
  memory: number;
  threads: number;
}

/** A checkpoint of a folder of steps that is not read. */
export interface LeftOutStep {
  path: string;
  /** Null where its name has no number. */
  step: number | null;
  /** A sentence. */
  reason: string;
}

/** What a folder of steps holds now. */
export interface FoundSteps {
  /** Whole ones, in order. */
  whole: { path: string; step: number }[];
  leftOut: LeftOutStep[];
  /**
   * Of the folder's files: names, lengths, times. The same, and there is nothing new. Null for checkpoints that were
   * named.
   */
  looks: string | null;
}

/** A look at the steps; `unless` the folder looks so. */
export type StepsRequest = Pick<TrajectoryRequest, 'stages' | 'start'> & { unless?: string | null | undefined };
