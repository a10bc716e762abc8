/** A trajectory's panel that follows a training: what is in sight stays there until the new result is. */
import { contexts, executed, type FakeView, views } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, it } from 'vitest';
import { Panels } from './panels.js';
import type { EngineApi, FoundSteps, TrajectoryRequest, TrajectoryResult } from '../protocol/engineApi.js';
import type { PanelState } from '../protocol/hostApi.js';
import { ResultsIndex } from '../services/resultsIndex.js';
import { stepFoldersOf } from '../services/knownFolders.js';
import { lineage } from '../../webview/playground/data.js';
import { trajectoryOf } from '../../webview/playground/trajectories.js';
import { panelServices } from '../../test/unit/host/panelServices.js';

const whole = trajectoryOf(lineage());
/** What a run over so many checkpoints would say. */
const resultOf = (count: number): TrajectoryResult => ({
  ...whole,
  stages: whole.stages.slice(0, count).map((stage, index) => ({ ...stage, path: `/run/${index}` })),
  steps: whole.steps.slice(0, count),
});

function setUp() {
  const calls: {
    request: TrajectoryRequest;
    finish: (result: TrajectoryResult) => void;
    fail: (error: Error) => void;
  }[] = [];
  const folder = { whole: 3, looked: 0 };
  const engine = {
    trajectory: (request: TrajectoryRequest) =>
      new Promise<TrajectoryResult>((finish, fail) => calls.push({ request, finish, fail })),
    findSteps: ({ unless }: { unless?: string | null }) => {
      folder.looked++;
      const { stages, steps } = resultOf(folder.whole);
      const found: FoundSteps = {
        whole: stages.map(({ path }, index) => ({ path, step: steps[index]! })),
        leftOut: [],
        looks: String(folder.whole),
      };
      return Promise.resolve(unless === found.looks ? null : found);
    },
    listRuns: () => Promise.resolve([]),
  } as Partial<EngineApi> as EngineApi;
  const services = panelServices(engine);
  const panels = new Panels(services, { get: () => undefined, update: () => Promise.resolve() });
  panels.open({ kind: 'analysis', analysis: 'trajectory', request: { stages: [{ path: '/run' }] } });
  return { calls, folder, view: views[0]! };
}

/** The last state that the webview was shown. */
function lastState(view: FakeView): PanelState {
  const shows = view.posted.filter((message) => (message as { method?: string }).method === 'show');
  return (shows.at(-1) as { request: { state: PanelState } } | undefined)?.request.state ?? { kind: 'empty' };
}

/** The state, once it is as wanted. */
async function until<K extends PanelState['kind']>(
  view: FakeView,
  kind: K,
  wanted: (state: Extract<PanelState, { kind: K }>) => boolean = () => true,
): Promise<Extract<PanelState, { kind: K }>> {
  for (;;) {
    const state = lastState(view);
    if (state.kind === kind && wanted(state as Extract<PanelState, { kind: K }>))
      return state as Extract<PanelState, { kind: K }>;
    await sleep(5);
  }
}

const ask = (view: FakeView, on: boolean) => view.say({ rpc: 'call', id: 1, method: 'followSteps', request: { on } });

describe('the panel of a trajectory', () => {
  beforeEach(() => {
    views.length = 0;
    executed.length = 0;
    contexts.clear();
  });

  it('shows its result, follows the folder when asked to, and is updated in place', async () => {
    const { calls, folder, view } = setUp();
    view.say({ rpc: 'ready', answer: false });
    await until(view, 'running', () => calls.length === 1);
    assert.deepEqual(calls[0]!.request.stages, [{ path: '/run' }]);
    calls[0]!.finish(resultOf(3));
    const shown = await until(view, 'trajectory');
    assert.deepEqual([shown.result.steps.length, shown.following, shown.busy], [3, false, false]);
    assert.equal(folder.looked, 0);

    folder.whole = 4;
    ask(view, true);
    const busy = await until(view, 'trajectory', (state) => state.busy);
    assert.deepEqual([busy.following, busy.result.steps.length], [true, 3]);
    assert.equal(calls.length, 2);
    calls[1]!.finish(resultOf(4));
    const grown = await until(view, 'trajectory', (state) => !state.busy && state.result.steps.length === 4);
    assert.equal(grown.following, true);

    ask(view, false);
    await until(view, 'trajectory', (state) => !state.following);
    view.dispose();
  });

  it('shows what was logged and evaluated beside it, of these very checkpoints, and moves borders by itself', async () => {
    const checkpoints = ['/t/checkpoint-50', '/t/checkpoint-100'];
    const stages = resultOf(2).stages.map((stage, at) => ({ ...stage, path: checkpoints[at]!, fingerprint: `f${at}` }));
    const result = { ...resultOf(2), stages, steps: [50, 100] };
    const asked: unknown[] = [];
    const score = { ability: 'rea', n: 4, hits: 2, value: 0.5, low: 0.2, high: 0.8 };
    const evaluation = {
      checkpoints: [{ fingerprint: 'f1' }, { fingerprint: 'trained on since' }],
      data: '/d/text.jsonl',
      dataFingerprint: 'd',
      scores: [0, 1].map((checkpoint) => ({ ...score, checkpoint })),
    };
    const run = {
      runId: 'r',
      kind: 'evaluate',
      state: 'finished',
      labels: [],
      folder: '/runs/r',
      startedAt: '2026',
      done: 1,
    };
    const engine = {
      trajectory: () => Promise.resolve(result),
      listRuns: () => Promise.resolve([{ ...run, paths: checkpoints }]),
      readEvaluate: () => Promise.resolve(evaluation),
      readTraining: (request: unknown) => {
        asked.push(request);
        return Promise.resolve({ schema: 1, version: 'v', runs: [], files: [], notices: [] });
      },
    } as unknown as EngineApi;
    const results = new ResultsIndex(
      engine,
      () => ['/runs'],
      () => true,
    );
    const services = { ...panelServices(engine), results };
    const panels = new Panels(services, { get: () => undefined, update: () => Promise.resolve() });
    panels.open({ kind: 'analysis', analysis: 'trajectory', request: { stages: [{ path: '/t' }] } });
    const view = views.at(-1)!;
    view.say({ rpc: 'ready', answer: false });
    const grown = await until(view, 'trajectory', (state) => state.beside !== null);
    assert.deepEqual(asked, [{ folders: ['/t'], since: undefined, points: 1000 }]);
    assert.deepEqual(grown.beside!.abilities, [
      { step: 100, ability: 'rea', data: 'text.jsonl', n: 4, value: 0.5, low: 0.2, high: 0.8 },
    ]);
    const answered = async (id: number, method: string, request?: object) => {
      view.say({ rpc: 'call', id, method, request });
      for (;;) {
        const found = view.posted.find((message) => (message as { id?: number }).id === id);
        if (found !== undefined) return found as { rpc: string; value: unknown };
        await sleep(5);
      }
    };
    assert.equal((await answered(7, 'setCuts', { cuts: [3, 5] })).rpc, 'result');
    assert.deepEqual(((await answered(8, 'ready')).value as typeof grown).result.cuts, [3, 5]);
    assert.equal((await answered(9, 'setCuts', { cuts: [5, 300] })).rpc, 'error');
    view.dispose();
  });

  it('stops following when something is wrong, and says what', async () => {
    const { calls, folder, view } = setUp();
    view.say({ rpc: 'ready', answer: false });
    await until(view, 'running', () => calls.length === 1);
    calls[0]!.finish(resultOf(3));
    await until(view, 'trajectory');
    folder.whole = 5;
    ask(view, true);
    await until(view, 'trajectory', (state) => state.busy);
    // A trainer that keeps a few checkpoints removes the old ones: the next look has the others.
    calls[1]!.fail(Object.assign(new Error('A shard was removed.'), { code: 'changed' }));
    await until(view, 'trajectory', (state) => !state.busy && state.following);
    folder.whole = 6;
    await until(view, 'trajectory', (state) => state.busy);
    calls[2]!.fail(Object.assign(new Error('The disk is full.'), { code: 'disk-full' }));
    const failed = await until(view, 'failed');
    assert.equal(failed.message, 'The disk is full.');
    view.dispose();
  });
});

describe('folders of steps', () => {
  it('are those above the checkpoints of a training', () => {
    assert.deepEqual(
      stepFoldersOf([
        '/w/run/checkpoint-10',
        '/w/run/checkpoint-200',
        '/w/verl/global_step_5/actor/huggingface',
        'C:\\w\\other\\checkpoint-3',
        '/w/model',
        '/w/checkpoint-final',
      ]),
      ['/w/run', '/w/verl', 'C:\\w\\other'],
    );
  });
});
