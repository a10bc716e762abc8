// Patterns of plans, replayed on the names that transformers' classes have in memory (names.json, by make_names.py):
// what a
// plan freezes by a checkpoint's names on disk is what a trainer finds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type FreezePlan, planFreeze } from '../../../src/engine/freeze/plan.js';
import { FreezeSchema } from '../../../src/engine/freeze/schema.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { LAYOUTS, temporaryFolder, type TemporaryFolder, writeCheckpoint } from '../../fixtures/checkpoints.js';

const stored = JSON.parse(readFileSync(path.resolve('test/parity/freeze/names.json'), 'utf8')) as Record<
  string,
  [name: string, decoder: boolean][]
>;
const LAYERS = 12;
let temporary: TemporaryFolder;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

/** All names of a model of twelve language layers, with the layer of each that lies in the decoder. */
function inMemory(modelType: string): { name: string; layer: number | null }[] {
  return stored[modelType]!.flatMap(([template, decoder]): { name: string; layer: number | null }[] =>
    decoder
      ? Array.from({ length: LAYERS }, (_, layer) => ({ name: template.replace('{L}', String(layer)), layer }))
      : [{ name: template, layer: null }],
  );
}

async function plan(modelType: string): Promise<FreezePlan> {
  const folder = path.join(temporary.path, modelType);
  await writeCheckpoint(folder, { family: modelType, layers: LAYERS });
  return planFreeze(
    v.parse(FreezeSchema, {
      model: folder,
      data: 'x',
      trainer: 'trl',
      runs: {
        control: {},
        early: { freeze: ['early'] },
        one: { freeze: ['1'] },
        attention: { freeze: ['mid.attention'] },
        only: { train_only: ['late'] },
      },
    }),
    await openCheckpoint(folder),
  );
}

describe('the patterns of a plan', () => {
  for (const modelType of Object.keys(stored).filter((name) => Object.hasOwn(LAYOUTS, name)))
    it(`find the layers of ${modelType} in memory`, async () => {
      const { runs } = await plan(modelType);
      const names = inMemory(modelType);
      const frozen = (run: string) => {
        const { frozenPatterns } = runs.find((one) => one.run === run)!;
        return names.filter(({ name }) => frozenPatterns.some((pattern) => new RegExp(pattern).test(name)));
      };
      const expected = (isFrozen: (layer: number) => boolean) =>
        names.filter(({ layer }) => layer !== null && isFrozen(layer));
      assert.deepEqual(frozen('control'), []);
      assert.deepEqual(
        frozen('early'),
        expected((layer) => layer < 4),
      );
      assert.deepEqual(
        frozen('one'),
        expected((layer) => layer === 1),
      );
      assert.deepEqual(
        frozen('only'),
        expected((layer) => layer < 8),
      );
      const attention = frozen('attention');
      assert.ok(attention.length > 0);
      for (const { name, layer } of attention) assert.ok(layer! >= 4 && layer! < 8 && /attn/.test(name), name);
    });
});
