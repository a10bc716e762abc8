/** Which checkpoints of a training are read, in which order, and which are left out. */
import { afterEach, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findSteps, openSteps, stepOf } from './steps.js';
import { temporaryFolder, writeCheckpoint, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';

const SMALL = { hidden: 8, layers: 1, visionLayers: 1, vocabulary: 8 };

describe('the steps of a training', () => {
  let temporary: TemporaryFolder;
  beforeEach(async () => (temporary = await temporaryFolder()));
  afterEach(() => temporary.remove());
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  const look = (...folders: string[]) => findSteps({ stages: folders.map((folder) => ({ path: inside(folder) })) });

  it('come in the order of their numbers', async () => {
    for (const step of [1000, 30, 200]) await writeCheckpoint(inside(`checkpoint-${step}`), SMALL);
    await mkdir(inside('logs'));
    await writeFile(inside('checkpoint-7'), 'no folder');
    const found = await look('.');
    assert.deepEqual(
      found!.whole.map(({ step }) => step),
      [30, 200, 1000],
    );
    assert.deepEqual(found!.leftOut, []);
  });

  it('lie deeper where verl and EasyR1 write them', async () => {
    await writeCheckpoint(inside('global_step_20', 'actor', 'huggingface'), SMALL);
    await writeCheckpoint(inside('global_step_5', 'huggingface'), SMALL);
    const { steps } = await openSteps({ stages: [{ path: temporary.path }] });
    assert.deepEqual(
      steps.map(({ step, label, checkpoint }) => [step, label, path.relative(temporary.path, checkpoint.path)]),
      [
        [5, 'global_step_5', path.join('global_step_5', 'huggingface')],
        [20, 'global_step_20', path.join('global_step_20', 'actor', 'huggingface')],
      ],
    );
  });

  it('lie in the one folder of a start that ms-swift makes, and in none where there are several', async () => {
    await writeCheckpoint(inside('v0-20260101-000000', 'checkpoint-1'), SMALL);
    await writeCheckpoint(inside('v0-20260101-000000', 'checkpoint-2'), SMALL);
    const found = (await look('.'))!;
    assert.deepEqual(
      found.whole.map(({ step }) => step),
      [1, 2],
    );
    assert.notEqual(found.looks, null);
    await writeCheckpoint(inside('v1-20260102-000000', 'checkpoint-1'), SMALL);
    await assert.rejects(look('.'), /holds 2 trainings, v0-20260101-000000 to v1-20260102-000000: name one/);
  });

  it('say how verl’s own shards are converted where it saved no model', async () => {
    await mkdir(inside('global_step_5', 'actor', 'huggingface'), { recursive: true });
    await writeFile(inside('global_step_5', 'actor', 'huggingface', 'config.json'), '{}');
    await writeFile(inside('global_step_5', 'actor', 'model_world_size_1_rank_0.pt'), '');
    const { leftOut } = (await look('.'))!;
    assert.match(leftOut[0]!.reason, /FSDP checkpoint of verl.* verl\.model_merger/);
  });

  it('are left out, each with its reason, while they are being written', async () => {
    await writeCheckpoint(inside('checkpoint-1'), SMALL);
    // A shard that the index names is not there yet.
    const missing = await writeCheckpoint(inside('checkpoint-2'), { ...SMALL, shards: 3 });
    await rm(path.join(missing.folder, missing.shards[1]!));
    // Shards are there, the index is not, and one is to come.
    const unindexed = await writeCheckpoint(inside('checkpoint-3'), { ...SMALL, shards: 3 });
    await rm(path.join(unindexed.folder, 'model.safetensors.index.json'));
    await rm(path.join(unindexed.folder, unindexed.shards[2]!));
    // The file grows.
    const growing = await writeCheckpoint(inside('checkpoint-4'), SMALL);
    await truncate(path.join(growing.folder, 'model.safetensors'), 900);
    // Only the config so far.
    const { folder } = await writeCheckpoint(inside('checkpoint-5'), SMALL);
    await rm(path.join(folder, 'model.safetensors'));
    await mkdir(inside('checkpoint-6'));
    const found = await look('.');
    assert.deepEqual(
      found!.whole.map(({ step }) => step),
      [1],
    );
    assert.deepEqual(
      found!.leftOut.map(({ step }) => step),
      [2, 3, 4, 5, 6],
    );
    const [two, three, four, five, six] = found!.leftOut.map(({ reason }) => reason);
    assert.match(two!, /model-00002-of-00003\.safetensors is missing/);
    assert.match(three!, /holds 2 of the 3 shards/);
    assert.match(four!, /model\.safetensors/);
    assert.match(five!, /checkpoint-5/);
    assert.match(six!, /checkpoint-6/);
  });

  it('are not looked at again where the folder looks the same', async () => {
    await writeCheckpoint(inside('checkpoint-1'), SMALL);
    const { looks } = (await look('.'))!;
    const again = () => findSteps({ stages: [{ path: temporary.path }], unless: looks });
    assert.equal(await again(), null);
    await writeCheckpoint(inside('checkpoint-2'), SMALL);
    assert.deepEqual(
      (await again())!.whole.map(({ step }) => step),
      [1, 2],
    );
  });

  it('may be named one by one, and a start stands in front', async () => {
    for (const name of ['sft', 'checkpoint-8', 'checkpoint-3']) await writeCheckpoint(inside(name), SMALL);
    const named = (...names: string[]) => names.map((name) => ({ path: inside(name) }));
    const { steps } = await openSteps({ stages: named('checkpoint-3', 'checkpoint-8'), start: inside('sft') });
    assert.deepEqual(
      steps.map(({ step, label }) => [step, label]),
      [
        [0, 'start'],
        [3, 'checkpoint-3'],
        [8, 'checkpoint-8'],
      ],
    );
    // Numbers that do not ascend say nothing.
    const odd = await openSteps({ stages: named('checkpoint-8', 'checkpoint-3', 'sft') });
    assert.deepEqual(
      odd.steps.map(({ step }) => step),
      [0, 1, 2],
    );
    await rm(inside('sft', 'model.safetensors'));
    await assert.rejects(openSteps({ stages: named('checkpoint-3', 'sft') }), /sft/);
  });

  it('are refused in a sentence where there are none', async () => {
    await mkdir(inside('empty'));
    await assert.rejects(look('empty'), /empty holds no steps of a training: .* checkpoint-100 or global_step_100/);
    await assert.rejects(look('nowhere'), { code: 'not-found' });
  });

  it('have the number of the last folder that says one', () => {
    assert.equal(stepOf('/runs/global_step_40/actor/huggingface'), 40);
    assert.equal(stepOf('/base+/runs/checkpoint-7'), 7);
    assert.equal(stepOf('/runs/checkpoint-7b'), undefined);
  });

  it('may be adapters, on a base that is named in front of the folder', async () => {
    const adapters = path.resolve('test/parity/trajectory/lora');
    for (const step of [2, 10]) {
      await mkdir(inside('run', `checkpoint-${step}`), { recursive: true });
      for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
        await copyFile(path.join(adapters, `checkpoint-${step}`, file), inside('run', `checkpoint-${step}`, file));
    }
    const unfound = await look('run');
    assert.deepEqual([unfound!.whole.length, unfound!.leftOut.length], [0, 2]);
    const base = path.resolve('test/parity/trajectory/lora-base');
    const found = await findSteps({ stages: [{ path: `${base}+${inside('run')}` }] });
    assert.deepEqual(
      found!.whole.map(({ step }) => step),
      [2, 10],
    );
    assert.match(await readFile(inside('run', 'checkpoint-2', 'adapter_config.json'), 'utf8'), /LORA/);
  });
});
