// Question sets in Parquet as pyarrow writes them, in the layouts in which they are published.
import assert from 'node:assert/strict';
import { readFile, truncate, copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'mocha';
import { isRight } from '../../../src/engine/evaluate/grade.js';
import { readQuestionSet } from '../../../src/engine/evaluate/questionSet.js';
import { readImage } from '../../../src/engine/model/processor/decodeImage.js';
import { readParquetPicture } from '../../../src/engine/parquet/picture.js';
import { temporaryFolder } from '../../fixtures/checkpoints.js';

const FOLDER = path.resolve('test/parity/evaluate/parquet');
const read = async (name: string) => (await readQuestionSet(path.join(FOLDER, `${name}.parquet`))).items;

describe('Parquet question sets', () => {
  it('GSM8K: the truth is what follows ####', async () => {
    const items = await read('gsm8k');
    assert.deepEqual(
      items.map(({ id, answer, answerType, image }) => [id, answer, answerType, image]),
      [
        ['0', '7', 'number', undefined],
        ['1', '1,080', 'number', undefined],
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

  it('MathVista: choices, rounding to the precision asked for, pictures from their column', async () => {
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
    for (const [index, { image }] of items.entries()) {
      assert.deepEqual(Buffer.from(await readParquetPicture(image!)).toString('base64'), pictures[index]);
      const { width, height } = await readImage(image!);
      assert.deepEqual([width, height], [12, 8]);
    }
    const red = await readImage(items[0]!.image!);
    assert.deepEqual([...red.data.subarray(0, 3)], [255, 0, 0]);
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

  it('other columns, other rows and broken files are named', async () => {
    await assert.rejects(
      read('unknown'),
      /has the columns text, label, which are no question set that is known \(MathVista, MATH-500, the evaluation format, GSM8K\)\./,
    );
    await assert.rejects(
      readParquetPicture(`${path.join(FOLDER, 'mathvista.parquet')}#image[0]`),
      /holds no picture in row 1 of "image"/,
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
