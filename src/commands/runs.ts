/** Runs on disk: open, look at the JSON, show the folder, delete. */
import path from 'node:path';
import * as vscode from 'vscode';
import { analysisOfRun } from '../engine/analyses/analyses.js';
import type { AnalysisName, EvaluateResult, ProbeResult, ResultOf } from '../protocol/engineApi.js';
import type {
  ComparePanelRequest,
  EvaluatePanelRequest,
  ProbePanelRequest,
  ProbeQuestion,
} from '../protocol/hostApi.js';
import type { FoundRun } from '../services/resultsIndex.js';
import { formatProgress } from '../protocol/numbers.js';
import { jobResultOf } from '../services/queue.js';
import { type JobRequest, jobRequestOf } from '../services/work.js';
import { BACK, confirm, pickOne } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { runTitle } from '../services/titles.js';
import { RunNode } from '../views/runsTree.js';
import { PROBE_KINDS } from './probeKinds.js';

export const runCommands = {
  async 'frankenstein.openRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await pickRun(services, 'Open which run?'));
    if (run !== undefined) await openRun(services, run);
  },

  async 'frankenstein.resumeRun'(services: Services, ...args: unknown[]) {
    const run = runFrom(args) ?? (await pickRun(services, 'Resume which run?', ({ state }) => state === 'interrupted'));
    if (run !== undefined) await resumeRun(services, run);
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
    const detail = `The result in ${run.folder} will be deleted. The checkpoints are not touched.`;
    if (!(await confirm(`Delete the run ${runTitle(run)}?`, detail, 'Delete'))) return;
    await services.engine.deleteRun({ runsFolder: run.runsFolder, runId: run.runId });
    services.results.refresh();
    services.panels.runDeleted(run.runId);
  },
};

/** A finished run opens at once; an interrupted one is offered to be continued. */
export async function openRun(services: Services, run: FoundRun): Promise<void> {
  if (run.state === 'interrupted') {
    services.panels.offer(requestToResume(services, run), run.runId);
    return;
  }
  const analysis = analysisOfRun(run.kind)!;
  const result = await services.results.read(analysis.name as AnalysisName, run);
  const request = requestOfFinished(services, run, result);
  await services.panels.showResult(request, jobResultOf(request.kind, [result], run.runsFolder));
}

/** Goes on where an interrupted run was. */
export function resumeRun(services: Services, run: FoundRun): Promise<void> {
  if (run.state === 'finished') return openRun(services, run);
  services.panels.open(requestToResume(services, run));
  return Promise.resolve();
}

/** @throws where what was asked is not known here. */
function requestToResume({ recentProbes, recentEvaluations }: Services, run: FoundRun): JobRequest {
  const { kind, question, runsFolder, runId, state } = run;
  const analysis = analysisOfRun(kind)!;
  const location = state === 'finished' ? { runsFolder, runId } : undefined;
  if (typeof question === 'object' && question !== null) return jobRequestOf(analysis, question, location);
  // Earlier versions kept the question of a probe only.
  switch (analysis.name) {
    case 'compare':
      return requestOf(run);
    case 'spectrum': {
      const { mode, filter } = run.spectrum ?? {};
      return { kind: 'spectrum', stages: requestOf(run).stages, ...(mode && { mode }), ...(filter && { filter }) };
    }
    case 'probe': {
      const known = recentProbes.questionOf(run);
      if (known === undefined) throw new Error(unknownQuestion('probe', 'Probe Checkpoint…'));
      return { kind: 'probe', probes: [known] };
    }
    default: {
      const evaluation = recentEvaluations.questionOf(run);
      if (evaluation === undefined) throw new Error(unknownQuestion('evaluation', 'Evaluate Abilities…'));
      return { kind: 'evaluate', evaluation };
    }
  }
}

function unknownQuestion(what: string, command: string): string {
  return (
    `The options of this ${what} were not kept here: start it again with “${command}” and the same choices, ` +
    'and it continues where it was.'
  );
}

/** What a finished run was asked, as its panel asks it. */
function requestOfFinished(services: Services, run: FoundRun, result: ResultOf<AnalysisName>): JobRequest {
  switch (analysisOfRun(run.kind)?.name) {
    case 'compare':
      return requestOf(run);
    case 'spectrum':
      return { kind: 'spectrum', stages: requestOf(run).stages };
    case 'probe':
      return probeRequestOf(run, result as ProbeResult);
    case 'evaluate':
      return evaluationRequestOf(services, run, result as EvaluateResult);
    default:
      return requestToResume(services, run);
  }
}

function evaluationRequestOf(
  { recentEvaluations }: Services,
  run: FoundRun,
  { kind, checkpoints, data, maxNewTokens, seed, axis }: EvaluateResult,
): EvaluatePanelRequest {
  const evaluation = recentEvaluations.questionOf(run) ?? {
    kind,
    checkpoints: checkpoints.map(({ path: location, label, role }) => ({
      path: location,
      label,
      ...(role !== null && { role }),
    })),
    data,
    maxNewTokens,
    seed,
    ...(axis !== null && { axis }),
  };
  return { kind: 'evaluate', evaluation, run: { runsFolder: run.runsFolder, runId: run.runId } };
}

export function probeRequestOf({ runsFolder, runId }: FoundRun, result: ProbeResult): ProbePanelRequest {
  const question: ProbeQuestion = {
    kind: result.kind,
    checkpoints: result.checkpoints.map(({ path: location, label }) => ({ path: location, label })),
    data: result.data,
    depths: result.depths,
    ...PROBE_KINDS[result.kind].settings(result as Pick<ProbeQuestion, 'mode' | 'part'>),
    seed: result.seed,
    maxNewTokens: result.maxNewTokens,
    samples: PROBE_KINDS[result.kind].drawn(result),
  };
  return { kind: 'probe', probes: [question], runs: [{ runsFolder, runId }] };
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

export function runFrom([node]: readonly unknown[]): FoundRun | undefined {
  return node instanceof RunNode ? node.run : undefined;
}

export async function runInFront({ panels, results }: Services): Promise<FoundRun | undefined> {
  const runId = panels.current?.shownRun;
  return runId === undefined ? undefined : (await results.list()).find((run) => run.runId === runId);
}

export async function pickRun(
  { results }: Services,
  placeholder: string,
  fits: (run: FoundRun) => boolean = () => true,
): Promise<FoundRun | undefined> {
  const choices = results.list().then((runs) =>
    runs.filter(fits).map((run) => ({
      label: runTitle(run),
      description: run.state === 'finished' ? '' : `interrupted at ${formatProgress(run.done)}`,
      detail: new Date(run.startedAt).toLocaleString(),
      value: run,
    })),
  );
  const picked = await pickOne({ title: 'Runs', placeholder }, choices);
  return picked === BACK ? undefined : picked;
}
