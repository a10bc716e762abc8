/** Regrade…: the answers of an evaluation judged again, by other rules or another judge. */
import * as vscode from 'vscode';
import { regradeRequest, type RegradeOptions } from '../engine/analyses/evaluate/regradeRequest.js';
import type { EvaluateResult } from '../protocol/engineApi.js';
import { languageModelRequest, pickLanguageModel } from '../services/languageModels.js';
import type { FoundRun } from '../services/resultsIndex.js';
import { BACK, type Choice, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { pickRun, runFrom, runInFront } from './runs.js';

const TITLE = 'Regrade';

const isEvaluation = ({ kind, state }: FoundRun) =>
  state === 'finished' && ['evaluate', 'transfer', 'sweep'].includes(kind);

export const regradeCommands = {
  async 'frankenstein.regrade'(services: Services, ...args: unknown[]) {
    const given = runFrom(args) ?? (await runInFront(services));
    const run =
      given !== undefined && isEvaluation(given)
        ? given
        : await pickRun(services, 'Judge the answers of which evaluation again?', isEvaluation);
    if (run === undefined) return;
    const how = await askHow(services);
    if (how === undefined) return;
    const { runsFolder, runId } = run;
    const before: EvaluateResult = await services.engine.readEvaluate({ runsFolder, runId });
    services.panels.open({ kind: 'evaluate', evaluation: regradeRequest(before, { runsFolder, runId }, how) });
  },
};

const HOW: Choice<'task' | 'format' | 'model' | 'file'>[] = [
  {
    label: 'Rules of this version',
    icon: 'checklist',
    detail: 'By the type of answer; a grader that judged before has no say',
    value: 'task',
  },
  {
    label: 'Format rule',
    icon: 'symbol-string',
    detail: 'The answer must also stand in <answer>…</answer>, \\boxed{…} or JSON',
    value: 'format',
  },
  { label: 'LLM judge…', icon: 'law', detail: 'A language model of the editor, or an endpoint', value: 'model' },
  {
    label: 'File of verdicts…',
    icon: 'file',
    detail: 'JSON Lines: {"id": …, "right": true}, with "checkpoint", "setting" and "answer" where there are several',
    value: 'file',
  },
];

const SCOPES: Choice<'wrong' | 'all'>[] = [
  { label: 'What the rules call wrong', icon: 'close', value: 'wrong' },
  {
    label: 'Every answer',
    icon: 'check-all',
    detail: 'Verdicts replace the rules both ways, and the agreement of the two is measured',
    value: 'all',
  },
];

/** Undefined when dismissed. */
async function askHow(services: Services): Promise<RegradeOptions | undefined> {
  const how = await pickOne({ title: TITLE, placeholder: 'Who judges?' }, HOW);
  switch (how) {
    case 'task':
    case 'format':
      return { rules: how };
    case 'file': {
      const [file] =
        (await vscode.window.showOpenDialog({
          title: 'Choose a File of Verdicts',
          filters: { 'JSON Lines': ['jsonl'] },
          openLabel: 'Choose Verdicts',
        })) ?? [];
      return file && { verdicts: file.fsPath };
    }
    case 'model': {
      const model = await pickLanguageModel(services, TITLE, 'Which model judges?');
      if (model === null || model === undefined) return undefined;
      const grader = languageModelRequest(model);
      const graderScope = await askGraderScope(TITLE, grader.model);
      return graderScope && { grader, graderScope };
    }
    default:
      return undefined;
  }
}

/** What a judge is shown; undefined when dismissed. */
async function askGraderScope(title: string, model: string): Promise<'wrong' | 'all' | undefined> {
  const picked = await pickOne({ title, placeholder: `What is ${model} shown?` }, SCOPES);
  return picked === BACK ? undefined : picked;
}
