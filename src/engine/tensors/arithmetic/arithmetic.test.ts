// What the kernels stand on: order statistics, random numbers by place, values of parameters.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'vitest';
import { kernelOf } from '../methods/kernels.js';
import { mergeArrays } from './mergeArrays.js';
import { normals, uniforms } from './random.js';
import { argsort, countTies, RankSearch, selectWindow, TIE_STRIDE, topOf, windowOf } from './select.js';
import type { MergeTask } from './task.js';
import { METHODS } from '../methods/list.js';
import { parseRecipe } from '../../merge/recipe/parse.js';
import { evaluateSetting, resolveParameter } from '../../merge/settings.js';
import { normal } from '../../../../test/fixtures/checkpoints.js';

function ranked(keys: ArrayLike<number>, ranks: number[], bits: 32 | 64) {
  const search = new RankSearch(ranks, bits);
  let passes = 0;
  for (; !search.done; passes++) {
    // In two parts, as blocks come.
    const magnitude = Float64Array.from(keys, Math.abs);
    const all = bits === 32 ? Float32Array.from(magnitude) : magnitude;
    for (const part of [all.subarray(0, 100), all.subarray(100)]) search.add(part);
    search.next();
  }
  assert.equal(passes, bits / 16);
  return search.results();
}

describe('order statistics', () => {
  const values = Float64Array.from({ length: 3000 }, normal(7)).map((value, index) =>
    index % 3 === 0 ? Math.round(value * 4) / 4 : index % 50 === 0 ? 0 : Math.abs(value) * 10 ** ((index % 40) - 30),
  );

  for (const bits of [32, 64] as const) {
    it(`finds any rank of ${bits}-bit keys`, () => {
      const keys = values.map((value) => (bits === 32 ? Math.fround(Math.abs(value)) : Math.abs(value)));
      const sorted = keys.slice().sort();
      const ranks = [0, 1, 700, 1500, 2998, 2999];
      ranked(values, ranks, bits).forEach(({ value, below, equal }, index) => {
        assert.equal(value, sorted[ranks[index]!]);
        assert.equal(
          below,
          sorted.findIndex((key) => key === value),
        );
        assert.equal(equal, sorted.filter((key) => key === value).length);
      });
    });
  }

  it('puts NaN and infinity last', () => {
    const [largest, last] = ranked([1, NaN, Infinity, 2], [2, 3], 64);
    assert.equal(largest?.value, Infinity);
    assert.ok(Number.isNaN(last?.value));
  });

  it('selects by rank with the first of equal keys, in any stretch alone', () => {
    // Many ties over several stretches.
    const keys = Float32Array.from(
      { length: 3 * TIE_STRIDE + 100 },
      (_, index) => ((index * 2654435761) % 7) + (index % 1000 === 0 ? 10 : 0),
    );
    const order = Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]! || a - b);
    const descending = Array.from(keys.keys()).sort((a, b) => keys[b]! - keys[a]! || a - b);
    const [low, end] = [9_000, 30_001];
    const window = windowOf(low, end, ranked(keys, [low, end - 1], 32) as never, keys.length);
    const count = 12_345;
    const top = topOf(count, ranked(keys, [keys.length - count], 32)[0]!, keys.length);
    for (const [set, expected] of [
      [window, order.slice(low, end)],
      [top, descending.slice(0, count)],
    ] as const) {
      countTies(set, keys, 0);
      const found: number[] = [];
      // From the last stretch to the first.
      for (let first = 3 * TIE_STRIDE; first >= 0; first -= TIE_STRIDE)
        selectWindow(set, keys.subarray(first, first + TIE_STRIDE), first, (index) => found.push(first + index));
      assert.deepEqual(
        found.sort((a, b) => a - b),
        [...expected].sort((a, b) => a - b),
      );
    }
  });

  it('sorts indices by magnitude', () => {
    const sample = values.slice(0, 500).map((value, index) => (index % 2 === 0 ? -value : value));
    const expected = Array.from(sample.keys()).sort(
      (a, b) => Math.fround(Math.abs(sample[a]!)) - Math.fround(Math.abs(sample[b]!)) || a - b,
    );
    assert.deepEqual([...argsort(sample)], expected);
  });
});

describe('random numbers by place', () => {
  const count = 200_000;

  it('are uniform, and far apart in place, name and index beyond 2^32', () => {
    const [one, other] = [uniforms('0/a'), uniforms('0/b')];
    const bins = new Array<number>(64).fill(0);
    let [sum, together, neighbours] = [0, 0, 0];
    for (let index = 0; index < count; index++) {
      const value = one(index);
      assert.ok(value > 0 && value < 1);
      bins[Math.floor(value * 64)]!++;
      sum += value;
      together += (value - 0.5) * (other(index) - 0.5);
      neighbours += (value - 0.5) * (one(index + 1) - 0.5);
    }
    const expected = count / 64;
    const chiSquare = bins.reduce((total, bin) => total + (bin - expected) ** 2 / expected, 0);
    assert.ok(chiSquare > 25 && chiSquare < 125, `χ² with 63 degrees of freedom is ${chiSquare}`);
    assert.ok(Math.abs(sum / count - 0.5) < 4 * Math.sqrt(1 / 12 / count));
    for (const correlation of [together, neighbours])
      assert.ok(Math.abs(correlation / count) < 4 / 12 / Math.sqrt(count));
    assert.notEqual(one(5), one(5 + 2 ** 32));
  });

  it('are normal', () => {
    const one = normals('0/a');
    const moments = [0, 0, 0, 0];
    for (let index = 0; index < count; index++)
      moments.forEach((_, power) => (moments[power]! += one(index) ** (power + 1) / count));
    for (const [index, expected] of [0, 1, 0, 3].entries())
      assert.ok(
        Math.abs(moments[index]! - expected) < [0.01, 0.015, 0.04, 0.12][index]!,
        `moment ${index + 1} is ${moments[index]}`,
      );
  });
});

describe('random masks', () => {
  const size = 60_000;
  const inputs = [Float64Array.from({ length: size }, normal(1)), Float64Array.from({ length: size }, normal(2))];
  const task = (parameters: Record<string, number>, rescale: boolean, stream = '0/x'): MergeTask => ({
    shape: [60, 1000],
    size,
    base: 0,
    models: [{}, { weight: 1, density: 1, epsilon: 0.15, ...parameters }],
    stream,
    shared: { normalize: false, rescale, lambda: 1, int8_mask: false },
  });
  const keptOf = (result: Float64Array) => result.map((value, index) => (value === inputs[0]![index] ? 0 : 1));
  const fraction = (kept: Float64Array) => kept.reduce((sum, one) => sum + one, 0) / kept.length;

  it('keep the share that dare_linear asks for, and the sum of magnitudes', async () => {
    const plain = await mergeArrays(kernelOf('dare_linear'), task({ density: 0.3 }, false), inputs);
    assert.ok(Math.abs(fraction(keptOf(plain)) - 0.3) < 4 * Math.sqrt(0.21 / size));
    const scaled = await mergeArrays(kernelOf('dare_linear'), task({ density: 0.3 }, true), inputs);
    const magnitude = (values: Float64Array) =>
      values.reduce((sum, value, index) => sum + Math.abs(value - inputs[0]![index]!), 0);
    assert.ok(Math.abs(magnitude(scaled) / magnitude(inputs[1]!) - 1) < 1e-9);
    // In expectation the differences are what they were.
    const differences = (values: Float64Array) =>
      values.reduce(
        (sum, value, index) => sum + (value - inputs[0]![index]!) * Math.sign(inputs[1]![index]! - inputs[0]![index]!),
        0,
      );
    assert.ok(Math.abs(differences(scaled) / differences(inputs[1]!) - 1) < 1e-9);
  });

  it('keep large differences more often with DELLA, by rank in the row', async () => {
    const kept = keptOf(
      await mergeArrays(kernelOf('della_linear'), task({ density: 0.4, epsilon: 0.3 }, false), inputs),
    );
    const [small, large] = [
      [0, 0],
      [0, 0],
    ];
    for (let row = 0; row < 60; row++) {
      const order = argsort(
        inputs[1]!.slice(row * 1000, row * 1000 + 1000).map((value, index) => value - inputs[0]![row * 1000 + index]!),
      );
      order.forEach((index, rank) => {
        const bin = rank < 100 ? small : rank >= 900 ? large : undefined;
        if (bin) {
          bin[0]! += kept[row * 1000 + index]!;
          bin[1]! += 1;
        }
      });
    }
    // Chances 0.1 … 0.16 and 0.64 … 0.7.
    assert.ok(Math.abs(small[0]! / small[1]! - 0.13) < 0.02 && Math.abs(large[0]! / large[1]! - 0.67) < 0.025);
    assert.ok(Math.abs(fraction(kept) - 0.4) < 0.01);
  });

  it('depend on the stream and on nothing else', async () => {
    const merge = (stream: string, block: number) =>
      mergeArrays(kernelOf('dare_ties'), task({ density: 0.5 }, true, stream), inputs, block);
    const first = await merge('1/a', size);
    const pieces = await merge('1/a', 777);
    assert.deepEqual(keptOf(first), keptOf(pieces));
    assert.ok(first.every((value, index) => Math.abs(value - pieces[index]!) < 1e-12));
    assert.notDeepEqual(keptOf(first), keptOf(await merge('2/a', size)));
  });

  it('refuse chances outside 0 and 1', async () => {
    await assert.rejects(mergeArrays(kernelOf('della'), task({ density: 0.9, epsilon: 0.2 }, true), inputs), {
      code: 'bad-request',
    });
  });
});

describe('noise', () => {
  const size = 100_000;
  const weights = Float64Array.from({ length: size }, normal(3)).map((value) => 0.02 * value);
  const make = (shared: MergeTask['shared'], stream = '0/w') =>
    mergeArrays(kernelOf('noise'), { shape: [100, 1000], size, base: undefined, models: [{}], shared, stream }, [
      weights,
    ]);
  const deviation = (values: Float64Array) =>
    Math.sqrt(values.reduce((sum, value, index) => sum + (value - weights[index]!) ** 2, 0) / size);

  it('has the deviation asked for, absolute or relative', async () => {
    assert.ok(Math.abs(deviation(await make({ sigma: 0.01, relative: false })) / 0.01 - 1) < 0.01);
    assert.ok(Math.abs(deviation(await make({ sigma: 0.1, relative: true })) / 0.002 - 1) < 0.015);
    assert.equal(deviation(await make({ sigma: 0, relative: true })), 0);
  });

  it('takes the place of a part of the weights, as PyTorch computes it with the same normal numbers', async () => {
    // make_noise.py: float64 weights, torch.std of them.
    const stored = JSON.parse(await readFile('test/parity/merge/noise.json', 'utf8')) as {
      values: number[];
      std: number;
    };
    const values = Float64Array.from(stored.values);
    const of = (shared: MergeTask['shared'], input: Float64Array) =>
      mergeArrays(
        kernelOf('noise'),
        { shape: [input.length], size: input.length, base: undefined, models: [{}], shared, stream: '0/w' },
        [input],
      );
    const drawn = await of({ sigma: 1, relative: false }, new Float64Array(values.length));
    const mixed = await of({ sigma: 0.3, mix: true }, values);
    mixed.forEach((value, index) =>
      assert.ok(Math.abs(value - (0.7 * values[index]! + 0.3 * stored.std * drawn[index]!)) < 1e-15),
    );
    assert.deepEqual(await of({ sigma: 0, mix: true }, values), values);
    const [one] = await of({ sigma: 1, mix: true }, Float64Array.of(5, 5));
    assert.equal(one, 0);
  });
});

describe('values of parameters', () => {
  const settingsOf = (text: string) => {
    const { recipe } = parseRecipe(
      `merge_method: ties\nbase_model: a\nmodels: [{model: b}]\nparameters: {weight: ${text}}\n`,
    );
    assert.ok(recipe.form?.kind === 'merge');
    return recipe.form.parameters;
  };
  const weight = METHODS.ties.parameters.find(({ name }) => name === 'weight')!;
  const value = (text: string, t = 0, names = ['model.layers.0.self_attn.q_proj.weight']) =>
    evaluateSetting(settingsOf(text)[0]!.setting, weight, names, t);

  it('are interpolated over layers', () => {
    assert.deepEqual(
      [0, 0.25, 0.5, 0.75, 1].map((t) => value('[0, 1, 5]', t)),
      [0, 0.5, 1, 3, 5],
    );
    assert.equal(value('[2]', 0.7), 2);
    assert.equal(value('[]'), undefined);
    assert.equal(value('["1e-3", 1e-3]', 0.5), 0.001);
  });

  it('go to the first filter that fits', () => {
    const cases = '[{filter: mlp, value: 1}, {filter: self_attn, value: [2, 4]}, {value: 3}]';
    assert.equal(value(cases, 0.5), 3);
    assert.equal(value(cases, 1, ['model.layers.0.mlp.up_proj.weight']), 1);
    assert.equal(value(cases, 0, ['lm_head.weight']), 3);
    assert.equal(value('[{filter: mlp, value: 1}]'), undefined);
    assert.equal(value('{filter: "*", value: 7}'), 7);
  });

  it('come from the most specific level that has one', () => {
    const levels = [settingsOf('[{filter: mlp, value: 1}]'), settingsOf('2')];
    assert.equal(resolveParameter(weight, levels, ['mlp'], 0), 1);
    assert.equal(resolveParameter(weight, levels, ['norm'], 0), 2);
    assert.equal(resolveParameter(weight, [], ['norm'], 0), undefined);
    assert.equal(
      resolveParameter(
        METHODS.ties.parameters.find(({ name }) => name === 'lambda')!,
        [],
        ['norm'],
        0,
      ),
      1,
    );
  });
});
