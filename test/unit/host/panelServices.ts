import type * as vscode from 'vscode';
import type { PanelServices } from '../../../src/panel/basePanel.js';
import type { EngineApi } from '../../../src/protocol/engineApi.js';
import { Queue } from '../../../src/services/queue.js';
import { ResultsIndex } from '../../../src/services/resultsIndex.js';
import type { RecentSpectrum } from '../../../src/services/recentSpectrum.js';
import type { TensorDocuments } from '../../../src/services/tensorDocuments.js';

/** What panels are given, over an engine that a test plays. There are no stored runs. */
export function panelServices(engine: EngineApi): PanelServices {
  return {
    extensionUri: { fsPath: '/extension' } as vscode.Uri,
    engine,
    queue: new Queue(engine, () => ({ memory: undefined, threads: 1, runsFolder: '/runs' })),
    results: new ResultsIndex(
      engine,
      () => ['/runs'],
      () => false,
    ),
    recentSpectrum: {
      choice: { mode: null, filter: '' },
      remember: () => Promise.resolve(),
    } as unknown as RecentSpectrum,
    tensorDocuments: {} as TensorDocuments,
  };
}
