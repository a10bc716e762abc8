/**
 * A run that somebody asked to see from outside the editor: `open.json` in the runs folder names it. It is shown once,
 * beside the tensors of its last stage, with what one may look at next.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { openRun } from '../commands/runs.js';
import { revealTensor } from '../panel/files.js';
import { messageOf } from './errors.js';
import type { FoundRun } from './resultsIndex.js';
import { showInformation } from './screen.js';
import type { Services } from './services.js';
import { runTitle } from './titles.js';

const FILE = 'open.json';
const WALKTHROUGH = 'frankenstein-lab.frankenstein-lab#start';

const NEXT: Record<string, [command: string, ...args: unknown[]]> = {
  Spectrum: ['frankenstein.spectrum'],
  'Probe…': ['frankenstein.probe'],
  'Transfer…': ['frankenstein.transfer'],
  Walkthrough: ['workbench.action.openWalkthrough', WALKTHROUGH],
};

/** Shows what was asked for, if anything was. Never rejects: nobody waits for it. */
export async function firstLook(services: Services): Promise<void> {
  try {
    for (const runsFolder of services.runsFolders.all()) {
      const runId = await takeRequest(path.join(runsFolder, FILE));
      const run = runId && (await services.results.list()).find((one) => one.runId === runId);
      if (run) return await show(services, run);
    }
  } catch (error) {
    services.log.error(messageOf(error));
  }
}

async function takeRequest(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  await rm(file);
  const { runId } = JSON.parse(text) as { runId?: unknown };
  return typeof runId === 'string' ? runId : undefined;
}

async function show(services: Services, run: FoundRun): Promise<void> {
  await vscode.commands.executeCommand('frankenstein.checkpoints.focus');
  const last = run.paths.at(-1);
  if (run.kind === 'compare' && last !== undefined) await revealTensor(services.tensorDocuments, last);
  await openRun(services, run);
  const choice = await showInformation(`${runTitle(run)}. What next?`, ...Object.keys(NEXT));
  if (choice !== undefined) await vscode.commands.executeCommand(...NEXT[choice]!);
}
