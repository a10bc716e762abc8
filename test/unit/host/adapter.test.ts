// Adapters in the extension host: what they are called, and that the menus offer them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { checkpointOf, folderOf, kindText, labelOf } from '../../../src/services/checkpointPath.js';

describe('adapters in the host', () => {
  it('are called after their base', () => {
    for (const [adapterOf, text] of [
      [undefined, 'qwen3'], ['', 'adapter'], ['Qwen/Qwen2.5-VL-7B', 'adapter of Qwen/Qwen2.5-VL-7B'], ['/data/models/base', 'adapter of base'],
      ['../base', 'adapter of base'], ['models/sub/base', 'adapter of base'],
    ] as const) assert.equal(kindText({ family: 'qwen3', adapterOf }), text);
  });

  it('are one checkpoint by folder and file, with a base in front of them too', () => {
    for (const file of ['', '/adapter_config.json', '/adapter_model.safetensors']) {
      assert.equal(checkpointOf(`/runs/lora${file}`), '/runs/lora');
      assert.equal(checkpointOf(`/models/base+/runs/lora${file}`), '/models/base+/runs/lora');
    }
    assert.equal(labelOf('/models/base+/runs/lora'), 'lora');
    assert.notEqual(folderOf('/models/base+/runs/lora'), folderOf('/models/other+/runs/lora'));
  });

  it('have every menu that checkpoints have in the explorer', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: { menus: Record<string, { when: string }[]> } };
    const clauses = contributes.menus['explorer/context']!.map(({ when }) => when).filter((when) => when.includes('.safetensors'));
    assert.ok(clauses.length >= 3);
    for (const when of clauses) {
      const pattern = /resourceFilename =~ \/(\^[^/]*config[^/]*)\//.exec(when)?.[1];
      assert.ok(pattern, when);
      for (const [name, offered] of [['config.json', true], ['adapter_config.json', true], ['tokenizer_config.json', false], ['config.json5', false]] as const) assert.equal(new RegExp(pattern).test(name), offered, name);
    }
  });
});
