/** Runs on disk: open, look at the JSON, show the folder, delete. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { PanelRequest } from '../protocol/hostApi.js';
import type { FoundRun } from '../services/resultsIndex.js';
import type { Services } from '../services/services.js';
import { RunNode } from '../views/runsTree.js';

export const runCommands = {
  async 'frankenstein.openRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await pickRun(services, 'Open which comparison?'));
    if (run !== undefined) await openRun(services, run);
  },

  async 'frankenstein.openRunJson'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await runInFront(services)) ?? (await pickRun(services, 'Open the JSON of which comparison?'));
    if (run !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(path.join(run.folder, 'result.json')), { viewColumn: vscode.ViewColumn.Active });
  },

  async 'frankenstein.revealRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await runInFront(services)) ?? (await pickRun(services, 'Show the folder of which comparison?'));
    if (run === undefined) return;
    const folder = vscode.Uri.file(run.folder);
    // On a remote machine there is no file manager to open; the explorer shows what the workspace holds.
    const inWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
    await vscode.commands.executeCommand(inWorkspace ? 'revealInExplorer' : 'revealFileInOS', folder);
  },

  async 'frankenstein.deleteRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await pickRun(services, 'Delete which run?'));
    if (run === undefined) return;
    const answer = await vscode.window.showWarningMessage(
      `Delete the run ${run.labels.join(' → ')}?`,
      { modal: true, detail: `The result in ${run.folder} is deleted. The checkpoints are not touched.` },
      'Delete',
    );
    if (answer === undefined) return;
    await services.engine.deleteRun({ runsFolder: run.runsFolder, runId: run.runId });
    services.results.refresh();
  },
};

/** A finished run opens at once; an interrupted one is continued. */
export async function openRun({ panels, results }: Services, run: FoundRun): Promise<void> {
  if (run.state === 'interrupted') panels.compare(requestOf(run));
  else await panels.showResult(requestOf(run), await results.result(run));
}

export function requestOf(run: FoundRun): PanelRequest {
  return { kind: 'compare', stages: run.paths.map((stage, i) => ({ path: stage, ...(run.labels[i] !== undefined && { label: run.labels[i] }) })) };
}

function runFrom([node]: readonly unknown[]): FoundRun | undefined {
  return node instanceof RunNode ? node.run : undefined;
}

async function runInFront({ panels, results }: Services): Promise<FoundRun | undefined> {
  const panel = panels.current;
  return panel && (await results.findRun(panel.request.stages));
}

async function pickRun({ results }: Services, placeHolder: string): Promise<FoundRun | undefined> {
  const items = results.list().then((runs) =>
    runs.map((run) => ({ label: run.labels.join(' → '), description: run.state === 'finished' ? '' : `interrupted at ${Math.floor(run.done * 100)} %`, detail: new Date(run.startedAt).toLocaleString(), run })),
  );
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.run;
}
