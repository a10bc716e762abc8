/** Import Answers…: what lmms-eval or the paper's scripts wrote, as an evaluation. */
import * as vscode from 'vscode';
import type { ImportFormat } from '../protocol/engineApi.js';
import { BACK, type Choice, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { pathsFrom } from './arguments.js';
import { pickQuestions } from './evaluate.js';

const TITLE = 'Import Answers';

const FORMATS: Choice<ImportFormat>[] = [
  {
    label: 'lmms-eval',
    icon: 'json',
    detail: 'What --log_samples writes: MODEL/…_samples_TASK.jsonl',
    value: 'lmms-eval',
  },
  {
    label: 'Scripts of the paper',
    icon: 'json',
    detail: 'results/MODEL/EXPERIMENT/SETTING.jsonl, with their verdicts',
    value: 'frankenstein',
  },
];

const SETS: Choice<'with' | 'without'>[] = [
  {
    label: 'Hold them against a question set…',
    icon: 'checklist',
    detail: 'By id and text: answers to other questions are refused, and images are shown',
    value: 'with',
  },
  {
    label: 'As the files say them',
    icon: 'file',
    detail: 'Questions and truths come from the files',
    value: 'without',
  },
];

export const importCommands = {
  async 'frankenstein.importAnswers'(services: Services, ...args: unknown[]) {
    const format = await pickOne({ title: TITLE, placeholder: 'Who wrote the files?' }, FORMATS);
    if (format === undefined || format === BACK) return;
    const given = pathsFrom(args);
    const paths = given.length > 0 ? given : await browse();
    if (paths.length === 0) return;
    const set = await pickOne({ title: TITLE, placeholder: 'Which questions were answered?' }, SETS);
    if (set === undefined || set === BACK) return;
    const data =
      set === 'without'
        ? undefined
        : await pickQuestions({ title: TITLE, placeholder: 'The questions' }, services.recentEvaluations.data());
    if (set === 'with' && (data === undefined || data === BACK)) return;
    const evaluation = await services.engine.findImports({
      format,
      paths,
      ...(typeof data === 'string' && { data }),
    });
    services.panels.open({ kind: 'evaluate', evaluation });
  },
};

async function browse(): Promise<string[]> {
  const picked = await vscode.window.showOpenDialog({
    title: TITLE,
    canSelectFiles: true,
    canSelectFolders: true,
    canSelectMany: true,
    filters: { 'JSON Lines': ['jsonl'] },
    openLabel: 'Import',
  });
  return (picked ?? []).map(({ fsPath }) => fsPath);
}
