// Checkpoints in folder trees and in the Hugging Face cache.
import assert from 'node:assert/strict';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { discover } from './discover.js';
import { checkpointLabel, hubFolder } from './hub.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import {
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeHubCheckpoint,
} from '../../../test/fixtures/checkpoints.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

describe('hubFolder', () => {
  const cases: { environment: Record<string, string>; folder: string }[] = [
    { environment: {}, folder: '/home/u/.cache/huggingface/hub' },
    { environment: { XDG_CACHE_HOME: '/x' }, folder: '/x/huggingface/hub' },
    { environment: { HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, folder: '/h/hub' },
    { environment: { HF_HUB_CACHE: '/c', HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, folder: '/c' },
    { environment: { HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/h' }, folder: '/old' },
    { environment: { HF_HOME: '~/hf' }, folder: '/home/u/hf/hub' },
    { environment: { HF_HUB_CACHE: '' }, folder: '/home/u/.cache/huggingface/hub' },
  ];
  for (const { environment, folder } of cases) {
    it(`is ${folder} for ${JSON.stringify(environment)}`, () =>
      assert.equal(hubFolder({ HOME: '/home/u', ...environment }), folder));
  }
});

describe('discover', () => {
  const kept = { ...process.env };
  beforeEach(() => (process.env['HF_HUB_CACHE'] = path.join(temporary.path, 'hub')));
  afterEach(() => {
    if (kept['HF_HUB_CACHE'] === undefined) delete process.env['HF_HUB_CACHE'];
    else process.env['HF_HUB_CACHE'] = kept['HF_HUB_CACHE'];
  });

  it('finds checkpoints below the roots, in natural order, without opening weights', async () => {
    const root = path.join(temporary.path, 'workspace');
    await writeCheckpoint(path.join(root, 'run', 'checkpoint-10'), { shards: 2 });
    await writeCheckpoint(path.join(root, 'run', 'checkpoint-9'), { family: 'qwen3', config: { model_type: 'mine' } });
    await writeCheckpoint(path.join(root, 'run', 'bare'), { family: 'gemma3', config: null, shards: 2 });
    await writeCheckpoint(path.join(root, 'broken'), { family: 'llama' });
    await truncate(path.join(root, 'broken', 'model.safetensors'), 5);
    await writeFile(path.join(root, 'broken', 'config.json'), '{');
    for (const skipped of ['node_modules/x', '.git/x', '.venv/x'])
      await writeCheckpoint(path.join(root, skipped), { family: 'llama' });
    await mkdir(path.join(root, 'lora'));
    await writeFile(path.join(root, 'lora', 'adapter_model.safetensors'), '');
    await writeFile(path.join(root, 'lora', 'adapter_config.json'), '{}');
    await writeAdapter(path.join(root, 'tuned', 'checkpoint-3'), {
      config: { base_model_name_or_path: 'org/Model' },
      tensors: pair('x', 2, 2, 1, 1),
    });
    await mkdir(path.join(root, 'recipes'));
    for (const name of ['splice.frank.yaml', 'mergekit.yaml', 'freeze.frank.yaml'])
      await writeFile(path.join(root, 'recipes', name), 'stitch: IN:RL:RL\n');
    await mkdir(path.join(root, 'dataset'));
    await writeFile(path.join(root, 'dataset', 'embeddings.safetensors'), '');
    await symlink('.', path.join(root, 'circle'));
    await writeCheckpoint(path.join(temporary.path, 'elsewhere'), { family: 'llama' });
    await symlink(path.join(temporary.path, 'elsewhere'), path.join(root, 'linked'));

    const found = await discover({ roots: [root, path.join(root, 'run'), '/nowhere'], huggingFaceCache: false });
    assert.deepEqual(
      found
        .filter(({ label }) => !label.includes('checkpoint') && label !== 'bare')
        .map(({ label, family, source }) => [label, family, source]),
      [
        ['broken', 'unknown', 'workspace'],
        ['linked', 'llama', 'workspace'],
        [path.join('recipes', 'splice.frank.yaml'), 'recipe', 'workspace'],
      ],
    );
    assert.deepEqual(
      found
        .filter(({ adapterOf }) => adapterOf !== undefined)
        .map(({ label, family, adapterOf }) => [label, family, adapterOf]),
      [[path.join('tuned', 'checkpoint-3'), 'LORA', 'org/Model']],
    );
    const own = await discover({ roots: [path.join(root, 'run')], huggingFaceCache: false });
    assert.deepEqual(
      own.map(({ label, family }) => [label, family]),
      [
        ['bare', 'gemma3'],
        ['checkpoint-9', 'mine'],
        ['checkpoint-10', 'qwen2_5_vl'],
      ],
    );
    assert.equal(own[2]?.bytes, (await inspectCheckpoint(own[2]!.path)).bytes);
    // A root that is a checkpoint itself.
    assert.deepEqual(
      (await discover({ roots: [path.join(root, 'run', 'bare')], huggingFaceCache: false })).map(({ label }) => label),
      ['bare'],
    );
  });

  it('a model and an adapter in one folder are two', async () => {
    const root = path.join(temporary.path, 'both');
    await writeCheckpoint(path.join(root, 'tuned'), { family: 'qwen3' });
    await writeAdapter(path.join(root, 'tuned'), {
      config: { base_model_name_or_path: 'org/Model' },
      tensors: pair('x', 2, 2, 1, 1),
    });
    const found = await discover({ roots: [root], huggingFaceCache: false });
    assert.deepEqual(
      found.map(({ path: place, label, adapterOf }) => [path.relative(root, place), label, adapterOf]),
      [
        ['tuned', 'tuned', undefined],
        [path.join('tuned', 'adapter_config.json'), 'tuned (adapter)', 'org/Model'],
      ],
    );
  });

  it('finds the snapshots of the cache, those of refs/main first', async () => {
    const hub = path.join(temporary.path, 'hub');
    await writeHubCheckpoint(hub, 'org/Model', 'ffff000011112222', { family: 'qwen2' });
    await writeHubCheckpoint(hub, 'org/Model', 'aaaa000011112222', { family: 'qwen2', seed: 2 });
    await writeFile(path.join(hub, 'models--org--Model', 'refs', 'main'), 'ffff000011112222');
    await writeHubCheckpoint(hub, 'alone', 'bbbb000011112222', { shards: 2 });
    await mkdir(path.join(hub, 'datasets--org--data', 'snapshots', 'x'), { recursive: true });
    await mkdir(path.join(hub, '.locks'), { recursive: true });
    const found = await discover({ roots: [], huggingFaceCache: true });
    assert.deepEqual(
      found.map(({ label, family, source }) => [label, family, source]),
      [
        ['alone@bbbb000', 'qwen2_5_vl', 'huggingface-cache'],
        ['org/Model@ffff000', 'qwen2', 'huggingface-cache'],
        ['org/Model@aaaa000', 'qwen2', 'huggingface-cache'],
      ],
    );
    assert.equal(found[0]?.bytes, (await inspectCheckpoint(found[0]!.path)).bytes);
    assert.equal(checkpointLabel(found[1]!.path), 'org/Model@ffff000');
  });

  it('has nothing to say about a cache that is not there, and stops when it is cancelled', async () => {
    process.env['HF_HUB_CACHE'] = path.join(temporary.path, 'none');
    assert.deepEqual(await discover({ roots: [], huggingFaceCache: true }), []);
    await assert.rejects(
      discover({ roots: [temporary.path], huggingFaceCache: false }, { signal: AbortSignal.abort() }),
      { code: 'cancelled' },
    );
  });
});

describe('inspectCheckpoint', () => {
  it('describes a checkpoint', async () => {
    const folder = path.join(temporary.path, 'inspected');
    const { tensors, shards } = await writeCheckpoint(folder, {
      shards: 2,
      tied: true,
      dtypeFor: (name) => (name.includes('norm') ? 'F32' : undefined),
    });
    const result = await inspectCheckpoint(folder);
    assert.deepEqual(
      [result.schema, result.path, result.family, result.layers, result.visionLayers, result.tiedHead],
      [1, folder, 'qwen2_5_vl', 4, 2, true],
    );
    assert.deepEqual(result.architectures, ['Qwen2_5_VLForConditionalGeneration']);
    assert.deepEqual(Object.keys(result.dtypes).sort(), ['BF16', 'F32']);
    assert.deepEqual(
      result.shards.map(({ file }) => file),
      shards,
    );
    assert.deepEqual(
      result.sections.map(({ section }) => section),
      ['vision', 'projector', 'language'],
    );
    assert.equal(result.tensors.length, tensors.length);
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    const parameters = sum(tensors.map(({ shape }) => shape.reduce((product, dimension) => product * dimension, 1)));
    for (const part of [
      [result.parameters],
      result.sections.map((section) => section.parameters),
      Object.values(result.dtypes).map((dtype) => dtype.parameters),
    ])
      assert.equal(sum(part), parameters);
    for (const part of [
      result.shards.map((shard) => shard.tensors),
      result.sections.map((section) => section.tensors),
      Object.values(result.dtypes).map((dtype) => dtype.tensors),
    ])
      assert.equal(sum(part), tensors.length);
    assert.deepEqual(structuredClone(result), result);
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
  });

  it('decides by presence whether the head is tied', async () => {
    const folder = path.join(temporary.path, 'head');
    await writeCheckpoint(folder, { tied: false, config: { tie_word_embeddings: true } });
    const stored = await inspectCheckpoint(folder);
    assert.equal(stored.tiedHead, false);
    assert.match(stored.warnings.join(), /ties the head to the embedding, yet lm_head\.weight is stored too/);
    await writeCheckpoint(folder, { tied: true, config: { tie_word_embeddings: false } });
    const absent = await inspectCheckpoint(folder);
    assert.equal(absent.tiedHead, true);
    assert.match(absent.warnings.join(), /not tied to the embedding, yet no lm_head\.weight is stored/);
  });
});
