/** Batches that fit the memory plan. */
import type { Model } from '../../models/model.js';
import { promptBytes, rowBytes } from '../../models/plan.js';
import type { ProcessedPrompt } from '../../models/processor/processor.js';
import type { ProbeJob } from './job.js';
import { probeKind } from './kinds/list.js';
import type { PreparedUnit } from './prompts.js';

/** More rows are not faster, and what is under way when a run is killed is lost. */
const MOST_ROWS = 192;
/** The same where every sample is one row. */
const MOST_UNITS = 32;

/** What a batch may hold: half of the memory for untouched states, half for the rows that are decoded from them. */
export interface Room {
  /** Whether this many prompts of this many tokens fit. */
  fits(units: number, tokens: number): boolean;
  /** Rows to decode together. */
  rows(tokens: number): number;
  /** What so many prompts take at the most, with the rows that are decoded from them. */
  bytes(units: number, tokens: number): number;
  /** What this prompt takes at the least, alone. */
  needs(prompt: ProcessedPrompt): number;
}

export function roomFor(
  { spec, plan }: Pick<Model, 'spec' | 'plan'>,
  { kind, depths, maxNewTokens }: Pick<ProbeJob, 'kind' | 'depths' | 'maxNewTokens'>,
): Room {
  const { unitBytes, branches } = probeKind(kind);
  const half = plan.batchBytes / 2;
  const perUnit = (tokens: number) => unitBytes({ spec, tokens, depths: depths.length, maxNewTokens });
  const most = Math.max(1, branches ? Math.floor(MOST_ROWS / (depths.length + 2)) : MOST_UNITS);
  return {
    fits: (units, tokens) => units <= most && units * perUnit(tokens) <= half,
    rows: (tokens) => Math.max(1, Math.min(MOST_ROWS, Math.floor(half / rowBytes(spec, tokens, maxNewTokens)))),
    bytes: (units, tokens) => {
      const rows = branches
        ? Math.min(units * (depths.length + 2), MOST_ROWS, Math.floor(half / rowBytes(spec, tokens, maxNewTokens)))
        : 0;
      return units * perUnit(tokens) + Math.max(1, rows) * rowBytes(spec, tokens, maxNewTokens);
    },
    needs: (prompt) => 2 * Math.max(perUnit(prompt.inputIds.length), promptBytes(spec, prompt, maxNewTokens)),
  };
}

/** The same room, with at most so many units to a batch. */
export function within<R extends Pick<Room, 'fits'>>(room: R, most = Infinity): R {
  return { ...room, fits: (units: number, tokens: number) => units <= most && room.fits(units, tokens) };
}

/** Splits units into batches in their own order; a unit may be a batch alone. */
export async function* groupsOf<U extends Pick<PreparedUnit, 'prompt'>>(
  units: AsyncIterable<U>,
  room: Pick<Room, 'fits'>,
): AsyncGenerator<{ units: U[]; tokens: number }> {
  let group: U[] = [];
  let tokens = 0;
  for await (const unit of units) {
    const longest = Math.max(tokens, unit.prompt.inputIds.length);
    if (group.length > 0 && !room.fits(group.length + 1, longest)) {
      yield { units: group, tokens };
      group = [];
      tokens = 0;
    }
    group.push(unit);
    tokens = Math.max(tokens, unit.prompt.inputIds.length);
  }
  if (group.length > 0) yield { units: group, tokens };
}
