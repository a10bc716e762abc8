/** Panels beside each other: their tabs' names, the buttons that follow what is in sight, waiting, coming back. */
import { contexts, executed, FakeView, views } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, it } from 'vitest';
import type * as vscode from 'vscode';
import { Panels } from './panels.js';
import type { CompareRequest, CompareResult, EngineApi, Progress } from '../protocol/engineApi.js';
import type { PanelState } from '../protocol/hostApi.js';
import type { CallOptions } from '../protocol/rpc.js';
import { panelServices } from '../../test/unit/host/panelServices.js';
import { sampleResult } from '../../test/unit/host/sampleResult.js';

interface Call {
  request: CompareRequest;
  progress: (value: Progress) => void;
  finish: (result: CompareResult) => void;
  fail: (error: Error) => void;
}

function setUp(kept = new Map<string, unknown>()) {
  const calls: Call[] = [];
  const engine = {
    compare: (request: CompareRequest, { signal, progress }: CallOptions<Progress>) =>
      new Promise<CompareResult>((finish, fail) => {
        calls.push({ request, finish, fail, progress: (value) => progress?.(value) });
        signal?.addEventListener('abort', () => fail(new Error('Cancelled.')));
      }),
    listRuns: () => Promise.resolve([]),
  } as Partial<EngineApi> as EngineApi;
  const store = {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
  };
  const services = panelServices(engine);
  return { calls, kept, panels: new Panels(services, store) };
}

const lineage = (folder: string) => ({
  kind: 'compare' as const,
  stages: ['in', 'rl'].map((label) => ({ path: `/m/${folder}/${label}`, label })),
});

const ask = (view: FakeView, method: string, request: unknown) => view.say({ rpc: 'call', id: 1, method, request });

/** The last state that the webview was shown. */
function lastState(view: FakeView): PanelState {
  const shows = view.posted.filter((message) => (message as { method?: string }).method === 'show');
  return (shows.at(-1) as { request: { state: PanelState } }).request.state;
}

describe('panels', () => {
  beforeEach(() => {
    views.length = 0;
    executed.length = 0;
    contexts.clear();
  });

  it('tabs of one title name the folder that tells them apart, as long as both are open', () => {
    const { panels } = setUp();
    panels.open(lineage('lineage'));
    assert.equal(views[0]!.title, 'in → rl');
    panels.open(lineage('big'));
    assert.deepEqual(
      views.map(({ title }) => title),
      ['in → rl · lineage', 'in → rl · big'],
    );
    views[1]!.dispose();
    assert.equal(views[0]!.title, 'in → rl');
  });

  it('the buttons of the title follow the tab that is in front', async () => {
    const { calls, panels } = setUp();
    panels.open(lineage('a'));
    const [view] = views;
    view!.say({ rpc: 'ready', answer: false });
    await sleep(5);
    assert.equal(contexts.get('frankenstein.panelState'), 'running');
    ask(view!, 'spectrum', undefined);
    ask(view!, 'tabShown', { tab: 'spectrum' });
    await sleep(5);
    assert.equal(contexts.get('frankenstein.panelState'), 'offer');
    assert.equal(contexts.get('frankenstein.panelHasRun'), false);
    ask(view!, 'tabShown', { tab: 'comparison' });
    calls[0]!.finish(sampleResult());
    await sleep(5);
    assert.equal(contexts.get('frankenstein.panelState'), 'compare');
    assert.equal(contexts.get('frankenstein.panelHasRun'), true);
  });

  it('one that waits says for what, and how far that is', async () => {
    const { calls, panels } = setUp();
    panels.open(lineage('a'));
    panels.open(lineage('b'));
    for (const view of views) view.say({ rpc: 'ready', answer: false });
    await sleep(5);
    calls[0]!.progress({ phase: 'x', doneBytes: 44, totalBytes: 100, remainingSeconds: null, tensor: null });
    await sleep(5);
    const texts = views[1]!.posted.map((message) => JSON.stringify(message));
    assert.ok(
      texts.some((text) => text.includes('Waiting for Comparison · in → rl (44%)')),
      texts.join('\n'),
    );
    calls[0]!.finish(sampleResult());
    await sleep(5);
    assert.equal(calls.length, 2);
  });

  it('a failure leads on: other checkpoints, the one it is about, the log', async () => {
    const { calls, panels } = setUp();
    panels.open(lineage('a'));
    const [view] = views;
    view!.say({ rpc: 'ready', answer: false });
    await sleep(5);
    calls[0]!.fail(Object.assign(new Error('/m/a/rl/model.safetensors is truncated.'), { code: 'malformed' }));
    await sleep(5);
    const state = lastState(view!);
    assert.deepEqual(state.kind === 'failed' && state.actions, ['choose', 'inspect', 'log']);
    for (const action of ['choose', 'inspect', 'log']) ask(view!, 'act', { action });
    await sleep(5);
    assert.deepEqual(executed, [
      ['frankenstein.compareLineage', undefined],
      ['frankenstein.inspect', '/m/a/rl'],
      ['frankenstein.showLog', undefined],
    ]);
  });

  it('a panel that had kept nothing when the window was reloaded comes back with what ran', async () => {
    const before = setUp();
    before.panels.open(lineage('a'));
    const after = setUp(before.kept);
    const view = new FakeView();
    await after.panels.deserializeWebviewPanel(view as unknown as vscode.WebviewPanel, undefined);
    await sleep(5);
    assert.equal(view.title, 'in → rl');
    // What ends is not brought back.
    before.calls[0]!.finish(sampleResult());
    await sleep(5);
    assert.deepEqual(before.kept.get('frankenstein.running'), []);
  });

  it('a run that is deleted is no longer shown as one', async () => {
    const { calls, panels } = setUp();
    panels.open(lineage('a'));
    const [view] = views;
    view!.say({ rpc: 'ready', answer: false });
    await sleep(5);
    const result = sampleResult();
    calls[0]!.finish(result);
    await sleep(5);
    panels.runDeleted(result.provenance.runId);
    await sleep(5);
    const state = lastState(view!);
    assert.deepEqual(state.kind === 'failed' && [state.code, state.message], ['deleted', 'This run was deleted.']);
  });
});
