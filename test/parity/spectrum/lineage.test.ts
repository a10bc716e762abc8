/** Spectra of the sample lineage against NumPy float64: `make_expectations.py --samples` wrote the numbers. */
import { beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createEngine } from '../../../src/engine/engine.js';
import {
  ENERGY_RANKS,
  TOP,
  type Overlap,
  type Spectrum,
  type SpectrumResult,
  type TensorSpectra,
} from '../../../src/engine/analyses/spectrum/result.js';

type ExpectedSpectrum = Pick<
  Spectrum,
  | 'spectral'
  | 'nuclear'
  | 'fro'
  | 'count'
  | 'rank'
  | 'stableRank'
  | 'effectiveRank'
  | 'conditionNumber'
  | 'logVolume'
  | 'topEnergy'
  | 'singularValues'
>;
interface Expectation {
  stages: string[];
  files: Record<string, string>;
  layers: {
    depth: number;
    matrices: number;
    spectra: { spectral: number; stableRank: number; effectiveRank: number }[];
  }[];
  tensors: (Pick<TensorSpectra, 'name' | 'part' | 'rows' | 'columns' | 'depth'> & {
    spectra: ExpectedSpectrum[];
    overlaps: Pick<Overlap, 'k' | 'left' | 'right' | 'leftOverlap' | 'rightOverlap'>[];
  })[];
}

const SAMPLES = path.resolve('samples/lineage');
const FILE = path.resolve('test/parity/spectrum/expectations.samples.json');
/** What is promised is 1e-3. */
const RELATIVE = 1e-5;
/** Promised down to here, relative to σ₁. */
const SMALLEST = 1e-6;

const engine = createEngine(path.resolve('dist/worker.mjs'));
const keyOf = ({ name, part }: { name: string; part: string | null }) => `${name}#${part ?? ''}`;

describe('spectra of the sample lineage', () => {
  const expected = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Expectation) : undefined;
  if (expected === undefined)
    return void it('has expectations', () => assert.fail('run make_expectations.py --samples'));
  const stages = expected.stages.map((stage) => ({ path: path.join(SAMPLES, stage) }));
  const wanted = new Map(expected.tensors.map((tensor) => [keyOf(tensor), tensor]));

  beforeAll(() => {
    for (const [stage, hash] of Object.entries(expected.files)) {
      const file = path.join(SAMPLES, stage, 'model.safetensors');
      assert.equal(
        createHash('sha256').update(readFileSync(file)).digest('hex'),
        hash,
        `${stage} is not the checkpoint of the expectations: run make_expectations.py --samples again`,
      );
    }
  });

  describe('in exact mode', () => {
    let result: SpectrumResult;
    beforeAll(async () => (result = await engine.spectrum({ stages, mode: 'exact' })));

    it('are of the same matrices', () => {
      const facts = (
        tensors: readonly { name: string; part: string | null; rows: number; columns: number; depth: number | null }[],
      ) =>
        tensors
          .map(({ name, part, rows, columns, depth }) => JSON.stringify([name, part, rows, columns, depth]))
          .sort();
      assert.deepEqual(facts(result.tensors), facts(expected.tensors));
      assert.deepEqual(result.warnings, []);
    });

    it('have the same values', () => {
      for (const tensor of result.tensors) {
        tensor.spectra.forEach((spectrum, pair) => {
          const { singularValues } = wanted.get(keyOf(tensor))!.spectra[pair]!;
          assert.equal(spectrum!.mode, 'exact');
          assert.equal(spectrum!.singularValues.length, Math.min(TOP, singularValues.length));
          spectrum!.singularValues.forEach((value, rank) => {
            const off = Math.abs(value - singularValues[rank]!);
            const floor = SMALLEST * singularValues[0]!;
            assert.ok(
              off <= RELATIVE * Math.max(singularValues[rank]!, floor),
              `σ${rank + 1} of ${keyOf(tensor)}, update ${pair}: ${value} instead of ${singularValues[rank]!}`,
            );
          });
        });
      }
    });

    it('have the same metrics', () => {
      for (const tensor of result.tensors) {
        tensor.spectra.forEach((spectrum, pair) => {
          const own = wanted.get(keyOf(tensor))!.spectra[pair]!;
          const what = `${keyOf(tensor)}, update ${pair}`;
          assert.deepEqual([spectrum!.count, spectrum!.rank], [own.count, own.rank], what);
          for (const metric of [
            'spectral',
            'nuclear',
            'fro',
            'stableRank',
            'effectiveRank',
            'conditionNumber',
            'logVolume',
          ] as const)
            assertClose(spectrum![metric], own[metric], `${metric} of ${what}`);
          for (const rank of ENERGY_RANKS)
            assertClose(spectrum!.topEnergy[rank]!, own.topEnergy[rank]!, `energy in ${rank} of ${what}`);
        });
      }
    });

    it('move in the same directions by as much', () => {
      for (const tensor of result.tensors) {
        tensor.overlaps.forEach((overlap, pair) => {
          const own = wanted.get(keyOf(tensor))!.overlaps[pair]!;
          const what = `${keyOf(tensor)}, updates ${pair}`;
          assert.equal(overlap!.k, own.k, what);
          for (const side of ['left', 'right'] as const) {
            // The last of the leading directions may turn where its value is close to the next.
            overlap![side].forEach((cosine, angle) =>
              assert.ok(
                Math.abs(cosine - own[side][angle]!) < 0.02,
                `angle ${angle} of ${what}, ${side}: ${cosine} instead of ${own[side][angle]!}`,
              ),
            );
            assert.ok(
              Math.abs(overlap![`${side}Overlap`] - own[`${side}Overlap`]) < 1e-3,
              `overlap of ${what}, ${side}`,
            );
          }
        });
      }
    });

    it('add up to the same layers', () => {
      assert.deepEqual(
        result.layers.map(({ depth, spectra }) => [depth, spectra[0]!.matrices]),
        expected.layers.map(({ depth, matrices }) => [depth, matrices]),
      );
      for (const [index, { depth, spectra }] of expected.layers.entries()) {
        spectra.forEach((own, pair) => {
          for (const metric of ['spectral', 'stableRank', 'effectiveRank'] as const)
            assertClose(
              result.layers[index]!.spectra[pair]![metric]!.mean,
              own[metric],
              `${metric} of depth ${depth}, update ${pair}`,
            );
        });
      }
    });
  });
});

function assertClose(actual: number | null, expected: number | null, what: string) {
  if (actual === null || expected === null) return assert.equal(actual, expected, what);
  assert.ok(Math.abs(actual - expected) <= RELATIVE * Math.abs(expected), `${what}: ${actual} instead of ${expected}`);
}
