/** Asks for the data of an analysis: what fits of the workspace, by what is in it, then what was used before, or a dialog. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';

const EXCLUDED = '**/{node_modules,.git,.venv,.frankenstein}/**';
const MOST_FILES = 500;

interface Choice extends vscode.QuickPickItem {
  data?: string;
  browse?: true;
}

export interface DataQuestion {
  title: string;
  placeHolder: string;
  /** Of names of data files, without the dot. */
  endings: readonly string[];
  /** What is said beside a file that fits, perhaps nothing; undefined where it does not fit. */
  about: (file: string) => Promise<string | undefined>;
  /** Folders can be chosen where all of their data files fit. */
  folders: boolean;
  /** The latest first. */
  usedBefore: readonly string[];
  browse: { description: string; dialog: vscode.OpenDialogOptions };
}

/** Undefined when dismissed. */
export async function pickData({
  title,
  placeHolder,
  endings,
  about,
  folders,
  usedBefore,
  browse,
}: DataQuestion): Promise<string | undefined> {
  const choices = async (): Promise<Choice[]> => {
    const files = (await vscode.workspace.findFiles(`**/*.{${endings.join(',')}}`, EXCLUDED, MOST_FILES))
      .map((uri) => uri.fsPath)
      .sort();
    const looked = await Promise.all(files.map(async (file) => ({ file, description: await about(file) })));
    const single = looked.flatMap(({ file, description }): Choice[] =>
      description === undefined
        ? []
        : [{ label: `$(file) ${vscode.workspace.asRelativePath(file)}`, description, detail: file, data: file }],
    );
    const whole = folders
      ? await wholeFolders(
          single.map(({ data }) => data!),
          endings,
        )
      : [];
    const earlier = usedBefore
      .filter((data) => ![...whole, ...single].some((choice) => choice.data === data))
      .map((data): Choice => ({ label: `$(history) ${path.basename(data)}`, detail: data, data }));
    const group = (label: string, items: Choice[]): Choice[] =>
      items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
    return [
      ...group('Workspace', [...whole, ...single]),
      ...group('Used before', earlier),
      { label: '', kind: vscode.QuickPickItemKind.Separator },
      { label: '$(folder-opened) Browse…', description: browse.description, browse: true, alwaysShow: true },
    ];
  };
  const choice = await vscode.window.showQuickPick<Choice>(choices(), {
    title,
    placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (choice?.browse !== true) return choice?.data;
  const picked = await vscode.window.showOpenDialog({ title, ...browse.dialog });
  return picked?.[0]?.fsPath;
}

/** Folders of several data files, all of which fit. */
async function wholeFolders(fitting: readonly string[], endings: readonly string[]): Promise<Choice[]> {
  const byFolder = new Map<string, string[]>();
  for (const file of fitting)
    byFolder.set(path.dirname(file), [...(byFolder.get(path.dirname(file)) ?? []), path.parse(file).name]);
  const whole: Choice[] = [];
  for (const [folder, names] of byFolder) {
    const all = (await readdir(folder)).filter((name) => endings.some((ending) => name.endsWith(`.${ending}`)));
    if (names.length > 1 && all.length === names.length)
      whole.push({
        label: `$(folder) ${vscode.workspace.asRelativePath(folder)}`,
        description: names.join(', '),
        detail: folder,
        data: folder,
      });
  }
  return whole;
}
