/** The kinds of probes as people choose them: words, and what each asks for. */
import type { ProbeQuestion, ProbeResult, SkipResult } from '../protocol/engineApi.js';
import type { DataHint } from '../services/probeData.js';
import type { ProtocolChoice } from './protocol.js';
import type { OptionItem } from './options.js';

export type Kind = ProbeQuestion['kind'];
type SkipPart = SkipResult['part'];

/** What may be set before a probe starts. */
export interface Options {
  samples: number | undefined;
  maxNewTokens: number;
  mode: 'from' | 'only';
  part: SkipPart;
  badLines: 'stop' | 'skip';
  change: 'task' | 'text';
  protocol: ProtocolChoice;
}

export interface KindChoice {
  label: string;
  icon: string;
  detail: string;
  /** Above the list of checkpoints. */
  checkpoints: string;
  /** One probe over all the checkpoints, of which there are so many at most; otherwise each has a probe of its own. */
  together?: number;
  /** Above the list of data files. */
  data: string;
  /** Whether a data file is of use. */
  suits: (hint: DataHint) => boolean;
  /** Data may be a folder of files. */
  folders: boolean;
  /** Data may be Parquet. */
  parquet: boolean;
  /** What the number of samples counts. */
  per: string;
  /** The settings that only this kind has. */
  settings: (
    options: Pick<ProbeQuestion, 'mode' | 'part' | 'change'>,
  ) => Pick<ProbeQuestion, 'mode' | 'part' | 'change'>;
  items: (options: Options) => OptionItem<'mode' | 'part' | 'change'>[];
  /** Samples to draw for the same ones again: they are drawn per task, where there are tasks. */
  drawn: (result: ProbeResult) => number;
}

const MODES = { from: 'from layer ℓ onward (the paper)', only: 'in layer ℓ only (K and V)' };
const CHANGES = { task: 'by the rule of each task', text: 'where the texts differ (the paper’s scripts)' };
const PARTS: Readonly<Record<SkipPart, string>> = {
  layer: 'the whole layer',
  attention: 'attention only',
  mlp: 'MLP only',
  experts: 'the chosen experts only (mixtures of experts)',
};

export const PROBE_KINDS: Readonly<Record<Kind, KindChoice>> = {
  swap: {
    label: 'Vision localization',
    icon: 'eye',
    detail:
      'Swaps the visual tokens of a second image in, layer by layer: where do counting, OCR, ' +
      'grounding and recognition change their answers?',
    checkpoints: 'One checkpoint, or the stages of a lineage to overlay',
    data: 'Pairs of images with a prompt (JSONL)',
    suits: ({ format }) => format === 'pairs',
    folders: true,
    parquet: false,
    per: ' per function',
    settings: ({ mode, change }) => ({ mode, ...(change === 'text' && { change }) }),
    items: ({ mode, change }) => [
      { label: 'Swapped', icon: 'arrow-swap', description: MODES[mode], value: 'mode' },
      { label: 'Changed', icon: 'diff', description: CHANGES[change], value: 'change' },
    ],
    drawn: (result) => mostOf(result.samples.map((sample) => ('task' in sample ? sample.task : ''))),
  },
  skip: {
    label: 'Reasoning localization',
    icon: 'symbol-operator',
    detail: 'Skips one layer at a time: which layers does text-only reasoning need?',
    checkpoints: 'One checkpoint, or the stages of a lineage to overlay',
    data: 'Questions with answers that can be checked (JSONL)',
    suits: ({ format }) => format === 'questions',
    folders: false,
    parquet: true,
    per: '',
    settings: ({ part }) => ({ part }),
    items: ({ part }) => [{ label: 'Skipped', icon: 'debug-step-over', description: PARTS[part], value: 'part' }],
    drawn: ({ samples }) => samples.length,
  },
  attention: {
    label: 'Attention shift',
    icon: 'symbol-event',
    detail:
      'How much reasoning tokens attend to the image in each layer, ' +
      'in one checkpoint or in two side by side (IN and RL).',
    checkpoints: 'One checkpoint, or two to compare',
    together: 2,
    data: 'Questions about images (JSONL)',
    suits: ({ format, hasImages }) => format === 'questions' && hasImages,
    folders: false,
    parquet: true,
    per: '',
    settings: () => ({}),
    items: () => [],
    drawn: ({ samples }) => samples.length,
  },
  routing: {
    label: 'Expert routing',
    icon: 'type-hierarchy-sub',
    detail:
      'In which layers tokens go through other experts, between two checkpoints of a mixture of experts ' +
      '(IN and RL) that read the same prompts.',
    checkpoints: 'Two checkpoints to compare',
    together: 2,
    data: 'Questions, with or without images (JSONL)',
    suits: ({ format }) => format === 'questions',
    folders: false,
    parquet: true,
    per: '',
    settings: () => ({}),
    items: () => [],
    drawn: ({ samples }) => samples.length,
  },
};

/** How often the most frequent of them stands there. */
function mostOf(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Math.max(...counts.values());
}
