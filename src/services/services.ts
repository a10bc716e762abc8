/** Everything the commands, views and lenses share; built once in `activate`. */
import type * as vscode from 'vscode';
import type { EngineApi } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';
import type { Panels } from '../panel/panels.js';
import type { Discovery } from './discovery.js';
import type { Documents } from './documents.js';
import type { RecentExperiment } from './recentExperiment.js';
import type { Experiments } from './experiments.js';
import type { RecentFreeze } from './recentFreeze.js';
import type { Headers } from './headers.js';
import type { RecentEvaluations, RecentProbes } from './recentQuestions.js';
import type { Queue } from './queue.js';
import type { ResultsIndex } from './resultsIndex.js';
import type { RunsFolders } from './runsFolders.js';
import type { Selection } from './selection.js';
import type { RecentSpectrum } from './recentSpectrum.js';
import type { TensorDocuments } from './tensorDocuments.js';
import type { Pins } from '../inline/pins.js';

export interface Services {
  log: vscode.LogOutputChannel;
  engine: EngineApi & ReportApi;
  discovery: Discovery;
  documents: Documents;
  recentEvaluations: RecentEvaluations;
  recentExperiment: RecentExperiment;
  experiments: Experiments;
  extensionUri: vscode.Uri;
  recentFreeze: RecentFreeze;
  headers: Headers;
  panels: Panels;
  pins: Pins;
  recentProbes: RecentProbes;
  queue: Queue;
  results: ResultsIndex;
  runsFolders: RunsFolders;
  secrets: vscode.SecretStorage;
  selection: Selection;
  recentSpectrum: RecentSpectrum;
  tensorDocuments: TensorDocuments;
}
