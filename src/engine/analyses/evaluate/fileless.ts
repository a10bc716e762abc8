/** Checkpoints of which no file is read: behind an address, or in a run that is done. */
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { UNKNOWN_LAYOUT } from '../../families/list.js';

/** Without weights, layers or files: what results and runs say of it is its path, its name and its family. */
export function checkpointWithoutFiles({
  path,
  label,
  family,
}: {
  path: string;
  label: string;
  family: string;
}): Checkpoint {
  return {
    path,
    folder: label,
    shards: [],
    tensors: new Map(),
    config: undefined,
    family,
    layout: UNKNOWN_LAYOUT.id,
    layers: 0,
    visionLayers: 0,
    visionStacks: [],
    files: new Map(),
    warnings: [],
  };
}
