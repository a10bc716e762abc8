/** Checkpoints that the user's own command serves: written, served, asked, ended, deleted. The server is a stand-in. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, engine } from '../../../../test/unit/probe/support.js';
import { filled } from '../../chat/program.js';
import { createEngine } from '../../engine.js';
import type { EvaluateRequest } from './request.js';

/** Serves what it is told: `node server.mjs FOLDER NAME PORT HOW`. It has a child, and notes both processes. */
const SERVER = `
import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
const [folder, name, port, notes, how] = process.argv.slice(2);
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
appendFileSync(notes, JSON.stringify({ pids: [process.pid, child.pid], folder, files: readdirSync(folder) }) + '\\n');
if (how === 'fails') { console.error('CUDA out of memory'); child.kill(); process.exit(3); }
createServer((incoming, outgoing) => {
  if (incoming.url === '/v1/models') {
    if (how === 'hangs') return outgoing.writeHead(503).end();
    return outgoing.end(JSON.stringify({ data: [{ id: how === 'other' ? 'other' : name }] }));
  }
  incoming.resume().on('end', () =>
    outgoing.end(JSON.stringify({ model: name, choices: [{ message: { content: name } }] })));
}).listen(Number(port), '127.0.0.1');
`;

describe.skipIf(process.platform === 'win32')('a serve command', () => {
  let temporary: TemporaryFolder;
  let [first, second, data, script, notes, runs, folder] = ['', '', '', '', '', '', ''];
  let count = 0;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    first = await copyCheckpoint(path.join(temporary.path, 'in'), 'in');
    second = await copyCheckpoint(path.join(temporary.path, 'rl'), 'rl');
    data = path.join(temporary.path, 'set.jsonl');
    await writeFile(data, ['a', 'b'].map((prompt) => JSON.stringify({ prompt, answer: 1, id: prompt })).join('\n'));
    script = path.join(temporary.path, 'server.mjs');
    await writeFile(script, SERVER);
  });
  afterAll(() => temporary.remove());
  beforeEach(() => {
    runs = path.join(temporary.path, `runs-${count}`);
    folder = path.join(temporary.path, `it's served-${count}`);
    notes = path.join(temporary.path, `notes-${count++}`);
  });

  const request = (how = '', more: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
    checkpoints: [
      { path: first, role: 'in' },
      {
        path: temporary.path,
        label: 'half way',
        role: 'hybrid',
        recipe: `checkpoints: {in: ${first}, rl: ${second}}\ninterpolate: {a: in, b: rl, alpha: 0.5}\n`,
      },
    ],
    data,
    threads: 1,
    runsFolder: runs,
    serve: { command: `"${process.execPath}" "${script}" {folder} {name} {port} "${notes}" ${how}`, folder },
    serveAllowed: true,
    ...more,
  });
  const served = async () =>
    (await readFile(notes, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { pids: number[]; folder: string; files: string[] });
  const left = async () => (await readdir(folder).catch(() => [])).filter((name) => !name.endsWith('.log'));
  const isGone = (pid: number) => {
    try {
      process.kill(pid, 0);
      // A process that nobody has waited for yet is a zombie, and runs no more.
      return existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return true;
    }
  };
  const allGone = async () => {
    for (const { pids } of await served())
      for (const pid of pids) while (!isGone(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('is run for each checkpoint in turn; a hybrid is written for it and deleted, a folder stays where it is', async () => {
    const result = await engine.evaluate(request());
    const [own, hybrid] = await served();
    assert.equal(own!.folder, first);
    assert.equal(path.dirname(hybrid!.folder), folder);
    assert.ok(hybrid!.files.includes('config.json') && hybrid!.files.some((name) => name.endsWith('.safetensors')));
    assert.deepEqual(await left(), []);
    assert.ok(existsSync(path.join(first, 'config.json')));
    await allGone();
    assert.deepEqual(
      result.questions[0]!.answers.text!.map((text) => text.replace(/-[0-9a-f]{8}$/, '')),
      ['in', 'half-way'],
    );
    assert.deepEqual(
      result.checkpoints.map(({ label, family }) => [label, family === 'endpoint']),
      [
        ['in', false],
        ['half way', false],
      ],
    );
    assert.match(result.servedBy!, /server\.mjs/);
    // What is known is not served again.
    await engine.evaluate(request('', { maxNewTokens: 512 }));
    assert.equal((await served()).length, 2);
    assert.equal((await engine.planEvaluate(request())).cached, 4);
  });

  it('runs only where it was allowed', async () => {
    const asked: string[] = [];
    const host = {
      languageModelKey: () => Promise.resolve(null),
      complete: () => Promise.reject(new Error('no')),
      mayServe: ({ command }: { command: string }) => (asked.push(command), Promise.resolve(false)),
    };
    const denied = request('', { serveAllowed: undefined });
    await assert.rejects(engine.evaluate(denied), /starts a program, and was not allowed to/);
    await assert.rejects(createEngine('no-worker.mjs', host).evaluate(denied), /was not allowed to/);
    assert.deepEqual(asked, [denied.serve!.command]);
    assert.ok(!existsSync(notes));
  });

  it('says why a server does not stay, or serves another model, and leaves nothing', async () => {
    await assert.rejects(engine.evaluate(request('fails')), /did not stay: it ended with status 3: CUDA out of memory/);
    await assert.rejects(engine.evaluate(request('other')), /serves other, and not in-/);
    const slow = request('hangs');
    await assert.rejects(engine.evaluate({ ...slow, serve: { ...slow.serve!, wait: 1 } }), /within 1 seconds/);
    assert.deepEqual(await left(), []);
    await allGone();
  });

  it('is ended with its children when it is cancelled, and what was written is deleted', async () => {
    const abort = new AbortController();
    const hybrid = request('hangs', { checkpoints: request().checkpoints.slice(1) });
    const run = engine.evaluate(hybrid, {
      signal: abort.signal,
      progress: ({ phase }) => {
        if (/Starting/.test(phase)) void waitFor(notes).then(() => abort.abort());
      },
    });
    await assert.rejects(run, { code: 'cancelled' });
    assert.equal((await served()).length, 1);
    assert.deepEqual(await left(), []);
    await allGone();
  });

  it('deletes no folder that it did not write, and serves again what an interrupted run wrote', async () => {
    const hybrid = request('', { checkpoints: request().checkpoints.slice(1) });
    const { checkpoints } = await engine.evaluate(hybrid);
    const { folder: name } = (await served())[0]!;
    await mkdir(name);
    await writeFile(path.join(name, 'mine'), '');
    const again = { ...hybrid, maxNewTokens: 8 };
    await assert.rejects(engine.evaluate(again), /is there already, and no evaluation wrote it/);
    assert.ok(existsSync(path.join(name, 'mine')));
    await rm(name, { recursive: true });
    // As a run that was killed leaves it: whole, with the mark beside it.
    await mkdir(name);
    await writeFile(path.join(name, 'config.json'), '{}');
    await writeFile(`${name}.served.json`, JSON.stringify({ fingerprint: checkpoints[0]!.fingerprint }));
    await engine.evaluate(again);
    assert.deepEqual((await served()).at(-1)!.files, ['config.json']);
    assert.deepEqual(await left(), []);
  });

  it('must say where the checkpoint is, and nothing unknown', async () => {
    const wrong = (command: string, more = {}) => engine.evaluate(request('', { serve: { command, ...more } }));
    await assert.rejects(wrong('vllm serve --port {port}'), /does not say \{folder\}/);
    await assert.rejects(wrong('vllm serve {folder} {gpu}'), /\{gpu\}, which means nothing/);
    await assert.rejects(wrong('vllm serve {folder}'), /does not say \{port\}/);
    await assert.rejects(wrong('vllm serve {folder}', { address: 'localhost' }), /is no http or https address/);
    assert.equal(
      filled('CUDA=${CUDA} serve {folder} {name} {port}', { folder: "/a b/it's", name: 'x', port: 7 }),
      String.raw`CUDA=${'${CUDA}'} serve '/a b/it'\''s' 'x' 7`,
    );
  });
});

async function waitFor(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
}
