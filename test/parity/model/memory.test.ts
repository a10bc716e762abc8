/** However weights are brought in and however small the chunks, results stay the same. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/checkpoint/open.js';
import { generate } from '../../../src/engine/model/generate.js';
import { Model } from '../../../src/engine/model/model.js';
import { type MemoryPlan, planMemory } from '../../../src/engine/model/plan.js';
import { readSpec } from '../../../src/engine/model/spec.js';
import { distance, floats, FOLDER, promptOf, readExpectations } from './expectations.js';

const PLANS: Record<string, Partial<MemoryPlan>> = {
  'weights stay in 16 bits': { format: 'BF16', headBlockRows: 17 },
  'every layer is read at every pass': { keptLayers: 0, keepHead: false, headBlockRows: 17, keepVision: false, streamedBytes: 1 },
  'two layers stay, the rest passes in 16 bits': { format: 'BF16', keptLayers: 2, keepHead: false, headBlockRows: 50, keepVision: false, streamedBytes: 1 },
  // A few tokens at a time: rows of a batch apart, and one row's tokens in pieces, in language and vision.
  'chunks of a few rows': { activationBytes: 100_000 },
  'chunks of a few tokens': { activationBytes: 20_000 },
  'one row at a time': { batchBytes: 1 },
};

describe('memory plans', () => {
  const { models, stopTokens, newTokens } = readExpectations();
  for (const name of ['qwen2_5_vl-tied', 'qwen3_vl', 'qwen2-window']) {
    for (const [what, changes] of Object.entries(PLANS)) {
      it(`${name}: ${what}`, async () => {
        const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', name));
        const spec = readSpec(checkpoint);
        const model = new Model(checkpoint, spec, { ...planMemory(checkpoint, spec, undefined, 1), ...changes }, {});
        const stored = models[name]!.prompts;
        const prompts = stored.map((prompt) => promptOf(model, prompt));
        const { logits } = await model.prefill(prompts);
        const answers = await generate(model, prompts, { maxNewTokens: newTokens, stopTokens });
        stored.forEach((expected, row) => {
          const { vocabulary } = spec.language;
          const far = distance(logits.subarray(row * vocabulary, (row + 1) * vocabulary), floats(expected.logits));
          assert.ok(far < 1e-3, `prompt ${row}: logits are ${far} away`);
          assert.deepEqual(answers[row]!.tokenIds, expected.tokens, `prompt ${row}`);
        });
        await model.close();
      });
    }
  }

  it('says the least that is needed when the budget is too small', async () => {
    const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', 'qwen3'));
    const refused = (memory: number) => {
      try {
        planMemory(checkpoint, readSpec(checkpoint), memory);
        return undefined;
      } catch (error) {
        return error as Error & { code: string };
      }
    };
    const error = refused(64 * 2 ** 20)!;
    assert.equal(error.code, 'bad-request');
    const least = Number(/at least ([\d,]+) MiB/.exec(error.message)![1]!.replaceAll(',', ''));
    assert.equal(refused(least * 2 ** 20), undefined, 'what is named as enough is enough');
  });
});
