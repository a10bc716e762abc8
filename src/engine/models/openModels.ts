/** Models that stay open between questions, so that the second one need not read the weights again. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AUXILIARY_FILES } from '../checkpoint/auxiliary.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { type Model, openModel } from './model.js';
import { BASE_BYTES, checkRoom, defaultMemory, planMemory } from './plan.js';
import { createProcessor, type Processor } from './processor/processor.js';
import type { Provider } from './sessions.js';
import { readSpec } from './spec.js';

export interface OpenSettings {
  path: string;
  memory: number | undefined;
  threads: number | undefined;
  provider: Provider;
  minPixels?: number | undefined;
  maxPixels?: number | undefined;
}

/** A checkpoint with what questions to it need; its model comes with the first question. */
export interface OpenCheckpoint {
  checkpoint: Checkpoint;
  processor: Processor;
}

interface Entry extends OpenCheckpoint {
  key: string;
  /** Lengths and times of its text files as they were read. */
  texts: string;
  model: Model | undefined;
  /** What the model had to say when it was opened and used. */
  notices: Set<string>;
}

export class OpenModels {
  /** The one used last comes last. */
  private entries: Entry[] = [];

  /**
   * @throws what opening checkpoints and reading processor files throws; `unsupported` for a model that cannot be run,
   * before its processor is looked at.
   */
  async open(settings: OpenSettings, signal?: AbortSignal): Promise<OpenCheckpoint> {
    const key = JSON.stringify(settings);
    let entry = this.entries.find((one) => one.key === key);
    if (entry !== undefined && !(await isUnchanged(entry))) {
      await this.release([entry]);
      entry = undefined;
    }
    if (entry === undefined) {
      const checkpoint = await openCheckpoint(settings.path, { signal });
      readSpec(checkpoint);
      entry = {
        key,
        texts: await textsOf(checkpoint),
        checkpoint,
        processor: await createProcessor(checkpoint, {
          minPixels: settings.minPixels,
          maxPixels: settings.maxPixels,
          signal,
        }),
        model: undefined,
        notices: new Set(),
      };
    }
    this.entries = [...this.entries.filter((one) => one !== entry), entry];
    return entry;
  }

  /**
   * The model of what `open` gave last, with room for a prompt of `bytes`. Others stay open while everything fits the
   * budget.
   * @throws `bad-request` when the budget is too small.
   */
  async model(
    opened: OpenCheckpoint,
    { memory = defaultMemory(), threads, provider }: OpenSettings,
    bytes: number,
  ): Promise<{ model: Model; notices: ReadonlySet<string> }> {
    const entry = opened as Entry;
    const others = this.entries.filter((one) => one !== entry);
    const taken = others.reduce((sum, { model }) => sum + (model?.plan.weightBytes ?? 0), 0);
    const { model, checkpoint, notices } = entry;
    if (model !== undefined && model.plan.fixedBytes + bytes + taken <= memory) return { model, notices };
    await this.close(entry);
    const beside = taken > 0 && fits(checkpoint, memory - taken, threads, bytes);
    if (!beside) await this.release(others);
    entry.notices = new Set();
    const fresh = openModel(checkpoint, {
      memory: beside ? memory - taken : memory,
      threads,
      provider,
      batch: bytes,
      onNotice: (sentence) => entry.notices.add(sentence),
    });
    entry.model = fresh;
    return { model: fresh, notices: entry.notices };
  }

  /**
   * Room for `bytes` beside the process, before there is a prompt: models that stand in the way are closed.
   * @param what needs them, for the sentence.
   * @throws `bad-request` when the budget is too small.
   */
  async makeRoom({ memory = defaultMemory() }: OpenSettings, bytes: number, what: string): Promise<void> {
    checkRoom({ memory, fixedBytes: BASE_BYTES, batchBytes: memory - BASE_BYTES }, bytes, what);
    for (const entry of this.entries) {
      const taken = this.entries.reduce((sum, { model }) => sum + (model?.plan.fixedBytes ?? 0), 0);
      if (Math.max(taken, BASE_BYTES) + bytes > memory) await this.close(entry);
    }
  }

  private async release(entries: readonly Entry[]): Promise<void> {
    this.entries = this.entries.filter((one) => !entries.includes(one));
    for (const entry of entries) await this.close(entry);
  }

  private async close(entry: Entry): Promise<void> {
    await entry.model?.close();
    entry.model = undefined;
  }
}

/** Whether all of its weights stay in memory within this budget. */
function fits(checkpoint: Checkpoint, memory: number, threads: number | undefined, batch: number): boolean {
  try {
    return planMemory(checkpoint, readSpec(checkpoint), memory, threads, batch).streamedBytes === 0;
  } catch {
    return false; // it has to be said about the whole budget, if at all
  }
}

async function isUnchanged({ checkpoint, texts }: Entry): Promise<boolean> {
  const sameWeights = await checkUnchanged(checkpoint).then(
    () => true,
    () => false,
  );
  return sameWeights && (await textsOf(checkpoint)) === texts;
}

/** Files that are not there yet count: one that is added later changes answers too. */
async function textsOf({ files, folder }: Checkpoint): Promise<string> {
  const places = new Set([...files.values(), ...AUXILIARY_FILES.map((name) => path.join(folder, name))]);
  const facts = [...places].map((file) =>
    stat(file).then(
      ({ size, mtimeMs }) => [file, size, mtimeMs],
      () => [file],
    ),
  );
  return JSON.stringify(await Promise.all(facts));
}
