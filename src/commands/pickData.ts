/**
 * Asks for the data of an analysis: what fits of the workspace, by what is in it, then what was used before, or a
 * dialog.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { pickOne, type Answer, type Choice, type Heading, type PickQuestion } from '../services/screen.js';

const EXCLUDED = '**/{node_modules,.git,.venv,.frankenstein}/**';
const MOST_FILES = 500;

export interface DataQuestion extends PickQuestion {
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
  endings,
  about,
  folders,
  usedBefore,
  browse,
  ...question
}: DataQuestion): Promise<Answer<string>> {
  const choices = async (): Promise<(Choice<string> | Heading)[]> => {
    const files = (await vscode.workspace.findFiles(`**/*.{${endings.join(',')}}`, EXCLUDED, MOST_FILES))
      .map((uri) => uri.fsPath)
      .sort();
    const looked = await Promise.all(files.map(async (file) => ({ file, description: await about(file) })));
    const single = looked.flatMap(({ file, description }): Choice<string>[] =>
      description === undefined
        ? []
        : [{ label: vscode.workspace.asRelativePath(file), icon: 'file', description, detail: file, value: file }],
    );
    const whole = folders
      ? await wholeFolders(
          single.map(({ value }) => value),
          endings,
        )
      : [];
    const earlier = usedBefore
      .filter((data) => ![...whole, ...single].some((choice) => choice.value === data))
      .map((data): Choice<string> => ({ label: path.basename(data), icon: 'history', detail: data, value: data }));
    const group = (heading: string, items: Choice<string>[]): (Choice<string> | Heading)[] =>
      items.length === 0 ? [] : [{ heading }, ...items];
    return [
      ...group('Workspace', [...whole, ...single]),
      ...group('Used before', earlier),
      { heading: '' },
      { label: 'Browse…', icon: 'folder-opened', description: browse.description, value: '', alwaysShow: true },
    ];
  };
  const choice = await pickOne(question, choices());
  if (choice !== '') return choice;
  const picked = await vscode.window.showOpenDialog({ title: question.title, ...browse.dialog });
  return picked?.[0]?.fsPath;
}

/** Folders of several data files, all of which fit. */
async function wholeFolders(fitting: readonly string[], endings: readonly string[]): Promise<Choice<string>[]> {
  const byFolder = new Map<string, string[]>();
  for (const file of fitting)
    byFolder.set(path.dirname(file), [...(byFolder.get(path.dirname(file)) ?? []), path.parse(file).name]);
  const whole: Choice<string>[] = [];
  for (const [folder, names] of byFolder) {
    const all = (await readdir(folder)).filter((name) => endings.some((ending) => name.endsWith(`.${ending}`)));
    if (names.length > 1 && all.length === names.length)
      whole.push({
        label: vscode.workspace.asRelativePath(folder),
        icon: 'folder',
        description: names.join(', '),
        detail: folder,
        value: folder,
      });
  }
  return whole;
}
