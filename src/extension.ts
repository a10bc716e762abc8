/** Builds the services and hands them to what shows them. Nothing here, or below, does mathematics or reads weights. */
import path from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/register.js';
import { engineHost } from './services/languageModels.js';
import { createEngineClient } from './engineProcess/client.js';
import { Lookups } from './inline/lookups.js';
import { Pins } from './inline/pins.js';
import { registerInline } from './inline/register.js';
import { Panels } from './panel/panels.js';
import { registerRecipes } from './recipes/register.js';
import { Discovery } from './services/discovery.js';
import { Documents } from './services/documents.js';
import { Headers } from './services/headers.js';
import { firstLook } from './services/firstLook.js';
import { tellInterrupted } from './services/interruptedRuns.js';
import { KnownFolders } from './services/knownFolders.js';
import { RecentExperiment } from './services/recentExperiment.js';
import { Experiments } from './services/experiments.js';
import { RecentFreeze } from './services/recentFreeze.js';
import { RecentEvaluations, RecentProbes } from './services/recentQuestions.js';
import { Queue } from './services/queue.js';
import { ResultsIndex } from './services/resultsIndex.js';
import { RunsFolders } from './services/runsFolders.js';
import { RunsWatcher } from './services/runsWatcher.js';
import { Selection } from './services/selection.js';
import type { Services } from './services/services.js';
import { readSettings } from './services/settings.js';
import { RecentSpectrum } from './services/recentSpectrum.js';
import { TensorDocuments } from './services/tensorDocuments.js';
import { StatusBar } from './services/statusBar.js';
import { CheckpointsTree } from './views/checkpointsTree.js';
import { RunsTree } from './views/runsTree.js';

export function activate(context: vscode.ExtensionContext): Services {
  const log = vscode.window.createOutputChannel('Frankenstein Lab', { log: true });
  const client = createEngineClient({
    entry: path.join(context.extensionPath, 'dist', 'engine.mjs'),
    log,
    host: engineHost(context.secrets),
  });
  const { engine } = client;

  const runsFolders = new RunsFolders(context.globalStorageUri);
  const results = new ResultsIndex(engine, () => runsFolders.all());
  const discovery = new Discovery(engine);
  const queue = new Queue(engine, (checkpoints) => {
    const { memory, threads } = readSettings();
    return { memory, threads, runsFolder: runsFolders.forRun(checkpoints) };
  });
  const recentSpectrum = new RecentSpectrum(context.workspaceState);
  const tensorDocuments = new TensorDocuments(engine);
  const panels = new Panels(
    { extensionUri: context.extensionUri, engine, queue, results, recentSpectrum, tensorDocuments },
    context.workspaceState,
  );
  const recentEvaluations = new RecentEvaluations(context.workspaceState);
  void recentEvaluations.clean();
  const documents = new Documents();
  const pins = new Pins();
  const knownFolders = new KnownFolders();
  const headers = new Headers(engine);
  discovery.onDidChange(() => headers.forget());
  const selection = new Selection();
  const checkpointsTree = new CheckpointsTree(discovery, results, headers, selection);
  const experiments = new Experiments(engine, queue, results, runsFolders);
  const runsTree = new RunsTree(results, queue, experiments);
  const services: Services = {
    log,
    engine,
    discovery,
    documents,
    recentEvaluations,
    recentExperiment: new RecentExperiment(context.workspaceState),
    experiments,
    extensionUri: context.extensionUri,
    recentFreeze: new RecentFreeze(context.workspaceState),
    headers,
    panels,
    pins,
    recentProbes: new RecentProbes(context.workspaceState),
    queue,
    results,
    runsFolders,
    secrets: context.secrets,
    selection,
    recentSpectrum,
    tensorDocuments,
  };

  queue.onDidEnd(() => results.refresh());
  context.subscriptions.push(
    log,
    client,
    panels,
    documents,
    pins,
    tensorDocuments,
    knownFolders,
    knownFolders.onDidChange(() => discovery.refresh()),
    new RunsWatcher(
      () => runsFolders.all(),
      () => results.refresh(),
    ),
    new StatusBar(queue),
    registerCommands(services),
    registerRecipes(services),
    registerInline(services, new Lookups(results, log)),
    vscode.window.createTreeView('frankenstein.checkpoints', {
      treeDataProvider: checkpointsTree,
      canSelectMany: true,
      showCollapseAll: true,
    }),
    vscode.window.createTreeView('frankenstein.runs', { treeDataProvider: runsTree, canSelectMany: true }),
    checkpointsTree,
    runsTree,
  );
  void firstLook(services);
  void tellInterrupted(services, context.workspaceState);
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => void firstLook(services)));
  // For the integration tests, which run inside the same host.
  return services;
}
