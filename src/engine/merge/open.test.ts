// Recipes held against checkpoints: what is made, what is computed, and everything that may be wrong with it.
import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { readBytes, readElements } from '../tensors/elements.js';
import { fingerprint } from '../checkpoint/fingerprint.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { openCheckpoint } from './checkpoint.js';
import type { ErrorCode } from '../errors.js';
import { toMergekit } from './mergekit/mergekit.js';
import { readRecipe } from './open.js';
import { writeAdapter, pair } from '../../../test/fixtures/adapter.js';
import {
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeHubCheckpoint,
  writeLineage,
} from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
const at = (...names: string[]) => path.join(temporary.path, ...names);

beforeAll(async function () {
  temporary = await temporaryFolder();
  const tokenizer = (extra: string) => ({
    'tokenizer.json': { model: { vocab: { a: 0, [extra]: 1 } } },
    'preprocessor_config.json': {},
    'chat_template.jinja': `template of ${extra}`,
  });
  // 6 layers, 2 vision blocks; RL in the older spelling of names.
  await writeLineage(at(), { layers: 6, files: tokenizer('b') });
  await writeCheckpoint(at('old'), { layers: 6, layout: 'old', seed: 5, shards: 2, files: tokenizer('b') });
  await writeCheckpoint(at('deep'), { layers: 8, files: tokenizer('b') });
  await writeCheckpoint(at('wide'), { layers: 6, hidden: 32, files: tokenizer('b') });
  await writeCheckpoint(at('words'), { layers: 6, vocabulary: 40, files: tokenizer('c') });
  await writeCheckpoint(at('float'), { layers: 6, dtype: 'F32', seed: 9 });
  await writeCheckpoint(at('eight'), { layers: 6, dtype: 'F8_E4M3', seed: 9 });
  await writeCheckpoint(at('text'), { family: 'qwen2', layers: 6 });
  await writeCheckpoint(at('text2'), { family: 'qwen2', layers: 6, seed: 3 });
  await writeCheckpoint(at('llama'), { family: 'llama', layers: 6 });
  await writeCheckpoint(at('shallow'), { family: 'qwen2', layers: 4 });
  const heads = (config: object) => ({ hidden_size: 16, num_hidden_layers: 6, num_attention_heads: 4, ...config });
  await writeCheckpoint(at('heads'), { layers: 6, config: { text_config: heads({ rope_theta: 1e6 }) } });
  await writeCheckpoint(at('otherHeads'), { family: 'qwen2', layers: 6, config: heads({ num_attention_heads: 2 }) });
  await writeCheckpoint(at('otherTheta'), { family: 'qwen2', layers: 6, config: heads({ rope_theta: 1e4 }) });
});
afterAll(() => temporary.remove());

let count = 0;
async function write(text: string, name = `recipe-${count++}.frank.yaml`): Promise<string> {
  await writeFile(at(name), text);
  return at(name);
}
const open = async (text: string) => openCheckpoint(await write(text));
const problemsOf = async (text: string) =>
  (await readRecipe(await write(text), (location) => openCheckpoint(location))).problems.map(
    ({ code, severity, offset, length }) => `${code} ${severity} «${text.slice(offset, offset + length)}»`,
  );
const ROLES = 'checkpoints: {base: base, in: in, rl: rl}\n';

function stored(tensor: Tensor | undefined): string {
  assert.ok(tensor?.expression === undefined && tensor !== undefined, 'is computed');
  return path.basename(path.dirname(tensor.shard.realPath));
}
async function valuesOf(tensor: Tensor | undefined): Promise<Float64Array> {
  const values = new Float64Array(tensor!.size);
  await readElements(tensor!, 0, values);
  return values;
}
const layerOf = (checkpoint: Checkpoint, layer: number, rest = 'self_attn.q_proj.weight') =>
  checkpoint.tensors.get(`model.language_model.layers.${layer}.${rest}`);

describe('a recipe', () => {
  it('stitches regions by the rule of the paper, and computes nothing', async () => {
    const hybrid = await open(`${ROLES}stitch: IN:RL:BASE`);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((layer) => stored(layerOf(hybrid, layer))),
      ['in', 'in', 'rl', 'rl', 'base', 'base'],
    );
    for (const name of [
      'model.visual.patch_embed.proj.weight',
      'model.visual.merger.mlp.0.weight',
      'model.language_model.embed_tokens.weight',
      'model.language_model.norm.weight',
      'lm_head.weight',
    ])
      assert.equal(stored(hybrid.tensors.get(name)), 'in', name);
    const own = await openCheckpoint(at('in'));
    assert.deepEqual([...hybrid.tensors.keys()], [...own.tensors.keys()]);
    assert.deepEqual(
      [hybrid.layers, hybrid.visionLayers, hybrid.family, hybrid.warnings, hybrid.config],
      [6, 2, 'qwen2_5_vl', [], own.config],
    );
    assert.deepEqual(hybrid.files, own.files);
    assert.equal(hybrid.virtual?.summary, 'Stitch IN:RL:BASE, layers 0–1 IN, 2–3 RL, 4–5 BASE');
  });

  it('takes cuts, regions of no layer included', async () => {
    const hybrid = await open(`${ROLES}stitch: {early: rl, mid: in, late: base, cuts: [0, 6]}`);
    assert.deepEqual(
      [0, 5].map((layer) => stored(layerOf(hybrid, layer))),
      ['in', 'in'],
    );
    assert.equal(stored(hybrid.tensors.get('lm_head.weight')), 'rl');
  });

  it('spells names as the owner does, whatever the donors do', async () => {
    for (const [owner, donor, spelled] of [
      ['in', 'old', 'model.language_model.layers.5.mlp.up_proj.weight'],
      ['old', 'in', 'model.layers.5.mlp.up_proj.weight'],
    ]) {
      const hybrid = await open(`stitch: {early: ${owner}, mid: ${donor}, late: ${donor}}`);
      const tensor = layerOf(hybrid, 5, 'mlp.up_proj.weight')!;
      assert.equal(tensor.onDisk, spelled);
      assert.deepEqual(
        await readBytes(tensor),
        await readBytes(layerOf(await openCheckpoint(at(donor!)), 5, 'mlp.up_proj.weight')!),
      );
    }
  });

  it('takes language layers of a text model, under the names of the vision-language model', async () => {
    const text = await openCheckpoint(at('text2'));
    for (const owner of ['in', 'old']) {
      const hybrid = await open(`stitch: {early: ${owner}, mid: text2, late: ${owner}}`);
      const own = await openCheckpoint(at(owner));
      assert.deepEqual([...hybrid.tensors.keys()], [...own.tensors.keys()]);
      assert.deepEqual([hybrid.config, hybrid.warnings], [own.config, []]);
      assert.deepEqual(
        [0, 2, 3, 4].map((layer) => stored(layerOf(hybrid, layer))),
        [owner, 'text2', 'text2', owner],
      );
      const tensor = layerOf(hybrid, 2)!;
      assert.equal(tensor.onDisk, layerOf(own, 2)!.onDisk);
      assert.deepEqual(
        await readBytes(tensor),
        await readBytes(text.tensors.get('model.layers.2.self_attn.q_proj.weight')!),
      );
    }
    const mixed = await open('interpolate: {a: in, b: text2, alpha: 0.5}');
    const [a, b] = [
      layerOf(await openCheckpoint(at('in')), 1),
      text.tensors.get('model.layers.1.self_attn.q_proj.weight'),
    ];
    const [mean, one, two] = await Promise.all([layerOf(mixed, 1), a, b].map(valuesOf));
    mean!.forEach((value, index) =>
      assert.ok(Math.abs(value - (one![index]! + two![index]!) / 2) <= Math.abs(value) / 256 + 1e-9),
    );
  });

  it('interpolates a part of some layers in float64 and rounds once', async () => {
    const hybrid = await open(`${ROLES}interpolate: {a: in, b: rl, alpha: [0.25, 0.75], layers: [2, 4], part: mlp}`);
    const [a, b] = await Promise.all(['in', 'rl'].map((name) => openCheckpoint(at(name))));
    const computed = [...hybrid.tensors.values()]
      .filter(({ expression }) => expression !== undefined)
      .map(({ name }) => name);
    assert.deepEqual(
      computed.map((name) => name.replace('model.language_model.layers.', '')).sort(),
      [2, 3].flatMap((layer) => ['down', 'gate', 'up'].map((which) => `${layer}.mlp.${which}_proj.weight`)),
    );
    for (const [layer, alpha] of [
      [2, 0.25],
      [3, 0.75],
    ] as const) {
      const [left, right, result] = await Promise.all(
        [a!, b!, hybrid].map((one) => valuesOf(layerOf(one, layer, 'mlp.up_proj.weight'))),
      );
      const rounded = new Float32Array(1);
      const bits = new Uint32Array(rounded.buffer);
      result!.forEach((value, index) => {
        const exact = (1 - alpha) * left![index]! + alpha * right![index]!;
        rounded[0] = value;
        assert.equal(bits[0]! & 0xffff, 0, 'is no bfloat16');
        assert.ok(Math.abs(value - exact) <= 2 ** -8 * Math.abs(exact));
      });
      assert.ok(result!.some((value, index) => value !== left![index]));
    }
  });

  it('knows attention from the norms beside it', async () => {
    const hybrid = await open(`${ROLES}interpolate: {a: in, b: rl, alpha: 1, layers: [0, 1], part: attention}`);
    const from = [...hybrid.tensors.values()]
      .filter((tensor) => stored(tensor) === 'rl')
      .map(({ name }) => name.split('.').slice(4).join('.'));
    assert.ok(from.length > 0 && from.every((rest) => rest.startsWith('self_attn.')), from.join());
    const whole = await open(`${ROLES}interpolate: {a: in, b: rl, alpha: 1, layers: [0, 1]}`);
    assert.ok(
      [...whole.tensors.values()].some(
        (tensor) => stored(tensor) === 'rl' && tensor.name.endsWith('post_attention_layernorm.weight'),
      ),
    );
  });

  it('adds the same noise every time, and other noise to other tensors and seeds', async () => {
    const noisy = (seed: number) =>
      open(`noise: {model: in, sigma: 0.5, scale: relative, layers: [1, 3], part: mlp, seed: ${seed}}`);
    const [first, again, other] = [await noisy(0), await noisy(0), await noisy(1)];
    const difference = async (checkpoint: Checkpoint, layer: number) => {
      const [noised, plain] = [
        await valuesOf(layerOf(checkpoint, layer, 'mlp.up_proj.weight')),
        await valuesOf(layerOf(await openCheckpoint(at('in')), layer, 'mlp.up_proj.weight')),
      ];
      return noised.map((value, index) => value - plain[index]!);
    };
    assert.deepEqual(await difference(first, 1), await difference(again, 1));
    assert.notDeepEqual(await difference(first, 1), await difference(first, 2));
    assert.notDeepEqual(await difference(first, 1), await difference(other, 1));
    assert.ok((await difference(first, 0)).every((value) => value === 0));
  });

  it("is a source of another recipe, and of an adapter's model", async () => {
    const inner = path.basename(await write(`${ROLES}interpolate: {a: in, b: rl, alpha: 0.5}`));
    const outer = await open(`stitch: {early: base, mid: ${inner}, late: in}`);
    const direct = await open(`${ROLES}interpolate: {a: in, b: rl, alpha: 0.5}`);
    assert.equal(stored(layerOf(outer, 0)), 'base');
    assert.deepEqual(await valuesOf(layerOf(outer, 2)), await valuesOf(layerOf(direct, 2)));
    const adapter = await writeAdapter(at('lora'), {
      tensors: pair('model.language_model.layers.2.self_attn.q_proj', 16, 16, 2, 1),
      config: { base_model_name_or_path: at('in') },
    });
    const adapted = await openCheckpoint(`${outer.path}+${adapter}`);
    assert.notDeepEqual(await valuesOf(layerOf(adapted, 2)), await valuesOf(layerOf(outer, 2)));
    const within = await open(`stitch: {early: in, mid: in+lora, late: in}`);
    assert.equal(layerOf(within, 2)?.expression?.kind, 'lora');
  });

  it('has the layers, dtype and tokenizer that it says', async () => {
    const stacked = await open(
      'merge_method: passthrough\nslices:\n  - sources: [{model: text, layer_range: [0, 4]}]\n  - sources: ' +
        '[{model: text2, layer_range: [2, 6]}]\ndtype: float32\n',
    );
    assert.equal(stacked.layers, 8);
    assert.deepEqual([stacked.config?.['num_hidden_layers']], [8]);
    assert.equal(stacked.tensors.get('model.layers.7.mlp.up_proj.weight')?.onDisk, 'model.layers.7.mlp.up_proj.weight');
    assert.deepEqual(
      await valuesOf(stacked.tensors.get('model.layers.7.mlp.up_proj.weight')),
      await valuesOf((await openCheckpoint(at('text2'))).tensors.get('model.layers.5.mlp.up_proj.weight')),
    );
    assert.deepEqual(new Set([...stacked.tensors.values()].map(({ dtype }) => dtype)), new Set(['F32']));
    const merged = await open(
      'merge_method: linear\nmodels: [{model: in, parameters: {weight: 1}}, {model: rl, parameters: {weight: ' +
        '1}}]\ntokenizer_source: rl\nchat_template: "{{ messages }}"\n',
    );
    assert.equal(merged.files.get('tokenizer.json'), at('rl', 'tokenizer.json'));
    assert.equal(merged.files.get('preprocessor_config.json'), at('in', 'preprocessor_config.json'));
    assert.equal(merged.virtual?.chatTemplate, '{{ messages }}');
  });

  it('finds models in the Hugging Face cache, by name and revision', async () => {
    const hub = at('hub');
    await writeHubCheckpoint(hub, 'org/Model', 'abc123', { layers: 6 });
    const before_ = process.env['HF_HUB_CACHE'];
    process.env['HF_HUB_CACHE'] = hub;
    try {
      for (const name of ['org/Model', 'org/Model@abc123'])
        assert.equal((await open(`stitch: {early: ${name}, mid: in, late: in}`)).layers, 6);
      await assert.rejects(open('stitch: {early: org/Model@zzz, mid: in, late: in}'), { code: 'not-found' });
    } finally {
      if (before_ === undefined) delete process.env['HF_HUB_CACHE'];
      else process.env['HF_HUB_CACHE'] = before_;
    }
  });

  it('is inspected like any other, and has a fingerprint of its meaning', async () => {
    const stitch = await open(`${ROLES}stitch: IN:RL:RL`);
    const inspected = await inspectCheckpoint(stitch.path);
    assert.equal(inspected.layers, 6);
    const same = await open('# the same, said otherwise\nstitch:\n  early: in\n  mid: rl\n  late: rl\n');
    assert.equal(await fingerprint(stitch), await fingerprint(same));
    for (const other of [
      `${ROLES}stitch: IN:RL:IN`,
      `${ROLES}stitch: {early: in, mid: rl, late: rl, cuts: [1, 4]}`,
      `${ROLES}stitch: RL:IN:IN`,
      `${ROLES}stitch: IN:RL:RL\ndtype: float32`,
    ])
      assert.notEqual(await fingerprint(stitch), await fingerprint(await open(other)), other);
    const noise = (text: string) =>
      open(`noise: {model: in, sigma: 1${text}}`).then((checkpoint) => fingerprint(checkpoint));
    assert.notEqual(await noise(''), await noise(', seed: 1'));
  });

  it('leaves out layers that the config of a source does not count, and says so', async () => {
    await writeCheckpoint(at('cut'), { layers: 8, config: { text_config: { num_hidden_layers: 6 } } });
    for (const text of [
      'stitch: {early: cut, mid: in, late: in}',
      'merge_method: passthrough\nslices: [{sources: [{model: cut, layer_range: [0, 6]}]}, {sources: [{model: ' +
        'in, layer_range: [3, 6]}]}]\n',
    ]) {
      const made = await open(text);
      assert.deepEqual(
        [...made.tensors.keys()].filter((name) => name.startsWith('extra.')),
        [],
      );
      assert.match(
        made.warnings.join(),
        /cut stores tensors beyond the layers that the config counts; they are left out/,
      );
      assert.equal(
        new Set([...made.tensors.values()].map(({ onDisk }) => onDisk)).size,
        made.tensors.size,
        'no two of one name on disk',
      );
    }
  });

  it('reads no weight to be opened, and writes nothing', async () => {
    const before_ = await readdir(at());
    await open(
      `${ROLES}merge_method: ties\nbase_model: base\nmodels: [{model: in}, {model: rl}]\nparameters: {weight: ` +
        `1, density: 0.5}\n`,
    );
    assert.deepEqual(
      (await readdir(at())).filter((name) => !name.endsWith('.yaml')),
      before_.filter((name) => !name.endsWith('.yaml')),
    );
  });
});

describe('a recipe that is wrong', () => {
  const PROBLEMS: readonly [name: string, text: string, expected: readonly string[]][] = [
    ['a role that is none', `${ROLES}stitch: IN:RX:RL`, ['no-checkpoint error «RX»']],
    ['a path where nothing is', 'stitch: {early: in, mid: ./nowhere, late: in}', ['no-checkpoint error «./nowhere»']],
    [
      'a role of a path where nothing is',
      'checkpoints: {in: in, rl: gone}\nstitch: IN:RL:RL',
      ['no-checkpoint error «gone»'],
    ],
    [
      'a path of another machine',
      'checkpoints: {in: in, rl: //host/share}\nstitch: {early: in, mid: rl, late: "\\\\\\\\host\\\\share"}',
      ['no-checkpoint error «//host/share»', 'no-checkpoint error «"\\\\\\\\host\\\\share"»'],
    ],
    [
      'an adapter of another machine',
      'stitch: {early: in, mid: in+//host/lora, late: in}',
      ['no-checkpoint error «in+//host/lora»'],
    ],
    ['a folder without a checkpoint', 'stitch: {early: in, mid: ., late: in}', ['no-checkpoint error «.»']],
    ['another family', 'stitch: {early: in, mid: llama, late: in}', ['family-mismatch error «llama»']],
    ['a text model that takes layers', 'stitch: {early: text, mid: in, late: in}', ['family-mismatch error «text»']],
    [
      'a text model of other heads',
      'stitch: {early: heads, mid: otherHeads, late: heads}',
      ['family-mismatch error «otherHeads»'],
    ],
    [
      'a text model of another rope base',
      'stitch: {early: heads, mid: otherTheta, late: heads}',
      ['note warning «otherTheta»'],
    ],
    [
      'a text model without the late layers',
      'stitch: {early: in, mid: in, late: shallow}',
      ['tensor-missing error «shallow»'],
    ],
    ['another width', 'stitch: {early: in, mid: wide, late: in}', ['shape-mismatch error «wide»']],
    ['a shallower donor', 'stitch: {early: deep, mid: in, late: in}', ['tensor-missing error «in»']],
    ['cuts beyond the model', 'stitch: {early: in, mid: rl, late: in, cuts: [2, 9]}', ['layer-range error «[2, 9]»']],
    ['layers beyond the model', 'noise: {model: in, sigma: 1, layers: [4, 9]}', ['layer-range error «[4, 9]»']],
    [
      'a slice beyond the model',
      'merge_method: passthrough\nslices: [{sources: [{model: text, layer_range: [3, 7]}]}]',
      ['layer-range error «[3, 7]»'],
    ],
    [
      'a filter that fits nothing',
      'merge_method: linear\nmodels: [{model: text, parameters: {weight: [{filter: self_atn, value: 1}, {value: 2}]}}]',
      ['unused-filter warning «self_atn»'],
    ],
    [
      'filters that leave tensors out',
      'merge_method: linear\nmodels: [{model: text, parameters: {weight: [{filter: mlp, value: 1}]}}]',
      ['missing-parameter error «text»'],
    ],
    [
      'a module that is none',
      'merge_method: passthrough\nmodules: {text_decoder: {models: [{model: in}]}, vision_towr: {models: ' +
        '[{model: in}]}, multi_modal_projector: {models: [{model: in}]}}',
      ['parts-missing warning «modules»', 'unknown-module error «vision_towr»'],
    ],
    [
      'parts left out',
      'merge_method: passthrough\nmodules: {text_decoder: {models: [{model: in}]}}',
      ['parts-missing warning «modules»'],
    ],
    [
      'slices for a model of several modules',
      'merge_method: passthrough\nslices: [{sources: [{model: in, layer_range: [0, 6]}]}]',
      ['note warning «slices»'],
    ],
    [
      'final norm from the last slice',
      'merge_method: passthrough\nslices: [{sources: [{model: text, layer_range: [0, 3]}]}, {sources: [{model: ' +
        'text2, layer_range: [3, 6]}]}]',
      ['note information «text2»'],
    ],
    [
      'vocabularies of two sizes',
      'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: in}, {model: words}]',
      ['vocabulary error «words»'],
    ],
    [
      'a tokenizer of another vocabulary',
      'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: in}, {model: rl}]\ntokenizer_source: words',
      ['vocabulary error «words»'],
    ],
    [
      'chances outside 0 and 1',
      `${ROLES}merge_method: della\nbase_model: base\nmodels: [{model: in, parameters: {weight: 1, density: 0.1}}]`,
      ['bad-value error «in»'],
    ],
    [
      'quantised weights',
      'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: in}, {model: eight}]',
      ['unsupported error «eight»'],
    ],
  ];
  for (const [name, text, expected] of PROBLEMS)
    it(`names ${name}`, async () => assert.deepEqual(await problemsOf(text), expected));

  it('does not look for paths of other machines, which are logged in to by looking', async () => {
    // Two slashes are one on this machine: the checkpoint would be found.
    const elsewhere = `/${at('rl').replaceAll(path.sep, '/')}`;
    for (const text of [
      `stitch: {early: in, mid: "${elsewhere}", late: in}`,
      `stitch: {early: in, mid: "in+${elsewhere}", late: in}`,
      `checkpoints: {rl: "${elsewhere}"}\nstitch: {early: in, mid: rl, late: rl}`,
    ]) {
      const { problems } = await readRecipe(await write(text), (location) => openCheckpoint(location));
      assert.equal(problems.length, 1, text);
      assert.match(problems[0]!.message, /lies on another machine, which a recipe does not reach for/);
    }
  });

  it('adds the parts that were left out', async () => {
    for (const text of [
      'merge_method: passthrough\nmodules:\n  text_decoder:\n    models: [{model: in}]\n',
      'merge_method: passthrough\nmodules: {text_decoder: {models: [{model: in}]}}',
    ]) {
      const { problems } = await readRecipe(await write(text), (location) => openCheckpoint(location));
      const [edit] = problems[0]!.fix!.edits;
      const mended = text.slice(0, edit!.offset) + edit!.text + text.slice(edit!.offset);
      assert.deepEqual(await problemsOf(mended), [], mended);
      assert.equal((await open(mended)).visionLayers, 2);
    }
  });

  const FAILURES: readonly [name: string, text: string, code: ErrorCode, message: RegExp][] = [
    [
      'what is wrong, and its line',
      `${ROLES}\nstitch: IN:RX:RL`,
      'not-found',
      /\.frank\.yaml, line 3: "RX" is no role of this recipe \(base, in, rl\)/,
    ],
    [
      'how much more is wrong',
      'stich: a\nmergemethod: b\nbasemodel: c\n',
      'malformed',
      /line 1: .*\(2 more errors in it\.\)$/,
    ],
    [
      'families that do not fit',
      'stitch: {early: in, mid: llama, late: in}',
      'mismatch',
      /two families share no tensors/,
    ],
    ['text that is no YAML', 'a: [1', 'malformed', /line 1: This is no YAML/],
  ];
  for (const [name, text, code, message] of FAILURES)
    it(`is not opened, and says ${name}`, async () =>
      assert.rejects(
        open(text),
        (error: Error & { code: string }) => error.code === code && message.test(error.message),
      ));

  it('is not opened when it uses itself, in whatever way', async () => {
    await write('stitch: {early: in, mid: self.frank.yaml, late: in}', 'self.frank.yaml');
    await assert.rejects(openCheckpoint(at('self.frank.yaml')), {
      code: 'malformed',
      message: /line 1: .*self\.frank\.yaml uses itself/,
    });
    await write('stitch: {early: in, mid: second.yaml, late: in}', 'first.yaml');
    await write('stitch: {early: in, mid: link.yaml, late: in}', 'second.yaml');
    await symlink('first.yaml', at('link.yaml'));
    await assert.rejects(openCheckpoint(at('first.yaml')), { message: /uses itself/ });
    const { problems } = await readRecipe(at('self.frank.yaml'), (location) => openCheckpoint(location));
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['cycle'],
    );
  });

  it('is not opened when it is too deep, too long, no text, or no file', async () => {
    for (let level = 0; level < 10; level++)
      await write(
        `stitch: {early: in, mid: ${level === 0 ? 'rl' : `level-${level - 1}.yaml`}, late: in}`,
        `level-${level}.yaml`,
      );
    assert.equal((await openCheckpoint(at('level-7.yaml'))).layers, 6);
    await assert.rejects(openCheckpoint(at('level-9.yaml')), { message: /as deep as they go/ });
    await assert.rejects(open(`# ${'x'.repeat(2 ** 18)}\nstitch: a:b:c`), { message: /at most 262,144 characters/ });
    await writeFile(at('binary.yaml'), Uint8Array.of(0xff, 0xfe, 0x00));
    await assert.rejects(openCheckpoint(at('binary.yaml')), { code: 'malformed', message: /not UTF-8/ });
    await mkdir(at('folder.yaml'));
    await assert.rejects(openCheckpoint(at('folder.yaml')), { code: 'malformed', message: /is not a file/ });
    await assert.rejects(openCheckpoint(at('missing.frank.yaml')), { code: 'not-found' });
  });

  it('may lead out of its folder, as its user wrote it; a checkpoint may not', async () => {
    await mkdir(at('below'));
    await writeFile(at('below', 'out.frank.yaml'), 'stitch: {early: ../in, mid: ../rl, late: ../rl}');
    assert.equal((await openCheckpoint(at('below', 'out.frank.yaml'))).layers, 6);
    const hostile = at('hostile');
    await mkdir(hostile);
    await writeFile(
      path.join(hostile, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { x: '../in/model.safetensors' } }),
    );
    await assert.rejects(open('stitch: {early: hostile, mid: in, late: in}'), { message: /outside the folder/ });
  });
});

describe('a recipe for mergekit', () => {
  const convert = async (text: string) => {
    const { recipe, plan, sourceOf, problems } = await readRecipe(await write(text), (location) =>
      openCheckpoint(location),
    );
    assert.ok(plan, problems.map(({ message }) => message).join());
    return toMergekit(recipe, plan, sourceOf);
  };

  it("is what it was, with paths for roles, and mergekit's files open as they are", async () => {
    const config = await convert(
      `${ROLES}merge_method: dare_ties\nbase_model: base\nseed: 3\nmodels:\n  - model: rl\n    parameters: ` +
        `{weight: [0, 1], density: [{filter: mlp, value: 0.5}, {value: 0.7}]}\n`,
    );
    assert.ok(config.text !== undefined);
    assert.match(config.notes.join(), /--random-seed/);
    const again = await open(config.text);
    const direct = await open(
      `${ROLES}merge_method: dare_ties\nbase_model: base\nmodels:\n  - model: rl\n    parameters: {weight: [0, ` +
        `1], density: [{filter: mlp, value: 0.5}, {value: 0.7}]}\n`,
    );
    assert.deepEqual(await valuesOf(layerOf(again, 3)), await valuesOf(layerOf(direct, 3)));
    assert.equal(layerOf(again, 3)?.dtype, 'BF16');
  });

  it('has one list of slices for a text model', async () => {
    const config = await convert('stitch: {early: text, mid: text2, late: text, cuts: [0, 3]}');
    assert.ok(config.text !== undefined);
    assert.match(config.text, /^slices:/m);
    const again = await open(config.text);
    assert.deepEqual(
      [0, 3].map((layer) => stored(again.tensors.get(`model.layers.${layer}.mlp.up_proj.weight`))),
      ['text2', 'text'],
    );
    assert.deepEqual(
      ['model.embed_tokens.weight', 'model.norm.weight'].map((name) => stored(again.tensors.get(name))),
      ['text', 'text'],
    );
  });

  it('says what cannot be said there', async () => {
    const inner = path.basename(await write(`${ROLES}stitch: IN:RL:RL`));
    for (const [text, why] of [
      ['noise: {model: in, sigma: 1}', /no noise/],
      [`stitch: {early: in, mid: ${inner}, late: in}`, /reads no recipes/],
      ['stitch: {early: in, mid: text, late: in}', /one architecture, and text is the text model alone/],
      [
        'interpolate: {a: in, b: rl, alpha: [{filter: up_proj, value: 1}, {value: 0.5}], part: mlp}',
        /no filters within/,
      ],
    ] as const) {
      const made = await convert(text);
      assert.ok(made.text === undefined);
      assert.match(made.refusals.join(), why);
    }
  });
});
