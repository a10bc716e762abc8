/** A probe's model work: runs where it may block its thread, and reports batch by batch. */
import { openCheckpoint } from '../../merge/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import type { LogitsRules } from '../../models/generation/logits.js';
import { readGenerationDefaults } from '../../models/generation/settings.js';
import { type Model, openModel } from '../../models/model.js';
import { checkFraming } from '../../models/processor/framing.js';
import { createProcessor, type ProcessedPrompt, type Processor } from '../../models/processor/processor.js';
import { LimitError } from '../../runtime/bounded.js';
import { groupsOf, type Room, roomFor, within } from './groups.js';
import type { Outcome, ProbeJob, Unit, WorkerMessage } from './job.js';
import { probeKind } from './kinds/list.js';
import { ImageCache } from '../../models/processor/imageCache.js';
import { prepare, type PreparedUnit } from './prompts.js';

/** Does everything that `job` asks for. @throws what the model, its processor and the images throw; `cancelled`. */
export async function compute(
  job: ProbeJob,
  send: (message: WorkerMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { phase } = probeKind(job.kind);
  for (const { checkpoint: index, path, label, framing, units } of job.work) {
    send({ type: 'phase', phase: `Opening ${label}` });
    const checkpoint = await openCheckpoint(path, { signal });
    const onNotice = (sentence: string) => send({ type: 'notice', sentence });
    const { memory, threads } = job;
    let model = openModel(checkpoint, { memory, threads, onNotice });
    let room = within(roomFor(model, job), job.together);
    /** Between groups: a model whose weights yield to a long prompt. @throws `bad-request` where none has the room */
    const makeRoom = async (prompt: ProcessedPrompt) => {
      const batch = Math.ceil(room.needs(prompt));
      if (batch <= model.plan.batchBytes) return;
      const smaller = openModel(checkpoint, { memory, threads, batch });
      await model.close();
      model = smaller;
      room = within(roomFor(model, job), job.together);
    };
    try {
      const processor = await createProcessor(checkpoint, { ...job.pixels, signal });
      checkFraming(processor, framing, checkpoint.path);
      // What is wrong with the checkpoint's files would be wrong with every sample: it is said once, before the first.
      if (units.some(({ images }) => images.length > 0)) processor.visualTokens([1, 2, 2]);
      const { rules, notices } = await readGenerationDefaults(checkpoint);
      for (const sentence of [...processor.tokenizer.notices, ...notices(false, processor.stopTokens)])
        send({ type: 'notice', sentence });
      send({ type: 'phase', phase: job.work.length > 1 ? `${phase} of ${label}` : phase });
      const imageCache = new ImageCache(processor, model.plan, signal);
      const failed = (unit: Unit, why: string) =>
        send({ type: 'group', checkpoint: index, outcomes: [{ ids: unit.ids, outcome: { kind: 'failed', why } }] });
      for await (const group of groupsOf(
        prepareAll(job, { units, framing }, processor, imageCache, makeRoom, failed, signal),
        { fits: (count, tokens) => room.fits(count, tokens) },
      )) {
        imageCache.clear();
        const outcomes = await runGroup(model, processor, group, room, { job, rules, send, signal });
        send({
          type: 'group',
          checkpoint: index,
          outcomes: group.units.map(({ unit }, at) => ({ ids: unit.ids, outcome: outcomes[at]! })),
        });
      }
    } finally {
      await model.close();
    }
  }
}

/** Reads and processes one unit after another, as batches ask for them. */
async function* prepareAll(
  job: ProbeJob,
  { units, framing }: Pick<ProbeJob['work'][number], 'units' | 'framing'>,
  processor: Processor,
  images: ImageCache,
  makeRoom: (prompt: ProcessedPrompt) => Promise<void>,
  failed: (unit: Unit, why: string) => void,
  signal: AbortSignal,
): AsyncGenerator<PreparedUnit> {
  for (const unit of units) {
    try {
      const prepared = await prepare(processor, images, unit, probeKind(job.kind).paired, job.maxNewTokens, framing);
      await makeRoom(prepared.prompt);
      yield prepared;
    } catch (error) {
      // What takes too long for one would take as long for every sample.
      if (signal.aborted || !(error instanceof FrankensteinError) || error instanceof LimitError) throw error;
      const why = `Sample ${shown(unit.ids[0]!)}: ${error.message}`;
      if (job.badLines !== 'skip') throw new FrankensteinError('bad-line', why, { cause: error });
      failed(unit, why);
    }
  }
}

async function runGroup(
  model: Model,
  processor: Processor,
  { units, tokens }: { units: PreparedUnit[]; tokens: number },
  room: Room,
  {
    job,
    rules,
    send,
    signal,
  }: {
    job: ProbeJob;
    rules: LogitsRules;
    send: (message: WorkerMessage) => void;
    signal: AbortSignal;
  },
): Promise<Outcome[]> {
  return probeKind(job.kind).compute(model, units, job, {
    maxNewTokens: job.maxNewTokens,
    stopTokens: processor.stopTokens,
    rules,
    decode: (ids) => processor.decode(ids),
    decodeAll: (ids) => processor.tokenizer.decode(ids, { specialTokens: true }),
    rows: room.rows(tokens),
    onDepths: (done) => {
      if (done > 0) send({ type: 'progress', done });
    },
    signal,
  });
}
