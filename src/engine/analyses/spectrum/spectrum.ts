/** Takes the spectra of a lineage's updates: plan, run the matrices in workers, journal, aggregate. */
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { drive } from '../../runs/drive.js';
import { createHash } from 'node:crypto';
import type { CallContext } from '../../calls.js';
import { differingFiles } from '../../checkpoint/auxiliary.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { byDepth, deepestOf, identitiesOf, readAs, summariesOf } from '../../lineage/stages.js';
import { watchFiles } from '../../lineage/unchanged.js';
import { throwIfCancelled } from '../../errors.js';
import { recordThroughput } from '../../runs/throughput.js';
import { recall } from '../../runs/recall.js';
import type { Run } from '../../runs/store.js';
import { isLike } from '../../runs/store.js';
import { ThreadPool } from '../../runtime/pool.js';
import { type Need, runWithin } from '../../runtime/weighted.js';
import { resolveCuts } from '../../topology/cuts.js';
import { locateTensor } from '../../topology/place.js';
import { groupSpectra } from './aggregate.js';
import { type CurvesSpan, CurvesWriter } from './curves.js';
import type { SpectrumJob, SpectrumOutcome } from './job.js';
import { budgetFor, throughputOf, schedule, type SpectrumBudget, totalOf, workOf } from './plan.js';
import { createSpectrumReporter } from './progress.js';
import { type SpectrumProgress, spectrumRequest, type SpectrumRequest } from './request.js';
import type { SpectrumMode, SpectrumResult, TensorSpectra } from './result.js';
import { spectrumResult } from './schema.js';
import { type Matrix, pairsOf, setUp, sourcesOf, type SpectrumSetup } from './setup.js';

/** Changes whenever what a journal holds would come out differently, so that old journals are not reused. */
const JOURNAL_VERSION = 3;

/** A line of the journal: what one matrix came out as. */
export interface JournalEntry extends Omit<SpectrumOutcome, 'curves'> {
  name: string;
  part: string | null;
  from: number;
  mode: SpectrumMode;
  /** Per update, in the run's folder. */
  curves: (CurvesSpan | null)[];
}

/** A line of the journal: one spectrum, one reason and one place of its ranks per update. */
export function isEntry(value: unknown): value is JournalEntry {
  if (!isLike(value, { name: '', from: 0, mode: '' })) return false;
  const { part, spectra, curves } = value as Partial<Record<keyof JournalEntry, unknown>>;
  return (
    (part === null || typeof part === 'string') &&
    Array.isArray(spectra) &&
    Array.isArray(curves) &&
    spectra.length === curves.length &&
    [...(spectra as unknown[]), ...(curves as unknown[])].every((one) => one === null || typeof one === 'object')
  );
}

/** What a matrix came out as, by `keyOf`. */
type Outcomes = Map<string, Omit<SpectrumOutcome, 'curves'>>;

/**
 * Takes the spectra. With a runs folder, matrices done before a kill or cancel are taken from the journal, and a
 * finished request returns without reading a weight. Refining goes on with the same run.
 */
export async function spectrum(
  request: SpectrumRequest,
  workerFile: string,
  context: CallContext<SpectrumProgress> = {},
): Promise<SpectrumResult> {
  const startedAt = new Date();
  const { signal } = context;
  const isResult = guardOf(spectrumResult);
  const { mode: wanted, filter: given, cuts: own } = request;
  const again = (request.refine ?? []).length > 0;
  const known = await recall(
    { kind: 'spectrum', mode: wanted, filter: given, cuts: own },
    request.stages,
    request.runsFolder,
    isResult,
  );
  if (known.result !== undefined && !again) return known.result;
  const setup = await setUp(request, headersOnly(context));
  const { checkpoints, labels, mode, filter } = setup;
  const shape = deepestOf(checkpoints);
  const cuts = resolveCuts(request.cuts, shape.layers);
  const budget = budgetFor(setup.matrices, request.memory, request.threads);
  const fingerprints = await Promise.all(checkpoints.map((checkpoint) => fingerprint(checkpoint, signal)));
  const files = await differingFiles(checkpoints, signal);
  return drive<SpectrumResult, Outcomes>(
    {
      runsFolder: request.runsFolder,
      identity: identityOf(
        spectrumRequest,
        request,
        { kind: 'spectrum', journal: JOURNAL_VERSION, mode, filter, stages: identitiesOf(checkpoints, fingerprints) },
        // Refining goes on with the same run.
        ['mode', 'filter', 'refine'],
      ),
      says: { labels, cuts, files, stages: checkpoints.map(readAs) },
      again,
      recall: known,
      request: () => ({
        kind: 'spectrum',
        labels,
        fingerprints,
        mode,
        filter,
        question: questionOf(spectrumRequest, request, labels),
        tasks: totalOf(setup.matrices).matrices,
      }),
      checkpoints,
      startedAt,
      isResult,
    },
    (run) => takeAll(setup, budget, run, { runsFolder: request.runsFolder, workerFile }, context),
    (outcomes, origin) => {
      const tensors = setup.matrices
        .map((matrix) => tensorSpectra(matrix, locateTensor(matrix.name, shape, cuts), outcomes, setup))
        .sort(byDepth);
      return {
        schema: 1,
        kind: 'spectrum',
        stages: summariesOf(checkpoints, labels, fingerprints),
        cuts,
        mode,
        filter,
        tensors,
        ...groupSpectra(tensors, shape.layers, cuts, checkpoints.length - 1),
        missing: setup.missing,
        files,
        warnings: warningsOf(setup, tensors),
        provenance: origin,
      };
    },
  );
}

/** Opening reports no matrices. */
export function headersOnly({ signal, progress }: CallContext<SpectrumProgress>): CallContext {
  return { signal, progress: progress && ((value) => progress({ ...value, doneMatrices: 0, totalMatrices: 0 })) };
}

/** What every matrix came out as: from the journal where it has it, else computed and journalled. */
async function takeAll(
  setup: SpectrumSetup,
  budget: SpectrumBudget,
  run: Run | undefined,
  { runsFolder, workerFile }: { runsFolder: string | undefined; workerFile: string },
  { signal, progress }: CallContext<SpectrumProgress>,
): Promise<Outcomes> {
  const { matrices, checkpoints } = setup;
  const outcomes = restore(matrices, (await run?.entries(isEntry)) ?? []);
  const wanted = matrices.filter(({ skipped }) => skipped === null);
  const left = wanted.filter((matrix) => !outcomes.has(keyOf(matrix)));
  if (left.length === 0) return outcomes;

  const done = totalOf(wanted.filter((matrix) => !left.includes(matrix)));
  const reporter = createSpectrumReporter(totalOf(wanted), done, progress);
  const watch = watchFiles(checkpoints);
  const curves = run && new CurvesWriter(run.folder);
  const pool = ThreadPool.start<SpectrumJob, SpectrumOutcome>(
    workerFile,
    'spectrum',
    Math.min(budget.threads, left.length),
  );
  let recorded = Promise.resolve();
  // A large matrix takes minutes: its worker is not waited for.
  const stop = () => void pool.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    // A matrix that is refined in a fast run is other work than the run's.
    const kept = left.every(({ mode }) => mode === setup.mode) ? runsFolder : undefined;
    await recordThroughput(throughputOf(setup, budget, kept), totalOf(left).operations, () =>
      runWithin(
        schedule(left, budget),
        budget.limits,
        ({ need }) => need,
        async ({ matrix, need }, worker) => {
          const label = labelOf(matrix);
          const work = workOf(matrix);
          reporter.advance(label, work, 0);
          const outcome = await pool.runOn(worker, jobOf(matrix, need), (fraction) =>
            reporter.advance(label, work, fraction),
          );
          await watch.look();
          // One after the other: a line of the journal names its place in the file of curves.
          await (recorded = recorded.then(() => record(matrix, outcome, run, curves)));
          outcomes.set(keyOf(matrix), outcome);
          reporter.add(label, work);
        },
        signal,
      ),
    );
  } catch (error) {
    throwIfCancelled(signal);
    throw await watch.explain(error);
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
    await curves?.close();
  }
  return outcomes;
}

/** What was refined stays so: an exact outcome stands for a fast one. */
function restore(matrices: readonly Matrix[], entries: readonly JournalEntry[]): Outcomes {
  const found = new Map(entries.map((entry) => [keyOf({ ...entry, part: { part: entry.part } }, entry.mode), entry]));
  const outcomes: Outcomes = new Map();
  for (const matrix of matrices) {
    const entry =
      found.get(keyOf(matrix, 'exact')) ?? (matrix.mode === 'fast' ? found.get(keyOf(matrix, 'fast')) : undefined);
    if (entry) outcomes.set(keyOf(matrix), entry);
  }
  return outcomes;
}

async function record(
  { name, part: { part }, from, mode }: Matrix,
  { curves, ...outcome }: SpectrumOutcome,
  run: Run | undefined,
  writer: CurvesWriter | undefined,
): Promise<void> {
  if (run === undefined || writer === undefined) return;
  const locations: (CurvesSpan | null)[] = [];
  for (const own of curves) locations.push(own === null ? null : await writer.append(own));
  await run.append({ name, part, from, mode, ...outcome, curves: locations } satisfies JournalEntry);
}

export function jobOf(matrix: Matrix, { memory, threads }: Need): SpectrumJob {
  const {
    name,
    part: { part },
    mode,
  } = matrix;
  return {
    sources: sourcesOf(matrix),
    mode,
    threads,
    memory,
    seed: createHash('sha256')
      .update(`${name}#${part ?? ''}`)
      .digest()
      .readUInt32LE(),
  };
}

function keyOf(
  { name, part: { part }, from }: { name: string; part: { part: string | null }; from: number },
  mode = '',
): string {
  return JSON.stringify([mode, name, part, from]);
}

/** For people. */
function labelOf({ name, part: { part } }: Matrix): string {
  return part === null ? name : `${name} (${part})`;
}

function tensorSpectra(
  matrix: Matrix,
  location: ReturnType<typeof locateTensor>,
  outcomes: Outcomes,
  { checkpoints, tensors, missing }: SpectrumSetup,
): TensorSpectra {
  const {
    name,
    part: { part, rows, columns },
    from,
    skipped,
  } = matrix;
  const pairs = checkpoints.length - 1;
  const apart = missing.find((tensor) => tensor.name === name)?.reason ?? null;
  const outcome = outcomes.get(keyOf(matrix));
  const inside = <T>(count: number, length: number, value: (index: number) => T, outside: T) =>
    Array.from({ length }, (_, index) => (index >= from && index < from + count ? value(index - from) : outside));
  const own = pairsOf(matrix);
  return {
    ...location,
    part,
    rows,
    columns,
    dtypes: tensors.find((tensor) => tensor.name === name)!.stored.map((stored) => stored?.dtype ?? null),
    spectra: inside(own, pairs, (pair) => outcome?.spectra[pair] ?? null, null),
    skipped: inside(own, pairs, (pair) => skipped ?? outcome?.skipped[pair] ?? null, apart),
    overlaps: inside(own - 1, pairs - 1, (pair) => outcome?.overlaps[pair] ?? null, null),
  };
}

/** At most this many matrices are named. */
const NAMED = 5;

function warningsOf({ checkpoints, labels, matrices }: SpectrumSetup, tensors: readonly TensorSpectra[]): string[] {
  const own = checkpoints.flatMap((checkpoint: Checkpoint, index) =>
    checkpoint.warnings.map((warning) => `${labels[index]!}: ${warning}`),
  );
  const taken = new Set(matrices.map(({ name }) => name));
  const skipped = tensors
    .filter(({ name }) => taken.has(name))
    .flatMap(({ name, part, skipped: reasons, spectra }) =>
      reasons.flatMap((reason, pair) =>
        reason === null || spectra[pair]
          ? []
          : [`${part === null ? name : `${name} (${part})`}, ${labels[pair]!} → ${labels[pair + 1]!}: ${reason}`],
      ),
    );
  if (skipped.length === 0) return own;
  const more =
    skipped.length > NAMED
      ? [
          skipped.length === NAMED + 1
            ? 'And one more update has no spectrum.'
            : `And ${skipped.length - NAMED} more updates have no spectrum.`,
        ]
      : [];
  return [...own, ...skipped.slice(0, NAMED).map((sentence) => `No spectrum of ${sentence}`), ...more];
}
