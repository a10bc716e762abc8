import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { AttentionResult, RoutingResult, SwapResult } from '../../src/protocol/engineApi.js';
import { withoutAttention } from '../../src/protocol/layers.js';
import { bandedSeries, stretchesOf } from '../figure/lines.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { attentionOnly, attentionWithGaps, lineageProbes, oneSwap, routingOnly } from '../playground/probes.js';
import {
  attentionFigure,
  describeCurves,
  numberRows,
  readDepth,
  reasoningFigure,
  routingFigure,
  shiftFigure,
  visionFigure,
} from './curves.js';
import { tabOf } from './choice.js';
import { alike, indexProbes, markOfCheckpoint, peakOf, plainPrompt, stretches } from './model.js';
import { attentionCsv, curvesCsv, figuresMarkdown, routingCsv, samplesCsv } from './numbers.js';
import { DEFAULT_PROBE_VIEW, parseProbeView } from './view.js';

describe('probes as a model', () => {
  const model = indexProbes(lineageProbes());

  it('lays results of several checkpoints and files over each other, in the order of the lineage', () => {
    assert.deepEqual(
      model.checkpoints.map(({ label }) => label),
      ['Base', 'IN', 'RL'],
    );
    assert.equal(model.vision.length, 12);
    assert.equal(model.reasoning.length, 3);
    assert.equal(new Set([...model.vision, ...model.reasoning].map(({ key }) => key)).size, 15);
  });

  it('two files with the same function stay two curves', () => {
    const twice = indexProbes([...oneSwap(), { ...(oneSwap()[0] as SwapResult), data: '/elsewhere/more.jsonl' }]);
    assert.deepEqual(
      twice.vision.filter(({ task }) => task === 'counting').map(({ suffix }) => suffix),
      ['', ' (more.jsonl)'],
    );
  });

  it('what changed at a depth is what its rate says', () => {
    for (const curve of model.vision) {
      for (const { depth, value, n } of curve.points) {
        const changed = curve.samples.filter(
          (sample) => sample.outcomes[sample.depths.indexOf(depth)] !== 'same',
        ).length;
        assert.equal(changed / n!, value, `${curve.key} at ${depth}`);
      }
    }
  });

  it('stretches cover every depth once and differ from their neighbours', () => {
    for (const sample of model.vision[0]!.samples) {
      const found = stretches(sample);
      assert.deepEqual(
        found.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
        [...sample.depths],
      );
      found
        .slice(1)
        .forEach((one, at) => assert.ok(!alike(one.answer, found[at]!.answer) || one.outcome !== found[at]!.outcome));
    }
  });

  it('an empty source is a black image; thinking is no part of an answer, nor the image’s mark of a question', () => {
    const recognition = model.vision.find(({ task }) => task === 'recognition')!;
    assert.ok(recognition.samples.some(({ images }) => images[1]!.black));
    assert.ok(alike('<think>a 1, b 2</think><answer>2</answer>', '2.'));
    assert.ok(!alike('<think>2</think>3', '2'));
    assert.equal(plainPrompt('<image>\nHow many?'), 'How many?');
  });
});

describe('curves', () => {
  const model = indexProbes(lineageProbes());

  it('are told apart without colour: marker and dash together', () => {
    const figure = visionFigure(model, model.vision, 'Vision', 'task');
    assert.equal(new Set(figure.series.map(({ marker, dash }) => `${marker} ${dash}`)).size, 12);
  });

  it('regions lie on the axis of 0-based layers and cover it', () => {
    const { regions, x } = reasoningFigure(model, model.reasoning, 'Reasoning');
    assert.deepEqual(regions, [
      { region: 'early', from: -0.5, to: 8.5 },
      { region: 'mid', from: 8.5, to: 17.5 },
      { region: 'late', from: 17.5, to: 27.5 },
    ]);
    assert.deepEqual([x.from, x.to], [-0.5, 27.5]);
  });

  it('are read out: the depth with the curve in hand first, and the figure by its peaks', () => {
    const curves = model.vision.filter(({ task }) => task === 'counting');
    const figure = visionFigure(model, curves, 'Counting', 'checkpoint');
    assert.match(readDepth(model, figure, 10, curves[2]!.key), /^Layer 10, Mid\. RL: \d+% \(\d+–\d+%\)\. Base: /);
    assert.match(describeCurves(figure), /Base peaks at layer \d+ with \d+%; IN peaks/);
  });

  it('attention: mean or mass, and the shift of the last against the first', () => {
    const own = indexProbes(attentionOnly());
    const [mean, mass] = (['mean', 'mass'] as const).map((measure) => attentionFigure(own, measure, [])!);
    assert.notEqual(mean!.label, mass!.label);
    assert.ok(Math.abs(mass!.series[0]!.points[3]!.value / mean!.series[0]!.points[3]!.value - 256) < 1e-6);
    assert.equal(shiftFigure(own)!.series[0]!.name, 'RL − IN');
    assert.equal(shiftFigure(indexProbes(oneSwap())), null);
    assert.ok(peakOf(shiftFigure(own)!.series[0]!)!.depth > 8);
  });

  it('attention: no line leads over layers that have none, and no number stands for them', () => {
    const own = indexProbes(attentionWithGaps());
    for (const figure of [attentionFigure(own, 'mean', [])!, shiftFigure(own)!])
      for (const { points } of figure.series) {
        assert.deepEqual(
          stretchesOf(points).map((stretch) => stretch.map(({ x }) => x)),
          [[3, 4], [7], [11], [15], [19], [23], [27]],
        );
      }
    // Depths that were left out by choice are no gap.
    const [whole] = attentionOnly() as [AttentionResult];
    const chosen = { ...whole, layers: whole.layers.filter(({ depth }) => depth % 4 === 3) };
    assert.equal(stretchesOf(attentionFigure(indexProbes([chosen]), 'mean', [])!.series[0]!.points).length, 1);
    assert.match(withoutAttention([0, 1, 2, 5, 8, 9]), /^Layers 0–2, 5, 8–9 carry a recurrent state .*\.$/);
    assert.match(withoutAttention([4]), /^Layer 4 carries a recurrent state .*\.$/);
  });

  it('colours IN and RL as their updates are coloured in a comparison, with a base or without', () => {
    const colours = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        markOfCheckpoint({ checkpoints: model.checkpoints.slice(0, count) }, at),
      );
    assert.deepEqual(colours(3), [3, 0, 1]);
    assert.deepEqual(colours(2), [0, 1]);
  });

  it('draws one band at a time: the only one, or that of the current line', () => {
    const { series } = reasoningFigure(model, model.reasoning, 'Reasoning');
    assert.equal(series.length, 3);
    assert.deepEqual(bandedSeries(series, null), []);
    assert.deepEqual(bandedSeries(series, { x: 0, key: series[1]!.key }), [series[1]]);
    assert.deepEqual(bandedSeries(series.slice(0, 1), null), series.slice(0, 1));
  });

  it('numbers and drawings have every point', () => {
    const figures = [visionFigure(model, model.vision, 'Vision', 'task')];
    assert.equal(numberRows(model, figures).length, 12 * 28);
    assert.equal(figuresMarkdown(model, figures).split('\n').length, 12 * 28 + 3);
    assert.equal(curvesCsv(model, model.vision).split('\n').length, 12 * 28 + 2);
    assert.equal(samplesCsv(model, model.vision.slice(0, 1)).split('\n').length, 60 * 28 + 2);
    assert.equal(attentionCsv(model).split('\n').length, 28 + 2);
    const { svg } = linesSvg([reasoningFigure(model, model.reasoning, '<Reasoning>')], {
      title: 'a & b',
      description: '',
      caption: '',
    });
    assert.match(svg, /a &amp; b/);
    // Three bands over each other cannot be told apart: whiskers.
    assert.equal(svg.match(/class="whiskers"/g)?.length, 3);
    assert.doesNotMatch(svg, /class="band"/);
    assert.equal(svg.match(/class="baseline"/g)?.length, 3);
  });
});

describe('view of probes', () => {
  it('is read back field by field', () => {
    assert.deepEqual(parseProbeView(undefined), DEFAULT_PROBE_VIEW);
    assert.deepEqual(
      parseProbeView({ tab: 'attention', depth: -3, hiddenCheckpoints: [1, 'x'], behind: 'none', layout: 'apart' }),
      { ...DEFAULT_PROBE_VIEW, tab: 'attention', hiddenCheckpoints: [1], layout: 'apart' },
    );
  });
});

describe('routing', () => {
  const [result] = routingOnly() as [RoutingResult];
  const model = indexProbes([result]);

  it('has a line for all tokens, for text and for visual ones; for all alone where no sample has an image', () => {
    const figure = routingFigure(model)!;
    assert.deepEqual(
      figure.series.map(({ name }) => name),
      ['All tokens', 'Text', 'Visual tokens'],
    );
    assert.ok(figure.percent);
    assert.deepEqual(
      figure.series[2]!.points.map(({ value, n }) => [value, n]),
      result.layers.map(({ visual }) => [visual!.changed, visual!.n]),
    );
    const blind = routingFigure(indexProbes(routingOnly(0)))!;
    assert.deepEqual(
      blind.series.map(({ name }) => name),
      ['All tokens'],
    );
    assert.equal(routingFigure(indexProbes(attentionOnly())), null);
  });

  it('is the tab in front where there is nothing else, and stays out of the way where there is', () => {
    assert.equal(tabOf(model, DEFAULT_PROBE_VIEW, false), 'routing');
    assert.equal(tabOf(indexProbes([...oneSwap(), result]), DEFAULT_PROBE_VIEW, false), 'localization');
    assert.equal(tabOf(indexProbes(attentionOnly()), DEFAULT_PROBE_VIEW, false), 'attention');
    assert.equal(parseProbeView({ tab: 'routing', part: 'experts' }).tab, 'routing');
  });

  it('exports a row per layer, with empty cells where no sample has an image', () => {
    const rows = routingCsv(model).trim().split('\n');
    assert.equal(rows[0], 'layer,all,all low,all high,text,text low,text high,visual,visual low,visual high');
    assert.equal(rows.length, 1 + result.layers.length);
    assert.match(routingCsv(indexProbes(routingOnly(0))).split('\n')[1]!, /,,,$/);
  });
});
