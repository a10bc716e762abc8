import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { parseMemory } from '../panel/memory.js';
import type {
  CompareRequest,
  CompareResult,
  EngineApi,
  Progress,
  RunSummary,
  SpectrumRequest,
  RunLocation,
  SpectrumResult,
} from '../protocol/engineApi.js';
import type { CallOptions } from '../protocol/rpc.js';
import { checkpointOf, folderOf, labelOf, labelsOf, requestKey } from './checkpointPath.js';
import { Queue } from './queue.js';
import { keyOf, titleOf } from './work.js';
import { ResultsIndex } from './resultsIndex.js';
import { parseChoice } from './recentSpectrum.js';
import { sampleResult } from '../../test/unit/host/sampleResult.js';

describe('paths of checkpoints', () => {
  it('every file of a checkpoint stands for its folder', () => {
    for (const name of [
      '',
      '/',
      '/config.json',
      '/model.safetensors',
      '/model.safetensors.index.json',
      '/model-00001-of-00004.safetensors',
      '/adapter_model.safetensors',
    ]) {
      assert.equal(checkpointOf(`/models/IN${name}`), '/models/IN', name);
    }
  });

  it('a weight file of a name of its own stays itself', () => {
    assert.equal(checkpointOf('/models/lone.safetensors'), '/models/lone.safetensors');
    assert.equal(folderOf('/models/lone.safetensors'), '/models');
    assert.equal(checkpointOf('/'), '/');
  });

  it('labels are folder names, told apart where they read the same', () => {
    assert.deepEqual(labelsOf(['/a/final', '/b/final', '/c/RL/config.json']), ['a/final', 'b/final', 'RL']);
    assert.equal(labelOf('/hub/models--org--name/snapshots/0123456789abcdef/config.json'), 'org/name@0123456');
  });

  it('a comparison is the same whichever file it was started from, and another in another order', () => {
    assert.equal(
      requestKey([{ path: '/a/config.json' }, { path: '/b/' }]),
      requestKey([{ path: '/a' }, { path: '/b' }]),
    );
    assert.notEqual(requestKey([{ path: '/a' }, { path: '/b' }]), requestKey([{ path: '/b' }, { path: '/a' }]));
  });
});

describe('memory of a panel', () => {
  const request = { kind: 'compare', stages: [{ path: '/a', label: 'cold start' }, { path: '/b' }], cuts: [1, 2] };

  it('is read back', () =>
    assert.deepEqual(parseMemory({ request, view: { metric: 'energy' } }), { request, view: { metric: 'energy' } }));

  it('a role that an earlier version remembered for a name is that name again', () => {
    const kept = {
      kind: 'compare',
      stages: [
        { path: '/x/in', label: 'IN' },
        { path: '/x/rl-frozen-mid', label: 'RL' },
      ],
    };
    const read = parseMemory({ request: kept })?.request;
    assert.deepEqual(read?.kind === 'compare' && read.stages.map(({ label }) => label), ['in', 'rl-frozen-mid']);
  });

  it('without its request there is nothing to show', () => {
    for (const state of [undefined, null, 3, 'x', []]) assert.equal(parseMemory(state), undefined);
    for (const broken of [
      null,
      {},
      { kind: 'other', stages: [] },
      { kind: 'compare', stages: [{ path: '/a' }] },
      { kind: 'compare', stages: [{ path: '/a' }, { path: 3 }] },
    ]) {
      assert.equal(parseMemory({ request: broken })?.request, null);
    }
  });

  it('the run that the Spectrum tab shows is read back, or forgotten alone', () => {
    const spectrum = { runsFolder: '/runs', runId: 'ab' };
    assert.deepEqual(parseMemory({ request: { ...request, spectrum } })?.request, { ...request, spectrum });
    assert.deepEqual(parseMemory({ request: { ...request, spectrum: { runId: 7 } } })?.request, request);
  });

  it('cuts that are none are forgotten', () => {
    for (const cuts of [[1], ['1', '2'], [1.5, 2], [-1, 2], 'x'])
      assert.deepEqual(parseMemory({ request: { ...request, cuts } })?.request, {
        kind: 'compare',
        stages: request.stages,
      });
  });
});

/** An engine whose comparisons end when the test says so. */
function heldEngine() {
  const calls: {
    request: CompareRequest;
    progress(value: Progress): void;
    finish(result: CompareResult): void;
    fail(error: Error): void;
  }[] = [];
  const engine = {
    compare: (request: CompareRequest, context: CallOptions<Progress>) =>
      new Promise<CompareResult>((finish, fail) => {
        calls.push({ request, progress: (value) => context.progress?.(value), finish, fail });
        context.signal?.addEventListener('abort', () =>
          fail(Object.assign(new Error('Cancelled.'), { code: 'cancelled' })),
        );
      }),
  } as Partial<EngineApi> as EngineApi;
  return { engine, calls };
}

const between = (from: string, to: string) => ({
  kind: 'compare' as const,
  stages: [{ path: `/${from}` }, { path: `/${to}` }],
});

describe('queue', () => {
  const options = { memory: 1e9, threads: 2, runsFolder: '/runs' };

  it('run one after the other, with the settings', async () => {
    const { engine, calls } = heldEngine();
    const queue = new Queue(engine, () => options);
    queue.start(between('a', 'b'));
    const second = queue.start(between('b', 'c'));
    await sleep(1);
    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0]!.request, { stages: [{ path: '/a' }, { path: '/b' }], cuts: undefined, ...options });
    calls[0]!.finish(sampleResult());
    await sleep(1);
    assert.equal(calls.length, 2);
    calls[1]!.finish(sampleResult());
    await sleep(1);
    assert.equal(second.state.kind, 'finished');
    assert.equal(queue.active.length, 0);
  });

  it('the same request joins the one under way', () => {
    const { engine } = heldEngine();
    const queue = new Queue(engine, () => options);
    const first = queue.start(between('a', 'b'));
    assert.equal(queue.start({ kind: 'compare', stages: [{ path: '/a/config.json' }, { path: '/b' }] }), first);
  });

  it('one that waits is cancelled at once, and the one behind it still waits for all before', async () => {
    const { engine, calls } = heldEngine();
    const queue = new Queue(engine, () => options);
    queue.start(between('a', 'b'));
    const waiting = queue.start(between('b', 'c'));
    queue.start(between('c', 'd'));
    waiting.cancel();
    await sleep(1);
    assert.deepEqual(
      [waiting.state.kind, waiting.state.kind === 'failed' && waiting.state.code],
      ['failed', 'cancelled'],
    );
    assert.equal(calls.length, 1);
    calls[0]!.finish(sampleResult());
    await sleep(1);
    assert.equal(calls[1]!.request.stages[1]!.path, '/d');
  });

  it('an answer waits for its turn, jobs wait for it, and waiting can be cancelled', async () => {
    const { engine, calls } = heldEngine();
    const queue = new Queue(engine, () => options);
    const order: string[] = [];
    const signal = new AbortController().signal;
    queue.start(between('a', 'b'));
    let answered!: () => void;
    const answer = queue.inTurn(
      () => (order.push('answer'), new Promise<void>((resolve) => (answered = resolve))),
      signal,
    );
    const impatient = new AbortController();
    const never = queue.inTurn(() => Promise.resolve(order.push('never')), impatient.signal);
    queue.start(between('b', 'c'));
    impatient.abort();
    await assert.rejects(never);
    await sleep(1);
    assert.deepEqual(order, []);
    calls[0]!.finish(sampleResult());
    await sleep(1);
    assert.deepEqual([order, calls.length], [['answer'], 1]);
    answered();
    await answer;
    await sleep(1);
    assert.equal(calls.length, 2);
  });

  it('spectra are jobs of their own: a refinement is another than the run it goes on with', async () => {
    const asked: SpectrumRequest[] = [];
    const engine = {
      spectrum: (request: SpectrumRequest) => (
        asked.push(request),
        Promise.resolve({ kind: 'spectrum' } as SpectrumResult)
      ),
    } as unknown as EngineApi;
    const queue = new Queue(engine, () => options);
    const stages = [
      { path: '/a', label: 'Base' },
      { path: '/b/config.json', label: 'RL' },
    ];
    const request = { kind: 'spectrum' as const, stages, mode: 'fast' as const, filter: 'mlp' };
    const job = queue.start(request);
    assert.equal(queue.start({ ...request, stages: [{ path: '/a' }, { path: '/b' }] }), job);
    assert.notEqual(queue.start({ ...request, refine: ['x'] }), job);
    assert.notEqual(keyOf(request), keyOf({ kind: 'compare', stages }));
    assert.equal(titleOf(request), 'Spectrum · Base → RL');
    await sleep(1);
    assert.deepEqual(job.state, {
      kind: 'finished',
      result: { kind: 'spectrum', result: { kind: 'spectrum' }, runsFolder: options.runsFolder },
    });
    assert.deepEqual(asked, [
      { stages, mode: 'fast', filter: 'mlp', ...options },
      { stages, mode: 'fast', filter: 'mlp', refine: ['x'], ...options },
    ]);
  });

  it('what a webview says it wants computed is checked', () => {
    assert.deepEqual(parseChoice({ mode: 'exact', filter: 'mlp' }), { mode: 'exact', filter: 'mlp' });
    assert.deepEqual(parseChoice({ mode: 'slow', filter: 7 }), { mode: null, filter: '' });
    assert.deepEqual(parseChoice(undefined), { mode: null, filter: '' });
  });

  it('a failure is the engine’s own sentence; progress after the end is ignored', async () => {
    const { engine, calls } = heldEngine();
    const queue = new Queue(engine, () => options);
    const job = queue.start(between('a', 'b'));
    const states: string[] = [];
    job.onDidChange((state) => states.push(state.kind));
    await sleep(1);
    calls[0]!.progress({ phase: '', doneBytes: 1, totalBytes: 2, remainingSeconds: null, tensor: null });
    calls[0]!.fail(Object.assign(new Error('/b is truncated.'), { code: 'malformed' }));
    await sleep(1);
    calls[0]!.progress({ phase: '', doneBytes: 2, totalBytes: 2, remainingSeconds: null, tensor: null });
    assert.deepEqual(job.state, { kind: 'failed', message: '/b is truncated.', code: 'malformed' });
    assert.deepEqual(states, ['running', 'failed']);
  });
});

describe('results index', () => {
  const run = (
    runId: string,
    startedAt: string,
    paths: string[],
    state: RunSummary['state'] = 'finished',
  ): RunSummary => ({
    runId,
    kind: 'compare',
    labels: paths,
    paths,
    state,
    startedAt,
    done: 1,
    folder: `/runs/${runId}`,
  });
  const stored = [
    run('old', '2026-01-01', ['/m/a', '/m/b']),
    run('new', '2026-01-03', ['/m/b', '/m/c/config.json']),
    run('torn', '2026-01-04', ['/m/b', '/m/d'], 'interrupted'),
    { ...run('half', '2026-01-07', ['/m/a', '/m/b'], 'interrupted'), kind: 'spectrum' as const },
    { ...run('fast', '2026-01-06', ['/m/a', '/m/b']), kind: 'spectrum' as const },
    { ...run('exact', '2026-01-05', ['/m/a', '/m/b']), kind: 'spectrum' as const },
    { ...run('begun', '2026-01-05', ['/m/b', '/m/c'], 'interrupted'), kind: 'spectrum' as const },
  ];
  const never = () => assert.fail('asked');
  /** An engine that nothing may be asked of. */
  const notAsked = new Proxy({} as ConstructorParameters<typeof ResultsIndex>[0], { get: () => never });
  function index() {
    const asked: string[] = [];
    const results = new ResultsIndex(
      Object.assign(Object.create(notAsked) as typeof notAsked, {
        listRuns: ({ runsFolder }: { runsFolder: string }) => {
          asked.push(`list ${runsFolder}`);
          return Promise.resolve(stored);
        },
        readCompare: ({ runId }: RunLocation) => {
          asked.push(`read ${runId}`);
          return Promise.resolve(sampleResult());
        },
        readSpectrum({ runId }: RunLocation) {
          asked.push(`spectrum ${runId}`);
          return Promise.resolve({ kind: 'spectrum', stages: [] as unknown } as SpectrumResult);
        },
      }),
      () => ['/w', '/absent'],
      (folder) => folder === '/w',
    );
    return { results, asked };
  }

  it('answers with the newest finished run that includes the checkpoint, and its stage', async () => {
    const { results } = index();
    const found = async (folder: string) =>
      results.find('compare', folder).then((result) => result && [result.run.runId, result.stage]);
    assert.deepEqual(await found('/m/b'), ['new', 0]);
    assert.deepEqual(await found('/m/c'), ['new', 1]);
    assert.deepEqual(await found('/m/a'), ['old', 0]);
    assert.equal(await found('/m/d'), undefined);
    assert.equal(await found('/elsewhere'), undefined);
  });

  it('quotes what was looked at last', async () => {
    const { results } = index();
    let told = 0;
    results.onDidChange(() => told++);
    results.prefer('old');
    results.prefer('old');
    assert.equal((await results.find('compare', '/m/b'))?.run.runId, 'old');
    assert.equal((await results.find('compare', '/m/c'))?.run.runId, 'new');
    results.prefer('torn');
    assert.equal((await results.find('compare', '/m/b'))?.run.runId, 'old');
    assert.equal(told, 2);
  });

  it('lists once and reads once, until something changes', async () => {
    const { results, asked } = index();
    await Promise.all([results.find('compare', '/m/b'), results.find('compare', '/m/b')]);
    await results.find('compare', '/m/c');
    assert.deepEqual(asked, ['list /w', 'read new']);
    let told = 0;
    results.onDidChange(() => told++);
    results.refresh();
    await results.find('compare', '/m/b');
    assert.deepEqual([told, ...asked], [1, 'list /w', 'read new', 'list /w']);
  });

  it('where no runs folder exists, the engine is not even asked', async () => {
    const results = new ResultsIndex(
      notAsked,
      () => ['/absent'],
      () => false,
    );
    assert.equal(await results.find('compare', '/m/b'), undefined);
  });

  it('finds the run of a request: the finished one first, an interrupted one otherwise', async () => {
    const { results } = index();
    assert.equal((await results.ofStages('compare', [{ path: '/m/b' }, { path: '/m/c' }]))?.runId, 'new');
    assert.equal((await results.ofStages('compare', [{ path: '/m/b' }, { path: '/m/d' }]))?.state, 'interrupted');
    assert.equal(await results.ofStages('compare', [{ path: '/m/c' }, { path: '/m/b' }]), undefined);
  });

  it('finds spectra of the same stages: the run asked for, the newest finished, or one that was interrupted', async () => {
    const { results, asked } = index();
    const found = async (stages: string[], wanted?: string) =>
      (
        await results.ofStages(
          'spectrum',
          stages.map((path) => ({ path })),
          wanted,
        )
      )?.runId;
    assert.equal(await found(['/m/a', '/m/b/config.json']), 'fast');
    assert.equal(await found(['/m/a', '/m/b'], 'exact'), 'exact');
    assert.equal(await found(['/m/a', '/m/b'], 'half'), 'fast');
    assert.equal(await found(['/m/b', '/m/c']), 'begun');
    assert.equal(await found(['/m/b', '/m/a']), undefined);
    const run = (await results.ofStages('spectrum', [{ path: '/m/a' }, { path: '/m/b' }]))!;
    await results.read('spectrum', run);
    await results.read('spectrum', run);
    results.refresh(); // refined: the same run says something else now
    await results.read('spectrum', run);
    assert.deepEqual(
      asked.filter((what) => what.startsWith('spectrum')),
      ['spectrum fast', 'spectrum fast'],
    );
  });
});
