/** Where a result comes from: enough to tell two results apart and to make one again. */
import { ORT_VERSION } from '../runtime/session.js';
import { ENGINE_VERSION } from '../version.js';
import type { Provenance } from './result.js';

export function provenance(runId: string, startedAt: Date): Provenance {
  return {
    runId,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    engine: ENGINE_VERSION,
    onnxruntime: ORT_VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}
