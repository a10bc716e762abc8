/**
 * How fast work has gone on this machine: a plan says how long a run will take by how long earlier ones took. A short
 * measurement cannot know how busy the machine is, nor how well the threads share its memory.
 */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isLike, readJson, runIdOf, writeBeside } from './store.js';

/** What is the same work: `kind` of the run and whatever else changes its speed. */
export interface ThroughputOf {
  /** Nothing is remembered, and nothing known, without one. */
  runsFolder: string | undefined;
  kind: string;
  threads: number;
  mode?: string;
}

/** Milliseconds, from anywhere. */
export type Clock = () => number;

/** Seconds. Starting threads is a large part of shorter runs, which say little of longer ones. */
const LEAST_SECONDS = 2;

/**
 * Seconds that `work` will take, as earlier runs went; undefined where none is known.
 * @param work in any unit, always the same for a kind.
 */
export async function secondsKnown(of: ThroughputOf, work: number): Promise<number | undefined> {
  const pace = await known(of);
  return pace === undefined ? undefined : work / pace;
}

/**
 * Does the work, and remembers how fast it went. Half of the new pace counts: one run on a busy machine is not all
 * runs.
 * @throws what `execute` throws; nothing is remembered then.
 */
export async function recordThroughput<T>(
  of: ThroughputOf,
  work: number,
  execute: () => Promise<T>,
  clock: Clock = () => performance.now(),
): Promise<T> {
  const begin = clock();
  const result = await execute();
  const seconds = (clock() - begin) / 1000;
  const file = fileOf(of);
  if (file === undefined || seconds < LEAST_SECONDS || !(work > 0)) return result;
  const before = await known(of);
  const pace = before === undefined ? work / seconds : Math.sqrt(before * (work / seconds));
  // Only a better estimate: where it cannot be written, the measurement remains.
  await mkdir(path.dirname(file), { recursive: true })
    .then(() => writeBeside(file, JSON.stringify({ pace })))
    .catch(() => undefined);
  return result;
}

async function known(of: ThroughputOf): Promise<number | undefined> {
  const file = fileOf(of);
  const stored = file === undefined ? undefined : await readJson(file);
  return isLike(stored, { pace: 0 }) && stored.pace > 0 && Number.isFinite(stored.pace) ? stored.pace : undefined;
}

/** A folder of runs may be shared by machines. */
function fileOf({ runsFolder, kind, threads, mode }: ThroughputOf): string | undefined {
  if (runsFolder === undefined) return undefined;
  const key = runIdOf({ pace: 1, machine: os.hostname(), processor: os.cpus()[0]?.model ?? '', kind, threads, mode });
  return path.join(runsFolder, 'known', `${key}.json`);
}
