/**
 * The one place where the host's words reach the editor's own surfaces: notifications, progress, pickers, input
 * boxes, the status bar, trees. VS Code turns `[text](command:…)` in a text into a link that runs the command, and
 * `$(name)` into an icon; much of what is said here quotes model files and folders. So every text is made inert
 * first, and icons are given beside the text, not in it. eslint keeps other modules from the functions that are wrapped
 * here.
 */
import * as vscode from 'vscode';
import { inert } from './markdown.js';

/** Resolves to the action that was chosen; undefined when dismissed. */
export function showError(message: string, ...actions: string[]): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(inert(message), ...actions);
}

export function showInformation(message: string, ...actions: string[]): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(inert(message), ...actions);
}

/** A dialog that has to be answered; true when `action` was chosen. */
export async function confirm(message: string, detail: string, action: string): Promise<boolean> {
  const options = { modal: true, detail: inert(detail) };
  return (await vscode.window.showWarningMessage(inert(message), options, action)) === action;
}

/** A sentence in the status bar for some seconds. `icon`: a codicon's name. */
export function showStatus(message: string, icon?: string): void {
  vscode.window.setStatusBarMessage(withIcon(icon, message), 4000);
}

/** Progress in the status bar, or in a notification with Cancel. */
export function withProgress<T>(
  title: string,
  where: 'status-bar' | 'notification',
  task: (report: (message: string) => void, signal: AbortSignal) => Promise<T>,
): Thenable<T> {
  const location = where === 'status-bar' ? vscode.ProgressLocation.Window : vscode.ProgressLocation.Notification;
  return vscode.window.withProgress(
    { location, title: inert(title), cancellable: where === 'notification' },
    (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      return task((message) => progress.report({ message: inert(message) }), abort.signal);
    },
  );
}

export interface StatusEntry extends vscode.Disposable {
  show(entry: { icon: string; text: string; tooltip: vscode.MarkdownString; spoken: string }): void;
  hide(): void;
}

/** An entry of the status bar. Its tooltip is Markdown: whoever writes it escapes what it quotes. */
export function statusEntry(id: string, name: string, command: string): StatusEntry {
  const item = vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Left, 10);
  item.name = name;
  item.command = command;
  return {
    show({ icon, text, tooltip, spoken }) {
      item.text = withIcon(icon, text);
      item.tooltip = tooltip;
      item.accessibilityInformation = { label: inert(spoken) };
      item.show();
    },
    hide: () => item.hide(),
    dispose: () => item.dispose(),
  };
}

/** A row of a tree. `spoken`: the whole of it, as a screen reader says it. */
export class TreeRow extends vscode.TreeItem {
  constructor(
    row: { label: string; description?: string; tooltip?: string; icon?: string | vscode.ThemeIcon; spoken?: string },
    state = vscode.TreeItemCollapsibleState.None,
  ) {
    super(inert(row.label), state);
    if (row.description !== undefined) this.description = inert(row.description);
    if (row.tooltip !== undefined) this.tooltip = inert(row.tooltip);
    if (row.icon !== undefined)
      this.iconPath = typeof row.icon === 'string' ? new vscode.ThemeIcon(row.icon) : row.icon;
    if (row.spoken !== undefined) this.accessibilityInformation = { label: inert(row.spoken) };
  }
}

// --- questions ----------------------------------------------------------------------

/** The question before is to be asked again. */
export const BACK = Symbol('back');
export type Answer<T> = T | typeof BACK | undefined;

/** Where a question stands among those of its command. */
export interface Step {
  step: number;
  totalSteps: number;
}

export type Question = (step: Step) => Promise<Answer<unknown>>;

/** Asks one after the other. Each question keeps its own answer; Back asks the one before. False when dismissed. */
export async function inSteps(questions: readonly Question[]): Promise<boolean> {
  for (let index = 0; index < questions.length;) {
    const answer = await questions[index]!({ step: index + 1, totalSteps: questions.length });
    if (answer === undefined) return false;
    index += answer === BACK ? -1 : 1;
  }
  return true;
}

export interface Choice<T> {
  label: string;
  /** A codicon's name. */
  icon?: string | undefined;
  description?: string | undefined;
  detail?: string | undefined;
  value: T;
  /** Ticked from the start, where several can be chosen. */
  picked?: boolean | undefined;
  alwaysShow?: boolean;
}

/** A heading between choices. */
export interface Heading {
  heading: string;
}

export interface PickQuestion extends Partial<Step> {
  title: string;
  placeholder: string;
}

type Item<T> = vscode.QuickPickItem & { value?: T };

function itemOf<T>(choice: Choice<T> | Heading): Item<T> {
  if ('heading' in choice) return { label: inert(choice.heading), kind: vscode.QuickPickItemKind.Separator };
  const { label, icon, description, detail, value, picked = false, alwaysShow = false } = choice;
  return {
    label: withIcon(icon, label),
    description: inert(description ?? ''),
    ...(detail !== undefined && { detail: inert(detail) }),
    value,
    picked,
    alwaysShow,
  };
}

function newPick<T>({ title, placeholder, step, totalSteps }: PickQuestion): vscode.QuickPick<Item<T>> {
  const pick = vscode.window.createQuickPick<Item<T>>();
  pick.title = inert(title);
  pick.placeholder = inert(placeholder);
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  if (step !== undefined && totalSteps !== undefined && totalSteps > 1) {
    pick.step = step;
    pick.totalSteps = totalSteps;
    if (step > 1) pick.buttons = [vscode.QuickInputButtons.Back];
  }
  return pick;
}

/** One of several. Choices may come later; `choices` may also be shown anew while it is asked. */
export async function pickOne<T>(
  question: PickQuestion,
  choices: readonly (Choice<T> | Heading)[] | PromiseLike<readonly (Choice<T> | Heading)[]>,
  later?: (show: (choices: readonly (Choice<T> | Heading)[]) => void) => Promise<unknown>,
): Promise<Answer<T>> {
  const pick = newPick<T>(question);
  const show = (all: readonly (Choice<T> | Heading)[]) => (pick.items = all.map(itemOf));
  try {
    return await new Promise<Answer<T>>((resolve, reject) => {
      pick.onDidAccept(() => {
        const [active] = pick.activeItems;
        if (active !== undefined) resolve(active.value);
      });
      pick.onDidTriggerButton(() => resolve(BACK));
      pick.onDidHide(() => resolve(undefined));
      pick.busy = true;
      pick.show();
      const ready = Promise.resolve(choices).then(show, reject);
      void ready.then(() => later?.(show)).finally(() => (pick.busy = false));
    });
  } finally {
    pick.dispose();
  }
}

export interface More<T> {
  label: string;
  icon: string;
  description: string;
  ask: () => Promise<readonly Choice<T>[]>;
}

export interface ManyQuestion<T> extends PickQuestion {
  /** Why these cannot be taken, in a sentence; undefined where they can. */
  refuse: (chosen: readonly T[]) => string | undefined;
  /** Entries that ask for more than is offered; what they give is ticked. */
  more?: readonly More<T>[];
}

/** Several. What cannot be taken is said in place, and the ticks stay. */
export async function pickMany<T>(
  question: ManyQuestion<T>,
  choices: PromiseLike<readonly Choice<T>[]> | readonly Choice<T>[],
): Promise<Answer<T[]>> {
  const pick = newPick<T>(question);
  const { refuse } = question;
  const asking = new Map<Item<T>, More<T>>(
    question.more?.map((one) => [
      { label: withIcon(one.icon, one.label), description: inert(one.description), alwaysShow: true },
      one,
    ]),
  );
  const more = [...asking.keys()];
  pick.canSelectMany = true;
  let browsing = false;
  const show = (items: readonly Item<T>[], ticked: readonly Item<T>[]) => {
    pick.items = [...items, ...more];
    pick.selectedItems = ticked;
  };
  try {
    return await new Promise<Answer<T[]>>((resolve, reject) => {
      pick.onDidChangeSelection((selected) => {
        const chosen = selected.find((item) => asking.has(item));
        if (browsing || chosen === undefined) return;
        browsing = true;
        const own = selected.filter((item) => !more.includes(item));
        const before = pick.items.filter((item) => !more.includes(item));
        void asking
          .get(chosen)!
          .ask()
          .then((found) => {
            const added = found.map(itemOf);
            show([...before, ...added], [...own, ...added]);
            pick.show();
          }, reject)
          .finally(() => (browsing = false));
      });
      pick.onDidAccept(() => {
        const values = pick.selectedItems.flatMap(({ value }) => value ?? []) as T[];
        const refused = refuse(values);
        if (refused === undefined) return resolve(values);
        pick.value = '';
        pick.placeholder = inert(refused);
      });
      pick.onDidTriggerButton(() => resolve(BACK));
      pick.onDidHide(() => {
        if (!browsing) resolve(undefined);
      });
      pick.busy = true;
      pick.show();
      Promise.resolve(choices)
        .then((all) => {
          const items = all.map(itemOf);
          show(
            items,
            items.filter(({ picked }) => picked),
          );
        }, reject)
        .finally(() => (pick.busy = false));
    });
  } finally {
    pick.dispose();
  }
}

export interface TextQuestion {
  title: string;
  prompt: string;
  value?: string;
  placeholder?: string;
  password?: boolean;
  /** Stays open when something else is clicked. */
  stays?: boolean;
  /** What is wrong with it, in a sentence; undefined where nothing is. */
  refuse?: (text: string) => string | undefined | Promise<string | undefined>;
}

/** A line of text; undefined when dismissed. */
export function askText({ title, prompt, value, placeholder, password, stays, refuse }: TextQuestion) {
  return vscode.window.showInputBox({
    title: inert(title),
    prompt: inert(prompt),
    ...(value !== undefined && { value }),
    ...(placeholder !== undefined && { placeHolder: inert(placeholder) }),
    ...(password !== undefined && { password }),
    ...(stays !== undefined && { ignoreFocusOut: stays }),
    ...(refuse !== undefined && {
      validateInput: async (text: string) => {
        const refused = await refuse(text);
        return refused === undefined ? undefined : inert(refused);
      },
    }),
  });
}

export interface CheckedBox {
  value: string;
  /** What is said below the text. */
  say(message: string, severity: 'error' | 'info'): void;
  /** Calls `onChange` at every key; resolves to what `read` makes of the text when it is accepted. */
  ask<T>(onChange: () => void, read: () => T | undefined): Promise<T | undefined>;
}

/** A line of text with something said below it from the start; `askText` says nothing before the first key. */
export function checkedBox(title: string): CheckedBox {
  const box = vscode.window.createInputBox();
  box.title = inert(title);
  return {
    get value() {
      return box.value;
    },
    set value(text) {
      box.value = text;
    },
    say(message, severity) {
      const { Error, Info } = vscode.InputBoxValidationSeverity;
      box.validationMessage = { message: inert(message), severity: severity === 'error' ? Error : Info };
    },
    ask: (onChange, read) =>
      new Promise((resolve) => {
        box.onDidChangeValue(onChange);
        box.onDidAccept(() => {
          const value = read();
          if (value === undefined) return;
          resolve(value);
          box.hide();
        });
        box.onDidHide(() => {
          resolve(undefined);
          box.dispose();
        });
        box.show();
      }),
  };
}

function withIcon(icon: string | undefined, text: string): string {
  return icon === undefined ? inert(text) : `$(${icon}) ${inert(text)}`;
}
