import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { TensorResult } from '../../src/protocol/engineApi.js';
import { nameDeltas } from '../deltas.js';
import { concentration, histogramBars, profileBars } from '../detail/bins.js';
import { buildColumns, columnGroups } from './columns.js';
import { compareNames, filterRows, nextSort, sortRows, type Filter } from './rows.js';
import { scrollToShow, visibleSpan } from './virtual.js';
import { delta, sample, tensor } from '../../test/unit/webview/support.js';

const ALL: Filter = { query: '', regex: false, section: 'all', component: 'all', depth: null };
const { tensors } = sample();
const named = (labels: string[]) => labels.map((label) => ({ label }));
const columns = buildColumns(nameDeltas(named(['base', 'in', 'rl'])), [0, 1]);
const column = (id: string) => columns.find((one) => one.id === id)!;
const names = (rows: Int32Array, own: readonly TensorResult[] = tensors) => Array.from(rows, (row) => own[row]!.name);

describe('table filter', () => {
  const found = (filter: Partial<Filter>) => filterRows(tensors, { ...ALL, ...filter }).rows.length;

  it('finds words in any order, in any case', () => {
    assert.equal(found({}), tensors.length);
    assert.equal(found({ query: 'UP_PROJ layers.3' }), 1);
    assert.equal(found({ query: 'nothing of the kind' }), 0);
  });

  it('takes regular expressions and says when it is none', () => {
    assert.equal(found({ query: 'layers\\.[01]\\..*q_proj', regex: true }), 2);
    const broken = filterRows(tensors, { ...ALL, query: '(', regex: true });
    assert.match(broken.error!, /^Not a regular expression: /);
    assert.equal(broken.rows.length, tensors.length);
  });

  it('looks at names on disk too', () => {
    const own = [
      tensor('model.language_model.norm.weight', { onDisk: ['model.norm.weight', 'language_model.model.norm.weight'] }),
    ];
    assert.equal(filterRows(own, { ...ALL, query: 'language_model.model' }).rows.length, 1);
  });

  it('filters by section, component and depth', () => {
    assert.equal(found({ section: 'vision' }), 4);
    assert.equal(found({ component: 'norm' }), 6);
    assert.equal(found({ depth: 0 }), 1);
    assert.equal(found({ depth: 1, component: 'attention' }), 1);
  });
});

describe('table order', () => {
  const all = filterRows(tensors, ALL).rows;

  it('is the model’s own without a column', () => {
    assert.deepEqual(sortRows(tensors, all, null, true), all);
  });

  it('puts the largest first, missing values last either way', () => {
    const down = names(sortRows(tensors, all, column('0.fro'), true));
    const up = names(sortRows(tensors, all, column('0.fro'), false));
    assert.equal(down[0], 'model.language_model.layers.5.mlp.up_proj.weight');
    assert.equal(down.at(-1), 'lm_head.weight');
    assert.equal(up.at(-1), 'lm_head.weight');
    assert.equal(up[0], 'model.visual.blocks.0.attn.qkv.weight'); // stable among equals
  });

  it('reads numbers in names', () => {
    assert.ok(compareNames('layers.2.x', 'layers.10.x') < 0);
    assert.ok(compareNames('layers.02', 'layers.3') < 0);
    assert.ok(compareNames('a', 'ab') < 0);
    assert.equal(compareNames('a.1', 'a.1'), 0);
  });

  it('cycles: first way, other way, none', () => {
    const first = nextSort(column('0.fro'), { sortColumn: null, descending: true });
    assert.deepEqual(first, { sortColumn: '0.fro', descending: true });
    const second = nextSort(column('0.fro'), first);
    assert.deepEqual(second, { sortColumn: '0.fro', descending: false });
    assert.equal(nextSort(column('0.fro'), second).sortColumn, null);
    assert.equal(nextSort(column('name'), first).descending, false);
  });

  it('takes 30,000 rows in its stride', () => {
    const many = Array.from({ length: 30_000 }, (_, index) =>
      tensor(`model.layers.${index % 96}.mlp.experts.${index}.up_proj.weight`, {
        deltas: [delta((index * 7919) % 10007)],
      }),
    );
    const rows = sortRows(many, filterRows(many, { ...ALL, query: 'experts up' }).rows, column('0.fro'), true);
    sortRows(many, rows, column('name'), false);
    assert.equal(rows.length, 30_000);
  });
});

describe('table columns', () => {
  it('stand under the update they belong to', () => {
    assert.deepEqual(columnGroups(columns), [
      { delta: null, span: 3 },
      { delta: 0, span: 6 },
      { delta: 1, span: 6 },
    ]);
    assert.deepEqual(
      buildColumns(nameDeltas(named(['a', 'b', 'c'])), [1], true)
        .map(({ id }) => id)
        .slice(0, 3),
      ['name', 'layer', '1.fro'],
    );
  });

  it('call layers what tensor names call them, and sort from vision to language', () => {
    const shown = tensors.map((one) => column('layer').text(one));
    assert.deepEqual([...new Set(shown)], ['v0', 'v1', 'proj', '0', '1', '2', '3', '4', '5', '–']);
    assert.ok(columns.every(({ label }) => label !== 'depth'));
    const keys = tensors.map((one) => column('layer').key(one)).filter((key) => key !== null);
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => Number(a) - Number(b)),
    );
  });

  it('say why a number is missing', () => {
    const head = tensors.find(({ name }) => name === 'lm_head.weight')!;
    assert.equal(column('0.fro').text(head), '–');
    assert.match(column('0.fro').why(head), /lacks this tensor/);
    assert.match(column('0.fro').why(tensor('x', { deltas: [null] })), /different shapes/);
    assert.match(column('0.relative').why(tensor('x', { deltas: [delta(1, { relative: null })] })), /all zero/);
    assert.match(column('0.ratio').why(tensor('x', { deltas: [delta(1, { floor: 0 })] })), /no rounding floor/);
    assert.match(column('0.fro').why(tensor('x', { deltas: [delta(1, { fro: null, nonFinite: 3 })] })), /^3 elements/);
    assert.equal(column('0.fro').why(tensor('x')), '');
  });
});

describe('virtual rows', () => {
  it('cover the viewport and a little more', () => {
    assert.deepEqual(visibleSpan(0, 240, 24, 1000, 8), { first: 0, end: 18 });
    assert.deepEqual(visibleSpan(2400, 240, 24, 1000, 8), { first: 92, end: 118 });
    assert.deepEqual(visibleSpan(1e9, 240, 24, 10, 8), { first: 10, end: 10 });
    assert.deepEqual(visibleSpan(0, 240, 24, 0, 8), { first: 0, end: 0 });
  });

  it('scroll no further than needed', () => {
    assert.equal(scrollToShow(5, 0, 240, 24), 0);
    assert.equal(scrollToShow(20, 0, 240, 24), 264);
    assert.equal(scrollToShow(2, 100, 240, 24), 48);
  });
});

describe('detail bars', () => {
  it('count on a log axis, one element still in sight', () => {
    const { bars, ends, top } = histogramBars({ min: -2, max: 2, counts: [1, 0, 999_999, 9], zeros: 4 });
    assert.deepEqual(
      bars.map(({ fraction }) => fraction.toFixed(3)),
      ['0.050', '0.000', '1.000', '0.167'],
    );
    assert.deepEqual(ends, ['−2.00', '0', '2.00']);
    assert.equal(top, '1.00 M');
    assert.equal(bars[3]!.text, 'Δ 1.00 to 2.00: 9');
    assert.deepEqual(histogramBars({ min: 0, max: 0, counts: [], zeros: 4 }).bars, []);
  });

  it('name pooled rows, the last bin no longer than the matrix', () => {
    const { bars } = profileBars([1, 2, 4], 3, 8, 'row');
    assert.deepEqual(
      bars.map(({ text }) => text),
      ['rows 0–2: 1.00', 'rows 3–5: 2.00', 'rows 6–7: 4.00'],
    );
    assert.equal(profileBars([1, 1], 1, 2, 'column').bars[1]!.text, 'column 1: 1.00');
  });

  it('tell even profiles from peaked ones', () => {
    assert.equal(concentration(Array.from({ length: 20 }, () => 3)), 0.1);
    assert.equal(concentration([1, 2]), null);
    assert.equal(concentration(Array.from({ length: 10 }, () => 0)), null);
    assert.ok(concentration([...Array.from({ length: 19 }, () => 0.01), 5])! > 0.99);
  });
});
