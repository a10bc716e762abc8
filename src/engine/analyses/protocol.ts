/** What a protocol means: what the files hold that it names, and who is asked with which words. */
import path from 'node:path';
import { quoted, shown } from '../checkpoint/failure.js';
import { type Choosing, numpySeedOf, readIds } from '../datasets/choose.js';
import { conditionOf } from '../datasets/condition.js';
import { hashOf } from '../datasets/dataFiles.js';
import type { ReadOptions } from '../datasets/jsonl.js';
import { readMapping } from '../datasets/mapping.js';
import { FrankensteinError } from '../errors.js';
import type { Framing } from '../models/processor/framing.js';
import type { PixelBounds } from '../models/processor/imageSettings.js';
import type { Worded } from './declare/protocol.js';
import type { Protocol } from './declare/protocolText.js';

/** The part of a request that a protocol is. */
export interface ProtocolRequest extends PixelBounds {
  system?: readonly Worded[] | undefined;
  prefix?: readonly Worded[] | undefined;
  promptColumn?: string | undefined;
  mapping?: string | undefined;
  where?: readonly string[] | undefined;
  ids?: string | undefined;
  draw?: string | undefined;
  first?: number | undefined;
  samples?: number | undefined;
  seed: number;
}

export interface ProtocolSetup {
  /** How sets are read. */
  reading: Pick<ReadOptions, 'where' | 'promptColumn' | 'mapping'>;
  /** Which questions of a set are asked. */
  choosing: Choosing;
  /** Per checkpoint. */
  framings: Framing[];
  pixels: PixelBounds;
  /** For identity and result; undefined where all is as it is by default. */
  protocol: Protocol | undefined;
}

/** What names a checkpoint. */
interface Named {
  label: string;
  role?: string | undefined;
  path: string;
}

/** @throws `bad-request` for what does not go together, and what reading the files throws */
export async function setUpProtocol(
  request: ProtocolRequest,
  checkpoints: readonly Named[],
  signal: AbortSignal | undefined,
): Promise<ProtocolSetup> {
  checkChoice(request);
  const { minPixels, maxPixels, promptColumn, where, draw, first, samples, seed } = request;
  const system = wordsOf('system', request.system, checkpoints);
  const prefix = wordsOf('prefix', request.prefix, checkpoints);
  const ids = request.ids === undefined ? undefined : await readIds(request.ids, signal);
  const mapping = request.mapping === undefined ? undefined : await readMapping(request.mapping, signal);
  const pixels = { ...(minPixels !== undefined && { minPixels }), ...(maxPixels !== undefined && { maxPixels }) };
  const protocol: Protocol = {
    ...(system && { system }),
    ...(prefix && { prefix }),
    ...pixels,
    ...(promptColumn !== undefined && { promptColumn }),
    ...(mapping && { mapping: await fileFacts(request.mapping!) }),
    ...(where && where.length > 0 && { where: [...where] }),
    ...(ids && { ids: { ...(await fileFacts(request.ids!)), count: ids.length } }),
    ...(draw !== undefined && { draw }),
    ...(first !== undefined && { first }),
  };
  return {
    reading: { where: where?.map(conditionOf), promptColumn, mapping },
    choosing: { ids, samples, seed, first, numpySeed: draw === undefined ? undefined : numpySeedOf(draw) },
    framings: checkpoints.map((_, index) => ({
      ...(typeof system?.[index] === 'string' && { system: system[index] }),
      ...(typeof prefix?.[index] === 'string' && { prefix: prefix[index] }),
    })),
    pixels,
    protocol: Object.keys(protocol).length === 0 ? undefined : protocol,
  };
}

function checkChoice({ ids, draw, first, samples }: ProtocolRequest): void {
  const refuse = (sentence: string) => {
    throw new FrankensteinError('bad-request', sentence);
  };
  if (ids !== undefined && draw !== undefined)
    refuse('--ids names the questions and --draw draws them: give one of the two.');
  if (ids !== undefined && (samples ?? first) !== undefined)
    refuse('--ids names the questions: --samples and --first do not go with it.');
  if (draw !== undefined && samples === undefined) refuse('--draw needs --samples, the number of questions to draw.');
  if (first !== undefined && samples !== undefined)
    refuse('--first and --samples both say which questions: give one of the two.');
}

async function fileFacts(file: string): Promise<{ file: string; sha256: string }> {
  const full = path.resolve(file);
  return { file: full, sha256: await hashOf(full) };
}

/** Per checkpoint: its own words, else those for all. Undefined where none has some. @throws `bad-request` */
function wordsOf(
  option: string,
  given: readonly Worded[] | undefined,
  checkpoints: readonly Named[],
): (string | null)[] | undefined {
  if (given === undefined || given.length === 0) return undefined;
  const isOf = (name: string, { label, role, path: location }: Named) =>
    [label, role].some((one) => one?.toLowerCase() === name.toLowerCase()) ||
    path.resolve(location) === path.resolve(name);
  const stray = given.find(
    ({ checkpoint }) => checkpoint !== undefined && !checkpoints.some((one) => isOf(checkpoint, one)),
  );
  if (stray !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `No checkpoint is called ${quoted(stray.checkpoint!)}; there are ` +
        `${checkpoints.map(({ label }) => shown(label)).join(', ')}. A text for all that begins with a ` +
        `word and = goes into a file: --${option} @FILE.`,
    );
  return checkpoints.map((one) => {
    const own = given.filter(({ checkpoint }) => checkpoint !== undefined && isOf(checkpoint, one)).at(-1);
    return (own ?? given.filter(({ checkpoint }) => checkpoint === undefined).at(-1))?.text ?? null;
  });
}
