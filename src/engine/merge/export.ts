/**
 * Writes a recipe (or an adapter with its base) as an ordinary checkpoint: safetensors shards, index, config, every
 * tokenizer and processor file, and a model card. Under another name first; the final one appears whole or not at all.
 */
import { rmSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { availableParallelism, hostname } from 'node:os';
import type { CallContext } from '../calls.js';
import type { StageRequest } from '../checkpoint/stage.js';
import { isRecipePath } from '../checkpoint/base.js';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { COMPUTING_BYTES } from '../tensors/computed.js';
import { bytesOf } from '../tensors/elements.js';
import { malformed, shown } from '../checkpoint/failure.js';
import { checkUnchanged, fingerprint } from '../checkpoint/fingerprint.js';
import { refuseLeftOut } from '../checkpoint/leftOut.js';
import { openStage } from './checkpoint.js';
import { readText } from '../checkpoint/text.js';
import { withoutQuantisation } from '../checkpoint/quantizationConfig.js';
import { createMeter } from '../runs/bytesProgress.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { BASE_BYTES, DEFAULT_MEMORY } from '../runtime/budget.js';
import { ThreadPool } from '../runtime/pool.js';
import { modelCard } from './card.js';
import { TEXT_LIMIT } from './recipe/tree.js';
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
/** Bytes of one copy: small enough to spread over threads and to cancel. */
const COPY_BYTES = 16 << 20;
/** Beside the weights: configs, tokenizers, file system overhead. */
const SPARE_BYTES = 64 << 20;

interface ShardPlan {
  name: string;
  header: Uint8Array;
  tensors: { tensor: Tensor; at: number }[];
  bytes: number;
}

/**
 * @param alone does in its turn what fills the memory budget: computing. Moving bytes takes one block per thread.
 * @throws `bad-request` when `out` is taken, `disk-full` before anything is written where that can be known, `permission`,
 * and what opening and reading throw. What was begun is removed.
 */
export async function exportMerged(
  request: ExportRequest,
  workerFile: string,
  alone: <T>(work: () => Promise<T>) => Promise<T>,
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
    return await exportWith(pool, out, request, alone, { signal, progress });
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
  alone: <T>(work: () => Promise<T>) => Promise<T>,
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
    await explain(out, () => (computed > 0 ? alone(write) : write()));
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

async function checkFree(out: string): Promise<void> {
  const facts = await stat(out).catch(() => undefined);
  if (facts === undefined) return;
  if (!facts.isDirectory())
    throw new FrankensteinError('bad-request', `${shown(out)} is a file; name a folder that does not exist yet.`);
  if ((await readdir(out)).length > 0)
    throw new FrankensteinError(
      'bad-request',
      `${shown(out)} is there already and not empty; nothing in it was touched. Name another folder.`,
    );
}

/** Hidden, beside the final folder; the machine's name, since a folder may be on a share. */
function partialOf(out: string, pid: number | string): string {
  return `.${path.basename(out)}.${hostname()}-${pid}.partial`;
}

/** What exports to the same place left that were killed here. */
async function removeLeftovers(out: string): Promise<void> {
  const parent = path.dirname(out);
  for (const name of await readdir(parent)) {
    const pid = Number(/-(\d+)\.partial$/.exec(name)?.[1]);
    if (name === partialOf(out, pid) && (pid === process.pid || !isRunning(pid)))
      await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = bytes + SPARE_BYTES;
  if (free < needed)
    throw new FrankensteinError(
      'disk-full',
      `The checkpoint takes ${sizeText(bytes)}, ${sizeText(needed)} with room for its other files, and ${shown(folder)} has ${sizeText(free)} left: free some space or name another folder.`,
    );
}

/** Tensors in the owner's order, split where a shard would become too large, as the hub's libraries do. */
function planShards(checkpoint: Checkpoint, most: number): ShardPlan[] {
  if (!(most >= 1)) throw new FrankensteinError('bad-request', 'A shard has at least one byte.');
  const groups: Tensor[][] = [[]];
  let size = 0;
  for (const tensor of checkpoint.tensors.values()) {
    const own = bytesOf(tensor);
    if (size + own > most && groups.at(-1)!.length > 0) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(tensor);
    size += own;
  }
  return groups.map((tensors, index) => {
    const name =
      groups.length === 1 ? 'model.safetensors' : `model-${number(index + 1)}-of-${number(groups.length)}.safetensors`;
    const entries: Record<string, unknown> = { __metadata__: { format: 'pt' } };
    let offset = 0;
    const placed = tensors.map((tensor) => {
      const begin = offset;
      offset += bytesOf(tensor);
      entries[tensor.onDisk] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, offset] };
      return { tensor, at: begin };
    });
    const header = headerOf(entries);
    return {
      name,
      header,
      tensors: placed.map(({ tensor, at }) => ({ tensor, at: at + header.length })),
      bytes: header.length + offset,
    };
  });
}

/** Length, JSON, and spaces up to a multiple of eight, so that tensors are aligned. */
function headerOf(entries: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, 0x20);
  header.writeBigUInt64LE(BigInt(length), 0);
  json.copy(header, 8);
  return header;
}

function number(value: number): string {
  return String(value).padStart(5, '0');
}

async function writeShards(
  pool: ThreadPool<WriteJob, void>,
  folder: string,
  shards: readonly ShardPlan[],
  bytes: number,
  { signal, progress }: CallContext,
): Promise<void> {
  const meter = createMeter('Writing weights', bytes, 0, progress);
  const jobs: { job: WriteJob; bytes: number; name: string }[] = [];
  for (const { name, header, tensors, bytes: length } of shards) {
    const file = path.join(folder, name);
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(header);
      await handle.truncate(length);
    } finally {
      await handle.close();
    }
    meter.add(header.length, name);
    jobs.push(...jobsOf(file, tensors));
  }
  // Computed tensors take longest; what is left for the end should be short.
  jobs.sort((a, b) => Number('tensor' in b.job.from) - Number('tensor' in a.job.from) || b.bytes - a.bytes);
  await pool.run(
    jobs,
    ({ job }) => job,
    ({ bytes: done, name }) => Promise.resolve(meter.add(done, name)),
    signal,
  );
}

/** Neighbours in one file that stay neighbours move together. */
function jobsOf(file: string, tensors: ShardPlan['tensors']): { job: WriteJob; bytes: number; name: string }[] {
  const jobs: { job: WriteJob; bytes: number; name: string }[] = [];
  let run: { realPath: string; begin: number; end: number; at: number; name: string } | undefined;
  const flush = () => {
    if (run === undefined) return;
    for (let begin = run.begin; begin < run.end; begin += COPY_BYTES) {
      const end = Math.min(run.end, begin + COPY_BYTES);
      jobs.push({
        job: { file, at: run.at + begin - run.begin, from: { realPath: run.realPath, begin, end } },
        bytes: end - begin,
        name: run.name,
      });
    }
    run = undefined;
  };
  for (const { tensor, at } of tensors) {
    if (tensor.expression !== undefined) {
      flush();
      jobs.push({ job: { file, at, from: { tensor } }, bytes: bytesOf(tensor), name: tensor.name });
    } else if (run?.realPath === tensor.shard.realPath && run.end === tensor.begin) run.end = tensor.end;
    else {
      flush();
      run = { realPath: tensor.shard.realPath, begin: tensor.begin, end: tensor.end, at, name: tensor.name };
    }
  }
  flush();
  return jobs;
}

/** Everything that is no weight. */
async function writeTexts(
  folder: string,
  checkpoint: Checkpoint,
  shards: readonly ShardPlan[],
  card: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [name, file] of checkpoint.files) {
    throwIfCancelled(signal);
    if (name === 'config.json' || /^readme|\.index\.json$/i.test(name)) continue;
    if (!(await stat(file)).isFile()) throw malformed(file, 'is not a regular file.');
    await copyFile(file, path.join(folder, name));
  }
  // Every weight is written as a plain number.
  await writeFile(
    path.join(folder, 'config.json'),
    `${JSON.stringify(withoutQuantisation(checkpoint.config!), null, 2)}\n`,
  );
  const template = checkpoint.virtual?.chatTemplate;
  if (template !== undefined) await writeFile(path.join(folder, 'chat_template.jinja'), template);
  if (shards.length > 1) {
    const weightMap = Object.fromEntries(
      shards.flatMap(({ name, tensors }) => tensors.map(({ tensor }) => [tensor.onDisk, name])),
    );
    const total = shards.reduce((sum, { bytes, header }) => sum + bytes - header.length, 0);
    await writeFile(
      path.join(folder, 'model.safetensors.index.json'),
      `${JSON.stringify({ metadata: { total_size: total }, weight_map: weightMap }, null, 2)}\n`,
    );
  }
  await writeFile(path.join(folder, 'README.md'), card);
}

async function cardOf(checkpoint: Checkpoint, asked: StageRequest, signal: AbortSignal | undefined): Promise<string> {
  const recipe =
    asked.recipe ?? (isRecipePath(checkpoint.path) ? await readText(checkpoint.path, 4 * TEXT_LIMIT) : undefined);
  const sources = await Promise.all(
    (checkpoint.virtual?.sources ?? []).map(async (source) => ({
      path: source.path,
      fingerprint: await fingerprint(source, signal),
    })),
  );
  return modelCard({
    name: path.basename(checkpoint.virtual?.label ?? checkpoint.folder),
    summary: checkpoint.virtual?.summary,
    recipe,
    sources,
    fingerprint: await fingerprint(
      checkpoint,
      signal,
      sources.map((source) => source.fingerprint),
    ),
  });
}

function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What the file system says, in a sentence. */
async function explain<T>(out: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof FrankensteinError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new FrankensteinError(
        'disk-full',
        `The disk became full while ${shown(out)} was written. What was begun has been removed.`,
        { cause: error },
      );
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new FrankensteinError('permission', `${shown(out)} may not be written: no permission for its folder.`, {
        cause: error,
      });
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
      throw new FrankensteinError(
        'bad-request',
        `${shown(out)} is there already; nothing in it was touched. Name another folder.`,
        { cause: error },
      );
    throw error;
  }
}
