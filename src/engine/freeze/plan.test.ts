/** Plans held against the sample IN: 12 language layers, 4 vision blocks, a tied head. */
import assert from 'node:assert/strict';
import path from 'node:path';
import * as v from 'valibot';
import { beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { expandEach, runsOf, splitSelectors } from './matrix.js';
import { countOf, parametersOf } from '../analyses/verify/parameters.js';
import { type FreezePlan, planFreeze } from './plan.js';
import { type FreezeInput, FreezeSchema } from './schema.js';
import { parseSelector } from '../analyses/verify/selector.js';
import { openCheckpoint } from '../merge/checkpoint.js';

const IN = path.resolve('samples/lineage/in');
let model: Checkpoint;
beforeAll(async () => {
  model = await openCheckpoint(IN);
});

function plan(input: Partial<FreezeInput>): Promise<FreezePlan> {
  const settings = v.parse(FreezeSchema, {
    model: IN,
    data: 'x.jsonl',
    trainer: 'trl',
    runs: { control: {} },
    ...input,
  });
  return planFreeze(settings, model);
}

/** Names that a run freezes, by its patterns alone: what a trainer does. */
function frozenBy(patterns: readonly string[]): string[] {
  return parametersOf(model)
    .map(({ name }) => name)
    .filter((name) => patterns.some((pattern) => new RegExp(pattern).test(name)));
}

describe('the parameters of a checkpoint in memory', () => {
  it('leave out a head that is tied', () => {
    assert.ok(!parametersOf(model).some(({ name }) => name === 'lm_head.weight'));
  });
  it('are each in one part', () => {
    const parts = new Map<string, number>();
    for (const { part, size } of parametersOf(model)) parts.set(part, (parts.get(part) ?? 0) + size);
    assert.deepEqual(Object.fromEntries(parts), {
      vision: 485_760,
      projector: 184_896,
      layers: 1_110_528,
      embeddings: 49_152,
      norms: 96,
    });
  });
});

describe('a plan', () => {
  it('has the control first, whatever its place, and a run per region', async () => {
    const { runs } = await plan({ runs: { late: { freeze: ['late'] }, control: {}, early: { freeze: ['early'] } } });
    assert.deepEqual(
      runs.map(({ name, control }) => [name, control]),
      [
        ['control', true],
        ['late', false],
        ['early', false],
      ],
    );
    assert.equal(runs[0]!.frozen.parameters, 0);
  });

  it('counts what its patterns freeze, and every parameter once', async () => {
    const { runs, model: of } = await plan({
      also: ['vision', 'projector'],
      runs: {
        ...runsOf(['early', '4-7', 'mid.attention', '0-1+10', '/\\.q_proj\\.weight$/'], ['3', 'late.mlp']),
      },
    });
    for (const run of runs) {
      const names = frozenBy(run.frozenPatterns);
      const sizes = new Map(parametersOf(model).map((parameter) => [parameter.name, parameter]));
      assert.deepEqual(countOf(names.map((name) => sizes.get(name)!)), run.frozen, run.name);
      assert.equal(run.frozen.parameters + run.trains.parameters, of.total.parameters, run.name);
    }
    const layersOf = (name: string) => runs.find((run) => run.name === name)!.layers;
    assert.deepEqual(layersOf('4-7'), [
      ...Array<string>(4).fill('trains'),
      ...Array<string>(4).fill('frozen'),
      ...Array<string>(4).fill('trains'),
    ]);
    assert.deepEqual(new Set(layersOf('mid.attention').slice(4, 8)), new Set(['partly']));
    assert.equal(layersOf('only-3').filter((state) => state === 'trains').length, 1);
  });

  it('closes a layer by its dot: 1 is not 10', async () => {
    const { runs } = await plan({ runs: { control: {}, one: { freeze: ['1'] } } });
    const names = frozenBy(runs[1]!.frozenPatterns);
    assert.ok(names.length > 0 && names.every((name) => name.includes('.layers.1.')));
  });

  it('freezes the vision tower without the projector inside it', async () => {
    const { runs } = await plan({ also: ['vision'] });
    const names = frozenBy(runs[0]!.frozenPatterns);
    assert.ok(names.every((name) => name.startsWith('model.visual.') && !name.includes('.merger.')));
    assert.equal(names.length, parametersOf(model).filter(({ part }) => part === 'vision').length);
  });

  it('takes the attention of a layer without the norms beside it', async () => {
    const { runs } = await plan({ runs: { control: {}, a: { freeze: ['2.attention'] }, m: { freeze: ['2.mlp'] } } });
    const names = [...frozenBy(runs[1]!.frozenPatterns), ...frozenBy(runs[2]!.frozenPatterns)];
    const layer = parametersOf(model).filter((parameter) => parameter.layer === 2);
    assert.deepEqual(
      layer.filter(({ name }) => !names.includes(name)).map(({ name }) => name.split('.').at(-2)),
      ['input_layernorm', 'post_attention_layernorm'],
    );
  });

  it('trains only what is named, and the rest of the model', async () => {
    const { runs } = await plan({ runs: { control: {}, only: { train_only: ['4-5', 'late.mlp'] } } });
    const frozen = new Set(frozenBy(runs[1]!.frozenPatterns));
    for (const { name, layer, part } of parametersOf(model)) {
      const trains = part !== 'layers' || layer === 4 || layer === 5 || (layer! >= 8 && name.includes('.mlp.'));
      assert.equal(frozen.has(name), !trains, name);
    }
  });

  it('says which stitch asks the same of a finished model', async () => {
    const { runs } = await plan({
      runs: {
        control: {},
        a: { freeze: ['mid'] },
        b: { freeze: ['0-3+4'] },
        c: { freeze: ['late.mlp'] },
        d: { freeze: ['0+5'] },
        e: { freeze: ['/q_proj/'] },
      },
    });
    assert.deepEqual(
      runs.map(({ transplant }) => transplant),
      [
        null,
        { layers: [4, 8], part: 'all' },
        { layers: [0, 5], part: 'all' },
        { layers: [8, 12], part: 'mlp' },
        null,
        null,
      ],
    );
  });

  it('repeats every run per seed', async () => {
    const { runs } = await plan({ seeds: [0, 7], runs: { control: {}, early: { freeze: ['early'] } } });
    assert.deepEqual(
      runs.map(({ name, seed }) => [name, seed]),
      [
        ['control.seed-0', 0],
        ['control.seed-7', 7],
        ['early.seed-0', 0],
        ['early.seed-7', 7],
      ],
    );
  });

  it('says what else trains', async () => {
    const { warnings } = await plan({ also: ['vision'] });
    assert.match(warnings[0]!, /projector \(184,896 parameters\), embeddings .*, norms/);
    assert.deepEqual((await plan({ also: ['vision', 'projector', 'embeddings', 'norms'] })).warnings, []);
  });

  it('puts adapters on linear maps that are not frozen, and counts their factors', async () => {
    const { runs } = await plan({ method: 'lora', lora_rank: 4, runs: { control: {}, early: { freeze: ['early'] } } });
    const [control, early] = runs.map(({ adapters }) => adapters!);
    assert.equal(control!.modules, 12 * 7);
    assert.equal(early!.modules, 8 * 7);
    // q and o 96 × 96, k and v 48 × 96, gate, up and down 224 × 96.
    assert.equal(early!.parameters, 8 * 4 * (2 * 192 + 2 * 144 + 3 * 320));
    const pattern = new RegExp(`^(?:${early!.pattern})$`);
    assert.ok(pattern.test('model.language_model.layers.4.self_attn.q_proj'));
    assert.ok(!pattern.test('model.language_model.layers.3.self_attn.q_proj'));
    assert.ok(!pattern.test('model.visual.blocks.4.mlp.up_proj'));
  });

  for (const [what, input, sentence] of [
    [
      'a pattern that matches nothing',
      { runs: { control: {}, x: { freeze: ['erly'] } } },
      /"erly" matches no parameter/,
    ],
    ['a pattern that matches everything', { runs: { control: {}, x: { freeze: ['/./'] } } }, /matches every parameter/],
    ['layers outside the model', { runs: { control: {}, x: { freeze: ['8-12'] } } }, /layers are 0 to 11/],
    ['layers that run backwards', { runs: { control: {}, x: { freeze: ['7-4'] } } }, /lower layer first/],
    ['an empty region', { cuts: [0, 4], runs: { control: {}, x: { freeze: ['early'] } } }, /early has no layer/],
    ['a plan without a control', { runs: { x: { freeze: ['early'] } } }, /no control/],
    ['two controls', { runs: { a: {}, b: {} } }, /2 runs that freeze nothing/],
    [
      'freeze and train_only at once',
      { runs: { control: {}, x: { freeze: ['0'], train_only: ['1'] } } },
      /says one of them/,
    ],
    ['a head that is tied', { also: ['head'] }, /tied to the embedding/],
    [
      'a pattern without end',
      { runs: { control: {}, x: { freeze: ['/^(a+)+$/', '/(l|l|l*)*x$/'] } } },
      /matches no|too long/,
    ],
    ['no adapters left', { method: 'lora', runs: { control: {}, x: { freeze: ['all'] } } }, /Nothing would train/],
  ] satisfies [string, Partial<FreezeInput>, RegExp][])
    it(`refuses ${what}`, async () => {
      await assert.rejects(plan(input), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'bad-request');
        assert.match(error.message, sentence);
        return true;
      });
    });
});

describe('the words of a selection', () => {
  it('are split at commas outside of brackets', () => {
    assert.deepEqual(splitSelectors('early, 4-7,/a{1,2}[,]/'), ['early', '4-7', '/a{1,2}[,]/']);
  });
  it('mean regions by the cuts', () => {
    const selected = parseSelector('mid+11', { layers: 12, cuts: [2, 5] });
    assert.deepEqual(selected, { kind: 'layers', text: 'mid+11', layers: [2, 3, 4, 11], part: null });
  });
  it('make a run per layer of "each"', () => {
    const runs = expandEach(runsOf(['each.mlp'], ['each']), 3);
    assert.deepEqual(Object.keys(runs), [
      'control',
      'layer-0.mlp',
      'layer-1.mlp',
      'layer-2.mlp',
      'only-layer-0',
      'only-layer-1',
      'only-layer-2',
    ]);
    assert.deepEqual(runs['only-layer-1'], { train_only: ['1'] });
  });
});
