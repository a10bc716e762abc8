/** Evaluate Abilities…, Run Transferability Test…, Sweep…: which checkpoints, which questions, what it will cost; then it runs. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { EvaluatedStage, EvaluatePlan, Role, Sweep } from '../protocol/engineApi.js';
import type { EvaluationQuestion } from '../protocol/hostApi.js';
import { sniffData } from '../services/probeData.js';
import { bytesText, durationText } from '../services/progressText.js';
import type { Services } from '../services/services.js';
import { languageModelRequest, pickLanguageModel } from '../services/languageModels.js';
import { readSettings } from '../services/settings.js';
import { checkpointsFrom } from './arguments.js';
import { askNumber, askOptions, type OptionItem } from './options.js';
import { pickCheckpoints, type Stage } from './pick.js';
import { pickData } from './pickData.js';

/** New tokens where nothing is said: room for a chain of thought. */
const LONGEST_ANSWER = 512;

export const evaluateCommands = {
  async 'frankenstein.evaluate'(services: Services, ...args: unknown[]) {
    const title = 'Evaluate Abilities';
    const stages = await pickCheckpoints(
      services,
      { title, placeHolder: 'Checkpoints and recipes to evaluate' },
      checkpointsFrom(args),
    );
    if (stages === undefined) return;
    await run(services, title, (options) => ({ checkpoints: stages.map(withRole), ...options }));
  },

  async 'frankenstein.transfer'(services: Services, ...args: unknown[]) {
    const title = 'Run Transferability Test';
    const lineage = await pickLineage(services, title, checkpointsFrom(args));
    if (lineage === undefined) return;
    const { checkpoints } = await services.engine.hybrids(lineage);
    await run(services, title, (options) => ({ kind: 'transfer', checkpoints, ...options }));
  },

  async 'frankenstein.sweep'(services: Services, ...args: unknown[]) {
    const title = 'Sweep';
    const lineage = await pickLineage(services, title, checkpointsFrom(args));
    if (lineage === undefined) return;
    const sweep = await pickSweep(title);
    if (sweep === undefined) return;
    const { checkpoints, axis } = await services.engine.hybrids({ ...lineage, base: undefined, sweep });
    await run(services, title, (options) => ({
      kind: 'sweep',
      checkpoints,
      ...(axis !== null && { axis }),
      ...options,
    }));
  },
};

const ROLES: readonly Role[] = ['base', 'in', 'rl'];

function withRole({ path: place, label }: Stage): EvaluatedStage {
  const role = ROLES.find((one) => one === label.toLowerCase() || one === path.basename(place).toLowerCase());
  return { path: place, label, ...(role && { role }) };
}

/** IN and RL, and Base where there is one: by the order of their training. */
async function pickLineage(
  services: Services,
  title: string,
  hand: readonly string[],
): Promise<{ base?: EvaluatedStage; in: EvaluatedStage; rl: EvaluatedStage } | undefined> {
  const stages = await pickCheckpoints(
    services,
    { title, placeHolder: 'IN and RL, or Base, IN and RL', most: 3 },
    hand,
  );
  if (stages === undefined) return undefined;
  if (stages.length < 2) throw new Error('This needs two checkpoints, IN and RL; one was chosen.');
  const [rl, supervised, base] = [...stages].reverse();
  return { ...(base && { base }), in: supervised!, rl: rl! };
}

async function pickSweep(title: string): Promise<Sweep | undefined> {
  const choices: (vscode.QuickPickItem & { sweep: Sweep })[] = [
    {
      label: '$(split-vertical) Cut position',
      detail: 'IN below the cut, RL from it on: where does RL’s gain sit?',
      sweep: { axis: 'cut' },
    },
    {
      label: '$(settings) α, all language layers',
      detail: '(1 − α) · IN + α · RL: how much of RL is needed, and does more of it help?',
      sweep: { axis: 'alpha' },
    },
    {
      label: '$(settings) α, attention only',
      detail: 'The same, in the attention of every layer',
      sweep: { axis: 'alpha', part: 'attention' },
    },
    {
      label: '$(settings) α, MLP only',
      detail: 'The same, in the MLP of every layer',
      sweep: { axis: 'alpha', part: 'mlp' },
    },
  ];
  return (await vscode.window.showQuickPick(choices, { title, placeHolder: 'What is varied?', matchOnDetail: true }))
    ?.sweep;
}

type Options = Pick<EvaluationQuestion, 'data' | 'samples' | 'maxNewTokens' | 'badLines' | 'grader' | 'describer'>;

/** The rest is asked alike: the questions, then the estimate beside Run with what it depends on. */
async function run(
  services: Services,
  title: string,
  question: (options: Options) => EvaluationQuestion,
): Promise<void> {
  const data = await pickQuestions(services, title);
  if (data === undefined) return;
  const options: Options = { data, maxNewTokens: LONGEST_ANSWER };
  for (;;) {
    const asked = question(options);
    switch (
      await askOptions(title, optionItems(options), async (signal) =>
        planText(await plan(services, asked, signal), asked.checkpoints.length),
      )
    ) {
      case undefined:
        return;
      case 'run':
        await services.evaluationMemory.remember(asked);
        services.panels.evaluate({ kind: 'evaluate', evaluation: asked });
        return;
      case 'samples': {
        const value = await askNumber(title, 'Questions of each set', options.samples, true);
        if (value === undefined) delete options.samples;
        else if (value !== null) options.samples = value;
        break;
      }
      case 'tokens': {
        const value = await askNumber(title, 'Longest answer in tokens', options.maxNewTokens, false);
        if (value !== null && value !== undefined) options.maxNewTokens = value;
        break;
      }
      case 'badLines':
        options.badLines = options.badLines === 'skip' ? 'stop' : 'skip';
        break;
      case 'grader': {
        const picked = await pickLanguageModel(services, title, 'Who judges answers that the rules call wrong?');
        if (picked === null) delete options.grader;
        else if (picked !== undefined) options.grader = languageModelRequest(picked);
        break;
      }
      case 'describer': {
        const picked = await pickLanguageModel(
          services,
          title,
          'Who puts pictures in words where a set has no descriptions?',
          { pictures: true },
        );
        if (picked === null) delete options.describer;
        else if (picked !== undefined) options.describer = languageModelRequest(picked);
        break;
      }
    }
  }
}

async function pickQuestions(services: Services, title: string): Promise<string | undefined> {
  return pickData({
    title,
    placeHolder: 'Questions with answers that can be checked',
    endings: ['jsonl', 'parquet'],
    about: async (file) =>
      file.endsWith('.parquet') || (await sniffData(file))?.format === 'questions' ? '' : undefined,
    folders: true,
    usedBefore: services.evaluationMemory.data(),
    browse: {
      description: 'JSONL or Parquet files on this machine',
      dialog: {
        canSelectFolders: true,
        canSelectFiles: true,
        filters: { Questions: ['jsonl', 'parquet'] },
        openLabel: 'Choose Questions',
      },
    },
  });
}

function optionItems({
  samples,
  maxNewTokens,
  grader,
  describer,
  badLines,
}: Options): OptionItem<'samples' | 'tokens' | 'badLines' | 'grader' | 'describer'>[] {
  return [
    {
      label: '$(list-unordered) Questions',
      description: samples === undefined ? 'all' : `at most ${samples} of each set, drawn at random`,
      action: 'samples',
    },
    { label: '$(text-size) Longest answer', description: `${maxNewTokens!} tokens`, action: 'tokens' },
    {
      label: '$(law) Second opinion',
      description:
        grader === undefined ? 'none: rules judge' : `${grader.model}, for answers that the rules call wrong`,
      action: 'grader',
    },
    {
      label: '$(comment-discussion) Pictures in words',
      description: describer === undefined ? 'from the set' : `by ${describer.model} where the set has none`,
      action: 'describer',
    },
    {
      label: '$(warning) Lines that cannot be read',
      description: badLines === 'skip' ? 'skip, and report them' : 'stop and say which',
      action: 'badLines',
    },
  ];
}

function plan(
  { engine, runsFolders }: Services,
  asked: EvaluationQuestion,
  signal: AbortSignal,
): Promise<EvaluatePlan> {
  const { memory, threads } = readSettings();
  return engine.planEvaluate(
    { ...asked, memory, threads, runsFolder: runsFolders.forRun(asked.checkpoints.map(({ path: place }) => place)) },
    { signal },
  );
}

/** `1,200 questions in 9 checkpoints · 18,000 answers, 4,000 known · about 4:30 min · at most 1.2 GB` */
export function planText(
  { questions, generations, cached, memory, seconds, basis }: EvaluatePlan,
  checkpoints: number,
): string {
  return [
    `${questions.toLocaleString('en')} questions${checkpoints > 1 ? ` in ${checkpoints} checkpoints` : ''}`,
    `${generations.toLocaleString('en')} answers${cached > 0 ? `, ${cached.toLocaleString('en')} known` : ''}`,
    ...(seconds === null ? [] : [`${basis === 'longest' ? 'up to ' : ''}about ${durationText(seconds)}`]),
    `at most ${bytesText(memory)}`,
  ].join(' · ');
}
