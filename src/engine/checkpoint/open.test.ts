// What a user may point at, and what comes out.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from './checkpoint.js';
import { decode } from './decode.js';
import { readBytes } from '../tensors/elements.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { alignTensors } from '../lineage/align.js';
import type { FrankensteinError } from '../errors.js';
import {
  inFile,
  LAYOUTS,
  TWO_LAYOUTS,
  temporaryFolder,
  type TemporaryFolder,
  valuesOf,
  writeCheckpoint,
  writeHubCheckpoint,
  writeSafetensors,
} from '../../../test/fixtures/checkpoints.js';

const INDEX = 'model.safetensors.index.json';
const SHARD = 'model-00002-of-00003.safetensors';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

async function editIndex(folder: string, edit: (map: Record<string, string>) => void): Promise<void> {
  const index = JSON.parse(await readFile(path.join(folder, INDEX), 'utf8')) as { weight_map: Record<string, string> };
  edit(index.weight_map);
  await writeFile(path.join(folder, INDEX), JSON.stringify(index));
}

const names = (checkpoint: Checkpoint) => [...checkpoint.tensors.keys()].sort();

describe('openCheckpoint', () => {
  for (const given of ['', 'config.json', INDEX, SHARD, 'model-00001-of-00003.safetensors']) {
    it(`means the whole checkpoint by ${given || 'its folder'}`, async () => {
      const folder = path.join(temporary.path, 'sharded');
      const written = await writeCheckpoint(folder, {
        shards: 3,
        files: { 'generation_config.json': {}, 'chat_template.jinja': '{{ x }}', 'README.md': '' },
      });
      const checkpoint = await openCheckpoint(path.join(folder, given));
      assert.equal(checkpoint.path, path.join(folder, given));
      assert.equal(checkpoint.folder, folder);
      assert.deepEqual(
        checkpoint.shards.map((shard) => shard.name),
        written.shards,
      );
      assert.equal(checkpoint.tensors.size, written.tensors.length);
      assert.deepEqual([...checkpoint.files.keys()], ['config.json', 'generation_config.json', 'chat_template.jinja']);
      assert.deepEqual([checkpoint.family, checkpoint.layers, checkpoint.visionLayers], ['qwen2_5_vl', 4, 2]);
      assert.deepEqual(checkpoint.warnings, []);
    });
  }

  for (const given of ['', 'config.json', 'model.safetensors']) {
    it(`means a single-file checkpoint by ${given || 'its folder'}`, async () => {
      const folder = path.join(temporary.path, 'single');
      const written = await writeCheckpoint(folder, { family: 'llama' });
      const checkpoint = await openCheckpoint(path.join(folder, given));
      assert.equal(checkpoint.tensors.size, written.tensors.length);
      assert.equal(checkpoint.family, 'llama');
      assert.equal(checkpoint.visionLayers, 0);
    });
  }

  it('means a lone file by its name, and nothing around it', async () => {
    const folder = path.join(temporary.path, 'lone');
    await mkdir(folder);
    for (const name of ['one', 'two'])
      await writeSafetensors(path.join(folder, `${name}.safetensors`), [{ name, dtype: 'I8', shape: [], data: [1] }]);
    await writeFile(path.join(folder, 'tokenizer.json'), '{}');
    const checkpoint = await openCheckpoint(path.join(folder, 'two.safetensors'));
    assert.deepEqual(names(checkpoint), ['two']);
    assert.deepEqual([checkpoint.config, checkpoint.files.size, checkpoint.family], [undefined, 0, 'unknown']);
    // The same beside a config that belongs to an indexed checkpoint.
    await writeCheckpoint(folder, { family: 'qwen2', shards: 2 });
    assert.deepEqual(names(await openCheckpoint(path.join(folder, 'one.safetensors'))), ['one']);
    assert.equal((await openCheckpoint(folder)).family, 'qwen2');
  });

  it('takes the only weight file of a folder with a config, whatever its name', async () => {
    const folder = path.join(temporary.path, 'renamed');
    await writeCheckpoint(folder, { family: 'qwen3' });
    await rename(path.join(folder, 'model.safetensors'), path.join(folder, 'weights.safetensors'));
    for (const given of [folder, path.join(folder, 'weights.safetensors')])
      assert.equal((await openCheckpoint(given)).family, 'qwen3');
  });

  it('follows the index, and names other weight files beside it', async () => {
    const folder = path.join(temporary.path, 'leftovers');
    await writeCheckpoint(folder, { shards: 2 });
    for (const name of [
      'consolidated.safetensors',
      'adapter_model.safetensors',
      'model-00003-of-00003.safetensors',
      'non_lora_state_dict.bin',
      'optimizer.pt',
      'pytorch_model.bin.index.json',
      'pytorch_model-00001-of-00002.bin',
    ])
      await writeFile(path.join(folder, name), 'not read');
    await writeFile(path.join(folder, 'consolidated.safetensors.index.json'), '{}');
    const checkpoint = await openCheckpoint(folder);
    assert.equal(checkpoint.shards.length, 2);
    assert.deepEqual(checkpoint.reading, {
      from: INDEX,
      wrappers: [],
      unread: ['consolidated.safetensors', 'model-00003-of-00003.safetensors', 'non_lora_state_dict.bin'],
    });
    assert.deepEqual(checkpoint.warnings, [
      `${INDEX} is read, and not model-00003-of-00003.safetensors, non_lora_state_dict.bin beside them: what ` +
        'only those files hold is missing here.',
    ]);
  });

  it('reads model.safetensors before shards and their index, and names both', async () => {
    const folder = path.join(temporary.path, 'saved-twice');
    await writeCheckpoint(folder, { shards: 3, seed: 1 });
    await writeCheckpoint(folder, { shards: 1, seed: 2 });
    for (const given of ['', 'config.json', 'model.safetensors']) {
      const checkpoint = await openCheckpoint(path.join(folder, given));
      assert.deepEqual(
        checkpoint.shards.map(({ name }) => name),
        ['model.safetensors'],
      );
      assert.deepEqual(checkpoint.warnings, [
        `model.safetensors is read, as transformers does, and not the 3 of ${INDEX} beside it: one of the two ` +
          'is from an earlier save.',
      ]);
    }
    // Whoever points at the others means them.
    for (const given of [INDEX, SHARD]) {
      const checkpoint = await openCheckpoint(path.join(folder, given));
      assert.equal(checkpoint.shards.length, 3);
      assert.deepEqual(checkpoint.warnings, [
        `The files of ${INDEX} are read, as chosen; of the folder transformers loads model.safetensors, which ` +
          'lies beside.',
      ]);
    }
    // An index of the one file is no second model, and one that cannot be read is not followed.
    await writeFile(path.join(folder, INDEX), JSON.stringify({ weight_map: { a: './model.safetensors' } }));
    assert.doesNotMatch((await openCheckpoint(folder)).warnings.join(), /earlier save/);
    await writeFile(path.join(folder, INDEX), '{');
    assert.match((await openCheckpoint(folder)).warnings.join(), /not the files of .*earlier save/);
  });

  it('reads the index of a variant by its name, and the usual one by the folder', async () => {
    const folder = path.join(temporary.path, 'variant');
    await writeCheckpoint(folder, { family: 'llama', shards: 2 });
    const usual = await readFile(path.join(folder, INDEX), 'utf8');
    const index = 'model.safetensors.index.fp16.json';
    await writeFile(path.join(folder, index), usual.replaceAll('model-', 'model.fp16-'));
    for (const shard of ['00001-of-00002', '00002-of-00002'])
      await copyFile(
        path.join(folder, `model-${shard}.safetensors`),
        path.join(folder, `model.fp16-${shard}.safetensors`),
      );
    const from = async (given: string) => (await openCheckpoint(path.join(folder, given))).reading?.from;
    assert.deepEqual(
      await Promise.all(
        ['', index, 'model.fp16-00001-of-00002.safetensors', 'model-00001-of-00002.safetensors'].map(from),
      ),
      [INDEX, index, index, INDEX],
    );
  });

  it('reads the file that the config names for transformers, unless another is chosen', async () => {
    const folder = path.join(temporary.path, 'named');
    const named = 'model.consolidated.safetensors';
    await writeCheckpoint(folder, { family: 'llama', config: { transformers_weights: named } });
    const plain = path.join(folder, 'model.safetensors');
    await copyFile(plain, path.join(folder, named));
    for (const given of [folder, path.join(folder, 'config.json')]) {
      const { reading, config, warnings } = await openCheckpoint(given);
      assert.deepEqual([reading?.from, reading?.unread], [named, ['model.safetensors']]);
      assert.notEqual(config, undefined);
      assert.match(warnings.join(), /is read, and not model\.safetensors beside it/);
    }
    const chosen = await openCheckpoint(plain);
    assert.equal(chosen.reading?.from, 'model.safetensors');
    assert.match(chosen.warnings.join(), /config\.json names "model\.consolidated\.safetensors"/);
  });

  it('names a whole model that lies under the name of an adapter', async () => {
    const folder = path.join(temporary.path, 'as-adapter');
    await writeCheckpoint(folder, { family: 'llama' });
    await rename(path.join(folder, 'model.safetensors'), path.join(folder, 'adapter_model.safetensors'));
    await assert.rejects(openCheckpoint(folder), /holds no part of an adapter: where it is a whole model, rename/);
    const base = path.join(temporary.path, 'as-adapter-base');
    await writeCheckpoint(base, { family: 'llama' });
    const config = { peft_type: 'LORA', r: 4, base_model_name_or_path: base };
    await writeFile(path.join(folder, 'adapter_config.json'), JSON.stringify(config));
    await assert.rejects(openCheckpoint(folder), /holds no part of an adapter \(".*"\), and PEFT would load nothing/);
  });

  it('says that an adapter beside the model is not on it', async () => {
    const folder = path.join(temporary.path, 'with-adapter');
    await writeCheckpoint(folder, { family: 'llama' });
    for (const name of ['adapter_config.json', 'adapter_model.safetensors'])
      await writeFile(path.join(folder, name), 'not read');
    assert.match((await openCheckpoint(folder)).warnings.join(), /adapter beside the model is not on it here/);
  });

  it('joins numbered shards whose index is lost', async () => {
    const folder = path.join(temporary.path, 'unindexed');
    const { tensors } = await writeCheckpoint(folder, { shards: 3 });
    await rename(path.join(folder, INDEX), path.join(folder, 'lost'));
    for (const given of [folder, path.join(folder, SHARD)])
      assert.equal((await openCheckpoint(given)).tensors.size, tensors.length);
  });

  it('reads tensors that the index does not list from the files that it names', async () => {
    const folder = path.join(temporary.path, 'unlisted');
    const { tensors } = await writeCheckpoint(folder, { shards: 2 });
    await editIndex(folder, (map) => delete map['lm_head.weight']);
    const checkpoint = await openCheckpoint(folder);
    assert.equal(checkpoint.tensors.size, tensors.length);
    assert.deepEqual(checkpoint.warnings, [
      '1 stored tensor is not in the index, but in a file that it names, and read as in transformers: ' +
        '"lm_head.weight".',
    ]);
  });

  it('takes the last copy of a tensor in two files, and says so', async () => {
    const folder = path.join(temporary.path, 'copies');
    const { tensors } = await writeCheckpoint(folder, { shards: 2, dtype: 'F32' });
    const name = tensors[0]!.name;
    const last = { ...tensors.at(-1)!, name, shape: [1], dtype: 'F32' as const, data: [42] };
    const extra = 'model-00003-of-00003.safetensors';
    await writeSafetensors(path.join(folder, extra), [last, { ...last, name: 'other' }]);
    await editIndex(folder, (map) => (map['other'] = extra));
    const checkpoint = await openCheckpoint(folder);
    assert.deepEqual(inFile(checkpoint.tensors.get(name)).shard.name, extra);
    assert.deepEqual(checkpoint.warnings.slice(0, 1), [
      '1 tensor is in more than one file; as in transformers, the copy in the last file counts, whatever the ' +
        `index says: "${name}" (${extra}).`,
    ]);
    // Files come in the order in which the index spells them: "./model-00003…" before "model-00001…".
    await editIndex(folder, (map) => (map['other'] = `./${extra}`));
    const first = 'model-00001-of-00002.safetensors';
    assert.deepEqual(inFile((await openCheckpoint(folder)).tensors.get(name)).shard.name, first);
  });

  it('reads an index that names what the model does not need and no file holds; refuses it for what it needs', async () => {
    const folder = path.join(temporary.path, 'absent');
    const { tensors } = await writeCheckpoint(folder, {
      family: 'llama',
      shards: 2,
      tied: true,
      config: { tie_word_embeddings: true },
    });
    const shard = 'model-00001-of-00002.safetensors';
    const unneeded = ['mtp.fc.weight', 'model.layers.4.eh_proj.weight', 'model.rotary_emb.inv_freq', 'lm_head.weight'];
    await editIndex(folder, (map) => {
      for (const name of unneeded) map[name] = shard;
    });
    const checkpoint = await openCheckpoint(folder);
    assert.equal(checkpoint.tensors.size, tensors.length);
    assert.match(checkpoint.warnings.join(), /4 tensors are in the index and not in the file that it names/);
    for (const needed of ['model.layers.3.mlp.gone.weight', 'model.gone.weight']) {
      await editIndex(folder, (map) => (map[needed] = shard));
      await assert.rejects(openCheckpoint(folder), (error: FrankensteinError) => {
        assert.equal(error.code, 'malformed');
        assert.match(
          error.message,
          new RegExp(`says that "${needed}" is in ${shard}, but that file has no such tensor`),
        );
        return true;
      });
      await editIndex(folder, (map) => delete map[needed]);
    }
  });

  it('runs as many layers as the config says, and refuses fewer by name', async () => {
    const folder = path.join(temporary.path, 'cut');
    await writeCheckpoint(folder, { layers: 4, config: { text_config: { num_hidden_layers: 2 } } });
    const cut = await inspectCheckpoint(folder);
    assert.equal(cut.layers, 2);
    assert.deepEqual(
      [...new Set(cut.tensors.map(({ layer, section }) => (section === 'language' ? layer : null)))].sort(),
      [0, 1, null],
    );
    assert.ok(
      cut.extra.tensors > 0 && cut.tensors.filter(({ section }) => section === 'other').length === cut.extra.tensors,
    );
    const whole = path.join(temporary.path, 'uncut');
    await writeCheckpoint(whole, { layers: 4 });
    const { tensors, missing } = alignTensors([await openCheckpoint(whole), await openCheckpoint(folder)]);
    const beyond = (name: string) => /\.language_model\.layers\.[23]\./.test(name);
    assert.ok(!tensors.some(({ name }) => beyond(name)), 'what runs in one of them only is not compared');
    assert.equal(missing.length, 2 * cut.extra.tensors);
    for (const { reason } of missing) assert.match(reason, /beyond those that one config counts/);
    await writeCheckpoint(folder, { layers: 4, config: { text_config: { num_hidden_layers: 6 } } });
    await assert.rejects(openCheckpoint(folder), /says 6 language layers, but nothing is stored of 4, 5/);
  });

  it('reads shards in a folder below', async () => {
    const folder = path.join(temporary.path, 'nested');
    await mkdir(path.join(folder, 'weights'), { recursive: true });
    await writeSafetensors(path.join(folder, 'weights', 'a.safetensors'), [
      { name: 'a', dtype: 'F64', shape: [1], data: [1] },
    ]);
    await writeFile(path.join(folder, INDEX), JSON.stringify({ weight_map: { a: 'weights/a.safetensors' } }));
    assert.deepEqual(names(await openCheckpoint(folder)), ['a']);
  });

  it('resolves the links of the Hugging Face cache', async () => {
    const hub = path.join(temporary.path, 'hub');
    const snapshot = await writeHubCheckpoint(hub, 'org/Model-RL', '0123456789abcdef', { shards: 2 });
    const checkpoint = await openCheckpoint(snapshot);
    assert.equal(checkpoint.folder, snapshot);
    for (const shard of checkpoint.shards)
      assert.equal(path.dirname(shard.realPath), path.join(hub, 'models--org--Model-RL', 'blobs'));
    for (const given of [
      path.join(snapshot, 'config.json'),
      path.join(snapshot, 'model-00001-of-00002.safetensors'),
      path.join(hub, 'models--org--Model-RL'),
    ]) {
      const same = await openCheckpoint(given);
      assert.deepEqual([same.folder, same.tensors.size], [snapshot, checkpoint.tensors.size]);
    }
  });

  it('reads a folder that is a link', async () => {
    await writeCheckpoint(path.join(temporary.path, 'real'), { family: 'qwen2' });
    await symlink('real', path.join(temporary.path, 'link'));
    assert.equal((await openCheckpoint(path.join(temporary.path, 'link'))).family, 'qwen2');
  });

  it('accepts empty tensors, scalars, and a config with Infinity as Python writes it', async () => {
    const folder = path.join(temporary.path, 'odd');
    await mkdir(folder);
    await writeSafetensors(path.join(folder, 'model.safetensors'), [
      { name: 'empty', dtype: 'F32', shape: [0, 7], data: [] },
      { name: 'scalar', dtype: 'F32', shape: [], data: [3] },
      { name: 'toString', dtype: 'BOOL', shape: [1], data: [1] },
    ]);
    await writeFile(
      path.join(folder, 'config.json'),
      '{"model_type": "other", "limit": [0.0, Infinity, -Infinity, NaN], "text": "NaN \\" Infinity"}',
    );
    const checkpoint = await openCheckpoint(folder);
    assert.deepEqual(
      [...checkpoint.tensors.values()].map(inFile).map(({ name, size, begin, end }) => [name, size, end - begin]),
      [
        ['empty', 0, 0],
        ['scalar', 1, 4],
        ['toString', 1, 1],
      ],
    );
    assert.deepEqual(checkpoint.config?.['limit'], [0, 'Infinity', '-Infinity', 'NaN']);
    assert.equal(checkpoint.config['text'], 'NaN " Infinity');
  });

  it('keeps a tensor that is stored under both spellings', async () => {
    const folder = path.join(temporary.path, 'twice');
    await writeCheckpoint(folder, {
      layout: 'old',
      edit: (tensors) => [
        ...tensors,
        { name: 'model.visual.patch_embed.proj.weight', dtype: 'F32', shape: [1], data: [1] },
      ],
    });
    const checkpoint = await openCheckpoint(folder);
    assert.deepEqual(checkpoint.tensors.get('model.visual.patch_embed.proj.weight')?.shape, [1]);
    assert.equal(checkpoint.tensors.get('visual.patch_embed.proj.weight')?.onDisk, 'visual.patch_embed.proj.weight');
    assert.match(checkpoint.warnings.join(), /two spellings/);
  });

  it('stops when it is cancelled', async () => {
    const folder = path.join(temporary.path, 'sharded');
    await assert.rejects(openCheckpoint(folder, { signal: AbortSignal.abort() }), { code: 'cancelled' });
  });

  for (const family of Object.keys(LAYOUTS)) {
    it(`recognises ${family} by its config and by its names`, async () => {
      const layouts = TWO_LAYOUTS.includes(family) ? (['old', 'new'] as const) : (['new'] as const);
      const seen: string[][] = [];
      for (const layout of layouts) {
        const folder = path.join(temporary.path, `${family}-${layout}`);
        await writeCheckpoint(folder, { family, layout, layers: 5, visionLayers: 3, shards: 2 });
        const checkpoint = await openCheckpoint(folder);
        assert.equal(checkpoint.family, family);
        assert.equal(checkpoint.layers, 5);
        assert.equal(checkpoint.visionLayers, checkpoint.layout === 'text' ? 0 : 3);
        assert.deepEqual(checkpoint.warnings, []);
        await writeCheckpoint(`${folder}-bare`, { family, layout, layers: 5, visionLayers: 3, config: null });
        const bare = await openCheckpoint(`${folder}-bare`);
        assert.equal(bare.layout, checkpoint.layout);
        assert.equal(bare.family, bare.layout);
        assert.deepEqual(names(bare), names(checkpoint));
        seen.push(names(checkpoint));
        // Bytes are found where the header says, whatever the layout.
        const tensor = [...checkpoint.tensors.values()].at(-1)!;
        const values = decode(tensor.dtype, await readBytes(tensor));
        const expected = valuesOf(tensor.name, tensor.shape, tensor.dtype, 1, []);
        values.forEach((value, index) =>
          assert.ok(Math.abs(value - expected[index]!) <= 2 ** -8 * Math.abs(expected[index]!)),
        );
      }
      if (seen.length === 2) assert.deepEqual(seen[0], seen[1]);
    });
  }
});
