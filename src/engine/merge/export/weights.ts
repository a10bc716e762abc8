/** Writes the weights: neighbouring bytes move together, computed tensors are evaluated in threads. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import type { ThreadPool } from '../../runtime/pool.js';
import { bytesOf } from '../../tensors/elements.js';
import type { ShardPlan } from './shards.js';
import type { WriteJob } from './write.js';

/** Bytes of one copy: small enough to spread over threads and to cancel. */
const COPY_BYTES = 16 << 20;

export async function writeShards(
  pool: ThreadPool<WriteJob, void>,
  folder: string,
  shards: readonly ShardPlan[],
  bytes: number,
  { signal, progress }: CallContext,
): Promise<void> {
  const reporter = createBytesReporter('Writing weights', bytes, 0, progress);
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
    reporter.add(header.length, name);
    jobs.push(...jobsOf(file, tensors));
  }
  // Computed tensors take longest; what is left for the end should be short.
  jobs.sort((a, b) => Number('tensor' in b.job.from) - Number('tensor' in a.job.from) || b.bytes - a.bytes);
  await pool.run(
    jobs,
    ({ job }) => job,
    ({ bytes: done, name }) => Promise.resolve(reporter.add(done, name)),
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
