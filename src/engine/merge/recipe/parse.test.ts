// The recipe language: what is understood, what is wrong and where, what would mend it.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { METHOD_NAMES, METHODS } from '../../tensors/methods/list.js';
import { type RecipeProblem, nearest } from './problem.js';
import { parseRecipe } from './parse.js';
import { jsonSchema } from './schema/json.js';
import { MAPS, shapeAt } from './schema/maps.js';
import { pathAt } from './tree.js';

/** Each problem as `code severity «marked text»`. */
function problemsOf(text: string): string[] {
  return parseRecipe(text).problems.map(
    ({ code, severity, offset, length }) => `${code} ${severity} «${text.slice(offset, offset + length)}»`,
  );
}

function only(text: string): RecipeProblem {
  const { problems } = parseRecipe(text);
  assert.equal(problems.length, 1, problemsOf(text).join('\n'));
  return problems[0]!;
}

/** The text after the fix of its only problem. */
function mended(text: string): string {
  const { fix } = only(text);
  assert.ok(fix, 'no fix');
  return [...fix.edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((done, { offset, length, text: edit }) => done.slice(0, offset) + edit + done.slice(offset + length), text);
}

const TIES = 'merge_method: ties\nbase_model: a\nmodels:\n  - model: b\n    parameters: {weight: 1}\n';

describe('parseRecipe', () => {
  it('reads the short form of a stitch', () => {
    const text = 'checkpoints: {in: ../in, rl: ../rl}\nstitch: IN:RL:RL\n';
    const { recipe, problems } = parseRecipe(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      recipe.checkpoints.map(({ role, location }) => [role.value, location.value]),
      [
        ['in', '../in'],
        ['rl', '../rl'],
      ],
    );
    assert.ok(recipe.form?.kind === 'stitch');
    const { early, mid, late, cuts } = recipe.form;
    assert.deepEqual(
      [early, mid, late].map(({ value, offset, length }) => [value, text.slice(offset, offset + length), offset]),
      [
        ['IN', 'IN', 44],
        ['RL', 'RL', 47],
        ['RL', 'RL', 50],
      ],
    );
    assert.equal(cuts, undefined);
  });

  it('reads the long form of a stitch, with cuts', () => {
    const { recipe, problems } = parseRecipe('stitch: {early: in, mid: rl, late: rl, cuts: [9, 18]}');
    assert.deepEqual(problems, []);
    assert.ok(recipe.form?.kind === 'stitch');
    assert.deepEqual([recipe.form.early.value, recipe.form.cuts?.value], ['in', [9, 18]]);
  });

  it('reads interpolation and noise', () => {
    const interpolate = parseRecipe('interpolate: {a: in, b: rl, alpha: [0, 1], layers: [3, 7], part: mlp}').recipe
      .form;
    assert.ok(interpolate?.kind === 'interpolate');
    assert.deepEqual(
      [interpolate.alpha.kind, interpolate.layers?.value, interpolate.part],
      ['gradient', [3, 7], 'mlp'],
    );
    const noise = parseRecipe('noise: {model: in, sigma: 1e-3, scale: relative, seed: 7}').recipe.form;
    assert.ok(noise?.kind === 'noise');
    assert.deepEqual(
      [noise.sigma.value, noise.scale, noise.seed, noise.layers, noise.part],
      [0.001, 'relative', 7, undefined, 'all'],
    );
  });

  it('reads a config of mergekit as it is', () => {
    const { recipe, problems } = parseRecipe(`
slices:
  - sources:
      - model: psmathur/orca_mini_v3_13b
        layer_range: [0, 40]
      - model: garage-bAInd/Platypus2-13B
        layer_range: [0, 40]
merge_method: slerp
base_model: psmathur/orca_mini_v3_13b
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 0.3, 0.7, 1]
    - filter: mlp
      value: [1, 0.5, 0.7, 0.3, 0]
    - value: 0.5 # fallback for rest of tensors
dtype: float16
tokenizer_source: union
`);
    assert.deepEqual(problems, []);
    assert.ok(recipe.form?.kind === 'merge' && recipe.form.body.kind === 'slices');
    assert.equal(recipe.form.body.slices[0]?.sources[1]?.layers.value[1], 40);
    const [t] = recipe.form.parameters;
    assert.ok(t?.setting.kind === 'conditional');
    assert.deepEqual(
      t.setting.cases.map(({ filter, setting }) => [filter?.value, setting.kind]),
      [
        ['self_attn', 'gradient'],
        ['mlp', 'gradient'],
        [undefined, 'scalar'],
      ],
    );
    assert.deepEqual([recipe.dtype?.value, recipe.tokenizer?.value], ['float16', 'union']);
  });

  it('reads modules, models as mappings, and merge keys', () => {
    const { recipe, problems } = parseRecipe(`
common: &model {model: {model: {path: org/in, revision: abc}}}
merge_method: linear
modules:
  text_decoder:
    models:
      - {<<: *model, parameters: {weight: 0.3}}
      - {model: {model: rl, lora: adapter}, parameters: {weight: 0.7}}
`);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['unknown-key'],
    ); // "common" is where the anchor lies
    assert.ok(recipe.form?.kind === 'merge' && recipe.form.body.kind === 'modules');
    const [module] = recipe.form.body.modules;
    assert.ok(module?.body.kind === 'models');
    assert.deepEqual(
      module.body.models.map(({ model, parameters }) => [model.value, parameters.length]),
      [
        ['org/in@abc', 1],
        ['rl+adapter', 1],
      ],
    );
  });

  it('passes over what mergekit passes over, with a warning', () => {
    for (const [text, message] of [
      ['name: mine\n', '"name" is ignored here, as mergekit ignores it.'],
      ['x-common: &p {weight: 1}\n', '"x-common" is ignored here, as mergekit ignores it.'],
      [
        'paramters: {normalize: true}\n',
        '"paramters" is ignored here, as mergekit ignores it; did you mean parameters?',
      ],
    ] as const) {
      const { problems, recipe } = parseRecipe(
        `${text}merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n`,
      );
      assert.deepEqual(
        problems.map(({ severity, message: said }) => [severity, said]),
        [['warning', message]],
      );
      assert.equal(recipe.form?.kind, 'merge');
    }
    const { problems } = parseRecipe(
      'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a, layer_range: [0, 4], weight: 1, note: x}]\n',
    );
    assert.deepEqual(
      problems.map(({ severity, message }) => [severity, message.split(', as mergekit ignores it')[1]]),
      [
        ['warning', ': under models, whole models are merged. Ranges of layers belong under slices.'],
        ['warning', ': parameters of the method belong under parameters.'],
        ['warning', '.'],
      ],
    );
  });

  it('says that ranges exclude their end, and makes no model without layers', () => {
    const said = (...ranges: string[]) =>
      parseRecipe(
        'merge_method: ' +
          `passthrough\nslices:\n${ranges.map((range) => `  - sources: [{model: a, layer_range: ${range}}]\n`).join('')}`,
      ).problems.map(({ code, severity, message }) => [code, severity, message]);
    const excludes = 'Ranges exclude their end: [0, 4] is layers 0 to 3.';
    assert.deepEqual(said('[0, -1]'), [
      ['layer-range', 'error', `Layers count from 0, and a negative number does not count from the end. ${excludes}`],
    ]);
    assert.deepEqual(said('[4, 2]'), [
      ['layer-range', 'error', `This range runs backwards: layer 4 comes after 2. ${excludes}`],
    ]);
    const none = 'and the model would have none: ranges exclude their end, so layer';
    assert.deepEqual(said('[0, 0]'), [['layer-range', 'error', `[0, 0] has no layer, ${none} 0 is [0, 1].`]]);
    assert.deepEqual(
      said('[0, 0]', '[3, 3]').map(([, severity]) => severity),
      ['error', 'error'],
    );
    assert.deepEqual(
      said('[0, 4]', '[5, 5]', '[6, 8]').map(([, , message]) => message),
      ['[5, 5] has no layer: ranges exclude their end, so layer 5 is [5, 6].'],
    );
    // As mergekit takes embeddings, or final norm and head, from another model.
    assert.deepEqual(
      said('[0, 0]', '[0, 8]', '[8, 8]').map(([, severity]) => severity),
      ['warning', 'warning'],
    );
  });

  it('says that an empty range of interpolate or noise changes nothing', () => {
    for (const form of ['interpolate: {a: x, b: y, alpha: 0.5', 'noise: {model: x, sigma: 0.1']) {
      const text = `${form}, layers: [3, 3]}\n`;
      assert.deepEqual(
        parseRecipe(text).problems.map(({ severity, offset, message }) => [severity, offset, message]),
        [
          [
            'warning',
            text.indexOf('[3, 3]'),
            '[3, 3] has no layer, so nothing changes: ranges exclude their end, so layer 3 is [3, 4].',
          ],
        ],
      );
      assert.deepEqual(parseRecipe(`${form}, layers: [3, 4]}\n`).problems, []);
    }
  });

  it('is one document', () => {
    const { problems } = parseRecipe('stitch: a:b:c\n---\nstitch: c:b:a\n');
    assert.equal(problems.length, 1);
    assert.match(problems[0]!.message, /^A recipe is one YAML document, and another begins here, after ---\./);
    assert.deepEqual(parseRecipe('---\nstitch: a:b:c\n').problems, []);
  });

  const CASES: readonly [name: string, text: string, expected: readonly string[]][] = [
    ['an empty text', '', ['conflicting-keys error «»']],
    ['a comment alone', '# nothing\n', ['conflicting-keys error «»']],
    ['a text that is no mapping', '- a\n- b\n', ['wrong-type error «- a\n- b\n»']],
    ['no form', 'checkpoints: {in: a}\n', ['conflicting-keys error «checkpoints: {in: a}»']],
    ['two forms', 'stitch: a:b:c\nnoise: {model: a, sigma: 1}\n', ['conflicting-keys error «noise»']],
    ['an unknown key', 'stich: a:b:c\n', ['unknown-key error «stich»']],
    ['a duplicate key', 'stitch: a:b:c\nstitch: a:b:c\n', ['duplicate-key error «stitch»']],
    ['a shorthand of two', 'stitch: a:b\n', ['bad-value error «a:b»']],
    ['a stitch without late', 'stitch: {early: a, mid: b}\n', ['missing-key error «{early: a, mid: b}»']],
    ['three cuts', 'stitch: {early: a, mid: b, late: c, cuts: [1, 2, 3]}\n', ['bad-value error «[1, 2, 3]»']],
    ['cuts that run backwards', 'stitch: {early: a, mid: b, late: c, cuts: [8, 4]}\n', ['layer-range error «[8, 4]»']],
    ['half a layer', 'noise: {model: a, sigma: 1, layers: [1.5, 3]}\n', ['wrong-type error «[1.5, 3]»']],
    ['layers that run backwards', 'noise: {model: a, sigma: 1, layers: [3, 1]}\n', ['layer-range error «[3, 1]»']],
    ['a negative sigma', 'noise: {model: a, sigma: -1}\n', ['bad-value error «-1»']],
    ['infinite noise', 'noise: {model: a, sigma: .inf}\n', ['bad-value error «.inf»']],
    ['sigma as a word', 'noise: {model: a, sigma: much}\n', ['wrong-type error «much»']],
    ['a part that is none', 'interpolate: {a: a, b: b, alpha: 1, part: attn}\n', ['bad-value error «attn»']],
    ['a role that looks like a path', 'checkpoints: {./in: x}\nstitch: a:b:c\n', ['bad-value error «./in»']],
    ['an unknown method', 'merge_method: tise\nmodels: [{model: a}]\n', ['unknown-method error «tise»']],
    ['models without a method', 'models: [{model: a}]\n', ['missing-key error «models»']],
    ['a method beside a stitch', 'stitch: a:b:c\nmerge_method: ties\n', ['conflicting-keys warning «merge_method»']],
    [
      'no base',
      'merge_method: ties\nmodels:\n  - model: b\n    parameters: {weight: 1}\n',
      ['missing-base error «ties»'],
    ],
    [
      'a base outside the slice',
      'merge_method: slerp\nbase_model: a\nparameters: {t: 0.5}\nslices:\n  - sources:\n      - {model: b, ' +
        'layer_range: [0, 1]}\n      - {model: c, layer_range: [0, 1]}\n',
      ['missing-base error «{model: b, layer_range: [0, 1]}»'],
    ],
    [
      'sources of two lengths',
      'merge_method: linear\nparameters: {weight: 1}\nslices:\n  - sources:\n      - {model: b, layer_range: ' +
        '[0, 1]}\n      - {model: c, layer_range: [0, 2]}\n',
      ['layer-range error «[0, 2]»'],
    ],
    [
      'too many models',
      'merge_method: slerp\nbase_model: a\nparameters: {t: 0.5}\nmodels: [{model: a}, {model: b}, {model: c}]\n',
      ['model-count error «models»'],
    ],
    [
      'too few models beside the base',
      'merge_method: nuslerp\nbase_model: a\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n',
      ['model-count error «models»'],
    ],
    [
      'a model twice',
      'checkpoints: {b: x}\nmerge_method: linear\nparameters: {weight: 1}\nmodels: [{model: b}, {model: B}]\n',
      ['bad-value error «B»'],
    ],
    ['no weight', 'merge_method: linear\nmodels: [{model: a}]\n', ['missing-parameter error «a»']],
    [
      'no t',
      'merge_method: slerp\nbase_model: a\nmodels: [{model: a}, {model: b}]\n',
      ['missing-parameter error «models»'],
    ],
    ['a parameter that the method ignores', `${TIES}parameters: {gamma: 0.1}\n`, ['unknown-parameter warning «gamma»']],
    [
      'a shared parameter under a model',
      TIES.replace('weight: 1', 'weight: 1, lambda: 2'),
      ['parameter-place warning «lambda»'],
    ],
    [
      'a parameter out of its range',
      TIES.replace('weight: 1', 'weight: 1, density: [0.1, 1.5]'),
      ['bad-value error «1.5»'],
    ],
    [
      'a parameter that is no number',
      TIES.replace('weight: 1', 'weight: [{filter: mlp, value: heavy}, {value: 1}]'),
      ['bad-value error «heavy»'],
    ],
    ['a gradient mixed with cases', TIES.replace('weight: 1', 'weight: [0.5, {value: 1}]'), ['wrong-type error «0.5»']],
    [
      'a case without a value',
      TIES.replace('weight: 1', 'weight: [{filter: mlp}]'),
      ['missing-key error «{filter: mlp}»'],
    ],
    [
      'tokens to move',
      `${TIES}tokenizer: {source: base, tokens: {<a>: {source: base, force: true}}}\n`,
      ['unsupported error «tokens»'],
    ],
    ['the name of a chat template', `${TIES}chat_template: chatml\n`, ['unsupported error «chatml»']],
    ['a dtype that is none', `${TIES}dtype: bf16\n`, ['bad-value error «bf16»']],
    [
      'two tokenizers',
      `${TIES}tokenizer_source: base\ntokenizer: {source: base}\n`,
      ['conflicting-keys error «tokenizer_source»'],
    ],
    [
      'text that is no YAML, and nothing else of it',
      'merge_method: ties\nmodels: [1, {\n',
      ['yaml error «»', 'yaml error «»'],
    ],
    ['text that is no YAML', 'stitch: {early: a, mid: b, late: c\n', ['yaml error «»']],
  ];
  for (const [name, text, expected] of CASES) it(`finds ${name}`, () => assert.deepEqual(problemsOf(text), expected));

  it('says sentences', () => {
    for (const [, text] of CASES) {
      for (const { message } of parseRecipe(text).problems) assert.match(message, /^["A-Za-z(].*[.?!]$/, message);
    }
  });

  it('mends what it can', () => {
    assert.equal(
      mended('stitch: {early: a, mid: b, late: c, cut: [1, 2]}'),
      'stitch: {early: a, mid: b, late: c, cuts: [1, 2]}',
    );
    assert.equal(mended('merge_method: tise\nmodels: [{model: a}]\n'), 'merge_method: ties\nmodels: [{model: a}]\n');
    assert.equal(
      mended('stitch: {early: a, mid: b, late: c, cuts: [8, 4]}'),
      'stitch: {early: a, mid: b, late: c, cuts: [4, 8]}',
    );
    assert.equal(mended('stitch: a:b:c\nmerge_method: ties\ndtype: float32\n'), 'stitch: a:b:c\ndtype: float32\n');
    assert.equal(
      mended('merge_method: ties\nparameters: {weight: 1}\nmodels: [{model: b}]\n'),
      'merge_method: ties\nbase_model: b\nparameters: {weight: 1}\nmodels: [{model: b}]\n',
    );
    assert.equal(mended('models: [{model: a}]\n'), 'merge_method: linear\nmodels: [{model: a}]\n');
    assert.equal(mended(`${TIES}parameters: {normalise: true}\n`), `${TIES}parameters: {normalize: true}\n`);
  });

  it('takes numbers and truth as the readers of mergekit do', () => {
    assert.deepEqual(problemsOf(`${TIES}parameters: {lambda: "1e-3", normalize: yes, int8_mask: 1}\n`), []);
  });

  it('stops at bombs', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefghij'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghij'[index]}, `.repeat(9)}*${'abcdefghij'[index]}]`),
    ].join('\n');
    assert.equal(parseRecipe(bomb).problems.filter(({ code }) => code === 'too-large').length, 1);
    for (const text of [
      '['.repeat(200_000),
      `stitch: ${'{a: '.repeat(50)}`,
      'x'.repeat(2 ** 18 + 1),
      'models: &a [*a]\nmerge_method: linear\n',
      `a: ${'[1, '.repeat(2000)}`,
    ]) {
      assert.ok(parseRecipe(text).problems.length > 0);
    }
  });

  it('takes any text without throwing, and places problems inside it', () => {
    const words = [
      'stitch',
      ':',
      ' ',
      '\n',
      '- ',
      'models',
      '{',
      '}',
      '[',
      ']',
      '"',
      '&a',
      '*a',
      '<<',
      '?',
      '!!int',
      'a:b:c',
      'merge_method: ties\n',
      'model',
      'parameters',
      '  ',
      '9',
      '#',
      '|',
      '%',
      '\t',
      '__proto__',
    ];
    let state = 1;
    const next = (count: number) => (state = (state * 48271) % 2147483647) % count;
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: next(30) }, () => words[next(words.length)]).join('');
      for (const { offset, length } of parseRecipe(text).problems)
        assert.ok(offset >= 0 && length >= 0 && offset + length <= text.length, JSON.stringify(text));
    }
  });
});

describe('the schema', () => {
  it('says what stands where', () => {
    const text = 'merge_method: slerp\nparameters:\n  t:\n    - filter: mlp\n      value: 0.5\n';
    const { tree } = parseRecipe(text);
    const at = pathAt(tree!, text.indexOf('mlp') + 1);
    assert.deepEqual([at.path, at.on], [['parameters', 't', 0, 'filter'], 'value']);
    assert.deepEqual(shapeAt(at.path), { kind: 'text' });
    assert.equal(pathAt(tree!, text.indexOf('value') + 2).on, 'key');
    assert.deepEqual(shapeAt(['merge_method']), { kind: 'method' });
    assert.deepEqual(shapeAt(['slices', 0, 'sources', 2, 'layer_range']), { kind: 'layers' });
    assert.equal(shapeAt(['nothing', 'there']), undefined);
    assert.equal(shapeAt(['constructor']), undefined);
  });

  it('describes every key and every parameter', () => {
    for (const { doc, keys } of Object.values(MAPS))
      for (const text of [doc, ...Object.values(keys).map((key) => key.doc)]) assert.match(text, /\.$/);
    for (const name of METHOD_NAMES) {
      assert.equal(METHODS[name].name, name);
      for (const text of [METHODS[name].doc, ...METHODS[name].parameters.map(({ doc }) => doc)])
        assert.match(text, /\.$/);
    }
  });

  it('makes a JSON Schema of all of it', () => {
    const schema = jsonSchema() as { definitions: Record<string, { properties?: object }> };
    for (const [map, { keys }] of Object.entries(MAPS))
      assert.deepEqual(Object.keys(schema.definitions[map]!.properties!), Object.keys(keys));
  });
});

describe('nearest', () => {
  it('finds what was meant, and nothing far', () => {
    assert.equal(nearest('Weigth', ['weight', 'density']), 'weight');
    assert.equal(nearest('task_arithemtic', METHOD_NAMES), 'task_arithmetic');
    assert.equal(nearest('foo', METHOD_NAMES), undefined);
    assert.equal(nearest('t', ['weight']), undefined);
  });
});
