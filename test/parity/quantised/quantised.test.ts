/**
 * Quantised weights against what transformers and compressed-tensors dequantise them to: every value, to the last bit.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { readElements } from '../../../src/engine/tensors/elements.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';

const FOLDER = path.resolve('test/parity/quantised');
const expectations = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>;

describe('quantised weights', () => {
  for (const [name, weights] of Object.entries(expectations)) {
    it(`are code × scale: ${name}`, async () => {
      const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', name));
      const names = Object.keys(weights);
      assert.deepEqual(
        [...checkpoint.tensors.keys()].sort(),
        [...names, 'model.layers.0.input_layernorm.weight'].sort(),
      );
      for (const [weight, encoded] of Object.entries(weights)) {
        const bytes = Buffer.from(encoded, 'base64');
        const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        const tensor = checkpoint.tensors.get(weight)!;
        assert.equal(tensor.dtype, 'F32');
        const values = new Float32Array(tensor.size);
        await readElements(tensor, 0, values);
        assert.deepEqual(values, expected);
        // From the middle of a row on.
        const some = new Float32Array(tensor.size - 37);
        await readElements(tensor, 37, some);
        assert.deepEqual(some, expected.subarray(37));
      }
    });
  }
});
