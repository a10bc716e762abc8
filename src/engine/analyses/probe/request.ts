/** What a probe is asked to do. Plain data: crosses processes and identifies a run. */
import * as v from 'valibot';
import type { CountProgress } from '../../calls.js';
import { quoted } from '../../checkpoint/failure.js';
import {
  badLines,
  checkpoints,
  cuts,
  data,
  defaulting,
  machine,
  maxNewTokens,
  names,
  optional,
  samples,
  seed,
} from '../declare/field.js';
import { protocolFields } from '../declare/protocol.js';
import { typedDepths } from '../declare/typed.js';
import { KIND_NAMES } from './kinds/declared.js';
import { SKIP_PARTS } from './kinds/skip/parts.js';

export const probeRequest = v.object({
  kind: v.picklist(KIND_NAMES, ({ input }) => `There is no probe ${quoted(String(input))}.`),
  /** JSONL file, or a folder of them: the authors' paired format for `swap`, the evaluation format for the others. */
  data: data((kind) =>
    kind === 'swap'
      ? 'JSONL file of paired probes (id, task, target_image, source_image, prompt, meta), or a folder of them'
      : 'JSONL or Parquet file of questions, or a folder of them',
  ),
  /** 0-based layers; all when left out. */
  depths: optional(v.array(v.number('A depth is a layer number.'), 'Depths are a list of layer numbers.'), {
    flags: [
      {
        syntax: '--depths <list>',
        help: 'language layers from 0, both ends included, such as 0-11 or 0,4,8-11 (default: all)',
        read: typedDepths,
      },
    ],
  }),
  /** At most this many (per task for `swap`), drawn with `seed`; all when left out. */
  samples: samples((kind) =>
    kind === 'swap'
      ? 'so many samples of each task, drawn at random (default: all)'
      : 'so many samples, drawn at random (default: all)',
  ),
  seed: seed(),
  ...protocolFields(),
  /** As many as the paper's probes use. */
  maxNewTokens: maxNewTokens(128),
  badLines: badLines(),
  cuts: cuts(),
  /** One for `swap` and `skip`; one or two (IN, RL) for `attention`; two for `routing`. */
  checkpoints: checkpoints('checkpoints', {}, [], { least: 1, fewer: 'No checkpoint is given.' }),
  ...machine(),
  mode: defaulting(v.picklist(['from', 'only']), 'from', {
    only: ['swap'],
    flags: [
      {
        syntax: '--mode <mode>',
        help:
          'swap keys and values from a layer onward (the same as the hidden states at its input), or in ' +
          'that layer only',
      },
    ],
  }),
  /** All four when left out. */
  tasks: names(
    '--tasks <names>',
    'counting, ocr, grounding, recognition; comma-separated (default: all that the data has)',
    { only: ['swap'] },
  ),
  /** When an answer counts as changed. */
  change: defaulting(v.picklist(['task', 'text']), 'task', {
    only: ['swap'],
    flags: [
      {
        syntax: '--change <rule>',
        help: "task: by the rule of each task; text: the texts differ (the paper's scripts)",
      },
    ],
  }),
  part: defaulting(v.picklist(SKIP_PARTS), 'layer', {
    only: ['skip'],
    flags: [{ syntax: '--part <part>', help: 'what of the layer is skipped' }],
  }),
  /** With the part `experts`; all that the router chooses when left out. */
  experts: optional(v.array(v.number('An expert is a number.'), 'Experts are a list of numbers.'), {
    only: ['skip'],
    flags: [
      {
        syntax: '--experts <list>',
        help: 'with --part experts: these of each layer, from 0, such as 0-3,7 (default: all that are chosen)',
        read: typedDepths,
      },
    ],
  }),
});

export type ProbeRequest = v.InferInput<typeof probeRequest>;
/** With its defaults. */
export type ParsedProbe = v.InferOutput<typeof probeRequest>;

/** What was asked, without the settings of the machine (memory, threads, folder for runs). */
export type ProbeQuestion = Omit<ProbeRequest, 'memory' | 'threads' | 'runsFolder'>;

/** What a probe will cost, before it starts. */
export interface ProbePlan {
  samples: number;
  depths: number;
  /** Generations the naive loop would do, and passes that are left after reuse. */
  generations: number;
  /** Bytes the engine will hold at once, at most: what this probe needs, within the budget. */
  memory: number;
  /** Weights that do not fit the budget: bytes read again at every pass. */
  streamedBytes: number;
  /** Null when nothing could be measured: samples that cannot be read, or a machine at work. */
  seconds: number | null;
  /**
   * `measured`: by the first samples of this probe. `longest`: by one layer of the model, as if every answer went to
   * its limit.
   */
  basis: 'measured' | 'longest';
}

/** Progress of a probe: samples × depths. */
export type ProbeProgress = CountProgress;
