/**
 * Real trainings: TRL's GRPOTrainer on the sample IN, two steps on the processor, with a region frozen.
 * `scripts/training.mjs`
 * sets up the Python; without it every test is skipped, and says so.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { trainingPython } from '../../scripts/training.mjs';
import { planExperiment } from '../../src/engine/freeze/experiment.js';
import { inspectTraining, trainRuns } from '../../src/engine/freeze/run.js';
import { verifyFrozen } from '../../src/engine/freeze/verifyExperiment.js';
import { TrainingReader } from '../../src/engine/training/reader.js';

const python = trainingPython(path.resolve('.'));
const IN = path.resolve('samples/lineage/in');
let root: string;
let data: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'training-'));
  data = path.join(root, 'questions');
  await cp('samples/eval/images', path.join(data, 'images'), { recursive: true });
  const lines = (await readFile('samples/eval/general.jsonl', 'utf8')).split('\n').slice(0, 16);
  const text = (await readFile('samples/eval/text.jsonl', 'utf8')).split('\n').slice(0, 4);
  await writeFile(path.join(data, 'questions.jsonl'), [...lines, ...text].join('\n'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Only the runs that freeze the middle layers are trained. */
async function experiment(name: string, method: 'full' | 'lora'): Promise<string> {
  const out = path.join(root, name);
  await planExperiment({
    settings: {
      model: IN,
      data,
      trainer: 'trl',
      method,
      also: ['vision', 'projector'],
      device: 'cpu',
      steps: 2,
      prompts: 2,
      completions: 4,
      max_completion_length: 24,
      learning_rate: 1e-3,
      lora_rank: 4,
      save_every: 1,
      runs: { control: {}, mid: { freeze: ['mid'] } },
    },
    out,
  });
  return out;
}

const train = (out: string, signal?: AbortSignal, onLine?: (line: string) => void) =>
  trainRuns({ experiment: out, python, only: ['mid'] }, { signal, progress: ({ line }) => onLine?.(line) });

async function verified(out: string) {
  const { passed, runs } = await verifyFrozen({ experiment: out });
  const { verification } = runs.find(({ run }) => run === 'mid')!;
  return { passed, verification: verification! };
}

/** Changes the launched script, as a mistake would. */
async function sabotage(out: string, change: (script: string) => string): Promise<void> {
  const file = path.join(out, 'runs', 'mid', 'train.py');
  const before = await readFile(file, 'utf8');
  const after = change(before);
  assert.notEqual(after, before);
  await writeFile(file, after);
}

describe.skipIf(!existsSync(python))('a training with the middle layers frozen', () => {
  it('has the packages that its plan asks for', async () => {
    const { lacking } = await inspectTraining({ experiment: await experiment('packages', 'lora'), python });
    assert.deepEqual(lacking, []);
  });

  it('leaves them bit-identical and moves the others, also when it is stopped and continued', async () => {
    const out = await experiment('full', 'full');
    const stop = new AbortController();
    const first = path.join(out, 'runs', 'mid', 'output', 'checkpoint-1', 'trainer_state.json');
    const watch = setInterval(() => {
      if (existsSync(first)) stop.abort();
    }, 20);
    try {
      // Where the machine is faster than the watch, it has finished: then there is nothing to continue.
      await train(out, stop.signal).catch((error: unknown) => {
        assert.equal((error as { code?: string }).code, 'cancelled');
      });
    } finally {
      clearInterval(watch);
    }
    await train(out);
    assert.deepEqual(await train(out), { runs: [{ run: 'mid', state: 'finished before' }] });
    const { passed, verification } = await verified(out);
    assert.ok(passed);
    assert.ok(verification.frozen.tensors > 48);
    const free = verification.groups.map(({ group }) => group);
    assert.deepEqual(free, ['early', 'late', 'embeddings', 'norms']);
    for (const { group, timesFloor, unmoved, tensors } of verification.groups)
      assert.ok(unmoved < tensors && timesFloor! > 1, group);
    const finished = JSON.parse(
      await readFile(path.join(out, 'runs', 'mid', 'result', 'finished.json'), 'utf8'),
    ) as object;
    assert.deepEqual(finished, { steps: 2, seed: 0 });
    const logs = await new TrainingReader([out]).look();
    assert.deepEqual(
      logs!.runs.map(({ name, lastStep, completions }) => [name, lastStep, completions]),
      [['mid', 2, [1, 2]]],
      'its logs are read as the run of the plan',
    );
  });

  it('puts adapters on the others only', async () => {
    const out = await experiment('lora', 'lora');
    await train(out);
    const { passed, verification } = await verified(out);
    assert.ok(passed);
    assert.match(verification.madeOf!, /LoRA of rank 4/);
    const moved = verification.groups.filter(({ unmoved, tensors }) => unmoved < tensors).map(({ group }) => group);
    assert.deepEqual(moved, ['early', 'late']);
    assert.ok((await readdir(path.join(out, 'runs', 'mid', 'result'))).includes('adapter_model.safetensors'));
  });

  it('ends before its first step where the pattern matches nothing', async () => {
    const out = await experiment('nothing', 'full');
    await sabotage(out, (script) => script.replaceAll('language_model', 'languagemodel'));
    await assert.rejects(train(out), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'mismatch');
      assert.match(
        error.message,
        /^The run mid ended before its first step: the patterns match 670,656 parameters of the loaded model/,
      );
      return true;
    });
    assert.ok(!existsSync(path.join(out, 'runs', 'mid', 'output', 'checkpoint-1')));
  });

  it('is caught by verification where a layer is unfrozen afterwards', async () => {
    const out = await experiment('unfrozen', 'full');
    await sabotage(out, (script) =>
      script
        .replace('callbacks=[Check()],', '')
        .replace(
          '        check(model)\n    trainer = ',
          '        check(model)\n        model.model.language_model.layers[5].requires_grad_(True)\n    trainer = ',
        ),
    );
    await train(out);
    const { passed, verification } = await verified(out);
    assert.equal(passed, false);
    assert.ok(verification.moved.length > 0);
    for (const { name } of verification.moved) assert.match(name, /\.layers\.5\./);
  });
});
