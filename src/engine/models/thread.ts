/** The thread that answers questions. It keeps models open between them, and ends when it has been idle. */
import { throwIfCancelled } from '../errors.js';
import type { CallContext } from '../calls.js';
import { MODEL_HEAP } from '../runtime/bounded.js';
import { Thread } from '../runtime/thread.js';
import type { GenerateProgress, GenerateRequest, GenerateResult } from './request.js';

/** Models that nobody has asked for this long are released. Milliseconds. */
const IDLE_AFTER = 2 * 60_000;

/** One question at a time. */
export class AnswerThread {
  private thread: Thread | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly workerFile: string) {}

  /** @throws `cancelled`, and what `answer` throws. */
  async ask(
    request: GenerateRequest,
    { signal, progress }: CallContext<GenerateProgress> = {},
  ): Promise<GenerateResult> {
    throwIfCancelled(signal);
    clearTimeout(this.idle);
    if (this.thread === undefined || this.thread.ended) this.thread = new Thread(this.workerFile, MODEL_HEAP);
    try {
      return await this.thread.run<GenerateResult, GenerateProgress>('answer', request, { receive: progress, signal });
    } finally {
      this.idle = setTimeout(() => void this.release(), IDLE_AFTER).unref();
    }
  }

  /** Releases the models and their memory. */
  async release(): Promise<void> {
    clearTimeout(this.idle);
    const { thread } = this;
    this.thread = undefined;
    await thread?.close();
  }
}
