/** Answers from elsewhere as an evaluation, in the forms in which lmms-eval and the paper's scripts write them. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyData, engine } from '../../../../test/unit/probe/support.js';
import type { ImportRequest } from './imports/scan.js';
import { regradeRequest } from './regradeRequest.js';
import { report } from './report.js';

/** GSM8K-like: of four, two and three are right. */
const ASKED = [
  { question: 'Tom has 3 apples and buys 4. How many?', answer: '7', said: ['#### 7', 'The answer is 7.'] },
  { question: 'A train goes 60 km in 2 h. How fast?', answer: '30', said: ['It is 20', '30 km/h'] },
  { question: 'Half of 18?', answer: '9', said: ['\\boxed{9}', '8'] },
  { question: 'Double 6?', answer: '12', said: ['13', '\\boxed{12}'] },
];
const MODELS = ['org__in', 'org__rl'];

describe('imported answers', () => {
  let temporary: TemporaryFolder;
  let count = 0;
  let [folder, runs] = ['', ''];
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());
  beforeEach(() => {
    folder = path.join(temporary.path, `case-${count}`);
    runs = path.join(temporary.path, `runs-${count++}`);
  });

  const write = async (file: string, lines: readonly object[]) => {
    const full = path.join(folder, file);
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return full;
  };
  /** As version 0.4 and later save them: without `doc`, and without `resps` where nothing was filtered. */
  const samples = (model: number, more: (index: number) => object = () => ({})) =>
    ASKED.map(({ question, answer, said }, doc_id) => ({
      doc_id,
      target: answer,
      filtered_resps: [said[model]!],
      doc_hash: 'f00d',
      exact_match: 1,
      input: `Question: ${question}\nAnswer:`,
      ...more(doc_id),
    }));
  const date = '20260301_120000';
  const imported = async (more: Partial<ImportRequest> = {}) =>
    engine.evaluate({
      ...(await engine.findImports({ format: 'lmms-eval', paths: [folder], ...more })),
      runsFolder: runs,
    });
  const right = (result: Awaited<ReturnType<typeof imported>>) =>
    result.questions.map(({ right: flags }) =>
      Object.values(flags)
        .map((own) => own.map(Number).join(''))
        .join('/'),
    );

  it('of lmms-eval are judged and compared, one model per folder', async () => {
    for (const [index, model] of MODELS.entries()) await write(`${model}/${date}_samples_gsm8k.jsonl`, samples(index));
    const result = await imported({ labels: ['in', 'rl'] });
    assert.deepEqual(right(result), ['11', '01', '10', '01']);
    assert.deepEqual(
      result.scores.map(({ ability, hits, n }) => [ability, hits, n]),
      [
        ['accuracy', 2, 4],
        ['accuracy', 3, 4],
      ],
    );
    const [compared] = result.comparisons;
    assert.deepEqual([compared!.tf, compared!.ft, compared!.p], [1, 2, 1]);
    assert.deepEqual(
      result.checkpoints.map(({ role, family }) => [role, family]),
      [
        ['in', 'imported'],
        ['rl', 'imported'],
      ],
    );
    assert.match(report(result), /answers from 2 files of lmms-eval/);
    // It is a run like others: read, listed, judged again.
    const { runId } = result.provenance;
    assert.deepEqual(await engine.readEvaluate({ runsFolder: runs, runId }), result);
    assert.equal((await engine.listRuns({ runsFolder: runs }))[0]!.answers, 'imported');
    assert.equal(result.checkpoints[0]!.path, path.join(folder, MODELS[0]!));
    const regraded = await engine.evaluate({
      ...regradeRequest(result, { runsFolder: runs, runId }, { rules: 'format' }),
      runsFolder: runs,
    });
    assert.deepEqual(right(regraded), ['00', '00', '10', '01']);
  });

  it('of earlier versions of lmms-eval have the document, the arguments and nested responses', async () => {
    const line = (doc: object, target: string, said: string) => ({
      doc_id: 0,
      doc,
      target,
      arguments: [['<image> What?', { until: ['\n'] }]],
      resps: [[said]],
      filtered_resps: [said.slice(0, 1)],
    });
    await write('model/samples_mmstar.jsonl', [
      line({ index: 12, question: 'What is it?\nA. a cat\nB. a dog', answer: 'B' }, 'B', 'B. a dog'),
      line({ index: 13, question: 'Which?', choices: "['red', 'blue']", image: null }, 'red', 'It is red.'),
    ]);
    const result = await imported();
    assert.deepEqual(
      result.questions.map(({ id, answerType, choices, answers }) => [id, answerType, choices, Object.keys(answers)]),
      [
        ['mmstar/12', 'choice', ['a cat', 'a dog'], ['image']],
        ['mmstar/13', 'choice', ['red', 'blue'], ['image']],
      ],
    );
    assert.deepEqual(right(result), ['1', '1']);
  });

  it('are matched with a question set by id and text, and refused for another one', async () => {
    const set = ASKED.map(({ question, answer }) => ({ prompt: question, answer: Number(answer) }));
    const data = await write(
      'sets/gsm8k.jsonl',
      set.map((line, id) => ({ id: `q${id}`, ...line })),
    );
    const file = await write(`m/${date}_samples_gsm8k.jsonl`, samples(0));
    const result = await imported({ paths: [file], data });
    assert.deepEqual(
      [result.sets[0]!.name, result.questions[0]!.id, result.questions[0]!.answerType],
      ['gsm8k.jsonl', 'gsm8k.jsonl/q0', 'number'],
    );
    const other = await write(
      'other/gsm8k.jsonl',
      [...set.slice(0, 3), { prompt: 'Triple 4?', answer: 12 }].map((line, id) => ({ id, ...line })),
    );
    await assert.rejects(
      imported({ paths: [file], data: other }),
      /samples_gsm8k\.jsonl line 4 answers "Question: Double 6\?[^,]*, which is not that question of .*other.gsm8k\.jsonl/,
    );
    const bare = await write(
      `n/${date}_samples_gsm8k.jsonl`,
      samples(0, (index) => ({ input: '', target: index === 2 ? '10' : ASKED[index]!.answer })),
    );
    await assert.rejects(imported({ paths: [bare], data }), /line 3 answers/);
  });

  it('of images show the images of the set', async () => {
    const data = path.join(temporary.path, 'eval');
    const file = await copyData(data, 'eval', ['general.jsonl'], 3);
    const { readFile } = await import('node:fs/promises');
    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; prompt: string; answer: string });
    const answers = await write(
      'm/samples_general.jsonl',
      lines.map(({ id, prompt, answer }, doc_id) => ({
        doc_id,
        doc: { id, question: prompt.replace('<image>', '') },
        target: String(answer),
        resps: [[String(answer)]],
      })),
    );
    const result = await imported({ paths: [answers], data: file });
    assert.ok(result.questions.every(({ image, answers: given }) => image !== null && given.image !== undefined));
    assert.equal(result.scores[0]!.hits, 3);
  });

  it("of the paper's scripts are abilities, with the verdicts of the files and their agreement with the rules", async () => {
    const line = (id: number, input_type: string, full_response: string, gpt: boolean | null, correct: boolean) => ({
      id: String(id),
      input_type,
      question: `Question ${id}: which?\n\nChoices:\nA. one\nB. two`,
      gold_answer: 'two',
      predicted: full_response,
      correct,
      full_response,
      correct_gpt: gpt,
      correct_primary: gpt ?? correct,
    });
    for (const [index, model] of ['in', 'rl'].entries()) {
      const place = `results/${model}/perception_general_vqa`;
      await write(`${place}/A_image_prompt.jsonl`, [
        line(1, 'image_question', 'B', true, true),
        line(2, 'image_question', index === 0 ? 'A' : '<answer>two</answer>', index === 1, index === 1),
        line(3, 'image_question', 'the second', true, false),
        line(4, 'image_question', 'B', true, true),
      ]);
      await write(`${place}/B_black_image_prompt.jsonl`, [
        line(1, 'black_image_question', 'A', false, false),
        line(2, 'black_image_question', 'A', false, false),
        line(3, 'black_image_question', 'B', true, true),
        ...(index === 0 ? [line(4, 'black_image_question', 'A', null, false)] : []),
      ]);
      await write(`results/${model}/reasoning_math500/A_prompt_only.jsonl`, [
        { ...line(9, 'question_only', '\\boxed{\\frac{1}{2}}', null, true), question: 'x?', gold_answer: '0.5' },
      ]);
    }
    await write('results/in/perception_general_vqa/summary.json', [{ N: 4 }]);
    const result = await imported({ format: 'frankenstein' });
    assert.deepEqual(
      result.sets.map(({ name, questions, abilities }) => [name, questions, abilities]),
      [
        ['perception_general_vqa', 3, ['vis']],
        ['reasoning_math500', 1, ['rea']],
      ],
    );
    assert.match(result.warnings.join(), /perception_general_vqa: 1 question has no answer of every checkpoint/);
    assert.deepEqual(right(result).slice(0, 3), ['11/00', '01/00', '11/11']);
    assert.deepEqual(
      result.scores.map(({ ability, checkpoint, hits }) => [ability, checkpoint, hits]),
      [
        ['vis', 0, 1],
        ['vis', 1, 2],
        ['rea', 0, 1],
        ['rea', 1, 1],
      ],
    );
    assert.equal(result.grader, 'the verdicts of the files');
    // The rules do not know what "the second" is.
    assert.deepEqual(result.questions[2]!.regraded, ['image/0', 'image/1']);
    assert.deepEqual([result.agreement![0]!.graderOnly, result.agreement![0]!.rulesOnly], [2, 0]);
  });

  it('says what it cannot read, in a sentence', async () => {
    await assert.rejects(imported({ paths: [path.join(temporary.path, 'nowhere')] }), { code: 'not-found' });
    const file = await write('m/notes.jsonl', [{ a: 1 }]);
    await assert.rejects(imported({ paths: [file] }), /no file is called …_samples_TASK\.jsonl/);
    const one = await write('m/2026_samples_x.jsonl', samples(0));
    await write('m/2027_samples_x.jsonl', samples(1));
    await assert.rejects(imported(), /are both x by m: name one of the two/);
    await assert.rejects(imported({ paths: [one], labels: ['a', 'b'] }), /--labels names 2, and the files are of 1: m/);
    const wrong = async (line: object, why: RegExp) => {
      const bad = await write('w/2026_samples_y.jsonl', [line]);
      await assert.rejects(imported({ paths: [bad] }), why);
    };
    await wrong({ doc_id: 0, target: 'A', resps: [[[-1.5, false]]] }, /line 1 holds likelihoods of options/);
    await wrong({ doc_id: 0, target: 'A', filtered_resps: ['(-1.5, False)'] }, /holds likelihoods of options/);
    await wrong({ id: 0 }, /has no "doc_id"/);
    await wrong({ doc_id: 0, resps: [['x']] }, /has no "target"/);
  });
});
