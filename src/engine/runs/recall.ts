/**
 * Finds a finished result again without opening a checkpoint: by the question and by how the folders look (names,
 * sizes, times and inodes of their files). Every write changes a file's change time, so equal facts mean equal files.
 * This works for checkpoints in one folder only: an adapter's base or a recipe's parts may be anywhere, so those are
 * opened.
 *
 * Most of a stored result is its tensors, which a summary in a terminal does not need: 100,000 of them are 50 MB of
 * JSON. What is known of a result is all but them; they are read where they are asked for.
 */
import { type BigIntStats, readFileSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { StageRequest } from '../checkpoint/stage.js';
import { ENGINE_VERSION } from '../version.js';
import type { Provenance } from './provenance.js';
import {
  type Guard,
  isLike,
  isRunId,
  readJson,
  RESULT_FILE,
  runFolder,
  runIdOf,
  storedResult,
  writeBeside,
} from './store.js';

/** Nanoseconds by which every change must lie back: a later one then has another time on any file system. */
const SETTLED = 3_000_000_000n;
/** A folder of more files is no checkpoint's. */
const MOST_FILES = 20_000;

/** A result whose tensors, where it has any, are read later. */
interface Recalled {
  tensors?: readonly unknown[];
  provenance: Provenance;
}

export interface Recall<Result> {
  /** Undefined where nothing is known, or something changed. */
  result: Result | undefined;
  /** Says that these checkpoints, as they looked before they were opened, give `result`, which is stored. */
  remember: (checkpoints: readonly Checkpoint[], result: Result) => Promise<void>;
}

/**
 * @param question what the result depends on beside the checkpoints: kind, labels, cuts. Memory and threads are no
 * part.
 * @param stages in their order. @param runsFolder nothing is stored, and nothing found, without one.
 */
export async function recall<Result extends Recalled>(
  question: object,
  stages: readonly StageRequest[],
  runsFolder: string | undefined,
  isResult: Guard<Result>,
): Promise<Recall<Result>> {
  const nothing = { result: undefined, remember: () => Promise.resolve() };
  if (runsFolder === undefined || stages.some(({ recipe }) => recipe !== undefined)) return nothing;
  const now = BigInt(Date.now()) * 1_000_000n;
  const locations = stages.map((stage) => path.resolve(stage.path));
  const looks = await Promise.all(locations.map((location) => lookOf(location, now - SETTLED).catch(() => undefined)));
  if (looks.includes(undefined)) return nothing;
  const labels = stages.map(({ label }) => label);
  const key = runIdOf({ engine: ENGINE_VERSION, question, locations, labels, looks: looks.map((look) => look!.files) });
  const file = path.join(runsFolder, 'known', `${key}.json`);
  return {
    result: await knownResult(file, runsFolder, isResult),
    remember: async (checkpoints, stored) => {
      const { runId, inputs } = stored.provenance;
      const isPlain = checkpoints.every(
        ({ virtual, folder, shards }, index) =>
          virtual === undefined && folder === looks[index]!.folder && shards.every(({ name }) => !/[/\\]/.test(name)),
      );
      if (!isPlain || inputs === undefined) return;
      // Only a shortcut: where it cannot be written, the long way remains.
      await mkdir(path.dirname(file), { recursive: true })
        .then(() => factsOf(resultFile(runsFolder, runId)))
        .then((facts) => writeBeside(file, JSON.stringify({ runId, inputs, facts, result: withoutTensors(stored) })))
        .catch(() => undefined);
    },
  };
}

async function knownResult<Result extends Recalled>(
  file: string,
  runsFolder: string,
  isResult: Guard<Result>,
): Promise<Result | undefined> {
  const known = await readJson(file);
  if (!isLike(known, { runId: '', inputs: '' }) || !isRunId(known.runId)) return undefined;
  const stored = resultFile(runsFolder, known.runId);
  const isAsWritten = isLike(known, { facts: '' }) && known.facts === (await factsOf(stored).catch(() => undefined));
  const result =
    isAsWritten && isLike(known, { result: {} }) && isResult(known.result)
      ? withTensorsOf(stored, known.result)
      : await storedResult(isResult, runsFolder, known.runId);
  return result?.provenance.inputs === known.inputs ? result : undefined;
}

function withoutTensors(result: Recalled): Recalled {
  return result.tensors === undefined ? result : { ...result, tensors: [] };
}

/** `result`, whose tensors are read from the file when someone first asks for them. */
function withTensorsOf<Result extends Recalled>(file: string, result: Result): Result {
  if (result.tensors === undefined) return result;
  let tensors: Result['tensors'] | undefined;
  const read = () => (tensors ??= (JSON.parse(readFileSync(file, 'utf8')) as Result).tensors);
  return Object.defineProperty(result, 'tensors', { get: read, enumerable: true });
}

function resultFile(runsFolder: string, runId: string): string {
  return path.join(runFolder(runsFolder, runId), RESULT_FILE);
}

/** Equal for a file that nobody has written to. Links are followed, as they are when it is read. */
async function factsOf(file: string): Promise<string> {
  return factsText(await stat(file, { bigint: true }));
}

function factsText({ size, mtimeNs, ctimeNs, dev, ino }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, dev, ino].join('\0');
}

/** Undefined where what is read may lie elsewhere, or a file has changed since `before` (nanoseconds). */
async function lookOf(location: string, before: bigint): Promise<{ folder: string; files: string[] } | undefined> {
  const isFolder = (await stat(location)).isDirectory();
  const folder = isFolder ? location : path.dirname(location);
  const names = (await readdir(folder)).sort();
  const isWhole = names.some((name) => name.endsWith('.safetensors')) && !names.some((name) => /^adapter_/.test(name));
  if (!isWhole || names.length > MOST_FILES || (!isFolder && !/\.(?:json|safetensors)$/.test(location)))
    return undefined;
  const files: string[] = [];
  for (const name of names) {
    // Links are followed, as they are when it is read.
    const facts = await stat(path.join(folder, name), { bigint: true });
    if (facts.isDirectory()) files.push(`${name}/`);
    else if (facts.ctimeNs >= before || facts.mtimeNs >= before) return undefined;
    else files.push(`${name}\0${factsText(facts)}`);
  }
  return { folder, files };
}
