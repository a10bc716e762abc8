/**
 * Checkpoints made from integer hashes: `make_expectations.py` has the same arithmetic in numpy, so both write the
 * same bytes and no weights need to be stored.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dtype } from '../../../src/engine/checkpoint/checkpoint.js';
import { encode, writeSafetensors, type WrittenTensor } from '../../fixtures/checkpoints.js';
import { bell, mix } from '../hashed.js';

export interface Case {
  stages: { label: string; layout: 'flat' | 'nested'; shards: number }[];
  cuts: [number, number];
  recuts: [number, number][];
  tensors: CaseTensor[];
}

interface CaseTensor {
  name: string;
  shape: number[];
  /** Per stage. */
  dtypes: Dtype[];
  /** Size of the weights, and of each update relative to it. */
  scale: number;
  update: number[];
  /** Share of weights that an update moves. */
  changed?: number[];
  /** Another shape in these stages. */
  shapes?: Record<string, number[]>;
  /** Stages without the tensor. */
  absent?: number[];
  /** `[stage, index, "NaN" | "Infinity" | "-Infinity"]`. */
  values?: [number, number, string][];
}

/** Writes one stage of a case and returns its folder. */
export async function writeStage(root: string, testCase: Case, stage: number): Promise<string> {
  const { label, layout, shards } = testCase.stages[stage]!;
  const folder = path.join(root, label);
  await mkdir(folder, { recursive: true });
  const stored = testCase.tensors.flatMap((tensor, number): WrittenTensor[] => {
    if (tensor.absent?.includes(stage)) return [];
    const shape = tensor.shapes?.[String(stage)] ?? tensor.shape;
    const dtype = tensor.dtypes[stage]!;
    return [
      {
        name: nameOnDisk(tensor.name, layout),
        shape,
        dtype,
        data: () => encodeAsTorch(dtype, valuesOf(tensor, number, stage, shape)),
      },
    ];
  });
  const perShard = Math.ceil(stored.length / shards);
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = shards === 1 ? 'model.safetensors' : `model-${pad(shard + 1)}-of-${pad(shards)}.safetensors`;
    const part = stored.slice(shard * perShard, (shard + 1) * perShard);
    await writeSafetensors(path.join(folder, file), part);
    for (const { name } of part) weightMap[name] = file;
  }
  if (shards > 1)
    await writeFile(
      path.join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: {}, weight_map: weightMap }),
    );
  return folder;
}

/** The names of transformers before 4.52 (`flat`) or since (`nested`, canonical). */
function nameOnDisk(name: string, layout: 'flat' | 'nested'): string {
  return layout === 'nested'
    ? name
    : name.replace(/^model\.(visual\.)/, '$1').replace(/^model\.language_model\./, 'model.');
}

/** Weights of one tensor at one stage, before they are rounded to its dtype. */
function valuesOf(tensor: CaseTensor, number: number, stage: number, shape: readonly number[]): Float64Array {
  const seed = number * 1000;
  const { scale, update, changed = [1, 1] } = tensor;
  const values = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => {
    let value = bell(seed, index) * scale;
    for (let step = 0; step < stage; step++) {
      if (mix(seed + 500 + step, index) / 2 ** 32 < changed[step]!)
        value += bell(seed + 1 + step, index) * (scale * update[step]!);
    }
    return value;
  });
  const dtype = tensor.dtypes[stage]!;
  if (/^[IU]|BOOL/.test(dtype)) {
    values.forEach((value, index) => {
      const whole = Math.floor(value);
      values[index] = dtype === 'BOOL' ? Number(whole > 0) : dtype.startsWith('U') ? Math.abs(whole) : whole;
    });
  }
  for (const [at, index, special] of tensor.values ?? []) if (at === stage) values[index] = Number(special);
  return values;
}

/** PyTorch rounds to a small float by way of float32. */
function encodeAsTorch(dtype: Dtype, values: Float64Array): Uint8Array {
  return encode(dtype, /^(?:F16|BF16|F8)/.test(dtype) ? Float64Array.from(values, Math.fround) : values);
}

function pad(number: number): string {
  return String(number).padStart(5, '0');
}
