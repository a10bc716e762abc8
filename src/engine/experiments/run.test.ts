/** Running an experiment: order, failures that do not lose the others, and what the record keeps. A played engine. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { FrankensteinError } from '../errors.js';
import { listRecords, readRecord } from './record.js';
import { type Ended, type Laboratory, runExperiment } from './run.js';
import { readExperimentText } from './document.js';
import { type Step, stepsOf } from './steps.js';

const TEXT = `checkpoints: {base: b, in: i, rl: r}
protocol: {grader: {kind: endpoint, url: "http://h/v1", model: m}}
parts:
  first: {run: compare}
  second: {run: transfer, base: base, data: ./q.jsonl, cuts: [1, 2]}
  third: {run: freeze, experiment: f, data: ./q.jsonl, margin: 3}
  fourth: {run: spectrum}
`;
let root: string;
let file: string;
let steps: Step[];
let asked: [string, Record<string, unknown>][];
/** Says of each call when its run was finished, or what it throws. */
let answer: (analysis: string) => string | Error;

const laboratory: Laboratory = {
  analyse: (analysis, request) => {
    asked.push([analysis, request as Record<string, unknown>]);
    const finishedAt = answer(analysis);
    if (finishedAt instanceof Error) return Promise.reject(finishedAt);
    return Promise.resolve({ provenance: { runId: `${asked.length}`.padStart(16, '0'), finishedAt } });
  },
  plan: () => Promise.resolve({ seconds: 1, memory: 2 }),
  hybrids: (request) => {
    asked.push(['hybrids', request as unknown as Record<string, unknown>]);
    return Promise.resolve({ checkpoints: [{ path: 'made', role: 'hybrid' }], axis: null, cuts: [1, 2] });
  },
  reportStages: () =>
    Promise.resolve({ checkpoints: [{ path: 'trained', role: 'rl' }], runs: [], waiting: [], doubts: [] }),
  verifyFrozen: () => Promise.resolve({ schema: 1, passed: true, runs: [] } as never),
  freezeReport: ({ margin }) => Promise.resolve({ schema: 1, margin } as never),
};

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'experiment-run-'));
  file = path.join(root, 'one.experiment.yaml');
  steps = stepsOf(readExperimentText(file, TEXT));
  asked = [];
  answer = () => new Date(Date.now() + 1000).toISOString();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const run = (chosen = steps, more: Partial<Parameters<typeof runExperiment>[4]> = {}): Promise<Ended[]> =>
  runExperiment(file, { all: steps, chosen }, laboratory, { runsFolder: root, threads: 2, keyVariable: 'KEY' }, more);
const states = (ended: readonly Ended[]) =>
  ended.map(({ step, state, before }) => `${step.name} ${state}${before ? ' before' : ''}`);

describe('an experiment that runs', () => {
  it('asks every analysis in order, with its own request and the settings of the machine', async () => {
    const ended = await run();
    assert.deepEqual(states(ended), [
      'first done',
      'second done',
      'third/verify done',
      'third/report done',
      'fourth done',
    ]);
    assert.deepEqual(
      asked.map(([name]) => name),
      ['compare', 'hybrids', 'evaluate', 'evaluate', 'spectrum'],
    );
    const [compare, hybrids, transfer, report] = asked.map(([, request]) => request);
    assert.equal(compare!['threads'], 2);
    assert.equal(compare!['runsFolder'], root);
    assert.deepEqual(
      [hybrids!['in'], hybrids!['cuts']],
      [{ path: path.join(root, 'i'), label: 'in', role: 'in' }, [1, 2]],
    );
    assert.deepEqual([transfer!['kind'], transfer!['checkpoints']], ['transfer', [{ path: 'made', role: 'hybrid' }]]);
    assert.deepEqual(transfer!['grader'], { kind: 'endpoint', url: 'http://h/v1', model: 'm', keyVariable: 'KEY' });
    assert.deepEqual(report!['checkpoints'], [{ path: 'trained', role: 'rl' }]);
    assert.deepEqual(ended[3]!.result, { schema: 1, margin: 0.03 });
  });

  it('gives a key to the one address that a part asks, and to no second one', async () => {
    const served = (grader = '') =>
      `checkpoints: {s: "endpoint:http://h/v1#m"}\nparts: {only: {run: evaluate, data: ./q.jsonl${grader}}}\n`;
    const of = (text: string) => stepsOf(readExperimentText(file, text));
    await run(of(served('')));
    assert.equal(asked.at(-1)![1]['endpointKey'], 'KEY');
    await run(of(served(', grader: {kind: endpoint, url: "http://h/v1", model: j}')));
    assert.equal((asked.at(-1)![1]['grader'] as { keyVariable: string }).keyVariable, 'KEY');
    const [ended] = await run(of(served(', grader: {kind: endpoint, url: "http://other/v1", model: j}')));
    assert.match((ended!.error as Error).message, /A key goes to one address, and this part has several/);
  });

  it('keeps in its record what was done, and where', async () => {
    await run();
    const [record] = await listRecords(root);
    assert.equal(record!.name, 'one');
    assert.notEqual(record!.finishedAt, null);
    assert.deepEqual(
      record!.steps.map(({ state }) => state),
      Array(5).fill('done'),
    );
    assert.match(record!.steps[3]!.output!, /^report-[0-9a-f]{16}\.json$/);
    assert.equal(record!.steps[0]!.runId, '1'.padStart(16, '0'));
  });

  it('says what had been done before', async () => {
    answer = () => new Date(0).toISOString();
    assert.deepEqual(states(await run(steps.slice(0, 1))), ['first done before']);
  });

  it('goes on after a failure, and tells it', async () => {
    answer = (analysis) =>
      analysis === 'evaluate' ? new FrankensteinError('mismatch', 'Two families.') : new Date(0).toISOString();
    const ended = await run();
    assert.deepEqual(states(ended), [
      'first done before',
      'second failed',
      'third/verify done',
      'third/report failed',
      'fourth done before',
    ]);
    const record = await readRecord(root, file);
    assert.deepEqual([record!.steps[1]!.state, record!.steps[1]!.message], ['failed', 'Two families.']);
  });

  it('fails where frozen weights have moved, and keeps what was found', async () => {
    laboratory.verifyFrozen = () => Promise.resolve({ schema: 1, passed: false, runs: [] } as never);
    const [verify] = await run(steps.filter(({ task }) => task === 'verify'));
    laboratory.verifyFrozen = () => Promise.resolve({ schema: 1, passed: true, runs: [] } as never);
    assert.equal(verify!.state, 'failed');
    assert.equal((verify!.error as FrankensteinError).code, 'not-frozen');
    assert.notEqual(verify!.output, null);
  });

  it('stops when it is cancelled, and the record says what is left', async () => {
    const abort = new AbortController();
    await assert.rejects(
      run(steps, { signal: abort.signal, ended: (_, index) => (index === 1 ? abort.abort() : undefined) }),
      {
        code: 'cancelled',
      },
    );
    const record = await readRecord(root, file);
    assert.deepEqual(
      record!.steps.map(({ state }) => state),
      ['done', 'done', 'left', 'left', 'left'],
    );
    assert.equal(record!.finishedAt, null);
    await run(steps.slice(4));
    const next = await readRecord(root, file);
    assert.deepEqual(
      next!.steps.map(({ state }) => state),
      ['done', 'done', 'left', 'left', 'done'],
      'what was done stays',
    );
  });

  it('forgets what was done of a part that asks for something else now', async () => {
    await run();
    const changed = stepsOf(readExperimentText(file, TEXT.replace('run: spectrum', 'run: spectrum, mode: fast')));
    await runExperiment(file, { all: changed, chosen: [] }, laboratory, { runsFolder: root }, {});
    const record = await readRecord(root, file);
    assert.deepEqual(
      record!.steps.map(({ state }) => state),
      ['done', 'done', 'done', 'done', 'left'],
    );
  });
});
