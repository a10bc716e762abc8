/** Boxes of answers and boxes of the data, in one coordinate system. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { openCheckpoint } from '../merge/checkpoint.js';
import { boxScaleOf, boxScales } from './boxScale.js';
import { isRight } from './grade.js';
import { readQuestionSet } from '../datasets/questionSet.js';
import { MODEL_FAMILIES } from '../families/list.js';
import { temporaryFolder } from '../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, SAMPLES } from '../../../test/unit/probe/support.js';

/** An image of 640 × 480 pixels that was brought to 34 rows and 46 columns of patches. */
const file = { width: 640, height: 480 };
const resized = { width: 46 * 14, height: 34 * 14 };

describe('boxes', () => {
  const families = Object.fromEntries(
    MODEL_FAMILIES.filter(({ vision }) => vision !== undefined).map(({ modelType, vision }) => [modelType, vision!]),
  );
  const scale = (family: string) => boxScaleOf({ family: families[family]! }, resized, file);

  it('of Qwen2.5-VL are in pixels of the resized image', () =>
    assert.deepEqual(scale('qwen2_5_vl'), [(46 * 14) / 640, (34 * 14) / 480]));

  it('of Qwen2-VL and Qwen3-VL are in thousandths of its sides', () => {
    assert.deepEqual(scale('qwen2_vl'), [1000 / 640, 1000 / 480]);
    assert.deepEqual(scale('qwen3_vl'), [1000 / 640, 1000 / 480]);
  });

  it('are right or wrong in their own coordinates, the truth being in pixels of the file', () => {
    const truth = { answer: '[320, 120, 480, 240]', answerType: 'box' as const, choices: undefined };
    const own: Record<string, string> = {
      qwen2_vl: '(500,250),(750,500)',
      qwen3_vl: '[{"bbox_2d": [500, 250, 750, 500]}]',
      qwen2_5_vl: '[322, 119, 483, 238]',
    };
    for (const [family, answer] of Object.entries(own)) {
      for (const other of Object.keys(own))
        assert.equal(
          isRight(answer, truth, scale(other)),
          (family === 'qwen2_5_vl') === (other === 'qwen2_5_vl'),
          `${family} judged as ${other}`,
        );
    }
  });

  it('follow how the checkpoint resizes the image of a question', async () => {
    const temporary = await temporaryFolder();
    try {
      const checkpoint = await openCheckpoint(await copyCheckpoint(temporary.path));
      const settings = path.join(temporary.path, 'preprocessor_config.json');
      const stored = JSON.parse(await readFile(settings, 'utf8')) as Record<string, unknown>;
      const [question] = (await readQuestionSet(path.join(SAMPLES, 'eval', 'general.jsonl'))).items.filter(
        ({ answerType }) => answerType === 'box',
      );
      const scaleWith = async (minPixels: number) => {
        await writeFile(
          settings,
          JSON.stringify({ ...stored, size: undefined, min_pixels: minPixels, max_pixels: 4 * minPixels }),
        );
        return (
          await boxScales(
            [checkpoint],
            [question!, { ...question!, answerType: 'text', images: ['not read'] }],
            undefined,
          )
        )[0]!.get(question!.images[0]!);
      };
      // Images of the samples have 112 pixels a side.
      assert.deepEqual(await scaleWith(112 ** 2), [1, 1]);
      assert.deepEqual(await scaleWith(224 ** 2), [2, 2]);
    } finally {
      await temporary.remove();
    }
  });

  it('are known for every family that sees', () =>
    assert.deepEqual(
      Object.keys(families)
        .filter((family) => families[family]!.boxes === 'thousandths')
        .sort(),
      [
        'gemma3',
        'idefics3',
        'internvl',
        'internvl_chat',
        'qwen2_vl',
        'qwen3_5',
        'qwen3_5_moe',
        'qwen3_vl',
        'qwen3_vl_moe',
        'smolvlm',
      ],
    ));
});
