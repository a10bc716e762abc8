// LoRA on a router's bare matrix (PEFT's target_parameters): the update of a linear map, as PEFT 0.21's ParamWrapper has it: merge_and_unload gives the numbers below.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'vitest';
import { readElements } from '../../../src/engine/tensors/elements.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { writeAdapter } from '../../fixtures/adapter.js';
import { temporaryFolder, writeCheckpoint } from '../../fixtures/checkpoints.js';

describe('an adapter on the parameter of a router', () => {
  it('is W + s·B·A, experts × inputs', async () => {
    const temporary = await temporaryFolder();
    try {
      const gate = {
        name: 'model.layers.0.mlp.gate.weight',
        dtype: 'F32' as const,
        shape: [2, 3],
        data: [1, 2, 3, 4, 5, 6],
      };
      await writeCheckpoint(path.join(temporary.path, 'base'), {
        family: 'qwen2',
        edit: (tensors) => [...tensors, gate],
      });
      const name = 'base_model.model.model.layers.0.mlp.gate';
      const adapter = await writeAdapter(path.join(temporary.path, 'adapter'), {
        config: { r: 1, lora_alpha: 2, target_parameters: ['gate.weight'] },
        tensors: [
          { name: `${name}.lora_A.weight`, dtype: 'F32', shape: [1, 3], data: [1, 10, 100] },
          { name: `${name}.lora_B.weight`, dtype: 'F32', shape: [2, 1], data: [1, 2] },
        ],
      });
      const { tensors } = await openCheckpoint(adapter);
      const tensor = [...tensors.values()].find(({ onDisk }) => onDisk === gate.name)!;
      const values = new Float64Array(6);
      await readElements(tensor, 0, values);
      assert.deepEqual([...values], [3, 22, 203, 8, 45, 406]);
    } finally {
      await temporary.remove();
    }
  });
});
