import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { heatmapSvg } from './heatmapSvg.js';
import { linesSvg } from './linesSvg.js';
import { PAPER } from './palette.js';
import { element, escape, linePath, text } from './svg.js';
import { csv, layersCsv, tensorsCsv } from '../../src/protocol/csv.js';
import { layersMarkdown, markdownCell, regionsMarkdown, summaryRows } from './tables.js';
import type { LineFigure } from '../figure/lines.js';
import { markerPath } from '../figure/marks.js';
import { buildFigure } from '../figure/series.js';
import { buildGrid } from '../heatmap/grid.js';
import { readUpdate } from '../overview/reading.js';
import { indexResult } from '../state/model.js';
import { DEFAULT_VIEW } from '../state/view.js';
import { sample } from '../../test/unit/webview/support.js';

const model = indexResult(sample());
const words = { title: 'base <→> "rl"', description: 'A & B', caption: 'cuts 2, 4' };

/** Every tag closed in order, every attribute quoted: enough of XML for what the writer can get wrong. */
function assertWellFormed(document: string): void {
  const open: string[] = [];
  const body = document.replace(/^<\?xml[^>]*\?>\s*/, '');
  const tags = /<(\/?)([a-z]+)((?: [a-z-]+="[^"<]*")*)(\/?)>|([^<]+)/gi;
  let at = 0;
  for (const match of body.matchAll(tags)) {
    assert.equal(match.index, at, `stray markup at ${at}: ${body.slice(at, at + 60)}`);
    at += match[0].length;
    if (match[5] !== undefined) assert.doesNotMatch(match[5], /&(?!(amp|lt|gt|quot);)/);
    else if (match[1] === '/') assert.equal(open.pop(), match[2]);
    else if (match[4] === '') open.push(match[2]!);
  }
  assert.equal(at, body.length);
  assert.deepEqual(open, []);
}

const style = { log: false, rows: { least: 17, most: 25, wanted: 290 }, noise: 'dot' } as const;
const figureSvg = (figure: LineFigure) => linesSvg([figure], words, PAPER, { width: 960, height: 406 }).svg;

const VIEW = { ...DEFAULT_VIEW, metric: 'energy', scale: 'linear', axes: 'own' } as const;

describe('svg writer', () => {
  it('escapes words and attributes, drops what XML cannot hold', () => {
    assert.equal(text({ x: 1 }, 'a<b>&"\u0000\u0007'), '<text x="1">a&lt;b&gt;&amp;&quot;</text>');
    assert.equal(element('g', { id: '"><script>', class: null }), '<g id="&quot;&gt;&lt;script&gt;"/>');
    assert.equal(escape('ΔRL → é'), 'ΔRL → é');
    assert.equal(
      element('rect', { x: 1.23456, y: -0.001 }),
      '<rect x="1.23" y="0"/>'.replace('y="0"', `y="${String(Math.round(-0.1) / 100)}"`),
    );
  });

  it('lifts the pen at gaps', () => {
    assert.equal(linePath([{ x: 0, y: 1 }, { x: 2, y: 3.456 }, null, { x: 4, y: 5 }]), 'M0 1L2 3.46M4 5');
    for (const marker of ['circle', 'triangle', 'rect', 'rectRot'] as const)
      assert.match(markerPath(marker, 5, 5, 3), /^M[\d. -]+.*Z$/);
  });
});

describe('layer figure as a drawing', () => {
  const drawing = figureSvg(buildFigure(model, VIEW, [2, 4]));

  it('is a document with a title, a description and a background', () => {
    assertWellFormed(drawing);
    assert.match(drawing, /<title id="title">base &lt;→&gt; &quot;rl&quot;<\/title>/);
    assert.match(drawing, /<desc id="description">A &amp; B<\/desc>/);
    assert.match(drawing, /<rect width="960" height="480" fill="#ffffff"\/>/);
  });

  it('draws a line, a floor and markers per update, with a dash as well as a colour', () => {
    assert.equal(drawing.match(/class="line"/g)?.length, 2);
    assert.equal(drawing.match(/class="floor"/g)?.length, 2);
    assert.match(drawing, /stroke-dasharray="6 3" fill="none" class="line"/);
    const groups = [...drawing.matchAll(/<g class="points">(.*?)<\/g>/g)].map(
      (match) => match[1]!.match(/<path/g)!.length,
    );
    assert.deepEqual(groups, [9, 9]);
    for (const name of [
      'Early',
      'Mid',
      'Late',
      'Vision',
      'Language',
      'ΔIN (base → in), left axis',
      'ΔRL: mean ‖Δ‖ per matrix',
    ])
      assert.ok(drawing.includes(`>${name}<`), name);
  });

  it('keeps every point inside the frame on a log scale too', () => {
    const log = figureSvg(buildFigure(model, { ...VIEW, scale: 'log', axes: 'shared' }, [2, 4]));
    assertWellFormed(log);
    assert.doesNotMatch(log, /NaN|Infinity/);
    assert.match(log, /m0 -6l-6 6/); // the cross of an exact zero
  });

  it('draws a model without anything to draw', () => {
    const empty = indexResult({ ...sample(), tensors: [], layers: [], regions: [], sections: [] });
    const nothing = figureSvg(buildFigure(empty, VIEW, [0, 0]));
    assertWellFormed(nothing);
    assert.doesNotMatch(nothing, /NaN|Infinity/);
  });
});

describe('heat map as a drawing', () => {
  it('has a cell per value, a dash where nothing changed, and a legend', () => {
    const grid = buildGrid(model, VIEW, 0, false);
    const drawing = heatmapSvg(grid, { label: 'mean ‖Δ‖', format: String }, style, words).svg;
    assertWellFormed(drawing);
    assert.doesNotMatch(drawing, /NaN|Infinity/);
    for (const name of ['q_proj', 'up_proj', 'mlp.0', '0', '1', 'Vision', 'Proj.', 'Language'])
      assert.ok(drawing.includes(`>${name}<`), name);
    assert.match(drawing, /dash: unchanged/);
    const empty = heatmapSvg(
      { depths: [], rows: [], range: null, noisy: 'none', breaks: [], sections: [], ticks: () => [] },
      { label: '', format: String },
      { ...style, log: true },
      words,
    ).svg;
    assertWellFormed(empty);
  });
});

describe('tables', () => {
  it('quotes what CSV needs quoted and defuses formulas', () => {
    assert.equal(
      csv([
        ['a', 'b"c', 'd,e', 'f\ng'],
        [1, null, undefined, -2],
      ]),
      'a,"b""c","d,e","f\ng"\n1,,,-2\n',
    );
    assert.equal(csv([['=1+1', '+x', '@x', '-x']]), "'=1+1,'+x,'@x,'-x\n");
  });

  it('writes every tensor with full precision', () => {
    const lines = tensorsCsv(model.result).trimEnd().split('\n');
    assert.equal(lines.length, model.result.tensors.length + 1);
    const head = lines[0]!.split(',');
    const width = head.length;
    assert.equal(width, 6 + 3 * 3 + 2 * 8);
    for (const line of lines) assert.equal(line.split(',').length, width);
    const row = lines.find((line) => line.startsWith('model.language_model.layers.2.self_attn'))!.split(',');
    const cells = ['region', 'layer', 'shape', 'base -> in fro', 'in -> rl cosine'].map(
      (name) => row[head.indexOf(name)],
    );
    assert.deepEqual(cells, ['mid', '2', '4x4', '3', '0.99925']);
    const leading = lines.find((line) => line.startsWith('lm_head'))!.split(',');
    assert.equal(leading[head.indexOf('base -> in fro')], '');
  });

  it('writes layers from vision to language, each section counted from 0', () => {
    const lines = layersCsv(model.result).trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').slice(0, 2).join(' ')),
      ['vision 0', 'vision 1', 'projector ', ...[0, 1, 2, 3, 4, 5].map((layer) => `language ${layer}`)],
    );
  });

  it('copies Markdown that a label cannot break', () => {
    assert.equal(markdownCell('a|b *c* <img> `d`\n# e'), 'a\\|b \\*c\\* \\<img\\> \\`d\\` \\# e');
    const layers = layersMarkdown(model).split('\n');
    assert.equal(layers[0], 'ΔIN (base → in), ΔRL (in → rl); cuts 2, 4');
    assert.equal(layers.filter((line) => line.startsWith('|')).length, 2 + 9);
    assert.match(regionsMarkdown(model), /^\| Mid \(layers 2–3\) \| /m);
  });

  it('sums up sections, regions and what lies outside the layers', () => {
    assert.deepEqual(
      summaryRows(model).map(({ id }) => id),
      ['vision', 'projector', 'early', 'mid', 'late', 'outside'],
    );
  });
});

describe('reading an update', () => {
  it('says where the energy went and what the floor hides', () => {
    assert.match(readUpdate(model, 0), /^66% of ‖ΔW‖² is in Late\. 2 layers of 9 did not change\.$/);
    assert.match(readUpdate(model, 1), /8 layers of 9 are under 2× the rounding floor\./);
  });
});
