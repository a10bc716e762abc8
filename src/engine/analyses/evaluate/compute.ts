/** The model work of an evaluation: runs where it may block its thread, and reports batch by batch. */
import { openStage } from '../../merge/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import { decodeAll } from '../../models/generate.js';
import { type GenerationDefaults, readGenerationDefaults } from '../../models/generation/settings.js';
import { type Model, openModel } from '../../models/model.js';
import { rowsAtOnce } from '../../models/plan.js';
import { checkFraming, type Framing, inputOf } from '../../models/processor/framing.js';
import { createProcessor, type Processor, type ProcessedPrompt } from '../../models/processor/processor.js';
import { type ProcessedImage } from '../../models/processor/processedImage.js';
import { seedOf } from '../../models/served.js';
import { answerMark } from './answers.js';
import { checkLogits } from '../probe/answers.js';
import { groupsOf, type Room, within } from '../probe/groups.js';
import { ImageCache } from '../../models/processor/imageCache.js';
import { LimitError } from '../../runtime/bounded.js';
import type { Answered, AskedQuestion, EvaluateJob, EvaluateMessage } from './job.js';

/** More rows are not faster, and a batch is what is lost when a run is killed. */
const MOST_ROWS = 96;

interface Prepared {
  asked: AskedQuestion;
  prompt: ProcessedPrompt;
}

/** Asks everything that `job` has. @throws what the model, its processor and the images throw; `cancelled`. */
export async function computeAnswers(
  job: EvaluateJob,
  send: (message: EvaluateMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const { checkpoint: index, stage, label, framing, asked } of job.work) {
    send({ type: 'phase', phase: `Opening ${label}` });
    const checkpoint = await openStage(stage, { signal });
    const model = openModel(checkpoint, {
      memory: job.memory,
      threads: job.threads,
      onNotice: (sentence) => send({ type: 'notice', sentence }),
    });
    try {
      const processor = await createProcessor(checkpoint, { ...job.pixels, signal });
      checkFraming(processor, framing, checkpoint.path);
      // What is wrong with the checkpoint's files would be wrong with every question: it is said once, before the
      // first.
      if (asked.some(({ images }) => images.length > 0)) processor.visualTokens([1, 2, 2]);
      const defaults = await readGenerationDefaults(checkpoint);
      const notices = defaults.notices(job.sampling !== undefined, processor.stopTokens);
      for (const sentence of [...processor.tokenizer.notices, ...notices]) send({ type: 'notice', sentence });
      send({ type: 'phase', phase: `Asking ${label}` });
      await askAll(
        model,
        processor,
        { asked, framing, job, defaults },
        (message) => send(message.type === 'batch' ? { ...message, checkpoint: index } : message),
        signal,
      );
    } finally {
      await model.close();
    }
  }
}

/** What a batch may hold. */
export function roomFor({ spec, plan }: Pick<Model, 'spec' | 'plan'>, maxNewTokens: number): Pick<Room, 'fits'> {
  return { fits: (units, tokens) => units <= Math.min(MOST_ROWS, rowsAtOnce(spec, plan, tokens, maxNewTokens)) };
}

/** What one checkpoint is asked, and how. */
interface Asking extends Pick<EvaluateJob['work'][number], 'asked' | 'framing'> {
  job: EvaluateJob;
  defaults: GenerationDefaults;
}

async function askAll(
  model: Model,
  processor: Processor,
  { asked, framing, job, defaults }: Asking,
  send: (message: EvaluateMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const imageCache = new ImageCache(processor, model.plan, signal);
  /** By prompt: the first that asked it, and who else does. A black image looks the same whatever it stands for. */
  const same = new Map<string, { text: string | undefined; others: string[] }>();
  const batch = (answers: Answered[]) => {
    if (answers.length > 0) send({ type: 'batch', checkpoint: 0, answers });
  };
  const { stopTokens } = processor;
  const { maxNewTokens } = job;
  const room = within(roomFor(model, maxNewTokens), job.together);

  async function* prepared(): AsyncGenerator<Prepared> {
    for (const one of asked) {
      try {
        const prompt = await promptOf(processor, imageCache, one, maxNewTokens, framing);
        const key = one.black
          ? `${prompt.images.map(({ grid }) => grid.join()).join(' ')} ` +
            `${prompt.inputIds.join()}${answerMark(one.answer)}`
          : one.key;
        const known = same.get(key);
        if (known === undefined) {
          same.set(key, { text: undefined, others: [] });
          yield { asked: { ...one, key }, prompt };
        }
        const entry = same.get(key)!;
        if (entry.text !== undefined) batch([{ key: one.key, text: entry.text }]);
        else entry.others.push(one.key);
      } catch (error) {
        if (signal.aborted || !(error instanceof FrankensteinError)) throw error;
        // What takes too long for one would take as long for every question.
        if (job.badLines !== 'skip' || error instanceof LimitError) throw error;
        batch([{ key: one.key, text: null, why: error.message }]);
      }
    }
  }

  for await (const { units } of groupsOf(prepared(), room)) {
    imageCache.clear();
    const start = await model.prefill(
      units.map(({ prompt }) => prompt),
      { signal },
    );
    checkLogits(start.logits);
    const lengths = new Array<number>(units.length).fill(0);
    const found = await decodeAll(
      model,
      start,
      units.map(({ prompt, asked: { key } }, row) => ({
        prompt: row,
        inputIds: prompt.inputIds,
        ...(job.sampling && { seed: seedOf(job.sampling.seed, key) }),
      })),
      {
        maxNewTokens,
        stopTokens,
        rules: defaults.rules,
        sampling: job.sampling && {
          temperature: job.sampling.temperature,
          topK: job.sampling.topK ?? defaults.topK,
          topP: job.sampling.topP ?? defaults.topP,
        },
        onToken(row, token) {
          const length = (lengths[row] = lengths[row]! + 1);
          if (length === maxNewTokens || stopTokens.includes(token)) send({ type: 'progress', done: 1 });
        },
        signal,
      },
    );
    batch(
      units.flatMap(({ asked: { key } }, row): Answered[] => {
        const entry = same.get(key)!;
        entry.text = processor.decode(found[row]!.tokenIds);
        return entry.others.splice(0).map((own) => ({ key: own, text: entry.text! }));
      }),
    );
  }
}

export async function promptOf(
  processor: Processor,
  imageCache: ImageCache,
  { prompt, images, black }: AskedQuestion,
  newTokens: number,
  framing: Framing,
): Promise<ProcessedPrompt> {
  const shown: ProcessedImage[] = [];
  for (const image of images) {
    const own = await imageCache.own(image);
    shown.push(black ? (await imageCache.onto(image, own, undefined)).image : own);
  }
  return processor.process({ input: inputOf(processor, prompt, shown.length, framing), images: shown, newTokens });
}

/** Says which question a failure is about. */
export function failureOf(id: string, why: string): string {
  return `Question ${shown(id)}: ${why}`;
}
