/** New Experiment…: checkpoints, questions, what is done; the rest is written in the file. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { KINDS, type PartKind } from '../engine/experiments/kinds.js';
import { experimentText, type NewExperiment } from '../engine/experiments/write.js';
import { askText, BACK, inSteps, pickMany, type Question } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { checkpointsFrom } from './arguments.js';
import { pickQuestions } from './evaluate.js';
import { pickPaths } from './pick.js';

const TITLE = 'New Experiment';

export async function newExperiment(services: Services, args: readonly unknown[]): Promise<void> {
  const { recentExperiment, engine } = services;
  const draft = { paths: [] as string[], data: '', parts: [...recentExperiment.choices.parts], file: '' };
  if (!(await inSteps(questionsOf(services, draft, checkpointsFrom(args))))) return;
  const { order, labels, roles } =
    draft.paths.length === 1
      ? { order: [0], labels: [path.basename(draft.paths[0]!)], roles: [null] }
      : await engine.guessOrder({ paths: draft.paths });
  const folder = path.dirname(draft.file);
  const experiment: NewExperiment = {
    checkpoints: order.map((index, at) => ({
      label: labels[at]!,
      role: roles[at]!,
      path: placeFrom(folder, draft.paths[index]!),
    })),
    data: placeFrom(folder, draft.data),
    parts: draft.parts,
  };
  await recentExperiment.remember(draft.data, draft.parts);
  await writeFile(draft.file, experimentText(experiment), { flag: 'wx' });
  await vscode.window.showTextDocument(vscode.Uri.file(draft.file));
}

function questionsOf(
  services: Services,
  draft: { paths: string[]; data: string; parts: string[]; file: string },
  given: readonly string[],
): Question[] {
  const { recentExperiment } = services;
  return [
    async (at) => {
      const picked = await pickPaths(
        services,
        { title: TITLE, placeholder: 'Checkpoints: base, in, rl and others', ...at },
        given,
      );
      if (Array.isArray(picked)) draft.paths = picked;
      return picked;
    },
    async (at) => {
      const picked = await pickQuestions(
        { title: TITLE, placeholder: 'Questions with answers that can be checked', ...at },
        recentExperiment.choices.data,
      );
      if (typeof picked === 'string') draft.data = picked;
      return picked;
    },
    async (at) => {
      const picked = await pickMany(
        {
          title: TITLE,
          placeholder: 'What is done?',
          refuse: (parts) => (parts.length === 0 ? 'Choose something.' : undefined),
          ...at,
        },
        KINDS.filter(isOffered).map(({ name, doc }) => ({
          label: name,
          detail: doc,
          value: name,
          picked: draft.parts.includes(name),
        })),
      );
      if (Array.isArray(picked)) draft.parts = picked;
      return picked;
    },
    async () => {
      const file = await askText({
        title: `${TITLE}: where it is written`,
        prompt: 'A file that does not exist yet; its name ends in .experiment.yaml',
        value: draft.file || freeFile(draft.paths[0]!),
        refuse: (text) =>
          !path.isAbsolute(text.trim())
            ? 'An absolute path.'
            : !/[^/\\]\.experiment\.ya?ml$/.test(text.trim())
              ? 'Its name ends in .experiment.yaml.'
              : existsSync(text.trim())
                ? 'It exists already.'
                : existsSync(path.dirname(text.trim()))
                  ? undefined
                  : 'Its folder does not exist.',
      });
      if (file !== undefined) draft.file = file.trim();
      return file ?? BACK;
    },
  ];
}

/** What needs more than checkpoints and questions is added in the file. */
function isOffered({ name, fields }: PartKind): boolean {
  return name !== 'freeze' && name !== 'trajectory' && name !== 'probe swap' && Object.keys(fields).length > 0;
}

function freeFile(checkpoint: string): string {
  const within = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? path.dirname(checkpoint);
  for (let index = 1; ; index++) {
    const file = path.join(within, `${index === 1 ? 'paper' : `paper-${index}`}.experiment.yaml`);
    if (!existsSync(file)) return file;
  }
}

/** From the experiment's folder where it lies below it or beside it; else absolute. */
function placeFrom(folder: string, place: string): string {
  const way = path.relative(folder, place);
  const above = way.split(path.sep).filter((part) => part === '..').length;
  return path.isAbsolute(way) || above > 2 ? place : way.replaceAll(path.sep, '/') || '.';
}
