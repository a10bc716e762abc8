/** How long a comparison will take: as earlier ones went on this machine, else by a sample of its own pieces. */
import { recordThroughput, type ThroughputOf, secondsKnown } from '../../runs/throughput.js';
import { type Budget, bytesOf, type Task } from './plan.js';
import { comparePieces, isFast, type Piece } from './sums.js';

/** What a piece costs beside its bytes (its part of a message, and a line of the journal), in bytes of one more. */
const PIECE_BYTES = 64 << 10;
/** Seconds that sampling one way of summing may take. */
const SAMPLE_SECONDS = 0.15;
const MOST_SAMPLES = 64;
/** Elements of a sampled piece: its speed shows in a part. */
const SAMPLE_ELEMENTS = 2 << 20;

/** Tasks whose speed is remembered, in bytes. */
export function workOf(tasks: readonly Task[]): number {
  return tasks.reduce((sum, { bytes, pieces }) => sum + bytes + PIECE_BYTES * pieces.length, 0);
}

export const throughputOf = (runsFolder: string | undefined, threads: number): ThroughputOf => ({
  runsFolder,
  kind: 'compare',
  threads,
});

/** @returns seconds; reads some megabytes of weights where no earlier run tells. */
export async function secondsOf(
  tasks: readonly Task[],
  { threads }: Budget,
  runsFolder: string | undefined,
): Promise<number> {
  const known = await secondsKnown(throughputOf(runsFolder, threads), workOf(tasks));
  if (known !== undefined) return known;
  const pieces = tasks.flatMap((task) => task.pieces);
  const ways = [true, false].map((fast) => pieces.filter((piece) => isFast(piece) === fast));
  let seconds = 0;
  for (const way of ways) seconds += await sampled(way);
  return seconds / Math.min(threads, Math.max(1, pieces.length));
}

/** Seconds of one thread, from pieces spread evenly over all. */
async function sampled(pieces: readonly Piece[]): Promise<number> {
  const total = pieces.reduce((sum, piece) => sum + bytesOf(piece) + PIECE_BYTES, 0);
  const step = Math.max(1, Math.floor(pieces.length / MOST_SAMPLES));
  let [work, seconds] = [0, 0];
  for (let index = 0; index < pieces.length && seconds < SAMPLE_SECONDS; index += step) {
    const { sources, elements } = pieces[index]!;
    const piece = { sources, elements: Math.min(elements, SAMPLE_ELEMENTS) };
    const begin = performance.now();
    await comparePieces([piece]);
    seconds += (performance.now() - begin) / 1000;
    work += bytesOf(piece) + PIECE_BYTES;
  }
  return work === 0 ? 0 : (seconds * total) / work;
}

/** Compares open tasks, and remembers how fast that went. */
export const timed = <T>(
  tasks: readonly Task[],
  threads: number,
  runsFolder: string | undefined,
  run: () => Promise<T>,
): Promise<T> => recordThroughput(throughputOf(runsFolder, threads), workOf(tasks), run);
