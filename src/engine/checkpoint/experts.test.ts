// Mixtures of experts in the layouts that are about: the same weights meet, and nothing is compared turned.
import assert from 'node:assert/strict';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Tensor } from './checkpoint.js';
import { readElements } from '../tensors/elements.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { alignTensors } from '../lineage/align.js';
import { tensorDetail } from '../analyses/compare/detail.js';
import { setUp } from '../analyses/spectrum/setup.js';
import { temporaryFolder, type TemporaryFolder, writeSafetensors } from '../../../test/fixtures/checkpoints.js';
import { mkdir, writeFile } from 'node:fs/promises';

const MODULE = 'model.layers.0.mlp.experts';
const EXPERTS = 3;

/** Value of an expert's weight: tells expert, projection, row and column. */
const weight = (expert: number, projection: number, row: number, column: number) =>
  ((expert * 3 + projection) * 64 + row) * 64 + column;

type Layout = 'single' | 'fused' | 'turned';

/** Hidden size and that of an expert; `lone` leaves the projection back out. */
async function write(folder: string, layout: Layout, hidden: number, inner: number, lone = false): Promise<string> {
  await mkdir(folder, { recursive: true });
  const matrix = (rows: number, columns: number, value: (row: number, column: number) => number) =>
    Float32Array.from({ length: rows * columns }, (_, at) => value(Math.floor(at / columns), at % columns));
  const gateUp = (expert: number) =>
    matrix(2 * inner, hidden, (row, column) => weight(expert, row < inner ? 0 : 1, row % inner, column));
  const down = (expert: number) => matrix(hidden, inner, (row, column) => weight(expert, 2, row, column));
  const turn = (values: Float32Array, rows: number) =>
    matrix(values.length / rows, rows, (row, column) => values[column * (values.length / rows) + row]!);
  const stack = (name: string, rows: number, columns: number, of: (expert: number) => Float32Array) => ({
    name: `${MODULE}.${name}`,
    dtype: 'F32' as const,
    shape: layout === 'turned' ? [EXPERTS, columns, rows] : [EXPERTS, rows, columns],
    data: Float32Array.from(
      Array.from({ length: EXPERTS }, (_, expert) => [
        ...(layout === 'turned' ? turn(of(expert), rows) : of(expert)),
      ]).flat(),
    ),
  });
  const one = (expert: number, name: string, rows: number, data: Float32Array) => ({
    name: `${MODULE}.${expert}.${name}.weight`,
    dtype: 'F32' as const,
    shape: [rows, data.length / rows],
    data,
  });
  const tensors =
    layout === 'single'
      ? Array.from({ length: EXPERTS }, (_, expert) => [
          one(expert, 'gate_proj', inner, gateUp(expert).slice(0, inner * hidden)),
          one(expert, 'up_proj', inner, gateUp(expert).slice(inner * hidden)),
          one(expert, 'down_proj', hidden, down(expert)),
        ]).flat()
      : [stack('gate_up_proj', 2 * inner, hidden, gateUp), ...(lone ? [] : [stack('down_proj', hidden, inner, down)])];
  await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  await writeFile(
    path.join(folder, 'config.json'),
    JSON.stringify({ model_type: 'qwen3_moe', num_hidden_layers: 1, hidden_size: hidden }),
  );
  return folder;
}

async function valuesOf(tensor: Tensor | undefined): Promise<Float64Array> {
  assert.ok(tensor);
  const values = new Float64Array(tensor.size);
  await readElements(tensor, 0, values);
  return values;
}

describe('experts in several layouts', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());
  let count = 0;
  const make = (layout: Layout, hidden: number, inner: number, lone?: boolean) =>
    write(path.join(temporary.path, `experts-${count++}`), layout, hidden, inner, lone);

  // With hidden = 2 · inner gate and up are square, with hidden = inner the projection back is.
  for (const [hidden, inner] of [
    [8, 6],
    [8, 4],
    [6, 6],
  ] as const) {
    for (const [a, b] of [
      ['single', 'fused'],
      ['single', 'turned'],
      ['fused', 'turned'],
      ['turned', 'turned'],
    ] as const) {
      it(`are the same weights: ${a} beside ${b}, ${hidden} × ${inner}`, async () => {
        const folders = [await make(a, hidden, inner), await make(b, hidden, inner)] as const;
        const checkpoints = [await openCheckpoint(folders[0]), await openCheckpoint(folders[1])];
        const { tensors, missing } = alignTensors(checkpoints);
        assert.deepEqual(missing, []);
        assert.equal(tensors.length, a === 'single' ? 3 * EXPERTS : 2);
        for (const { stored } of tensors) assert.deepEqual(await valuesOf(stored[1]), await valuesOf(stored[0]));
        const { name } = tensors.at(-1)!;
        const detail = await tensorDetail({ before: folders[0], after: folders[1], name, from: 0 });
        assert.equal(detail.histogram.zeros, tensors.at(-1)!.stored[0]!.size);
      });
    }
  }

  it('are taken apart out of two stacks, where a third stage has them one by one', async () => {
    const [fused, turned] = [await make('fused', 8, 4), await make('turned', 8, 4)];
    const name = 'model.language_model.layers.0.mlp.experts.1.up_proj.weight';
    const detail = await tensorDetail({ before: fused, after: turned, name, from: 0 }).catch(() =>
      tensorDetail({ before: fused, after: turned, name: `${MODULE}.1.up_proj.weight`, from: 0 }),
    );
    assert.deepEqual([detail.shape, detail.histogram.zeros], [[4, 8], 32]);
  });

  it('are left out where square and nothing tells which axis is which', async () => {
    const stages = [await make('fused', 8, 4, true), await make('turned', 8, 4)];
    const checkpoints = [await openCheckpoint(stages[0]!), await openCheckpoint(stages[1]!)];
    const { tensors, missing } = alignTensors(checkpoints);
    assert.ok(!tensors.some(({ name }) => name.endsWith('gate_up_proj')));
    assert.match(missing.find(({ name }) => name.endsWith('gate_up_proj'))!.reason, /could be compared turned/);
  });

  it('have the parts of their layout in a spectrum', async () => {
    const stages = [{ path: await make('fused', 8, 4) }, { path: await make('turned', 8, 4) }];
    const { matrices } = await setUp({ stages }, {});
    assert.deepEqual(
      matrices
        .filter(({ part }) => part.part?.startsWith('expert 1') === true)
        .map(({ part }) => [part.part, part.rows, part.columns, part.columnStride]),
      [
        ['expert 1', 8, 8, 1],
        ['expert 1 gate', 4, 8, 1],
        ['expert 1 up', 4, 8, 1],
        ['expert 1', 8, 4, 1],
      ],
    );
  });
});
