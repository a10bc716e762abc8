/** Questions one after the other: cancelled at once, and the second without reading the model again. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createEngine } from '../engine.js';
import { answer } from './answer.js';
import { OpenModels } from './openModels.js';
import { defaultMemory } from './plan.js';
import { temporaryFolder, type TemporaryFolder } from '../../../test/fixtures/checkpoints.js';
import { writeLargeModel } from '../../../test/fixtures/largeModel.js';
import { copyCheckpoint } from '../../../test/unit/probe/support.js';

const WORKER = path.resolve('dist/worker.mjs');
const MEBI = 2 ** 20;

describe('questions to a checkpoint', () => {
  let temporary: TemporaryFolder;
  let one: string;
  let other: string;
  const question = (location: string, more = {}) => ({
    path: location,
    prompt: 'How many red objects are there?',
    maxNewTokens: 3,
    threads: 1,
    ...more,
  });
  beforeAll(async () => {
    temporary = await temporaryFolder();
    one = await copyCheckpoint(path.join(temporary.path, 'one'));
    other = await copyCheckpoint(path.join(temporary.path, 'other'));
  });
  afterAll(() => temporary.remove());

  const settings = (location: string, memory?: number) => ({
    path: location,
    memory,
    threads: 1,
    provider: 'cpu' as const,
  });
  /** The model that answers, and what it has read from disk so far. */
  async function modelOf(models: OpenModels, location: string, memory?: number) {
    return (await models.model(await models.open(settings(location, memory)), settings(location, memory), MEBI)).model;
  }

  it('do not read a model again that is open already, nor the one beside it', async () => {
    const models = new OpenModels();
    const first = await answer(question(one), models);
    const [model, beside] = [await modelOf(models, one), await modelOf(models, other)];
    const read = model.bytesRead;
    assert.ok(read > 0);
    assert.deepEqual(await answer(question(other), models), first, 'the same weights');
    assert.deepEqual(await answer(question(one), models), first);
    assert.equal(await modelOf(models, one), model);
    assert.equal(await modelOf(models, other), beside);
    assert.equal(model.bytesRead, read);
  });

  it('read it again when its files are others', async () => {
    const models = new OpenModels();
    await answer(question(one), models);
    const model = await modelOf(models, one);
    const config = path.join(one, 'generation_config.json');
    await writeFile(config, `${await readFile(config, 'utf8')}\n`);
    await answer(question(one), models);
    assert.notEqual(await modelOf(models, one), model);
  });

  it('read it again when a settings file is added', async () => {
    const models = new OpenModels();
    const place = await copyCheckpoint(path.join(temporary.path, 'added'));
    const config = path.join(place, 'generation_config.json');
    const settings = await readFile(config, 'utf8');
    await rm(config);
    const before = await answer(question(place), models);
    await writeFile(config, JSON.stringify({ ...JSON.parse(settings), suppress_tokens: [before.tokenIds[0]] }));
    assert.notEqual((await answer(question(place), models)).tokenIds[0], before.tokenIds[0]);
  });

  it('let one model go for the other where the budget does not hold both', async () => {
    const models = new OpenModels();
    const shape = {
      layers: 2,
      hidden: 512,
      heads: 4,
      kvHeads: 1,
      inner: 8192,
      vocabulary: 8192,
      tied: true,
      blocks: 0,
    };
    const locations = ['first', 'second'].map((name) => path.join(temporary.path, name));
    for (const location of locations) await writeLargeModel(location, shape, path.resolve('samples/lineage/base'));
    const memory = (await modelOf(models, locations[0]!)).plan.wholeBytes;
    const tight = await modelOf(models, locations[0]!, memory);
    assert.equal(tight.plan.streamedBytes, 0);
    assert.equal(
      (await modelOf(models, locations[1]!, memory)).plan.streamedBytes,
      0,
      'the second has the whole budget',
    );
    assert.notEqual(await modelOf(models, locations[0]!, memory), tight, 'the first was let go');
    // With room for both, both stay.
    assert.ok(defaultMemory() > 2 * memory);
    const kept = await modelOf(models, locations[0]!);
    await modelOf(models, locations[1]!);
    assert.equal(await modelOf(models, locations[0]!), kept);
  });

  it('are cancelled while an answer is under way, long before its end, and the next one is answered', async () => {
    const engine = createEngine(WORKER);
    const expected = await engine.generate(question(one));
    const cancel = new AbortController();
    let tokens = 0;
    // Text comes while the answer is under way, or it could not be cancelled here.
    const running = engine.generate(question(one, { maxNewTokens: 900, sampling: { temperature: 50, seed: 1 } }), {
      signal: cancel.signal,
      progress: () => {
        tokens++;
        cancel.abort();
      },
    });
    await assert.rejects(running, { code: 'cancelled' });
    assert.ok(tokens < 450, `${tokens} of 900 tokens were told`);
    assert.deepEqual(await engine.generate(question(one)), expected);
  });

  it('wait for what is under way, and can be cancelled while they wait', async () => {
    const engine = createEngine(WORKER);
    const order: string[] = [];
    const probe = engine
      .probe({
        kind: 'skip',
        checkpoints: [{ path: one }],
        data: path.resolve('samples/eval/math.jsonl'),
        samples: 4,
        depths: [1],
        maxNewTokens: 4,
        threads: 1,
      })
      .then(() => order.push('probe'));
    const impatient = new AbortController();
    const given = engine.generate(question(one), { signal: impatient.signal });
    const patient = engine.generate(question(one)).then(() => order.push('answer'));
    impatient.abort();
    await assert.rejects(given, { code: 'cancelled' });
    assert.deepEqual(order, []);
    await Promise.all([probe, patient]);
    assert.deepEqual(order, ['probe', 'answer']);
  });
});
