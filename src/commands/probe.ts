/** Probe Checkpoint…: which probe, which checkpoints, which data; what it will cost; then it runs. */
import * as vscode from 'vscode';
import type { EngineApi, ProbePlan } from '../protocol/engineApi.js';
import type { ProbeQuestion } from '../protocol/hostApi.js';
import { sniffData } from '../services/probeData.js';
import { bytesText, durationText } from '../services/progressText.js';
import type { Services } from '../services/services.js';
import { readSettings } from '../services/settings.js';
import { checkpointsFrom } from './arguments.js';
import { askNumber, askOptions, type OptionItem } from './options.js';
import { pickCheckpoints, type Stage } from './pick.js';
import { pickData } from './pickData.js';

const TITLE = 'Probe Checkpoint';

type Kind = ProbeQuestion['kind'];

const KINDS: { probe: Kind; label: string; detail: string }[] = [
  {
    probe: 'swap',
    label: '$(eye) Vision localization',
    detail:
      'Swaps the visual tokens of a second picture in, layer by layer: where do counting, OCR, grounding and recognition change their answers?',
  },
  {
    probe: 'skip',
    label: '$(symbol-operator) Reasoning localization',
    detail: 'Skips one layer at a time: which layers does text-only reasoning need?',
  },
  {
    probe: 'attention',
    label: '$(symbol-event) Attention shift',
    detail:
      'How much reasoning tokens look at the picture in each layer, in one checkpoint or in two held against each other (IN and RL).',
  },
];

export const probeCommands = {
  async 'frankenstein.probe'(services: Services, ...args: unknown[]) {
    const kind = (
      await vscode.window.showQuickPick(KINDS, {
        title: TITLE,
        placeHolder: 'What do you want to find?',
        matchOnDetail: true,
      })
    )?.probe;
    if (kind === undefined) return;
    const checkpoints = await pickCheckpoints(
      services,
      kind === 'attention'
        ? { title: TITLE, placeHolder: 'One checkpoint, or two to hold against each other', most: 2 }
        : { title: TITLE, placeHolder: 'One checkpoint, or the stages of a lineage to lay over each other' },
      checkpointsFrom(args),
    );
    if (checkpoints === undefined) return;
    const data = await pickSamples(services, kind);
    if (data === undefined) return;
    const questions = await pickOptions(services, kind, checkpoints, data);
    if (questions === undefined) return;
    await services.probeMemory.remember(questions);
    services.panels.probe({ kind: 'probe', probes: questions });
  },
};

/** Sample sets by what is in them: pairs for a swap, questions for the others, about pictures for attention. */
async function pickSamples(services: Services, kind: Kind): Promise<string | undefined> {
  return pickData({
    title: TITLE,
    placeHolder:
      kind === 'swap'
        ? 'Pairs of pictures with a prompt (JSONL)'
        : kind === 'skip'
          ? 'Questions with answers that can be checked (JSONL)'
          : 'Questions about pictures (JSONL)',
    endings: ['jsonl'],
    about: async (file) => {
      const hint = await sniffData(file);
      return hint?.format === (kind === 'swap' ? 'pairs' : 'questions') && (kind !== 'attention' || hint.pictures)
        ? hint.tasks.join(', ')
        : undefined;
    },
    folders: kind === 'swap',
    usedBefore: services.probeMemory.data(kind),
    browse: {
      description: 'a JSONL file on this machine',
      dialog: { filters: { 'JSON Lines': ['jsonl', 'json'] }, openLabel: 'Choose Data' },
    },
  });
}

interface Options {
  samples: number | undefined;
  maxNewTokens: number;
  mode: 'from' | 'only';
  part: 'layer' | 'attention' | 'mlp';
  badLines: 'stop' | 'skip';
}

const MODES = { from: 'from a layer on (the paper)', only: 'in one layer only (K and V)' };
const PARTS = { layer: 'the whole layer', attention: 'attention only', mlp: 'MLP only' };
/** The paper's longest answer for probes, in tokens. */
const LONGEST_ANSWER = 128;

function questionsOf(kind: Kind, checkpoints: readonly Stage[], data: string, options: Options): ProbeQuestion[] {
  const { samples, maxNewTokens, mode, part, badLines } = options;
  const one = (own: readonly Stage[]): ProbeQuestion => ({
    kind,
    checkpoints: own.map(({ path: place, label }) => ({ path: place, label })),
    data,
    ...(kind === 'swap' ? { mode } : kind === 'skip' ? { part } : {}),
    ...(samples !== undefined && { samples }),
    maxNewTokens,
    ...(badLines === 'skip' && { badLines }),
  });
  return kind === 'attention' ? [one(checkpoints)] : checkpoints.map((checkpoint) => one([checkpoint]));
}

async function pickOptions(
  services: Services,
  kind: Kind,
  checkpoints: readonly Stage[],
  data: string,
): Promise<ProbeQuestion[] | undefined> {
  const options: Options = {
    samples: undefined,
    maxNewTokens: LONGEST_ANSWER,
    mode: 'from',
    part: 'layer',
    badLines: 'stop',
  };
  for (;;) {
    const questions = questionsOf(kind, checkpoints, data, options);
    switch (
      await askOptions(TITLE, optionItems(kind, options), async (signal) =>
        planText(await plans(services.engine, questions, signal), questions.length),
      )
    ) {
      case undefined:
        return undefined;
      case 'run':
        return questions;
      case 'samples': {
        const value = await askNumber(
          TITLE,
          kind === 'swap' ? 'Samples per function' : 'Samples',
          options.samples,
          true,
        );
        if (value !== null) options.samples = value;
        break;
      }
      case 'tokens': {
        const value = await askNumber(TITLE, 'Longest answer in tokens', options.maxNewTokens, false);
        if (value !== null && value !== undefined) options.maxNewTokens = value;
        break;
      }
      case 'mode':
        options.mode = options.mode === 'from' ? 'only' : 'from';
        break;
      case 'part':
        options.part = options.part === 'layer' ? 'attention' : options.part === 'attention' ? 'mlp' : 'layer';
        break;
      case 'badLines':
        options.badLines = options.badLines === 'stop' ? 'skip' : 'stop';
        break;
    }
  }
}

function optionItems(
  kind: Kind,
  { samples, maxNewTokens, mode, part, badLines }: Options,
): OptionItem<'samples' | 'tokens' | 'mode' | 'part' | 'badLines'>[] {
  return [
    {
      label: '$(list-unordered) Samples',
      description:
        samples === undefined ? 'all' : `at most ${samples}${kind === 'swap' ? ' per function' : ''}, drawn at random`,
      action: 'samples',
    },
    ...(kind === 'swap' ? [{ label: '$(arrow-swap) Swapped', description: MODES[mode], action: 'mode' } as const] : []),
    ...(kind === 'skip'
      ? [{ label: '$(debug-step-over) Skipped', description: PARTS[part], action: 'part' } as const]
      : []),
    { label: '$(text-size) Longest answer', description: `${maxNewTokens} tokens`, action: 'tokens' },
    {
      label: '$(warning) Lines that cannot be read',
      description: badLines === 'stop' ? 'stop and say which' : 'skip, and report them',
      action: 'badLines',
    },
  ];
}

async function plans(
  engine: EngineApi,
  questions: readonly ProbeQuestion[],
  signal: AbortSignal,
): Promise<ProbePlan[]> {
  const { memory, threads } = readSettings();
  const all: ProbePlan[] = [];
  for (const question of questions) all.push(await engine.planProbe({ ...question, memory, threads }, { signal }));
  return all;
}

/** `240 samples × 12 layers in 3 checkpoints · about 4:30 min · at most 1.2 GB` */
export function planText(all: readonly ProbePlan[], runs: number): string {
  const first = all[0];
  if (first === undefined) return '';
  const seconds = all.every((plan) => plan.seconds !== null) ? all.reduce((sum, plan) => sum + plan.seconds!, 0) : null;
  return [
    `${first.samples.toLocaleString('en')} samples × ${first.depths} layers${runs > 1 ? ` in ${runs} checkpoints` : ''}`,
    ...(seconds === null
      ? []
      : [`${all.some(({ basis }) => basis === 'longest') ? 'up to ' : ''}about ${durationText(seconds)}`]),
    `at most ${bytesText(Math.max(...all.map(({ memory }) => memory)))}`,
  ].join(' · ');
}
