/** Spreads the pieces of many tensors over worker threads, and adds up what they find in the order of the pieces. */
import { ThreadPool } from '../../runtime/pool.js';
import { addSums, type PartialSums } from './partial.js';
import { batched } from './plan.js';
import { comparePieces, type Piece } from './sums.js';
import { throwIfCancelled } from '../../errors.js';

export interface Spread<Task> {
  workerFile: string;
  threads: number;
  /** Sums of no element. */
  emptyOf: (task: Task) => PartialSums;
  /** Pieces that are done, and what they are of; awaited before the thread gets more. */
  look: (done: readonly { piece: Piece; task: Task }[]) => Promise<void> | void;
  /** Tasks whose pieces are all done; awaited too. */
  finish: (finished: readonly { task: Task; sums: PartialSums }[]) => Promise<void>;
  signal?: AbortSignal | undefined;
}

/** @throws what reading throws, what `look` and `finish` throw, and `cancelled` */
export async function sumTasks<Task extends { pieces: readonly Piece[] }>(
  tasks: readonly Task[],
  { workerFile, threads, emptyOf, look, finish, signal }: Spread<Task>,
): Promise<void> {
  const works = tasks.map((task) => ({ task, parts: [] as PartialSums[], left: task.pieces.length }));
  const total = ({ task, parts }: (typeof works)[number]) => {
    const sums = emptyOf(task);
    for (const part of parts) addSums(sums, part);
    return { task, sums };
  };
  await finish(works.filter(({ left }) => left === 0).map(total));
  const batches = batched(
    works.flatMap((work) => work.task.pieces.map((piece, index) => ({ piece, index, work, task: work.task }))),
  );
  if (batches.length === 0) return;
  const done = async (batch: (typeof batches)[number], results: readonly PartialSums[]) => {
    await look(batch);
    const finished = batch.flatMap(({ work, index }, place) => {
      work.parts[index] = results[place]!;
      work.left -= 1;
      return work.left === 0 ? [total(work)] : [];
    });
    if (finished.length > 0) await finish(finished);
  };
  const [only] = batches;
  if (batches.length === 1 && only!.every(({ piece }) => piece.sources.every(({ tensor }) => tensor === undefined))) {
    // A thread takes longer to start.
    throwIfCancelled(signal);
    return done(only!, await comparePieces(only!.map(({ piece }) => piece)));
  }
  const pool = ThreadPool.start<Piece[], PartialSums[]>(workerFile, 'compare', Math.min(threads, batches.length));
  try {
    await pool.run(batches, (batch) => batch.map(({ piece }) => piece), done, signal);
  } finally {
    await pool.close();
  }
}
