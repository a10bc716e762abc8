/** Everything the commands, views and lenses share; built once in `activate`. */
import type * as vscode from 'vscode';
import type { EngineApi } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';
import type { Panels } from '../panel/panels.js';
import type { Discovery } from './discovery.js';
import type { Documents } from './documents.js';
import type { ExperimentMemory } from './experimentMemory.js';
import type { Experiments } from './experiments.js';
import type { FreezeMemory } from './freezeMemory.js';
import type { Headers } from './headers.js';
import type { EvaluationMemory, ProbeMemory } from './questionMemory.js';
import type { Queue } from './queue.js';
import type { ResultsIndex } from './resultsIndex.js';
import type { RunsFolders } from './runsFolders.js';
import type { Selection } from './selection.js';
import type { SpectrumMemory } from './spectrumMemory.js';
import type { TensorDocuments } from './tensorDocuments.js';
import type { Pins } from '../inline/pins.js';

export interface Services {
  log: vscode.LogOutputChannel;
  engine: EngineApi & ReportApi;
  discovery: Discovery;
  documents: Documents;
  evaluationMemory: EvaluationMemory;
  experimentMemory: ExperimentMemory;
  experiments: Experiments;
  extensionUri: vscode.Uri;
  freezeMemory: FreezeMemory;
  headers: Headers;
  panels: Panels;
  pins: Pins;
  probeMemory: ProbeMemory;
  queue: Queue;
  results: ResultsIndex;
  runsFolders: RunsFolders;
  secrets: vscode.SecretStorage;
  selection: Selection;
  spectrumMemory: SpectrumMemory;
  tensorDocuments: TensorDocuments;
}
