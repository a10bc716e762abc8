/**
 * Runs programs from untrusted files (regular expressions, templates, tokenizers) under a time limit. Code in the same
 * thread cannot stop an endless loop or a pattern that backtracks for ever: `vm` cuts it off, or its own thread is
 * ended.
 */
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { FrankensteinError } from '../errors.js';

/** A program from a file that took more time or memory than any honest one takes. */
export class LimitError extends FrankensteinError {
  constructor(message: string, options?: ErrorOptions) {
    super('malformed', message, options);
  }
}

const CALL = '__frankensteinBounded';
/** Only what V8 runs for a script can be cut off: the script calls the function that waits here. */
const script = new vm.Script(`globalThis.${CALL}()`);

/** What is under way in this thread: the sentence that tells of it when the time is over. */
let current: { sentence: () => string } | undefined;

/**
 * Does `work` in this thread and cuts it off after a time, in the middle of a loop or a pattern if need be. Costs about
 * 0.05 ms. Inside another call the outer limit holds, and the inner sentence. Not for the engine's own thread, which
 * would stand still meanwhile.
 * @param sentence says what took too long.
 * @throws `LimitError`, and what `work` throws.
 */
export function withinTime<T>(milliseconds: number, sentence: () => string, work: () => T): T {
  if (current !== undefined) {
    const outer = current.sentence;
    current.sentence = sentence;
    try {
      return work();
    } finally {
      current.sentence = outer; // not reached when the time is over: the innermost sentence stays
    }
  }
  const running = { sentence };
  const scope = globalThis as unknown as Record<string, () => void>;
  let result: T | undefined;
  scope[CALL] = () => void (result = work());
  current = running;
  try {
    script.runInThisContext({ timeout: Math.ceil(milliseconds), displayErrors: false });
    return result as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new LimitError(running.sentence(), { cause: error });
    throw error;
  } finally {
    current = undefined;
    delete scope[CALL];
  }
}

/** What V8's heap of a thread that runs models may hold: a tokenizer takes 200 MB, and weights are not in it. */
export const MODEL_HEAP = { maxOldGenerationSizeMb: 1024 };

/** The error of a thread whose heap was full, in a sentence; others as they are. */
export function threadError(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new LimitError(
    "The checkpoint's text files (tokenizer, chat template) or the questions need more memory than real ones do.",
    { cause: error },
  );
}

/** The heap of a thread for one small job. MiB. */
const HEAP = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };
/** A thread that has not even begun after that long never will. Milliseconds. */
const START_LIMIT = 30_000;

/**
 * Runs a small program in a thread of its own, and ends the thread when the time is over, the heap is full, or the
 * signal fires. For the engine's own thread, and for whoever else must stay free meanwhile.
 * @param source CommonJS that calls `answer(work)`: `work` gets `input` and returns the answer. It is text, so that it
 * runs wherever the engine is bundled.
 * @param milliseconds for `work`; starting the thread does not count.
 * @throws `LimitError` with `sentence`, `cancelled`, and what the program throws.
 */
export async function inBoundedThread<Answer>(
  source: string,
  input: unknown,
  milliseconds: number,
  sentence: () => string,
  signal?: AbortSignal,
): Promise<Answer> {
  const worker = new Worker(PRELUDE + source, { eval: true, workerData: input, resourceLimits: HEAP });
  let overdue: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const tooMuch = (cause?: unknown) => reject(new LimitError(sentence(), { cause }));
      const limit = (after: number) => {
        clearTimeout(overdue);
        overdue = setTimeout(tooMuch, after);
      };
      onAbort = () => reject(new FrankensteinError('cancelled', 'Cancelled.'));
      worker.on('message', (message: 'started' | { answer: Answer }) => {
        if (message === 'started') limit(milliseconds);
        else resolve(message.answer);
      });
      worker.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch(error) : reject(error),
      );
      worker.on('exit', () => tooMuch());
      limit(START_LIMIT);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  } finally {
    clearTimeout(overdue);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

const PRELUDE = `
const { parentPort, workerData } = require('node:worker_threads');
function answer(work) {
  parentPort.postMessage('started');
  parentPort.postMessage({ answer: work(workerData) });
}
`;
