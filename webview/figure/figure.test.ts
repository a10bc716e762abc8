import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { layerTicks, linearAxis, logAxis, location, roundLayers } from './axis.js';
import { cutToDepth, depthToCut, moveCut, regionSpans } from './regions.js';
import { broken } from './lines.js';
import { buildFigure, describeFigure, readPoint } from './series.js';
import { floorLevel, floorOf, measure, valueOf } from '../state/measure.js';
import { indexResult } from '../state/model.js';
import { DEFAULT_VIEW, parseView, type ViewState } from '../state/view.js';
import { createStore } from '../state/store.js';
import { delta, sample, tensor } from '../../test/unit/webview/support.js';

describe('axes', () => {
  const labels = (axis: { ticks: { label: string }[] }) => axis.ticks.map(({ label }) => label);

  it('ends on round ticks and covers every value', () => {
    assert.deepEqual(labels(linearAxis([0.3, 2.2])), ['0', '0.5', '1.0', '1.5', '2.0', '2.5']);
    assert.deepEqual(labels(linearAxis([0.0004, 0.0011])), ['0', '2.5e-4', '5e-4', '7.5e-4', '1e-3', '1.25e-3']);
    assert.deepEqual(labels(linearAxis([0.99978, 0.99999], 5, false)).at(0), '0.99975');
    for (const values of [[], [0], [5], [1e-9, 3], [-2, 7]]) {
      const axis = linearAxis(values);
      assert.ok(axis.max > axis.min);
      for (const value of values) assert.ok(location(axis, value) >= -1e-9 && location(axis, value) <= 1 + 1e-9);
    }
  });

  it('has a log scale for positive values only', () => {
    assert.deepEqual(labels(logAxis([1e-4, 3e-3])), ['5e-5', '1e-4', '2e-4', '5e-4', '1e-3', '2e-3', '5e-3']);
    assert.deepEqual(labels(logAxis([0, 0.3, 2])), ['0.2', '0.5', '1', '2', '5']);
    assert.deepEqual(labels(logAxis([1e-9, 1])).length <= 7, true);
    const empty = logAxis([0, 0]);
    assert.ok(empty.max > empty.min && empty.min > 0);
    const axis = logAxis([1e-4, 3e-3]);
    assert.ok(location(axis, 1e-4) > 0 && location(axis, 3e-3) < 1);
  });

  it('puts ticks on round layers', () => {
    assert.deepEqual(roundLayers(0, 27, 6), [0, 5, 10, 15, 20, 25]);
    assert.deepEqual(roundLayers(0, 2, 10), [0, 1, 2]);
    assert.deepEqual(roundLayers(0, -1, 10), []);
  });

  it('counts the layers of each section from 0', () => {
    const ticks = (from: number, to: number, vision: number, count: number) =>
      layerTicks(from, to, vision, count).map(({ value, label }) => [value, label]);
    assert.deepEqual(ticks(-4, 12, 4, 30), [
      ...[0, 1, 2, 3].map((block) => [block - 4, String(block)]),
      ...Array.from({ length: 12 }, (_, layer) => [layer + 1, String(layer)]),
    ]);
    assert.deepEqual(
      ticks(-32, 28, 32, 12).map(([, label]) => label),
      ['0', '5', '10', '15', '20', '25', '0', '5', '10', '15', '20', '25'],
    );
    assert.deepEqual(ticks(1, 3, 0, 9), [
      [1, '0'],
      [2, '1'],
      [3, '2'],
    ]);
    assert.deepEqual(ticks(0, 0, 0, 9), []);
  });

  it('has the line of a cut between the layers whose numbers it stands between', () => {
    for (const cut of [1, 4, 11]) {
      const before = layerTicks(-4, 12, 4, 40).findLast(({ value }) => value < cutToDepth(cut))!;
      const after = layerTicks(-4, 12, 4, 40).find(({ value }) => value > cutToDepth(cut))!;
      assert.deepEqual([before.label, after.label], [String(cut - 1), String(cut)]);
    }
  });
});

describe('regions', () => {
  it('draws a cut between the layers it separates', () => {
    assert.equal(cutToDepth(9), 9.5); // layer 8 is at depth 9, layer 9 at depth 10
    for (const cut of [1, 9, 27]) assert.equal(depthToCut(cutToDepth(cut)), cut);
    assert.deepEqual(regionSpans([9, 18], 28), [
      { region: 'early', from: 0.5, to: 9.5 },
      { region: 'mid', from: 9.5, to: 18.5 },
      { region: 'late', from: 18.5, to: 28.5 },
    ]);
    assert.deepEqual(
      regionSpans([0, 2], 2).map(({ region }) => region),
      ['mid'],
    );
  });

  it('leaves every region a layer', () => {
    assert.deepEqual(moveCut([9, 18], 0, -5, 28), [1, 18]);
    assert.deepEqual(moveCut([9, 18], 0, 40, 28), [17, 18]);
    assert.deepEqual(moveCut([9, 18], 1, 3, 28), [9, 10]);
    assert.deepEqual(moveCut([9, 18], 1, 99, 28), [9, 27]);
    assert.deepEqual(moveCut([0, 1], 1, 0, 2), [0, 1]);
  });
});

describe('layer figure', () => {
  const model = indexResult(sample());
  const view = { ...DEFAULT_VIEW, metric: 'energy', scale: 'linear', axes: 'own' } as const;
  const values = (own: Partial<ViewState>, series = 0) =>
    buildFigure(model, { ...view, ...own }).series[series]!.points.map(({ value }) => value);

  it('takes means and sums over weights of two dimensions', () => {
    assert.deepEqual(values({}), [0, 0, 2, 1.5, 3, 4.5, 6, 7.5, 9]);
    assert.deepEqual(values({ energyOver: 'sum' }), [0, 0, 2, 3, 6, 9, 12, 15, 18]);
    assert.deepEqual(values({ part: 'attention' }), [0, 0, null, 1, 2, 3, 4, 5, 6]);
  });

  it('starts with the relative update of each layer as a whole, all updates on one log axis', () => {
    const figure = buildFigure(model, DEFAULT_VIEW);
    assert.equal(figure.label, 'relative update ‖Δ‖ / ‖W‖');
    assert.deepEqual(
      figure.axes.map(({ log, series }) => ({ log, series })),
      [{ log: true, series: [0, 1] }],
    );
    assert.deepEqual(
      figure.series[0]!.points.map(({ value }) => value),
      model.result.layers.map(({ deltas }) => deltas[0]!.relative),
    );
  });

  it('shows fractions in percent', () => {
    const ticks = (scale: 'linear' | 'log') =>
      buildFigure(model, { ...DEFAULT_VIEW, metric: 'changed', scale }).axes[0]!.ticks.map(({ label }) => label);
    assert.deepEqual(ticks('linear'), ['0%', '10%', '20%', '30%', '40%', '50%']);
    assert.ok(ticks('log').every((label) => label.endsWith('%')));
  });

  it('describes a cosine by its minimum, other metrics by their peaks', () => {
    const words = (own: Partial<ViewState>) => describeFigure(model, buildFigure(model, { ...view, ...own }));
    assert.match(words({ metric: 'cosine' }), /^cosine over layers\. ΔIN \(base → in\) is lowest at /);
    assert.match(words({}), /ΔIN \(base → in\) peaks at Language layer 5 with 9\.00/);
  });

  it('gives each update an axis of its own, or all of them one', () => {
    const own = buildFigure(model, view);
    assert.deepEqual(
      own.axes.map(({ side, series }) => ({ side, series })),
      [
        { side: 'left', series: [0] },
        { side: 'right', series: [1] },
      ],
    );
    const shared = buildFigure(model, { ...view, axes: 'shared' });
    assert.deepEqual(
      shared.axes.map(({ series }) => series),
      [[0, 1]],
    );
    assert.equal(buildFigure(model, { ...view, hidden: [0] }).axes.length, 1);
  });

  it('has a floor for energy and relative, in the units drawn', () => {
    const floor = (own: Partial<ViewState>) => buildFigure(model, { ...view, ...own }).series[0]!.points.at(-1)!.floor;
    assert.equal(floor({}), 0.5);
    assert.equal(floor({ energyOver: 'sum' }), 1);
    assert.equal(floor({ energyOver: 'whole' }), Math.SQRT1_2);
    assert.equal(floor({ metric: 'relative' })!.toFixed(6), '0.050000');
    assert.equal(floor({ metric: 'changed' }), null);
    assert.equal(floor({ metric: 'cosine' }), null);
  });

  it('marks what the floor dominates', () => {
    const levels = buildFigure(model, view).series[1]!.points.map(({ level }) => level);
    assert.deepEqual(levels, ['below', 'below', 'below', 'below', 'below', 'near', 'near', 'near', 'clear']);
    assert.equal(buildFigure(model, view).series[0]!.points[0]!.level, 'unchanged');
    assert.equal(floorLevel(delta(5, { floor: 0 })), 'unknown');
  });

  it('breaks the line where sections meet', () => {
    const line = broken(buildFigure(model, view).series[0]!, ({ depth }) => depth);
    assert.deepEqual(line, [-2, -1, null, 0, null, 1, 2, 3, 4, 5, 6]);
  });

  it('says zeros aloud on a log scale, and draws 1 − cosine there', () => {
    const figure = buildFigure(model, { ...view, scale: 'log' });
    assert.equal(figure.zerosOnLog, true);
    assert.equal(buildFigure(model, { ...view, scale: 'log', metric: 'cosine' }).label, '1 − cosine');
    assert.ok(Math.abs(values({ metric: 'cosine', scale: 'log' })[3]! - 0.001) < 1e-12);
  });

  it('reads a depth as a sentence', () => {
    const figure = buildFigure(model, view);
    assert.equal(
      readPoint(model, figure, 6),
      'Language layer 5. ΔIN: 9.00, 19.0× the floor. ΔRL: 0.875, 2.15× the floor.',
    );
    assert.equal(
      readPoint(model, figure, -2),
      'Vision block 0. ΔIN: 0, unchanged, bit for bit. ΔRL: 0.250, below the rounding floor.',
    );
  });

  it('works without vision and with one update', () => {
    const result = sample();
    const text = {
      ...result,
      stages: result.stages.slice(1).map((stage) => ({ ...stage, visionLayers: 0 })),
      layers: result.layers
        .filter((layer) => layer.section === 'language')
        .map((layer) => ({ ...layer, deltas: layer.deltas.slice(1) })),
    };
    const figure = buildFigure(indexResult(text), view);
    assert.deepEqual([figure.from, figure.to], [0.5, 6.5]);
    assert.deepEqual(
      figure.sections.map(({ section }) => section),
      ['language'],
    );
    assert.equal(figure.axes.length, 1);
  });
});

describe('measures', () => {
  it('joins tensors as one vector', () => {
    const both = [tensor('a', { deltas: [delta(3)] }), tensor('b', { deltas: [delta(4)] })];
    const joined = measure(both, 0)!;
    assert.equal(joined.fro, 5);
    assert.equal(joined.sumFro, 7);
    assert.equal(joined.relative!.toFixed(6), (5 / Math.sqrt(200)).toFixed(6));
    // ‖a‖ = ‖b‖ = √200 before and after, ‖Δ‖ = 5: cos = 1 − 25/400
    assert.equal(joined.cosine!.toFixed(9), '0.937500000');
    assert.equal(measure([tensor('c', { deltas: [null] })], 0), null);
    assert.equal(valueOf({ ...DEFAULT_VIEW, metric: 'relative', relativeOver: 'mean' }, joined), 0.35);
    assert.equal(floorOf(DEFAULT_VIEW, [], 0), null);
  });
});

describe('what is remembered', () => {
  it('comes back as it was', () => {
    const view = {
      ...DEFAULT_VIEW,
      metric: 'relative' as const,
      hidden: [1],
      depth: -3,
      query: 'up_proj',
      open: { files: false },
    };
    assert.deepEqual(parseView(structuredClone(view)), view);
  });

  it('falls back field by field', () => {
    for (const nonsense of [null, 7, 'x', [], {}]) assert.deepEqual(parseView(nonsense), DEFAULT_VIEW);
    const parsed = parseView({
      metric: 'gone',
      scale: 'log',
      depth: 1.5,
      hidden: [0, 'x', 1.5],
      heatDelta: -4,
      open: { a: 1, b: true },
    });
    assert.deepEqual(parsed, { ...DEFAULT_VIEW, scale: 'log', hidden: [0], open: { b: true } });
  });

  it('tells its readers once, and only of changes', () => {
    const store = createStore({ a: 1, b: 2 });
    const heard: [number, number][] = [];
    const stop = store.subscribe((now, before) => heard.push([before.a, now.a]));
    store.set({ a: 1 });
    store.set({ a: 5, b: 3 });
    stop();
    store.set({ a: 9 });
    assert.deepEqual(heard, [[1, 5]]);
  });
});
