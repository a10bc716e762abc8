/** The user's choices in a trajectory: what survives a reload. Every field is checked and falls back alone. No DOM. */
import type { Against } from '../../src/protocol/engineApi.js';

export const SIZES = ['relative', 'fro', 'changed'] as const;
export type SizeName = (typeof SIZES)[number];

export interface TrajectoryView {
  /** Null: as the result was asked for. */
  against: Against | null;
  size: SizeName;
  log: boolean;
  /** The layer whose curve stands beside the regions'; null for none. */
  depth: number | null;
}

export const DEFAULT_TRAJECTORY_VIEW: TrajectoryView = { against: null, size: 'relative', log: false, depth: null };

export function parseTrajectoryView(memory: unknown): TrajectoryView {
  const from = typeof memory === 'object' && memory !== null ? (memory as Record<string, unknown>) : {};
  const usual = DEFAULT_TRAJECTORY_VIEW;
  const { depth } = from;
  return {
    against: (['first', 'previous'] as const).find((one) => one === from['against']) ?? usual.against,
    size: SIZES.find((one) => one === from['size']) ?? usual.size,
    log: from['log'] === true,
    depth: typeof depth === 'number' && Number.isInteger(depth) ? depth : usual.depth,
  };
}
