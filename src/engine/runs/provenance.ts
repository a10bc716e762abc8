/** Provenance of a result: enough to tell two results apart and to compute one again. */
// The version alone: loading the runtime takes as long as a small comparison.
import { version as ORT_VERSION } from 'onnxruntime-node/dist/version.js';
import { ENGINE_VERSION } from '../version.js';

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

export interface Provenance {
  runId: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  finishedAt: string;
  engine: string;
  onnxruntime: string;
  node: string;
  platform: string;
  /** A hash of all that the result says, beside what the weights say. The same, and it is not made again. */
  inputs?: string | undefined;
}
