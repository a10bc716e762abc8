/** Question files as trainers and people write them: what is in them, or a sentence that names what is wrong. */
import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readQuestionSet } from './questionSet.js';
import { temporaryFolder, type TemporaryFolder } from '../../../test/fixtures/checkpoints.js';

const ASKED = { role: 'user', content: '2+2?' };
const SHOWN = {
  role: 'user',
  content: [
    { type: 'image', text: null },
    { type: 'text', text: '2+2?' },
  ],
};
const question = (more: object = {}) => ({ id: '1', prompt: '2+2?', answer: '4', answer_type: 'number', ...more });

describe('a question set in JSON Lines', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    await copyFile('test/parity/processor/fixtures/pictures/one-pixel.png', path.join(temporary.path, 'a.png'));
  });
  afterAll(() => temporary.remove());

  async function read(content: object | string | Buffer, name = 'set.jsonl') {
    const file = path.join(temporary.path, name);
    await writeFile(file, typeof content === 'string' || content instanceof Buffer ? content : JSON.stringify(content));
    return (await readQuestionSet(file)).items;
  }

  const layouts: [name: string, row: object, prompt: string, answer: string, type: string, images: number][] = [
    ["EasyR1's", { images: ['a.png'], problem: '<image>2+2?', answer: '4' }, '<image>2+2?', '4', 'math', 1],
    ["GSM8K's", { question: '2+2?', answer: 'So.\n#### 4' }, '2+2?', '4', 'number', 0],
    ["verl's", { prompt: [ASKED], reward_model: { style: 'rule', ground_truth: '4' } }, '2+2?', '4', 'math', 0],
    ["TRL's", { prompt: [ASKED], solution: '\\boxed{4}' }, '2+2?', '4', 'math', 0],
    [
      'a prompt of parts with an image',
      { prompt: [SHOWN], image: 'a.png', answer: '4', answer_type: 'number' },
      '<image>2+2?',
      '4',
      'number',
      1,
    ],
    [
      "ms-swift's",
      { messages: [{ role: 'user', content: '<image>2+2?' }], images: ['a.png'], solution: '<answer> 4 </answer>' },
      '<image>2+2?',
      '4',
      'math',
      1,
    ],
    [
      'an image named in a message',
      {
        messages: [
          { role: 'user', content: [{ type: 'image', image: 'a.png' }, ...SHOWN.content.slice(1)] },
          { role: 'assistant', content: '4' },
        ],
      },
      '<image>2+2?',
      '4',
      'math',
      1,
    ],
    ['an image as path and bytes', question({ image: { path: 'a.png', bytes: null } }), '2+2?', '4', 'number', 1],
    [
      'several choices',
      question({ answer: ['A', 'C'], answer_type: 'choice', choices: ['1', '2', '3'] }),
      '2+2?',
      'A, C',
      'choice',
      0,
    ],
  ];
  for (const [name, row, prompt, answer, type, images] of layouts)
    it(`is read with the layout: ${name}`, async () => {
      const [found, ...others] = await read(row);
      assert.deepEqual(
        [found!.prompt, found!.answer, found!.answerType, found!.images.length, others.length],
        [prompt, answer, type, images, 0],
      );
    });

  it('is asked with the column that is named, and judged by the type that it gives', async () => {
    const file = path.join(temporary.path, 'column.jsonl');
    await writeFile(file, JSON.stringify({ id: '1', question: '2+2?', answer: '4', answer_type: 'text' }));
    const [found] = (await readQuestionSet(file, { promptColumn: 'question' })).items;
    assert.deepEqual([found!.prompt, found!.answerType], ['2+2?', 'text']);
  });

  it('is read with a byte-order mark and the line ends of Windows', async () => {
    const text = `\ufeff${JSON.stringify(question())}\r\n${JSON.stringify(question({ id: '2' }))}\r\n`;
    assert.equal((await read(text)).length, 2);
  });

  const row = JSON.stringify(question());
  const refusals: [name: string, content: object | string | Buffer, sentence: RegExp][] = [
    ['an array', `[${row}]`, /is a JSON array: write one object per line/],
    ['an array over several lines', `[\n${row}\n]`, /is a JSON array/],
    ['UTF-16', Buffer.from(`\ufeff${row}`, 'utf16le'), /is UTF-16 text: save the file as UTF-8/],
    ['a NUL character', `${row}\0`, /holds a NUL character/],
    ['a comma behind the object', `${row},`, /ends with a comma/],
    ['a comma behind the last key', `${row.slice(0, -1)},}`, /ends with a comma/],
    ['a Python literal', "{'id': '1', 'image': None}", /is a Python literal/],
    ['None in JSON', `${row.slice(0, -1)}, "image": None}`, /is a Python literal/],
    ['an infinite number', `${row.slice(0, -1)}, "x": Infinity}`, /NaN or infinite/],
    ['bytes of an image', question({ image: { bytes: 'iVBOR', path: null } }), /bytes of an image/],
    [
      'images in two places',
      {
        images: ['a.png'],
        messages: [
          { role: 'user', content: [{ type: 'image', image: 'a.png' }] },
          { role: 'assistant', content: '4' },
        ],
      },
      /names images in its message and in/,
    ],
    ['an address', question({ image: 'https://example.org/a.png' }), /is no file: "https:/],
  ];
  for (const [name, content, sentence] of refusals)
    it(`is refused by name: ${name}`, async () => {
      await assert.rejects(read(content), (error: Error) => sentence.test(error.message));
    });

  it('is refused as CSV', async () => {
    await assert.rejects(read('id,prompt\n1,x', 'set.csv'), { code: 'unsupported', message: /is a CSV file/ });
  });
});
