/** The graph and the float64 loop must say the same: two implementations that share no arithmetic. */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Dtype } from '../../../src/engine/checkpoint/checkpoint.js';
import { exactSums, type ByteSource } from '../../../src/engine/analyses/compare/exact.js';
import { BLOCK, ROW } from '../../../src/engine/analyses/compare/kernel.js';
import { deltaOf } from '../../../src/engine/analyses/compare/partial.js';
import { comparePiece } from '../../../src/engine/analyses/compare/piece.js';

/** Two blocks, some rows more, and some elements more: every part of the walk. */
const ELEMENTS = 2 * BLOCK + 3 * ROW + 17;

/** Roughly normal, deterministic. */
function* normals(seed: number): Generator<number> {
  let state = seed >>> 0;
  const uniform = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) + 0.5) / 2 ** 32;
  for (;;) yield Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function encode(dtype: Dtype, values: Float64Array): Buffer {
  if (dtype === 'F32') return Buffer.from(Float32Array.from(values).buffer);
  if (dtype === 'F64') return Buffer.from(values.slice().buffer);
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  if (dtype === 'BF16')
    return Buffer.from(Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16).buffer);
  if (dtype === 'F16') return Buffer.from(Uint16Array.from(values, toHalf).buffer);
  throw new Error(dtype);
}

/** Truncating is enough here: both paths read the same bits. */
function toHalf(value: number): number {
  const [sign, magnitude] = [value < 0 ? 0x8000 : 0, Math.abs(value)];
  if (magnitude < 2 ** -14) return sign | Math.floor(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | Math.floor((magnitude / 2 ** exponent - 1) * 1024);
}

describe('comparing a piece', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'piece-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function lineage(
    dtypes: Dtype[],
    change: (values: Float64Array, stage: number) => void = () => undefined,
    scale = 0.02,
  ): Promise<ByteSource[]> {
    const random = normals(7);
    const values = Float64Array.from({ length: ELEMENTS }, () => scale * random.next().value);
    return Promise.all(
      dtypes.map(async (dtype, stage) => {
        if (stage > 0)
          for (let index = 0; index < ELEMENTS; index++) values[index]! += scale * 0.01 * random.next().value;
        const own = values.slice();
        change(own, stage);
        const realPath = path.join(folder, `${stage}-${dtype}-${scale}`);
        const begin = 13 * 8; // not at a page, as in a real file
        await writeFile(realPath, Buffer.concat([Buffer.alloc(begin), encode(dtype, own)]));
        return { realPath, dtype, begin };
      }),
    );
  }

  function assertClose(actual: number | null, expected: number | null, what: string, tolerance = 1e-7) {
    assert.ok(actual !== null && expected !== null, what);
    assert.ok(
      Math.abs(actual - expected) <= tolerance * Math.abs(expected),
      `${what}: ${actual} instead of ${expected}`,
    );
  }

  for (const dtypes of [
    ['BF16', 'BF16'],
    ['BF16', 'BF16', 'BF16'],
    ['F16', 'F16'],
    ['F32', 'F32'],
    ['BF16', 'F32'],
    ['F32', 'F16', 'BF16'],
  ] as Dtype[][]) {
    it(`graph and float64 agree: ${dtypes.join(' → ')}`, async () => {
      const sources = await lineage(dtypes);
      const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await exactSums(sources, ELEMENTS)];
      assert.equal(fast.elements, slow.elements);
      slow.stages.forEach((stage, index) =>
        assertClose(fast.stages[index]!.squares, stage.squares, `‖W‖² of ${index}`),
      );
      slow.pairs.forEach((pair, index) => {
        const [a, b] = [deltaOf(fast.pairs[index]!, ELEMENTS), deltaOf(pair, ELEMENTS)];
        for (const figure of ['fro', 'relative', 'maxAbs', 'floor'] as const) assertClose(a[figure], b[figure], figure);
        assertClose(1 - a.cosine!, 1 - b.cosine!, '1 − cosine', 1e-2);
        assert.equal(a.changedCount, b.changedCount);
        assert.equal(a.nonFinite, 0);
      });
    });
  }

  it('counts non-finite weights and leaves them out of every sum', async () => {
    const sources = await lineage(['BF16', 'BF16'], (values, stage) => {
      values[3] = stage === 0 ? NaN : 1;
      values[70_000] = stage === 1 ? -Infinity : 1;
    });
    const { pairs, stages } = await comparePiece({ sources, elements: ELEMENTS });
    assert.equal(pairs[0]!.nonFinite, 2);
    assert.ok(Number.isFinite(pairs[0]!.deltaSquares) && pairs[0]!.maxAbs < 0.1);
    assert.ok(stages.every(({ squares }) => Number.isFinite(squares)));
  });

  it('holds magnitudes whose fp32 squares would overflow or vanish', async () => {
    for (const scale of [1e25, 1e-25]) {
      const sources = await lineage(['F32', 'F32'], undefined, scale);
      const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await exactSums(sources, ELEMENTS)];
      assertClose(fast.pairs[0]!.deltaSquares, slow.pairs[0]!.deltaSquares, `at ${scale}`);
      assert.ok(fast.pairs[0]!.deltaSquares > 0);
    }
  });

  it('says nothing changed when nothing did', async () => {
    const [source] = await lineage(['BF16']);
    const delta = deltaOf(
      (await comparePiece({ sources: [source!, source!], elements: ELEMENTS })).pairs[0]!,
      ELEMENTS,
    );
    assert.deepEqual([delta.fro, delta.relative, delta.maxAbs, delta.changedCount, delta.cosine], [0, 0, 0, 0, 1]);
  });

  it('compares dtypes that only the float64 loop reads', async () => {
    const sources = await lineage(['F64', 'BF16']);
    const delta = deltaOf((await comparePiece({ sources, elements: ELEMENTS })).pairs[0]!, ELEMENTS);
    assert.ok(delta.relative! > 0.009 && delta.relative! < 0.012);
  });

  it('predicts the noise that rounding once to bf16 makes', async () => {
    // The floor is an expectation; with 330,000 weights its sampling error is about 0.2 %.
    const random = normals(11);
    const values = Float64Array.from({ length: ELEMENTS }, () => 0.02 * random.next().value);
    const [exact, rounded] = [path.join(folder, 'exact'), path.join(folder, 'rounded')];
    await writeFile(exact, encode('F32', values));
    await writeFile(rounded, encode('BF16', values));
    const sources: ByteSource[] = [
      { realPath: exact, dtype: 'F32', begin: 0 },
      { realPath: rounded, dtype: 'BF16', begin: 0 },
    ];
    const delta = deltaOf((await comparePiece({ sources, elements: ELEMENTS })).pairs[0]!, ELEMENTS);
    assertClose(delta.floor, delta.fro, 'floor against the rounding that happened', 0.01);
  });
});
