/** Stored answers judged again: by rules, by form, by a file, by a language model; nothing is asked of a checkpoint. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { engine } from '../../../../test/unit/probe/support.js';
import { regradeRequest, type RegradeOptions } from './regradeRequest.js';
import { report } from './report.js';
import type { EvaluateResult } from './result.js';

/** What two models said, by question: of eight, four and five are right. */
const QUESTIONS = [
  { id: 1, prompt: 'How many?', answer: '3', answer_type: 'number', said: ['\\boxed{3}', '3'] },
  { id: 2, prompt: 'Which?', answer: 'B', choices: ['a cat', 'a dog'], said: ['<answer>B</answer>', 'A'] },
  { id: 3, prompt: 'Solve.', answer: '\\frac{1}{2}', answer_type: 'math', said: ['0.5', '\\boxed{\\frac12}'] },
  { id: 4, prompt: 'Where?', answer: 'Paris', answer_type: 'text', said: ['Paris', 'the capital of France'] },
  { id: 5, prompt: 'How far?', answer: '7', answer_type: 'number', said: ['8', '7'] },
  { id: 6, prompt: 'Who?', answer: 'Ada', answer_type: 'text', said: ['Lovelace', 'Ada'] },
];
const LABELS = ['one', 'two'];

describe('regrading', () => {
  let temporary: TemporaryFolder;
  let server: Server;
  let [runs, data] = ['', ''];
  let source: EvaluateResult;
  let judged: string[] = [];
  let asked = 0;

  beforeAll(async () => {
    temporary = await temporaryFolder();
    runs = path.join(temporary.path, 'runs');
    data = path.join(temporary.path, 'set.jsonl');
    await writeFile(data, QUESTIONS.map(({ said: _, ...question }) => JSON.stringify(question)).join('\n'));
    server = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        const { model, messages } = JSON.parse(body) as { model: string; messages: { content: string }[] };
        const { content } = messages.at(-1)!;
        if (model === 'judge') judged.push(content);
        else asked++;
        const question = QUESTIONS.find(({ prompt }) => content.includes(prompt))!;
        // The judge knows that Lovelace is Ada, and takes a half for wrong.
        const verdict = /Lovelace|Paris|capital|boxed\{3\}|<answer>B|\n3\n|\n7\n|\nAda\n/.test(content)
          ? 'CORRECT'
          : 'INCORRECT';
        const text = model === 'judge' ? verdict : question.said[LABELS.indexOf(model)]!;
        outgoing.end(JSON.stringify({ model, choices: [{ message: { content: text } }] }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    source = await engine.evaluate({
      checkpoints: LABELS.map((label) => ({ path: `endpoint:${url()}#${label}`, label })),
      data,
      runsFolder: runs,
    });
  });
  afterAll(async () => {
    server.close();
    await temporary.remove();
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const again = (options: RegradeOptions = {}, from = source) =>
    engine.evaluate({
      ...regradeRequest(from, { runsFolder: runs, runId: from.provenance.runId }, options),
      runsFolder: runs,
    });
  const right = ({ questions }: EvaluateResult) =>
    questions.map(({ right: flags }) => flags.text!.map(Number).join('')).join(' ');
  const grader = () => ({ kind: 'endpoint' as const, url: url(), model: 'judge' });

  it('says the same with the same rules, as a run of its own that names its source', async () => {
    const before = asked;
    const result = await again();
    assert.equal(asked, before);
    assert.equal(right(result), right(source));
    assert.equal(right(source), '11 10 11 10 01 01');
    assert.notEqual(result.provenance.runId, source.provenance.runId);
    assert.deepEqual(result.scores, source.scores);
    assert.deepEqual(
      [result.regrade!.runId, result.regrade!.answers, result.regrade!.changed, result.agreement],
      [source.provenance.runId, 12, 0, undefined],
    );
    assert.deepEqual(await engine.readEvaluate({ runsFolder: runs, runId: result.provenance.runId }), result);
    const listed = await engine.listRuns({ runsFolder: runs });
    assert.equal(listed.filter(({ state }) => state === 'finished').length, 2);
  });

  it('counts only marked answers by the format rule', async () => {
    const result = await again({ rules: 'format' });
    assert.equal(right(result), '10 10 01 00 00 00');
    assert.deepEqual(result.questions[0]!.changed, ['text/1']);
    assert.equal(result.regrade!.changed, 5);
    assert.match(report(result), /5 of 12 verdicts changed/);
  });

  it('shows a grader what the rules call wrong, or all, and then measures agreement', async () => {
    judged = [];
    const wrong = await again({ grader: grader(), graderScope: 'wrong' });
    assert.equal(judged.length, 4);
    assert.equal(right(wrong), '11 10 11 11 01 11');
    assert.equal(wrong.agreement, undefined);
    assert.deepEqual(wrong.questions[5]!.regraded, ['text/0']);
    judged = [];
    const all = await again({ grader: grader(), graderScope: 'all' });
    // Four were judged already.
    assert.equal(judged.length, 8);
    assert.equal(right(all), '11 10 00 11 01 11');
    assert.deepEqual(all.questions[2]!.changed, ['text/0', 'text/1']);
    const [both] = all.agreement!;
    assert.deepEqual(
      [both!.bothRight, both!.rulesOnly, both!.graderOnly, both!.bothWrong, both!.n, both!.questions],
      [6, 2, 2, 2, 12, 6],
    );
    // Eight of twelve agree; chance alone would make 80 of 144.
    assert.ok(Math.abs(both!.kappa! - (8 / 12 - 80 / 144) / (1 - 80 / 144)) < 1e-12);
    assert.deepEqual(
      all.agreement!.map(({ checkpoint }) => checkpoint),
      [null, 0, 1],
    );
    assert.match(report(all), /Cohen's κ/);
    assert.deepEqual((await again({ grader: grader(), graderScope: 'all' })).provenance.runId, all.provenance.runId);
  });

  it('takes verdicts from a file, and refuses those on other answers', async () => {
    const file = path.join(temporary.path, 'verdicts.jsonl');
    const verdict = (line: object) => writeFile(file, `${JSON.stringify(line)}\n`);
    await verdict({ id: 'set.jsonl/6', right: true, checkpoint: 'one' });
    const result = await again({ verdicts: file });
    assert.equal(right(result), '11 10 11 10 01 11');
    assert.equal(result.grader, 'verdicts.jsonl (1 verdicts)');
    assert.equal(result.agreement![0]!.n, 1);
    await verdict({ id: 'set.jsonl/9', right: true, checkpoint: 0 });
    await assert.rejects(again({ verdicts: file }), /line 1 judges "set\.jsonl\/9", which the run did not ask/);
    await verdict({ id: 'set.jsonl/6', right: true });
    await assert.rejects(again({ verdicts: file }), /does not say which "checkpoint": one, two/);
    await verdict({ id: 'set.jsonl/6', right: 1 });
    await assert.rejects(again({ verdicts: file }), /is no verdict: "right"/);
    await assert.rejects(again({ verdicts: file, grader: grader() }), /give one of the two/);
    await assert.rejects(again({ grader: grader(), rules: 'format' }), /give one of the two/);
  });

  it('of an earlier version, which kept no choices, reads the set, and refuses one that has changed', async () => {
    const result = path.join(runs, 'runs', source.provenance.runId, 'result.json');
    const whole = await readFile(result, 'utf8');
    const kept = await readFile(data, 'utf8');
    const questions = source.questions.map(({ choices: _c, precision: _p, ...rest }) => rest);
    try {
      await writeFile(result, JSON.stringify({ ...source, grading: 3, questions }));
      const rules = await again({}, { ...source, grading: 3 });
      assert.equal(right(rules), right(source));
      await writeFile(data, kept.replace('a dog', 'a bird').replace('Which?', 'Which one?'));
      await assert.rejects(again({ rules: 'format' }), /the question set\.jsonl\/2 is not in .* as the run/i);
    } finally {
      await writeFile(result, whole);
      await writeFile(data, kept);
    }
  });

  it('refuses a run that is not there', async () => {
    const runId = '0123456789abcdef';
    await assert.rejects(
      engine.evaluate({ ...regradeRequest(source, { runsFolder: runs, runId }, {}), runsFolder: runs }),
      /is no finished evaluation/,
    );
    await rm(path.join(temporary.path, 'verdicts.jsonl'), { force: true });
  });
});
