/** Above a plan of frozen trainings, and above each of its runs: what can be done, and what trains. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { PlanSketch, RecipeSketch, RunSketch } from '../protocol/engineApi.js';
import type { Feedback } from './feedback.js';

export class PlanLenses implements vscode.CodeLensProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly feedback: Feedback) {
    feedback.onDidChange(() => this.changed.fire());
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const found = await this.feedback.of(document);
    if (found === undefined || !('plan' in found)) return [];
    const errors = found.problems.filter(({ severity }) => severity === 'error').length;
    const top = new vscode.Range(0, 0, 0, 0);
    if (errors > 0 || found.plan === null)
      return [
        lens(top, {
          title: `$(error) ${errors} ${errors === 1 ? 'error' : 'errors'}`,
          command: 'workbench.actions.view.problems',
          tooltip: 'Show them',
        }),
        ...(found.plan?.runs ?? []).map((run) => trainsLens(document, run)),
      ];
    const { runs } = found.plan;
    return [
      ...planLenses(document, found.plan).map((command) => lens(top, command)),
      ...runs.flatMap((run) => [
        ...runLenses(document, run).map((command) => lens(placeOf(document, run), command)),
        trainsLens(document, run),
      ]),
    ];
  }
}

function planLenses(document: vscode.TextDocument, { runs, trainer, method }: PlanSketch): vscode.Command[] {
  const { fsPath: file } = document.uri;
  const all = runs.flatMap(({ names }) => names);
  return [
    {
      title: '$(play) Run',
      command: 'frankenstein.runFreeze',
      arguments: [{ path: file }],
      tooltip: `Train ${all.length} runs with ${trainer}, one after the other; what is finished stays`,
    },
    watchLens(file, path.basename(path.dirname(file)), all),
    {
      title: 'Verify',
      command: 'frankenstein.verifyFrozen',
      arguments: [{ path: file }],
      tooltip: 'Whether frozen weights stayed as they were, bit for bit',
    },
    {
      title: 'Report',
      command: 'frankenstein.freezeReport',
      arguments: [{ path: file }],
      tooltip: 'Necessary, sufficient, transferable: evaluate IN, the control and every frozen run',
    },
    {
      title: `${all.length} runs, ${method === 'lora' ? 'adapters' : 'all parameters'}`,
      command: 'frankenstein.whatTrains',
      arguments: [{ path: file }],
      tooltip: 'What trains in each',
    },
  ];
}

function runLenses(document: vscode.TextDocument, { names }: RunSketch): vscode.Command[] {
  const { fsPath: file } = document.uri;
  return [
    {
      title: '$(play) Run',
      command: 'frankenstein.runFreeze',
      arguments: [{ path: file, runs: names }],
      tooltip: `Train ${names.join(', ')}`,
    },
    watchLens(file, names.join(', '), names),
  ];
}

/** Curves of a training: reward, length, losses, as its logs grow. */
function watchLens(file: string, title: string, names: readonly string[]): vscode.Command {
  return {
    title: 'Watch',
    command: 'frankenstein.watchTraining',
    arguments: [{ title, folders: names.map((name) => path.join(path.dirname(file), 'runs', name)) }],
    tooltip: 'Curves of the training, while it runs',
  };
}

function trainsLens(document: vscode.TextDocument, run: RunSketch): vscode.CodeLens {
  const { trains, frozen, beside, names } = run;
  return lens(placeOf(document, run), {
    title:
      `${trains.toLocaleString('en')} parameters train, ${frozen.parameters.toLocaleString('en')} frozen` +
      `${beside === null ? '' : ' $(warning)'}`,
    command: 'frankenstein.whatTrains',
    arguments: [{ path: document.uri.fsPath, runs: names }],
    tooltip: beside === null ? 'What trains, by part' : `Beside the language layers, these train too: ${beside}`,
  });
}

function placeOf(document: vscode.TextDocument, { place }: RunSketch): vscode.Range {
  const at = document.positionAt(place.offset);
  return new vscode.Range(at, at);
}

function lens(range: vscode.Range, command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(range, command);
}

const STATES: readonly RunSketch['layers'][number][] = ['trains', 'frozen', 'partly'];

/** The layers of a run as the strip of a recipe has them: a source is a state. */
export function layersThatTrain(layers: RunSketch['layers']): Pick<RecipeSketch, 'layers' | 'labels' | 'computed'> {
  return {
    labels: ['trains', 'frozen', 'partly frozen'],
    layers: layers.map((state) => ({ from: [STATES.indexOf(state)], fraction: null })),
    computed: 0,
  };
}
