/** CodeLenses: per layer in an index, per relevant key in a config. One line of numbers, clickable. */
import * as vscode from 'vscode';
import { readSettings } from '../services/settings.js';
import { configFigures } from './configFigures.js';
import { lensText } from './figures.js';
import type { InlineTarget } from './hoverText.js';
import type { IndexDocuments } from './indexDocuments.js';
import { jsonKeys } from './jsonKeys.js';
import { layerName, type Lookup } from './lookup.js';
import { folderOfDocument, isIndex, isModelConfig, type Lookups } from './lookups.js';

export class CodeLenses implements vscode.CodeLensProvider {
  constructor(
    private readonly lookups: Lookups,
    private readonly indexes: IndexDocuments,
    readonly onDidChangeCodeLenses: vscode.Event<void>,
  ) {}

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    const index = isIndex(document);
    if (!index && !isModelConfig(document)) return [];
    const lookup = await this.lookups.ofDocument(document);
    if (token.isCancellationRequested) return [];
    const top = topLenses(document, lookup);
    if (lookup === undefined) return top;
    return [...top, ...(index ? await this.ofIndex(document, lookup, token) : ofConfig(document, lookup))];
  }

  private async ofIndex(document: vscode.TextDocument, lookup: Lookup, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    const lines = await this.indexes.complete(document, token);
    if (lines === undefined) return [];
    const options = readSettings();
    return [...lookup.firstLines(lines.lineCount, (line) => lines.nameAt(line))].flatMap(([depth, line]) => {
      const layer = lookup.layer(depth)!;
      const target = targetAt(document, line, { depth });
      const numbers = layer.deltas.flatMap((delta, from) => (delta === null ? [] : [lensText(lookup.label(from), delta, options)]));
      return [pinLens(line, target), ...numbers.map((text, i) => openLens(line, i === 0 ? `${layerName(layer)}: ${text}` : text, target))];
    });
  }
}

function ofConfig(document: vscode.TextDocument, lookup: Lookup): vscode.CodeLens[] {
  return configFigures(jsonKeys(document.getText()), lookup, readSettings()).flatMap(({ line, lenses, tensor }) => {
    const target = targetAt(document, line, { tensor });
    return [pinLens(line, target), ...lenses.map((text) => openLens(line, text, target))];
  });
}

/** What can be done with this checkpoint, whether or not there is a result. */
function topLenses(document: vscode.TextDocument, lookup: Lookup | undefined): vscode.CodeLens[] {
  const { uri } = document;
  const lineage = lookup?.result.stages.map(({ label }) => label).join(' → ');
  return [
    ...(lineage === undefined ? [] : [openLens(0, `$(graph) ${lineage.replaceAll('$(', '$ (')}`, targetAt(document, 0, {}))]),
    lens(0, { title: 'Compare with…', command: 'frankenstein.compareWith', arguments: [uri] }),
    lens(0, { title: 'Inspect', command: 'frankenstein.inspect', arguments: [uri] }),
  ];
}

/** First in its line: the numbers may be longer than the editor is wide. */
function pinLens(line: number, target: InlineTarget): vscode.CodeLens {
  return lens(line, { title: '$(pin) Pin', tooltip: 'Keep the figure between the lines', command: 'frankenstein.inline.pin', arguments: [target] });
}

function openLens(line: number, title: string, target: InlineTarget): vscode.CodeLens {
  return lens(line, { title, tooltip: 'Open in the panel', command: 'frankenstein.inline.open', arguments: [target] });
}

function lens(line: number, command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command);
}

export function targetAt(document: vscode.TextDocument, line: number, place: { depth?: number | null; tensor?: string | null }): InlineTarget {
  return { uri: document.uri.toString(), line, folder: folderOfDocument(document), depth: place.depth ?? null, tensor: place.tensor ?? null };
}
