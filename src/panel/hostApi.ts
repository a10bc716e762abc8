/** What the webview may ask for. Everything it names is checked against the result in hand: it names no paths. */
import * as vscode from 'vscode';
import type { EngineApi } from '../protocol/engineApi.js';
import type { HostApi } from '../protocol/hostApi.js';
import type { TensorDocuments } from '../services/tensorDocuments.js';
import { readSettings } from '../services/settings.js';
import type { ComparePanel } from './comparePanel.js';
import { openFileDiff, revealTensor } from './files.js';

/** What a comparison's panel offers besides. */
export function comparisonApi(
  panel: ComparePanel,
  { engine, tensorDocuments }: { engine: EngineApi; tensorDocuments: TensorDocuments },
): Partial<HostApi> {
  return {
    setCuts: ({ cuts }) => panel.setCuts(cuts),
    tabShown: ({ tab }) => Promise.resolve(panel.showTab(tab)),

    spectrum: () => panel.spectrum.current(),
    planSpectrum: (choice) => panel.spectrum.plan(choice),
    computeSpectrum: (choice) => panel.spectrum.start(choice),
    cancelSpectrum: () => Promise.resolve(panel.spectrum.cancel()),
    leaveSpectrum: () => Promise.resolve(panel.spectrum.leave()),
    refineSpectrum: ({ key }) => panel.spectrum.refine(key),
    fullSpectrum: (request, context?: { signal?: AbortSignal }) => panel.spectrum.full(request, context?.signal),

    tensorDetail: ({ name, from }, context?: { signal?: AbortSignal }) =>
      engine.tensorDetail({ stages: panel.request.stages, name, from, memory: readSettings().memory }, context),

    async openFileDiff({ file, from }) {
      const difference = panel.result?.files.find((entry) => entry.file === file && entry.from === from);
      if (difference === undefined) throw new Error(`"${file}" is not among the files that differ.`);
      await openFileDiff(panel.request.stages, difference);
    },

    async revealTensor({ name, stage }) {
      const tensor = panel.result?.tensors.find((entry) => entry.name === name);
      const checkpoint = panel.request.stages[stage];
      if (checkpoint === undefined) throw new Error(`There is no stage ${stage}.`);
      await revealTensor(tensorDocuments, checkpoint.path, tensor?.onDisk[stage] ?? name);
    },
  };
}

const refuse = (): Promise<never> => Promise.reject(new Error('This panel has nothing of the kind.'));

/** What a panel does not offer. Each panel puts its own calls over these. */
export const REFUSED: Omit<HostApi, 'ready' | 'save' | 'copy'> = {
  cancel: refuse,
  retry: refuse,
  act: refuse,
  tabShown: refuse,
  skipBadLines: refuse,
  setCuts: refuse,
  tensorDetail: refuse,
  openFileDiff: refuse,
  revealTensor: refuse,
  spectrum: refuse,
  planSpectrum: refuse,
  computeSpectrum: refuse,
  cancelSpectrum: refuse,
  leaveSpectrum: refuse,
  refineSpectrum: refuse,
  fullSpectrum: refuse,
  followSteps: refuse,
  sampleImage: refuse,
  chooseImage: refuse,
  chosenImage: refuse,
  ask: refuse,
  trainingCompletions: refuse,
};

/** `beside`: a checkpoint to save next to where no folder is open. */
export function savingApi(beside: () => string | undefined): Pick<HostApi, 'save' | 'copy'> {
  return {
    async save({ suggestedName, content }) {
      const target = await vscode.window.showSaveDialog({ defaultUri: suggestedUri(beside(), suggestedName) });
      if (target === undefined) return false;
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
      await vscode.workspace.fs.writeFile(target, bytes);
      return true;
    },

    async copy({ text }) {
      await vscode.env.clipboard.writeText(text);
    },
  };
}

/** In the workspace, or beside the last checkpoint where there is none. */
function suggestedUri(checkpoint: string | undefined, suggestedName: string): vscode.Uri {
  const name = suggestedName.replace(/[^\p{L}\p{N}._ -]+/gu, '_');
  const folder =
    vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.joinPath(vscode.Uri.file(checkpoint ?? '/'), '..');
  return vscode.Uri.joinPath(folder, name);
}
