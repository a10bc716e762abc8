/** Compares the stages of a lineage: plan, run the pieces in workers, journal, aggregate. */
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { drive } from '../../runs/drive.js';
import type { CallContext } from '../../calls.js';
import { type ComparePlan, compareRequest, type CompareRequest } from './request.js';
import { differingFiles } from '../../checkpoint/auxiliary.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { isSameTensor } from '../../checkpoint/sameTensor.js';
import { nameInFile } from '../../checkpoint/wrappers.js';
import type { Run } from '../../runs/store.js';
import { recall } from '../../runs/recall.js';
import { isLike } from '../../runs/store.js';
import { resolveCuts } from '../../topology/cuts.js';
import { locateTensor } from '../../topology/place.js';
import { groupTensors } from './aggregate.js';
import type { AlignedTensor } from '../../lineage/align.js';
import { deltaOf, emptySums, finite, type PartialSums } from './partial.js';
import { secondsOf, timed } from './cost.js';
import { budgetFor, bytesOf, planTasks, type Task } from './plan.js';
import { sumTasks } from './spread.js';
import type { CompareResult, TensorResult } from './result.js';
import { compareResult } from './schema.js';
import type { TensorLocation } from '../../topology/tensorPlace.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import {
  byDepth,
  deepestOf,
  identitiesOf,
  matchStages,
  openCheckpoints,
  openStages,
  readAs,
  summariesOf,
} from '../../lineage/stages.js';
import { watchFiles } from '../../lineage/unchanged.js';

/** Changes whenever the same sums, or figures made of them, would come out differently: nothing older is reused. */
const JOURNAL_VERSION = 4;

/** A line of the journal: the sums of one tensor over the stages from `from` on. */
interface JournalEntry {
  name: string;
  from: number;
  sums: PartialSums;
}

/**
 * What a comparison would read, and how long that takes: headers are opened, and a few weights to see how fast it goes.
 */
export async function planCompare(request: CompareRequest, context: CallContext = {}): Promise<ComparePlan> {
  const { alignment } = await openStages(request, context);
  const budget = budgetFor(alignment.tensors, request.memory, request.threads);
  const tasks = planTasks(alignment.tensors);
  return {
    tensors: alignment.tensors.length,
    bytes: sumBytes(tasks),
    seconds: await secondsOf(tasks, budget, request.runsFolder),
    memory: budget.memory,
    threads: budget.threads,
  };
}

/**
 * Runs a comparison. With a runs folder, work done before a kill or cancel is taken from the journal, and a finished
 * request returns its result without reading a weight or the journal.
 */
export async function compare(
  request: CompareRequest,
  workerFile: string,
  context: CallContext = {},
): Promise<CompareResult> {
  const startedAt = new Date();
  const isResult = guardOf(compareResult);
  const known = await recall({ kind: 'compare', cuts: request.cuts }, request.stages, request.runsFolder, isResult);
  if (known.result !== undefined) return known.result;
  const { labels, checkpoints } = await openCheckpoints(request, context);
  const shape = deepestOf(checkpoints);
  const cuts = resolveCuts(request.cuts, shape.layers);
  const fingerprints = await Promise.all(checkpoints.map((checkpoint) => fingerprint(checkpoint, context.signal)));
  const files = await differingFiles(checkpoints, context.signal);
  // A finished comparison needs none of it.
  const prepare = once(() => {
    const alignment = matchStages(checkpoints);
    const budget = budgetFor(alignment.tensors, request.memory, request.threads);
    return { alignment, budget, tasks: planTasks(alignment.tensors) };
  });
  return drive<CompareResult, Map<string, PartialSums>>(
    {
      runsFolder: request.runsFolder,
      identity: identityOf(
        compareRequest,
        request,
        { kind: 'compare', journal: JOURNAL_VERSION, stages: identitiesOf(checkpoints, fingerprints) },
        [],
      ),
      says: { labels, cuts, files, stages: checkpoints.map(readAs) },
      recall: known,
      request: () => ({
        kind: 'compare',
        labels,
        fingerprints,
        question: questionOf(compareRequest, request, labels),
        tasks: prepare().tasks.length,
      }),
      checkpoints,
      startedAt,
      isResult,
    },
    (run) => {
      const { tasks, budget } = prepare();
      return runTasks(tasks, budget.threads, checkpoints, run, { runsFolder: request.runsFolder, workerFile }, context);
    },
    (sums, origin) => {
      const { alignment } = prepare();
      const tensors = alignment.tensors
        .map((tensor) => tensorResult(tensor, locateTensor(tensor.name, shape, cuts), sums, checkpoints.length))
        .sort(byDepth);
      return {
        schema: 1,
        stages: summariesOf(checkpoints, labels, fingerprints),
        cuts,
        tensors,
        ...groupTensors(tensors, shape.layers, cuts, checkpoints.length - 1),
        missing: alignment.missing,
        files,
        warnings: warningsOf(checkpoints, labels, tensors),
        provenance: origin,
      };
    },
  );
}

/** The sums of every task, by `keyOf`: from the journal where it has them, else computed and journalled. */
async function runTasks(
  tasks: readonly Task[],
  threads: number,
  checkpoints: readonly Checkpoint[],
  run: Run | undefined,
  { runsFolder, workerFile }: { runsFolder: string | undefined; workerFile: string },
  { signal, progress }: CallContext,
): Promise<Map<string, PartialSums>> {
  const sums = new Map<string, PartialSums>();
  const stagesOf = new Map(
    tasks.map(({ tensor, segment }) => [keyOf(tensor.name, segment.from), segment.stored.length]),
  );
  const isEntry = (value: unknown): value is JournalEntry => {
    if (!isLike(value, { name: '', from: 0, sums: {} })) return false;
    const stages = stagesOf.get(keyOf(value.name, value.from));
    return stages !== undefined && isLike(value.sums, emptySums(stages));
  };
  for (const entry of (await run?.entries(isEntry)) ?? []) sums.set(keyOf(entry.name, entry.from), entry.sums);
  const open = tasks.filter((task) => !sums.has(keyOf(task.tensor.name, task.segment.from)));
  if (open.length === 0) return sums;

  const reporter = createBytesReporter('Comparing', sumBytes(tasks), sumBytes(tasks) - sumBytes(open), progress);
  const watch = watchFiles(checkpoints);
  try {
    await timed(open, threads, runsFolder, () =>
      sumTasks(open, {
        workerFile,
        threads,
        signal,
        emptyOf: ({ segment }) => emptySums(segment.stored.length),
        look: async (done) => {
          await watch.look();
          for (const { piece, task } of done) reporter.add(bytesOf(piece), task.tensor.name);
        },
        finish: async (finished) => {
          const entries = finished.map(({ task, sums }): JournalEntry => {
            return { name: task.tensor.name, from: task.segment.from, sums };
          });
          for (const entry of entries) sums.set(keyOf(entry.name, entry.from), entry.sums);
          await run?.append(...entries);
        },
      }),
    );
  } catch (error) {
    throw await watch.explain(error);
  }
  return sums;
}

function keyOf(name: string, from: number): string {
  return `${from} ${name}`;
}

function sumBytes(tasks: readonly Task[]): number {
  return tasks.reduce((sum, task) => sum + task.bytes, 0);
}

function tensorResult(
  tensor: AlignedTensor,
  place: TensorLocation,
  sums: ReadonlyMap<string, PartialSums>,
  stages: number,
): TensorResult {
  const norms: (number | null)[] = Array.from({ length: stages }, () => null);
  const deltas: TensorResult['deltas'] = Array.from({ length: stages - 1 }, () => null);
  for (const segment of tensor.segments) {
    const total = sums.get(keyOf(tensor.name, segment.from))!;
    total.stages.forEach((stage, index) => (norms[segment.from + index] = finite(Math.sqrt(stage.squares))));
    total.pairs.forEach((pair, index) => {
      const [before, after] = [segment.stored[index]!, segment.stored[index + 1]!];
      deltas[segment.from + index] = deltaOf(pair, before.size, isSameTensor(before, after));
    });
  }
  return {
    ...place,
    shape: tensor.segments[0]!.stored[0]!.shape,
    onDisk: tensor.stored.map((stored) => (stored ? nameInFile(stored) : null)),
    dtypes: tensor.stored.map((stored) => stored?.dtype ?? null),
    norms,
    deltas,
  };
}

/** At most this many tensors are named in one warning. */
const NAMED = 5;

function warningsOf(
  checkpoints: readonly Checkpoint[],
  labels: readonly string[],
  tensors: readonly TensorResult[],
): string[] {
  const own = checkpoints.flatMap((checkpoint, index) =>
    checkpoint.warnings.map((warning) => `${labels[index]!}: ${warning}`),
  );
  const nonFinite = tensors.filter((tensor) => tensor.deltas.some((delta) => delta !== null && delta.nonFinite > 0));
  if (nonFinite.length === 0) return own;
  const named = nonFinite
    .slice(0, NAMED)
    .map((tensor) => `${tensor.name} (${Math.max(...tensor.deltas.map((delta) => delta?.nonFinite ?? 0))})`);
  const more = nonFinite.length > NAMED ? ` and ${nonFinite.length - NAMED} more` : '';
  return [...own, `NaN or infinite weights, left out of the sums: ${named.join(', ')}${more}.`];
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
