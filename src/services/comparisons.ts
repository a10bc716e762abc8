/**
 * The comparisons under way. They run one after the other: each may fill the memory budget on its own. A comparison
 * belongs to nobody's panel; closing the panel leaves it running.
 */
import type { CompareRequest, CompareResult, EngineApi, Progress } from '../protocol/engineApi.js';
import type { PanelRequest } from '../protocol/hostApi.js';
import { labelOf, requestKey } from './checkpointPath.js';
import { Emitter } from './emitter.js';
import { messageOf, codeOf } from './errors.js';

export type ComparisonState =
  | { kind: 'running'; progress: Progress | null }
  | { kind: 'failed'; message: string; code: string }
  | { kind: 'finished'; result: CompareResult };

/** What the user's settings add to a request. */
export type EngineOptions = Pick<CompareRequest, 'memory' | 'threads' | 'runsFolder'>;

export class Comparison {
  private readonly changed = new Emitter<ComparisonState>();
  private readonly abort = new AbortController();
  readonly onDidChange = this.changed.event;
  state: ComparisonState = { kind: 'running', progress: null };

  constructor(readonly request: PanelRequest) {}

  get key(): string {
    return requestKey(this.request.stages);
  }

  get title(): string {
    return titleOf(this.request);
  }

  cancel(): void {
    this.abort.abort();
  }

  /** Waits for `turn`, then runs to its end. Never rejects: the end is in `state`. */
  async run(engine: EngineApi, options: EngineOptions, turn: Promise<unknown>): Promise<void> {
    const { signal } = this.abort;
    try {
      await Promise.race([turn, aborted(signal)]);
      const { stages, cuts } = this.request;
      const result = await engine.compare({ stages, cuts, ...options }, { signal, progress: (progress) => this.set({ kind: 'running', progress }) });
      this.set({ kind: 'finished', result });
    } catch (error) {
      this.set(signal.aborted ? { kind: 'failed', message: CANCELLED, code: 'cancelled' } : { kind: 'failed', message: messageOf(error), code: codeOf(error) });
    }
  }

  private set(state: ComparisonState): void {
    // Progress may still be on its way when the answer is there.
    if (this.state.kind !== 'running') return;
    this.state = state;
    this.changed.fire(state);
  }
}

const CANCELLED = 'Cancelled. What was compared so far is kept, and the next start continues from there.';

export class Comparisons {
  private readonly started = new Emitter<Comparison>();
  private readonly ended = new Emitter<Comparison>();
  private last: Promise<unknown> = Promise.resolve();
  /** In order of start. */
  readonly active: Comparison[] = [];
  readonly onDidStart = this.started.event;
  readonly onDidEnd = this.ended.event;

  constructor(
    private readonly engine: EngineApi,
    private readonly options: (checkpoints: string[]) => EngineOptions,
  ) {}

  find(request: PanelRequest): Comparison | undefined {
    return this.active.find((comparison) => comparison.key === requestKey(request.stages));
  }

  /** Starts it, or joins the one that already does the same. */
  start(request: PanelRequest): Comparison {
    const existing = this.find(request);
    if (existing !== undefined) return existing;
    const comparison = new Comparison(request);
    this.active.push(comparison);
    const options = this.options(request.stages.map((stage) => stage.path));
    const run = comparison.run(this.engine, options, this.last);
    // A waiting one that is cancelled ends early; the one behind it still waits for all before.
    this.last = Promise.all([this.last, run]);
    void run.then(() => {
      this.active.splice(this.active.indexOf(comparison), 1);
      this.ended.fire(comparison);
    });
    this.started.fire(comparison);
    return comparison;
  }
}

export function titleOf(request: PanelRequest): string {
  return request.stages.map((stage) => stage.label ?? labelOf(stage.path)).join(' → ');
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new Error(CANCELLED));
    signal.addEventListener('abort', () => reject(new Error(CANCELLED)), { once: true });
  });
}
