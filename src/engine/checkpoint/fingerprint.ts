/** Fingerprints a checkpoint by its content, and checks that its files have not changed since it was opened. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import type { Checkpoint, Shard } from './checkpoint.js';
import { fileError, shown } from './failure.js';
import { readFully } from './read.js';
import { openRegular } from './regular.js';

/** Per shard, spread evenly from its first to its last byte: 256 KiB of a file of gigabytes, 30 ms on a cold disk. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/**
 * SHA-256, hex, over every shard's name, length, header and sampled content, and how quantised weights are read, and of
 * a virtual checkpoint over its sources' fingerprints and what it makes of them. The same bytes give the same
 * fingerprint wherever they lie and whatever their times. Training moves every block of a tensor; an edit of a few
 * bytes between the samples goes unseen, so whoever reuses a result by fingerprint compares lengths and times too
 * (`filesOf`).
 * @param known fingerprints of its sources, in their order, where they have been taken already.
 * @throws `changed`, `permission`, `not-found`, `cancelled`
 */
export async function fingerprint(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
  known: readonly string[] = [],
): Promise<string> {
  const facts: unknown[] = [];
  for (const shard of [...checkpoint.shards].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    facts.push([shard.name, shard.bytes, shard.headerHash, await sampleHash(shard, signal)]);
  }
  // What is read of the same bytes depends on the config where weights are quantised.
  if (checkpoint.quantisation !== undefined) facts.push('quantisation', checkpoint.quantisation);
  if (checkpoint.virtual !== undefined) {
    const { kind, sources, recipe } = checkpoint.virtual;
    facts.push(kind, recipe);
    for (const [index, source] of sources.entries()) facts.push(known[index] ?? (await fingerprint(source, signal)));
  }
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Every file whose bytes the checkpoint's tensors are made of, its sources' too. */
export function filesOf(checkpoint: Checkpoint): Shard[] {
  const files = new Map(checkpoint.shards.map((shard) => [shard.realPath, shard]));
  for (const source of checkpoint.virtual?.sources ?? [])
    for (const shard of filesOf(source)) files.set(shard.realPath, shard);
  return [...files.values()];
}

/**
 * What tells a stage from its successor under the same fingerprint, for the id of a run: length and time of each file.
 */
export function fileIdentities(checkpoint: Checkpoint): [name: string, bytes: number, modifiedNs: string][] {
  return filesOf(checkpoint).map(({ name, bytes, modifiedNs }) => [name, bytes, String(modifiedNs)]);
}

async function sampleHash(shard: Shard, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    const handle = await openRegular(shard.realPath);
    try {
      if (shard.bytes <= SAMPLES * SAMPLE_BYTES) {
        hash.update(await readFully(handle, shard.realPath, 0, shard.bytes, signal));
      } else {
        for (let sample = 0; sample < SAMPLES; sample++) {
          throwIfCancelled(signal);
          const begin = Math.floor((sample * (shard.bytes - SAMPLE_BYTES)) / (SAMPLES - 1));
          hash.update(await readFully(handle, shard.realPath, begin, begin + SAMPLE_BYTES, signal));
        }
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, shard.realPath);
  }
  return hash.digest('hex');
}

/**
 * Compares length, time and identity of every shard, the sources' too, with those at open time.
 * @throws `changed` when a shard was written, replaced or removed.
 */
export async function checkUnchanged(checkpoint: Checkpoint): Promise<void> {
  await Promise.all(filesOf(checkpoint).map(checkShard));
}

async function checkShard(shard: Shard): Promise<void> {
  let facts;
  try {
    facts = await stat(shard.realPath, { bigint: true });
  } catch (error) {
    const failure = fileError(error, shard.realPath);
    if (failure.code !== 'not-found') throw failure;
    throw new FrankensteinError('changed', `${shown(shard.realPath)} was removed while it was being read.`, {
      cause: error,
    });
  }
  if (facts.size !== BigInt(shard.bytes) || facts.mtimeNs !== shard.modifiedNs || facts.ino !== shard.inode) {
    throw new FrankensteinError(
      'changed',
      `${shown(shard.realPath)} changed while it was being read: start again when nothing writes to it any more.`,
    );
  }
}
