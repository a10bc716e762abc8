import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { chartUri, escapeXml, layerChart, PALETTES, type ThemeKind } from './chart.js';
import {
  encodeArguments,
  HOVER_COMMANDS,
  layerHover,
  modelHover,
  tensorHover,
  type InlineTarget,
} from './hoverText.js';
import { Lookup } from './lookup.js';
import { layerCurves, spectrumChart, tensorCurves } from './sparkline.js';
import { groupSpectra } from '../engine/analyses/spectrum/aggregate.js';
import { escapeMarkdown, shortened } from '../services/markdown.js';
import { inspectionMarkdown } from '../views/inspection.js';
import { lineage } from '../../webview/playground/data.js';
import { spectraOf } from '../../webview/playground/spectra.js';
import { HOSTILE, sampleResult } from '../../test/unit/host/sampleResult.js';

const target: InlineTarget = {
  uri: 'file:///a/model.safetensors.index.json',
  line: 7,
  folder: '/a',
  depth: 3,
  tensor: HOSTILE,
};
const options = { roundingFloorWarnings: true, theme: 'dark' as ThemeKind };

/** What is left of Markdown when images of ours and links of ours are taken out. */
function foreign(markdown: string): string {
  return markdown
    .replace(
      /!\[Singular values by rank, with the rounding floor\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\|width=\d+,height=\d+\)/g,
      '',
    )
    .replace(
      /!\[Relative update per layer, with the rounding floor\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\|width=\d+,height=\d+\)/g,
      '',
    )
    .replace(/\[(Pin|Open)\]\(command:frankenstein\.inline\.(pin|open)\?[A-Za-z0-9%._~-]+ "[^"]+"\)/g, '');
}

describe('Markdown from model files', () => {
  it('is text: no link, image, markup, table cell, icon or line of its own', () => {
    const escaped = escapeMarkdown(HOSTILE);
    assert.doesNotMatch(escaped, /[[\]()<>|`*$\n]|(?<!&)#/);
    assert.equal(
      escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
      HOSTILE.replace('\n', ' '),
    );
  });

  it('an entity in a name stays what it is', () => {
    assert.equal(escapeMarkdown('a&lt;b'), 'a&#38;lt;b');
  });

  it('direction marks and control characters are gone', () => {
    assert.equal(escapeMarkdown('a\u202Eb\u0007c\u2028d'), 'a b c d');
  });

  it('long names keep both ends', () => {
    assert.equal(shortened('x'.repeat(80)), 'x'.repeat(80));
    const short = shortened(`begin${'x'.repeat(5000)}end`);
    assert.ok(short.length <= 80 && short.startsWith('begin') && short.endsWith('end'));
  });

  it('a hover over hostile names and labels holds our links only', () => {
    const result = sampleResult({ labels: [HOSTILE, `${HOSTILE}2`, `${HOSTILE}3`], tensorName: () => HOSTILE });
    const lookup = new Lookup(result, 2);
    for (const text of [
      tensorHover(lookup, result.tensors[1]!, target, options),
      layerHover(lookup, result.layers[6]!, target, options),
      modelHover(lookup, 'Vision tower', result.sections[0]!.deltas, target, options),
    ]) {
      assert.doesNotMatch(foreign(text), /\]\(|<|\$\(|command:/);
      const tables = foreign(text)
        .split('\n\n')
        .filter((part) => part.startsWith('|'));
      assert.ok(tables.length > 0);
      for (const rows of tables.map((part) => part.split('\n'))) {
        assert.equal(rows.length, 2 + 2);
        for (const row of rows) assert.equal(row.split('|').length, rows[0]!.split('|').length, row);
      }
    }
  });

  it('arguments of a link cannot end it', () => {
    const encoded = encodeArguments([{ ...target, uri: `file:///a(b)'c"d e!*.json` }]);
    assert.match(encoded, /^[A-Za-z0-9%._~-]+$/);
    assert.deepEqual(JSON.parse(decodeURIComponent(encoded)), [{ ...target, uri: `file:///a(b)'c"d e!*.json` }]);
  });

  it('links run two commands', () =>
    assert.deepEqual(HOVER_COMMANDS, ['frankenstein.inline.pin', 'frankenstein.inline.open']));

  it('an inspected checkpoint with hostile names keeps its tables', () => {
    const tensor = {
      name: HOSTILE,
      onDisk: HOSTILE,
      section: 'other' as const,
      layer: null,
      depth: null,
      component: 'other',
      dtype: 'BF16',
      shape: [2, 2],
      shard: HOSTILE,
      bytes: 8,
    };
    const page = inspectionMarkdown(HOSTILE, {
      schema: 1,
      path: HOSTILE,
      family: HOSTILE,
      architectures: [HOSTILE],
      layers: 0,
      visionLayers: 0,
      parameters: 4,
      bytes: 8,
      dtypes: { [HOSTILE]: { tensors: 1, parameters: 4 } },
      shards: [{ file: HOSTILE, bytes: 8, tensors: 1 }],
      sections: [],
      tiedHead: false,
      headMissing: false,
      fingerprint: 'ff',
      tensors: [tensor],
      warnings: [HOSTILE],
      madeOf: HOSTILE,
      reading: { from: HOSTILE, wrappers: [HOSTILE], unread: [HOSTILE] },
      extra: { tensors: 1, parameters: 4 },
    });
    assert.doesNotMatch(page, /\]\(|<|\$\(/);
    assert.match(page, /\| 2 &#215; 2 \||\| 2 × 2 \|/);
  });
});

describe('hover chart', () => {
  const svg = layerChart(sampleResult(), { theme: 'light', depth: 3 });

  it('has a row per update in its own colour, a bar per layer, and a frame around the current one', () => {
    assert.equal(svg.match(/>Δ(IN|RL)</g)?.length, 2);
    const groups = [...svg.matchAll(/<g class="bars" fill="(#\w+)">(.*?)<\/g>/g)];
    assert.deepEqual(
      groups.map(([, fill]) => fill),
      PALETTES.light.series.slice(0, 2),
    );
    for (const [, , bars] of groups) assert.equal(bars!.match(/<rect/g)?.length, 11);
    assert.equal(svg.match(/class="chosen"/g)?.length, 2);
  });

  it('numbers layers as tensor names do, the current one in bold', () => {
    const labels = [...svg.matchAll(/<text[^>]*y="\d+"[^>]*>(v\d+|proj|\d+)<\/text>/g)].map(([, label]) => label);
    const layers = sampleResult().layers;
    assert.equal(labels[0], layers[0]!.section === 'vision' ? 'v0' : '0');
    assert.equal(labels.at(-1), String(layers.at(-1)!.layer));
    const current = layers.find(({ depth }) => depth === 3)!;
    assert.match(svg, new RegExp(`font-weight="bold">${current.layer}<`));
  });

  it('is well-formed and fits a hover for a large model', () => {
    const large = layerChart(sampleResult({ layers: 126, vision: 64, labels: ['a', HOSTILE, '&<">'] }), {
      theme: 'high-contrast-dark',
      depth: 1,
    });
    const uri = chartUri(large);
    assert.ok(uri !== undefined && uri.length < 100_000, `${uri?.length}`);
    assert.doesNotMatch(large, /NaN|Infinity|undefined|<img/);
    assert.equal(large.match(/<(?!\/)[a-z]+[^>]*[^/]>/g)?.length, large.match(/<\/[a-z]+>/g)?.length);
  });

  it('what would not fit is left out rather than shown as text', () =>
    assert.equal(chartUri('x'.repeat(99_000)), undefined));

  it('draws a model without layers, and one that did not change', () => {
    assert.doesNotMatch(layerChart({ ...sampleResult(), layers: [] }, { theme: 'dark', depth: null }), /NaN|Infinity/);
    const still = sampleResult();
    for (const layer of still.layers) layer.deltas = layer.deltas.map(() => null);
    assert.doesNotMatch(layerChart(still, { theme: 'dark', depth: null }), /NaN|Infinity/);
  });

  it('labels are XML text', () => assert.equal(escapeXml('<a>&"\u0000\u0007'), '&#60;a&#62;&#38;&#34;'));
});

describe('the spectrum in a hover', () => {
  const spectra = spectraOf(lineage(), 'exact');
  const lookup = new Lookup(lineage(), 2);
  const svgs = (text: string) =>
    [...text.matchAll(/base64,([A-Za-z0-9+/=]+)/g)].map(([, data]) => Buffer.from(data!, 'base64').toString('utf8'));

  it('has a plot per update: what stands above the floor is drawn strong, the rest thin', () => {
    const curves = tensorCurves(spectra, 'model.language_model.layers.15.mlp.up_proj.weight');
    assert.deepEqual(
      curves.map(({ label, dominated }) => [label, dominated]),
      [
        ['in', false],
        ['rl', false],
      ],
    );
    assert.equal(curves[0]!.values[0], 0);
    assert.equal(curves[0]!.values.length, 50);
    const buried = tensorCurves(spectra, 'model.visual.blocks.3.mlp.up_proj.weight');
    assert.deepEqual(
      buried.map(({ label, dominated }) => [label, dominated]),
      [['rl', true]],
    );
    const strong = (svg: string) => /<path d="([^"]*)" stroke="[^"]+" stroke-width="1.8"/.exec(svg)![1]!;
    assert.notEqual(strong(spectrumChart(curves, 'dark')), '');
    assert.equal(strong(spectrumChart(buried, 'light')), '');
    assert.match(spectrumChart(buried, 'light'), /stable rank \d+, floor</);
    assert.deepEqual(tensorCurves(spectra, 'no.such.weight'), []);
  });

  it('comes after the numbers, which the hover’s height must not cut', () => {
    const layer = lookup.layer(16)!;
    for (const text of [
      tensorHover(lookup, lookup.result.tensors[5]!, target, { ...options, spectra }),
      layerHover(lookup, layer, target, { ...options, spectra }),
      modelHover(lookup, 'Language layers', layer.deltas, target, options),
    ]) {
      assert.ok(text.lastIndexOf('| ') < text.indexOf('![') && text.includes('!['));
      assert.doesNotMatch(text.replace(/\(command:[^)]*\)/g, ''), / depth /);
    }
  });

  it('is in the hover of a tensor and of a layer, where spectra of the same stages are stored', () => {
    const tensor = lookup.result.tensors.find(
      ({ name }) => name === 'model.language_model.layers.15.mlp.up_proj.weight',
    )!;
    const layer = lookup.layer(16)!;
    assert.equal(svgs(tensorHover(lookup, tensor, target, options)).length, 1);
    const [, spark] = svgs(tensorHover(lookup, tensor, target, { ...options, spectra }));
    assert.equal(spark, spectrumChart(tensorCurves(spectra, tensor.name), 'dark'));
    const grouped = { ...spectra, layers: groupSpectra(spectra.tensors, 28, spectra.cuts, 2).layers };
    const [, ofLayer] = svgs(layerHover(lookup, layer, target, { ...options, spectra: grouped }));
    assert.match(ofLayer!, /Δrl σ/);
    assert.deepEqual(layerCurves(grouped, 999), []);
  });

  it('labels are text', () => {
    const svg = spectrumChart(
      [{ ...tensorCurves(spectra, 'model.language_model.layers.15.mlp.up_proj.weight')[0]!, label: '<b>&"' }],
      'dark',
    );
    assert.doesNotMatch(svg, /<b>/);
  });
});
