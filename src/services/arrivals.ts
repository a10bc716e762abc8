/**
 * Files that come and go. The editor may report a new folder without the files that were written into it at once,
 * because it starts to watch the folder only after it has seen it. Of a deleted folder it reports the folder alone. So
 * folders count like the files that are looked for.
 */
import path from 'node:path';
import * as vscode from 'vscode';

export interface Wanted {
  /** Only what lies in this folder, or is it; without it, everything in the workspace. */
  within?: string;
  /** Whether a new or deleted file counts, by its path. */
  file: (file: string) => boolean;
  /** Whether a deleted folder counts, by its path. Unlike a file it has no name to tell. */
  deletedFolder: (folder: string) => boolean;
}

const isFolder = (uri: vscode.Uri) =>
  vscode.workspace.fs.stat(uri).then(
    ({ type }) => (type & vscode.FileType.Directory) !== 0,
    () => false, // it is gone again
  );

/** Calls `changed` when files or folders that are wanted were created or deleted; new contents alone do not count. */
export function watchArrivals({ within, file, deletedFolder }: Wanted, changed: () => void): vscode.Disposable {
  const folder = within === undefined ? undefined : vscode.Uri.file(within);
  // The workspace is watched in any case, and tells when the folder itself comes and goes.
  const pattern =
    folder === undefined || vscode.workspace.getWorkspaceFolder(folder)
      ? '**/*'
      : new vscode.RelativePattern(folder, '**/*');
  const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, true, false);
  const inside = (uri: vscode.Uri) => within === undefined || `${uri.fsPath}${path.sep}`.startsWith(within + path.sep);
  watcher.onDidCreate(async (uri) => {
    if (inside(uri) && (file(uri.fsPath) || (await isFolder(uri)))) changed();
  });
  watcher.onDidDelete((uri) => {
    if (inside(uri) && (file(uri.fsPath) || deletedFolder(uri.fsPath))) changed();
  });
  return watcher;
}
