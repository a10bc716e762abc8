/** The engine's calls: a reader per set of folders is kept, so that the next look reads only what is new. */
import path from 'node:path';
import type { CallContext } from '../calls.js';
import { FrankensteinError } from '../errors.js';
import { TrainingReader } from './reader.js';
import type { CompletionsRequest, TrainingCompletions, TrainingReading, TrainingRequest } from './result.js';

/** Readers that are kept; each panel has one. */
const MOST_READERS = 8;
const readers = new Map<string, TrainingReader>();

function readerOf(folders: readonly string[]): TrainingReader {
  if (folders.length === 0) throw new FrankensteinError('bad-request', 'Name the folder of a training.');
  const absolute = folders.map((folder) => path.resolve(folder));
  const key = JSON.stringify(absolute);
  const reader = readers.get(key) ?? new TrainingReader(absolute);
  // The one that was used last is the last to go.
  readers.delete(key);
  readers.set(key, reader);
  for (const [oldest] of readers) if (readers.size > MOST_READERS) readers.delete(oldest);
  return reader;
}

/** Null where nothing has changed since `since`. @throws as `TrainingReader.look` */
export async function readTraining(
  { folders, since, points }: TrainingRequest,
  { signal }: CallContext<never> = {},
): Promise<TrainingReading | null> {
  return readerOf(folders).look(since, points, signal);
}

/** @throws as `TrainingReader.completions` */
export async function trainingCompletions(
  { folders, run, step }: CompletionsRequest,
  { signal }: CallContext<never> = {},
): Promise<TrainingCompletions> {
  return readerOf(folders).completions(run, step, signal);
}
