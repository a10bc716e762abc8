// LoRA on a router's bare matrix (PEFT's target_parameters), against what PEFT merges.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { readElements } from './elements.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { writeAdapter } from '../../../test/fixtures/adapter.js';
import { temporaryFolder, writeCheckpoint } from '../../../test/fixtures/checkpoints.js';

describe('an adapter on the parameter of a router', () => {
  it('is W + s·B·A, experts × inputs', async () => {
    const temporary = await temporaryFolder();
    const peft = JSON.parse(await readFile('test/parity/adapter/router.json', 'utf8')) as {
      config: Record<string, unknown>;
      base: number[][];
      factors: Record<string, number[][]>;
      merged: number[][];
    };
    try {
      const gate = {
        name: 'model.layers.0.mlp.gate.weight',
        dtype: 'F32' as const,
        shape: [2, 3],
        data: peft.base.flat(),
      };
      await writeCheckpoint(path.join(temporary.path, 'base'), {
        family: 'qwen2',
        edit: (tensors) => [...tensors, gate],
      });
      const adapter = await writeAdapter(path.join(temporary.path, 'adapter'), {
        config: peft.config,
        tensors: Object.entries(peft.factors).map(([name, rows]) => ({
          name: name.replace('.gate.', '.model.layers.0.mlp.gate.'),
          dtype: 'F32' as const,
          shape: [rows.length, rows[0]!.length],
          data: rows.flat(),
        })),
      });
      const { tensors } = await openCheckpoint(adapter);
      const tensor = [...tensors.values()].find(({ onDisk }) => onDisk === gate.name)!;
      const values = new Float64Array(6);
      await readElements(tensor, 0, values);
      assert.deepEqual([...values], peft.merged.flat());
    } finally {
      await temporary.remove();
    }
  });
});
