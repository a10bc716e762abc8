/** What is asked for a transferability test or a sweep: the checkpoints to make of IN and RL. */
import * as v from 'valibot';
import type { StageRequest } from '../../checkpoint/stage.js';
import { FrankensteinError } from '../../errors.js';
import { cuts, defaulting, optional, type Options, text } from '../declare/field.js';
import { typedNumbers, typedRange } from '../declare/typed.js';
import type { EvaluatedStage, SweepAxis } from './request.js';

export interface StitchesRequest {
  base?: StageRequest | undefined;
  in: StageRequest;
  rl: StageRequest;
  /** First layer of Mid, first layer of Late. Thirds, floored, when left out. */
  cuts?: [number, number] | undefined;
  /** Left out: the six stitches. */
  sweep?: Sweep | undefined;
}

/** `cut`: IN below it, RL from it on. `alpha`: (1 − α)·IN + α·RL, in some layers, all of them or a part. */
export type Sweep =
  | { axis: 'cut'; values?: number[] | undefined }
  | {
      axis: 'alpha';
      values?: number[] | undefined;
      layers?: [number, number] | undefined;
      part?: 'all' | 'attention' | 'mlp' | undefined;
    };

export interface Stitches {
  checkpoints: EvaluatedStage[];
  axis: SweepAxis | null;
  cuts: [number, number];
}

/** Options of a transferability test. */
export const transferFields = {
  base: optional(text, {
    flags: [{ syntax: '--base <checkpoint>', help: 'the pretrained checkpoint, beside them', isPath: true }],
  }),
  cuts: cuts(),
};

/** Options of a sweep. */
export const sweepFields = {
  axis: defaulting(v.picklist(['cut', 'alpha']), 'cut', {
    flags: [
      {
        syntax: '--axis <axis>',
        help: 'cut: IN below a layer and RL from it on; alpha: (1 − α)·IN + α·RL',
        default: 'cut',
      },
    ],
  }),
  values: optional(v.array(v.number()), {
    flags: [
      {
        syntax: '--values <list>',
        help: 'positions, comma-separated (default: evenly over the layers; 0 to 1.25)',
        read: typedNumbers,
      },
    ],
  }),
  layers: optional(v.tuple([v.number(), v.number()]), {
    flags: [
      {
        syntax: '--layers <first,end>',
        help: 'alpha only: language layers from FIRST up to END, which is excluded (unlike in --depths; default: all)',
        read: typedRange,
      },
    ],
  }),
  part: optional(v.picklist(['all', 'attention', 'mlp']), {
    flags: [{ syntax: '--part <part>', help: 'alpha only: what of the layers' }],
  }),
};

/** @throws `bad-request` for options of the other axis */
export function sweepOf(options: Options): Sweep {
  const { axis, values, layers, part } = v.parse(v.object(sweepFields), options);
  if (axis === 'alpha') return { axis, values, layers, part };
  if (layers !== undefined || part !== undefined)
    throw new FrankensteinError('bad-request', '--layers and --part belong to --axis alpha.');
  return { axis, values };
}
