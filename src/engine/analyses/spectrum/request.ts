/** What a spectrum is asked for. Plain data: crosses processes and identifies a run. */
import * as v from 'valibot';
import type { Progress } from '../../calls.js';
import { quoted } from '../../checkpoint/failure.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { cuts, machine, optional, stages, text, texts } from '../declare/field.js';
import type { SpectrumMode } from './result.js';

const MODES = ['exact', 'fast'] as const satisfies readonly SpectrumMode[];

export const spectrumRequest = v.object({
  /** Exact below `EXACT_LIMIT` of work, else fast, when left out. */
  mode: optional(
    v.picklist(MODES, ({ input }) => `There is no mode ${quoted(String(input))}; there are ${MODES.join(' and ')}.`),
    {
      flags: [
        {
          syntax: '--mode <mode>',
          help:
            'all values, or the first and an estimate of the rest with its error (default: ' +
            'exact where that takes minutes at most)',
        },
      ],
    },
  ),
  /** Regular expression over canonical names. */
  filter: optional(text, {
    flags: [{ syntax: '--filter <regex>', help: 'only weights whose canonical name matches, such as self_attn' }],
  }),
  /**
   * Matrices taken exactly in a fast run: `name` (with all its parts), or `name#part`. The panel's *Refine*. The run
   * stays the same one: what it has is kept, and what was refined once stays so.
   */
  refine: optional(texts, {
    flags: [
      { syntax: '--refine <names...>', help: 'with fast: weights taken exactly all the same; name, or name#part' },
    ],
  }),
  cuts: cuts(),
  /** Two or more, in lineage order. */
  stages: stages(),
  ...machine({ memory: 'memory budget, such as 2GB', threads: 'worker threads (default: all cores)' }),
});

export type SpectrumRequest = v.InferInput<typeof spectrumRequest>;

/** What it will cost, before it starts. */
export interface SpectrumPlan {
  mode: SpectrumMode;
  matrices: number;
  /** Bytes to read over all stages. */
  bytes: number;
  /** Floating-point operations, as many as matrix products would do in the time. */
  operations: number;
  /** By a short measurement of this machine's speed. */
  seconds: number;
  /** Bytes held at once, at most. */
  memory: number;
  threads: number;
}

/** Bytes as everywhere; what is left is told by operations, which differ more between matrices than bytes do. */
export interface SpectrumProgress extends Progress {
  doneMatrices: number;
  totalMatrices: number;
}

/** One spectrum with all its values. */
export interface FullSpectrumRequest {
  /** Canonical name and part of the matrix; update `from` → `from + 1`. */
  name: string;
  part: string | null;
  from: number;
  /** The run that has it. */
  runsFolder?: string | undefined;
  runId?: string | undefined;
  /** Where no stored run has it, it is computed from these. */
  stages?: StageRequest[] | undefined;
  /** Of that computation. Exact when left out. */
  mode?: SpectrumMode | undefined;
  memory?: number | undefined;
  threads?: number | undefined;
}
