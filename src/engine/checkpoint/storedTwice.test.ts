// One weight in two layouts of the same file: never one of them in silence.
import assert from 'node:assert/strict';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from './checkpoint.js';
import { refuseLeftOut } from './leftOut.js';
import { storedTwice } from './storedTwice.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { alignTensors } from '../lineage/align.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import {
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  type WrittenTensor,
} from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

let count = 0;
const LAYER = 'model.layers.0';
const EXPERTS = `${LAYER}.mlp.experts`;
const tensor = (name: string, ...shape: number[]): WrittenTensor => ({
  name,
  shape,
  dtype: 'F32',
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});
const stacks = [tensor(`${EXPERTS}.gate_up_proj`, 2, 8, 16), tensor(`${EXPERTS}.down_proj`, 2, 16, 4)];
const singles = [0, 1].flatMap((expert) => [
  tensor(`${EXPERTS}.${expert}.gate_proj.weight`, 4, 16),
  tensor(`${EXPERTS}.${expert}.up_proj.weight`, 4, 16),
  tensor(`${EXPERTS}.${expert}.down_proj.weight`, 16, 4),
]);

/** A text model with these tensors beside its own. */
async function withTensors(...more: readonly WrittenTensor[]): Promise<Checkpoint> {
  const { folder } = await writeCheckpoint(path.join(temporary.path, `checkpoint-${count++}`), {
    family: 'qwen3',
    layers: 1,
    edit: (tensors) => [...tensors, ...more],
  });
  return openCheckpoint(folder);
}

describe('experts that are stored stacked and one by one', () => {
  it('are left out by name, listed by inspect, and refused where every weight is needed', async () => {
    const both = await withTensors(...stacks, ...singles);
    const plain = await withTensors(...singles);
    assert.match(both.warnings.join(' '), /stored stacked and one by one.* 8 tensors are left out: "model\./);
    assert.deepEqual(
      [...both.tensors.keys()].filter((name) => name.includes('experts')),
      [],
    );
    const { tensors, missing } = alignTensors([both, plain]);
    assert.ok(!tensors.some(({ name }) => name.includes('experts')));
    const reasons = missing.filter(({ name }) => name.includes('experts')).map(({ reason }) => reason);
    assert.equal(reasons.length, 8);
    for (const reason of reasons) assert.match(reason, /nothing says which counts/);
    assert.throws(() => refuseLeftOut(both, 'be run'), /cannot be run: its .*experts.* nothing says which counts/);
    const inspected = await inspectCheckpoint(both.path);
    assert.equal(inspected.tensors.filter(({ leftOut }) => leftOut?.includes('nothing says which counts')).length, 8);
  });

  it('are left out where one projection alone is doubled', async () => {
    const { tensors } = await withTensors(stacks[0]!, ...singles);
    assert.deepEqual(
      [...tensors.keys()].flatMap((name) => /experts.*/.exec(name) ?? []),
      ['experts.0.down_proj.weight', 'experts.1.down_proj.weight'],
    );
    assert.equal(
      (await withTensors(stacks[0]!, ...singles.filter(({ name }) => /down/.test(name)))).leftOut,
      undefined,
    );
  });

  it('are recognised under the names of Mixtral', () => {
    const own = 'model.layers.0.block_sparse_moe.experts.1';
    const names = [`${own}.w2.weight`, `${own}.w3.weight`, `${EXPERTS}.down_proj`, `${EXPERTS}.gate_up_proj`];
    assert.deepEqual([...storedTwice(new Set(names)).undecided.keys()].sort(), names);
  });
});

describe('weights that are stored fused and in parts', () => {
  for (const [fused, part] of [
    ['self_attn.qkv_proj.weight', 'self_attn.q_proj.weight'],
    ['self_attn.qkv_proj.bias', 'self_attn.v_proj.bias'],
    ['attn.qkv.weight', 'attn.q.weight'],
    ['mlp.gate_up_proj.weight', 'mlp.up_proj.weight'],
    ['linear_attn.in_proj_qkvz.weight', 'linear_attn.in_proj_z.weight'],
    ['linear_attn.in_proj_ba.weight', 'linear_attn.in_proj_a.weight'],
    ['mlp.experts.3.gate_up_proj.weight', 'mlp.experts.3.gate_proj.weight'],
  ] as const)
    it(`are named: ${fused} beside ${part}`, () => {
      const { warnings, undecided } = storedTwice(new Set([`${LAYER}.${fused}`, `${LAYER}.${part}`]));
      assert.equal(undecided.size, 0);
      assert.match(warnings.join(), /1 weight is stored twice, fused and in parts/);
      assert.deepEqual(storedTwice(new Set([`${LAYER}.${fused}`, `model.layers.1.${part}`])).warnings, []);
    });

  it('are both compared, and the warning is the checkpoint’s', async () => {
    const { tensors, warnings } = await withTensors(tensor(`${LAYER}.self_attn.qkv_proj.weight`, 48, 16));
    assert.equal([...tensors.keys()].filter((name) => /self_attn\.qk?v?_proj\.weight/.test(name)).length, 2);
    assert.match(warnings.join(), /fused and in parts: "model\..*qkv_proj\.weight"/);
  });
});

describe('weights whose names differ in an ending or a wrapper', () => {
  it('are named, and the stack without ".weight" is the one that is taken apart', async () => {
    const twin = await withTensors(...stacks, tensor(`${EXPERTS}.down_proj.weight`, 2, 16, 4));
    assert.match(twin.warnings.join(), /stored twice, with and without "\.weight"/);
    const { tensors } = alignTensors([twin, await withTensors(...singles)]);
    const down = tensors.find(({ name }) => name.endsWith('experts.1.down_proj.weight'))!.stored[0]!;
    assert.match(down.onDisk, /experts\.down_proj$/);
  });

  it('keep the wrapper’s name beside the model’s own, with a warning', async () => {
    const { warnings } = await withTensors(tensor(`${LAYER}.self_attn.q_proj.base_layer.weight`, 16, 16));
    assert.match(warnings.join(), /1 tensor keeps the name of a wrapper.*base_layer/);
  });

  it('are refused where PEFT’s copy lies beside the model’s own', async () => {
    await assert.rejects(
      withTensors(tensor('model.norm.modules_to_save.default.weight', 16)),
      /copies of one tensor .* beside the model's own, and nothing says which counts: "model\.norm\.weight"/,
    );
  });
});
