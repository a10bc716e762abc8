/**
 * States that layers carry from token to token: a token fed to the cache, a batch, a branch and a source must all find
 * the right one.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { decodeAll } from '../../../src/engine/models/generate.js';
import { type Model, openModel } from '../../../src/engine/models/model.js';
import type { ProcessedPrompt } from '../../../src/engine/models/processor/processor.js';
import { temporaryFolder } from '../../fixtures/checkpoints.js';
import { distance, FOLDER, openStored, promptOf, readExpectations } from './expectations.js';

const TOLERANCE = 1e-4;
const { models } = readExpectations();

function rowOf(model: Model, logits: Float32Array, row: number): Float32Array {
  const { vocabulary } = model.spec.language;
  return logits.subarray(row * vocabulary, (row + 1) * vocabulary);
}

const without = ({ inputIds, images }: ProcessedPrompt, tokens: number): ProcessedPrompt => ({
  inputIds: inputIds.subarray(0, inputIds.length - tokens),
  images,
});

describe('carried states', () => {
  for (const name of ['qwen3_5', 'qwen3_5-tied', 'qwen3_5-last']) {
    it(`${name}: fed token by token, a padded batch gives what each whole prompt gives alone`, async () => {
      const model = await openStored(name);
      // The last two tokens of every prompt are text.
      const prompts = models[name]!.prompts.map((stored) => promptOf(model, stored));
      const { state } = await model.prefill(prompts.map((prompt) => without(prompt, 2)));
      for (const left of [1, 0]) {
        const tokens = Int32Array.from(prompts, ({ inputIds }) => inputIds.at(-1 - left)!);
        const { logits } = await model.decode(state, tokens);
        for (const [row, prompt] of prompts.entries()) {
          const whole = await model.prefill([without(prompt, left)]);
          const far = distance(rowOf(model, logits, row), whole.logits);
          assert.ok(far < TOLERANCE, `prompt ${row} without ${left}: ${far}`);
        }
      }
      await model.close();
    });

    it(`${name}: rows that leave a batch take their states along`, async () => {
      const model = await openStored(name);
      const prompts = models[name]!.prompts.map((stored) => promptOf(model, stored));
      const { state } = await model.prefill(prompts.map((prompt) => without(prompt, 2)));
      await model.decode(
        state,
        Int32Array.from(prompts, ({ inputIds }) => inputIds.at(-2)!),
      );
      const kept = [5, 2, 11];
      const { logits } = await model.decode(
        model.narrow(state, kept),
        Int32Array.from(kept, (row) => prompts[row]!.inputIds.at(-1)!),
      );
      for (const [row, prompt] of kept.entries()) {
        const whole = await model.prefill([prompts[prompt]!]);
        assert.ok(distance(rowOf(model, logits, row), whole.logits) < TOLERANCE, `prompt ${prompt}`);
      }
      await model.close();
    });

    it(`${name}: a branch goes on from the prompt's end, however far its prefill was decoded`, async () => {
      const model = await openStored(name);
      const { layers } = model.spec.language;
      const all = Array.from({ length: layers }, (_, layer) => layer);
      const prompts = [4, 9].map((index) => promptOf(model, models[name]!.prompts[index]!));
      const prefilled = await model.prefill(prompts, { capture: { hidden: all } });
      const members = prompts.map(({ inputIds }, prompt) => ({ prompt, inputIds }));
      const options = { maxNewTokens: 6, stopTokens: [] };
      const answers = await decodeAll(model, prefilled, members, options);
      for (const chosen of [all, [layers - 1], [0, layers - 1]]) {
        const branches = chosen.flatMap((from) => [0, 1].map((row) => ({ prefilled, row, from, interventions: [] })));
        const branched = await model.branch(branches);
        const again = await decodeAll(
          model,
          branched,
          branches.map(({ row }, prompt) => ({ prompt, inputIds: prompts[row]!.inputIds })),
          options,
        );
        for (const [index, { row, from }] of branches.entries()) {
          const far = distance(rowOf(model, branched.logits, index), rowOf(model, prefilled.logits, row));
          assert.ok(far < TOLERANCE, `prompt ${row} from layer ${from}: ${far}`);
          assert.deepEqual(again[index]!.tokenIds, answers[row]!.tokenIds, `prompt ${row} from layer ${from}`);
        }
      }
      await model.close();
    });
  }

  it('a recipe that stitches layers runs as the intervention does', async () => {
    const temporary = await temporaryFolder();
    const file = path.join(temporary.path, 'stitched.frank.yaml');
    const at = (name: string) => JSON.stringify(path.join(FOLDER, 'checkpoints', name));
    const [one, other] = [at('qwen3_5'), at('qwen3_5-other')];
    await writeFile(file, `stitch: {early: ${one}, mid: ${other}, late: ${one}, cuts: [1, 3]}\n`);
    const stitched = openModel(await openCheckpoint(file), { threads: 1 });
    const model = await openStored('qwen3_5');
    const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', 'qwen3_5-other'));
    const interventions = [1, 2].map((layer) => ({ at: layer, what: { kind: 'stitch' as const, checkpoint } }));
    for (const stored of models['qwen3_5']!.prompts.slice(0, 6)) {
      const prompt = promptOf(model, stored);
      const [recipe, intervened, own] = [
        await stitched.prefill([prompt]),
        await model.prefill([prompt], { interventions }),
        await model.prefill([prompt]),
      ];
      assert.ok(distance(recipe.logits, intervened.logits) < TOLERANCE);
      assert.ok(distance(recipe.logits, own.logits) > 100 * TOLERANCE);
    }
    await Promise.all([stitched.close(), model.close(), temporary.remove()]);
  });

  it('are no attention: such a layer gives no weights, and a swap needs the states of its source', async () => {
    const model = await openStored('qwen3_5');
    const [prompt, stored] = [models['qwen3_5']!.prompts[6]!, models['qwen3_5']!.pairs![0]!];
    const { attention } = await model.prefill([promptOf(model, prompt)], { capture: { attention: [0, 1, 2, 3] } });
    assert.deepEqual([...attention.keys()], [3]);
    const source = await model.prefill([promptOf(model, stored.source!)]);
    await assert.rejects(
      model.prefill([promptOf(model, stored.prompt)], {
        interventions: [{ at: 1, what: { kind: 'swap', mode: 'only', source: { prefilled: source, row: 0 } } }],
      }),
      { code: 'bad-request', message: /layer 1 was prefilled without keeping that layer's states/ },
    );
    await model.close();
  });
});
