/** Recipes written as checkpoints: exact, whole or not at all. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { CompareResult } from '../../analyses/compare/result.js';
import { exportMerged } from './export.js';
import { Mutex } from '../../runtime/mutex.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { engine, SAMPLES } from '../../../../test/unit/probe/support.js';

describe('exporting a recipe', () => {
  let temporary: TemporaryFolder;
  let [folder, stitch, linear] = ['', '', ''];
  beforeAll(async () => {
    temporary = await temporaryFolder();
    folder = temporary.path;
    for (const stage of ['in', 'rl', 'base'])
      await cp(path.join(SAMPLES, 'lineage', stage), path.join(folder, stage), { recursive: true });
    stitch = await recipe('stitch', 'stitch: IN:RL:RL\n');
    linear = await recipe(
      'linear',
      'merge_method: linear\nmodels:\n  - {model: in, parameters: {weight: 1}}\n  - {model: rl, parameters: ' +
        '{weight: 1}}\n',
    );
  });
  afterAll(() => temporary.remove());

  async function recipe(name: string, body: string): Promise<string> {
    const file = path.join(folder, `${name}.frank.yaml`);
    await writeFile(file, `checkpoints: {base: base, in: in, rl: rl}\n${body}`);
    return file;
  }
  const compare = (a: string, b: string): Promise<CompareResult> =>
    engine.compare({ stages: [{ path: a }, { path: b }] });
  const same = async (a: string, b: string) => {
    const { tensors, missing } = await compare(a, b);
    assert.equal(missing.length, 0);
    assert.ok(tensors.length > 100);
    for (const { name, deltas } of tensors)
      assert.deepEqual([deltas[0]!.changedCount, deltas[0]!.nonFinite], [0, 0], name);
  };

  it("a stitch: the donors' bytes, the owner's files, a card, and nothing else beside it", async () => {
    const out = path.join(folder, 'out', 'stitch');
    const result = await engine.exportMerged({ checkpoint: { path: stitch }, out });
    assert.equal(result.computed, 0);
    await same(stitch, out);
    const files = await readdir(out);
    for (const name of ['config.json', 'tokenizer.json', 'preprocessor_config.json', 'model.safetensors', 'README.md'])
      assert.ok(files.includes(name), name);
    assert.deepEqual(
      await readFile(path.join(out, 'tokenizer.json')),
      await readFile(path.join(folder, 'in', 'tokenizer.json')),
    );
    assert.match(await readFile(path.join(out, 'README.md'), 'utf8'), /stitch: IN:RL:RL/);
    assert.deepEqual(await readdir(path.dirname(out)), ['stitch']);
  });

  it('computed weights: as they are when they are read, in any number of shards', async () => {
    const ties = await recipe(
      'ties',
      'merge_method: ties\nbase_model: base\nmodels:\n  - {model: in, parameters: {weight: 1, density: ' +
        '0.5}}\n  - {model: rl, parameters: {weight: 0.5, density: 0.3}}\ndtype: bfloat16\n',
    );
    const out = path.join(folder, 'ties');
    const result = await engine.exportMerged({ checkpoint: { path: ties }, out, shardBytes: 500_000 });
    assert.ok(result.computed > 100);
    const shards = result.files.filter((name) => name.endsWith('.safetensors'));
    assert.ok(shards.length > 5);
    for (const shard of shards) assert.ok((await readFile(path.join(out, shard))).length < 620_000, shard);
    const index = JSON.parse(await readFile(path.join(out, 'model.safetensors.index.json'), 'utf8')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    assert.deepEqual([...new Set(Object.values(index.weight_map))].sort(), shards);
    await same(ties, out);
  });

  it('inline: a recipe that is no file', async () => {
    const out = path.join(folder, 'inline');
    await engine.exportMerged({
      checkpoint: { path: folder, recipe: 'checkpoints: {in: in, rl: rl}\nstitch: RL:IN:RL\n' },
      out,
    });
    assert.match(await readFile(path.join(out, 'README.md'), 'utf8'), /stitch: RL:IN:RL/);
  });

  it('a folder that holds something is refused and left alone; an empty one is taken', async () => {
    const taken = path.join(folder, 'taken');
    await mkdir(taken);
    await engine.exportMerged({ checkpoint: { path: stitch }, out: taken });
    const before = await readdir(taken);
    await assert.rejects(engine.exportMerged({ checkpoint: { path: stitch }, out: taken }), {
      code: 'bad-request',
      message: /is there already and not empty; nothing in it was touched/,
    });
    assert.deepEqual(await readdir(taken), before);
    await assert.rejects(engine.exportMerged({ checkpoint: { path: stitch }, out: stitch }), /is a file/);
  });

  it('too little room is said before anything is written', async () => {
    // A sparse file: 4 TB that take no room.
    const huge = path.join(folder, 'huge');
    await cp(path.join(folder, 'in'), huge, { recursive: true });
    const header = JSON.stringify({
      'model.embed_tokens.weight': { dtype: 'BF16', shape: [2_000_000, 1_000_000], data_offsets: [0, 4e12] },
    });
    const handle = await open(path.join(huge, 'model.safetensors'), 'w');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await handle.write(Buffer.concat([length, Buffer.from(header)]));
    const sparse = await handle.truncate(8 + header.length + 4e12).then(
      () => true,
      () => false,
    );
    await handle.close();
    assert.ok(sparse, 'this file system holds no file of 4 TB');
    const out = path.join(folder, 'no-room');
    await assert.rejects(engine.exportMerged({ checkpoint: { path: huge }, out }), {
      code: 'disk-full',
      message: /takes 4000\.0 GB, 4000\.1 GB with room for its other files, and .* has [\d.]+ [MG]B left/,
    });
    assert.ok(!(await readdir(folder)).some((name) => name.includes('no-room')));
    await rm(huge, { recursive: true });
  });

  it('cancelled or broken off: nothing under the final name, nothing left behind', async () => {
    const out = path.join(folder, 'cancelled');
    const cancel = new AbortController();
    await assert.rejects(
      engine.exportMerged(
        { checkpoint: { path: stitch }, out },
        { signal: cancel.signal, progress: () => cancel.abort() },
      ),
      { code: 'cancelled' },
    );
    const broken = path.join(folder, 'broken');
    await cp(path.join(folder, 'rl'), broken, { recursive: true });
    const own = path.join(folder, 'broken.frank.yaml');
    await writeFile(own, 'checkpoints: {in: in, rl: broken}\nstitch: IN:RL:RL\n');
    const weights = path.join(broken, 'model.safetensors');
    const short = (await readFile(weights)).subarray(0, 1_000_000);
    await assert.rejects(
      engine.exportMerged(
        { checkpoint: { path: own }, out: path.join(folder, 'half') },
        { progress: ({ phase }) => void (phase === 'Writing weights' && writeFile(weights, short)) },
      ),
      { code: 'changed' },
    );
    assert.deepEqual(
      (await readdir(folder)).filter((name) => /cancelled|half|partial/.test(name)),
      [],
    );
  });

  it('what computes waits for its turn, what moves bytes does not; a mistake is said before either', async () => {
    const mutex = new Mutex();
    let end!: () => void;
    const before = mutex.take(() => new Promise<void>((resolve) => (end = resolve)), undefined);
    const phases: string[] = [];
    const start = (checkpoint: string, name: string, signal?: AbortSignal) =>
      exportMerged(
        { checkpoint: { path: checkpoint }, out: path.join(folder, name) },
        path.resolve('dist/worker.mjs'),
        (work) => mutex.take(work, signal),
        { signal, progress: ({ phase }) => void phases.push(phase) },
      );
    await start(stitch, 'moved');
    assert.deepEqual([...new Set(phases)], ['Writing weights']);
    await assert.rejects(start(linear, 'moved'), { code: 'bad-request' });
    phases.length = 0;
    const cancel = new AbortController();
    const cancelled = start(linear, 'never', cancel.signal);
    const waiting = start(linear, 'computed');
    while (phases.length < 2) await sleep(5); // both have come to wait
    cancel.abort();
    await assert.rejects(cancelled, { code: 'cancelled' });
    assert.deepEqual([...new Set(phases)], ['Waiting for its turn']);
    assert.ok(!(await readdir(folder)).some((name) => /computed|never/.test(name)));
    end();
    await before;
    assert.ok((await waiting).computed > 100);
    assert.deepEqual([...new Set(phases)], ['Waiting for its turn', 'Writing weights']);
    await same(linear, path.join(folder, 'computed'));
  });

  it('the engine gives exports that compute one turn after the other', async () => {
    const order: string[] = [];
    const start = (name: string) =>
      engine.exportMerged(
        { checkpoint: { path: linear }, out: path.join(folder, name) },
        { progress: ({ phase }) => void (phase === 'Writing weights' && order.push(name)) },
      );
    await Promise.all([start('first'), start('second')]);
    assert.deepEqual([...new Set(order)].length, 2);
    const [one] = order;
    assert.ok(order.lastIndexOf(one!) < order.findIndex((name) => name !== one), order.join(' '));
  });

  it('what a killed export to the same place left is removed, and nothing else', async () => {
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    const left = (name: string, host: string, pid: number) => path.join(folder, `.${name}.${host}-${pid}.partial`);
    const others = [
      left('other', os.hostname(), ended),
      left('again', 'elsewhere', ended),
      left('again', os.hostname(), process.ppid),
      path.join(folder, '.again.partial'),
    ];
    for (const location of [...others, left('again', os.hostname(), ended)]) {
      await mkdir(location);
      await writeFile(path.join(location, 'model.safetensors'), 'half');
    }
    await engine.exportMerged({ checkpoint: { path: stitch }, out: path.join(folder, 'again') });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('partial')).sort(),
      others.map((location) => path.basename(location)).sort(),
    );
    for (const location of others) await rm(location, { recursive: true });
  });

  it('cancelling does not wait for the tensor in hand', async () => {
    const busy = path.join(folder, 'busy.cjs'); // takes a job and is never done with it
    await writeFile(busy, "require('node:worker_threads').parentPort.on('message', () => undefined);");
    const cancel = new AbortController();
    const out = path.join(folder, 'unfinished');
    const exported = exportMerged({ checkpoint: { path: linear }, out }, busy, (work) => work(), {
      signal: cancel.signal,
      progress: ({ phase }) => void (phase === 'Writing weights' && setImmediate(() => cancel.abort())),
    });
    await assert.rejects(exported, { code: 'cancelled' });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('unfinished')),
      [],
    );
  });

  it('a recipe with mistakes says the first, with its line', async () => {
    const bad = await recipe('bad', '\nstitch: IN:XX:RL\n');
    await assert.rejects(
      engine.exportMerged({ checkpoint: { path: bad }, out: path.join(folder, 'bad') }),
      /bad\.frank\.yaml, line 3: "XX" is no role/,
    );
  });
});
