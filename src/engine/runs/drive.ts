/**
 * Drives a run from start to end, for every analysis. The identity gives the run its id. `drive` reads the journal, has
 * the analysis compute what the journal lacks, checks that no file has changed since it was opened, and stores the
 * result.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { ENGINE_VERSION } from '../version.js';
import { type Provenance, provenance } from './provenance.js';
import type { Recall } from './recall.js';
import { type Guard, Run, runIdOf, storedResult } from './store.js';

export interface RunPlan<Result> {
  /** Folder for runs; nothing is stored when left out. */
  runsFolder: string | undefined;
  /** What makes the run the same run: equal facts, equal id. Labels, memory and threads do not. */
  identity: object;
  /**
   * What the result says beside what the identity names: labels, cuts, warnings. Equal, and a finished result is
   * returned as it is stored. Undefined: it is always made again.
   */
  says: object | undefined;
  /** More is wanted than the stored result may have, such as a matrix refined: it is made again all the same. */
  again?: boolean;
  /** How the next request finds the result before anything is opened. */
  recall?: Pick<Recall<Result>, 'remember'>;
  /** For people and for the list of runs; written once. `tasks`: lines that the journal of the finished run has. */
  request: () => Readonly<Record<string, unknown>> & {
    kind: string;
    labels: readonly string[];
    fingerprints: readonly string[];
    tasks: number;
  };
  /** What is read, none of which may change meanwhile. */
  checkpoints: readonly Checkpoint[];
  startedAt: Date;
  isResult: Guard<Result>;
}

/**
 * A finished run that says what would be said now is returned before its journal is read.
 * @param execute computes what the journal does not have. There is no run without a folder for runs.
 * @param summarise makes the result, of which `origin` says where it comes from: the first time, where it is made
 * again.
 * @throws what both throw, `changed`, and in sentences what a full disk or a missing permission gives.
 */
export async function drive<Result extends { provenance: Provenance }, Outcome>(
  plan: RunPlan<Result>,
  execute: (run: Run | undefined) => Promise<Outcome>,
  summarise: (outcome: Outcome, origin: Provenance) => Result | Promise<Result>,
): Promise<Result> {
  const before = await finishedResult(plan);
  if (before !== undefined) return before;
  const { runsFolder, recall, request, checkpoints, startedAt, isResult } = plan;
  const { runId, inputs } = idsOf(plan);
  const run =
    runsFolder === undefined
      ? undefined
      : await Run.open(runsFolder, runId, {
          ...request(),
          paths: checkpoints.map((checkpoint) => checkpoint.path),
          startedAt: startedAt.toISOString(),
        });
  try {
    const outcome = await execute(run);
    for (const checkpoint of checkpoints) await checkUnchanged(checkpoint);
    // Another process may have finished it meanwhile.
    const first = (await run?.result(isResult))?.provenance ?? provenance(runId, startedAt);
    const result = await summarise(outcome, { ...first, inputs });
    await run?.finish(result);
    await recall?.remember(checkpoints, result);
    return result;
  } finally {
    await run?.close();
  }
}

/** The stored result of a run that is finished and says what would be said now; undefined where it is yet to be made. */
export async function finishedResult<Result extends { provenance: Provenance }>(
  plan: RunPlan<Result>,
): Promise<Result | undefined> {
  const { runsFolder, again = false, recall, checkpoints, isResult } = plan;
  const { runId, inputs } = idsOf(plan);
  if (again || runsFolder === undefined || inputs === undefined) return undefined;
  const before = await storedResult(isResult, runsFolder, runId);
  if (before?.provenance.inputs !== inputs) return undefined;
  await recall?.remember(checkpoints, before);
  return before;
}

function idsOf({ identity, says }: Pick<RunPlan<never>, 'identity' | 'says'>): {
  runId: string;
  inputs: string | undefined;
} {
  const runId = runIdOf(identity);
  return { runId, inputs: says && runIdOf({ engine: ENGINE_VERSION, runId, says }) };
}
