// The least reader of a safetensors file: names, types, shapes, bytes.
import fs from 'node:fs';

export interface Tensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

export function readSafetensors(file: string): Map<string, Tensor> {
  const data = fs.readFileSync(file);
  const length = Number(data.readBigUInt64LE(0));
  const header = JSON.parse(data.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const out = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    out.set(name, { dtype: entry.dtype, shape: entry.shape, bytes: data.subarray(8 + length + from, 8 + length + to) });
  }
  return out;
}

/** The language layer a tensor belongs to, or null. */
export function layerOf(name: string): number | null {
  const found = /^(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(\d+)\./.exec(name);
  return found ? Number(found[1]) : null;
}
