/** CodeLenses: per layer in an index, per relevant key in a config. One line of numbers, clickable. */
import * as vscode from 'vscode';
import { inert } from '../services/markdown.js';
import { readSettings } from '../services/settings.js';
import { configFigures } from './configFigures.js';
import { lensText } from './figures.js';
import { languageLayerOf, type Functions } from './functions.js';
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
    if (!readSettings().inline.enabled || (!index && !isModelConfig(document))) return [];
    const [lookup, functions] = await Promise.all([
      this.lookups.ofDocument(document),
      this.lookups.functionsOf(document),
    ]);
    if (token.isCancellationRequested) return [];
    const lenses = topLenses(document, lookup);
    if (lookup === undefined && functions === undefined) return lenses;
    if (!index) {
      if (lookup !== undefined) lenses.push(...ofConfig(document, lookup));
      if (functions !== undefined) lenses.push(...functionsOfConfig(document, functions));
      return lenses;
    }
    const lines = await this.indexes.complete(document, token);
    if (lines === undefined) return lenses;
    if (lookup !== undefined) lenses.push(...ofIndex(document, lookup, lines));
    if (functions !== undefined) lenses.push(...functionsOfIndex(document, functions, lines));
    return lenses;
  }
}

interface IndexLines {
  lineCount: number;
  nameAt(line: number): string | undefined;
}

function ofIndex(document: vscode.TextDocument, lookup: Lookup, lines: IndexLines): vscode.CodeLens[] {
  const options = readSettings();
  return [...lookup.firstLines(lines.lineCount, (line) => lines.nameAt(line))].flatMap(([depth, line]) => {
    const layer = lookup.layer(depth)!;
    const target = targetAt(document, line, { depth });
    const numbers = layer.deltas.flatMap((delta, from) =>
      delta === null ? [] : [lensText(lookup.label(from), delta, options)],
    );
    return [
      pinLens(line, target),
      ...numbers.map((text, i) => openLens(line, i === 0 ? `${layerName(layer)}: ${text}` : text, target)),
    ];
  });
}

/** The peak function of every language layer, above the layer's first tensor. */
function functionsOfIndex(document: vscode.TextDocument, functions: Functions, lines: IndexLines): vscode.CodeLens[] {
  const seen = new Set<number>();
  const lenses: vscode.CodeLens[] = [];
  for (let line = 0; line < lines.lineCount; line++) {
    const name = lines.nameAt(line);
    const layer = name === undefined ? undefined : languageLayerOf(name);
    if (layer === undefined || seen.has(layer)) continue;
    seen.add(layer);
    const text = functions.layerText(layer);
    if (text !== undefined) lenses.push(functionLens(document, line, text, layer + 1));
  }
  return lenses;
}

function functionsOfConfig(document: vscode.TextDocument, functions: Functions): vscode.CodeLens[] {
  const text = functions.modelText();
  const key = jsonKeys(document.getText()).find(
    ({ path }) => path.at(-1) === 'num_hidden_layers' && !path.some((part) => part.includes('vision')),
  );
  return text === undefined || key === undefined ? [] : [functionLens(document, key.line, text, null)];
}

function functionLens(
  document: vscode.TextDocument,
  line: number,
  text: string,
  depth: number | null,
): vscode.CodeLens {
  return lens(line, {
    title: `$(eye) ${text}`,
    tooltip: 'Fraction of answers that change when the visual tokens are swapped here. Open in the panel',
    command: 'frankenstein.inline.open',
    arguments: [{ ...targetAt(document, line, { depth }), probe: true }],
  });
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
    ...(lineage === undefined ? [] : [openLens(0, `$(graph) ${inert(lineage)}`, targetAt(document, 0, {}))]),
    lens(0, { title: 'Compare with…', command: 'frankenstein.compareWith', arguments: [uri] }),
    lens(0, { title: 'Inspect', command: 'frankenstein.inspect', arguments: [uri] }),
  ];
}

/** First in its line: the numbers may be longer than the editor is wide. */
function pinLens(line: number, target: InlineTarget): vscode.CodeLens {
  return lens(line, {
    title: '$(pin) Pin',
    tooltip: 'Keep the figure between the lines',
    command: 'frankenstein.inline.pin',
    arguments: [target],
  });
}

function openLens(line: number, title: string, target: InlineTarget): vscode.CodeLens {
  return lens(line, { title, tooltip: 'Open in the panel', command: 'frankenstein.inline.open', arguments: [target] });
}

function lens(line: number, command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command);
}

export function targetAt(
  document: vscode.TextDocument,
  line: number,
  location: { depth?: number | null; tensor?: string | null },
): InlineTarget {
  return {
    uri: document.uri.toString(),
    line,
    folder: folderOfDocument(document),
    depth: location.depth ?? null,
    tensor: location.tensor ?? null,
  };
}
