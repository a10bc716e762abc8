/** The sums against a plain loop in float64, with which they share no arithmetic. */
import { describe, it, beforeAll, afterAll } from 'vitest';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Dtype } from '../../checkpoint/checkpoint.js';
import { deltaOf, type PairSums } from './partial.js';
import { type ByteSource, comparePiece } from './sums.js';
import { decode, DTYPE_BYTES } from '../../checkpoint/decode.js';

/** Blocks of any of the formats below, some rows more, and some elements more: every part of the walk. */
const ELEMENTS = 2 * 131_072 + 3 * 1024 + 17;

/** Bits of the mantissa, and the exponent of the smallest normal number. */
const STORED: Partial<Record<Dtype, [number, number]>> = {
  BF16: [7, -126],
  F16: [10, -14],
  F32: [23, -126],
  F64: [52, -1022],
  F8_E4M3: [3, -6],
};

/** One stage and the next, element by element. */
async function reference(sources: readonly ByteSource[]): Promise<{ squares: number[]; pairs: PairSums[] }> {
  const stages = await Promise.all(
    sources.map(async ({ realPath, dtype, begin }) =>
      decode(dtype, (await readFile(realPath)).subarray(begin, begin + ELEMENTS * DTYPE_BYTES[dtype])),
    ),
  );
  const squares = stages.map((values) => values.reduce((sum, w) => (Number.isFinite(w) ? sum + w * w : sum), 0));
  const pairs = stages.slice(1).map((after, index) => {
    const [before, [mantissa, least]] = [stages[index]!, STORED[sources[index + 1]!.dtype] ?? [Infinity, 0]];
    const sums = {
      deltaSquares: 0,
      aSquares: 0,
      bSquares: 0,
      dot: 0,
      maxAbs: 0,
      changed: 0,
      ulpSquares: 0,
      nonFinite: 0,
    };
    for (const [place, b] of after.entries()) {
      const a = before[place]!;
      if (!Number.isFinite(a) || !Number.isFinite(b)) {
        sums.nonFinite++;
        continue;
      }
      sums.deltaSquares += (b - a) ** 2;
      sums.aSquares += a ** 2;
      sums.bSquares += b ** 2;
      sums.dot += a * b;
      sums.maxAbs = Math.max(sums.maxAbs, Math.abs(b - a));
      sums.changed += Number(a !== b);
      sums.ulpSquares += 4 ** (Math.max(exponentOf(b), least) - mantissa);
    }
    return sums;
  });
  return { squares, pairs };
}

/** ⌊log₂|w|⌋. */
function exponentOf(value: number): number {
  if (value === 0) return -Infinity;
  const guess = Math.floor(Math.log2(Math.abs(value)));
  return 2 ** guess > Math.abs(value) ? guess - 1 : 2 ** (guess + 1) <= Math.abs(value) ? guess + 1 : guess;
}

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
  if (dtype === 'F8_E4M3') return Buffer.from(Uint8Array.from(values, (value) => Math.abs(value * 4000) % 120));
  if (dtype === 'I16') return Buffer.from(Int16Array.from(values, (value) => value * 1000).buffer);
  throw new Error(dtype);
}

/** Truncating is enough here: both paths read the same bits. */
function toHalf(value: number): number {
  const [sign, magnitude] = [value < 0 ? 0x8000 : 0, Math.abs(value)];
  if (magnitude < 2 ** -14) return sign | Math.floor(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | Math.floor((magnitude / 2 ** exponent - 1) * 1024);
}

describe('the sums of a piece', () => {
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
    ['F32', 'BF16'],
    ['F16', 'BF16'],
    ['BF16', 'F16'],
    ['F32', 'F16', 'BF16'],
    ['F64', 'F64'],
    ['F64', 'F32', 'F16'],
    ['BF16', 'F8_E4M3'],
    ['I16', 'I16', 'F16'],
  ] as Dtype[][]) {
    it(`agrees with a plain loop: ${dtypes.join(' → ')}`, async () => {
      const sources = await lineage(dtypes);
      const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await reference(sources)];
      assert.equal(fast.elements, ELEMENTS);
      slow.squares.forEach((squares, index) => assertClose(fast.stages[index]!.squares, squares, `‖W‖² of ${index}`));
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
      const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await reference(sources)];
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

  it('reads every code of F16 as it is: zeros, numbers below the normal ones, infinity and NaN', async () => {
    const codes = Uint16Array.from({ length: ELEMENTS }, (_, index) => index);
    const zeros = path.join(folder, 'zeros');
    const realPath = path.join(folder, 'codes');
    await writeFile(realPath, codes);
    await writeFile(zeros, new Uint8Array(2 * ELEMENTS));
    const sources: ByteSource[] = [
      { realPath: zeros, dtype: 'F16', begin: 0 },
      { realPath, dtype: 'F16', begin: 0 },
    ];
    const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await reference(sources)];
    const [own, other] = [fast.pairs[0]!, slow.pairs[0]!];
    for (const sum of Object.keys(other) as (keyof PairSums)[]) assertClose(own[sum], other[sum], sum);
    assert.ok(slow.pairs[0]!.nonFinite > 8000 && slow.pairs[0]!.maxAbs === 65_504);
  });

  it('holds a tensor that is zero, in part or whole, and the same number everywhere', async () => {
    for (const change of [
      (values: Float64Array) => void values.fill(0, 0, 200_000),
      (values: Float64Array) => void values.fill(0),
      (values: Float64Array, stage: number) => void values.fill(0.1 + 0.003 * stage),
    ]) {
      const sources = await lineage(['BF16', 'BF16', 'F32'], change);
      const [fast, slow] = [await comparePiece({ sources, elements: ELEMENTS }), await reference(sources)];
      for (const [index, pair] of slow.pairs.entries())
        for (const sum of ['deltaSquares', 'aSquares', 'bSquares', 'maxAbs', 'changed'] as const)
          assertClose(fast.pairs[index]![sum], pair[sum], sum, 1e-6);
    }
  });

  it('says that a file became shorter', async () => {
    const sources = await lineage(['BF16', 'BF16']);
    await truncate(sources[1]!.realPath, ELEMENTS);
    await assert.rejects(comparePiece({ sources, elements: ELEMENTS }), { code: 'changed', message: /became shorter/ });
  });

  it('sums of each pair that is asked for, and of a stage with itself', async () => {
    const sources = await lineage(['BF16', 'BF16', 'BF16']);
    const { pairs } = await comparePiece({
      sources,
      elements: ELEMENTS,
      pairs: [
        [0, 2],
        [1, 1],
      ],
    });
    const [slow] = (await reference([sources[0]!, sources[2]!])).pairs;
    assertClose(pairs[0]!.deltaSquares, slow!.deltaSquares, 'Δ²');
    assert.deepEqual([pairs[1]!.deltaSquares, pairs[1]!.changed], [0, 0]);
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
