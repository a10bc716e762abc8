/** Adapters against PEFT: the update of every weight, its spectrum, and the logits of the model that runs with them. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { createEngine } from '../../../src/engine/engine.js';
import { openModel } from '../../../src/engine/models/model.js';
import { layoutById } from '../../../src/engine/families/list.js';
import { canonicalName } from '../../../src/engine/topology/names.js';
import { distance, floats, FOLDER as MODELS, promptOf, type StoredPrompt } from '../model/expectations.js';

interface Update {
  shape: number[];
  fro: number;
  relative: number | null;
  cosine: number | null;
  maxAbs: number;
  changed: number;
  singularValues: number[];
}

interface Expectation {
  base: string;
  /** By name in PEFT's model: that of current transformers. */
  updates: Record<string, Update>;
  prompts?: (StoredPrompt & { logits: string; moved: number })[];
}

const FOLDER = path.resolve('test/parity/adapter');
const RELATIVE = 1e-6;
/** On logits, which move by several units here. */
const LOGITS = 1e-3;

const { cases } = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as {
  cases: Record<string, Expectation>;
};
/** By `make_floors.py`: of what an adapter stores whole. */
const floors = JSON.parse(readFileSync(path.join(FOLDER, 'floors.json'), 'utf8')) as Record<
  string,
  Record<string, { dimensions: number; floor: number }>
>;
const engine = createEngine(path.resolve('dist/worker.mjs'));

function near(actual: number | null, expected: number | null, what: string): void {
  const close = actual !== null && expected !== null && Math.abs(actual - expected) <= RELATIVE * Math.abs(expected);
  assert.ok(close || actual === expected, `${what}: ${actual}, not ${expected}`);
}

describe('adapters against PEFT', () => {
  for (const [name, expected] of Object.entries(cases)) {
    describe(name, () => {
      const base = path.join(expected.base === 'gpt2' ? FOLDER : MODELS, 'checkpoints', expected.base);
      const adapter = path.join(FOLDER, 'adapters', name);

      it('changes the weights as PEFT does, and no others', async () => {
        const { layout } = await openCheckpoint(base);
        const updates = new Map(
          Object.entries(expected.updates).map(([key, value]) => [canonicalName(key, layoutById(layout)), value]),
        );
        const result = await engine.compare({ stages: [{ path: base }, { path: adapter }] });
        for (const tensor of result.tensors) {
          const delta = tensor.deltas[0]!;
          const update = updates.get(tensor.name);
          if (update === undefined) {
            assert.deepEqual([delta.fro, delta.changedCount, delta.maxAbs, delta.floor], [0, 0, 0, 0], tensor.name);
            continue;
          }
          updates.delete(tensor.name);
          assert.deepEqual(tensor.shape, update.shape);
          for (const figure of ['fro', 'relative', 'cosine', 'maxAbs', 'changed'] as const)
            near(delta[figure], update[figure], `${figure} of ${tensor.name}`);
          // Rounding has no part in an update that is not stored.
          if (tensor.dtypes[1] === 'F64') assert.equal(delta.floor, 0, tensor.name);
        }
        assert.deepEqual([...updates.keys()], []);
        assert.match(result.stages[1]!.madeOf!.summary, /^LoRA of rank [\d, ]+ on /);
        assert.deepEqual(result.stages[1]!.madeOf!.sources, [base]);
      });

      it('has the rounding floor of what it stores, and of nothing else', async () => {
        const { layout } = await openCheckpoint(base);
        const stored = new Map(
          Object.entries(floors[name]!).map(([key, value]) => [canonicalName(key, layoutById(layout)), value]),
        );
        const result = await engine.compare({ stages: [{ path: base }, { path: adapter }] });
        // A tensor that PEFT stores beside the factors that change it is a part of what is computed.
        const rounded = result.tensors.filter(({ name, dtypes: [, dtype] }) => stored.has(name) && dtype !== 'F64');
        for (const tensor of rounded)
          near(tensor.deltas[0]!.floor, stored.get(tensor.name)!.floor, `floor of ${tensor.name}`);
        const total = (tensors: typeof rounded) =>
          Math.sqrt(tensors.reduce((sum, { name }) => sum + stored.get(name)!.floor ** 2, 0));
        const weights = rounded.filter(({ shape }) => shape.length > 1);
        for (const { section, deltas } of result.sections)
          near(deltas[0]?.floor ?? 0, total(weights.filter((tensor) => tensor.section === section)), section);
        for (const { section, layer, deltas } of result.layers) {
          const own = weights.filter((tensor) => tensor.section === section && tensor.layer === layer);
          near(deltas[0]?.floor ?? 0, total(own), `${section} ${layer}`);
        }
      });

      it('has the spectra that PyTorch finds', async () => {
        const { layout } = await openCheckpoint(base);
        const updates = new Map(
          Object.entries(expected.updates)
            .filter(([, { shape }]) => shape.length > 1)
            .map(([key, value]) => [canonicalName(key, layoutById(layout)), value]),
        );
        const result = await engine.spectrum({ stages: [{ path: base }, { path: adapter }] });
        for (const {
          name: tensor,
          part,
          dtypes,
          spectra: [spectrum],
        } of result.tensors) {
          if (part !== null) continue;
          assert.ok(spectrum, tensor);
          assert.equal(spectrum.mode, 'exact', tensor);
          const update = updates.get(tensor);
          if (update === undefined) {
            assert.deepEqual([spectrum.fro, spectrum.rank, spectrum.spectral], [0, 0, 0], tensor);
            continue;
          }
          updates.delete(tensor);
          near(spectrum.fro, update.fro, `norm of ${tensor}`);
          const known = update.singularValues.filter((value) => value > 1e-6 * update.singularValues[0]!);
          assert.equal(spectrum.rank, known.length, tensor);
          known
            .slice(0, 50)
            .forEach((value, index) => near(spectrum.singularValues[index]!, value, `value ${index} of ${tensor}`));
          assert.ok(
            spectrum.singularValues.slice(known.length).every((value) => value <= 1e-6 * known[0]!),
            tensor,
          );
          near(spectrum.stableRank, (update.fro / known[0]!) ** 2, `stable rank of ${tensor}`);
          // PEFT stores embeddings that it wraps once more: then the base's and the adapter's are two, and Δ is their
          // difference.
          const again = /embed_tokens|lm_head/.test(tensor) ? 1e-12 * update.fro : 0;
          if (dtypes[1] === 'F64') assert.ok(spectrum.floor.fro <= again, `the floor has no say in ${tensor}`);
        }
        assert.deepEqual([...updates.keys()], []);
      });

      if (expected.prompts === undefined) return;
      it('runs as PEFT runs it', async () => {
        for (const memory of [undefined, 2 ** 28]) {
          const model = openModel(await openCheckpoint(adapter), {
            threads: 1,
            ...(memory === undefined ? {} : { memory }),
          });
          for (const [index, stored] of expected.prompts!.entries()) {
            const { logits } = await model.prefill([promptOf(model, stored)]);
            const far = distance(logits, floats(stored.logits));
            assert.ok(far < LOGITS, `prompt ${index}: logits are ${far} away`);
            assert.ok(stored.moved > 100 * LOGITS, `prompt ${index} does not tell the adapter from its base`);
          }
          await model.close();
        }
      });
    });
  }
});
