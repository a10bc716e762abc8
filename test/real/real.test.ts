/** Real trained models against transformers (`make_checkpoints.py`): tokens of texts, first logits, 300 greedy tokens each. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { decodeAll } from '../../src/engine/models/generate.js';
import { modelFamily } from '../../src/engine/families/list.js';
import { openModel } from '../../src/engine/models/model.js';
import { createProcessor } from '../../src/engine/models/processor/processor.js';

interface Expected {
  seconds: number;
  threads: number;
  newTokens: number;
  prompts: { text: string; inputIds: number[]; tokens: number[]; logits: number[]; gaps: number[] }[];
}

const FOLDER = process.env['FRANKENSTEIN_REAL'] ?? path.resolve('.cache/real/checkpoints');
/** On logits, which reach some tens: what the product promises. They are some 3e-5 away. */
const TOLERANCE = 1e-3;
/** Two logits as close as rounding: either token is right, and what follows is another text. */
const TIE = 2e-4;

describe('real models', () => {
  for (const name of ['smollm2-135m', 'gemma3-270m']) {
    it(`${name}: the same tokens, logits and greedy answers as transformers`, async (context) => {
      const expected = JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as Expected;
      const checkpoint = await openCheckpoint(path.join(FOLDER, name));
      if (modelFamily(checkpoint.family) === undefined) {
        context.skip(`${checkpoint.family} cannot be run yet`);
        return;
      }
      const processor = await createProcessor(checkpoint);
      const model = openModel(checkpoint, { threads: expected.threads });
      let [compared, seconds, farthest] = [0, 0, 0];
      for (const { text, inputIds, tokens, logits, gaps } of expected.prompts) {
        assert.deepEqual(processor.tokenizer.encode(text), inputIds, text);
        const begin = performance.now();
        const prefilled = await model.prefill([{ inputIds: Int32Array.from(inputIds), images: [] }]);
        const far = logits.reduce((most, logit, id) => Math.max(most, Math.abs(logit - prefilled.logits[id]!)), 0);
        farthest = Math.max(farthest, far);
        assert.ok(far < TOLERANCE, `${text}: logits are ${far} away`);
        const [answer] = await decodeAll(model, prefilled, [{ prompt: 0, inputIds: Int32Array.from(inputIds) }], {
          maxNewTokens: expected.newTokens,
          stopTokens: [],
        });
        seconds += (performance.now() - begin) / 1000;
        const tie = gaps.findIndex((gap) => gap < TIE);
        const sure = tie < 0 ? tokens.length : tie;
        assert.deepEqual(answer!.tokenIds.slice(0, sure), tokens.slice(0, sure), text);
        compared += sure;
      }
      await model.close();
      const all = expected.prompts.length * expected.newTokens;
      console.log(
        `${name}: ${compared} of ${all} greedy tokens equal, the rest behind a tie; logits within ${farthest.toExponential(1)}; ` +
          `${(all / seconds).toFixed(1)} tokens a second, transformers ${(all / expected.seconds).toFixed(1)}`,
      );
      assert.ok(compared >= 0.8 * all, `only ${compared} of ${all} tokens come before a tie`);
    });
  }
});
