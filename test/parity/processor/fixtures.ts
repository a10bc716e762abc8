/** The stored processors' files as checkpoints without weights. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.js';

export const FIXTURES = path.resolve('test/parity/processor/fixtures');

/** What the processor reads of a checkpoint: no weights. */
export function checkpointAt(folder: string): Checkpoint {
  const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  return {
    path: folder,
    folder,
    config,
    family: String(config['model_type']),
    layout: String(config['model_type']),
    files: new Map(readdirSync(folder).map((name) => [name, path.join(folder, name)])),
    shards: [],
    tensors: new Map(),
    layers: 1,
    visionLayers: 'vision_config' in config ? 1 : 0,
    visionStacks: [],
    warnings: [],
  };
}

export function sha256(bytes: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    .digest('hex');
}
