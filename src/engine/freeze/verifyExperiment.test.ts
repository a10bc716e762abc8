/** What counts as frozen: the same bits, whatever the result's dtype. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Dtype } from '../checkpoint/checkpoint.js';
import { planExperiment } from './experiment.js';
import { runsOf } from './matrix.js';
import { verifyFrozen } from './verifyExperiment.js';
import { run } from '../../../test/unit/cli/cli.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';
import { writeSafetensors } from '../../../test/fixtures/checkpoints.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'verify-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const SHAPE = [8, 8];
const VALUES = Array.from({ length: 64 }, (_, index) => (index % 7) * 0.125 - 0.25);
const name = (layer: number) => `model.language_model.layers.${layer}.mlp.up_proj.weight`;

/** A model of three layers, with some of the weights of a layer changed. */
async function model(
  folder: string,
  dtype: Dtype,
  changes: Record<number, (value: number, at: number) => number> = {},
) {
  const place = path.join(root, folder);
  await mkdir(place, { recursive: true });
  await writeFile(
    path.join(place, 'config.json'),
    JSON.stringify({ model_type: 'qwen2_5_vl', num_hidden_layers: 3, tie_word_embeddings: true }),
  );
  await writeSafetensors(
    path.join(place, 'model.safetensors'),
    [0, 1, 2].map((layer) => ({
      name: name(layer),
      shape: SHAPE,
      dtype,
      data: Float64Array.from(VALUES, (value, at) => changes[layer]?.(value, at) ?? value),
    })),
  );
  return place;
}

const check = async (before: string, after: string, frozen = ['0']) => {
  const { runs } = await verifyFrozen({ in: before, result: after, frozen });
  return runs[0]!.verification!;
};

describe('a frozen tensor', () => {
  it('is the same bits in the same dtype', async () => {
    const found = await check(await model('a', 'BF16'), await model('b', 'BF16', { 1: (value) => value + 1 }));
    assert.ok(found.passed);
    assert.deepEqual(
      found.groups.map(({ group, changed, unmoved }) => [group, changed, unmoved]),
      [
        ['mid', 1, 0],
        ['late', 0, 1],
      ],
    );
    assert.match(found.warnings.join(), /late: no weight moved/);
  });

  it('is the same value in a finer dtype', async () => {
    assert.ok((await check(await model('a', 'BF16'), await model('b32', 'F32', { 1: (value) => value + 1 }))).passed);
  });

  it('has moved where a finer dtype shows what rounding would hide', async () => {
    const tiny = (value: number) => value * (1 + 2 ** -12);
    const found = await check(await model('a', 'BF16'), await model('tiny', 'F32', { 0: tiny }));
    assert.equal(found.passed, false);
    const [moved] = found.moved;
    assert.equal(moved!.name, name(0));
    assert.equal(moved!.belowStep, true);
    assert.equal(moved!.changed, VALUES.filter((value) => value !== 0).length);
  });

  it('is equal once IN is rounded in a coarser dtype, and that is said', async () => {
    const fine = (value: number) => value * (1 + 2 ** -12);
    const found = await check(await model('fine', 'F32', { 0: fine }), await model('a', 'BF16', {}));
    assert.ok(found.passed);
    assert.equal(found.frozen.rounded, 1);
    assert.match(found.warnings.join(), /more coarsely/);
  });

  it('has moved where one sign of zero or one NaN differs', async () => {
    const zero = await check(
      await model('a', 'BF16'),
      await model('z', 'BF16', { 0: (value) => (value === 0 ? -0 : value) }),
    );
    assert.equal(zero.passed, false);
    const nan = await check(
      await model('a', 'BF16'),
      await model('n', 'BF16', { 0: (value, at) => (at === 3 ? NaN : value) }),
    );
    assert.deepEqual([nan.passed, nan.moved[0]!.changed], [false, 1]);
  });

  it('is missed where it is not there', async () => {
    const place = await model('cut', 'BF16');
    await writeSafetensors(
      path.join(place, 'model.safetensors'),
      [1, 2].map((layer) => ({ name: name(layer), shape: SHAPE, dtype: 'BF16' as const, data: VALUES })),
    );
    await writeFile(
      path.join(place, 'config.json'),
      JSON.stringify({ model_type: 'qwen2_5_vl', tie_word_embeddings: true }),
    );
    const found = await check(await model('a', 'BF16'), place);
    assert.deepEqual([found.passed, found.missing.map((one) => one.name)], [false, [name(0)]]);
  });
});

describe('an adapter', () => {
  const adapter = (layer: number) =>
    writeAdapter(path.join(root, `adapter-${layer}`), {
      config: { base_model_name_or_path: path.join(root, 'a') },
      tensors: pair(`model.language_model.layers.${layer}.mlp.up_proj`, 8, 8, 2, 5),
    });
  it('leaves frozen what it does not touch', async () => {
    const found = await check(await model('a', 'BF16'), await adapter(2));
    assert.ok(found.passed);
    assert.match(found.madeOf!, /LoRA of rank 2/);
    assert.deepEqual(found.groups.find(({ group }) => group === 'late')!.unmoved, 0);
  });
  it('moves what it touches', async () => {
    const found = await check(await model('a', 'BF16'), await adapter(0));
    assert.deepEqual(
      found.moved.map((one) => one.name),
      [name(0)],
    );
  });
});

describe('an experiment', () => {
  const IN = path.resolve('samples/lineage/in');
  const written = async (folder: string) => {
    const out = path.join(root, folder);
    await planExperiment({
      settings: {
        model: IN,
        data: path.resolve('samples/eval/text.jsonl'),
        trainer: 'trl',
        runs: runsOf(['early', 'late'], []),
      },
      out,
    });
    return out;
  };
  const put = async (out: string, runName: string, from: string) => {
    const result = path.join(out, 'runs', runName, 'result');
    await mkdir(result);
    for (const file of await readdir(from)) await copyFile(path.join(from, file), path.join(result, file));
  };

  it('is verified as far as it has results, and names what moved', async () => {
    const out = await written('experiment');
    await assert.rejects(verifyFrozen({ experiment: out }), /has no result yet/);
    await put(out, 'early', path.resolve('samples/lineage/rl-frozen-early'));
    const found = await verifyFrozen({ experiment: out });
    assert.deepEqual(
      found.runs.map(({ run: of, verification }) => [of, verification?.passed ?? null]),
      [
        ['control', null],
        ['early', true],
        ['late', null],
      ],
    );
    await put(out, 'late', path.resolve('samples/lineage/rl-frozen-mid'));
    const { code, stderr, stdout } = await run(['freeze', 'verify', out, '--no-runs']);
    assert.equal(code, 9);
    assert.match(stderr, /should have stayed frozen in the run late, but it moved, and so did \d+ more/);
    assert.match(stdout, /early:\n.*\n {2}✔ frozen: 48 of 48 tensors are bit-identical/);
  });

  it('is refused where nothing is named, or a part that the model does not have: nothing would have been shown', async () => {
    const pair = { in: IN, result: path.resolve('samples/lineage/rl-frozen-early') };
    await assert.rejects(verifyFrozen({ ...pair, frozen: [] }), /Nothing is said to be frozen/);
    await assert.rejects(verifyFrozen({ ...pair, frozen: [], also: ['head'] }), /--also head matches no parameter/);
  });

  it('takes no adapter for the result of a training of all parameters', async () => {
    const out = await written('wrong-kind');
    const result = path.join(out, 'runs', 'early', 'result');
    await writeAdapter(result, {
      config: { base_model_name_or_path: IN },
      tensors: pair('model.language_model.layers.9.self_attn.q_proj', 96, 96, 2, 1),
    });
    assert.ok((await readFile(path.join(result, 'adapter_config.json'), 'utf8')).includes('LORA'));
    await assert.rejects(verifyFrozen({ experiment: out }), /is an adapter, but the plan trains all parameters/);
  });
});
