/** Evaluations that are repeated, interrupted, judged by a language model, or given what they cannot use. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { createEngine } from '../../engine.js';
import type { EvaluateProgress, EvaluateRequest } from './request.js';
import type { EvaluateResult } from './result.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, copyData, engine } from '../../../../test/unit/probe/support.js';

const numbers = ({ provenance: _, ...rest }: EvaluateResult) => rest;

describe('an evaluation', () => {
  let temporary: TemporaryFolder;
  let [first, second, data, runs] = ['', '', '', ''];
  let count = 0;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    first = await copyCheckpoint(path.join(temporary.path, 'in'), 'in');
    second = await copyCheckpoint(path.join(temporary.path, 'rl'), 'rl');
    data = path.join(temporary.path, 'data');
    for (const name of ['general', 'math', 'text']) {
      const file = await copyData(data, 'eval', [`${name}.jsonl`], 6);
      await writeFile(path.join(data, `${name}.jsonl`), await readFile(file));
      await rm(file);
    }
  });
  afterAll(() => temporary.remove());
  beforeEach(() => (runs = path.join(temporary.path, `runs-${count++}`)));

  const request = (more: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
    checkpoints: [
      { path: first, role: 'in' },
      { path: second, role: 'rl' },
    ],
    data,
    maxNewTokens: 24,
    threads: 1,
    ...more,
  });

  it('puts each question in the settings that its abilities need, and says where answers come from', async () => {
    const result = await engine.evaluate(request());
    assert.deepEqual(result.sets, [
      { name: 'general.jsonl', questions: 6, abilities: ['vis'] },
      { name: 'math.jsonl', questions: 6, abilities: ['v2r'] },
      { name: 'text.jsonl', questions: 6, abilities: ['rea'] },
    ]);
    const settings = (set: string) => Object.keys(result.questions.find((question) => question.set === set)!.answers);
    assert.deepEqual(
      [settings('general.jsonl'), settings('math.jsonl'), settings('text.jsonl')],
      [['image', 'black'], ['image', 'described'], ['text']],
    );
    assert.deepEqual(
      result.scores.map(({ n }) => n),
      [6, 6, 6, 6, 6, 6],
    );
    assert.deepEqual(
      result.checkpoints.map(({ label, role }) => [label, role]),
      [
        ['in', 'in'],
        ['rl', 'rl'],
      ],
    );
    assert.ok(
      result.questions.every(({ answers }) =>
        Object.values(answers).every((texts) => texts.length === 2 && texts.every((text) => typeof text === 'string')),
      ),
    );
  });

  it('sets may be named, and a name that is not there is refused', async () => {
    const result = await engine.evaluate(
      request({ checkpoints: [{ path: first }], sets: { vis: ['math.jsonl'], rea: ['text.jsonl'] } }),
    );
    assert.deepEqual(
      result.scores.map(({ ability, n }) => [ability, n]),
      [
        ['vis', 6],
        ['rea', 6],
      ],
    );
    await assert.rejects(
      engine.evaluate(request({ sets: { vis: ['other.jsonl'] } })),
      /has no set "other.jsonl"; there are general.jsonl, math.jsonl, text.jsonl\./,
    );
  });

  it('is returned as it is stored, and asked anew where a file says that the model runs differently', async () => {
    const idle = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const folder = await copyCheckpoint(path.join(temporary.path, 'edited'), 'in');
    const own = request({ checkpoints: [{ path: folder }], runsFolder: runs, maxNewTokens: 8 });
    const before = await engine.evaluate(own);
    const [id] = await readdir(path.join(runs, 'runs'));
    const file = path.join(runs, 'runs', id!, 'result.json');
    const { ino } = await stat(file);
    await rm(path.join(runs, 'runs', id!, 'journal.jsonl'));
    assert.deepEqual(await idle.evaluate(own), before);
    assert.equal((await stat(file)).ino, ino);
    for (const [name, edit] of [
      ['chat_template.jinja', (text: string) => `${text} 7 7 7`],
      ['config.json', (text: string) => text.replace(/"rope_theta": [\d.]+/, '"rope_theta": 100.0')],
    ] as const) {
      const text = await readFile(path.join(folder, name), 'utf8');
      assert.notEqual(edit(text), text);
      await writeFile(path.join(folder, name), edit(text));
      const after = await engine.evaluate(own);
      assert.notEqual(after.provenance.runId, before.provenance.runId, name);
      assert.notDeepEqual(numbers(after), numbers(before), name);
      await writeFile(path.join(folder, name), text);
    }
    assert.deepEqual(await idle.evaluate(own), before);
  });

  it('asks nothing twice: another evaluation of the same checkpoint starts from the answers of the first', async () => {
    const idle = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const both = await engine.evaluate(request({ runsFolder: runs }));
    const plan = await engine.planEvaluate(request({ runsFolder: runs, checkpoints: [{ path: second }] }));
    assert.equal(plan.cached, plan.generations);
    const one = await idle.evaluate(request({ runsFolder: runs, checkpoints: [{ path: second, role: 'rl' }] }));
    assert.deepEqual(
      one.scores.map(({ hits }) => hits),
      both.scores.filter(({ checkpoint }) => checkpoint === 1).map(({ hits }) => hits),
    );
    assert.deepEqual(numbers(await idle.evaluate(request({ runsFolder: runs }))), numbers(both));
    const listed = await engine.listRuns({ runsFolder: runs });
    assert.deepEqual(
      listed.map(({ kind, state }) => [kind, state]),
      [
        ['evaluate', 'finished'],
        ['evaluate', 'finished'],
      ],
    );
    assert.deepEqual(await engine.readEvaluate({ runsFolder: runs, runId: both.provenance.runId }), both);
    await assert.rejects(engine.readProbe({ runsFolder: runs, runId: both.provenance.runId }), /is no probe/);
  });

  it('is planned: questions, answers, memory, time, less what is known', async () => {
    const plan = await engine.planEvaluate(request({ runsFolder: runs }));
    assert.deepEqual([plan.questions, plan.generations, plan.cached], [18, 2 * 30, 0]);
    assert.ok(plan.seconds !== null && plan.seconds > 0 && plan.basis === 'measured', JSON.stringify(plan));
    // What it needs, which for so small a model is far from what it may have.
    assert.ok(plan.memory > 100 * 2 ** 20 && plan.memory < 2 ** 30, `${plan.memory} bytes`);
    const little = await engine.planEvaluate(request({ memory: 260 * 2 ** 20 }));
    assert.ok(little.memory <= 260 * 2 ** 20 && little.memory < plan.memory);
    const first = request().checkpoints.slice(0, 1);
    await engine.evaluate(request({ checkpoints: first, runsFolder: runs }));
    const rest = await engine.planEvaluate(request({ runsFolder: runs }));
    assert.equal(rest.cached, 30);
    assert.ok(rest.seconds !== null && rest.seconds > 0 && rest.memory <= plan.memory);
    const none = await engine.planEvaluate(request({ checkpoints: first, runsFolder: runs }));
    assert.deepEqual([none.cached, none.seconds], [none.generations, 0]);
    assert.ok(none.memory < rest.memory);
  });

  it('is not measured while the machine is at work', async () => {
    const running = engine.evaluate(request({ checkpoints: [{ path: first }] }));
    assert.equal((await engine.planEvaluate(request({ maxNewTokens: 23 }))).seconds, null);
    await running;
  });

  it('continues where it was cancelled, with the same numbers', async () => {
    const whole = await engine.evaluate(request());
    const cancel = new AbortController();
    const progress = ({ done }: EvaluateProgress) => {
      if (done >= 20) cancel.abort();
    };
    await assert.rejects(engine.evaluate(request({ runsFolder: runs }), { signal: cancel.signal, progress }), {
      code: 'cancelled',
    });
    const [{ state } = { state: 'none' }] = await engine.listRuns({ runsFolder: runs });
    assert.equal(state, 'interrupted');
    // A kill cuts the last line off.
    const [file] = (await readdir(path.join(runs, 'answers'))) as [string];
    const before = await readFile(path.join(runs, 'answers', file));
    await writeFile(path.join(runs, 'answers', file), before.subarray(0, Math.max(0, before.length - 5)));
    assert.deepEqual(numbers(await engine.evaluate(request({ runsFolder: runs }))), numbers(whole));
  });

  it('an image that is replaced is asked about again', async () => {
    const own = path.join(temporary.path, 'own');
    await copyData(own, 'eval', ['general.jsonl'], 2);
    const ask = () => request({ runsFolder: runs, checkpoints: [{ path: first }], data: own });
    await engine.evaluate(ask());
    const [image] = (await readdir(path.join(own, 'images'))) as [string];
    await writeFile(path.join(own, 'images', image), await readFile(path.join(own, 'images', image)));
    const plan = await engine.planEvaluate(ask());
    assert.ok(plan.cached < plan.generations && plan.cached > 0, `${plan.cached} of ${plan.generations}`);
  });

  it('an image that cannot be read stops the run, or leaves its question out', async () => {
    const own = path.join(temporary.path, 'broken');
    await copyData(own, 'eval', ['general.jsonl'], 3);
    const [image] = (await readdir(path.join(own, 'images'))) as [string];
    await writeFile(path.join(own, 'images', image), 'no image');
    const ask = (badLines?: 'skip') =>
      engine.evaluate(request({ checkpoints: [{ path: first }], data: own, badLines }));
    await assert.rejects(ask(), /is no PNG, JPEG or WebP image/);
    const result = await ask('skip');
    assert.ok(result.questions.length < 3 && result.questions.length > 0);
    assert.match(result.warnings.join(' '), /could not be asked and (was|were) left out/);
  });

  it('refuses what makes no sense, in one sentence', async () => {
    await assert.rejects(engine.evaluate(request({ checkpoints: [] })), /No checkpoint is given/);
    await assert.rejects(engine.evaluate(request({ maxNewTokens: 0 })), /number of new tokens/);
    await assert.rejects(engine.evaluate(request({ data: path.join(temporary.path, 'nowhere') })), {
      code: 'not-found',
    });
    await assert.rejects(engine.evaluate(request({ data: first })), /holds no \.jsonl or \.parquet file/);
  });

  describe('with a language model', () => {
    let server: Server;
    let asked: { authorization: string | undefined; prompt: string; image: boolean }[] = [];
    let reply: (prompt: string) => { status: number; body: unknown };
    const said = (content: string) => ({
      status: 200,
      body: { choices: [{ message: { role: 'assistant', content } }] },
    });
    // One each: what a test that ended was still asking is not counted by the next.
    beforeEach(async () => {
      const own: typeof asked = [];
      asked = own;
      server = createServer((incoming, outgoing) => {
        void bodyOf(incoming).then((body) => {
          const [{ content }] = (
            JSON.parse(body) as { messages: [{ content: string | { type: string; text?: string }[] }] }
          ).messages;
          const prompt = typeof content === 'string' ? content : content.find(({ type }) => type === 'text')!.text!;
          own.push({ authorization: incoming.headers.authorization, prompt, image: typeof content !== 'string' });
          const { status, body: answer } = reply(prompt);
          outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => void server.close());
    const endpoint = () => ({
      kind: 'endpoint' as const,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      model: 'judge',
      keyVariable: 'FRANKENSTEIN_TEST_KEY',
    });
    beforeAll(() => (process.env['FRANKENSTEIN_TEST_KEY'] = 'secret'));
    afterAll(() => delete process.env['FRANKENSTEIN_TEST_KEY']);

    it('only wrong answers are shown, verdicts are kept, the result says who judged, and no key is stored', async () => {
      reply = () => said('The answers agree. CORRECT');
      const rules = await engine.evaluate(request({ runsFolder: runs, checkpoints: [{ path: first }] }));
      assert.equal(asked.length, 0);
      const result = await engine.evaluate(
        request({ runsFolder: runs, checkpoints: [{ path: first }], grader: endpoint() }),
      );
      const wrong = new Set(
        rules.questions.flatMap(({ prompt, truth, answers, right }) =>
          Object.entries(right).flatMap(([setting, flags]) =>
            flags[0] ? [] : [JSON.stringify([prompt, truth, answers[setting as 'image']![0]])],
          ),
        ),
      );
      const boxes = rules.questions.filter(({ answerType }) => answerType === 'box').length;
      assert.ok(
        asked.length > 0 && asked.length <= wrong.size && (boxes > 0 || asked.length === wrong.size),
        `${asked.length} of ${wrong.size}`,
      );
      assert.ok(asked.every(({ authorization }) => authorization === 'Bearer secret'));
      assert.equal(result.grader, 'judge');
      assert.ok(
        result.questions
          .filter(({ answerType }) => answerType !== 'box')
          .every(({ right }) => Object.values(right).every(([flag]) => flag)),
      );
      assert.ok(result.questions.some(({ regraded }) => regraded !== undefined));
      asked.length = 0;
      assert.deepEqual(
        numbers(
          await engine.evaluate(request({ runsFolder: runs, checkpoints: [{ path: first }], grader: endpoint() })),
        ),
        numbers(result),
      );
      assert.equal(asked.length, 0);
      for (const file of await readdir(runs, { recursive: true, withFileTypes: true })) {
        if (file.isFile())
          assert.ok(!(await readFile(path.join(file.parentPath, file.name), 'utf8')).includes('secret'), file.name);
      }
    });

    it('a reply without a verdict leaves the rules as they are', async () => {
      reply = () => said('I cannot say.');
      const rules = await engine.evaluate(request({ checkpoints: [{ path: first }] }));
      const result = await engine.evaluate(request({ checkpoints: [{ path: first }], grader: endpoint() }));
      assert.deepEqual(result.scores, rules.scores);
    });

    it('an endpoint that refuses, or is no endpoint, is named', async () => {
      reply = () => ({ status: 401, body: { error: { message: 'Incorrect API key provided.' } } });
      await assert.rejects(
        engine.evaluate(request({ checkpoints: [{ path: first }], grader: endpoint() })),
        /answered with status 401: Incorrect API key provided\./,
      );
      reply = () => ({ status: 200, body: 'hello' });
      await assert.rejects(
        engine.evaluate(request({ checkpoints: [{ path: first }], grader: endpoint() })),
        /is no chat completion/,
      );
      await assert.rejects(
        engine.evaluate(request({ grader: { kind: 'endpoint', url: 'nonsense', model: 'x' } })),
        /is no address of a language model/,
      );
      await assert.rejects(
        engine.evaluate(
          request({ grader: { kind: 'endpoint', url: 'http://localhost/v1', model: 'x', keyVariable: 'NO_SUCH_KEY' } }),
        ),
        /environment variable NO_SUCH_KEY/,
      );
      for (const [key, reason] of [
        ['two\nlines', /character that no header may hold/],
        ['', /environment variable FRANKENSTEIN_TEST_KEY/],
      ] as const) {
        process.env['FRANKENSTEIN_TEST_KEY'] = key;
        await assert.rejects(engine.evaluate(request({ grader: endpoint() })), reason);
      }
      process.env['FRANKENSTEIN_TEST_KEY'] = 'secret';
      await assert.rejects(
        engine.evaluate(request({ grader: { kind: 'endpoint', url: 'http://me:secret@localhost/v1', model: 'x' } })),
        (error: Error) => /holds a user name or a password/.test(error.message) && !error.message.includes('secret'),
      );
      await assert.rejects(engine.evaluate(request({ grader: { kind: 'editor', model: 'x' } })), /VS Code only/);
    });

    it('describes images of sets that have no descriptions, once', async () => {
      reply = () => said('The image shows: a1 red circle.');
      const own = path.join(temporary.path, 'bare');
      await copyData(own, 'eval', ['math.jsonl'], 3, (lines) =>
        lines.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), description: undefined })),
      );
      const ask = () =>
        engine.evaluate(
          request({ runsFolder: runs, checkpoints: [{ path: first }], data: own, describer: endpoint() }),
        );
      const result = await ask();
      assert.equal(result.describer, 'judge');
      assert.ok(asked.length > 0 && asked.every(({ image }) => image));
      assert.ok(result.scores.some(({ ability, n }) => ability === 'v2r' && n === 3));
      assert.ok(result.questions.every(({ description }) => description === 'The image shows: a1 red circle.'));
      const before = asked.length;
      await ask();
      assert.equal(asked.length, before);
    });
  });
});

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
