/** Freeze experiments: new, run, watch what trains, verify, report. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { splitSelectors } from '../engine/freeze/matrix.js';
import { isPlan } from '../engine/freeze/planFile.js';
import type { PlanSketch, PythonState, RunSketch } from '../protocol/engineApi.js';
import { startTraining } from '../services/training.js';
import { askText, BACK, confirm, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { pathsFrom } from './arguments.js';
import { pickQuestions } from './evaluate.js';
import { newFreeze } from './freezeNew.js';
import { pickCheckpoint } from './pick.js';

export const freezeCommands = {
  'frankenstein.newFreeze': (services: Services, ...args: unknown[]) => newFreeze(services, args),

  async 'frankenstein.runFreeze'(services: Services, ...args: unknown[]) {
    const title = 'Run Freeze Experiment';
    const experiment = await experimentFrom(args, title);
    if (experiment === undefined) return;
    const only = namesFrom(args);
    const state = await services.engine.inspectTraining({ experiment });
    const install = state.lacking.length > 0;
    if (install && !(await confirm(lackSentence(state), state.install, 'Install and Run'))) return;
    startTraining(services.extensionUri.fsPath, { experiment, only, install, python: state.python });
  },

  async 'frankenstein.verifyFrozen'(services: Services, ...args: unknown[]) {
    const title = 'Verify Frozen Layers';
    const experiment = await experimentFrom(args, title, 'Two checkpoints…');
    if (experiment === undefined) return;
    if (experiment !== '') {
      services.panels.open({ kind: 'freeze', task: 'verify', experiment });
      return;
    }
    const before = await pickCheckpoint(services, { title, placeholder: 'IN, as it was before the training' });
    if (before === undefined) return;
    const result = await pickCheckpoint(services, {
      title,
      placeholder: 'The result of the training',
      exclude: [before],
    });
    if (result === undefined) return;
    const frozen = await askText({
      title: `${title}: what should have stayed`,
      prompt: 'early, mid, late, layers such as 4-7, mid.mlp, or a pattern such as /q_proj/; commas between them',
      value: 'early',
      refuse: (text) => (text.trim() === '' ? 'Name what should have stayed.' : undefined),
    });
    if (frozen === undefined) return;
    const request = { stages: [before, result].map((path) => ({ path })), frozen: splitSelectors(frozen) };
    services.panels.open({ kind: 'analysis', analysis: 'verify', request });
  },

  async 'frankenstein.freezeReport'(services: Services, ...args: unknown[]) {
    const title = 'Report of a Freeze Experiment';
    const experiment = await experimentFrom(args, title);
    if (experiment === undefined) return;
    const stored = path.join(experiment, 'report.json');
    if (existsSync(stored)) {
      const answer = await pickOne({ title, placeholder: 'There is a report already' }, [
        { label: 'Show the stored report', icon: 'graph', detail: stored, value: true },
        {
          label: 'Evaluate…',
          icon: 'play',
          detail: 'Ask all checkpoints; what was answered before is kept',
          value: false,
        },
      ]);
      if (answer === true) services.panels.open({ kind: 'freeze', task: 'stored', file: stored });
      if (answer !== false) return;
    }
    const data = await pickQuestions(
      { title, placeholder: 'Questions to answer: other ones than were trained on' },
      services.recentFreeze.choices.questions,
    );
    if (data === undefined || data === BACK) return;
    await services.recentFreeze.used('questions', data);
    services.panels.open({ kind: 'freeze', task: 'report', experiment, evaluation: { data }, margin: 0.05 });
  },

  async 'frankenstein.whatTrains'({ engine, documents }: Services, ...args: unknown[]) {
    const [file] = pathsFrom(args);
    const location = file ?? vscode.window.activeTextEditor?.document.uri.fsPath;
    if (location === undefined || !isPlan(location)) throw new Error('Open a plan (freeze.frank.yaml) first.');
    const document = await vscode.workspace.openTextDocument(location);
    const found = await engine.checkRecipe({ file: location, text: document.getText() });
    const plan = 'plan' in found ? found.plan : null;
    if (plan === null) throw new Error('What trains can be said once the plan has no errors.');
    const wanted = namesFrom(args)[0];
    const uri = documents.put('What trains', location, whatTrains(plan, wanted));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
    });
  },
};

/** The folder that a command was invoked on, of the plan in hand, or of one that is asked for; `''` for `other`. */
async function experimentFrom(args: readonly unknown[], title: string, other?: string): Promise<string | undefined> {
  const [given] = pathsFrom(args);
  const inHand = given ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  if (inHand !== undefined && isPlan(inHand)) {
    await saved(inHand);
    return path.dirname(inHand);
  }
  if (given !== undefined) return given;
  const plans = await vscode.workspace.findFiles('**/freeze.frank.yaml', '**/{node_modules,.git,.venv}/**', 100);
  if (plans.length === 0 && other === undefined)
    throw new Error('There is no freeze experiment here yet: New Freeze Experiment… makes one.');
  const picked = await pickOne({ title, placeholder: 'Which experiment?' }, [
    ...plans.map(({ fsPath }) => ({
      label: vscode.workspace.asRelativePath(path.dirname(fsPath)),
      icon: 'beaker',
      detail: path.dirname(fsPath),
      value: path.dirname(fsPath),
    })),
    ...(other === undefined ? [] : [{ label: other, icon: 'git-compare', value: '', alwaysShow: true }]),
  ]);
  return picked === BACK ? undefined : picked;
}

/** Names of runs, where a lens was above one. */
function namesFrom([of]: readonly unknown[]): string[] {
  const names = typeof of === 'object' && of !== null && 'runs' in of ? of.runs : [];
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [];
}

/** The engine reads files: what is on screen goes to disk first. */
async function saved(plan: string): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === plan);
  if (document?.isDirty === true && !(await document.save())) throw new Error('The plan could not be saved.');
}

function lackSentence({ python, lacking }: PythonState): string {
  const names = lacking.map(({ name, wanted }) => (wanted === null ? name : `${name} ${wanted}`));
  return `${python} lacks ${names.join(', ')}. One command installs them beside the plan:`;
}

/** Per run: what trains, what is frozen, by part, and the layers as an image. */
function whatTrains({ runs, total, method }: PlanSketch, wanted: string | undefined): string {
  const shown = runs.filter(({ run, names }) => wanted === undefined || run === wanted || names.includes(wanted));
  return shown
    .map((run) => runText(run, method))
    .concat(
      `${total.parameters.toLocaleString('en')} parameters in ${total.tensors.toLocaleString('en')} tensors in all`,
    )
    .join('\n\n');
}

const SIGNS = { frozen: '■', partly: '◧', trains: '□' } as const;

function runText(
  { run, control, frozen, trains, selections, layers, parts, beside }: RunSketch,
  method: string,
): string {
  const number = (value: number) => value.toLocaleString('en').padStart(16);
  return [
    `${run}${control ? ' (the control)' : ''}`,
    `${number(trains)} parameters train${method === 'lora' ? ', in adapters' : ''}`,
    `${number(frozen.parameters)} are frozen, in ${frozen.tensors.toLocaleString('en')} tensors`,
    ...selections.map(({ text, count }) => `${number(count.parameters)} matched by ${text}`),
    '',
    ...parts.map(
      ({ part, total, trains: own }) =>
        `  ${part.padEnd(12)}${number(own.parameters)} of ${total.parameters.toLocaleString('en')} train`,
    ),
    '',
    `  layers      ${layers.map((state) => SIGNS[state]).join('')}   ■ frozen  ◧ partly  □ trains`,
    ...(beside === null ? [] : ['', `  Beside the language layers, these train too: ${beside}.`]),
  ].join('\n');
}
