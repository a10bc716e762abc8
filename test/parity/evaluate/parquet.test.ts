// Question sets in Parquet as pyarrow writes them, in the layouts in which they are published.
import assert from 'node:assert/strict';
import { readFile, truncate, copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { isRight } from '../../../src/engine/grading/grade.js';
import { readQuestionSet } from '../../../src/engine/datasets/questionSet.js';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import { isInParquet, readParquetImage } from '../../../src/engine/parquet/image.js';
import { temporaryFolder } from '../../fixtures/checkpoints.js';

const FOLDER = path.resolve('test/parity/evaluate/parquet');
const read = async (name: string) => (await readQuestionSet(path.join(FOLDER, `${name}.parquet`))).items;

describe('Parquet question sets', () => {
  it('GSM8K: the truth is what follows ####', async () => {
    const items = await read('gsm8k');
    assert.deepEqual(
      items.map(({ id, answer, answerType, images }) => [id, answer, answerType, images.length]),
      [
        ['0', '7', 'number', 0],
        ['1', '1,080', 'number', 0],
      ],
    );
    assert.ok(isRight('so it is 1080.', items[1]!) && !isRight('so it is 80.', items[1]!));
  });

  it('MATH-500: formulas, compared by what they mean', async () => {
    const [polar, power] = await read('math500');
    assert.equal(polar!.id, 'test/precalculus/807.json');
    assert.equal(polar!.task, 'Precalculus');
    assert.ok(isRight('Thus $\\boxed{(3,\\pi/2)}$.', polar!) && !isRight('\\boxed{(\\pi/2, 3)}', polar!));
    assert.ok(isRight('\\boxed{2^3}', power!) && !isRight('\\boxed{9}', power!));
  });

  it('MathVista: choices, rounding to the precision asked for, images from their column', async () => {
    const items = await read('mathvista');
    assert.deepEqual(
      items.map(({ answerType, precision }) => [answerType, precision]),
      [
        ['choice', undefined],
        ['number', 1],
        ['number', 1],
      ],
    );
    assert.ok(items[0]!.prompt.startsWith('Hint: choose.'));
    assert.ok(isRight('(A)', items[0]!) && isRight('left', items[0]!) && !isRight('right', items[0]!));
    assert.ok(isRight('1.23', items[1]!) && !isRight('1.27', items[1]!));
    const { pictures } = JSON.parse(await readFile(path.join(FOLDER, 'expectations.json'), 'utf8')) as {
      pictures: string[];
    };
    for (const [
      index,
      {
        images: [image],
      },
    ] of items.entries()) {
      assert.deepEqual(Buffer.from(await readParquetImage(image!)).toString('base64'), pictures[index]);
      const { width, height } = await readImage(image!);
      assert.deepEqual([width, height], [12, 8]);
    }
    const red = await readImage(items[0]!.images[0]!);
    assert.deepEqual([...red.data.subarray(0, 3)], [255, 0, 0]);
  });

  it('images: struct, list of structs, bytes, base64, path; as many as the prompt has places for', async () => {
    const { images: stored } = JSON.parse(await readFile(path.join(FOLDER, 'expectations.json'), 'utf8')) as {
      images: Record<string, [prompt: string, answer: string, type: string, images: string[]][]>;
    };
    for (const [name, rows] of Object.entries(stored)) {
      const items = await read(name);
      assert.deepEqual(
        await Promise.all(
          items.map(async ({ prompt, answer, answerType, images }) => [
            prompt,
            answer,
            answerType,
            await Promise.all(
              images.map(async (image) =>
                Buffer.from(await (isInParquet(image) ? readParquetImage(image) : readFile(image))).toString('base64'),
              ),
            ),
          ]),
        ),
        rows,
        name,
      );
    }
  });

  it('images that cannot be read, or have no place, are refused by file, row and column', async () => {
    for (const [name, message] of [
      ['bad-places', /bad-places\.parquet row 2 has 1 <image> in its prompt, and 2 images in "images"\.$/],
      ['bad-none', /bad-none\.parquet row 1 has 1 <image> in its prompt, and no image\.$/],
      ['bad-column', /has images in the column "scan", which is not read: call it "images"\.$/],
      ['bad-path', /row 1 has a "photo", which is not read: name images in "image" or "images"\.$/],
      ['bad-video', /row 1 has a "videos", which is not read/],
      ['bad-bytes', /row 1 holds a GIF file in "images"; PNG, JPEG and WebP images are read\.$/],
      ['bad-number', /row 1 has <image 2> in its prompt, and 1 image in "image_1"/],
      ['bad-system', /row 1 has a "prompt" that is not one message of the user\.$/],
    ] as const)
      await assert.rejects(read(name), message, name);
  });

  it('the evaluation format as columns', async () => {
    const items = await read('ours');
    assert.deepEqual(
      items.map(({ id, description }) => [id, description]),
      [
        ['a', 'Three dots.'],
        ['b', undefined],
      ],
    );
  });

  it('choices under either name, as list or letters, and truths in tags and boxes', async () => {
    const items = await read('choices');
    assert.deepEqual(
      items.map(({ prompt, answer, answerType, choices }) => [prompt, answer, answerType, choices]),
      [['Which?\nA. 3\nB. 4', 'B', 'choice', ['3', '4']]],
    );
    assert.deepEqual((await read('letters'))[0]!.choices, ['3', '4']);
    assert.deepEqual(
      (await read('marked')).map(({ answer }) => answer),
      ['4', '5'],
    );
    await assert.rejects(read('bad-choice'), /row 1 has the answer "1", which is none of its 2 choices/);
  });

  it('other columns, other rows and broken files are named', async () => {
    await assert.rejects(
      read('unknown'),
      /has the columns text, label, which are no question set that is known \(MathVista, MathVerse, HallusionBench, DynaMath, MathVision, MMMU, geometry3k, MATH-500, the evaluation format, verl, MMBench, MMStar, GSM8K\): say which column holds what with --mapping\.$/,
    );
    await assert.rejects(
      readParquetImage(`${path.join(FOLDER, 'mathvista.parquet')}#image[0]`),
      /holds no image in row 1 of "image"/,
    );
    const temporary = await temporaryFolder();
    try {
      const cut = path.join(temporary.path, 'cut.parquet');
      await copyFile(path.join(FOLDER, 'gsm8k.parquet'), cut);
      await truncate(cut, 300);
      await assert.rejects(readQuestionSet(cut), /is cut short: a Parquet file ends with PAR1/);
      await truncate(cut, 0);
      await assert.rejects(readQuestionSet(cut), /is empty\./);
      await writeFile(cut, '<!doctype html><title>Not found</title>');
      await assert.rejects(readQuestionSet(cut), /is no Parquet file, whatever its name\./);
    } finally {
      await temporary.remove();
    }
  });
});
