/** A finished result that is found again without opening a checkpoint, and everything that must keep it from that. */
import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { guardOf } from '../analyses/declare/shape.js';
import { compareResult } from '../analyses/compare/schema.js';
import type { CompareResult } from '../analyses/compare/result.js';
import { createEngine } from '../engine.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { recall } from './recall.js';
import { Run, runIdOf } from './store.js';
import { temporaryFolder, type TemporaryFolder, writeLineage } from '../../../test/fixtures/checkpoints.js';
import { sampleResult } from '../../../test/unit/host/sampleResult.js';

const isResult = guardOf(compareResult);
const QUESTION = { kind: 'compare' };

let temporary: TemporaryFolder;
let runs: string;
let stages: { path: string; label?: string }[];
beforeEach(async () => {
  temporary = await temporaryFolder();
  runs = path.join(temporary.path, 'runs');
  const lineage = await writeLineage(path.join(temporary.path, 'lineage'), { family: 'llama', layers: 1 });
  stages = [{ path: lineage.in }, { path: lineage.rl }];
});
afterEach(async () => {
  vi.useRealTimers();
  await temporary.remove();
});

/** The files are as old as a clock that is ahead takes them to be. */
function settle(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
}

/** Stores a result whose provenance says what was said, and remembers it. */
async function remember(question: object = QUESTION): Promise<void> {
  const id = runIdOf({ question });
  const result: CompareResult = sampleResult();
  result.provenance = { ...result.provenance, runId: id, inputs: 'said' };
  const found = await recall(question, stages, runs, isResult);
  assert.equal(found.result, undefined);
  const run = await Run.open(runs, id, {});
  await run.finish(result);
  await run.close();
  await found.remember(await Promise.all(stages.map(({ path: at }) => openCheckpoint(at))), result);
}

const isKnown = async (question: object = QUESTION, from: readonly { path: string; label?: string }[] = stages) =>
  (await recall(question, from, runs, isResult)).result !== undefined;

describe('a finished result', () => {
  it('is found by the question and by how the folders look', async () => {
    settle();
    await remember();
    assert.ok(await isKnown());
    assert.ok(!(await isKnown({ kind: 'compare', cuts: [1, 2] })));
    assert.ok(!(await isKnown(QUESTION, [...stages].reverse())));
    assert.ok(!(await isKnown(QUESTION, [stages[0]!, { ...stages[1]!, label: 'other' }])));
    assert.equal((await recall(QUESTION, stages, undefined, isResult)).result, undefined);
  });

  it('is not where a file may have changed a moment ago', async () => {
    await remember();
    settle();
    assert.ok(!(await isKnown()));
  });

  const config = () => path.join(stages[1]!.path, 'config.json');
  it('comes without its tensors, which are read from the stored result when they are asked for', async () => {
    settle();
    await remember();
    const { result } = await recall(QUESTION, stages, runs, isResult);
    const file = path.join(runs, 'runs', runIdOf({ question: QUESTION }), 'result.json');
    const stored = await readFile(file, 'utf8');
    assert.equal(JSON.stringify(result), stored); // the order of the keys, too

    const again = (await recall(QUESTION, stages, runs, isResult)).result!;
    await rename(file, `${file}.aside`);
    assert.equal(again.layers.length, sampleResult().layers.length);
    assert.throws(() => again.tensors, { code: 'ENOENT' });
  });

  it('is read whole where its file is another one than was written', async () => {
    settle();
    await remember();
    const file = path.join(runs, 'runs', runIdOf({ question: QUESTION }), 'result.json');
    const stored = JSON.parse(await readFile(file, 'utf8')) as CompareResult;
    await writeFile(file, JSON.stringify({ ...stored, warnings: ['of another writer'] }));
    assert.deepEqual((await recall(QUESTION, stages, runs, isResult)).result?.warnings, ['of another writer']);
    await writeFile(file, '{');
    assert.ok(!(await isKnown()));
  });

  const changes: Record<string, () => Promise<void>> = {
    'a file is another one of the same length and time': async () => {
      const { atime, mtime, size } = await stat(config());
      await writeFile(config(), ' '.repeat(size));
      await utimes(config(), atime, mtime);
    },
    'a file is replaced by one of the same content and time': async () => {
      const { atime, mtime } = await stat(config());
      await copyFile(config(), `${config()}.copy`);
      await utimes(`${config()}.copy`, atime, mtime);
      await rename(`${config()}.copy`, config());
    },
    'a file is added': () => writeFile(path.join(stages[0]!.path, 'generation_config.json'), '{}'),
    'a folder is an adapter’s too': () => writeFile(path.join(stages[0]!.path, 'adapter_config.json'), '{}'),
    'the stored result says something else': async () => {
      const id = runIdOf({ question: QUESTION });
      const run = await Run.open(runs, id, {});
      const result: CompareResult = sampleResult();
      result.provenance = { ...result.provenance, runId: id, inputs: 'other' };
      await run.finish(result);
      await run.close();
    },
  };
  for (const [what, change] of Object.entries(changes))
    it(`is not where ${what}`, async () => {
      settle();
      await remember();
      await change();
      vi.setSystemTime(Date.now() + 60_000);
      assert.ok(!(await isKnown()));
    });

  it('is not remembered of what may lie elsewhere: recipes, shards in folders', async () => {
    settle();
    const found = await recall(QUESTION, stages, runs, isResult);
    const opened = await Promise.all(stages.map(({ path: at }) => openCheckpoint(at)));
    const [first] = opened;
    const result = { ...sampleResult(), provenance: { ...sampleResult().provenance, inputs: 'said' } };
    await found.remember([first!, { ...opened[1]!, shards: [{ ...first!.shards[0]!, name: 'sub/x' }] }], result);
    await found.remember([first!, { ...opened[1]!, folder: '/elsewhere' }], result);
    await assert.rejects(stat(path.join(runs, 'known')));
    const recipe = stages.map((stage) => ({ ...stage, recipe: 'models: []' }));
    assert.equal((await recall(QUESTION, recipe, runs, isResult)).result, undefined);
  });
});

describe('a comparison that is repeated', () => {
  it('opens nothing, whatever is in the folder of what is known', async () => {
    settle();
    const engine = createEngine(path.resolve('dist/worker.mjs'));
    const phases: string[] = [];
    const compare = () => engine.compare({ stages, runsFolder: runs }, { progress: ({ phase }) => phases.push(phase) });
    const result = await compare();
    assert.ok(phases.includes('Reading headers'));
    phases.length = 0;
    assert.deepEqual(await compare(), result);
    assert.equal(phases.length, 0);
    await mkdir(path.join(runs, 'known', 'folder'));
    await appendFile(config(), ' ');
    vi.setSystemTime(Date.now() + 60_000);
    assert.deepEqual({ ...(await compare()), provenance: null }, { ...result, provenance: null });
    assert.ok(phases.includes('Reading headers'));
  });
  const config = () => path.join(stages[0]!.path, 'config.json');
});
