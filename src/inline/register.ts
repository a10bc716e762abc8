/** Puts the inline figures into editors while the setting says so; the setting works at once, both ways. */
import * as vscode from 'vscode';
import type { Services } from '../services/services.js';
import { onDidChangeSettings, readSettings } from '../services/settings.js';
import { Bars } from './bars.js';
import { CodeLenses } from './codeLenses.js';
import { Hovers } from './hovers.js';
import { IndexDocuments } from './indexDocuments.js';
import { CONFIG_FILES, INDEX_FILES, type Lookups } from './lookups.js';

export function registerInline(services: Services, lookups: Lookups): vscode.Disposable {
  let current: vscode.Disposable | undefined;
  const changed = new vscode.EventEmitter<void>();
  const restart = () => {
    current?.dispose();
    const { inline } = readSettings();
    current = inline.enabled ? start(lookups, changed.event, inline.bars) : undefined;
    if (!inline.enabled) services.pins.clear();
  };
  restart();
  const results = services.results.onDidChange(() => changed.fire());
  const settings = onDidChangeSettings(restart);
  return new vscode.Disposable(() => {
    current?.dispose();
    results.dispose();
    settings.dispose();
    changed.dispose();
  });
}

function start(lookups: Lookups, changed: vscode.Event<void>, bars: boolean): vscode.Disposable {
  const selector = [INDEX_FILES, CONFIG_FILES];
  const indexes = new IndexDocuments();
  return vscode.Disposable.from(
    indexes,
    vscode.languages.registerCodeLensProvider(selector, new CodeLenses(lookups, indexes, changed)),
    vscode.languages.registerHoverProvider(selector, new Hovers(lookups)),
    ...(bars ? [new Bars(lookups, changed)] : []),
  );
}
