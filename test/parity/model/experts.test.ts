/** Experts: chosen as transformers chooses them, read only where a token chose them, kept as far as memory goes. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { expertBytes } from '../../../src/engine/models/expertPages.js';
import { Model } from '../../../src/engine/models/model.js';
import { type MemoryPlan, planMemory } from '../../../src/engine/models/plan.js';
import { readSpec } from '../../../src/engine/models/spec.js';
import type * as read from '../../../src/engine/checkpoint/read.js';
import { distance, floats, FOLDER, openStored, promptOf, readExpectations } from './expectations.js';

/** Bytes that the reader of files was asked for. */
let fileBytes = 0;
vi.mock('../../../src/engine/checkpoint/read.js', async (original) => {
  const actual = await original<typeof read>();
  return {
    ...actual,
    readFullyInto: (...given: Parameters<typeof read.readFullyInto>) => {
      fileBytes += given[3].byteLength;
      return actual.readFullyInto(...given);
    },
  };
});

const { models } = readExpectations();
const NAMES = Object.keys(models).filter((name) => models[name]!.routing !== undefined);
const ALL = [0, 1, 2, 3];

async function openWith(folder: string, changes: Partial<MemoryPlan>): Promise<Model> {
  const checkpoint = await openCheckpoint(folder);
  const spec = readSpec(checkpoint);
  return new Model(checkpoint, spec, { ...planMemory(checkpoint, spec, undefined, 1), ...changes }, {});
}

/** Experts of a layer that some token chose. */
const distinct = (chosen: ReadonlyMap<number, Int32Array>): number =>
  [...chosen.values()].reduce((sum, own) => sum + new Set(own).size, 0);

describe('experts', () => {
  it('are those of transformers, token by token', async () => {
    assert.ok(NAMES.length >= 6);
    for (const name of NAMES) {
      const model = await openStored(name);
      const { prompt, chosen } = models[name]!.routing!;
      const { experts } = await model.prefill([promptOf(model, models[name]!.prompts[prompt]!)], {
        capture: { experts: ALL },
      });
      assert.deepEqual([...experts.keys()].map(String), Object.keys(chosen));
      const each = model.spec.language.layer.experts!.chosen;
      for (const [layer, expected] of Object.entries(chosen)) {
        const own = experts.get(Number(layer))!;
        assert.equal(own.length, expected.length * each);
        expected.forEach((set, token) =>
          assert.deepEqual(
            [...own.subarray(token * each, (token + 1) * each)].sort(),
            set,
            `${name} ${layer} ${token}`,
          ),
        );
      }
      await model.close();
    }
  });

  for (const name of ['qwen3_vl_moe', 'qwen3_5_moe', 'qwen3_5_moe-single']) {
    it(`${name}: only those that tokens chose are read from the files, each once a pass`, async () => {
      const folder = path.join(FOLDER, 'checkpoints', name);
      const model = await openWith(folder, { expertBytes: 0 });
      const { language } = model.spec;
      const each = expertBytes(language, model.plan.format);
      const capture = { experts: ALL };
      const prompts = [0, 1].map((index) => promptOf(model, models[name]!.prompts[index]!));
      const { state, experts } = await model.prefill([prompts[0]!], { capture });
      assert.equal(model.expertBytesRead, each * distinct(experts));
      await model.decode(state, Int32Array.of(7), { capture }); // its embedding is known from now on
      for (let step = 0; step < 3; step++) {
        const [before, files] = [model.expertBytesRead, fileBytes];
        const { experts } = await model.decode(state, Int32Array.of(7), { capture });
        const chosen = distinct(experts);
        assert.equal(chosen, 4 * language.layer.experts!.chosen, 'a token goes through so many experts per layer');
        // The two experts read last may still be there.
        assert.ok(model.expertBytesRead - before <= each * chosen);
        assert.ok(model.expertBytesRead - before >= each * (chosen - 2));
        assert.equal(fileBytes - files, ((model.expertBytesRead - before) * 2) / 4, 'sixteen bits on disk, fp32 here');
      }
      // Padding of a shorter prompt chooses nothing.
      const before = model.expertBytesRead;
      const batch = await model.prefill(prompts, { capture });
      const slots = Math.max(...prompts.map(({ inputIds }) => inputIds.length));
      const k = language.layer.experts!.chosen;
      const valid = new Map(
        [...batch.experts].map(([layer, own]) => [
          layer,
          own.filter((_, at) => Math.floor(at / k) % slots >= batch.state.starts[Math.floor(at / k / slots)]!),
        ]),
      );
      const bytes = model.expertBytesRead - before;
      assert.ok(bytes <= each * distinct(valid) && bytes >= each * (distinct(valid) - 2), `${bytes} bytes`);
      await model.close();
    });
  }

  it('that are kept are not read again', async () => {
    const model = await openStored('qwen3_vl_moe');
    const prompt = promptOf(model, models['qwen3_vl_moe']!.prompts[9]!);
    await model.prefill([prompt]);
    const before = model.expertBytesRead;
    const { logits } = await model.prefill([prompt]);
    assert.equal(model.expertBytesRead, before);
    assert.ok(distance(logits, floats(models['qwen3_vl_moe']!.prompts[9]!.logits)) < 1e-3);
    await model.close();
  });

  it('are kept by how often they are asked for, and never more than the budget holds', async () => {
    const folder = path.join(FOLDER, 'checkpoints', 'qwen3_vl_moe');
    const spec = readSpec(await openCheckpoint(folder));
    const prompt = (model: Model) => promptOf(model, models['qwen3_vl_moe']!.prompts[0]!);
    const bytesAgain = async (kept: number) => {
      const model = await openWith(folder, { expertBytes: kept * expertBytes(spec.language, 'F32') });
      await model.prefill([prompt(model)]);
      const before = model.expertBytesRead;
      for (let round = 0; round < 3; round++) await model.prefill([prompt(model)]);
      const bytes = model.expertBytesRead - before;
      await model.close();
      return bytes / expertBytes(spec.language, 'F32') / 3;
    };
    const model = await openWith(folder, { expertBytes: 0 });
    const needed = distinct((await model.prefill([prompt(model)], { capture: { experts: ALL } })).experts);
    await model.close();
    // The same pass again and again: what is kept stays, though there is too little room for all.
    for (const kept of [0, 5, needed - 4, needed]) {
      const read = await bytesAgain(kept);
      assert.ok(read <= needed - kept && read >= Math.max(0, needed - kept - 2), `${kept} kept: ${read} of ${needed}`);
    }
  });

  it('share a budget with what every pass needs, and get what is left', async () => {
    const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', 'qwen3_vl_moe'));
    const spec = readSpec(checkpoint);
    // As large as those of a real layer: 24 of 384 MB.
    spec.language.layer.experts = { ...spec.language.layer.experts!, inner: 2_000_000 };
    const each = expertBytes(spec.language, 'BF16');
    const plan = (gibibytes: number) => planMemory(checkpoint, spec, gibibytes * 2 ** 30, 1);
    const [little, some, all] = [plan(1.2), plan(6), plan(20)];
    for (const paged of [little, some]) {
      assert.equal(paged.residentLayers, Infinity);
      assert.ok(paged.weightBytes + paged.batchBytes < paged.memory);
      assert.ok(paged.weightBytes >= paged.expertBytes + 2 * each, 'two experts are on their way');
      const kept = paged.expertBytes / (24 * each);
      assert.ok(
        Math.abs(paged.streamedBytes - 4 * 2 * each * (1 - kept)) < 2,
        'two of six a layer, but for what is kept',
      );
    }
    assert.ok(little.expertBytes < some.expertBytes && some.expertBytes > 8 * each);
    assert.deepEqual([all.expertBytes, all.streamedBytes], [Infinity, 0]);
    assert.throws(() => plan(0.8), { code: 'bad-request', message: /too small: one layer of this model at a time/ });
  });

  describe('in a damaged file', () => {
    let folder: string;
    beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'experts-'))));
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('change nothing where no token chose them', async () => {
      const name = 'qwen3_vl_moe';
      await cp(path.join(FOLDER, 'checkpoints', name), folder, { recursive: true });
      const stored = models[name]!.prompts[0]!;
      const whole = await openStored(name);
      const { experts } = await whole.prefill([promptOf(whole, stored)], { capture: { experts: ALL } });
      await whole.close();
      const file = path.join(folder, 'model.safetensors');
      const bytes = await readFile(file);
      const begin = 8 + Number(bytes.readBigUInt64LE(0));
      const header = JSON.parse(bytes.subarray(8, begin).toString()) as Record<
        string,
        { data_offsets: [number, number] }
      >;
      const handle = await open(file, 'r+');
      let damaged = 0;
      for (const layer of ALL) {
        const chosen = new Set(experts.get(layer));
        for (const part of ['gate_up_proj', 'down_proj']) {
          const [from, to] = header[`model.language_model.layers.${layer}.mlp.experts.${part}`]!.data_offsets;
          const each = (to - from) / 6;
          for (let expert = 0; expert < 6; expert++)
            if (!chosen.has(expert)) {
              await handle.write(Buffer.alloc(each, 0xff), 0, each, begin + from + expert * each);
              damaged++;
            }
        }
      }
      await handle.close();
      assert.ok(damaged > 0);
      const model = await openWith(folder, {});
      const { logits } = await model.prefill([promptOf(model, stored)]);
      assert.ok(distance(logits, floats(stored.logits)) < 1e-3);
      await model.close();
    });

    it('are refused in one sentence where config and tensors count them differently', async () => {
      const change = async (name: string, changes: Record<string, unknown>) => {
        await cp(path.join(FOLDER, 'checkpoints', name), folder, { recursive: true });
        const file = path.join(folder, 'config.json');
        const config = JSON.parse(await readFile(file, 'utf8')) as { text_config: object };
        Object.assign(config.text_config, changes);
        await writeFile(file, JSON.stringify(config));
        return readSpec(await openCheckpoint(folder));
      };
      const refused = (name: string, changes: Record<string, unknown>, message: RegExp, code = 'malformed') =>
        assert.rejects(change(name, changes), (error: Error & { code?: string }) => {
          assert.match(error.message, message);
          assert.match(error.message, /^[^\n]*\.$/);
          return error.code === code;
        });
      const key = (name: string) => `"text_config\\.${name}"`;
      for (const name of ['qwen3_vl_moe', 'qwen3_5_moe-single']) {
        await refused(name, { num_local_experts: 8 }, new RegExp(`sets ${key('num_local_experts')} to 8; .*6`));
        await refused(
          name,
          { num_experts_per_tok: 7 },
          new RegExp(`${key('num_experts_per_tok')} to 7; .*at most .*6`),
        );
        await refused(name, { moe_intermediate_size: 24 }, new RegExp(`${key('moe_intermediate_size')} to 24; .*20`));
        await refused(name, { norm_topk_prob: false }, /norm_topk_prob/, 'unsupported');
        await refused(name, { num_expert_group: 2 }, /num_expert_group/, 'unsupported');
      }
      await refused(
        'qwen3_5_moe',
        { shared_expert_intermediate_size: 13 },
        /shared_expert_intermediate_size.* to 13; .*12/,
      );
      await refused('qwen3_vl_moe', { mlp_only_layers: [1] }, /layers\.1\.mlp\.gate_proj/);
      await refused('qwen3_vl_moe', { mlp_only_layers: [-1] }, /mlp_only_layers/);
    });
  });
});
