/** Opening a checkpoint's own files in VS Code: the diff of two stages, the line that names a tensor. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FileDifference } from '../protocol/engineApi.js';
import { folderOf, labelOf } from '../services/checkpointPath.js';
import type { TensorDocuments } from '../services/tensorDocuments.js';
import { emptyDocument } from '../services/documents.js';

export interface StagePath {
  path: string;
  label?: string | undefined;
}

/** VS Code's diff editor on one file of two neighbouring stages. A side that lacks the file is empty. */
export async function openFileDiff(stages: readonly StagePath[], difference: FileDifference): Promise<void> {
  const { file, from, kind } = difference;
  const [before, after] = [stages[from], stages[from + 1]];
  // The list comes from a result on disk, and a name there is only a name.
  if (before === undefined || after === undefined || path.basename(file) !== file)
    throw new Error(`"${file}" cannot be opened.`);
  const uri = (stage: StagePath) => vscode.Uri.file(path.join(folderOf(stage.path), file));
  const left = kind === 'added' ? emptyDocument(file) : uri(before);
  const right = kind === 'removed' ? emptyDocument(file) : uri(after);
  const title = `${file} (${before.label ?? labelOf(before.path)} ↔ ${after.label ?? labelOf(after.path)})`;
  await vscode.commands.executeCommand('vscode.diff', left, right, title);
}

/** Shows where the index names the tensor; the list of its tensors where the checkpoint has no index. */
export async function revealTensor(documents: TensorDocuments, checkpoint: string, onDisk?: string): Promise<void> {
  const index = (await findIndex(folderOf(checkpoint))) ?? documents.uriOf(checkpoint);
  const opened = await vscode.workspace.openTextDocument(index);
  const document = index.scheme === 'file' ? opened : await vscode.languages.setTextDocumentLanguage(opened, 'json');
  const line = onDisk === undefined ? undefined : lineOf(document, onDisk);
  const selection = line === undefined ? undefined : document.lineAt(line).range;
  const editor = await vscode.window.showTextDocument(document, {
    ...(selection && { selection }),
    viewColumn: columnOfText(),
  });
  if (selection !== undefined) editor.revealRange(selection, vscode.TextEditorRevealType.InCenter);
}

async function findIndex(folder: string): Promise<vscode.Uri | undefined> {
  const usual = vscode.Uri.file(path.join(folder, 'model.safetensors.index.json'));
  if (await exists(usual)) return usual;
  const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.file(folder));
  const other = entries.find(([name]) => name.endsWith('.safetensors.index.json'));
  return other && vscode.Uri.file(path.join(folder, other[0]));
}

function lineOf(document: vscode.TextDocument, onDisk: string): number | undefined {
  const offset = document.getText().indexOf(`${JSON.stringify(onDisk)}:`);
  return offset < 0 ? undefined : document.positionAt(offset).line;
}

/** Text goes beside the panel, not over it; nothing open, nothing to stand beside. */
function columnOfText(): vscode.ViewColumn {
  if (vscode.window.tabGroups.all.every(({ tabs }) => tabs.length === 0)) return vscode.ViewColumn.Active;
  const group = vscode.window.tabGroups.all.find(({ activeTab }) => activeTab?.input instanceof vscode.TabInputText);
  return group?.viewColumn ?? vscode.ViewColumn.Beside;
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return Promise.resolve(vscode.workspace.fs.stat(uri)).then(
    () => true,
    () => false,
  );
}
