/**
 * New Freeze Experiment…: IN, data, trainer, what is frozen; then what trains in each run, before anything is written.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { runsOf, splitSelectors } from '../engine/freeze/matrix.js';
import { OUTSIDE } from '../engine/analyses/verify/request.js';
import { type FreezeInput, TRAINERS } from '../engine/freeze/schema.js';
import type { PlannedExperiment } from '../protocol/engineApi.js';
import { labelOf } from '../services/checkpointPath.js';
import { isCancelled, messageOf } from '../services/errors.js';
import type { FreezeChoices } from '../services/recentFreeze.js';
import {
  askText,
  BACK,
  inSteps,
  pickMany,
  pickOne,
  type Question,
  type Step,
  withProgress,
} from '../services/screen.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { pickQuestions } from './evaluate.js';
import { pickCheckpointOrBack } from './pick.js';

const TITLE = 'New Freeze Experiment';

interface Draft extends Omit<FreezeChoices, 'data' | 'questions'> {
  model: string;
  data: string;
  out: string;
}

export async function newFreeze(services: Services, args: readonly unknown[]): Promise<void> {
  const { trainer, also, method, device, freeze } = services.recentFreeze.choices;
  const [given] = checkpointsFrom(args);
  const draft: Draft = { trainer, also, method, device, freeze, model: given ?? '', data: '', out: '' };
  const questions = questionsOf(services, draft);
  if (!(await inSteps(given === undefined ? questions : questions.slice(1)))) return;
  const { data, out } = draft;
  await services.recentFreeze.remember({
    trainer: draft.trainer,
    also: draft.also,
    method: draft.method,
    device: draft.device,
    freeze: draft.freeze,
  });
  await services.recentFreeze.used('data', data);
  const written = await withProgress(`Writing ${path.basename(out)}`, 'notification', async (report, signal) => {
    report('data, rewards and launch scripts');
    return services.engine.planFreeze({ settings: settingsOf(draft), out }, { signal }).catch((error: unknown) => {
      if (isCancelled(error)) return undefined;
      throw error;
    });
  });
  if (typeof written?.out !== 'string') return;
  await vscode.window.showTextDocument(vscode.Uri.file(path.join(written.out, 'freeze.frank.yaml')));
}

function settingsOf({ model, data, trainer, method, also, device, freeze }: Draft): FreezeInput {
  return { model, data, trainer, method, also, device, runs: runsOf(splitSelectors(freeze), []) };
}

function questionsOf(services: Services, draft: Draft): Question[] {
  const { recentFreeze } = services;
  return [
    async (at) => {
      const question = { title: TITLE, placeholder: 'IN: the checkpoint that every training starts from', ...at };
      const picked = await pickCheckpointOrBack(services, question);
      if (typeof picked === 'string') draft.model = picked;
      return picked;
    },
    async (at) => {
      const picked = await pickQuestions(
        { title: TITLE, placeholder: 'Questions to train on, with answers that can be checked', ...at },
        recentFreeze.choices.data,
      );
      if (typeof picked === 'string') draft.data = picked;
      return picked;
    },
    async (at) => {
      const picked = await pickOne({ title: TITLE, placeholder: 'What trains?', ...at }, trainersFrom(draft.trainer));
      if (typeof picked === 'string') draft.trainer = picked;
      return picked;
    },
    async () => {
      const text = await askFrozen(services, draft);
      if (text !== undefined) draft.freeze = text;
      return text;
    },
    (at) => confirmed(services, draft, at),
  ];
}

const TRAINER_WORDS: Readonly<Record<(typeof TRAINERS)[number], string>> = {
  trl: 'TRL · GRPOTrainer, on CUDA or a processor',
  'ms-swift': 'ms-swift · swift rlhf',
  axolotl: 'Axolotl · rl: grpo',
  verl: 'verl · on Ray, CUDA only',
  easyr1: 'EasyR1 · on Ray, CUDA only',
};

/** The one that was used last comes first. */
function trainersFrom(last: (typeof TRAINERS)[number]) {
  const ordered = [last, ...TRAINERS.filter((name) => name !== last)];
  return ordered.map((name) => ({ label: name, icon: 'server-process', detail: TRAINER_WORDS[name], value: name }));
}

/** What matches nothing, or everything, is refused here: the engine is asked while one writes. */
function askFrozen({ engine }: Services, draft: Draft): Promise<string | undefined> {
  return Promise.resolve(
    askText({
      title: `${TITLE}: what is frozen, a run for each`,
      prompt:
        'early, mid, late, layers such as 4-7, each (a run per layer), mid.mlp, or a pattern such as /q_proj/; ' +
        'join with + for one run. A control without anything frozen is always there',
      value: draft.freeze,
      stays: true,
      refuse: async (text) => {
        if (splitSelectors(text).length === 0) return 'Name what is frozen: early, mid, late.';
        try {
          await engine.planFreeze({
            settings: settingsOf({ ...draft, freeze: text, method: 'full' }),
            countOnly: true,
          });
          return undefined;
        } catch (error) {
          return messageOf(error);
        }
      },
    }),
  );
}

/** Write with what trains in each run, and what else may be changed. */
async function confirmed(services: Services, draft: Draft, at: Step): Promise<unknown> {
  if (draft.out === '') draft.out = freeFolder(draft);
  for (;;) {
    const action = await askOptionsOf(services, draft, at);
    if (action === undefined || action === BACK || action === 'write') return action;
    await change(action, draft);
  }
}

type Action = 'write' | 'also' | 'method' | 'device' | 'out';

async function askOptionsOf({ engine }: Services, draft: Draft, at: Step) {
  const abort = new AbortController();
  const items = (runs: readonly { label: string; description: string }[], said: string) => [
    { label: 'Write the plan', icon: 'save', description: said, value: 'write' as const, alwaysShow: true },
    ...(runs.length === 0 ? [] : [{ heading: 'What trains' }]),
    ...runs.map((run) => ({ ...run, icon: 'layers', value: 'write' as const })),
    { heading: 'Options' },
    {
      label: 'Frozen in every run',
      icon: 'lock',
      description: draft.also.length === 0 ? 'nothing outside the language layers' : draft.also.join(', '),
      value: 'also' as Action,
    },
    {
      label: 'Method',
      icon: 'settings',
      description: draft.method === 'full' ? 'all parameters' : 'LoRA adapters on the layers that are not frozen',
      value: 'method' as Action,
    },
    { label: 'Device', icon: 'chip', description: draft.device, value: 'device' as Action },
    { label: 'Output folder', icon: 'folder', description: draft.out, value: 'out' as Action },
  ];
  try {
    return await pickOne<Action>(
      { title: TITLE, placeholder: 'Write, or change what is planned', ...at },
      items([], 'counting parameters…'),
      (show) =>
        engine.planFreeze({ settings: settingsOf(draft) }, { signal: abort.signal }).then(
          (planned) => show(items(runsText(planned), planText(planned))),
          (error: unknown) => {
            if (!isCancelled(error)) show(items([], messageOf(error)));
          },
        ),
    );
  } finally {
    abort.abort();
  }
}

async function change(action: Action, draft: Draft): Promise<void> {
  switch (action) {
    case 'also': {
      const picked = await pickMany(
        { title: TITLE, placeholder: 'What is frozen in every run, the control too?', refuse: () => undefined },
        OUTSIDE.map((part) => ({ label: part, value: part, picked: draft.also.includes(part) })),
      );
      if (Array.isArray(picked)) draft.also = picked;
      break;
    }
    case 'method':
      draft.method = draft.method === 'full' ? 'lora' : 'full';
      break;
    case 'device':
      draft.device = draft.device === 'cuda' ? 'cpu' : 'cuda';
      break;
    case 'out': {
      const folder = await askText({
        title: `${TITLE}: where it is written`,
        prompt: 'A folder that does not exist yet',
        value: draft.out,
        refuse: (text) =>
          !path.isAbsolute(text.trim())
            ? 'An absolute path.'
            : existsSync(text.trim())
              ? 'It exists already.'
              : undefined,
      });
      if (folder !== undefined) draft.out = folder.trim();
      break;
    }
    case 'write':
      break;
  }
}

/** `freeze-in`, in the workspace, or beside the checkpoint where none is open. */
function freeFolder({ model }: Draft): string {
  const within = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? path.dirname(model);
  const name = `freeze-${labelOf(model).replace(/[^\p{L}\p{N}._-]+/gu, '-')}`;
  for (let index = 1; ; index++) {
    const folder = path.join(within, index === 1 ? name : `${name}-${index}`);
    if (!existsSync(folder)) return folder;
  }
}

function runsText({ plan }: PlannedExperiment): { label: string; description: string }[] {
  return plan.runs.map(({ name, frozen, trains, adapters }) => ({
    label: name,
    description:
      `${(adapters?.parameters ?? trains.parameters).toLocaleString('en')} parameters train` +
      `${adapters === null ? '' : ` in ${adapters.modules.toLocaleString('en')} adapters`}, ` +
      `${frozen.parameters.toLocaleString('en')} frozen`,
  }));
}

function planText({ plan, questions }: PlannedExperiment): string {
  return (
    `${plan.runs.length} runs of ${plan.settings.steps.toLocaleString('en')} steps · ` +
    `${questions.toLocaleString('en')} questions${plan.warnings.length === 0 ? '' : ` · ${plan.warnings[0]!}`}`
  );
}
