// Cuts, layer counts, and which checkpoints are of one family.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { FrankensteinError } from '../errors.js';
import { defaultCuts, regionOfLayer, resolveCuts } from './cuts.js';
import { describeModel, sameFamily, tiesHead } from './model.js';
import { isExtra } from './names.js';
import { locateTensor } from './place.js';

describe('cuts', () => {
  const defaults: [number, number, number][] = [
    [28, 9, 18],
    [36, 12, 24],
    [32, 10, 21],
    [4, 1, 2],
    [2, 0, 1],
    [1, 0, 0],
    [0, 0, 0],
  ];
  for (const [layers, a, b] of defaults)
    it(`are ${a}, ${b} for ${layers} layers`, () => assert.deepEqual(defaultCuts(layers), [a, b]));

  it('make regions', () => {
    assert.deepEqual(
      [0, 8, 9, 17, 18, 27].map((layer) => regionOfLayer(layer, [9, 18])),
      ['early', 'early', 'mid', 'mid', 'late', 'late'],
    );
    assert.deepEqual(
      [0, 1].map((layer) => regionOfLayer(layer, [0, 1])),
      ['mid', 'late'],
    );
  });

  it('are thirds when left out, and kept when they fit', () => {
    assert.deepEqual(resolveCuts(undefined, 28), [9, 18]);
    for (const cuts of [
      [8, 20],
      [0, 0],
      [0, 28],
      [28, 28],
    ])
      assert.deepEqual(resolveCuts(cuts, 28), cuts);
  });

  const wrong: { cuts: number[]; sentence: RegExp }[] = [
    { cuts: [8], sentence: /two layer numbers, such as 9,18; 1 given/ },
    { cuts: [1, 2, 3], sentence: /3 given/ },
    { cuts: [8.5, 20], sentence: /whole layer numbers; 8\.5,20/ },
    { cuts: [NaN, 20], sentence: /whole layer numbers/ },
    { cuts: [-1, 20], sentence: /outside the model, which has 28 language layers/ },
    { cuts: [8, 29], sentence: /outside the model/ },
    { cuts: [20, 8], sentence: /first cut \(20\).*must not exceed the second \(8\)/ },
  ];
  for (const { cuts, sentence } of wrong) {
    it(`are refused when they are ${cuts.join(', ')}`, () => {
      assert.throws(
        () => resolveCuts(cuts, 28),
        (error) => error instanceof FrankensteinError && error.code === 'bad-request' && sentence.test(error.message),
      );
    });
  }
});

const text = (layers: number) =>
  Array.from({ length: layers }, (_, layer) => `model.layers.${layer}.mlp.up_proj.weight`);
const qwen = (layers: number) => [
  ...text(layers),
  'lm_head.weight',
  'visual.blocks.0.mlp.gate_proj.weight',
  'visual.merger.ln_q.weight',
];

describe('describeModel', () => {
  const counts: { what: string; config: Record<string, unknown>; warning?: RegExp; missing?: RegExp }[] = [
    { what: 'a nested count', config: { model_type: 'qwen2_5_vl', text_config: { num_hidden_layers: 3 } } },
    { what: 'a flat count', config: { model_type: 'qwen2_5_vl', num_hidden_layers: 3 } },
    { what: 'no count', config: { model_type: 'qwen2_5_vl', text_config: {} } },
    { what: 'a count that is no number', config: { model_type: 'qwen2_5_vl', num_hidden_layers: '3' } },
    {
      what: 'more layers',
      config: { model_type: 'qwen2_5_vl', num_hidden_layers: 28 },
      missing: /says 28 language layers, but nothing is stored of 3, 4, 5, …/,
    },
    {
      what: 'more layers in its text_config',
      config: { model_type: 'qwen2_5_vl', text_config: { num_hidden_layers: 28 } },
      missing: /28 language layers/,
    },
    {
      what: 'more layers for an internal model',
      config: { model_type: 'qwen2_5_vl', llm_config: { num_hidden_layers: 5 } },
      missing: /5 language layers, but nothing is stored of 3, 4:/,
    },
    {
      what: 'more layers for a thinker',
      config: { model_type: 'qwen2_5_vl', thinker_config: { text_config: { num_hidden_layers: 6 } } },
      missing: /6 language layers/,
    },
    {
      what: 'a greater vision depth',
      config: { model_type: 'qwen2_5_vl', vision_config: { depth: 32 } },
      missing: /32 vision blocks, but nothing is stored of 1, 2, 3, …/,
    },
    {
      what: 'a tie although the head is there',
      config: { model_type: 'qwen2_5_vl', tie_word_embeddings: true },
      warning: /lm_head\.weight is stored too/,
    },
    {
      what: 'flags that contradict each other',
      config: { model_type: 'qwen2_5_vl', tie_word_embeddings: true, text_config: { tie_word_embeddings: false } },
    },
    {
      what: 'another family than the names',
      config: { model_type: 'gemma3' },
      warning: /says gemma3, but the tensor names are those of qwen2_5_vl/,
    },
    { what: 'a private model_type', config: { model_type: 'my_vlm' } },
  ];
  it('takes the head for the embedding that is tied to it and not stored', () => {
    const names = ['model.layers.0.mlp.up_proj.weight', 'lm_head.weight'];
    const config = { model_type: 'qwen2', tie_word_embeddings: true };
    const model = describeModel(names, config);
    assert.equal(model.names.get('lm_head.weight'), 'model.embed_tokens.weight');
    assert.match(model.warnings.join(), /embedding is not stored, and the head that is tied to it is/);
    const untied = describeModel(names, { ...config, tie_word_embeddings: false });
    assert.equal(untied.names.get('lm_head.weight'), 'lm_head.weight');
  });

  it('counts no layers where transformers does not look for the count', () => {
    const config = { model_type: 'qwen2_5_vl', num_hidden_layers: 2, text_config: {} };
    const model = describeModel(qwen(3), config);
    assert.equal(model.layers, 3);
    assert.match(model.warnings.join(), /above its text_config alone, where transformers does not look/);
  });

  for (const { what, config, warning, missing } of counts) {
    it(`holds names against a config with ${what}`, () => {
      const model = describeModel([...qwen(3), 'model.embed_tokens.weight'], config);
      assert.equal(model.layout, 'qwen2_5_vl');
      if (missing !== undefined) return assert.match(model.missing ?? '', missing);
      assert.deepEqual([model.layers, model.visionLayers, model.missing], [3, 1, undefined]);
      if (warning === undefined) assert.deepEqual(model.warnings, []);
      else assert.match(model.warnings.join('\n'), warning);
    });
  }

  it('counts one more than the highest index where no config counts, whatever lies between', () => {
    for (const config of [undefined, { model_type: 'llama' }])
      assert.equal(describeModel(['model.layers.0.x', 'model.layers.41.x'], config).layers, 42);
  });

  it('runs as many layers and blocks as the config says; those beyond are extra and in no layer', () => {
    const names = [...qwen(4), 'visual.blocks.1.mlp.gate_proj.weight', 'model.layers.4.eh_proj.weight'];
    const model = describeModel(names, { model_type: 'qwen2_5_vl', num_hidden_layers: 3, vision_config: { depth: 1 } });
    assert.deepEqual([model.layers, model.visionLayers, model.missing], [3, 1, undefined]);
    assert.match(
      model.warnings.join(),
      /beyond the 3 language layers and 1 vision blocks.*: layer 3, vision block 1, layer 4;/,
    );
    const locations = names.map((name) => locateTensor(model.names.get(name)!, model, [1, 2]));
    const extra = locations.filter(({ name }) => isExtra(name));
    assert.deepEqual(
      extra.map(({ name, section, layer, depth, region }) => [name, section, layer, depth, region]),
      [
        'model.language_model.layers.3.mlp.up_proj.weight',
        'model.visual.blocks.1.mlp.gate_proj.weight',
        'model.language_model.layers.4.eh_proj.weight',
      ].map((name) => [`extra.${name}`, 'other', null, null, null]),
    );
    assert.deepEqual(
      locations.flatMap(({ layer, section }) => (section === 'language' && layer !== null ? [layer] : [])),
      [0, 1, 2],
    );
  });

  it('says which layers a gap lacks, however many a config claims', () => {
    const gap = describeModel(['model.layers.0.x', 'model.layers.2.x'], { model_type: 'llama', num_hidden_layers: 3 });
    assert.match(gap.missing ?? '', /3 language layers, but nothing is stored of 1:/);
    const many = describeModel(text(2), { model_type: 'llama', num_hidden_layers: 2 ** 52 });
    assert.match(many.missing ?? '', /nothing is stored of 2, 3, 4, …/);
  });

  it('warns where no tensor has the name of a layer', () => {
    const model = describeModel(['a.b.c'], { model_type: 'llama', num_hidden_layers: 2 });
    assert.match(model.warnings.join(), /2 language layers, but no tensor has the name of one/);
  });

  it('ties heads where transformers does', () => {
    // Read off models of transformers 5.24 that were loaded with each of these flags and without a head.
    const flags = [undefined, true, false];
    const tied = (type: string) =>
      flags.map((top) =>
        flags.map((text) =>
          tiesHead({ model_type: type, tie_word_embeddings: top, text_config: { tie_word_embeddings: text } }, type),
        ),
      );
    for (const type of ['qwen2_vl', 'qwen2_5_vl'])
      assert.deepEqual(tied(type), [
        [false, true, false],
        [true, true, true],
        [false, true, false],
      ]);
    assert.deepEqual(tied('qwen3_vl'), [
      [false, false, false],
      [true, true, true],
      [false, false, false],
    ]);
    for (const type of ['qwen2', 'qwen3', 'llama'])
      assert.deepEqual(
        flags.map((tie_word_embeddings) => tiesHead({ model_type: type, tie_word_embeddings }, type)),
        [false, true, false],
      );
    assert.equal(tiesHead({ model_type: 'paligemma' }, 'paligemma'), undefined, 'its default is not known here');
    for (const family of ['gemma3', 'gemma3_text', 'internvl'])
      assert.deepEqual(
        [{}, { tie_word_embeddings: false }].map((config) => tiesHead(config, family)),
        [true, false],
      );
  });

  it('has a word for what it does not know', () => {
    const model = describeModel(['weight'], undefined);
    assert.deepEqual(
      [model.family, model.layout, model.layers, model.names.get('weight')],
      ['unknown', 'unknown', 0, 'weight'],
    );
  });

  it('takes 50,000 names in its stride', () => {
    const names = qwen(9000).flatMap((name) => Array.from({ length: 6 }, (_, index) => `${name}.${index}`));
    // A tenth of a second on an idle machine; quadratic time would take minutes.
    assert.equal(describeModel(names, undefined).layers, 9000);
  });
});

describe('sameFamily', () => {
  const member = (path: string, names: string[], config?: Record<string, unknown>) => ({
    path,
    config,
    ...describeModel(names, config),
  });
  const nested = [
    'model.language_model.layers.0.mlp.up_proj.weight',
    'model.visual.blocks.0.mlp.gate_proj.weight',
    'model.visual.merger.ln_q.weight',
  ];
  const same: { what: string; a: ReturnType<typeof member>; b: ReturnType<typeof member> }[] = [
    {
      what: 'both layouts',
      a: member('/a', qwen(1), { model_type: 'qwen2_5_vl' }),
      b: member('/b', nested, { model_type: 'qwen2_5_vl' }),
    },
    {
      what: 'other architectures',
      a: member('/a', qwen(1), { model_type: 'qwen2_5_vl', architectures: ['A'] }),
      b: member('/b', qwen(1), { model_type: 'qwen2_5_vl', architectures: ['MiMoVL'] }),
    },
    { what: 'a missing config', a: member('/a', qwen(1), { model_type: 'qwen2_5_vl' }), b: member('/b', qwen(1)) },
    {
      what: 'a private model_type',
      a: member('/a', qwen(1), { model_type: 'qwen2_5_vl' }),
      b: member('/b', qwen(1), { model_type: 'mine' }),
    },
    {
      what: 'a text model without config',
      a: member('/a', text(1), { model_type: 'llama' }),
      b: member('/b', text(1)),
    },
  ];
  for (const { what, a, b } of same) it(`holds for ${what}`, () => sameFamily(a, b));

  const different: { what: string; a: ReturnType<typeof member>; b: ReturnType<typeof member> }[] = [
    {
      what: 'two generations',
      a: member('/a', qwen(1), { model_type: 'qwen2_5_vl' }),
      b: member('/b', ['visual.blocks.0.mlp.fc1.weight'], { model_type: 'qwen2_vl' }),
    },
    {
      what: 'a vision-language and its text model',
      a: member('/a', qwen(1), { model_type: 'qwen2_5_vl' }),
      b: member('/b', text(1), { model_type: 'qwen2' }),
    },
    {
      what: 'two text families',
      a: member('/a', text(1), { model_type: 'llama' }),
      b: member('/b', text(1), { model_type: 'qwen2' }),
    },
    {
      what: 'families that share a layout',
      a: member('/a', ['vision_tower.x.y', 'multi_modal_projector.x'], { model_type: 'llava' }),
      b: member('/b', ['vision_tower.x.y', 'multi_modal_projector.x'], { model_type: 'llava_onevision' }),
    },
    { what: 'two layouts recognised by their names', a: member('/a', qwen(1)), b: member('/b', text(1)) },
  ];
  for (const { what, a, b } of different) {
    it(`does not hold for ${what}, and names both`, () => {
      assert.throws(
        () => sameFamily(a, b),
        (error) =>
          error instanceof FrankensteinError &&
          error.code === 'mismatch' &&
          [a, b].every(({ path, family }) => error.message.includes(`${path} is ${family}`)),
      );
    });
  }
});
