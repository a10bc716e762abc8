/** The key of a language model: nothing that the extension or the engine shows, posts, logs or stores has it. */
import { configuration, FakeView, shown } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type * as vscode from 'vscode';
import { createEngineClient, type EngineClient } from '../engineProcess/client.js';
import { EvaluatePanel } from '../panel/evaluatePanel.js';
import type { PanelServices } from '../panel/basePanel.js';
import { panelHtml } from '../panel/html.js';
import { Panels } from '../panel/panels.js';
import type { EvaluatePanelRequest } from '../protocol/hostApi.js';
import { engineHost, languageModelRequest } from './languageModels.js';
import { RecentEvaluations } from './recentQuestions.js';
import { Queue } from './queue.js';
import type { ResultsIndex } from './resultsIndex.js';
import type { RecentSpectrum } from './recentSpectrum.js';
import type { TensorDocuments } from './tensorDocuments.js';
import { temporaryFolder, type TemporaryFolder } from '../../test/fixtures/checkpoints.js';
import { copyCheckpoint, copyData } from '../../test/unit/probe/support.js';

const KEY = 'SECRET-KEY-4711';
const root = path.resolve('.');

function store(initial: Record<string, unknown> = {}) {
  const kept = new Map<string, unknown>(Object.entries(initial));
  return {
    kept,
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
  };
}

function secretsWith(entries: [string, string][]) {
  const kept = new Map(entries);
  return { get: (name: string) => Promise.resolve(kept.get(name)) } as unknown as vscode.SecretStorage;
}

describe('the key of a language model', () => {
  let temporary: TemporaryFolder;
  let server: Server;
  let client: EngineClient;
  let url = '';
  let answer = (_authorization: string): { status: number; body: object } => ({ status: 200, body: {} });
  const authorizations: string[] = [];
  const log: string[] = [];

  beforeAll(async () => {
    temporary = await temporaryFolder();
    server = createServer((incoming, outgoing) => {
      incoming.resume();
      const authorization = incoming.headers.authorization ?? '';
      authorizations.push(authorization);
      const { status, body } = answer(authorization);
      // With every character escaped, so that the key is not in the bytes but in what they say.
      const text = JSON.stringify(body).replace(/-/g, '\\u002d');
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    client = createEngineClient({
      entry: path.join(root, 'dist', 'engine.mjs'),
      log: { info: (text) => log.push(text), error: (text) => log.push(text) },
      host: engineHost(secretsWith([[`frankenstein.languageModel.key ${url}`, KEY]])),
    });
  });
  afterAll(async () => {
    client.dispose();
    server.closeAllConnections();
    server.close();
    await temporary.remove();
  });

  async function request(name: string): Promise<EvaluatePanelRequest> {
    const checkpoint = await copyCheckpoint(path.join(temporary.path, name, 'in'), 'in');
    const data = await copyData(path.join(temporary.path, name, 'data'), 'eval', ['text.jsonl'], 2, (lines) =>
      lines.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), answer: 'nobody says this' })),
    );
    return {
      kind: 'evaluate',
      evaluation: {
        checkpoints: [{ path: checkpoint, label: 'in' }],
        data,
        maxNewTokens: 4,
        grader: languageModelRequest({ kind: 'endpoint', url, model: 'judge' }),
      },
    };
  }

  function services(runsFolder: string): PanelServices {
    return {
      extensionUri: { fsPath: root } as vscode.Uri,
      engine: client.engine,
      queue: new Queue(client.engine, () => ({ memory: undefined, threads: 1, runsFolder })),
      results: {} as ResultsIndex,
      recentSpectrum: {} as RecentSpectrum,
      tensorDocuments: {} as TensorDocuments,
    };
  }

  /** Runs it in a panel and collects what was posted. */
  async function run(name: string): Promise<{ posted: string; panel: EvaluatePanel; runs: string }> {
    const runs = path.join(temporary.path, name, 'runs');
    const view = new FakeView();
    const asked = await request(name);
    const panel = new EvaluatePanel(view as unknown as vscode.WebviewPanel, asked, services(runs));
    view.say({ rpc: 'ready', answer: false });
    panel.start();
    while (panel.state.kind === 'running') await sleep(50);
    await sleep(50);
    return { posted: JSON.stringify(view.posted), panel, runs };
  }

  async function onDisk(folder: string): Promise<string> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    assert.ok(files.length > 0, folder);
    return (await Promise.all(files.map((file) => readFile(path.join(file.parentPath, file.name), 'latin1')))).join();
  }

  it('reaches the endpoint, and nothing that is posted, stored, logged or shown', async () => {
    answer = (authorization) => ({
      status: 200,
      body: { choices: [{ message: { content: `You sent ${authorization}. CORRECT` } }] },
    });
    const { posted, panel, runs } = await run('held');
    assert.equal(panel.state.kind, 'evaluation', JSON.stringify(panel.state));
    assert.ok(authorizations.length > 0 && authorizations.every((one) => one === `Bearer ${KEY}`));
    const memory = store();
    await new RecentEvaluations(memory).remember(panel.request.evaluation);
    const all = [posted, await onDisk(runs), log.join('\n'), JSON.stringify(shown), JSON.stringify([...memory.kept])];
    assert.ok(posted.includes('"kind":"evaluation"') && posted.includes(url));
    assert.ok(all.every((text) => !text.includes(KEY)));
  });

  it('is not in the sentence of a server that repeats the header, cut or whole', async () => {
    answer = (authorization) => ({
      status: 401,
      body: { error: { message: `${'x'.repeat(190)}${authorization} is no key.` } },
    });
    const { posted, panel } = await run('echoed');
    assert.ok(panel.state.kind === 'failed' && panel.state.code === 'unavailable', JSON.stringify(panel.state));
    assert.match(panel.state.message, /status 401: x+Bea/);
    answer = (authorization) => ({ status: 401, body: { error: { message: `${authorization} is no key.` } } });
    const again = await run('echoed-whole');
    assert.ok(again.panel.state.kind === 'failed');
    assert.match(again.panel.state.message, /status 401: Bearer \(key\) is no key\.$/);
    for (const text of [posted, again.posted, log.join('\n')]) assert.ok(!/SECRET/.test(text), text);
  });

  it('goes to the address that it was given for, and to no other', async () => {
    const kept = secretsWith([
      ['frankenstein.languageModel.key https://a/v1', 'of a'],
      ['frankenstein.languageModel.key', 'of an earlier version'],
    ]);
    configuration.set('frankenstein.languageModel.url', 'https://b/v1');
    const host = engineHost(kept);
    assert.equal(await host.languageModelKey({ url: 'https://a/v1' }), 'of a');
    assert.equal(await host.languageModelKey({ url: 'https://b/v1' }), 'of an earlier version');
    assert.equal(await host.languageModelKey({ url: 'https://c/v1' }), null);
  });

  it('is taken out of what an earlier version kept; who judges and describes stays', async () => {
    const endpoint = { kind: 'endpoint', url, model: 'judge' };
    const question = { checkpoints: [{ path: '/in', label: 'in' }], data: '/d' };
    const old = {
      ...question,
      grader: { ...endpoint, key: KEY },
      describer: { kind: 'editor', model: 'v/m', key: KEY },
    };
    const wanted = { ...question, grader: endpoint, describer: { kind: 'editor', model: 'v/m' } };
    const memory = store({ 'frankenstein.evaluations': [old] });
    const evaluations = new RecentEvaluations(memory);
    await evaluations.clean();
    assert.deepEqual(memory.kept.get('frankenstein.evaluations'), [wanted]);

    const view = new FakeView();
    const panels = new Panels(services(path.join(temporary.path, 'none')), store());
    const state = { request: { kind: 'evaluate', evaluation: old }, view: {} };
    await panels.deserializeWebviewPanel(view as unknown as vscode.WebviewPanel, state);
    view.say({ rpc: 'ready', answer: false });
    view.say({ rpc: 'call', id: 1, method: 'ready', request: { memory: state } });
    await sleep(20);
    // `show` carries the request that the webview keeps from now on, over what it had kept.
    const shows = view.posted.filter((message) => (message as { method?: string }).method === 'show');
    assert.ok(shows.length > 0);
    for (const show of shows)
      assert.deepEqual((show as { request: { request: EvaluatePanelRequest } }).request.request.evaluation, wanted);
    assert.ok(!JSON.stringify(view.posted).includes(KEY));
  });
});

describe('the document of a panel', () => {
  it('loads nothing but its script and style, has no base and sends no form', () => {
    const view = new FakeView();
    const html = panelHtml(view.webview as unknown as vscode.Webview, { fsPath: root } as vscode.Uri, 'x');
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    for (const directive of ["default-src 'none'", "base-uri 'none'", "form-action 'none'"])
      assert.ok(policy.split('; ').includes(directive), policy);
  });
});
