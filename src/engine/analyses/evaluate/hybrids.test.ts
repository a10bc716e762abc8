/** The checkpoints of a transferability test and of a sweep. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openStage } from '../../merge/checkpoint.js';
import { hybrids } from './hybrids.js';
import { temporaryFolder, type TemporaryFolder, writeCheckpoint } from '../../../../test/fixtures/checkpoints.js';
import { engine, SAMPLES } from '../../../../test/unit/probe/support.js';

const IN = { path: path.join(SAMPLES, 'lineage', 'in') };
const RL = { path: path.join(SAMPLES, 'lineage', 'rl') };

describe('hybrids', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  it('a transferability test: Base where there is one, IN, RL, and the six splices', async () => {
    const { checkpoints, axis, cuts } = await hybrids({
      base: { path: path.join(SAMPLES, 'lineage', 'base') },
      in: IN,
      rl: RL,
    });
    assert.deepEqual(
      checkpoints.map(({ label, role }) => [label ?? 'base', role]),
      [
        ['base', 'base'],
        ['in', 'in'],
        ['rl', 'rl'],
        ...['in:rl:rl', 'in:in:rl', 'rl:rl:in', 'rl:in:in', 'in:rl:in', 'rl:in:rl'].map((label) => [label, 'hybrid']),
      ],
    );
    assert.deepEqual([axis, cuts], [null, [4, 8]]);
  });

  it("a splice holds the donors' own bytes, layer by layer, and everything else from what gives Early", async () => {
    const { checkpoints } = await hybrids({ in: IN, rl: RL, cuts: [3, 7] });
    const splice = await openStage(checkpoints.find(({ label }) => label === 'rl:in:rl')!);
    for (const [name, tensor] of splice.tensors) {
      assert.equal(tensor.expression, undefined, `${name} is computed`);
      const layer = /language_model\.layers\.(\d+)\./.exec(name)?.[1];
      const donor = layer !== undefined && Number(layer) >= 3 && Number(layer) < 7 ? 'in' : 'rl';
      assert.ok(
        'shard' in tensor && tensor.shard.realPath.includes(`${path.sep}${donor}${path.sep}`),
        `${name} comes from ${donor}`,
      );
    }
  });

  it('a sweep of the cut reaches from all RL but the outside to all IN; its ends are those', async () => {
    const { checkpoints, axis } = await hybrids({ in: IN, rl: RL, sweep: { axis: 'cut', values: [12, 0, 6, 6] } });
    assert.deepEqual(axis, { name: 'cut', values: [null, null, 0, 6, 12] });
    const [first, last] = [checkpoints[2]!, checkpoints[4]!];
    const same = async (a: object, b: object) =>
      (await engine.compare({ stages: [a, b] as never })).tensors
        .filter(({ deltas }) => deltas[0]!.changedCount > 0)
        .map(({ name }) => name);
    assert.deepEqual(await same(last, IN), []);
    assert.ok((await same(first, RL)).every((name) => !name.includes('language_model.layers')));
  });

  it('a sweep of α: 0 is IN, 1 is RL where it reaches', async () => {
    const { checkpoints, axis } = await hybrids({
      in: IN,
      rl: RL,
      sweep: { axis: 'alpha', values: [0, 1], part: 'mlp', layers: [0, 6] },
    });
    assert.deepEqual(axis, { name: 'alpha', values: [null, null, 0, 1] });
    const changed = async (a: object, b: object) =>
      (await engine.compare({ stages: [a, b] as never })).tensors
        .filter(({ deltas }) => deltas[0]!.changedCount > 0)
        .map(({ name }) => name);
    assert.deepEqual(await changed(checkpoints[2]!, IN), []);
    const moved = await changed(checkpoints[3]!, IN);
    assert.ok(
      moved.length > 0 && moved.every((name) => /language_model\.layers\.[0-5]\.mlp\./.test(name)),
      moved.join(),
    );
  });

  it('refuses what makes no sense, in one sentence', async () => {
    await assert.rejects(
      hybrids({ in: IN, rl: RL, sweep: { axis: 'cut', values: [13] } }),
      /A cut is a layer from 0 to 12; 13 given\./,
    );
    await assert.rejects(hybrids({ in: IN, rl: RL, sweep: { axis: 'alpha', values: [NaN] } }), /α is a number/);
    await assert.rejects(hybrids({ in: IN, rl: RL, cuts: [9, 40] }), { code: 'bad-request' });
    const { folder } = { folder: path.join(temporary.path, 'llama') };
    await writeCheckpoint(folder, { family: 'llama' });
    await assert.rejects(hybrids({ in: IN, rl: { path: folder } }), { code: 'mismatch' });
  });
});
