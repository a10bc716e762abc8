/** An endpoint as a checkpoint: what it is sent, what is kept, and how it fails. The server is a stand-in. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { report } from './report.js';
import { blackPng } from './endpoint.js';
import type { EvaluateRequest } from './request.js';
import { createEngine } from '../../engine.js';
import { decodeImage } from '../../models/processor/decodeImage.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, copyData, engine } from '../../../../test/unit/probe/support.js';

interface Body {
  model: string;
  max_tokens: number;
  temperature: number;
  seed?: number;
  messages: { role: string; content: string | { type: string; text?: string; image_url?: { url: string } }[] }[];
}
interface Seen {
  authorization: string | undefined;
  body: Body;
}

describe('an endpoint', () => {
  let temporary: TemporaryFolder;
  let server: Server;
  let [data, runs] = ['', ''];
  let seen: Seen[] = [];
  let count = 0;
  let reply: (seen: Seen, outgoing: ServerResponse) => void;

  const said = (outgoing: ServerResponse, text: string, more: object = {}) =>
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        model: 'org/lab',
        choices: [{ message: { content: text } }],
        usage: { prompt_tokens: 10, completion_tokens: 2 },
        ...more,
      }),
    );

  beforeAll(async () => {
    temporary = await temporaryFolder();
    data = path.join(temporary.path, 'data');
    for (const name of ['general', 'math', 'text']) {
      const file = await copyData(data, 'eval', [`${name}.jsonl`], 4);
      await writeFile(path.join(data, `${name}.jsonl`), await readFile(file));
      await rm(file);
    }
    process.env['FRANKENSTEIN_TEST_ENDPOINT'] = 'top-secret-key';
  });
  afterAll(async () => {
    delete process.env['FRANKENSTEIN_TEST_ENDPOINT'];
    await temporary.remove();
  });
  beforeEach(async () => {
    const own: Seen[] = [];
    seen = own;
    runs = path.join(temporary.path, `runs-${count++}`);
    reply = (_, outgoing) => void said(outgoing, 'The answer is 3.');
    server = createServer((incoming, outgoing) => {
      void bodyOf(incoming).then((body) => {
        const one = { authorization: incoming.headers.authorization, body: JSON.parse(body) as Body };
        own.push(one);
        reply(one, outgoing);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const place = () => `endpoint:${address()}#org/lab`;
  const request = (more: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
    checkpoints: [{ path: place() }],
    data,
    maxNewTokens: 24,
    threads: 1,
    runsFolder: runs,
    ...more,
  });

  it('is asked every question once, with its images, and measured as a checkpoint is', async () => {
    const result = await engine.evaluate(request({ system: [{ text: 'Think.' }], prefix: [{ text: 'Now:' }] }));
    assert.deepEqual(
      result.checkpoints.map(({ label, path: own, family }) => [label, own, family]),
      [['lab', place(), 'endpoint']],
    );
    assert.deepEqual([...new Set(result.scores.map(({ ability }) => ability))], ['vis', 'v2r', 'rea']);
    assert.ok(
      result.questions.every(({ answers }) => Object.values(answers).every(([text]) => text === 'The answer is 3.')),
    );
    const put = result.questions.flatMap(({ answers }) => Object.keys(answers)).length;
    assert.ok(seen.length > 0 && seen.length <= put, `${seen.length} of ${put}`);
    assert.ok(
      seen.every(({ body, authorization }) => {
        const [system, user] = body.messages;
        const words =
          typeof user!.content === 'string' ? user!.content : user!.content.map(({ text }) => text ?? '').join('');
        return (
          authorization === undefined &&
          [body.model, body.max_tokens, body.temperature, body.seed].join() === 'org/lab,24,0,' &&
          system!.content === 'Think.' &&
          words.startsWith('Now:\n\n')
        );
      }),
    );
    const sent = seen.flatMap(({ body }) => {
      const { content } = body.messages[1]!;
      return typeof content === 'string' ? [] : content.flatMap(({ image_url }) => image_url?.url ?? []);
    });
    const own = await Promise.all(
      result.questions.flatMap(({ image }) => (image === null ? [] : [readFile(path.join(data, image))])),
    );
    assert.ok(own.every((bytes) => sent.includes(`data:image/png;base64,${bytes.toString('base64')}`)));
    const black = sent.filter((url) => !own.some((bytes) => url.endsWith(bytes.toString('base64'))));
    assert.ok(black.length > 0);
    const shown = await decodeImage(Buffer.from(black[0]!.split(',')[1]!, 'base64'), 'black.png');
    assert.ok(shown.data.every((value) => value === 0));
    assert.deepEqual(
      result.served!.map(({ seconds, ...rest }) => [seconds > 0, rest]),
      [[true, { checkpoint: 0, answers: seen.length, promptTokens: 10 * seen.length, answerTokens: 2 * seen.length }]],
    );
    assert.match(
      report(result),
      new RegExp(`lab: ${seen.length} answers, ${10 * seen.length} prompt and ${2 * seen.length} answer tokens`),
    );
  });

  it('has images where the words have places for them, as a checkpoint here has', async () => {
    const [line] = (await readFile(path.join(data, 'general.jsonl'), 'utf8')).split('\n');
    const question = JSON.parse(line!) as { image: string };
    const file = path.join(data, 'placed.jsonl');
    await writeFile(file, JSON.stringify({ ...question, description: undefined, prompt: 'Look: <image>\nHow many?' }));
    await engine.evaluate(request({ data: file }));
    await rm(file);
    const contents = seen.map(({ body }) => body.messages[0]!.content);
    assert.ok(contents.length > 0);
    for (const content of contents) {
      assert.ok(typeof content !== 'string');
      assert.deepEqual(
        content.map(({ type, text }) => [type, text]),
        [
          ['text', 'Look: '],
          ['image_url', undefined],
          ['text', 'How many?'],
        ],
      );
    }
  });

  it('is compared with a checkpoint that runs here, on the same questions', async () => {
    const here = await copyCheckpoint(path.join(temporary.path, 'in'), 'in');
    const result = await engine.evaluate(
      request({
        checkpoints: [
          { path: here, role: 'in' },
          { path: place(), role: 'rl' },
        ],
      }),
    );
    assert.deepEqual(
      result.comparisons.map(({ checkpoint, against, n }) => [checkpoint, against, n]),
      [
        [1, 0, 4],
        [1, 0, 4],
        [1, 0, 4],
      ],
    );
  });

  it('draws several answers with seeds of their own', async () => {
    const result = await engine.evaluate(
      request({ sets: { rea: ['text.jsonl'] }, answers: 3, temperature: 0.5, topP: 0.9, seed: 7 }),
    );
    assert.equal(result.passes?.length, 3);
    assert.deepEqual([...new Set(seen.map(({ body }) => body.seed))].sort(), [7, 8, 9]);
    assert.ok(
      seen.every(({ body }) => body.temperature === 0.5 && (body as unknown as { top_p: number }).top_p === 0.9),
    );
  });

  it('keeps what it said when it fails, and is asked only for the rest', async () => {
    let left = 5;
    reply = (_, outgoing) => {
      if (left-- > 0) said(outgoing, '3');
      else outgoing.writeHead(401, { 'content-type': 'application/json' }).end('{"error": {"message": "no such key"}}');
    };
    await assert.rejects(engine.evaluate(request({ concurrency: 1 })), /answered with status 401: no such key\./);
    const before = seen.length;
    reply = (_, outgoing) => void said(outgoing, '3');
    const whole = await engine.evaluate(request());
    assert.equal(whole.questions.length, 12);
    const again = seen.length;
    assert.ok(before === 6 && again > before);
    assert.deepEqual(await engine.evaluate(request()), whole);
    assert.equal(seen.length, again, 'nothing is asked twice');
    assert.equal((await engine.planEvaluate(request())).cached, (await engine.planEvaluate(request())).generations);
  });

  it('waits for a busy server, and tries again when a connection breaks', async () => {
    let busy = 1;
    let cut = 1;
    reply = (_, outgoing) => {
      if (busy-- > 0) outgoing.writeHead(429, { 'retry-after': '0.01' }).end('{}');
      else if (cut-- > 0) outgoing.destroy();
      else said(outgoing, '3');
    };
    const result = await engine.evaluate(request({ data: path.join(data, 'text.jsonl'), concurrency: 1 }));
    assert.equal(result.questions.length, 4);
    assert.equal(seen.length, 6);
  });

  it('sends its key in the header alone, follows no redirect, and stores the key nowhere', async () => {
    reply = ({ authorization }, outgoing) => void said(outgoing, `You sent ${authorization}`);
    const idle = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const result = await idle.evaluate(request({ endpointKey: 'FRANKENSTEIN_TEST_ENDPOINT' }));
    assert.ok(seen.every(({ authorization }) => authorization === 'Bearer top-secret-key'));
    assert.ok(!JSON.stringify(result).includes('top-secret-key'));
    for (const file of await filesBelow(runs))
      assert.ok(!(await readFile(file, 'utf8')).includes('top-secret-key'), file);
    await assert.rejects(
      idle.evaluate(
        request({
          checkpoints: [{ path: place() }, { path: 'endpoint:http://localhost:1/v1#other' }],
          endpointKey: 'FRANKENSTEIN_TEST_ENDPOINT',
        }),
      ),
      /--endpoint-key goes to one address/,
    );
  });

  it('has the reasoning that a server takes out of its answers', async () => {
    let count = 0;
    reply = (_, outgoing) => {
      const message = [
        { content: '<answer>3</answer>', reasoning_content: 'one and two.' },
        { content: null, reasoning: 'one and' },
        { content: '3', reasoning_content: '' },
      ][count++ % 3];
      said(outgoing, '', { choices: [{ message }] });
    };
    const result = await engine.evaluate(request({ data: path.join(data, 'text.jsonl'), concurrency: 1 }));
    assert.deepEqual(
      result.questions
        .map(({ answers }) => answers.text![0])
        .slice(0, 3)
        .sort(),
      ['3', '<think>one and', '<think>one and two.</think><answer>3</answer>'],
    );
  });

  it('follows no redirect, and says at once that nothing listens', async () => {
    let elsewhere = 0;
    const other = createServer((_, outgoing) => {
      elsewhere++;
      outgoing.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    reply = (_, outgoing) =>
      void outgoing.writeHead(307, { location: `http://127.0.0.1:${port}/v1/chat/completions` }).end();
    await assert.rejects(engine.evaluate(request()), /answered with status 307/);
    assert.equal(elsewhere, 0);
    other.close();
    await assert.rejects(
      engine.evaluate(request({ checkpoints: [{ path: 'endpoint:http://127.0.0.1:1/v1#lab' }] })),
      /could not be reached/,
    );
  });

  it('that answers as another model is refused, and so is what it cannot be told', async () => {
    reply = (_, outgoing) => void said(outgoing, '3', { model: 'other/model' });
    await assert.rejects(
      engine.evaluate(request()),
      /127\.0\.0\.1:\d+ answered as "other\/model", and "org\/lab" was asked/,
    );
    await assert.rejects(engine.evaluate(request({ maxPixels: 100_000 })), /An endpoint scales images itself/);
    await assert.rejects(
      engine.evaluate(request({ checkpoints: [{ path: 'endpoint:lab' }] })),
      /names no model at an address: write endpoint:URL#MODEL/,
    );
    await assert.rejects(
      engine.evaluate(request({ checkpoints: [{ path: 'endpoint:ftp://here#lab' }] })),
      /is no http or https address/,
    );
    await assert.rejects(
      engine.compare({ stages: [{ path: place() }, { path: place() }] }),
      /has no weights to read: it can be evaluated\./,
    );
  });

  it('says in its plan how much is asked over the network', async () => {
    const plan = await engine.planEvaluate(request());
    assert.deepEqual([plan.sent, plan.seconds], [plan.generations, null]);
    assert.equal(seen.length, 0);
  });

  it('sees black images as PNG has them', async () => {
    const { width, height, data: pixels } = await decodeImage(blackPng(3, 5), 'black.png');
    assert.deepEqual([width, height, pixels.every((value) => value === 0)], [3, 5, true]);
  });
});

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
