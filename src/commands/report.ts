/** Create Report…: of runs, or of an experiment; then it is opened, or shown in its folder. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { experimentName, isExperiment } from '../engine/experiments/file.js';
import type { CountProgress } from '../protocol/engineApi.js';
import type { ReportRequest, WrittenReport } from '../protocol/report.js';
import { isCancelled } from '../services/errors.js';
import { askText, BACK, confirm, pickMany, pickOne, showInformation, withProgress } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { runTitle } from '../services/titles.js';
import { ExperimentNode, RunNode } from '../views/runsTree.js';
import { pathsFrom } from './arguments.js';

const TITLE = 'Create Report';
/** In a finished report. */
const DOCUMENT = 'report.html';

/** What a report is made of: a run's folder or an experiment, and where its runs are. */
interface Source {
  source: string;
  runsFolder: string;
  /** Names the folder that is offered. */
  name: string;
}

export const reportCommands = {
  async 'frankenstein.createReport'(services: Services, ...args: unknown[]) {
    const given = sourcesFrom(services, args);
    const sources = given.length > 0 ? given : await pickSources(services);
    const [first] = sources ?? [];
    if (sources === undefined || first === undefined) return;
    const out = await askFolder(first);
    if (out === undefined) return;
    const force = existsSync(path.join(out, DOCUMENT));
    if (
      force &&
      !(await confirm(`Replace the report in ${path.basename(out)}?`, `All files in ${out} are replaced.`, 'Replace'))
    )
      return;
    const paper = await askPaper(out);
    if (paper === BACK) return;
    const request = { sources: sources.map(({ source }) => source), runsFolder: first.runsFolder, out, paper, force };
    const written = await withProgress(TITLE, 'notification', (show, signal) =>
      create(services, request, show, signal),
    );
    if (written !== undefined) await offer(written);
  },
};

/** Rows of the list of runs, experiment files, and the experiment in hand. */
function sourcesFrom({ runsFolders }: Services, args: readonly unknown[]): Source[] {
  const [one, many] = args;
  const nodes = Array.isArray(many) && many.length > 0 ? (many as unknown[]) : [one];
  const listed = nodes.flatMap((node): Source[] => {
    if (node instanceof RunNode && node.run.state === 'finished') return [ofRun(node.run)];
    if (node instanceof ExperimentNode) return [ofExperiment(node.record.file, node.record.runsFolder)];
    return [];
  });
  if (listed.length > 0) return listed;
  const files = pathsFrom(args).filter(isExperiment);
  const inHand = vscode.window.activeTextEditor?.document.uri.fsPath;
  const own = files.length > 0 || inHand === undefined || !isExperiment(inHand) ? files : [inHand];
  return own.map((file) => ofExperiment(file, runsFolders.forRun([file])));
}

function ofRun(run: RunNode['run']): Source {
  return { source: run.folder, runsFolder: run.runsFolder, name: run.labels.join('-') };
}

function ofExperiment(file: string, runsFolder: string): Source {
  return { source: file, runsFolder, name: experimentName(file) };
}

/** Finished runs, ticked one by one. */
async function pickSources({ results }: Services): Promise<Source[] | undefined> {
  const choices = results.list().then((runs) =>
    runs
      .filter(({ state }) => state === 'finished')
      .map((run) => ({
        label: runTitle(run),
        description: new Date(run.startedAt).toLocaleString(),
        value: ofRun(run),
      })),
  );
  if ((await choices).length === 0) throw new Error('There is no finished run to report yet.');
  const picked = await pickMany(
    {
      title: TITLE,
      placeholder: 'Which runs?',
      refuse: (values) => (values.length === 0 ? 'Choose at least one run.' : undefined),
    },
    choices,
  );
  return picked === BACK ? undefined : picked;
}

/** The folder to write: one that is not there, or holds an earlier report. */
async function askFolder({ name, source }: Source): Promise<string | undefined> {
  const holder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(source)) ?? vscode.workspace.workspaceFolders?.[0];
  const parent = holder?.uri.fsPath ?? path.dirname(source);
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60);
  const typed = await askText({
    title: TITLE,
    prompt: 'Folder of the report',
    value: path.join(parent, 'reports', plain),
    stays: true,
    refuse: (text) =>
      !path.isAbsolute(text)
        ? 'Give an absolute path.'
        : existsSync(text) && !existsSync(path.join(text, DOCUMENT))
          ? 'This folder exists, and holds no report. Name another one.'
          : undefined,
  });
  return typed === undefined ? undefined : path.resolve(typed);
}

/** Published numbers to stand beside, where the user has some. */
async function askPaper(out: string): Promise<string | undefined | typeof BACK> {
  const choice = await pickOne({ title: TITLE, placeholder: 'Published numbers beside yours?' }, [
    { label: 'Without published numbers', icon: 'dash', value: false },
    {
      label: 'Choose a file…',
      icon: 'folder-opened',
      detail: 'CSV or YAML with checkpoint, measure, value in per cent, and n',
      value: true,
    },
  ]);
  if (choice === undefined || choice === BACK) return BACK;
  if (!choice) return undefined;
  const picked = await vscode.window.showOpenDialog({
    title: 'Published Numbers',
    defaultUri: vscode.Uri.file(path.dirname(out)),
    filters: { 'Published numbers': ['csv', 'yaml', 'yml'] },
    openLabel: 'Choose File',
  });
  return picked?.[0]?.fsPath ?? BACK;
}

function create(
  { engine }: Services,
  request: ReportRequest,
  show: (message: string) => void,
  signal: AbortSignal,
): Promise<WrittenReport | undefined> {
  const progress = ({ phase, done, total }: CountProgress) =>
    show(total === 0 ? phase : `${phase}: ${done} of ${total}`);
  return engine.createReport(request, { signal, progress }).catch((error: unknown) => {
    if (isCancelled(error)) return undefined;
    throw error;
  });
}

async function offer({ folder, file, figures, tables }: WrittenReport): Promise<void> {
  const choice = await showInformation(
    `The report is written: ${figures} figures and ${tables} tables in ${folder}.`,
    'Open Report',
    'Reveal',
  );
  if (choice === 'Open Report') await open(file);
  if (choice === 'Reveal') {
    const uri = vscode.Uri.file(folder);
    const inWorkspace = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
    await vscode.commands.executeCommand(inWorkspace ? 'revealInExplorer' : 'revealFileInOS', uri);
  }
}

/** In the browser, which can print it; where the file is on another machine than the screen, in an editor. */
async function open(file: string): Promise<void> {
  const isHere = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  if (isHere && (await vscode.env.openExternal(vscode.Uri.file(file)))) return;
  const html = await readFile(file, 'utf8');
  const title = path.basename(path.dirname(file));
  const panel = vscode.window.createWebviewPanel('frankenstein.report', title, vscode.ViewColumn.Active, {
    enableScripts: false,
    enableCommandUris: false,
    localResourceRoots: [],
    enableFindWidget: true,
  });
  // Its own policy allows its own style and nothing else.
  panel.webview.html = html;
}
