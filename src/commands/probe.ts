/** Probe Checkpoint…: which probe, which checkpoints, which data; what it will cost; then it runs. */
import * as v from 'valibot';
import { SKIP_PARTS } from '../engine/analyses/probe/kinds/skip/parts.js';
import { probeRequest } from '../engine/analyses/probe/request.js';
import type { EngineApi, ProbePlan } from '../protocol/engineApi.js';
import type { ProbeQuestion } from '../protocol/hostApi.js';
import { sniffData } from '../services/probeData.js';
import { bytesText, estimateText } from '../services/progressText.js';
import { BACK, inSteps, pickOne, type Answer, type Choice, type Question, type Step } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { readSettings } from '../services/settings.js';
import { checkpointsFrom } from './arguments.js';
import { askNumber, askOptions, type OptionItem } from './options.js';
import { pickCheckpoints, type Stage } from './pick.js';
import { pickData } from './pickData.js';
import { askProtocol, type ProtocolChoice, protocolItem } from './protocol.js';
import { type Kind, type Options, PROBE_KINDS } from './probeKinds.js';

const TITLE = 'Probe Checkpoint';

const KINDS = Object.entries(PROBE_KINDS).map(([kind, { label, icon, detail }]): Choice<Kind> => ({
  value: kind as Kind,
  label,
  icon,
  detail,
}));

export const probeCommands = {
  async 'frankenstein.probe'(services: Services, ...args: unknown[]) {
    const given = checkpointsFrom(args);
    let kind: Kind = 'swap';
    let checkpoints: Stage[] = [];
    let data = '';
    let questions: ProbeQuestion[] = [];
    const askCheckpoints: Question = async (at) => {
      const { checkpoints: placeholder, together: most } = PROBE_KINDS[kind];
      const question = { title: TITLE, placeholder, ...(most !== undefined && { most }), ...at };
      const picked = await pickCheckpoints(services, question, given);
      if (Array.isArray(picked)) checkpoints = picked;
      return picked;
    };
    const asked = await inSteps([
      async (at) => {
        const picked = await pickOne({ title: TITLE, placeholder: 'What do you want to find?', ...at }, KINDS);
        if (picked === undefined || picked === BACK) return picked;
        kind = picked;
        // What the menu was opened on is no question, and no step.
        return given.length > 0 ? askCheckpoints({ step: 1, totalSteps: 1 }) : picked;
      },
      ...(given.length > 0 ? [] : [askCheckpoints]),
      async (at) => {
        const picked = await pickSamples(services, kind, at);
        if (picked !== undefined && picked !== BACK) data = picked;
        return picked;
      },
      async (at) => {
        const picked = await pickOptions(services, kind, checkpoints, data, at);
        if (Array.isArray(picked)) questions = picked;
        return picked;
      },
    ]);
    if (!asked) return;
    await services.recentProbes.remember(questions);
    services.panels.open({ kind: 'probe', probes: questions });
  },
};

/** Sample sets by what is in them: pairs for a swap, questions for the others, about images for attention. */
function pickSamples(services: Services, kind: Kind, at: Step): Promise<Answer<string>> {
  const { data, suits, folders, parquet } = PROBE_KINDS[kind];
  return pickData({
    title: TITLE,
    ...at,
    placeholder: data,
    endings: parquet ? ['jsonl', 'parquet'] : ['jsonl'],
    about: async (file) => {
      if (file.endsWith('.parquet')) return '';
      const hint = await sniffData(file);
      return hint !== undefined && suits(hint) ? hint.tasks.join(', ') : undefined;
    },
    folders,
    usedBefore: services.recentProbes.data(kind),
    browse: {
      description: parquet ? 'a JSONL or Parquet file on this machine' : 'a JSONL file on this machine',
      dialog: {
        filters: parquet ? { Questions: ['jsonl', 'json', 'parquet'] } : { 'JSON Lines': ['jsonl', 'json'] },
        openLabel: 'Choose Data',
      },
    },
  });
}

function questionsOf(kind: Kind, checkpoints: readonly Stage[], data: string, options: Options): ProbeQuestion[] {
  const { samples, maxNewTokens, badLines, protocol } = options;
  const { settings, together } = PROBE_KINDS[kind];
  const one = (own: readonly Stage[]): ProbeQuestion => ({
    kind,
    checkpoints: own.map(({ path: location, label }) => ({ path: location, label })),
    data,
    ...settings(options),
    ...ofOwn(protocol, own),
    ...(samples !== undefined && { samples }),
    maxNewTokens,
    ...(badLines === 'skip' && { badLines }),
  });
  return together === undefined ? checkpoints.map((checkpoint) => one([checkpoint])) : [one(checkpoints)];
}

/** Each probe is told of its own checkpoints alone. */
function ofOwn(protocol: ProtocolChoice, own: readonly Stage[]): ProtocolChoice {
  const { system, ...others } = protocol;
  const kept = system?.filter(
    ({ checkpoint }) => checkpoint === undefined || own.some(({ path: location }) => location === checkpoint),
  );
  return { ...others, ...(kept !== undefined && kept.length > 0 && { system: kept }) };
}

async function pickOptions(
  services: Services,
  kind: Kind,
  checkpoints: readonly Stage[],
  data: string,
  at: Step,
): Promise<Answer<ProbeQuestion[]>> {
  const options: Options = {
    samples: undefined,
    protocol: services.recentProbes.words(checkpoints.map(({ path: location }) => location)),
    ...v.getDefaults(v.pick(probeRequest, ['maxNewTokens', 'mode', 'change', 'part', 'badLines'])),
  };
  for (;;) {
    const questions = questionsOf(kind, checkpoints, data, options);
    const action = await askOptions({ title: TITLE, ...at }, optionItems(kind, options), async (signal) =>
      planText(await plans(services.engine, questions, signal), questions.length),
    );
    switch (action) {
      case undefined:
      case BACK:
        return action;
      case 'run':
        return questions;
      case 'samples': {
        const value = await askNumber(TITLE, `Samples${PROBE_KINDS[kind].per}`, options.samples, true);
        if (value !== null) options.samples = value;
        break;
      }
      case 'tokens': {
        const value = await askNumber(TITLE, 'Max new tokens', options.maxNewTokens, false);
        if (value !== null && value !== undefined) options.maxNewTokens = value;
        break;
      }
      case 'protocol':
        await askProtocol(TITLE, options.protocol, checkpoints);
        break;
      case 'mode':
        options.mode = options.mode === 'from' ? 'only' : 'from';
        break;
      case 'change':
        options.change = options.change === 'task' ? 'text' : 'task';
        break;
      case 'part':
        options.part = SKIP_PARTS[(SKIP_PARTS.indexOf(options.part) + 1) % SKIP_PARTS.length]!;
        break;
      case 'badLines':
        options.badLines = options.badLines === 'stop' ? 'skip' : 'stop';
        break;
    }
  }
}

function optionItems(
  kind: Kind,
  options: Options,
): OptionItem<'samples' | 'tokens' | 'mode' | 'part' | 'badLines' | 'change' | 'protocol'>[] {
  const { samples, maxNewTokens, badLines } = options;
  const { per, items } = PROBE_KINDS[kind];
  return [
    {
      label: 'Samples',
      icon: 'list-unordered',
      description: samples === undefined ? 'all' : `at most ${samples}${per}, drawn at random`,
      value: 'samples',
    },
    ...items(options),
    { label: 'Max new tokens', icon: 'text-size', description: String(maxNewTokens), value: 'tokens' },
    protocolItem(options.protocol),
    {
      label: 'Malformed lines',
      icon: 'warning',
      description: badLines === 'stop' ? 'stop with an error' : 'skip and report',
      value: 'badLines',
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
    `${first.samples.toLocaleString('en')} samples × ${first.depths} ` +
      `layers${runs > 1 ? ` in ${runs} checkpoints` : ''}`,
    ...(seconds === null
      ? []
      : [
          estimateText(
            seconds,
            all.some(({ basis }) => basis === 'longest'),
          ),
        ]),
    `at most ${bytesText(Math.max(...all.map(({ memory }) => memory)))}`,
  ].join(' · ');
}
