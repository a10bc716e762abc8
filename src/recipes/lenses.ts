/** Above a recipe: what can be done with it. Beside what it does: which checkpoint each layer comes from. */
import * as vscode from 'vscode';
import type { RecipeSketch } from '../protocol/engineApi.js';
import { escapeMarkdown, inert } from '../services/markdown.js';
import { bytesText } from '../services/progressText.js';
import { countOf } from './count.js';
import { layersThatTrain } from './planLenses.js';
import { type Feedback, type Found, isChecked } from './feedback.js';

export class RecipeLenses implements vscode.CodeLensProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly feedback: Feedback) {
    feedback.onDidChange(() => this.changed.fire());
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const { uri } = document;
    const found = await this.feedback.of(document);
    // Being read, or the engine could not say: nothing is offered that may fail.
    if (found === undefined) return [];
    const wrong = countOf(found.problems);
    const problems =
      wrong === undefined
        ? []
        : [
            lens({
              title: `$(${found.made === null ? 'error' : 'warning'}) ${wrong.counted}: ${inert(wrong.first)}`,
              command: 'workbench.actions.view.problems',
              tooltip: 'Show them',
            }),
          ];
    const { made } = found;
    if (made === null) return problems;
    return [
      lens({
        title: '$(play) Run',
        command: 'frankenstein.try',
        arguments: [uri],
        tooltip: 'Ask the merged model something. Nothing is written.',
      }),
      lens({
        title: 'Evaluate',
        command: 'frankenstein.evaluate',
        arguments: [uri],
        tooltip: 'Measure vision, vision-to-reasoning and reasoning',
      }),
      lens({
        title: 'Export…',
        command: 'frankenstein.exportMerged',
        arguments: [uri],
        tooltip: `Write the checkpoint: ${bytesText(made.bytes)}`,
      }),
      lens({
        title: 'Open in mergekit format',
        command: 'frankenstein.mergekitFormat',
        arguments: [uri],
        tooltip: 'The same, as mergekit writes it',
      }),
      lens({ title: summaryOf(made), command: '' }),
      ...problems,
    ];
  }
}

function lens(command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), command);
}

function summaryOf({ computed, tensors, bytes }: RecipeSketch): string {
  return computed === 0
    ? `${tensors.toLocaleString('en')} tensors, none computed`
    : `${computed.toLocaleString('en')} of ${tensors.toLocaleString('en')} tensors computed, ${bytesText(bytes)}`;
}

/** Theme colours, so that the strip follows the theme; the letters say the same without colour. */
const COLOURS = ['charts.blue', 'charts.orange', 'charts.purple', 'charts.green', 'charts.red', 'charts.yellow'];
/** Longer strips would leave the editor. */
const MOST_CELLS = 96;

/** `in ▆▆▆▆ rl ▆▆▆▆▆▆▆▆`, after the line that says what is done: a cell per language layer. */
export function showStrip(feedback: Feedback): vscode.Disposable {
  // One type per source: an attachment has one colour.
  const types = COLOURS.map((colour) =>
    vscode.window.createTextEditorDecorationType({
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      after: { color: new vscode.ThemeColor(colour), margin: '0 0 0 0.6em' },
    }),
  );
  const draw = async (document: vscode.TextDocument) => {
    const editors = vscode.window.visibleTextEditors.filter((editor) => editor.document === document);
    if (editors.length === 0) return;
    const strips = stripsOf(document, await feedback.of(document));
    for (const editor of editors) {
      types.forEach((type, index) => {
        // Attachments at one place stand in the order of their types, so a run is drawn by the type of its turn.
        const drawn = strips.flatMap(({ line, runs }) =>
          runs[index] === undefined ? [] : [{ line, run: runs[index] }],
        );
        editor.setDecorations(
          type,
          drawn.map(({ line, run }) => {
            const { end } = document.lineAt(line).range;
            return {
              range: new vscode.Range(end, end),
              hoverMessage: new vscode.MarkdownString(escapeMarkdown(run.hover)),
              renderOptions: {
                after: { contentText: run.text, color: new vscode.ThemeColor(COLOURS[run.source % COLOURS.length]!) },
              },
            };
          }),
        );
      });
    }
  };
  return vscode.Disposable.from(
    ...types,
    feedback.onDidChange((document) => void draw(document)),
    vscode.window.onDidChangeVisibleTextEditors((editors) => {
      for (const { document } of editors) if (isChecked(document)) void draw(document);
    }),
  );
}

/** After a recipe's form, or after every run of a plan: where each layer comes from, or whether it trains. */
function stripsOf(document: vscode.TextDocument, found: Found | undefined): { line: number; runs: Run[] }[] {
  if (found !== undefined && 'plan' in found)
    return (found.plan?.runs ?? []).map(({ place, layers }) => ({
      line: document.positionAt(place.offset).line,
      runs: runsOf(layersThatTrain(layers)),
    }));
  const line = lineOfForm(document);
  return found?.made && line !== undefined ? [{ line, runs: runsOf(found.made) }] : [];
}

/** The line of the key that says what is done. */
function lineOfForm(document: vscode.TextDocument): number | undefined {
  for (let line = 0; line < document.lineCount; line++)
    if (/^(?:stitch|interpolate|noise|models|slices|modules)\s*:/.test(document.lineAt(line).text)) return line;
  return undefined;
}

interface Run {
  source: number;
  text: string;
  hover: string;
}

/**
 * Neighbouring layers of one origin, as many as there are colours to tell them by; what is more is one run of the last.
 */
export function runsOf({ layers, labels, computed }: Pick<RecipeSketch, 'layers' | 'labels' | 'computed'>): Run[] {
  const runs: { source: number; mixed: boolean; from: number; to: number }[] = [];
  layers.forEach(({ from }, layer) => {
    const source = from[0] ?? 0;
    const mixed = from.length > 1;
    const last = runs.at(-1);
    if (last?.source === source && last.mixed === mixed) last.to = layer;
    else runs.push({ source, mixed, from: layer, to: layer });
  });
  const shown = runs.slice(0, COLOURS.length);
  const cell = Math.max(1, Math.ceil(layers.length / MOST_CELLS));
  return shown.map(({ source, mixed, from, to }, index) => {
    const rest = index === shown.length - 1 && runs.length > shown.length ? ' …' : '';
    const label = labels[source] ?? '';
    const others = mixed ? `${label} and others` : label;
    return {
      source,
      text: `${others} ${(mixed ? '▓' : '█').repeat(Math.max(1, Math.round((to - from + 1) / cell)))}${rest}`,
      hover: `Language layers ${from}–${to}: ${others}${mixed && computed > 0 ? ', computed' : ''}`,
    };
  });
}
