import '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { tensorNameOf } from '../inline/tensorLines.js';
import type { InspectResult } from '../protocol/engineApi.js';
import { indexText } from './tensorDocuments.js';

describe('the tensors of a checkpoint without an index', () => {
  const names = ['layers.10.w', 'layers.2.w', 'embed "x"\n.w'];
  const tensors = names.map((onDisk) => ({ onDisk, shard: 'model.safetensors' })) as InspectResult['tensors'];

  it('read as an index does, layer 2 before layer 10', () => {
    const text = indexText({ tensors, bytes: 7 });
    const { metadata, weight_map } = JSON.parse(text) as { metadata: object; weight_map: Record<string, string> };
    assert.deepEqual(metadata, { total_size: 7 });
    assert.deepEqual(Object.keys(weight_map), ['embed "x"\n.w', 'layers.2.w', 'layers.10.w']);
    const found = text.split('\n').flatMap((line) => tensorNameOf(line) ?? []);
    assert.ok(
      names.slice(0, 2).every((name) => found.includes(name)),
      found.join(),
    );
  });
});
