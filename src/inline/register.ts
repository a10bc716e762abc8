/** Puts the inline figures into editors while the setting says so; the setting works at once, both ways. */
import * as vscode from 'vscode';
import type { Services } from '../services/services.js';
import { onDidChangeSettings, readSettings } from '../services/settings.js';
import { Bars } from './bars.js';
import { CodeLenses } from './codeLenses.js';
import { Hovers } from './hovers.js';
import { IndexDocuments } from './indexDocuments.js';
import { CONFIG_FILES, INDEX_FILES, TENSOR_LISTS, type Lookups } from './lookups.js';

export function registerInline(services: Services, lookups: Lookups): vscode.Disposable {
  let current: vscode.Disposable | undefined;
  const changed = new vscode.EventEmitter<void>();
  const restart = () => {
    current?.dispose();
    const { inline } = readSettings();
    current = inline.enabled ? start(lookups, changed.event, inline.bars) : undefined;
    if (!inline.enabled) services.pins.clear();
    changed.fire();
  };
  restart();
  const indexes = new IndexDocuments();
  return vscode.Disposable.from(
    // Always there, and without lenses when switched off: VS Code goes on showing those of a provider that went.
    vscode.languages.registerCodeLensProvider(SELECTOR, new CodeLenses(lookups, indexes, changed.event)),
    indexes,
    services.results.onDidChange(() => changed.fire()),
    onDidChangeSettings(restart),
    new vscode.Disposable(() => void current?.dispose()),
    changed,
  );
}

const SELECTOR = [INDEX_FILES, TENSOR_LISTS, CONFIG_FILES];

function start(lookups: Lookups, changed: vscode.Event<void>, bars: boolean): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerHoverProvider(SELECTOR, new Hovers(lookups)),
    ...(bars ? [new Bars(lookups, changed)] : []),
  );
}
