/** The last step before an analysis: Run with its estimate, and the options that it depends on. */
import * as vscode from 'vscode';
import { isCancelled, messageOf } from '../services/errors.js';

export interface OptionItem<Action extends string> extends vscode.QuickPickItem {
  action: Action;
}

/** What was chosen; undefined when dismissed. */
export async function askOptions<Action extends string>(
  title: string,
  options: readonly OptionItem<Action>[],
  estimate: (signal: AbortSignal) => Promise<string>,
): Promise<Action | 'run' | undefined> {
  const abort = new AbortController();
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { action?: Action | 'run' }>();
  pick.title = title;
  pick.placeholder = 'Run, or change what is run';
  pick.matchOnDescription = true;
  const show = (description: string) => {
    pick.items = [
      { label: '$(play) Run', description, action: 'run', alwaysShow: true },
      { label: 'Options', kind: vscode.QuickPickItemKind.Separator },
      ...options,
    ];
  };
  show('estimating…');
  pick.busy = true;
  void estimate(abort.signal)
    .then(show, (error: unknown) => {
      if (!isCancelled(error)) show(messageOf(error));
    })
    .finally(() => (pick.busy = false));
  try {
    return await new Promise((resolve) => {
      pick.onDidAccept(() => resolve(pick.activeItems[0]?.action));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    abort.abort();
    pick.dispose();
  }
}

/** Null when dismissed; undefined for "all". */
export async function askNumber(
  title: string,
  prompt: string,
  value: number | undefined,
  all: boolean,
): Promise<number | null | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: all ? `${prompt}; empty for all` : prompt,
    value: value === undefined ? '' : String(value),
    validateInput: (input) =>
      (all && input.trim() === '') || /^[1-9]\d{0,5}$/.test(input.trim()) ? undefined : 'A whole number above zero.',
  });
  if (text === undefined) return null;
  return text.trim() === '' ? undefined : Number(text);
}
