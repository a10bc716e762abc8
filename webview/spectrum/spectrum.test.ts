import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { groupSpectra } from '../../src/engine/analyses/spectrum/aggregate.js';
import type { SpectrumResult, TensorSpectra } from '../../src/protocol/engineApi.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { depthRows, describeDepths, readDepths } from './depthReading.js';
import { metricFigure, overlapFigure, rankFigure, tenthRanks, type DepthFigure } from './figures.js';
import { arrange, matrixColumns } from './matrixColumns.js';
import { indexSpectra, keyOf, median, weightsOf, type SpectrumModel } from './model.js';
import { depthCsv, depthMarkdown, surfaceCsv } from './numbers.js';
import { planFacts } from './planFacts.js';
import { readSpectra } from './reading.js';
import { spectrumFigure, thinned } from './spectrumFigure.js';
import { rankSurface, surfaceGrid } from './surfaceData.js';
import { DEFAULT_SPECTRUM_VIEW, parseSpectrumView } from './view.js';
import { lineage, textOnly } from '../playground/data.js';
import { fullOf, spectraOf } from '../playground/spectra.js';

const compared = lineage();
const exact = spectraOf(compared, 'exact', { broken: true });
const model = indexSpectra(exact);
const near = (a: number | null | undefined, b: number | null | undefined, what: string) =>
  assert.ok(
    Math.abs((a ?? NaN) - (b ?? NaN)) <= 1e-9 * Math.abs(b ?? 1) || (a === null && b === null),
    `${what}: ${a}, ${b}`,
  );
const pointOf = (figure: DepthFigure, key: string, depth: number) =>
  figure.series.find((one) => one.key === key)!.points.find(({ x }) => x === depth)!;

/** The result with some spectra made otherwise. */
function changed(result: SpectrumResult, change: (tensor: TensorSpectra) => TensorSpectra): SpectrumModel {
  return indexSpectra({ ...result, tensors: result.tensors.map(change) });
}

describe('spectra as figures', () => {
  const groups = groupSpectra(exact.tensors, 28, exact.cuts, 2);

  it('agree with the engine’s own aggregates, layer by layer', () => {
    assert.deepEqual(
      model.depths,
      groups.layers.map(({ depth }) => depth),
    );
    const figures = (
      ['stableRank', 'effectiveRank', 'relativeRank', 'spectral', 'nuclear', 'logVolume', 'topEnergy'] as const
    ).map((metric) => [metric, metricFigure(model, { ...DEFAULT_SPECTRUM_VIEW, metric, top: '16' })] as const);
    let compared = 0;
    for (const layer of groups.layers) {
      layer.spectra.forEach((aggregate, delta) => {
        if (aggregate === null) return;
        for (const [metric, figure] of figures) {
          const spread = metric === 'topEnergy' ? (aggregate.topEnergy['16'] ?? null) : aggregate[metric];
          const point = pointOf(figure, `${delta}/value`, layer.depth);
          if (spread === null) {
            assert.equal(point.value, null);
            continue;
          }
          near(point.value, spread.mean, `${metric} at ${layer.depth}`);
          near(point.low, spread.low, `${metric} low`);
          near(point.high, spread.high, `${metric} high`);
          compared++;
        }
        const stable = pointOf(figures[0]![1], `${delta}/value`, layer.depth);
        if (aggregate.stableRank !== null) near(stable.floor, aggregate.floorStableRank!.mean, 'floor');
        if (aggregate.correctedStableRank !== null)
          near(
            pointOf(figures[0]![1], `${delta}/corrected`, layer.depth).value,
            aggregate.correctedStableRank.mean,
            'floor taken out',
          );
        near(
          stable.dominated / Math.max(1, stable.matrices),
          stable.matrices === 0 ? 0 : aggregate.dominated,
          'dominated',
        );
      });
    }
    assert.ok(compared > 400, String(compared));
  });

  it('the surface is the engine’s curve, and what the floor’s band reaches is marked', () => {
    const surface = rankSurface(model, 1, 'all');
    let inside = 0;
    for (const layer of groups.layers) {
      const column = surface.depths.indexOf(layer.depth);
      layer.spectra[1]!.logCurve.forEach((value, at) => {
        const cell = surface.rows[at]![column]!;
        near(cell.value, value, `rank ${at + 1} at ${layer.depth}`);
        near(cell.floor, layer.spectra[1]!.floorCurve[at], 'floor');
        if (cell.inside) inside++;
      });
    }
    assert.ok(inside > 0 && surface.insideFraction > 0 && surface.insideFraction < 1);
    // The first rank of a layer that stands above the floor is no rounding; a vision block's is nothing else.
    assert.equal(surface.rows[0]![surface.depths.indexOf(16)]!.inside, false);
    assert.equal(surface.rows[0]![surface.depths.indexOf(-3)]!.inside, true);
    assert.equal(surface.rows[0]![surface.depths.indexOf(16)]!.value, 0);
    const grid = surfaceGrid(surface);
    assert.equal(grid.rows.length, 50);
    assert.equal(grid.rows.filter(({ label }) => label !== '').length, 6);
  });

  it('an overlap is held against chance; two stages have none', () => {
    const figure = overlapFigure(model, 'all')!;
    for (const layer of groups.layers) {
      const own = layer.overlaps[0]!;
      near(pointOf(figure, '0/left', layer.depth).value, own.left, 'left');
      near(pointOf(figure, '0/right', layer.depth).floor, own.rightChance, 'chance');
    }
    assert.equal(figure.zones.length, 2);
    assert.equal(overlapFigure(indexSpectra(spectraOf(textOnly(), 'exact')), 'all'), null);
  });

  it('a fused weight counts by its parts, and parts of the model can be taken alone', () => {
    assert.equal(
      model.counted.some(({ name, part }) => /qkv/.test(name) && part === null),
      false,
    );
    assert.equal(model.result.tensors.length - model.counted.length, 32);
    assert.ok(weightsOf(model, 'attention').every(({ component }) => component === 'attention'));
    const [all, mlp] = (['all', 'mlp'] as const).map((part) =>
      pointOf(metricFigure(model, { ...DEFAULT_SPECTRUM_VIEW, part }), '0/value', 3),
    );
    assert.equal(mlp!.matrices, 3);
    assert.equal(all!.matrices, 7);
  });

  it('hollow where the floor dominates most of a layer; read out with that said', () => {
    const figure = metricFigure(model, DEFAULT_SPECTRUM_VIEW);
    assert.equal(pointOf(figure, '1/value', -3).hollow, true);
    assert.equal(pointOf(figure, '1/value', 16).hollow, false);
    assert.match(
      readDepths(model, figure, -3, '1/value'),
      /^Vision block 29\. ΔRL: \d+, the rounding floor explains it\.$/,
    );
    assert.match(describeDepths(model, figure), /^Stable rank over layers\. ΔIN runs from [\d.]+ at /);
    assert.doesNotMatch(describeDepths(model, metricFigure(model, { ...DEFAULT_SPECTRUM_VIEW, hidden: [0] })), /ΔIN/);
  });

  it('lines break where sections meet, and every tenth rank has a line of its own', () => {
    const figure = rankFigure(model, 1, 'all');
    assert.deepEqual(
      figure.series.map(({ name }) => name),
      ['rank 10', 'rank 20', 'rank 30', 'rank 40', 'rank 50'],
    );
    assert.equal(new Set(figure.series.map(({ dash }) => dash)).size, 5);
    assert.deepEqual(
      figure.series[0]!.points.filter(({ value }) => value === null).map(({ x }) => x),
      [-0.5, 0.5],
    );
    assert.deepEqual(tenthRanks(8), [2, 4, 6, 8]);
    assert.deepEqual(tenthRanks(1), []);
  });

  it('numbers and drawings have every point', () => {
    const figure = metricFigure(model, DEFAULT_SPECTRUM_VIEW);
    const rows = depthRows(model, figure);
    assert.equal(depthCsv(model, [figure]).split('\n').length, rows.length + 2);
    assert.equal(depthMarkdown(model, figure).split('\n').length, rows.length + 5);
    const surfaces = [0, 1].map((delta) => rankSurface(model, delta, 'all'));
    const cells = surfaces.flatMap((surface) => surface.rows.flat().filter((cell) => cell !== null)).length;
    assert.equal(surfaceCsv(model, surfaces).split('\n').length, cells + 2);
    const { svg } = linesSvg([figure], { title: '<a> & b', description: '', caption: '' });
    assert.match(svg, /&lt;a&gt; &amp; b/);
    assert.ok((svg.match(/class="zone"/g)?.length ?? 0) >= 2);
    assert.match(svg, /rounding floor/);
  });
});

describe('spectra in sentences', () => {
  const clear = { dominated: [] as never[] };
  const withRank = (result: SpectrumResult, ranks: [number, number], own: object = clear) =>
    changed(result, (tensor) => ({
      ...tensor,
      spectra: tensor.spectra.map((spectrum, from) =>
        spectrum === null ? null : { ...spectrum, spectral: 1, stableRank: ranks[from]!, corrected: null, ...own },
      ),
    }));

  it('compares what stands above the floor', () => {
    assert.match(
      readSpectra(withRank(exact, [23, 6.1]))[0]!,
      /^ΔRL is more concentrated than ΔIN: median stable rank 6\.10 against 23\.0, over the matrices/,
    );
    assert.match(readSpectra(withRank(exact, [6, 23]))[0]!, /^ΔRL is spread over more directions than ΔIN/);
    assert.match(readSpectra(withRank(exact, [6, 6.5]))[0]!, /^ΔRL has about as many directions as ΔIN/);
  });

  it('goes by what is left without the floor, where that is known', () => {
    const text = readSpectra(
      changed(exact, (tensor) => ({
        ...tensor,
        spectra: tensor.spectra.map((spectrum, from) =>
          spectrum === null
            ? null
            : {
                ...spectrum,
                spectral: 1,
                dominated: [],
                stableRank: [10, 20][from]!,
                corrected: {
                  stableRank: [10, 3][from]!,
                  stableRankLow: 1,
                  stableRankHigh: 4,
                  topEnergy: {},
                  topEnergyLow: {},
                  topEnergyHigh: {},
                  signalRank: 4,
                },
              },
        ),
      })),
    )[0]!;
    assert.match(
      text,
      /^ΔRL is more concentrated than ΔIN: median stable rank 3\.00 against 10\.0 floor-corrected \(20\.0 and 10\.0 as stored\)/,
    );
  });

  it('goes by what is stored where few can be corrected', () => {
    const few = changed(exact, (tensor) => ({
      ...tensor,
      spectra: tensor.spectra.map((spectrum, from) => {
        const corrected =
          tensor.layer === 3 || from === 0
            ? {
                stableRank: 3,
                stableRankLow: 1,
                stableRankHigh: 4,
                topEnergy: {},
                topEnergyLow: {},
                topEnergyHigh: {},
                signalRank: 4,
              }
            : null;
        return spectrum === null
          ? null
          : {
              ...spectrum,
              spectral: 1,
              dominated: [],
              stableRank: [10, 20][from]!,
              corrected,
              uncorrected: corrected === null ? ('misfit' as const) : null,
            };
      }),
    }));
    assert.match(
      readSpectra(few)[0]!,
      /^ΔRL is spread over more directions than ΔIN: median stable rank 20\.0 against 10\.0, over the matrices/,
    );
  });

  it('claims nothing of what the floor explains', () => {
    const buried = changed(exact, (tensor) => ({
      ...tensor,
      spectra: tensor.spectra.map((spectrum, from) =>
        spectrum === null
          ? null
          : {
              ...spectrum,
              spectral: 1,
              stableRank: 5,
              corrected: null,
              dominated: from === 1 ? ['stableRank' as const] : [],
            },
      ),
    }));
    const text = readSpectra(buried).join(' ');
    assert.match(
      text,
      /The rounding floor explains the stable rank of ΔRL in every matrix \(median measured: 5\.00\): it does not tell how many directions training used\./,
    );
    assert.doesNotMatch(text, /concentrated|share/);
    assert.match(
      readSpectra(model).join(' '),
      /In 3[67] of 61 layers the rounding floor explains the stable rank of ΔRL; those layers are excluded here\./,
    );
  });

  it('fewer matrices than a median needs are said to be too few, not buried', () => {
    let left = 2;
    const few = changed(spectraOf(textOnly(), 'exact'), (tensor) => ({
      ...tensor,
      spectra: tensor.spectra.map(
        (spectrum) =>
          spectrum && (left-- > 0 ? { ...spectrum, stableRank: 5, dominated: [] } : { ...spectrum, stableRank: null }),
      ),
    }));
    assert.match(
      readSpectra(few)[0]!,
      /^ΔInstruct has 2 matrices above the rounding floor \(median stable rank: 5\.00\): too few to tell/,
    );
  });

  it('one update alone, none at all, and a zero one', () => {
    const two = spectraOf(textOnly(), 'exact');
    assert.match(
      readSpectra(indexSpectra(two))[0]!,
      /^ΔInstruct has a median stable rank of [\d.]+ over \d+ matrices above the rounding floor/,
    );
    const zero = changed(two, (tensor) => ({
      ...tensor,
      spectra: tensor.spectra.map((spectrum) => spectrum && { ...spectrum, spectral: 0, stableRank: null }),
    }));
    assert.deepEqual(readSpectra(zero), ['Nothing changed, bit for bit: there is no update to analyse.']);
    assert.deepEqual(readSpectra(changed(two, (tensor) => ({ ...tensor, spectra: [null] }))), [
      'No spectrum could be computed.',
    ]);
  });

  it('what a run will cost', () => {
    assert.deepEqual(
      planFacts({
        mode: 'fast',
        matrices: 1412,
        bytes: 49_800_000_000,
        operations: 1e13,
        seconds: 128,
        memory: 1.9e9,
        threads: 1,
      }),
      [
        ['Matrices', '1,412'],
        ['Reads', '49.8 GB'],
        ['Takes', 'about 2 min with 1 thread'],
        ['Memory', 'at most 1.9 GB'],
      ],
    );
  });

  it('an overlap is told by what it has beyond chance, and only where both updates stand above the floor', () => {
    const told = (overlap: number, chance: number, dominated: 'stableRank'[] = []) =>
      readSpectra(
        changed(exact, (tensor) => ({
          ...tensor,
          spectra: tensor.spectra.map((spectrum) => spectrum && { ...spectrum, spectral: 1, stableRank: 5, dominated }),
          overlaps: tensor.overlaps.map(
            (own) =>
              own && { ...own, leftOverlap: overlap, rightOverlap: overlap, leftChance: chance, rightChance: chance },
          ),
        })),
      ).at(-1)!;
    assert.equal(told(0.42, 0.16), 'ΔIN and ΔRL share directions: overlap 0.420, random baseline 0.160.');
    assert.equal(told(0.06, 0.02), 'ΔIN and ΔRL share some directions: overlap 0.0600, random baseline 0.0200.');
    assert.match(told(0.17, 0.16), /^ΔIN and ΔRL share no more directions than random subspaces: /);
    assert.doesNotMatch(told(0.42, 0.16, ['stableRank']), /share/);
  });

  it('medians', () => {
    assert.deepEqual([median([]), median([3]), median([4, 1]), median([9, 1, 5])], [null, 3, 2.5, 5]);
  });
});

describe('matrices', () => {
  it('are found by words in any order, by depth and by part, and sorted with what is missing last', () => {
    const columns = matrixColumns(model, [0, 1]);
    const stable = columns.find(({ id }) => id === '1.stableRank')!;
    const all = { query: '', depth: null, part: 'all' };
    const found = arrange(exact.tensors, { ...all, query: 'UP_proj layers.5.' }, null, true);
    assert.deepEqual(found.map(keyOf), ['model.language_model.layers.5.mlp.up_proj.weight']);
    assert.equal(stable.text(found[0]!), '–');
    assert.equal(stable.why(found[0]!), '3 elements of rl are NaN.');
    const sorted = arrange(exact.tensors, all, stable, true);
    assert.equal(keyOf(sorted.at(-1)!), 'model.language_model.layers.5.mlp.up_proj.weight');
    const keys = sorted.slice(0, -1).map((tensor) => stable.key(tensor) as number);
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => b - a),
    );
    assert.equal(arrange(exact.tensors, { ...all, depth: 4, part: 'mlp' }, null, true).length, 3);
    assert.equal(columns.filter(({ id }) => id.endsWith('.overlap')).length, 1);
    assert.deepEqual(
      matrixColumns(model, [1], true).map(({ id }) => id),
      ['matrix', '1.spectral', '1.ratio', '1.stableRank', '1.corrected', '1.effectiveRank'],
    );
    assert.equal(stable.noisy(exact.tensors.find(({ depth }) => depth === -3)!), true);
  });

  it('a full spectrum keeps its ends, marks what is inside the floor, and tells estimates from values', () => {
    const name = 'model.language_model.layers.15.mlp.up_proj.weight';
    const fast = spectraOf(compared, 'fast');
    const tensor = fast.tensors.find((one) => one.name === name)!;
    const full = fullOf(name, null, 1);
    const figure = spectrumFigure('up_proj', model.deltas[1]!, tensor.spectra[1]!, full);
    assert.deepEqual(
      figure.series.map(({ key }) => key),
      ['sigma', 'estimate'],
    );
    assert.equal(figure.series[0]!.points[0]!.value, full.singularValues[0]);
    assert.ok(figure.series[0]!.points.every(({ x }) => x <= full.known));
    assert.equal(figure.series[1]!.points.at(-1)!.x, full.singularValues.length);
    assert.equal(figure.series[0]!.points[0]!.hollow, false);
    assert.equal(figure.series[1]!.points.at(-1)!.hollow, true);
    assert.match(figure.summary, /It is above the rounding floor up to rank \d+\.$/);
    assert.deepEqual(thinned(5), [1, 2, 3, 4, 5]);
    const many = thinned(18_944);
    assert.ok(many.length < 600 && many.at(-1) === 18_944 && new Set(many).size === many.length);
    assert.equal(spectrumFigure('up_proj', model.deltas[1]!, tensor.spectra[1]!, null).series[0]!.points.length, 50);
  });
});

describe('view of the spectra', () => {
  it('is read back field by field', () => {
    assert.deepEqual(parseSpectrumView(undefined), DEFAULT_SPECTRUM_VIEW);
    assert.deepEqual(
      parseSpectrumView({
        tab: 'spectrum',
        metric: 'volume',
        top: '16',
        hidden: [1, 'x'],
        depth: 2.5,
        update: -1,
        matrix: 'a#q',
      }),
      { ...DEFAULT_SPECTRUM_VIEW, tab: 'spectrum', top: '16', hidden: [1], matrix: 'a#q' },
    );
  });
});
