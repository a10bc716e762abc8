/**
 * Models of every family against transformers: first logits, greedy tokens, alone and padded to one batch, hidden
 * states, attention.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { generate } from '../../../src/engine/models/generate.js';
import { distance, floats, openStored, promptOf, readExpectations } from './expectations.js';

/** On logits; they reach a few tens here. */
const TOLERANCE = 1e-3;

describe('models against transformers', () => {
  const { models, stopTokens, newTokens } = readExpectations();

  it('covers at least a hundred prompts', () => {
    assert.ok(Object.values(models).reduce((sum, { prompts }) => sum + prompts.length, 0) >= 100);
  });

  for (const [name, expected] of Object.entries(models)) {
    describe(name, () => {
      it('gives the same logits and greedy tokens, prompt by prompt', async () => {
        const model = await openStored(name);
        for (const [index, stored] of expected.prompts.entries()) {
          const prompt = promptOf(model, stored);
          const { logits } = await model.prefill([prompt]);
          const far = distance(logits, floats(stored.logits));
          assert.ok(far < TOLERANCE, `prompt ${index}: logits are ${far} away`);
          const [answer] = await generate(model, [prompt], { maxNewTokens: newTokens, stopTokens });
          assert.deepEqual(answer!.tokenIds, stored.tokens, `prompt ${index}`);
        }
        await model.close();
      });

      it('gives the same when all prompts are one padded batch', async () => {
        const model = await openStored(name);
        const prompts = expected.prompts.map((stored) => promptOf(model, stored));
        const { logits } = await model.prefill(prompts);
        const answers = await generate(model, prompts, { maxNewTokens: newTokens, stopTokens });
        expected.prompts.forEach((stored, row) => {
          const { vocabulary } = model.spec.language;
          const far = distance(logits.subarray(row * vocabulary, (row + 1) * vocabulary), floats(stored.logits));
          assert.ok(far < TOLERANCE, `prompt ${row}: logits are ${far} away`);
          assert.deepEqual(answers[row]!.tokenIds, stored.tokens, `prompt ${row}`);
        });
        await model.close();
      });

      it('gives the same hidden states and attention', async () => {
        const model = await openStored(name);
        const { states } = expected;
        const { hidden, attention } = await model.prefill([promptOf(model, expected.prompts[states.prompt]!)], {
          capture: {
            hidden: Object.keys(states.hidden).map(Number),
            attention: Object.keys(states.attention).map(Number),
          },
        });
        for (const [layer, values] of Object.entries(states.hidden))
          assert.ok(distance(hidden.get(Number(layer))!, floats(values)) < TOLERANCE, `states at layer ${layer}`);
        for (const [layer, values] of Object.entries(states.attention))
          assert.ok(distance(attention.get(Number(layer))!, floats(values)) < 1e-5, `attention of layer ${layer}`);
        await model.close();
      });
    });
  }
});
