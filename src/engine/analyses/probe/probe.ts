/** Probes a checkpoint: set up, run what the journal does not have, make the figures. */
import { identityOf } from '../declare/identity.js';
import { PROTOCOL_FIELDS } from '../declare/protocol.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { drive } from '../../runs/drive.js';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { shown } from '../../checkpoint/failure.js';
import { type Provenance } from '../../runs/provenance.js';
import { readAs, runningIdentityOf } from '../../lineage/stages.js';
import { FrankensteinError } from '../../errors.js';
import { groupedBy } from '../../numerics/groupedBy.js';
import { GRADING_VERSION } from '../../grading/grade.js';
import { failuresLeftOut } from '../../datasets/leftOut.js';
import type { Run } from '../../runs/store.js';
import { isLike } from '../../runs/store.js';
import { runInThread } from '../../runtime/thread.js';
import type { DoneOutcome, FailedOutcome, Outcome, ProbeJob, UnitOutcome, WorkerMessage } from './job.js';
import type { ResultBase } from './kinds/kind.js';
import { probeKind } from './kinds/list.js';
import { createCountReporter } from '../../runs/countProgress.js';
import { type ParsedProbe, type ProbeProgress, probeRequest } from './request.js';
import type { ProbedCheckpoint, ProbeResult } from './result.js';
import { probeResult } from './kinds/declared.js';
import { type ProbeSetup, setUp } from './setup.js';
import { layersWith } from '../../models/mixers.js';

/** Changes whenever the outcomes a journal holds would come out differently, so that old journals are not reused. */
const JOURNAL_VERSION = 3;

/** A line of the journal: what one sample came out as. */
interface JournalEntry {
  checkpoint: number;
  id: string;
  /** The batch it was computed in (its first sample) and how many samples that had: half a batch is computed again. */
  batch: string;
  of: number;
  outcome: Outcome;
}

/** Whether a line of the journal is one of a probe of this kind, with an answer per depth. */
function isEntryOf({ kind, depths }: ProbeSetup): (value: unknown) => value is JournalEntry {
  const models = { [kind]: probeKind(kind).outcome(depths.length), failed: { why: '' } };
  return (value): value is JournalEntry => {
    if (!isLike(value, { checkpoint: 0, id: '', batch: '', of: 0, outcome: { kind: '' } })) return false;
    const found = value.outcome.kind;
    return (found === kind || found === 'failed') && isLike<object>(value.outcome, models[found]!);
  };
}

/** Outcomes by sample id, per checkpoint. */
type Outcomes = Map<string, Outcome>[];

/**
 * Runs a probe. With a runs folder, samples done before a kill or cancel are taken from the journal, and a finished
 * request returns without opening a weight.
 */
export async function probe(
  request: ParsedProbe,
  workerFile: string,
  context: CallContext<ProbeProgress> = {},
): Promise<ProbeResult> {
  const startedAt = new Date();
  const { signal } = context;
  const setup = await setUp(request, context);
  const fingerprints = await Promise.all(setup.checkpoints.map((checkpoint) => fingerprint(checkpoint, signal)));
  const { labels, cuts, checkpoints } = setup;
  return drive<ProbeResult, Outcomes>(
    {
      runsFolder: request.runsFolder,
      identity: identityOf(probeRequest, request, await factsOf(setup, fingerprints, signal), COVERED),
      says: {
        labels,
        cuts,
        warnings: setup.warnings,
        grading: GRADING_VERSION,
        stages: checkpoints.map(readAs),
        // Answers that are there are judged by another rule without asking again.
        ...(setup.change === 'text' && { change: setup.change }),
      },
      request: () => ({
        kind: 'probe',
        probe: setup.kind,
        labels: setup.labels,
        fingerprints,
        data: setup.data,
        dataFingerprint: setup.dataFingerprint,
        depths: setup.depths,
        ...probeKind(setup.kind).settings(setup),
        seed: setup.seed,
        maxNewTokens: setup.maxNewTokens,
        question: questionOf(probeRequest, request, setup.labels),
        tasks: setup.samples.items.length * setup.checkpoints.length,
      }),
      checkpoints: setup.checkpoints,
      startedAt,
      isResult: guardOf(probeResult),
    },
    async (run) => {
      const outcomes = restore(setup, (await run?.entries(isEntryOf(setup))) ?? []);
      await runMissing(setup, outcomes, request, run, workerFile, context);
      return outcomes;
    },
    (outcomes, origin) => resultOf(setup, outcomes, fingerprints, origin, signal),
  );
}

/** Fields that `factsOf` states, the draw by the samples' ids; `change` judges answers that are there. */
const COVERED = [
  'kind',
  'data',
  'depths',
  'samples',
  'seed',
  'maxNewTokens',
  'badLines',
  'mode',
  'tasks',
  'part',
  'experts',
  'change',
  ...PROTOCOL_FIELDS,
] as const;

/** What is computed, and from which checkpoints. */
async function factsOf(
  setup: ProbeSetup,
  fingerprints: readonly string[],
  signal: AbortSignal | undefined,
): Promise<object> {
  const { kind, depths, dataFingerprint, imageFingerprint, samples, seed, maxNewTokens, badLines, data } = setup;
  return {
    kind: 'probe',
    journal: JOURNAL_VERSION,
    probe: kind,
    depths,
    data,
    dataFingerprint,
    pictures: imageFingerprint, // the name in the identity of runs on disk
    seed,
    maxNewTokens,
    badLines,
    ...probeKind(kind).settings(setup),
    ...(setup.protocol && { protocol: setup.protocol }),
    samples: samples.items.map(({ id }) => id),
    checkpoints: await Promise.all(
      setup.checkpoints.map(async (checkpoint, index) => ({
        folder: checkpoint.folder,
        ...(await runningIdentityOf(checkpoint, fingerprints[index]!, signal)),
      })),
    ),
  };
}

/** Whole batches of the journal. */
function restore({ checkpoints }: ProbeSetup, entries: readonly JournalEntry[]): Outcomes {
  return checkpoints.map((_, index) => {
    const own = entries.filter(({ checkpoint }) => checkpoint === index);
    const batches = groupedBy(own, ({ batch }) => batch);
    const found = new Map<string, Outcome>();
    for (const batch of batches.values()) {
      const byId = new Map(batch.map((entry) => [entry.id, entry.outcome]));
      if (byId.size === batch[0]!.of) for (const [id, outcome] of byId) found.set(id, outcome);
    }
    return found;
  });
}

async function runMissing(
  setup: ProbeSetup,
  outcomes: Outcomes,
  { memory, threads }: ParsedProbe,
  run: Run | undefined,
  workerFile: string,
  { signal, progress }: CallContext<ProbeProgress>,
): Promise<void> {
  const { kind, mode, part, experts, depths, maxNewTokens, badLines, units, checkpoints, labels, framings, pixels } =
    setup;
  const work = checkpoints.flatMap(({ path: location }, checkpoint) => {
    const left = units.filter(({ ids }) => !ids.every((id) => outcomes[checkpoint]!.has(id)));
    return left.length === 0
      ? []
      : [{ checkpoint, path: location, label: labels[checkpoint]!, framing: framings[checkpoint]!, units: left }];
  });
  if (work.length === 0) return;
  const perSample = depths.length;
  const total = setup.samples.items.length * checkpoints.length * perSample;
  const left =
    work.reduce((sum, { units: own }) => sum + own.reduce((count, { ids }) => count + ids.length, 0), 0) * perSample;
  const reporter = createCountReporter(total, total - left, progress);
  const job: ProbeJob = { kind, mode, part, experts, depths, maxNewTokens, memory, threads, badLines, pixels, work };
  await runInThread(
    workerFile,
    'probe',
    job,
    async (message: WorkerMessage) => {
      switch (message.type) {
        case 'phase':
          return reporter.phase(message.phase);
        case 'progress':
          return reporter.advance(message.done);
        case 'notice':
          return void setup.warnings.push(message.sentence);
        case 'group': {
          const settled = await record(message.checkpoint, message.outcomes, outcomes, run);
          return reporter.settle(settled * perSample);
        }
      }
    },
    signal,
  );
}

/** @returns the number of samples. */
async function record(
  checkpoint: number,
  batch: readonly UnitOutcome[],
  outcomes: Outcomes,
  run: Run | undefined,
): Promise<number> {
  const of = batch.reduce((sum, { ids }) => sum + ids.length, 0);
  const name = batch[0]!.ids[0]!;
  for (const { ids, outcome } of batch) {
    for (const id of ids) {
      await run?.append({ checkpoint, id, batch: name, of, outcome } satisfies JournalEntry);
      outcomes[checkpoint]!.set(id, outcome);
    }
  }
  return of;
}

async function resultOf(
  setup: ProbeSetup,
  outcomes: Outcomes,
  fingerprints: readonly string[],
  origin: Provenance,
  signal: AbortSignal | undefined,
): Promise<ProbeResult> {
  const { samples, depths, checkpoints, labels, specs, data, dataFingerprint, cuts, maxNewTokens, seed } = setup;
  const stateLayers = layersWith(specs[0]!.language.mixers, 'linear');
  const failures = new Map<string, string>();
  for (const own of outcomes) for (const [id, outcome] of own) if (isFailed(outcome)) failures.set(id, outcome.why);
  const base: ResultBase = {
    schema: 1,
    checkpoints: checkpoints.map((checkpoint, index): ProbedCheckpoint => ({
      label: labels[index]!,
      path: checkpoint.path,
      family: checkpoint.family,
      layers: specs[index]!.language.layers,
      fingerprint: fingerprints[index]!,
    })),
    data,
    dataFingerprint,
    cuts,
    depths,
    ...(stateLayers.length > 0 ? { stateLayers } : {}),
    maxNewTokens,
    seed,
    ...(setup.protocol && { protocol: setup.protocol }),
    grading: GRADING_VERSION,
    warnings: [
      ...new Set([...setup.warnings, ...failuresLeftOut('sample', 'run', [...failures.values()], (why) => why)]),
    ],
    provenance: origin,
  };
  if (samples.items.length === failures.size)
    throw new FrankensteinError(
      'malformed',
      `No sample of ${shown(data)} could be run; the first problem: ${[...failures.values()][0]!}`,
    );

  return probeKind(setup.kind).result(
    {
      items: samples.items.filter(({ id }) => !failures.has(id)),
      of: (id, checkpoint = 0) => outcomes[checkpoint]!.get(id) as DoneOutcome,
      checkpoints,
      depths,
      settings: setup,
      seed,
      pixels: setup.pixels,
      imageName: (file) => (file === undefined ? '' : path.relative(setup.folder, file).replaceAll(path.sep, '/')),
      signal,
    },
    base,
  );
}

function isFailed(outcome: Outcome): outcome is FailedOutcome {
  return outcome.kind === 'failed';
}
