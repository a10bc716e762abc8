/**
 * What the headers of a checkpoint say: what it holds, or why it cannot be opened. Read once, one checkpoint after the
 * other, and forgotten when checkpoints are looked for again.
 */
import type { EngineApi, InspectResult } from '../protocol/engineApi.js';
import { Emitter } from './emitter.js';
import { codeOf, messageOf } from './errors.js';

/** A checkpoint's headers in a few numbers. */
export interface Header {
  parameters: number;
  /** Of the most parameters. */
  dtype: string;
  layers: number;
  visionLayers: number;
}

export type HeaderState = { kind: 'whole'; header: Header } | { kind: 'broken'; reason: string };

/** An adapter without its base is whole: the base is asked for when it is used. */
const NOT_BROKEN = new Set(['no-base', 'cancelled', 'engine-lost']);

export class Headers {
  private readonly known = new Map<string, HeaderState>();
  private readonly changed = new Emitter<void>();
  private generation = 0;
  private last: Promise<unknown> = Promise.resolve();
  /** Fires when something new is known. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly engine: Pick<EngineApi, 'inspect'>) {}

  of(checkpoint: string): HeaderState | undefined {
    return this.known.get(checkpoint);
  }

  /** Why it cannot be opened, as far as that is known by now. */
  problemOf(checkpoint: string): string | undefined {
    const state = this.known.get(checkpoint);
    return state?.kind === 'broken' ? state.reason : undefined;
  }

  /** Reads those that are not known yet. */
  read(checkpoints: readonly string[]): Promise<void> {
    const { generation } = this;
    const reading = this.last.then(async () => {
      for (const checkpoint of checkpoints) {
        if (generation !== this.generation) return;
        if (!this.known.has(checkpoint)) await this.readOne(checkpoint, generation);
      }
    });
    this.last = reading;
    return reading;
  }

  private async readOne(checkpoint: string, generation: number): Promise<void> {
    let state: HeaderState;
    try {
      state = { kind: 'whole', header: headerOf(await this.engine.inspect({ path: checkpoint })) };
    } catch (error) {
      if (NOT_BROKEN.has(codeOf(error))) return;
      state = { kind: 'broken', reason: messageOf(error) };
    }
    if (generation !== this.generation) return;
    this.known.set(checkpoint, state);
    this.changed.fire();
  }

  forget(): void {
    this.generation++;
    this.known.clear();
  }
}

function headerOf({ parameters, dtypes, layers, visionLayers }: InspectResult): Header {
  const [dtype] = Object.entries(dtypes).sort(([, a], [, b]) => b.parameters - a.parameters);
  return { parameters, dtype: dtype?.[0] ?? '', layers, visionLayers };
}
