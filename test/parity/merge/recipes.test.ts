/** Whole recipes against mergekit's own merges of the sample lineage, and a splice against transformers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.js';
import { readBytes, readElements } from '../../../src/engine/tensors/elements.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { toMergekit } from '../../../src/engine/merge/mergekit/mergekit.js';
import { readRecipe } from '../../../src/engine/merge/open.js';
import type { Intervention } from '../../../src/engine/models/state.js';
import { openModel } from '../../../src/engine/models/model.js';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import { userMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../../src/engine/models/processor/processor.js';
import { layoutById } from '../../../src/engine/families/list.js';
import { canonicalName } from '../../../src/engine/topology/names.js';
import { distance } from '../model/expectations.js';

interface Expectation {
  dtypes: string[];
  /** SHA-256 of the bytes; or sums of the values, of their magnitudes, weighted by place, and four values. */
  tensors: Record<string, string | number[]>;
  answers?: { image: string | null; prompt: string; logits: number[] }[];
}

const FOLDER = path.resolve('test/parity/merge');
const LINEAGE = path.resolve('samples/lineage');
const RELATIVE = 1e-6;
const expected = JSON.parse(readFileSync(path.join(FOLDER, 'recipes.json'), 'utf8')) as Record<string, Expectation>;
const DTYPES: Record<string, string> = { 'torch.bfloat16': 'BF16', 'torch.float32': 'F32', 'torch.float64': 'F64' };

/** Recipes of our own, beside the config of mergekit that is made of each. */
const OWN: Record<string, string> = {
  'stitch.generated.yml': 'stitch.frank.yaml',
  'interpolate.generated.yml': 'interpolate.frank.yaml',
};

describe('recipes against mergekit', () => {
  for (const [name, expectation] of Object.entries(expected)) {
    for (const file of [name, ...(OWN[name] === undefined ? [] : [OWN[name]])]) {
      it(`makes of ${file} what mergekit makes${file === name ? '' : ` of ${name}`}`, async () => {
        const checkpoint = await openCheckpoint(path.join(FOLDER, 'recipes', file));
        await holdsTo(checkpoint, expectation);
      });
    }
  }

  for (const [name, own] of Object.entries(OWN)) {
    it(`writes ${own} for mergekit`, async () => {
      const { recipe, plan, sourceOf } = await readRecipe(path.join(FOLDER, 'recipes', own), (at) =>
        openCheckpoint(at),
      );
      const config = toMergekit(recipe, plan!, sourceOf);
      assert.ok(config.text !== undefined);
      assert.deepEqual(config.notes, []);
      assert.equal(
        config.text.replaceAll(LINEAGE, '../../../../samples/lineage'),
        readFileSync(path.join(FOLDER, 'recipes', name), 'utf8'),
      );
    });
  }
});

async function holdsTo(checkpoint: Checkpoint, { dtypes, tensors }: Expectation): Promise<void> {
  const family = layoutById(checkpoint.layout);
  const wanted = new Map(Object.entries(tensors).map(([name, figures]) => [canonicalName(name, family), figures]));
  assert.deepEqual([...checkpoint.tensors.keys()].sort(), [...wanted.keys()].sort());
  assert.deepEqual(
    [...new Set([...checkpoint.tensors.values()].map(({ dtype }) => dtype))],
    dtypes.map((dtype) => DTYPES[dtype]),
  );
  for (const [name, tensor] of checkpoint.tensors) {
    const figures = wanted.get(name)!;
    if (typeof figures === 'string') {
      assert.equal(
        createHash('sha256')
          .update(await readBytes(tensor))
          .digest('hex'),
        figures,
        name,
      );
      assert.equal(tensor.expression, undefined, `${name} is computed, and need not be`);
      continue;
    }
    const values = new Float64Array(tensor.size);
    await readElements(tensor, 0, values);
    const [sum, magnitude, weighted, ...samples] = figures as [number, number, number, ...number[]];
    const scale = magnitude / values.length;
    // What is rounded to fp32 at the end is off by half a step.
    const relative = tensor.dtype === 'F64' ? RELATIVE : RELATIVE + 2 ** -24;
    samples.forEach((value, location) => {
      const at = Math.floor((values.length * location) / 3) - (location === 3 ? 1 : 0);
      const off = Math.abs(values[at]! - value);
      assert.ok(
        off <= relative * Math.max(Math.abs(value), 1e-2 * scale),
        `${name}, element ${at}: ${values[at]} instead of ${value}`,
      );
    });
    const sums = [0, 0, 0];
    values.forEach((value, index) => {
      sums[0]! += value;
      sums[1]! += Math.abs(value);
      sums[2]! += value * index;
    });
    for (const [index, value] of [sum, magnitude, weighted].entries()) {
      const tolerance = 1e-7 * magnitude * (index === 2 ? values.length : 1);
      assert.ok(
        Math.abs(sums[index]! - value) <= tolerance,
        `${name}, sum ${index}: ${sums[index]} instead of ${value}`,
      );
    }
  }
}

describe('a stitch that is nowhere on disk', () => {
  const splice = path.join(FOLDER, 'recipes', 'splice.yml');
  let open: { checkpoint: Checkpoint; cases: NonNullable<Expectation['answers']> };
  beforeAll(async () => (open = { checkpoint: await openCheckpoint(splice), cases: expected['splice.yml']!.answers! }));

  async function logitsOf(
    checkpoint: Checkpoint,
    interventions: readonly Intervention[] = [],
  ): Promise<Float32Array[]> {
    const processor = await createProcessor(checkpoint);
    const model = openModel(checkpoint, { threads: 1 });
    const prompts = await Promise.all(
      open.cases.map(async ({ image, prompt }) =>
        processor.process({
          input: { messages: [userMessage(prompt, image === null ? 0 : 1)] },
          images: image === null ? [] : [await readImage(path.resolve(image))],
        }),
      ),
    );
    const { logits } = await model.prefill(prompts, { interventions });
    const { vocabulary } = model.spec.language;
    await model.close();
    return open.cases.map((_, row) => logits.slice(row * vocabulary, (row + 1) * vocabulary));
  }

  it('answers as transformers does with the checkpoint that mergekit wrote', async () => {
    const logits = await logitsOf(open.checkpoint);
    open.cases.forEach((one, row) => {
      const far = distance(logits[row]!, Float32Array.from(one.logits));
      assert.ok(far < 1e-3, `${one.prompt}: logits are ${far} away`);
    });
  });

  it('answers as the model does whose layers are stitched while it runs', async () => {
    const [early, late] = await Promise.all(['in', 'rl'].map((name) => openCheckpoint(path.join(LINEAGE, name))));
    const interventions = Array.from({ length: 8 }, (_, index): Intervention => ({
      at: 4 + index,
      what: { kind: 'stitch', checkpoint: late! },
    }));
    const [virtual, running] = [await logitsOf(open.checkpoint), await logitsOf(early!, interventions)];
    assert.deepEqual(virtual, running);
    // Neither is what IN says.
    assert.notDeepEqual(virtual, await logitsOf(early!));
  });
});
