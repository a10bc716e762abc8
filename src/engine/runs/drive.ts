/**
 * The life of a run, the same for every analysis: its identity names it, its journal says what is done, what is missing is
 * computed, the files are held against what was opened, and the result is stored. Analyses keep their mathematics.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { type Provenance, provenance } from './provenance.js';
import { type Guard, Run, runIdOf } from './store.js';

export interface RunPlan<Result> {
  /** Folder for runs; nothing is stored when left out. */
  runsFolder: string | undefined;
  /** What makes the run the same run: equal facts, equal id. Labels, memory and threads do not. */
  identity: object;
  /** For people and for the list of runs; written once. `tasks`: lines that the journal of the finished run has. */
  request: Readonly<Record<string, unknown>> & {
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
 * @param execute computes what the journal does not have. There is no run without a folder for runs.
 * @param summarise makes the result, of which `origin` says where it comes from: the first time, where it is made again.
 * @throws what both throw, `changed`, and in sentences what a full disk or a missing permission gives.
 */
export async function drive<Result extends { provenance: Provenance }, Outcome>(
  { runsFolder, identity, request, checkpoints, startedAt, isResult }: RunPlan<Result>,
  execute: (run: Run | undefined) => Promise<Outcome>,
  summarise: (outcome: Outcome, origin: Provenance) => Result | Promise<Result>,
): Promise<Result> {
  const runId = runIdOf(identity);
  const run =
    runsFolder === undefined
      ? undefined
      : await Run.open(runsFolder, runId, {
          ...request,
          paths: checkpoints.map((checkpoint) => checkpoint.path),
          startedAt: startedAt.toISOString(),
        });
  try {
    const outcome = await execute(run);
    for (const checkpoint of checkpoints) await checkUnchanged(checkpoint);
    const before = await run?.result(isResult);
    const result = await summarise(outcome, before?.provenance ?? provenance(runId, startedAt));
    await run?.finish(result);
    return result;
  } finally {
    await run?.close();
  }
}
