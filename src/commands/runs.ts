/** Runs on disk: open, look at the JSON, show the folder, delete. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { ProbeResult } from '../protocol/engineApi.js';
import type { ComparePanelRequest, ProbePanelRequest, ProbeQuestion } from '../protocol/hostApi.js';
import type { FoundRun } from '../services/resultsIndex.js';
import type { Services } from '../services/services.js';
import { RunNode, runName } from '../views/runsTree.js';

export const runCommands = {
  async 'frankenstein.openRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await pickRun(services, 'Open which run?'));
    if (run !== undefined) await openRun(services, run);
  },

  async 'frankenstein.openRunJson'(services: Services, ...args: unknown[]) {
    const run =
      runFrom(args) ?? (await runInFront(services)) ?? (await pickRun(services, 'Open the JSON of which run?'));
    if (run !== undefined)
      await vscode.window.showTextDocument(vscode.Uri.file(path.join(run.folder, 'result.json')), {
        viewColumn: vscode.ViewColumn.Active,
      });
  },

  async 'frankenstein.revealRun'(services: Services, ...args: unknown[]) {
    const run =
      runFrom(args) ?? (await runInFront(services)) ?? (await pickRun(services, 'Show the folder of which run?'));
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
      `Delete the run ${runName(run)}?`,
      { modal: true, detail: `The result in ${run.folder} is deleted. The checkpoints are not touched.` },
      'Delete',
    );
    if (answer === undefined) return;
    await services.engine.deleteRun({ runsFolder: run.runsFolder, runId: run.runId });
    services.results.refresh();
  },
};

/** A finished run opens at once; an interrupted one is continued. */
export async function openRun(services: Services, run: FoundRun): Promise<void> {
  if (run.kind === 'probe') return openProbeRun(services, run);
  if (run.kind === 'spectrum') return openSpectrumRun(services, run);
  if (run.kind === 'evaluate' || run.kind === 'transfer' || run.kind === 'sweep')
    return openEvaluationRun(services, run);
  const { panels, results } = services;
  if (run.state === 'interrupted') panels.compare(requestOf(run));
  else await panels.showResult(requestOf(run), await results.result(run));
}

async function openSpectrumRun({ panels, results }: Services, run: FoundRun): Promise<void> {
  const { stages } = requestOf(run);
  if (run.state === 'finished') await panels.showSpectrum(run, stages, await results.spectrum(run));
  else {
    const { mode, filter } = run.spectrum ?? {};
    panels.spectrum({ kind: 'spectrum', stages, ...(mode && { mode }), ...(filter && { filter }) });
  }
}

async function openProbeRun({ panels, results, probeMemory }: Services, run: FoundRun): Promise<void> {
  if (run.state === 'interrupted') {
    const question = run.question ?? probeMemory.questionOf(run);
    if (question === undefined)
      throw new Error(
        'What this probe was asked is not known here: start it again with “Probe Checkpoint…” and the same choices, and it continues where it was.',
      );
    panels.probe({ kind: 'probe', probes: [question] });
    return;
  }
  const result = await results.probe(run);
  panels.showProbes(probeRequestOf(run, result), [result]);
}

async function openEvaluationRun({ panels, results, evaluationMemory }: Services, run: FoundRun): Promise<void> {
  const known = evaluationMemory.questionOf(run);
  if (run.state === 'interrupted') {
    if (known === undefined)
      throw new Error(
        'What this evaluation was asked is not known here: start it again with the same choices, and it continues where it was.',
      );
    panels.evaluate({ kind: 'evaluate', evaluation: known });
    return;
  }
  const result = await results.evaluation(run);
  const { kind, checkpoints, data, maxNewTokens, seed, axis } = result;
  const evaluation = known ?? {
    kind,
    checkpoints: checkpoints.map(({ path: place, label, role }) => ({
      path: place,
      label,
      ...(role !== null && { role }),
    })),
    data,
    maxNewTokens,
    seed,
    ...(axis !== null && { axis }),
  };
  panels.showEvaluation(
    { kind: 'evaluate', evaluation, run: { runsFolder: run.runsFolder, runId: run.runId } },
    result,
  );
}

export function probeRequestOf({ runsFolder, runId }: FoundRun, result: ProbeResult): ProbePanelRequest {
  const question: ProbeQuestion = {
    kind: result.kind,
    checkpoints: result.checkpoints.map(({ path: place, label }) => ({ path: place, label })),
    data: result.data,
    depths: result.depths,
    ...(result.kind === 'swap' ? { mode: result.mode } : result.kind === 'skip' ? { part: result.part } : {}),
    seed: result.seed,
    maxNewTokens: result.maxNewTokens,
    samples: mostOfATask(result),
  };
  return { kind: 'probe', probes: [question], runs: [{ runsFolder, runId }] };
}

/** Samples are drawn per task. */
function mostOfATask(result: ProbeResult): number {
  if (result.kind !== 'swap') return result.samples.length;
  const counts = new Map<string, number>();
  for (const { task } of result.samples) counts.set(task, (counts.get(task) ?? 0) + 1);
  return Math.max(...counts.values());
}

export function requestOf(run: FoundRun): ComparePanelRequest {
  return {
    kind: 'compare',
    stages: run.paths.map((stage, i) => ({
      path: stage,
      ...(run.labels[i] !== undefined && { label: run.labels[i] }),
    })),
  };
}

function runFrom([node]: readonly unknown[]): FoundRun | undefined {
  return node instanceof RunNode ? node.run : undefined;
}

async function runInFront({ panels, results }: Services): Promise<FoundRun | undefined> {
  const request = panels.current?.request;
  if (request?.kind === 'compare') return results.findRun(request.stages);
  const shown = request?.kind === 'probe' ? request.runs?.[0] : request?.kind === 'evaluate' ? request.run : undefined;
  if (shown === undefined) return undefined;
  const runs = await results.list();
  return runs.find(({ runId }) => runId === shown.runId);
}

async function pickRun({ results }: Services, placeHolder: string): Promise<FoundRun | undefined> {
  const items = results.list().then((runs) =>
    runs.map((run) => ({
      label: runName(run),
      description: run.state === 'finished' ? '' : `interrupted at ${Math.floor(run.done * 100)} %`,
      detail: new Date(run.startedAt).toLocaleString(),
      run,
    })),
  );
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.run;
}
