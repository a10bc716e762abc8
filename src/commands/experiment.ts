/** Experiments: new, run, plan, results. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { analysisOf } from '../engine/analyses/analyses.js';
import { experimentName, isExperiment } from '../engine/experiments/file.js';
import { type Ended, laboratoryOf, placesOf, planStep, type StepPlan, totalOf } from '../engine/experiments/run.js';
import { addressesOf, chosenSteps } from '../engine/experiments/steps.js';
import type { Step } from '../protocol/engineApi.js';
import { isCancelled, messageOf } from '../services/errors.js';
import { bytesText, estimateText } from '../services/progressText.js';
import { BACK, confirm, pickOne, showError, showInformation, withProgress } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { readSettings } from '../services/settings.js';
import { pathsFrom } from './arguments.js';
import { newExperiment } from './experimentNew.js';
import { openRun } from './runs.js';

export const experimentCommands = {
  'frankenstein.newExperiment': (services: Services, ...args: unknown[]) => newExperiment(services, args),

  async 'frankenstein.runExperiment'(services: Services, ...args: unknown[]) {
    const file = await experimentFrom(args, 'Run Experiment');
    if (file === undefined) return;
    const steps = await stepsIn(services, file);
    const chosen = chosenSteps(steps, namesFrom(args));
    const addresses = addressesOf(chosen);
    if (
      addresses.length > 0 &&
      !(await confirm(
        `Send answers or images to ${addresses.join(' and ')}?`,
        `${path.basename(file)} names ${addresses.length === 1 ? 'it' : 'them'} as grader, describer or checkpoint.`,
        'Run',
      ))
    )
      return;
    const ended = await withProgress(`Experiment ${experimentName(file)}`, 'notification', (show, signal) =>
      services.experiments.run(file, { all: steps, chosen }, show, signal).catch((error: unknown) => {
        if (isCancelled(error)) return undefined;
        throw error;
      }),
    );
    if (ended !== undefined) await tell(services, file, ended);
  },

  'frankenstein.cancelExperiment'({ experiments }: Services, ...args: unknown[]) {
    const [file] = pathsFrom(args);
    const inHand = file ?? vscode.window.activeTextEditor?.document.uri.fsPath;
    if (inHand !== undefined) experiments.cancel(inHand);
  },

  async 'frankenstein.planExperiment'(services: Services, ...args: unknown[]) {
    const file = await experimentFrom(args, 'Plan Experiment');
    if (file === undefined) return;
    const steps = await stepsIn(services, file);
    const text = await withProgress(`Planning ${experimentName(file)}`, 'notification', (show, signal) =>
      planText(services, file, steps, show, signal).catch((error: unknown) => {
        if (isCancelled(error)) return undefined;
        throw error;
      }),
    );
    if (text === undefined) return;
    const uri = services.documents.put('Plan', file, text);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
    });
  },

  async 'frankenstein.openExperimentResult'(services: Services, ...args: unknown[]) {
    const file = await experimentFrom(args, 'Open Result');
    if (file === undefined) return;
    const steps = chosenSteps(await stepsIn(services, file), namesFrom(args));
    const step = await pickResult(services, file, steps);
    if (step !== undefined) await openResult(services, file, step);
  },
};

/** The file that a command was invoked on, the one in hand, or one that is asked for. */
async function experimentFrom(args: readonly unknown[], title: string): Promise<string | undefined> {
  const [given] = pathsFrom(args);
  const inHand = given ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  if (inHand !== undefined && isExperiment(inHand)) {
    await saved(inHand);
    return inHand;
  }
  const files = await vscode.workspace.findFiles('**/*.experiment.{yaml,yml}', '**/{node_modules,.git,.venv}/**', 100);
  if (files.length === 0) throw new Error('There is no experiment here yet: New Experiment… makes one.');
  const picked = await pickOne(
    { title, placeholder: 'Which experiment?' },
    files.map(({ fsPath }) => ({
      label: vscode.workspace.asRelativePath(fsPath),
      icon: 'beaker',
      detail: fsPath,
      value: fsPath,
    })),
  );
  return picked === BACK ? undefined : picked;
}

/** Names of parts, where a lens was above one. */
function namesFrom([of]: readonly unknown[]): string[] | undefined {
  const names = typeof of === 'object' && of !== null && 'only' in of ? of.only : undefined;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : undefined;
}

/** The engine reads what is saved. */
async function saved(file: string): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
  if (document?.isDirty === true && !(await document.save())) throw new Error('The experiment could not be saved.');
}

async function stepsIn({ engine }: Services, file: string): Promise<Step[]> {
  return (await engine.readExperiment({ file, text: await readFile(file, 'utf8') })).steps;
}

/** Said when all has been done, with what failed. */
async function tell(services: Services, file: string, ended: readonly Ended[]): Promise<void> {
  const name = experimentName(file);
  const failed = ended.filter(({ state }) => state === 'failed');
  const before = ended.filter((one) => one.before).length;
  const [first] = failed;
  if (first !== undefined) {
    for (const { step, error } of failed) services.log.error(`${name}, ${step.name}: ${messageOf(error)}`);
    void showError(
      `${failed.length} of ${ended.length} runs of ${name} failed; ${first.step.name}: ${messageOf(first.error)}`,
      'Show Log',
    ).then((choice) => {
      if (choice !== undefined) services.log.show();
    });
    return;
  }
  const known = before === 0 ? '' : `, ${before} of them before`;
  const choice = await showInformation(
    `${name}: ${ended.length === 1 ? 'the run is' : `${ended.length} runs are`} done${known}.`,
    'Open Result',
  );
  if (choice === undefined) return;
  const step = await pickResult(
    services,
    file,
    ended.map((one) => one.step),
  );
  if (step !== undefined) await openResult(services, file, step);
}

async function planText(
  services: Services,
  file: string,
  steps: readonly Step[],
  show: (text: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const laboratory = laboratoryOf(services.engine);
  const { memory, threads } = readSettings();
  const machine = { memory, threads, runsFolder: services.runsFolders.forRun([file]) };
  const lines: string[] = [];
  const plans: StepPlan[] = [];
  for (const [index, step] of steps.entries()) {
    show(`${index + 1} of ${steps.length}: ${step.name}`);
    const said = await planStep(step, laboratory, machine, { signal }).then(
      (found) => {
        plans.push(found);
        return found.text;
      },
      (error: unknown) => {
        if (isCancelled(error)) throw error;
        return messageOf(error);
      },
    );
    lines.push(
      `${step.name} (${step.run})`,
      `  ${said.replaceAll('\n', '\n  ')}`,
      ...placesOf(step).map((one) => `  reads ${one}`),
      '',
    );
  }
  const { seconds, memory: most } = totalOf(plans);
  const time = seconds === null ? '' : `${estimateText(seconds, false)}, `;
  return [...lines, `${steps.length} runs in all: ${time}within ${bytesText(most)} of memory.`, ''].join('\n');
}

/** One of those that have a result; asked for where there are several. */
async function pickResult(services: Services, file: string, steps: readonly Step[]): Promise<Step | undefined> {
  const found = await Promise.all(
    steps.map(async (step) => ((await services.experiments.resultOf(file, step)) === undefined ? [] : [step])),
  );
  const ready = found.flat();
  if (ready.length === 0) throw new Error('There is no result yet: run it first.');
  if (ready.length === 1) return ready[0];
  const picked = await pickOne(
    { title: 'Open Result', placeholder: 'Which one?' },
    ready.map((step) => ({
      label: step.name,
      icon: analysisOf(step.analysis).icon,
      description: step.run,
      value: step,
    })),
  );
  return picked === BACK ? undefined : picked;
}

async function openResult(services: Services, file: string, step: Step): Promise<void> {
  const found = await services.experiments.resultOf(file, step);
  if (found === undefined) throw new Error('There is no result yet: run it first.');
  if ('run' in found) return openRun(services, found.run);
  if (step.task === 'report') {
    services.panels.open({ kind: 'freeze', task: 'stored', file: found.output });
    return;
  }
  // What has not changed is found again; anything else is verified anew.
  if (step.experiment !== null && existsSync(step.experiment))
    services.panels.open({ kind: 'freeze', task: 'verify', experiment: step.experiment });
}
