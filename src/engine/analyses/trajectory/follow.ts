/** Following a training that goes on: when there are new whole checkpoints, it is time for another round. */
import { setTimeout as wait } from 'node:timers/promises';
import { FrankensteinError } from '../../errors.js';
import type { Options } from '../declare/field.js';
import type { FoundSteps, StepsRequest, TrajectoryRequest } from './request.js';

/** Whatever can look: the engine, or a stand-in. */
export interface Looking {
  findSteps(request: StepsRequest): Promise<FoundSteps | null>;
}

/**
 * Whether a round that failed is no reason to stop watching: a trainer that keeps a few checkpoints removes old ones,
 * also while they are read.
 */
export function goesOn(code: string | undefined): boolean {
  return code === 'changed' || code === 'not-found';
}

/** Milliseconds between looks. */
const INTERVAL = 2000;

/**
 * Waits until there are two whole checkpoints or more that are not the ones of `before`.
 * @returns what there is; undefined when it was cancelled.
 * @throws what looking throws, but for a folder that has no step yet
 */
export async function awaitSteps(
  look: Looking,
  request: TrajectoryRequest,
  before: FoundSteps | undefined,
  signal: AbortSignal | undefined,
  interval = INTERVAL,
): Promise<FoundSteps | undefined> {
  const { stages, start } = request;
  let unless = before?.looks;
  for (;;) {
    if (signal?.aborted) return undefined;
    const now = await look.findSteps({ stages, start, unless }).catch((error: unknown) => {
      // The trainer may not have written its first one.
      if ((error as { code?: unknown }).code === 'not-found') return null;
      throw error;
    });
    if (now !== null && now.whole.length >= 2 && pathsOf(now) !== pathsOf(before)) return now;
    unless = now?.looks ?? unless;
    await wait(interval, undefined, { signal }).catch(() => undefined);
  }
}

function pathsOf(found: FoundSteps | undefined): string {
  return JSON.stringify(found?.whole.map(({ path }) => path) ?? null);
}

/**
 * The rounds of a command: one without `--watch`; with it one at once, and one whenever checkpoints have come, until it
 * is cancelled between rounds or the step of `--until` was there.
 * @throws `bad-request` where nothing would be kept from round to round
 */
export async function* rounds(
  look: Looking,
  request: TrajectoryRequest,
  { watch, until }: Options,
  signal: AbortSignal | undefined,
  tell: (sentence: string) => void,
): AsyncGenerator<number> {
  if (watch !== true) {
    if (until !== undefined) throw new FrankensteinError('bad-request', '--until goes with --watch.');
    yield 1;
    return;
  }
  if (request.runsFolder === undefined)
    throw new FrankensteinError(
      'bad-request',
      '--watch keeps what it has read in the folder for runs: leave out --no-runs.',
    );
  let before: FoundSteps | undefined;
  for (let round = 1; ; round++) {
    const found = await awaitSteps(look, request, before, signal);
    if (found === undefined) return;
    yield round;
    before = found;
    const last = found.whole.at(-1)!.step;
    if (typeof until === 'number' && last >= until) return;
    tell(`Waiting for a whole checkpoint after step ${last}; Ctrl-C ends.`);
  }
}
