/** Experiments in the editor: each run goes through the queue, and what became of it is read from the record. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { readExperimentText } from '../engine/experiments/document.js';
import { listRecords } from '../engine/experiments/record.js';
import { stepsOf } from '../engine/experiments/steps.js';
import type { EngineApi, Step } from '../protocol/engineApi.js';
import { Experiments } from './experiments.js';
import { Queue } from './queue.js';
import type { FoundRun, ResultsIndex } from './resultsIndex.js';

const TEXT = 'checkpoints: {base: b, in: i, rl: r}\nparts:\n  one: {run: compare}\n  two: {run: spectrum}\n';

describe('an experiment in the editor', () => {
  let root: string;
  let file: string;
  let steps: Step[];
  let asked: string[];
  let runs: FoundRun[];
  let fails: string | undefined;
  let experiments: Experiments;
  let queue: Queue;

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'experiments-'));
    file = path.join(root, 'one.experiment.yaml');
    steps = stepsOf(readExperimentText(file, TEXT));
    [asked, runs, fails] = [[], [], undefined];
    const answer = (name: string) => (request: object) => {
      asked.push(`${name} ${'runsFolder' in request}`);
      if (fails === name) return Promise.reject(Object.assign(new Error('No.'), { code: 'mismatch' }));
      const runId = `${asked.length}`.padStart(16, '0');
      runs.push({ runId, state: 'finished' } as FoundRun);
      return Promise.resolve({ provenance: { runId, finishedAt: new Date().toISOString() } });
    };
    const engine = {
      compare: answer('compare'),
      spectrum: answer('spectrum'),
      listExperiments: ({ runsFolder }: { runsFolder: string }) => listRecords(runsFolder),
    } as unknown as EngineApi;
    queue = new Queue(engine, () => ({ runsFolder: root, memory: 1, threads: 1 }));
    const results = { onDidChange: () => undefined, refresh: () => undefined, list: () => Promise.resolve(runs) };
    const folders = { all: () => [root], forRun: () => root };
    experiments = new Experiments(engine, queue, results as unknown as ResultsIndex, folders);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const states = async () => (await experiments.statesOf(file, steps)).map(({ state }) => state);
  const run = (shown: string[] = [], signal = new AbortController().signal) =>
    experiments.run(file, { all: steps, chosen: steps }, (text) => shown.push(text), signal);

  it('asks nobody before anything was run', async () => {
    assert.deepEqual(await experiments.list(), []);
    assert.deepEqual(await states(), ['left', 'left']);
  });

  it('goes through the queue, quietly, with the settings of the machine, and says how far it is', async () => {
    const shown: string[] = [];
    const quiet: boolean[] = [];
    queue.onDidStart((job) => quiet.push(job.quiet));
    const under = run(shown);
    assert.deepEqual(await states(), ['running', 'running']);
    assert.ok(experiments.isRunning(file));
    await assert.rejects(run(), /running already/);
    await under;
    assert.deepEqual(asked, ['compare true', 'spectrum true']);
    assert.deepEqual(quiet, [true, true]);
    assert.deepEqual([shown[0], shown.at(-1)], ['1 of 2: one', '2 of 2: two']);
    assert.deepEqual(await states(), ['done', 'done']);
    assert.ok('run' in (await experiments.resultOf(file, steps[1]!))!);
    runs.shift();
    assert.deepEqual(await states(), ['left', 'done'], 'a run that was deleted is left to be done');
  });

  it('tells a failure, and does the others', async () => {
    fails = 'compare';
    const ended = await run();
    assert.deepEqual(
      ended.map(({ state }) => state),
      ['failed', 'done'],
    );
    assert.deepEqual(
      (await experiments.statesOf(file, steps)).map(({ state, message }) => [state, message]),
      [
        ['failed', 'No.'],
        ['done', null],
      ],
    );
  });

  it('stops when it is cancelled', async () => {
    queue.onDidEnd(() => experiments.cancel(file));
    await assert.rejects(run(), { code: 'cancelled' });
    assert.deepEqual(asked, ['compare true']);
    assert.deepEqual(await states(), ['done', 'left']);
  });
});
