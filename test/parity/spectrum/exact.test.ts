/** Exact spectra against PyTorch float64: `make_exact_expectations.py` wrote the numbers. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dtype, StoredTensor } from '../../../src/engine/checkpoint/checkpoint.js';
import { exactBytes, exactValues } from '../../../src/engine/analyses/spectrum/exact/exact.js';
import { type MatrixSource, wholeMatrix } from '../../../src/engine/analyses/spectrum/matrix.js';
import { metricsOf } from '../../../src/engine/analyses/spectrum/metrics.js';
import type { SpectrumMetrics } from '../../../src/engine/analyses/spectrum/result.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { encode } from '../../fixtures/encode.js';
import { bell } from '../hashed.js';

interface Case {
  name: string;
  rows: number;
  columns: number;
  dtype: Dtype;
  update?: { scale: number; relative: number };
  spectrum?: { geometric?: number; blocks?: [number, number][]; scale?: number };
}

interface Expectation {
  values: number[];
  metrics: SpectrumMetrics;
}

const FOLDER = path.resolve('test/parity/spectrum');
/** Of every value above 1e-6·σ₁, and of every metric. Where the task allows 1e-3. */
const RELATIVE = 1e-8;
/** Of σ₁, for the rest. */
const ABSOLUTE = 1e-12;
const REFLECTIONS = 3;
const AMPLE = 2 ** 31;

describe('parity of exact spectra with PyTorch float64', () => {
  const cases = JSON.parse(readFileSync(path.join(FOLDER, 'exact.cases.json'), 'utf8')) as Case[];
  const expectations = JSON.parse(readFileSync(path.join(FOLDER, 'exact.expectations.json'), 'utf8')) as Record<
    string,
    Expectation
  >;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  for (const [number, { name, rows, columns, dtype, update, spectrum }] of cases.entries()) {
    describe(name, () => {
      let source: MatrixSource;
      beforeAll(async () => {
        const seed = number * 1000;
        const stage = async (label: string, values: Float64Array) => {
          const bytes = encode(dtype, dtype.endsWith('F16') ? values.map(Math.fround) : values);
          const realPath = path.join(folder.path, `${number}-${label}.bin`);
          await writeFile(realPath, bytes);
          const shard = { name: label, realPath, bytes: bytes.length, modifiedNs: 0n, inode: 0n, headerHash: '' };
          const tensor: StoredTensor = {
            onDisk: label,
            name: label,
            dtype,
            shape: [rows, columns],
            size: rows * columns,
            shard,
            begin: 0,
            end: bytes.length,
          };
          return wholeMatrix(tensor).part;
        };
        if (update !== undefined) {
          const values = bells(seed, rows * columns).map((value) => value * update.scale);
          const moves = bells(seed + 1, rows * columns);
          source = {
            rows,
            columns,
            before: await stage('before', values),
            after: await stage(
              'after',
              values.map((value, index) => value + moves[index]! * (update.scale * update.relative)),
            ),
          };
        } else {
          source = {
            rows,
            columns,
            before: null,
            after: await stage('after', withSpectrum(rows, columns, spectrum!, seed)),
          };
        }
      });

      for (const [label, memory] of [
        ['ample memory', AMPLE],
        ['the least memory', exactBytes(rows, columns)],
      ] as const) {
        it(`with ${label}`, async () => {
          const fractions: number[] = [];
          const { values, nonFinite } = await exactValues(source, {
            memory,
            threads: 2,
            onProgress: (fraction) => fractions.push(fraction),
          });
          const expected = expectations[name]!;
          assert.equal(nonFinite, 0);
          assert.equal(values.length, Math.min(rows, columns));
          const largest = expected.values[0]!;
          for (const [index, value] of values.entries()) {
            const wanted = expected.values[index]!;
            assert.ok(value >= 0 && !(value > values[index - 1]!), `value ${index}, ${value}, is not in order`);
            const tolerance = wanted > 1e-6 * largest ? RELATIVE * wanted : ABSOLUTE * largest;
            assert.ok(
              Math.abs(value - wanted) <= tolerance,
              `value ${index} is ${value}, not ${wanted}, of ${largest}`,
            );
          }
          assertMetrics(metricsOf(values), expected.metrics);
          assert.deepEqual(
            fractions,
            fractions.slice().sort((a, b) => a - b),
            'progress goes back',
          );
          assert.ok(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
        });
      }
    });
  }
});

function assertMetrics(actual: SpectrumMetrics, expected: SpectrumMetrics): void {
  for (const name of ['spectral', 'nuclear', 'stableRank', 'effectiveRank', 'conditionNumber', 'logVolume'] as const)
    assertClose(actual[name], expected[name], name);
  for (const [k, fraction] of Object.entries(expected.topEnergy))
    assertClose(actual.topEnergy[k]!, fraction, `topEnergy.${k}`);
}

function assertClose(actual: number | null, expected: number | null, name: string): void {
  if (actual === null || expected === null) return assert.equal(actual, expected, name);
  // A sum of logarithms may be about zero.
  const size = name === 'logVolume' ? Math.max(1, Math.abs(expected)) : Math.abs(expected);
  assert.ok(Math.abs(actual - expected) <= RELATIVE * size, `${name} is ${actual}, not ${expected}`);
}

function bells(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => bell(seed, index));
}

/** diag(σ) between products of Householder reflections. */
function withSpectrum(
  rows: number,
  columns: number,
  { geometric, blocks, scale = 1 }: NonNullable<Case['spectrum']>,
  seed: number,
): Float64Array {
  const count = Math.min(rows, columns);
  const values =
    blocks?.flatMap(([number, value]) => new Array<number>(number).fill(value)) ??
    Array.from({ length: count }, (_, index) => 10 ** ((-geometric! * index) / (count - 1)));
  const matrix = new Float64Array(rows * columns);
  values.forEach((value, index) => (matrix[index * columns + index] = value * scale));
  for (let index = 0; index < REFLECTIONS; index++) {
    const u = bells(seed + 10 + index, rows);
    const left = new Float64Array(columns);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) left[column]! += u[row]! * matrix[row * columns + column]!;
    const uu = u.reduce((sum, value) => sum + value * value, 0);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        matrix[row * columns + column]! -= u[row]! * ((2 / uu) * left[column]!);
    const v = bells(seed + 20 + index, columns);
    const vv = v.reduce((sum, value) => sum + value * value, 0);
    for (let row = 0; row < rows; row++) {
      const line = matrix.subarray(row * columns, (row + 1) * columns);
      const right = (2 / vv) * line.reduce((sum, value, column) => sum + value * v[column]!, 0);
      for (let column = 0; column < columns; column++) line[column]! -= right * v[column]!;
    }
  }
  return matrix;
}
