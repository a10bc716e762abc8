/**
 * The correction against truth: updates of known low rank, stored in bf16, for every combination of rank, size, shape
 * and kind of weights. The bounds are those of docs/spectra.md.
 */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import { exactValues } from '../exact/exact.js';
import { correctedOf, dominatedBy } from './corrected.js';
import { floorOf } from './floor.js';
import type { MatrixSource } from '../matrix.js';
import { metricsOf } from '../metrics.js';
import { TOP } from '../result.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../../test/fixtures/checkpoints.js';
import {
  gaussian,
  type Known,
  lineage,
  lowRank,
  norm,
  sum,
  toBfloat16,
} from '../../../../../test/unit/spectrum/matrices.js';

/**
 * Relative sizes of updates, and the largest error of a corrected stable rank and top-4 share, as docs/spectra.md
 * promises.
 */
const SIZES = [
  { relative: 3e-4, rankError: 0.6, energyError: 0.25 },
  { relative: 1e-3, rankError: 0.15, energyError: 0.1 },
  { relative: 3e-3, rankError: 0.05, energyError: 0.03 },
  { relative: 1e-2, rankError: 0.03, energyError: 0.02 },
] as const;

const WEIGHTS: Record<string, (rows: number, columns: number) => Known> = {
  Gaussian: (rows, columns) => gaussian(rows, columns, 0.02, 1),
  'outlier rows': (rows, columns) =>
    change(gaussian(rows, columns, 0.02, 2), (index) => (Math.floor(index / columns) % 50 === 0 ? 10 : 1)),
  'heavy-tailed': (rows, columns) => {
    const sizes = gaussian(rows, columns, 0.8, 3);
    return change(gaussian(rows, columns, 0.015, 4), (index) => Math.exp(sizes.values[index]!));
  },
};

function change(matrix: Known, factor: (index: number) => number): Known {
  return { ...matrix, values: matrix.values.map((value, index) => value * factor(index)) };
}

describe('the corrected spectrum', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  async function analyse(source: MatrixSource) {
    const { values } = await exactValues(source, { memory: 2 ** 30, threads: 1 });
    const metrics = metricsOf(values);
    const floor = await floorOf(source);
    return {
      metrics,
      floor: floor.floor,
      corrected: correctedOf(values, metrics.fro, metrics.count, floor),
      ofTop: correctedOf(values.slice(0, TOP), metrics.fro, metrics.count, floor),
      dominated: dominatedBy({ ...metrics, singularValues: Array.from(values.slice(0, TOP)) }, floor),
    };
  }

  const store = (weights: Known, update: Known, factor: number) => {
    const before = toBfloat16(weights);
    return lineage(folder.path, before, toBfloat16(sum(before, update, factor)), ['BF16', 'BF16']);
  };

  for (const [kind, weightsOf] of Object.entries(WEIGHTS)) {
    for (const [rows, columns] of [
      [256, 256],
      [192, 512],
      [512, 160],
    ] as const) {
      it(`finds low-rank updates of ${kind} weights, ${rows} × ${columns}`, async () => {
        const weights = weightsOf(rows, columns);
        for (const rank of [1, 4, 16]) {
          const { matrix, singularValues } = lowRank(rows, columns, rank, 100 + rank);
          const energy = singularValues.reduce((total, value) => total + value * value, 0);
          const truth = energy / singularValues[0]! ** 2;
          const top4 = singularValues.slice(0, 4).reduce((total, value) => total + value * value, 0) / energy;
          for (const { relative, rankError, energyError } of SIZES) {
            const what = `rank ${rank}, ${relative}`;
            const { metrics, corrected } = await analyse(
              await store(weights, matrix, (relative * norm(weights)) / norm(matrix)),
            );
            assert.ok(corrected !== null, what);
            const { stableRank, stableRankLow, stableRankHigh, topEnergy, signalRank } = corrected;
            assert.ok(
              stableRankLow! <= truth && truth <= stableRankHigh!,
              `${what}: ${truth} is outside ${stableRankLow} … ${stableRankHigh}`,
            );
            assert.ok(
              Math.abs(stableRank! / truth - 1) <= rankError,
              `${what}: ${stableRank} for ${truth}; uncorrected ${metrics.stableRank}`,
            );
            assert.ok(
              Math.abs(topEnergy['4']! - top4) <= energyError,
              `${what}: top 4 hold ${topEnergy['4']} for ${top4}`,
            );
            assert.ok(signalRank >= Math.min(rank, 4), `${what}: ${signalRank} directions`);
            if (relative <= 1e-3)
              assert.ok(
                Math.abs(metrics.stableRank! - truth) > 2 * Math.abs(stableRank! - truth),
                `${what}: the correction does not help`,
              );
          }
        }
      });
    }
  }

  it('takes the leading values for all where they reach the floor', async () => {
    const weights = WEIGHTS['Gaussian']!(192, 512);
    const { matrix } = lowRank(192, 512, 4, 9);
    const { corrected, ofTop } = await analyse(await store(weights, matrix, (1e-3 * norm(weights)) / norm(matrix)));
    assert.deepEqual(ofTop, corrected);
  });

  it("says of the design's example what storage did to it", async () => {
    // True rank 4 at 1e-3: looks like hundreds of directions.
    const weights = gaussian(512, 512, 0.02, 5);
    const { matrix } = lowRank(512, 512, 4, 6);
    const { metrics, dominated } = await analyse(await store(weights, matrix, (1e-3 * norm(weights)) / norm(matrix)));
    assert.ok(metrics.effectiveRank! > 250, `effective rank ${metrics.effectiveRank}`);
    assert.ok(
      dominated.includes('effectiveRank') && dominated.includes('stableRank') && dominated.includes('nuclear'),
      dominated.join(),
    );
    assert.ok(!dominated.includes('spectral'));
  });

  it('flags pure rounding, and corrects nothing', async () => {
    for (const kind of Object.keys(WEIGHTS)) {
      const weights = WEIGHTS[kind]!(192, 384);
      const { corrected, dominated } = await analyse(await lineage(folder.path, weights, weights, ['F32', 'BF16']));
      assert.equal(corrected, null, kind);
      for (const name of ['spectral', 'nuclear', 'stableRank', 'effectiveRank', 'logVolume', 'topEnergy'] as const)
        assert.ok(dominated.includes(name), `${kind}: ${name} of ${dominated.join()}`);
    }
  });

  it('corrects nothing of an update far below the steps that has no directions', async () => {
    const weights = WEIGHTS['Gaussian']!(192, 384);
    const { corrected, dominated } = await analyse(await store(weights, gaussian(192, 384, 1, 8), 0.02 * 1e-4));
    assert.equal(corrected, null);
    assert.ok(dominated.includes('stableRank') && dominated.includes('effectiveRank'));
  });

  it('is withheld where every weight moved by as much, and its metrics are flagged', async () => {
    const weights = WEIGHTS['Gaussian']!(192, 384);
    const { matrix } = lowRank(192, 384, 4, 9);
    const signs = change(matrix, (index) => 1 / Math.abs(matrix.values[index]!));
    const truth = metricsOf(
      (
        await exactValues(await lineage(folder.path, gaussian(192, 384, 0, 1), signs, ['F64', 'F64']), {
          memory: 2 ** 30,
          threads: 1,
        })
      ).values,
    ).stableRank!;
    for (const relative of [3e-4, 1e-3]) {
      const { corrected, dominated } = await analyse(
        await store(weights, signs, (relative * norm(weights)) / norm(signs)),
      );
      assert.equal(corrected, null);
      for (const name of ['stableRank', 'effectiveRank', 'topEnergy'] as const)
        assert.ok(dominated.includes(name), `${relative}: ${name} of ${dominated.join()}`);
    }
    // Where rounding hardly matters, what the update is like does not either.
    const { corrected } = await analyse(await store(weights, signs, (3e-2 * norm(weights)) / norm(signs)));
    assert.ok(
      corrected !== null && Math.abs(corrected.stableRank! / truth - 1) < 0.03,
      `${corrected?.stableRank} for ${truth}`,
    );
  });

  it('of rows that alone were trained is that of those rows', async () => {
    const weights = WEIGHTS['Gaussian']!(256, 384);
    const { matrix } = lowRank(256, 384, 3, 12);
    matrix.values.forEach((value, index) => (matrix.values[index] = Math.floor(index / 384) % 8 === 3 ? value : 0));
    const truth = metricsOf(
      (
        await exactValues(await lineage(folder.path, gaussian(256, 384, 0, 1), matrix, ['F64', 'F64']), {
          memory: 2 ** 30,
          threads: 1,
        })
      ).values,
    ).stableRank!;
    for (const relative of [3e-4, 6e-4]) {
      const { metrics, corrected } = await analyse(
        await store(weights, matrix, (relative * norm(weights)) / norm(matrix)),
      );
      assert.ok(
        corrected!.stableRankLow! <= truth && truth <= corrected!.stableRankHigh!,
        `${truth}: ${JSON.stringify(corrected)}`,
      );
      assert.ok(
        Math.abs(corrected!.stableRank! / truth - 1) < 0.15,
        `${relative}: ${corrected!.stableRank} for ${truth}; uncorrected ${metrics.stableRank}`,
      );
    }
  });

  it('holds an update in all directions for one', async () => {
    const weights = WEIGHTS['Gaussian']!(192, 384);
    const update = gaussian(192, 384, 1, 8);
    const truth = metricsOf(
      (
        await exactValues(await lineage(folder.path, gaussian(192, 384, 0, 1), update, ['F64', 'F64']), {
          memory: 2 ** 30,
          threads: 1,
        })
      ).values,
    ).stableRank!;
    for (const relative of [3e-3, 1e-2]) {
      const { corrected, dominated } = await analyse(
        await store(weights, update, (relative * norm(weights)) / norm(update)),
      );
      assert.ok(
        corrected !== null && corrected.stableRankLow! <= truth && truth <= corrected.stableRankHigh!,
        `${truth}: ${JSON.stringify(corrected)}`,
      );
      assert.ok(Math.abs(corrected.stableRank! / truth - 1) < 0.15, `${corrected.stableRank} for ${truth}`);
      if (relative === 1e-2)
        assert.ok(
          !dominated.includes('stableRank') && !dominated.includes('effectiveRank') && !dominated.includes('spectral'),
          dominated.join(),
        );
    }
  });

  it('leaves alone what is not rounded', async () => {
    const { matrix } = lowRank(60, 80, 3, 7);
    const before = gaussian(60, 80, 0.02, 1);
    const { metrics, corrected, dominated } = await analyse(
      await lineage(folder.path, before, sum(before, matrix), ['F64', 'F64']),
    );
    assert.ok(Math.abs(corrected!.stableRank! / metrics.stableRank! - 1) < 1e-6);
    assert.deepEqual(
      dominated.filter((name) => name !== 'conditionNumber'),
      [],
    );
  });

  it('does not exist where nothing moved', async () => {
    const weights = toBfloat16(gaussian(60, 80, 0.02, 1));
    const { corrected, dominated } = await analyse(await lineage(folder.path, weights, weights, ['BF16', 'BF16']));
    assert.equal(corrected, null);
    assert.deepEqual(dominated, []);
  });
});
