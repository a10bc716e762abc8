/**
 * Evaluate Abilities…, Run Transferability Test…, Sweep…: which checkpoints, which questions, what it will cost; then
 * it runs.
 */
import path from 'node:path';
import * as v from 'valibot';
import { evaluateRequest, roleOf } from '../engine/analyses/evaluate/request.js';
import type { EvaluatedStage, EvaluatePlan, Sweep } from '../protocol/engineApi.js';
import type { EvaluationQuestion } from '../protocol/hostApi.js';
import { sniffData } from '../services/probeData.js';
import { bytesText, estimateText } from '../services/progressText.js';
import {
  BACK,
  inSteps,
  pickOne,
  type Answer,
  type Choice,
  type PickQuestion,
  type Question,
  type Step,
} from '../services/screen.js';
import type { Services } from '../services/services.js';
import { languageModelRequest, pickLanguageModel } from '../services/languageModels.js';
import { readSettings } from '../services/settings.js';
import { checkpointsFrom } from './arguments.js';
import { askNumber, askOptions, type OptionItem } from './options.js';
import { pickCheckpoints, type Stage } from './pick.js';
import { askProtocol, type ProtocolChoice, protocolItem } from './protocol.js';
import { pickData } from './pickData.js';
import { askSampling, type SamplingChoice, samplingItem } from './sampling.js';

export const evaluateCommands = {
  async 'frankenstein.evaluate'(services: Services, ...args: unknown[]) {
    let stages: Stage[] = [];
    await run(services, {
      title: 'Evaluate Abilities',
      first: [
        async (at) => {
          const question = {
            title: 'Evaluate Abilities',
            placeholder: 'Checkpoints and recipes to evaluate',
            endpoints: true,
            ...at,
          };
          const picked = await pickCheckpoints(services, question, checkpointsFrom(args));
          if (Array.isArray(picked)) stages = picked;
          return picked;
        },
      ],
      given: checkpointsFrom(args).length > 0,
      stages: () => stages,
      question: (options) => Promise.resolve({ checkpoints: stages.map(withRole), ...options }),
    });
  },

  async 'frankenstein.transfer'(services: Services, ...args: unknown[]) {
    const title = 'Run Transferability Test';
    const lineage = lineageQuestion(services, title, checkpointsFrom(args));
    await run(services, {
      title,
      first: [lineage.ask],
      given: lineage.given,
      stages: () => [],
      question: async (options) => {
        const { checkpoints } = await services.engine.hybrids(lineage.stages());
        return { kind: 'transfer', checkpoints, ...options };
      },
    });
  },

  async 'frankenstein.sweep'(services: Services, ...args: unknown[]) {
    const title = 'Sweep';
    const lineage = lineageQuestion(services, title, checkpointsFrom(args));
    let sweep: Sweep = { axis: 'cut' };
    await run(services, {
      title,
      first: [
        lineage.ask,
        async (at) => {
          const picked = await pickOne({ title, placeholder: 'What is varied?', ...at }, SWEEPS);
          if (picked !== undefined && picked !== BACK) sweep = picked;
          return picked;
        },
      ],
      given: lineage.given,
      stages: () => [],
      question: async (options) => {
        const { checkpoints, axis } = await services.engine.hybrids({ ...lineage.stages(), base: undefined, sweep });
        return { kind: 'sweep', checkpoints, ...(axis !== null && { axis }), ...options };
      },
    });
  },
};

function withRole({ path: location, label }: Stage): EvaluatedStage {
  const role = roleOf(undefined, label) ?? roleOf(undefined, path.basename(location));
  return { path: location, label, ...(role && { role }) };
}

/** IN and RL, and Base where there is one: by the order of their training. */
function lineageQuestion(services: Services, title: string, hand: readonly string[]) {
  let stages: Stage[] = [];
  return {
    given: hand.length >= 2,
    ask: async (at: Step) => {
      const question = { title, placeholder: 'IN and RL, or Base, IN and RL', least: 2, most: 3, ...at };
      const picked = await pickCheckpoints(services, question, hand);
      if (Array.isArray(picked)) stages = picked;
      return picked;
    },
    stages: (): { base?: EvaluatedStage; in: EvaluatedStage; rl: EvaluatedStage } => {
      const [rl, supervised, base] = [...stages].reverse();
      return { ...(base && { base }), in: supervised!, rl: rl! };
    },
  };
}

const SWEEPS: Choice<Sweep>[] = [
  {
    label: 'Cut position',
    icon: 'split-vertical',
    detail: 'IN below the cut, RL from it on: where does RL’s gain sit?',
    value: { axis: 'cut' },
  },
  {
    label: 'α, all language layers',
    icon: 'settings',
    detail: '(1 − α) · IN + α · RL: how much of RL is needed, and does more of it help?',
    value: { axis: 'alpha' },
  },
  {
    label: 'α, attention only',
    icon: 'settings',
    detail: 'The same, in the attention of every layer',
    value: { axis: 'alpha', part: 'attention' },
  },
  {
    label: 'α, MLP only',
    icon: 'settings',
    detail: 'The same, in the MLP of every layer',
    value: { axis: 'alpha', part: 'mlp' },
  },
];

type Options = ProtocolChoice &
  SamplingChoice &
  Pick<EvaluationQuestion, 'data' | 'samples' | 'maxNewTokens' | 'badLines' | 'grader' | 'graderScope' | 'describer'>;

interface Asking {
  title: string;
  /** What is asked before the questions' data. */
  first: Question[];
  /** The first of them needs no answer. */
  given: boolean;
  /** Those that may have words of their own. */
  stages: () => Stage[];
  question: (options: Options) => Promise<EvaluationQuestion>;
}

/** The rest is asked alike: the questions, then the estimate beside Run with what it depends on. */
async function run(services: Services, { title, first, given, stages, question }: Asking): Promise<void> {
  const options: Options = { data: '', maxNewTokens: v.getDefault(evaluateRequest.entries.maxNewTokens) };
  let ready: EvaluationQuestion | undefined;
  const own: Question[] = [
    async (at) => {
      const data = await pickQuestions(
        { title, ...at, placeholder: 'Questions with answers that can be checked' },
        services.recentEvaluations.data(),
      );
      if (data !== undefined && data !== BACK) options.data = data;
      return data;
    },
    async (at) => {
      const answer = await changeOptions(services, title, at, options, { question, stages });
      if (answer !== undefined && answer !== BACK) ready = answer;
      return answer;
    },
  ];
  // What the menu was opened on is no question, and no step.
  if (given && (await first[0]!({ step: 1, totalSteps: 1 })) === undefined) return;
  if (!(await inSteps([...(given ? first.slice(1) : first), ...own])) || ready === undefined) return;
  await services.recentEvaluations.remember(ready);
  services.panels.open({ kind: 'evaluate', evaluation: ready });
}

/** The question when it is to be run. */
async function changeOptions(
  services: Services,
  title: string,
  at: Step,
  options: Options,
  { question, stages }: Pick<Asking, 'question' | 'stages'>,
): Promise<Answer<EvaluationQuestion>> {
  Object.assign(options, services.recentEvaluations.words(stages().map(({ path: location }) => location)));
  for (;;) {
    const asked = await question(options);
    const action = await askOptions({ title, ...at }, optionItems(options), async (signal) =>
      planText(await plan(services, asked, signal), asked.checkpoints.length),
    );
    switch (action) {
      case undefined:
      case BACK:
        return action;
      case 'run':
        return asked;
      case 'samples': {
        const value = await askNumber(title, 'Questions of each set', options.samples, true);
        if (value === undefined) delete options.samples;
        else if (value !== null) options.samples = value;
        break;
      }
      case 'tokens': {
        const value = await askNumber(title, 'Max new tokens', options.maxNewTokens, false);
        if (value !== null && value !== undefined) options.maxNewTokens = value;
        break;
      }
      case 'badLines':
        options.badLines = options.badLines === 'skip' ? 'stop' : 'skip';
        break;
      case 'protocol':
        await askProtocol(title, options, stages());
        break;
      case 'sampling':
        await askSampling(title, options);
        break;
      case 'grader': {
        const picked = await pickLanguageModel(services, title, 'Which model judges answers?');
        if (picked === null) {
          delete options.grader;
          delete options.graderScope;
        } else if (picked !== undefined) options.grader = languageModelRequest(picked);
        break;
      }
      case 'graderScope':
        options.graderScope = options.graderScope === 'all' ? 'wrong' : 'all';
        break;
      case 'describer': {
        const picked = await pickLanguageModel(
          services,
          title,
          'Which model describes images where a set has no descriptions?',
          { images: true },
        );
        if (picked === null) delete options.describer;
        else if (picked !== undefined) options.describer = languageModelRequest(picked);
        break;
      }
    }
  }
}

/** Questions in JSONL or Parquet, or a folder of them. @param usedBefore the latest first */
export function pickQuestions(question: PickQuestion, usedBefore: readonly string[]): Promise<Answer<string>> {
  return pickData({
    ...question,
    endings: ['jsonl', 'parquet'],
    about: async (file) =>
      file.endsWith('.parquet') || (await sniffData(file))?.format === 'questions' ? '' : undefined,
    folders: true,
    usedBefore,
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
  graderScope,
  describer,
  badLines,
  answers,
  temperature,
  topP,
  topK,
  ...protocol
}: Options): OptionItem<
  'samples' | 'tokens' | 'badLines' | 'grader' | 'graderScope' | 'describer' | 'protocol' | 'sampling'
>[] {
  return [
    {
      label: 'Questions',
      icon: 'list-unordered',
      description: samples === undefined ? 'all' : `at most ${samples} of each set, drawn at random`,
      value: 'samples',
    },
    { label: 'Max new tokens', icon: 'text-size', description: String(maxNewTokens!), value: 'tokens' },
    samplingItem({ answers, temperature, topP, topK }),
    protocolItem(protocol),
    {
      label: 'LLM judge',
      icon: 'law',
      description:
        grader === undefined
          ? 'off (rule-based grading)'
          : `${grader.model}, for ${graderScope === 'all' ? 'every answer' : 'answers that the rules call wrong'}`,
      value: 'grader',
    },
    ...(grader === undefined
      ? []
      : [
          {
            label: 'LLM judge sees',
            icon: 'eye',
            description:
              graderScope === 'all' ? 'every answer: verdicts replace the rules' : 'what the rules call wrong',
            value: 'graderScope' as const,
          },
        ]),
    {
      label: 'Image descriptions',
      icon: 'comment-discussion',
      description: describer === undefined ? 'from the data set' : `by ${describer.model} where the data set has none`,
      value: 'describer',
    },
    {
      label: 'Malformed lines',
      icon: 'warning',
      description: badLines === 'skip' ? 'skip and report' : 'stop with an error',
      value: 'badLines',
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
    {
      ...asked,
      memory,
      threads,
      runsFolder: runsFolders.forRun(asked.checkpoints.map(({ path: location }) => location)),
    },
    { signal },
  );
}

/** `1,200 questions in 9 checkpoints · 18,000 answers, 4,000 known · about 4:30 min · at most 1.2 GB` */
export function planText(
  { questions, generations, cached, memory, seconds, basis, sent = 0 }: EvaluatePlan,
  checkpoints: number,
): string {
  return [
    `${questions.toLocaleString('en')} questions${checkpoints > 1 ? ` in ${checkpoints} checkpoints` : ''}`,
    `${generations.toLocaleString('en')} answers${cached > 0 ? `, ${cached.toLocaleString('en')} known` : ''}`,
    ...(sent > 0 ? [`${sent.toLocaleString('en')} asked over the network`] : []),
    ...(seconds === null ? [] : [estimateText(seconds, basis === 'longest')]),
    `at most ${bytesText(memory)}`,
  ].join(' · ');
}
