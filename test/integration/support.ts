/** What the suites in the extension host share: the services, a lineage in the workspace, waiting. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../../src/services/services.js';
import { writeLineage } from '../fixtures/checkpoints.js';

export async function services(): Promise<Services> {
  const extension = vscode.extensions.getExtension<Services>('frankenstein-lab.frankenstein-lab');
  assert.ok(extension, 'the extension is not there');
  return extension.activate();
}

export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'no folder is open');
  return folder.uri.fsPath;
}

export interface Lineage {
  base: string;
  in: string;
  rl: string;
}

/** Base, IN and RL in the workspace: written once for all suites. In two shards, so that there is an index. */
export async function lineage(): Promise<Lineage> {
  const root = path.join(workspaceFolder(), 'lineage');
  const folders = { base: path.join(root, 'base'), in: path.join(root, 'in'), rl: path.join(root, 'rl') };
  if (existsSync(root)) return folders;
  await mkdir(root, { recursive: true });
  return writeLineage(root, {
    layers: 6,
    visionLayers: 3,
    hidden: 32,
    shards: 2,
    files: { 'generation_config.json': { temperature: 1 } },
  });
}

/** Compares the lineage and waits for the result. */
export async function compared(): Promise<void> {
  const { panels, results } = await services();
  const { base, in: cold, rl } = await lineage();
  const stages = [
    { path: base, label: 'base' },
    { path: cold, label: 'in' },
    { path: rl, label: 'rl' },
  ];
  const panel = panels.open({ kind: 'compare', stages });
  await until(() => panel.state.kind !== 'running', 'the comparison ends');
  assert.equal(panel.state.kind, 'compare', JSON.stringify(panel.state));
  await until(async () => (await results.find('compare', rl)) !== undefined, 'the run is listed');
}

/** Waits until `condition` holds; the reason is what the failure says. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 300): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) assert.fail(`waited ${seconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function lensTitles(uri: vscode.Uri): Promise<{ line: number; title: string; command: vscode.Command }[]> {
  await vscode.workspace.openTextDocument(uri); // the provider is asked about open documents only
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 1000);
  return lenses.flatMap(({ range, command }) =>
    command === undefined ? [] : [{ line: range.start.line, title: command.title, command }],
  );
}
