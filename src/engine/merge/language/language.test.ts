import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { completeRecipe } from './complete.js';
import type { RecipeSurroundings } from './completion.js';
import { hoverRecipe } from './hover.js';

const NOTHING: RecipeSurroundings = { checkpoints: [], tensors: [], layers: undefined };
const AROUND: RecipeSurroundings = {
  checkpoints: [
    { path: '../in', label: 'in' },
    { path: '../rl: final', label: 'rl' },
  ],
  tensors: [
    'model.language_model.layers.0.self_attn.q_proj.weight',
    'model.language_model.layers.1.self_attn.q_proj.weight',
    'model.language_model.layers.0.mlp.up_proj.weight',
  ],
  layers: 28,
};

/** `|` is the cursor. */
function at(text: string, around = AROUND) {
  const offset = text.indexOf('|');
  return completeRecipe(text.replace('|', ''), offset, around);
}
const labels = (text: string, around?: RecipeSurroundings) => at(text, around).map(({ label }) => label);
/** The text with the completion of this label put in, its snippet's fields as they stand. */
function applied(text: string, label: string): string {
  const one = at(text).find((completion) => completion.label === label)!;
  const plain = text.replace('|', '');
  return plain.slice(0, one.replace.offset) + one.insert + plain.slice(one.replace.offset + one.replace.length);
}

describe('completion in recipes', () => {
  it('an empty recipe: every key', () => {
    const found = labels('|');
    for (const key of [
      'checkpoints',
      'stitch',
      'interpolate',
      'noise',
      'models',
      'slices',
      'modules',
      'merge_method',
      'dtype',
    ])
      assert.ok(found.includes(key), key);
  });

  it('keys that are there already are not offered again', () => {
    const found = labels('merge_method: ties\nmo|');
    assert.ok(found.includes('models') && !found.includes('merge_method'));
  });

  it('keys of nested mappings, in block and flow style', () => {
    assert.deepEqual(labels('stitch:\n  early: in\n  |'), ['mid', 'late', 'cuts']);
    assert.deepEqual(labels('stitch: {early: in, |}'), ['mid', 'late', 'cuts']);
    assert.ok(labels('models:\n  - |').includes('model'));
    assert.ok(labels('slices:\n  - sources:\n      - model: in\n        lay|').includes('layer_range'));
  });

  it('methods, words, dtypes', () => {
    assert.ok(labels('merge_method: |').includes('dare_ties'));
    assert.ok(labels('merge_method: da|\nmodels: []').includes('dare_ties'));
    assert.deepEqual(labels('dtype: |'), ['float64', 'float32', 'bfloat16', 'float16']);
    assert.deepEqual(labels('noise: {model: in, scale: |}'), ['absolute', 'relative']);
  });

  it('checkpoints: roles of the recipe, then what lies around; roles are not locations', () => {
    const head = 'checkpoints: {in: ../in, rl: ../rl}\n';
    assert.deepEqual(labels(`${head}stitch:\n  early: |`), ['in', 'rl', '../in', '../rl: final']);
    assert.deepEqual(labels('checkpoints:\n  in: |'), ['../in', '../rl: final']);
    assert.equal(applied('base_model: |', '../rl: final'), 'base_model: "../rl: final"');
    assert.deepEqual(labels('checkpoints:\n  |', NOTHING), ['base', 'in', 'rl']);
  });

  it('the splices of the method, once IN and RL are named', () => {
    assert.deepEqual(labels('checkpoints: {in: a, rl: b}\nstitch: |').slice(0, 2), ['IN:RL:RL', 'IN:IN:RL']);
    assert.ok(!labels('stitch: |').includes('IN:RL:RL'));
    assert.equal(
      applied('checkpoints: {in: a, rl: b}\nstitch: IN:R|', 'IN:RL:IN'),
      'checkpoints: {in: a, rl: b}\nstitch: IN:RL:IN',
    );
  });

  it('parameters: of the method in use, where they may stand', () => {
    const perModel = labels('merge_method: ties\nbase_model: a\nmodels:\n  - model: b\n    parameters:\n      |');
    assert.deepEqual(perModel, ['weight', 'density']);
    const shared = labels('merge_method: slerp\nparameters:\n  |');
    assert.deepEqual(shared, ['t']);
    assert.deepEqual(labels('parameters:\n  |'), []);
  });

  it('layer ranges and tensor filters, from the checkpoints in use', () => {
    assert.deepEqual(labels('interpolate: {a: x, b: y, alpha: 1, layers: |}'), [
      '[0, 28]',
      '[0, 9]',
      '[9, 18]',
      '[18, 28]',
    ]);
    const filters = at('parameters:\n  t:\n    - filter: |\n      value: 1\nmerge_method: slerp');
    assert.equal(filters[0]!.label, '*');
    assert.equal(filters.find(({ label }) => label === 'q_proj')!.detail, '2 tensors');
    assert.ok(labels('parameters:\n  t:\n    - filter: |', NOTHING).includes('self_attn'));
  });

  it('nothing in comments, and nothing breaks on broken text', () => {
    assert.deepEqual(labels('# merge_method: |'), []);
    for (const text of ['{{{|', 'a: [|', '- - - |', 'stitch: "|', '\t|', 'models:\n  - model: x\n   |'])
      assert.doesNotThrow(() => labels(text), text);
  });

  it('what is put in is YAML of the right place', () => {
    assert.equal(applied('models:\n  - |', 'parameters'), 'models:\n  - parameters:\n      $0');
    assert.equal(applied('|', 'models'), 'models:\n  - $0');
    assert.equal(applied('sti|', 'stitch'), 'stitch:\n  $0');
  });
});

describe('hovers in recipes', () => {
  const hover = (text: string) => hoverRecipe(text.replace('|', ''), text.indexOf('|'));

  it('a method: what it does, its formula, its paper, its parameters', () => {
    const found = hover('merge_method: ti|es')!;
    assert.match(found.title, /^ties: TIES/);
    assert.ok(found.formula?.includes('W₀'));
    assert.equal(found.paper?.url, 'https://arxiv.org/abs/2306.01708');
    assert.match(found.paragraphs.join(' '), /Needs a base_model/);
  });

  it('a key, a parameter, a role', () => {
    assert.match(hover('sti|tch: IN:RL:RL')!.paragraphs[0]!, /Early, Mid and Late/);
    assert.match(
      hover('merge_method: ties\nparameters:\n  den|sity: 0.5')!.paragraphs.join(' '),
      /Default: 1\. From 0 to 1\./,
    );
    assert.deepEqual(hover('checkpoints: {in: ../a}\nstitch: {early: i|n}')!.paragraphs, [
      'After supervised training (instruction tuning, cold start).',
      '../a',
    ]);
    assert.equal(hover('dtype: bfl|oat16'), undefined);
  });
});
