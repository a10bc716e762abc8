/** Where a result comes from, in words. No DOM. */
import type { Provenance } from '../../src/protocol/engineApi.js';

/** `2026-11-30 10:04 UTC`: the same for every reader of an exported figure. */
export function finishedText({ finishedAt }: Pick<Provenance, 'finishedAt'>): string {
  return `${finishedAt.slice(0, 16).replace('T', ' ')} UTC`;
}

export function versionsText({ engine, onnxruntime }: Pick<Provenance, 'engine' | 'onnxruntime'>): string {
  return `Frankenstein Lab ${engine} · ONNX Runtime ${onnxruntime}`;
}
