/** Above an experiment, and above each of its parts: what can be done, and what has been. */
import * as vscode from 'vscode';
import { isExperiment } from '../engine/experiments/file.js';
import type { ExperimentSketch } from '../protocol/engineApi.js';
import type { Experiments, StepState } from '../services/experiments.js';
import { inert } from '../services/markdown.js';
import { countOf } from './count.js';
import type { Feedback } from './feedback.js';

type Part = ExperimentSketch['parts'][number];

export class ExperimentLenses implements vscode.CodeLensProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    private readonly feedback: Feedback,
    private readonly experiments: Experiments,
  ) {
    feedback.onDidChange(({ uri }) => {
      if (isExperiment(uri.fsPath)) this.changed.fire();
    });
    experiments.onDidChange(() => this.changed.fire());
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const found = await this.feedback.of(document);
    if (found === undefined || !('experiment' in found)) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    const wrong = countOf(found.problems);
    if (found.experiment === null)
      return wrong === undefined
        ? []
        : [
            new vscode.CodeLens(top, {
              title: `$(error) ${wrong.counted}: ${inert(wrong.first)}`,
              command: 'workbench.actions.view.problems',
              tooltip: 'Show them',
            }),
          ];
    const { parts } = found.experiment;
    const file = document.uri.fsPath;
    const states = await this.experiments.statesOf(
      file,
      parts.flatMap(({ steps }) => steps),
    );
    return [
      ...experimentLenses(file, states, this.experiments.isRunning(file)).map(
        (command) => new vscode.CodeLens(top, command),
      ),
      ...parts.flatMap((part) => {
        const at = document.positionAt(part.place.offset);
        const own = states.filter(({ step }) => step.part === part.name);
        return partLenses(file, part, own).map((command) => new vscode.CodeLens(new vscode.Range(at, at), command));
      }),
    ];
  }
}

function experimentLenses(file: string, states: readonly StepState[], running: boolean): vscode.Command[] {
  const runs = states.length === 1 ? '1 run' : `${states.length} runs`;
  return [
    running
      ? {
          title: '$(stop-circle) Cancel',
          command: 'frankenstein.cancelExperiment',
          arguments: [{ path: file }],
          tooltip: 'What is done stays, and the next start continues from there',
        }
      : {
          title: '$(play) Run',
          command: 'frankenstein.runExperiment',
          arguments: [{ path: file }],
          tooltip: `${runs}, one after the other; what is done is not done again`,
        },
    {
      title: 'Plan',
      command: 'frankenstein.planExperiment',
      arguments: [{ path: file }],
      tooltip: 'What each part would cost, in time and memory',
    },
    { title: `${runs}: ${countsText(states)}`, command: 'frankenstein.runs.focus', tooltip: 'Show the runs' },
  ];
}

function partLenses(file: string, { name, run }: Part, states: readonly StepState[]): vscode.Command[] {
  const done = states.some(({ state, step }) => state === 'done' || (state === 'failed' && step.task === 'verify'));
  const running = states.some(({ state }) => state === 'running');
  const why = states.find(({ state }) => state === 'failed')?.message;
  return [
    ...(running
      ? []
      : [
          {
            title: '$(play) Run',
            command: 'frankenstein.runExperiment',
            arguments: [{ path: file, only: [name] }],
            tooltip: `${run}: ${states.map(({ step }) => step.name).join(', ')}`,
          },
        ]),
    ...(done
      ? [
          {
            title: 'Open result',
            command: 'frankenstein.openExperimentResult',
            arguments: [{ path: file, only: [name] }],
            tooltip: 'Show what came out',
          },
        ]
      : []),
    {
      title: `${running ? '$(loading~spin) ' : ''}${countsText(states)}${why === undefined || why === null ? '' : `: ${inert(why)}`}`,
      command: '',
    },
  ];
}

const WORDS = [
  ['running', 'running'],
  ['failed', 'failed'],
  ['done', 'done'],
  ['left', 'left'],
] as const;

/** `done`; `2 done, 1 left` where they differ. */
export function countsText(states: readonly Pick<StepState, 'state'>[]): string {
  const counted = WORDS.flatMap(([state, word]) => {
    const count = states.filter((one) => one.state === state).length;
    return count === 0 ? [] : [{ count, word }];
  });
  return counted.length === 1 ? counted[0]!.word : counted.map(({ count, word }) => `${count} ${word}`).join(', ');
}
