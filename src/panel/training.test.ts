/** The panel over trainings: when it looks at the logs, and what it shows in between. */
import { FakeView, views, watchers } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import type * as vscode from 'vscode';
import type { PanelServices } from './basePanel.js';
import { TrainingPanel } from './trainingPanel.js';
import type { EngineApi, TrainingReading, TrainingRequest } from '../protocol/engineApi.js';
import type { TrainingState } from '../protocol/hostApi.js';

const reading = (version: string): TrainingReading => ({ schema: 1, version, runs: [], files: [], notices: [] });

let asked: TrainingRequest[];
let answer: () => Promise<TrainingReading | null>;
let panel: TrainingPanel;
let view: FakeView;

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const state = () => panel.state as TrainingState;

beforeEach(async () => {
  vi.useFakeTimers();
  views.length = watchers.length = 0;
  asked = [];
  answer = () => Promise.resolve(reading('1'));
  const engine = {
    readTraining: (request: TrainingRequest) => {
      asked.push(request);
      return answer();
    },
    trainingCompletions: (request: object) => Promise.resolve(request),
  } as Partial<EngineApi> as EngineApi;
  view = new FakeView();
  panel = new TrainingPanel(
    view as unknown as vscode.WebviewPanel,
    { kind: 'training', title: 'exp', folders: ['/exp', '/other'] },
    { extensionUri: { fsPath: '/extension' } as vscode.Uri, engine } as PanelServices,
  );
  panel.start();
  await pass(0);
  answer = () => Promise.resolve(null);
});
afterEach(() => {
  view.dispose();
  vi.useRealTimers();
});

describe('the panel over trainings', () => {
  it('reads once it opens, and says what it knows from then on', async () => {
    assert.equal(state().reading?.version, '1');
    assert.equal(view.title, 'Training · exp');
    await pass(2000);
    assert.deepEqual(
      asked.map(({ since }) => since),
      [undefined, '1'],
    );
  });

  it('looks by itself where nobody tells of changes: less often while nothing changes, soon again afterwards', async () => {
    await pass(120_000);
    const quiet = asked.length;
    assert.ok(quiet >= 8 && quiet <= 16, `${quiet} looks in two minutes`);
    answer = () => Promise.resolve(reading('2'));
    await pass(15_000);
    assert.equal(state().reading?.version, '2');
    answer = () => Promise.resolve(null);
    const before = asked.length;
    await pass(2000);
    assert.ok(asked.length > before);
  });

  it('looks soon after a file has changed, once for several', async () => {
    await pass(60_000);
    const before = asked.length;
    for (const watcher of watchers) watcher.change('/exp/runs/a/output/logging.jsonl');
    watchers[0]!.create('/exp/runs/a/output/completions/completions_00001.parquet');
    await pass(260);
    assert.equal(watchers.length, 2, 'one per folder');
    assert.equal(asked.length, before + 1);
  });

  it('does not look while it is hidden, and at once when it is shown', async () => {
    view.changeState({ visible: false });
    await pass(2000);
    const before = asked.length;
    await pass(120_000);
    assert.equal(asked.length, before);
    view.changeState({ visible: true });
    await pass(260);
    assert.equal(asked.length, before + 1);
  });

  it('keeps what it has where a look fails, says why, and goes on', async () => {
    answer = () => Promise.reject(new Error('/exp may not be read by this user.'));
    await pass(2000);
    assert.equal(state().problem, '/exp may not be read by this user.');
    assert.equal(state().reading?.version, '1');
    answer = () => Promise.resolve(null);
    await pass(20_000);
    assert.equal(state().problem, null);
  });

  it('ends with its view', async () => {
    view.dispose();
    const before = asked.length;
    await pass(120_000);
    assert.equal(asked.length, before);
  });
});
