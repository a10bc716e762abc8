import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createRamp, luminance, parseColour, toHex, withAlpha } from './colour.js';
import { buildGrid, kindOf, fractionOf, shortKinds } from './grid.js';
import { indexResult } from '../state/model.js';
import { DEFAULT_VIEW } from '../state/view.js';
import { delta, sample, tensor } from '../../test/unit/webview/support.js';

const VIEW = { ...DEFAULT_VIEW, metric: 'energy', scale: 'linear', axes: 'own' } as const;

describe('tensor kinds', () => {
  const kind = (name: string, layer: number | null) => kindOf({ name, layer, section: 'language' });

  it('are names without their layer', () => {
    assert.equal(kind('model.language_model.layers.3.self_attn.q_proj.weight', 3), 'self_attn.q_proj.weight');
    assert.equal(kind('model.visual.blocks.12.attn.qkv.bias', 12), 'attn.qkv.bias');
    assert.equal(kind('model.visual.merger.mlp.0.weight', null), 'merger.mlp.0.weight');
  });

  it('take all experts together', () => {
    assert.equal(kind('model.layers.7.mlp.experts.103.up_proj.weight', 7), 'mlp.experts.*.up_proj.weight');
    assert.equal(kind('model.layers.7.mlp.experts.7.up_proj.weight', 7), 'mlp.experts.*.up_proj.weight');
  });

  it('are as short as they can be told apart', () => {
    const short = shortKinds([
      'self_attn.q_proj.weight',
      'self_attn.q_proj.bias',
      'attn.proj.weight',
      'merger.mlp.0.weight',
      'merger.mlp.2.weight',
      'mlp.up_proj.weight',
      'mlp.experts.*.up_proj.weight',
    ]);
    assert.deepEqual(
      [...short.values()],
      ['q_proj', 'q_proj.bias', 'proj', 'mlp.0', 'mlp.2', 'mlp.up_proj', 'experts.*.up_proj'],
    );
  });
});

describe('heat map', () => {
  const model = indexResult(sample());

  it('has a row per kind, a column per depth, and holes where a kind is absent', () => {
    const grid = buildGrid(model, VIEW, 0, false);
    assert.deepEqual(grid.depths, [-2, -1, 0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(
      grid.rows.map(({ label, group }) => `${group} ${label}`),
      ['attention qkv', 'attention q_proj', 'mlp up_proj', 'projector mlp.0'],
    );
    assert.deepEqual(
      grid.rows[2]!.cells.map((cell) => cell?.value ?? null),
      [null, null, null, 2, 4, 6, 8, 10, 12],
    );
    assert.deepEqual(grid.breaks, [2, 3]);
  });

  it('keeps exact zeros out of the range', () => {
    assert.deepEqual(buildGrid(model, VIEW, 0, false).range, { min: 1, max: 12, zero: true });
    assert.equal(buildGrid(model, VIEW, 0, false).noisy, 'none');
    assert.equal(buildGrid(model, VIEW, 1, false).noisy, 'some');
  });

  it('adds norms and biases on request', () => {
    const labels = buildGrid(model, VIEW, 0, true).rows.map(({ label }) => label);
    assert.deepEqual(labels, ['qkv', 'qkv.bias', 'q_proj', 'up_proj', 'mlp.0', 'input_layernorm']);
  });

  it('joins several tensors of a cell, and copes with updates that nobody has', () => {
    const result = sample();
    const location = { layer: 0, depth: 1 };
    result.tensors = [3, 4].map((fro, expert) =>
      tensor(`model.layers.0.mlp.experts.${expert}.up_proj.weight`, { ...location, deltas: [delta(fro), null] }),
    );
    const grid = buildGrid(indexResult(result), { ...VIEW, energyOver: 'whole' }, 0, false);
    assert.equal(grid.rows.length, 1);
    assert.equal(grid.rows[0]!.cells[3]!.value, 5);
    assert.equal(grid.rows[0]!.cells[3]!.tensors.length, 2);
    const none = buildGrid(indexResult(result), VIEW, 1, false);
    assert.equal(none.range, null);
    assert.equal(none.rows[0]!.cells[3]!.value, null);
  });

  it('places values on the ramp', () => {
    assert.equal(fractionOf({ min: 1, max: 100, zero: false }, 10, true), 0.5);
    assert.equal(fractionOf({ min: 1, max: 3, zero: false }, 2, false), 0.5);
    assert.equal(fractionOf({ min: 4, max: 4, zero: false }, 4, true), 1);
  });
});

describe('colours', () => {
  it('are read as themes write them', () => {
    assert.deepEqual(parseColour('#1f1f1f'), [31, 31, 31]);
    assert.deepEqual(parseColour(' #FFF '), [255, 255, 255]);
    assert.deepEqual(parseColour('#0078d480'), [0, 120, 212]);
    assert.deepEqual(parseColour('rgba(90, 93, 94, 0.31)'), [90, 93, 94]);
    for (const odd of ['', 'transparent', '#12', 'var(--x)', '#12345']) assert.equal(parseColour(odd), null, odd);
    assert.equal(withAlpha('#ffffff', 0.5), 'rgba(255, 255, 255, 0.5)');
    assert.equal(withAlpha('canvas', 0.5), 'canvas');
    assert.equal(toHex([300, -4, 127.6]), '#ff0080');
  });

  it('grow lighter on dark themes and darker on light ones, without a step back', () => {
    for (const [kind, sign] of [
      ['dark', 1],
      ['high-contrast-dark', 1],
      ['light', -1],
      ['high-contrast-light', -1],
    ] as const) {
      const ramp = createRamp(kind);
      let before = luminance(parseColour(ramp.at(0))!);
      for (let step = 1; step <= 32; step++) {
        const now = luminance(parseColour(ramp.at(step / 32))!);
        assert.ok(sign * (now - before) > 0, `${kind} at ${step}/32`);
        before = now;
      }
    }
  });
});
