/** The trained sample lineage, from image files and text to answers, against transformers (test/parity/samples). */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { generate } from '../../../src/engine/models/generate.js';
import { openModel } from '../../../src/engine/models/model.js';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import { createProcessor } from '../../../src/engine/models/processor/processor.js';
import { distance } from './expectations.js';

interface Case {
  id: string;
  /** A file, or the word for 112 × 112 black pixels. */
  image: string | null;
  prompt: string;
  logits: number[];
  greedy_ids: number[];
  greedy_text: string;
}

interface Truth {
  max_new_tokens: number;
  cases: Case[];
}

const ROOT = path.resolve('.');
const TOLERANCE = 1e-3;

describe('the sample lineage against transformers', () => {
  for (const name of ['base', 'in', 'rl']) {
    it(`answers as ${name} does there`, async () => {
      const { cases: own, max_new_tokens: maxNewTokens } = JSON.parse(
        readFileSync(path.join(ROOT, `test/parity/samples/expectations-${name}.json`), 'utf8'),
      ) as Truth;
      const checkpoint = await openCheckpoint(path.join(ROOT, 'samples/lineage', name));
      const processor = await createProcessor(checkpoint);
      const model = openModel(checkpoint, { threads: 1 });
      const prompts = await Promise.all(
        own.map(async ({ prompt, image }) => {
          const black = { width: 112, height: 112, data: new Uint8Array(112 * 112 * 3) };
          return processor.process({
            input: { prompt },
            images: image === null ? [] : [image === 'black' ? black : await readImage(path.join(ROOT, image))],
          });
        }),
      );
      const { logits } = await model.prefill(prompts);
      const answers = await generate(model, prompts, { maxNewTokens, stopTokens: processor.stopTokens });
      const { vocabulary } = model.spec.language;
      own.forEach((expected, row) => {
        const far = distance(
          logits.subarray(row * vocabulary, (row + 1) * vocabulary),
          Float32Array.from(expected.logits),
        );
        assert.ok(far < TOLERANCE, `${expected.id}: logits are ${far} away`);
        assert.deepEqual(answers[row]!.tokenIds, expected.greedy_ids, expected.id);
        assert.equal(processor.decode(answers[row]!.tokenIds), expected.greedy_text, expected.id);
      });
      await model.close();
    });
  }
});
