import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { FrankensteinError } from '../errors.js';
import { readProbeSet } from './probeSet.js';
import { readQuestionSet } from './questionSet.js';
import { sampleOf, sampleOfEach, seededRandom } from '../numerics/sample.js';
import { bootstrapMean, mcnemar, wilson } from '../statistics/statistics.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'frankenstein-data-'));
  await mkdir(path.join(folder, 'images'));
  await writeFile(path.join(folder, 'images', 'a.png'), '');
});
afterAll(() => rm(folder, { recursive: true }));

async function written(...lines: (object | string | Buffer)[]): Promise<string> {
  const file = path.join(folder, 'set.jsonl');
  await writeFile(
    file,
    Buffer.concat(
      lines.flatMap((line) => [
        Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)),
        Buffer.from('\n'),
      ]),
    ),
  );
  return file;
}

async function refused(work: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof FrankensteinError, String(error));
    assert.match(error.message, pattern);
    assert.match(error.message, /\.$/);
    return true;
  });
}

const probe = (more: object = {}) => ({
  id: 'p1',
  task: 'counting',
  target_image: 'images/a.png',
  source_image: 'images/a.png',
  prompt: '<image>How many?',
  meta: { target_answer: '2', source_answer: 4 },
  ...more,
});
const question = (more: object = {}) => ({ id: 'q1', prompt: '1 + 1?', answer: '2', answer_type: 'number', ...more });

describe('paired probes', () => {
  it('are read as their authors write them', async () => {
    const file = await written(
      probe(),
      '',
      probe({ id: 7, task: 'grounding', meta: { source_bbox_xyxy: [60, 4, 80, 24], iou_threshold: 0.3 } }),
      probe({ id: 'r', task: 'recognition', source_image: undefined }),
      probe({ id: 'o', task: 'OCR', meta: { target_text: 'A', source_text: 'B' } }),
    );
    const { items, badLines } = await readProbeSet(file);
    assert.deepEqual(badLines, []);
    assert.deepEqual(
      items.map(({ id, task }) => [id, task]),
      [
        ['p1', 'counting'],
        ['7', 'grounding'],
        ['r', 'recognition'],
        ['o', 'ocr'],
      ],
    );
    assert.equal(items[0]!.targetImage, path.join(folder, 'images', 'a.png'));
    assert.equal(items[0]!.sourceAnswer, '4');
    assert.deepEqual(items[1]!.sourceBox, [60, 4, 80, 24]);
    assert.equal(items[1]!.iouThreshold, 0.3);
    assert.equal(items[2]!.sourceImage, undefined);
    assert.equal(items[3]!.sourceAnswer, 'B');
  });

  it('name the line that is wrong', async () => {
    const cases: [object | string | Buffer, RegExp][] = [
      ['{"id": 1,', /line 2 is not valid JSON\.$/],
      ['[1]', /line 2 is not a JSON object\.$/],
      [Buffer.from([0x7b, 0xff, 0x7d]), /line 2 is not UTF-8 text\.$/],
      [probe(), /line 2 has the id "p1" of line 1 again\.$/],
      [probe({ id: undefined }), /line 2 has no "id"\.$/],
      [probe({ id: 'x', task: 'poetry' }), /line 2 has the task "poetry"; there are counting, ocr/],
      [
        probe({ id: 'x', target_image: '../a.png' }),
        /line 2 has a "target_image" outside the file's own folder: "\.\.\/a\.png"\.$/,
      ],
      [probe({ id: 'x', target_image: 'images/../../a.png' }), /outside the file's own folder/],
      [probe({ id: 'x', target_image: '..\\a.png' }), /outside the file's own folder/],
      [probe({ id: 'x', target_image: '/etc/hosts' }), /outside the file's own folder/],
      [probe({ id: 'x', target_image: 'C:\\a.png' }), /outside the file's own folder/],
      [probe({ id: 'x', target_image: 'https://example.org/a.png' }), /is no file/],
      [
        probe({ id: 'x', target_image: 'images/b.png' }),
        /line 2 has a "target_image" that is not there: "images\/b\.png"\.$/,
      ],
      [probe({ id: 'x', target_image: 'images' }), /that is no file/],
      [probe({ id: 'x', source_image: null }), /has no "source_image"/],
      [probe({ id: 'x', prompt: ' ' }), /has an empty "prompt"/],
      [probe({ id: 'x', task: 'grounding', meta: {} }), /has no "source_bbox_xyxy"/],
      [probe({ id: 'x', task: 'grounding', meta: { source_bbox_xyxy: [1, 2] } }), /is not four numbers/],
      [probe({ id: 'x', meta: 3 }), /"meta" that is no object/],
    ];
    for (const [line, pattern] of cases) await refused(readProbeSet(await written(probe(), line)), pattern);
  });

  it('go on without bad lines when asked to', async () => {
    const file = await written(probe(), '{', probe({ id: 'p2' }), probe({ id: 'x', target_image: 'no.png' }));
    const { items, badLines } = await readProbeSet(file, { badLines: 'skip' });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['p1', 'p2'],
    );
    assert.deepEqual(
      badLines.map(({ line }) => line),
      [2, 4],
    );
  });

  it('must hold something', async () => {
    await refused(readProbeSet(await written('')), /holds no line\.$/);
    await refused(
      readProbeSet(await written('{', '}'), { badLines: 'skip' }),
      /holds no usable line; the first problem is in line 1/,
    );
    await refused(readProbeSet(path.join(folder, 'missing.jsonl')), /does not exist/);
    await refused(readProbeSet(folder), /not a regular file/);
  });
});

describe('questions', () => {
  it('are read in the evaluation format', async () => {
    const file = await written(
      `\ufeff${JSON.stringify(question())}\r`,
      question({ id: 'b', answer: [4, 3, 2, 1], answer_type: 'box' }),
      question({
        id: 'c',
        answer: 'B',
        answer_type: 'choice',
        choices: ['x', 2],
        image: 'images/a.png',
        description: 'a thing',
        task: 't',
      }),
    );
    const { items } = await readQuestionSet(file);
    assert.equal(items[1]!.answer, '[2,1,4,3]');
    assert.deepEqual(items[2], {
      id: 'c',
      prompt: '1 + 1?',
      answer: 'B',
      answerType: 'choice',
      choices: ['x', '2'],
      images: [path.join(folder, 'images', 'a.png')],
      description: 'a thing',
      task: 't',
    });
    await refused(
      readQuestionSet(await written(question({ answer_type: 'poem' }))),
      /line 1 has the answer type "poem"; there are number, text, choice, box, math\.$/,
    );
    await refused(readQuestionSet(await written(question({ answer: undefined }))), /has no "answer"/);
    await refused(readQuestionSet(await written(question({ answer_type: 'box' }))), /not four numbers/);
    await refused(readQuestionSet(await written(question({ choices: 'ab' }))), /no list of texts/);
  });

  it('take options by letter, and refuse a truth that is none of them', async () => {
    const choice = (more: object) => question({ answer_type: 'choice', answer: 'B', ...more });
    for (const more of [{ options: ['3', '4'] }, { choices: { A: '3', B: '4' } }, { options: { A: '3', B: '4' } }])
      assert.deepEqual((await readQuestionSet(await written(choice(more)))).items[0]!.choices, ['3', '4']);
    await refused(readQuestionSet(await written(choice({ choices: { B: '3', A: '4' } }))), /names are not A, B, C/);
    await refused(
      readQuestionSet(await written(choice({ choices: ['3', '4'], answer: 'C' }))),
      /line 1 has the answer "C", which is none of its 2 choices/,
    );
    await refused(readQuestionSet(await written({ id: 1, messages: [] })), /has "messages", a conversation/);
    const { items } = await readQuestionSet(await written(question({ answer: '<answer> 2 </answer>' })));
    assert.equal(items[0]!.answer, '2');
  });

  it('are read from conversations of one question and one marked answer', async () => {
    const mutex = (answer: unknown, prompt: unknown = '1 + 1?') => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: answer },
      ],
    });
    const read = async (line: object) => (await readQuestionSet(await written(line))).items[0]!;
    for (const answer of [
      '<think>one more</think> \\boxed{2}',
      '1 + 1 = <<1+1=2>>2\n#### 2',
      '<answer> 2 </answer>',
      '2',
    ]) {
      const { id, prompt, answer: truth, answerType } = await read(mutex(answer));
      assert.deepEqual([id, prompt, truth, answerType], ['1', '1 + 1?', '2', 'math'], answer);
    }
    const llava = [
      { from: 'human', value: '<image>\nHow many?' },
      { from: 'gpt', value: '4' },
    ];
    const withImage = await read({ id: 'x', image: 'images/a.png', conversations: llava, answer_type: 'number' });
    assert.deepEqual([withImage.id, withImage.answerType, withImage.images.length], ['x', 'number', 1]);
    const parts = [{ type: 'image' }, { type: 'text', text: 'How many?' }];
    assert.equal((await read({ ...mutex('4', parts), image: 'images/a.png' })).prompt, '<image>How many?');
    for (const line of [
      mutex('One and one make two, as everybody knows who counts.'),
      mutex(''),
      { messages: [{ role: 'system', content: 'Be brief.' }, ...mutex('2').messages] },
      { messages: [...mutex('2').messages, ...mutex('3').messages] },
    ])
      await refused(readQuestionSet(await written(line)), /conversation to train on, that is not one question/);
  });

  it('need no type where the answer can be judged in one way only', async () => {
    const typeOf = async (more: object) =>
      (await readQuestionSet(await written(question({ answer_type: undefined, ...more })))).items[0]!.answerType;
    assert.equal(await typeOf({ answer: 4 }), 'number');
    assert.equal(await typeOf({ answer: '1,200.5' }), 'number');
    assert.equal(await typeOf({ answer: '\\boxed{\\frac12}' }), 'math');
    assert.equal(await typeOf({ answer: 'B', choices: ['3', '4'] }), 'choice');
    await refused(typeOf({ answer: 'a cat' }), /has no "answer_type", and its answer may be judged in several ways/);
  });

  it('of the samples are all usable', async () => {
    for (const name of ['general', 'math', 'text'])
      assert.equal((await readQuestionSet(path.resolve('samples/eval', `${name}.jsonl`))).badLines.length, 0);
    for (const name of ['counting', 'ocr', 'grounding', 'recognition'])
      assert.ok(
        (await readProbeSet(path.resolve('samples/probes', `${name}.jsonl`))).items.every(({ task }) => task === name),
      );
  });
});

describe('images of questions', () => {
  const images = async (line: object) => (await readQuestionSet(await written(question(line)))).items[0]!.images;

  it('stand under image or images, one or several', async () => {
    const a = path.join(folder, 'images', 'a.png');
    assert.deepEqual(await images({ image: 'images/a.png' }), [a]);
    assert.deepEqual(await images({ image: ['images/a.png'] }), [a]);
    assert.deepEqual(await images({ images: ['images/a.png', 'images/a.png'], prompt: '<image> or <image>?' }), [a, a]);
    assert.deepEqual(await images({ image: 'images/a.png', images: ['images/a.png'] }), [a]);
    assert.deepEqual(await images({ images: [] }), []);
    assert.deepEqual(await images({ image: null, has_image: false }), []);
  });

  it('are never dropped: what is not read is refused with its line', async () => {
    for (const [line, pattern] of [
      [{ prompt: '<image>?' }, /line 1 has 1 <image> in its prompt, and no image\.$/],
      [
        { prompt: '<image>?', images: ['images/a.png', 'images/a.png'] },
        /has 1 <image> in its prompt, and 2 images in "images"/,
      ],
      [{ image_path: 'images/a.png' }, /has a "image_path", which is not read/],
      [{ image: 'images/a.png', image_2: 'images/a.png' }, /has a "image_2", which is not read/],
      [{ video: 'a.mp4' }, /has a "video", which is not read/],
      [{ image: 'images/a.png', images: ['images/b.png'] }, /has an "image" and other "images"/],
      [{ images: [{ bytes: 'x' }] }, /has "images" with the bytes of an image/],
      [{ image: 'iVBORw0KGgo'.repeat(200) }, /is an image written as text \(base64\)/],
      [{ images: ['images/a.png', 'images/a.png'], answer: [1, 2, 3, 4], answer_type: 'box' }, /"box" and 2 images/],
      [{ id: 2 ** 53 }, /"id" that is too large for a number/],
    ] as const)
      await refused(readQuestionSet(await written(question(line))), pattern);
  });

  it('lie below the folder of the data, links followed', async () => {
    const outside = await mkdtemp(path.join(tmpdir(), 'frankenstein-outside-'));
    try {
      await writeFile(path.join(outside, 'x.png'), '');
      await symlink(outside, path.join(folder, 'link'));
      await symlink(path.join(outside, 'x.png'), path.join(folder, 'x.png'));
      await symlink(path.join(folder, 'images', 'a.png'), path.join(folder, 'inside.png'));
      for (const name of ['link/x.png', 'x.png'])
        await refused(images({ image: name }), /outside the file's own folder, behind a link/);
      await refused(readProbeSet(await written(probe({ target_image: 'x.png' }))), /behind a link/);
      assert.equal((await images({ image: 'inside.png' })).length, 1);
    } finally {
      await rm(outside, { recursive: true });
    }
  });
});

describe('samples', () => {
  it('are the same for the same seed, in file order, without repeats', () => {
    const items = Array.from({ length: 100 }, (_, index) => index);
    const chosen = sampleOf(items, 10, 42);
    assert.deepEqual(chosen, sampleOf(items, 10, 42));
    assert.notDeepEqual(chosen, sampleOf(items, 10, 43));
    assert.equal(new Set(chosen).size, 10);
    assert.deepEqual(
      chosen,
      [...chosen].sort((a, b) => a - b),
    );
    assert.deepEqual(sampleOf(items, 500, 1), items);
    assert.deepEqual(sampleOf(items, 0, 1), []);
    const each = sampleOfEach(items, (item) => String(item % 3), 4, 1);
    assert.deepEqual(
      [0, 1, 2].map((rest) => each.filter((item) => item % 3 === rest).length),
      [4, 4, 4],
    );
  });

  it('are drawn evenly', () => {
    const random = seededRandom(5);
    const bins = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) bins[Math.floor(random() * 10)]!++;
    assert.ok(
      bins.every((count) => Math.abs(count - 10_000) < 400),
      bins.join(),
    );
  });
});

describe('statistics', () => {
  it('know nothing of nothing', () => {
    assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
    assert.deepEqual(mcnemar([], []), { lost: 0, won: 0, p: 1, exact: true });
    assert.ok(Number.isNaN(bootstrapMean([]).mean));
  });

  it('count what was lost and won', () => {
    const { lost, won } = mcnemar([true, true, false, false], [false, true, true, false]);
    assert.deepEqual([lost, won], [1, 1]);
    assert.throws(() => mcnemar([true], []), RangeError);
  });
});
