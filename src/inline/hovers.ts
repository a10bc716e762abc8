/** Hovers: the tensor in an index line, the figure beside a config key. */
import * as vscode from 'vscode';
import type { SpectrumResult } from '../protocol/engineApi.js';
import { readSettings } from '../services/settings.js';
import type { ThemeKind } from './chart.js';
import { targetAt } from './codeLenses.js';
import { configFigures } from './configFigures.js';
import { HOVER_COMMANDS, modelHover, tensorHover, type HoverOptions } from './hoverText.js';
import { jsonKeys } from './jsonKeys.js';
import { isIndex, isModelConfig, type Lookups } from './lookups.js';
import { tensorNameOf } from './tensorLines.js';

export class Hovers implements vscode.HoverProvider {
  constructor(private readonly lookups: Lookups) {}

  async provideHover(document: vscode.TextDocument, { line }: vscode.Position): Promise<vscode.Hover | undefined> {
    const text = isIndex(document)
      ? await this.ofIndex(document, line)
      : isModelConfig(document)
        ? await this.ofConfig(document, line)
        : undefined;
    return text === undefined ? undefined : new vscode.Hover(trusted(text), document.lineAt(line).range);
  }

  private async ofIndex(document: vscode.TextDocument, line: number): Promise<string | undefined> {
    const name = tensorNameOf(document.lineAt(line).text);
    const lookup = name === undefined ? undefined : await this.lookups.ofDocument(document);
    const tensor = lookup?.tensor(name!);
    if (lookup === undefined || tensor === undefined) return undefined;
    return tensorHover(
      lookup,
      tensor,
      targetAt(document, line, { depth: tensor.depth, tensor: tensor.name }),
      hoverOptions(await this.lookups.spectraOf(lookup)),
    );
  }

  private async ofConfig(document: vscode.TextDocument, line: number): Promise<string | undefined> {
    const lookup = await this.lookups.ofDocument(document);
    const figure =
      lookup &&
      configFigures(jsonKeys(document.getText()), lookup, readSettings()).find((entry) => entry.line === line);
    return (
      figure &&
      modelHover(
        lookup,
        figure.heading,
        figure.deltas,
        targetAt(document, line, { tensor: figure.tensor }),
        hoverOptions(),
      )
    );
  }
}

/** Markdown whose links may run our two inline commands and nothing else. HTML and icons stay off. */
export function trusted(text: string): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text, false);
  markdown.isTrusted = { enabledCommands: HOVER_COMMANDS };
  return markdown;
}

export function hoverOptions(spectra?: SpectrumResult): HoverOptions {
  return { roundingFloorWarnings: readSettings().roundingFloorWarnings, theme: themeKind(), spectra };
}

function themeKind(): ThemeKind {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
      return 'light';
    case vscode.ColorThemeKind.HighContrast:
      return 'high-contrast-dark';
    case vscode.ColorThemeKind.HighContrastLight:
      return 'high-contrast-light';
    case vscode.ColorThemeKind.Dark:
      return 'dark';
  }
}
