// Adapters in the extension host: what they are called, and that the menus offer them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { checkpointOf, folderOf, identityOf, kindText, labelOf, labelsOf, requestKey } from './checkpointPath.js';
import { temporaryFolder } from '../../test/fixtures/checkpoints.js';

describe('adapters in the host', () => {
  it('are called after their base', () => {
    for (const [adapterOf, text] of [
      [undefined, 'qwen3'],
      ['', 'adapter'],
      ['Qwen/Qwen2.5-VL-7B', 'adapter of Qwen/Qwen2.5-VL-7B'],
      ['/data/models/base', 'adapter of base'],
      ['../base', 'adapter of base'],
      ['models/sub/base', 'adapter of base'],
    ] as const)
      assert.equal(kindText({ family: 'qwen3', adapterOf }), text);
  });

  it('are one checkpoint by folder and file, with a base in front of them too', () => {
    for (const file of ['', '/adapter_config.json', '/adapter_model.safetensors']) {
      assert.equal(checkpointOf(`/runs/lora${file}`), '/runs/lora');
      assert.equal(checkpointOf(`/models/base+/runs/lora${file}`), '/models/base+/runs/lora');
    }
    assert.equal(labelOf('/models/base+/runs/lora'), 'lora');
    assert.notEqual(folderOf('/models/base+/runs/lora'), folderOf('/models/other+/runs/lora'));
  });

  it('beside a model are named by either of their files; the folder and the files of the model are the model', async () => {
    const temporary = await temporaryFolder();
    try {
      for (const weights of [
        'model.safetensors',
        'model-00001-of-00002.safetensors',
        'weights.safetensors.index.json',
      ]) {
        const folder = path.join(temporary.path, weights, 'tuned');
        const adapter = path.join(folder, 'adapter_config.json');
        await mkdir(folder, { recursive: true });
        for (const file of ['config.json', 'adapter_config.json', 'adapter_model.safetensors'])
          await writeFile(path.join(folder, file), '');
        assert.equal(checkpointOf(adapter), folder, 'alone, it is its folder');
        await writeFile(path.join(folder, 'value_head.safetensors'), '');
        assert.equal(checkpointOf(adapter), folder, 'with more of its own beside it, it still is');
        await writeFile(path.join(folder, weights), '');
        for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
          assert.equal(checkpointOf(path.join(folder, file)), adapter);
        for (const file of ['', 'config.json', 'model.safetensors'])
          assert.equal(checkpointOf(path.join(folder, file)), folder);
        assert.equal(checkpointOf(`/models/base+${adapter}`), `/models/base+${adapter}`);
        assert.deepEqual([folderOf(adapter), folderOf(folder)], [folder, folder]);
        assert.notEqual(identityOf(adapter), identityOf(folder), 'one can be compared with the other');
        assert.equal(identityOf(path.join(folder, weights)), identityOf(folder));
        assert.notEqual(
          requestKey([{ path: folder }, { path: adapter }]),
          requestKey([{ path: folder }, { path: folder }]),
        );
        assert.deepEqual(labelsOf([folder, adapter]), ['tuned', 'tuned (adapter)']);
      }
    } finally {
      await temporary.remove();
    }
  });

  it('have every menu that checkpoints have in the explorer', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      contributes: { menus: Record<string, { when: string }[]> };
    };
    const clauses = contributes.menus['explorer/context']!.map(({ when }) => when).filter((when) =>
      when.includes('.safetensors'),
    );
    assert.ok(clauses.length >= 1);
    for (const when of clauses) {
      const pattern = /resourceFilename =~ \/(\^[^/]*config[^/]*)\//.exec(when)?.[1];
      assert.ok(pattern, when);
      for (const [name, offered] of [
        ['config.json', true],
        ['adapter_config.json', true],
        ['tokenizer_config.json', false],
        ['config.json5', false],
      ] as const)
        assert.equal(new RegExp(pattern).test(name), offered, name);
    }
  });
});
