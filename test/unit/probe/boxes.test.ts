/** Boxes of answers and boxes of the data, in one coordinate system. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MODEL_FAMILIES } from '../../../src/engine/model/families.js';
import { boxScaleOf } from '../../../src/engine/probe/swap.js';

/** A picture of 640 × 480 pixels that was brought to a grid of 34 rows and 46 columns of patches. */
const source = { prompt: { inputIds: new Int32Array(0), images: [{ grid: [1, 34, 46] as const, pixelValues: new Float32Array(0) }] }, size: { width: 640, height: 480 } };

describe('boxes', () => {
  const families = Object.fromEntries(MODEL_FAMILIES.filter(({ vision }) => vision !== undefined).map(({ modelType, vision }) => [modelType, vision!]));
  const scale = (family: string) => boxScaleOf({ family: families[family]!, patchSize: families[family]!.patchSize }, source);

  it('of Qwen2.5-VL are in pixels of the resized picture', () => assert.deepEqual(scale('qwen2_5_vl'), [(46 * 14) / 640, (34 * 14) / 480]));

  it('of Qwen2-VL and Qwen3-VL are in thousandths of its sides', () => {
    assert.deepEqual(scale('qwen2_vl'), [1000 / 640, 1000 / 480]);
    assert.deepEqual(scale('qwen3_vl'), [1000 / 640, 1000 / 480]);
  });

  it('are known for every family that sees', () => assert.deepEqual(Object.keys(families).sort(), ['qwen2_5_vl', 'qwen2_vl', 'qwen3_vl']));
});
