/**
 * Writes a recipe (or an adapter with its base) as an ordinary checkpoint: safetensors shards, index, config, every
 * tokenizer and processor file, and a model card. Under another name first; the final one appears whole or not at all.
 */
import { rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { shown } from '../../checkpoint/failure.js';
import { checkUnchanged } from '../../checkpoint/fingerprint.js';
import { refuseLeftOut } from '../../checkpoint/leftOut.js';
import type { StageRequest } from '../../checkpoint/stage.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { BASE_BYTES, DEFAULT_MEMORY } from '../../runtime/budget.js';
import { ThreadPool } from '../../runtime/pool.js';
import { COMPUTING_BYTES } from '../../tensors/computed.js';
import { openStage } from '../checkpoint.js';
import { checkFree, checkRoom, explain, partialOf, removeLeftovers } from './folder.js';
import { planShards } from './shards.js';
import { cardOf, writeTexts } from './texts.js';
import { writeShards } from './weights.js';
import type { WriteJob } from './write.js';

export interface ExportRequest {
  checkpoint: StageRequest;
  /** Must not exist, or be an empty folder. */
  out: string;
  /** Largest shard in bytes; 5 GB, as the hub's libraries have it, when left out. */
  shardBytes?: number | undefined;
  /** Budget in bytes for computing weights; 2 GiB when left out. */
  memory?: number | undefined;
  threads?: number | undefined;
}

export interface ExportResult {
  /** Absolute. */
  out: string;
  /** File names, in order. */
  files: string[];
  tensors: number;
  computed: number;
  /** Of the weights. */
  bytes: number;
  warnings: string[];
}

const SHARD_BYTES = 5e9;
/**
 * @param exclusive does in its turn what fills the memory budget: computing. Moving bytes takes one block per thread.
 * @throws `bad-request` when `out` is taken, `disk-full` before anything is written where that can be known,
 * `permission`, and what opening and reading throw. What was begun is removed.
 */
export async function exportMerged(
  request: ExportRequest,
  workerFile: string,
  exclusive: <T>(work: () => Promise<T>) => Promise<T>,
  { signal, progress }: CallContext = {},
): Promise<ExportResult> {
  const out = path.resolve(request.out);
  await checkFree(out);
  // Threads start while headers are read.
  const pool = ThreadPool.start<WriteJob, void>(workerFile, 'write', threadsFor(request));
  // A large tensor takes minutes to compute: whoever cancels does not wait for its end.
  const stop = () => void pool.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await exportWith(pool, out, request, exclusive, { signal, progress });
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    stop(); // nobody waits for threads that have nothing left to do
  }
}

async function exportWith(
  pool: ThreadPool<WriteJob, void>,
  out: string,
  request: ExportRequest,
  exclusive: <T>(work: () => Promise<T>) => Promise<T>,
  { signal, progress }: CallContext,
): Promise<ExportResult> {
  const checkpoint = await openStage(request.checkpoint, { signal });
  if (checkpoint.config === undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(checkpoint.path)} has no config.json, so what is made of it would be no checkpoint that loads.`,
    );
  refuseLeftOut(checkpoint, 'be written');
  const shards = planShards(checkpoint, request.shardBytes ?? SHARD_BYTES);
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const computed = shards
    .flatMap(({ tensors }) => tensors)
    .filter(({ tensor }) => tensor.expression !== undefined).length;
  const parent = path.dirname(out);
  await explain(out, () => mkdir(parent, { recursive: true }));
  await checkRoom(parent, bytes);
  const beside = path.join(parent, partialOf(out, process.pid));
  // A process that is told to end twice, or whose host has gone, does not wait for what comes below.
  const leave = () => rmSync(beside, { recursive: true, force: true });
  const write = async () => {
    await removeLeftovers(out);
    await mkdir(beside);
    await writeShards(pool, beside, shards, bytes, { signal, progress });
  };
  // What the card says of the contents is found out while the weights are written.
  const card = cardOf(checkpoint, request.checkpoint, signal);
  card.catch(() => undefined);
  process.on('exit', leave);
  try {
    if (computed > 0)
      progress?.({ phase: 'Waiting for its turn', doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null });
    await explain(out, () => (computed > 0 ? exclusive(write) : write()));
    await checkUnchanged(checkpoint);
    await explain(out, async () => writeTexts(beside, checkpoint, shards, await card, signal));
    throwIfCancelled(signal);
    await explain(out, async () => {
      // An empty folder gives way; one that has been filled since does not.
      await rename(beside, out);
    });
  } catch (error) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  } finally {
    process.off('exit', leave);
  }
  return {
    out,
    files: (await readdir(out)).sort(),
    tensors: checkpoint.tensors.size,
    computed,
    bytes,
    warnings: checkpoint.warnings,
  };
}

/** As many as the budget holds, should all of them compute, and one in any case. */
function threadsFor({ memory = DEFAULT_MEMORY, threads = availableParallelism() }: ExportRequest): number {
  const minimum = BASE_BYTES + COMPUTING_BYTES;
  if (!(memory >= minimum))
    throw new FrankensteinError(
      'bad-request',
      `The memory budget is too small: writing a merge needs at least ${Math.ceil(minimum / 2 ** 20)} MiB.`,
    );
  return Math.max(1, Math.min(threads, Math.floor((memory - BASE_BYTES) / COMPUTING_BYTES)));
}
