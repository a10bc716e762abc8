// Adapters on their base: what they are made of, and everything that may be wrong with them.
import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Tensor } from './checkpoint.js';
import { discover } from './discover.js';
import { readBytes, readElements } from '../tensors/elements.js';
import { checkUnchanged, fingerprint } from './fingerprint.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { readFactorRows } from '../tensors/lora.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import type { ErrorCode } from '../errors.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';
import {
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeHubCheckpoint,
  writeSafetensors,
  type WrittenTensor,
} from '../../../test/fixtures/checkpoints.js';

const Q = 'model.language_model.layers.0.self_attn.q_proj';
const UP = 'model.language_model.layers.1.mlp.up_proj';
const EMBEDDING = 'model.language_model.embed_tokens';

let temporary: TemporaryFolder;
let base: string;
beforeAll(async () => {
  temporary = await temporaryFolder();
  base = path.join(temporary.path, 'base');
  await writeCheckpoint(base, { files: { 'tokenizer.json': '{"of": "base"}' } });
});
afterAll(() => temporary.remove());

let count = 0;
const fresh = () => path.join(temporary.path, `adapter-${count++}`);
const numbers = (tensor: WrittenTensor) => tensor.data as Float32Array;

async function valuesOf(tensor: Tensor | undefined): Promise<Float64Array> {
  assert.ok(tensor);
  const values = new Float64Array(tensor.size);
  await readElements(tensor, 0, values);
  return values;
}

/** W + s·B·A by the definition, element by element. */
function sum(
  weights: Float64Array,
  A: ArrayLike<number>,
  B: ArrayLike<number>,
  rank: number,
  scaling: number,
  columns: number,
): Float64Array {
  return weights.map((weight, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    let product = 0;
    for (let k = 0; k < rank; k++) product += B[row * rank + k]! * A[k * columns + column]!;
    return weight + scaling * product;
  });
}

function close(actual: Float64Array, expected: Float64Array): void {
  assert.equal(actual.length, expected.length);
  const wrong = actual.findIndex((value, index) => !(Math.abs(value - expected[index]!) <= 1e-14));
  assert.equal(wrong, -1, `${wrong}: ${actual[wrong]}, not ${expected[wrong]}`);
}

describe('an adapter', () => {
  it('is its base with updates on some weights, whatever of it is pointed at', async () => {
    const tensors = [...pair(Q, 16, 16, 2, 1), ...pair(UP, 32, 16, 2, 3)];
    const folder = await writeAdapter(fresh(), { tensors });
    const plain = await openCheckpoint(base);
    for (const given of [
      folder,
      path.join(folder, 'adapter_config.json'),
      path.join(folder, 'adapter_model.safetensors'),
    ]) {
      const checkpoint = await openCheckpoint(given);
      assert.deepEqual(
        [checkpoint.path, checkpoint.folder, checkpoint.family, checkpoint.layers],
        [given, folder, plain.family, plain.layers],
      );
      assert.deepEqual([...checkpoint.tensors.keys()], [...plain.tensors.keys()]);
      assert.deepEqual(
        [...checkpoint.tensors.values()].filter(({ expression }) => expression).map(({ name, dtype }) => [name, dtype]),
        [
          [`${Q}.weight`, 'F64'],
          [`${UP}.weight`, 'F64'],
        ],
      );
      assert.match(checkpoint.warnings.join(' '), /LoRA of rank 2 on base \(.*base\): 2 weights are W \+ s·B·A/);
      close(
        await valuesOf(checkpoint.tensors.get(`${Q}.weight`)),
        sum(await valuesOf(plain.tensors.get(`${Q}.weight`)), numbers(tensors[0]!), numbers(tensors[1]!), 2, 2, 16),
      );
    }
  });

  it('is read from any element on, in blocks, as values or bytes', async () => {
    const wide = path.join(temporary.path, 'wide');
    const [rows, columns] = [1500, 400]; // several blocks of 2^18 elements, and no whole number of them
    const name = `${Q}.weight`;
    await writeCheckpoint(wide, {
      layers: 1,
      visionLayers: 0,
      edit: (all) =>
        all.map((tensor) =>
          tensor.name === name
            ? {
                ...tensor,
                shape: [rows, columns],
                data: Float32Array.from({ length: rows * columns }, (_, index) => (index % 251) / 256),
              }
            : tensor,
        ),
    });
    const tensor = (await openCheckpoint(wide)).tensors.get(name)!;
    const factors = pair(Q, rows, columns, 2, 5);
    const folder = await writeAdapter(fresh(), { config: { base_model_name_or_path: wide }, tensors: factors });
    const computed = (await openCheckpoint(folder)).tensors.get(name)!;
    const all = sum(await valuesOf(tensor), numbers(factors[0]!), numbers(factors[1]!), 2, 2, columns);
    close(await valuesOf(computed), all);
    for (const [first, length] of [
      [1, 1],
      [columns - 1, 2],
      [12_345, 400_000],
      [computed.size - 7, 7],
      [5, 0],
    ] as const) {
      const part = new Float64Array(length);
      await readElements(computed, first, part);
      close(part, all.subarray(first, first + length));
      const singles = new Float32Array(length);
      await readElements(computed, first, singles);
      assert.deepEqual(singles, Float32Array.from(part));
      assert.deepEqual(new Float64Array((await readBytes(computed, first, first + length)).slice().buffer), part);
    }
    await assert.rejects(readElements(computed, computed.size, new Float64Array(1)), RangeError);
    await assert.rejects(readElements(computed, 0, new Float64Array(9), AbortSignal.abort()), { code: 'cancelled' });
    // As a worker thread gets it.
    close(await valuesOf(structuredClone(computed)), all);
  });

  it('reads any rows of a factor, stored as it is or transposed', async () => {
    const tensor = (await openCheckpoint(base)).tensors.get(`${UP}.weight`)!; // 32 × 16
    const all = await valuesOf(tensor);
    for (const [first, rows] of [
      [0, 16],
      [3, 5],
      [15, 1],
      [4, 0],
    ] as const) {
      const turned = await readFactorRows({ tensor, transposed: true }, first, rows, 32, 16, readElements);
      assert.deepEqual(
        turned,
        Float64Array.from(
          { length: rows * 32 },
          (_, index) => all[(index % 32) * 16 + first + Math.floor(index / 32)]!,
        ),
      );
      assert.deepEqual(
        await readFactorRows({ tensor, transposed: false }, first, rows, 16, 32, readElements),
        all.slice(first * 16, (first + rows) * 16),
      );
    }
  });

  it('scales by α/r, α/√r, and patterns for single modules', async () => {
    const plain = await openCheckpoint(base);
    const weights = await valuesOf(plain.tensors.get(`${Q}.weight`));
    for (const [config, rank, scaling] of [
      [{ r: 2, lora_alpha: 16 }, 2, 8],
      [{ r: 4, lora_alpha: 16, use_rslora: true }, 4, 8],
      [
        { r: 8, lora_alpha: 16, rank_pattern: { q_proj: 4 }, alpha_pattern: { 'layers.0.self_attn.q_proj': 2 } },
        4,
        0.5,
      ],
      [
        {
          r: 8,
          lora_alpha: 16,
          rank_pattern: { 'layers.1.self_attn.q_proj': 3, '^model\\.language_model\\.layers\\.0\\..*q_proj': 4 },
        },
        4,
        4,
      ],
      [{ r: 4, lora_alpha: 16, alpha_pattern: { roj: 1, proj: 1, '.*': 6 } }, 4, 1.5],
      // Groups with names, as Python writes them.
      [{ r: 4, lora_alpha: 16, alpha_pattern: { '.*layers\\.(?P<layer>\\d)\\..*': 6 } }, 4, 1.5],
    ] as const) {
      const tensors = pair(Q, 16, 16, rank, 7);
      const checkpoint = await openCheckpoint(await writeAdapter(fresh(), { config, tensors }));
      close(
        await valuesOf(checkpoint.tensors.get(`${Q}.weight`)),
        sum(weights, numbers(tensors[0]!), numbers(tensors[1]!), rank, scaling, 16),
      );
    }
  });

  it('may replace whole tensors, lie on an embedding, and be stored with its name', async () => {
    const plain = await openCheckpoint(base);
    const norm: WrittenTensor = {
      name: 'base_model.model.model.language_model.norm.modules_to_save.default.weight',
      shape: [16],
      dtype: 'F32',
      data: Float32Array.from({ length: 16 }, (_, index) => index),
    };
    const copy: WrittenTensor = { ...norm, name: 'base_model.model.model.language_model.norm.original_module.weight' };
    const head: WrittenTensor = {
      name: 'base_model.model.lm_head.weight',
      shape: [34, 16],
      dtype: 'BF16',
      data: new Float32Array(34 * 16).fill(0.5),
    };
    const [A, B] = pair('x', 16, 32, 2, 11) as [WrittenTensor, WrittenTensor];
    const embedding = [
      { ...A, name: `base_model.model.${EMBEDDING}.lora_embedding_A` },
      { ...B, name: `base_model.model.${EMBEDDING}.lora_embedding_B.default` },
    ];
    const named = pair(UP, 32, 16, 2, 13).map((tensor) => ({
      ...tensor,
      name: tensor.name.replace('.weight', '.default.weight'),
    }));
    const checkpoint = await openCheckpoint(
      await writeAdapter(fresh(), { tensors: [norm, copy, head, ...embedding, ...named] }),
    );
    assert.deepEqual(
      [...(await valuesOf(checkpoint.tensors.get('model.language_model.norm.weight')))],
      [...numbers(norm)],
    );
    assert.deepEqual(checkpoint.tensors.get('lm_head.weight')!.shape, [34, 16]); // two tokens were added
    close(
      await valuesOf(checkpoint.tensors.get(`${UP}.weight`)),
      sum(await valuesOf(plain.tensors.get(`${UP}.weight`)), numbers(named[0]!), numbers(named[1]!), 2, 2, 16),
    );
    // Vocabulary × hidden: the update is transposed.
    const turned = (values: Float32Array, rows: number, columns: number) =>
      Float32Array.from(
        { length: values.length },
        (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!,
      );
    close(
      await valuesOf(checkpoint.tensors.get(`${EMBEDDING}.weight`)),
      sum(
        await valuesOf(plain.tensors.get(`${EMBEDDING}.weight`)),
        turned(numbers(B), 16, 2),
        turned(numbers(A), 2, 32),
        2,
        2,
        16,
      ),
    );
    const part = new Float64Array(20);
    await readElements(checkpoint.tensors.get(`${EMBEDDING}.weight`)!, 100, part);
    assert.deepEqual(part, (await valuesOf(checkpoint.tensors.get(`${EMBEDDING}.weight`))).subarray(100, 120));
  });

  it('changes one end of a tied vocabulary only, unless its config ties them', async () => {
    const tied = path.join(temporary.path, 'tied');
    await writeCheckpoint(tied, { tied: true });
    const [A, B] = pair('x', 16, 32, 2, 11) as [WrittenTensor, WrittenTensor];
    const embedding = [
      { ...A, name: `base_model.model.${EMBEDDING}.lora_embedding_A` },
      { ...B, name: `base_model.model.${EMBEDDING}.lora_embedding_B` },
    ];
    const plain = await openCheckpoint(tied);
    const weights = await valuesOf(plain.tensors.get(`${EMBEDDING}.weight`));
    const apart = await openCheckpoint(
      await writeAdapter(fresh(), { config: { base_model_name_or_path: tied }, tensors: embedding }),
    );
    assert.deepEqual(await valuesOf(apart.tensors.get('lm_head.weight')), weights);
    assert.notDeepEqual(await valuesOf(apart.tensors.get(`${EMBEDDING}.weight`)), weights);
    assert.match(apart.warnings.join(' '), /two matrices here, as PEFT runs them/);
    const together = await openCheckpoint(
      await writeAdapter(fresh(), {
        config: { base_model_name_or_path: tied, ensure_weight_tying: true },
        tensors: embedding,
      }),
    );
    assert.equal(together.tensors.has('lm_head.weight'), false);
    const head = await openCheckpoint(
      await writeAdapter(fresh(), {
        config: { base_model_name_or_path: tied },
        tensors: pair('lm_head', 32, 16, 2, 3),
      }),
    );
    assert.equal(head.tensors.get('lm_head.weight')!.expression?.kind, 'lora');
    assert.deepEqual(await valuesOf(head.tensors.get(`${EMBEDDING}.weight`)), weights);
  });

  it('finds its base by path, beside it, above it, in the Hugging Face cache, or in front of it', async () => {
    const tensors = pair(Q, 16, 16, 2, 1);
    const baseOf = async (folder: string, given = folder) => (await openCheckpoint(given)).virtual!.sources[0]!.folder;
    const runs = path.join(temporary.path, 'runs', 'one', 'checkpoint-5');
    assert.equal(
      await baseOf(await writeAdapter(runs, { config: { base_model_name_or_path: './base' }, tensors })),
      base,
    );
    assert.equal(
      await baseOf(await writeAdapter(fresh(), { config: { base_model_name_or_path: base }, tensors })),
      base,
    );
    const lost = await writeAdapter(fresh(), { config: { base_model_name_or_path: 'org/Model' }, tensors });
    const previous = process.env['HF_HUB_CACHE'];
    process.env['HF_HUB_CACHE'] = path.join(temporary.path, 'hub');
    try {
      await assert.rejects(openCheckpoint(lost), {
        code: 'no-base',
        message:
          /belongs on "org\/Model", which is neither a folder here nor in the Hugging Face cache: name both, as BASE\+ADAPTER/,
      });
      const snapshot = await writeHubCheckpoint(process.env['HF_HUB_CACHE'], 'org/Model', 'a'.repeat(40));
      assert.equal(await baseOf(lost), snapshot);
      const revised = await writeAdapter(fresh(), {
        config: { base_model_name_or_path: 'org/Model', revision: 'b'.repeat(40) },
        tensors,
      });
      await assert.rejects(openCheckpoint(revised), { code: 'no-base', message: /revision "b/ });
    } finally {
      if (previous === undefined) delete process.env['HF_HUB_CACHE'];
      else process.env['HF_HUB_CACHE'] = previous;
    }
    const together = await openCheckpoint(`${base}+${lost}`);
    assert.deepEqual([together.path, together.virtual!.sources[0]!.folder], [`${base}+${lost}`, base]);
    assert.equal((await openCheckpoint(`${base}+${runs}+${lost}`)).virtual!.sources[0]!.path, `${base}+${runs}`);
    const odd = path.join(temporary.path, 'with+plus');
    await cp(base, odd, { recursive: true });
    assert.equal((await openCheckpoint(odd)).virtual, undefined);
    assert.equal((await openCheckpoint(`${odd}+${lost}`)).virtual!.sources[0]!.folder, odd);
    await assert.rejects(openCheckpoint(`${base}+${base}`), { code: 'bad-request', message: /is no adapter/ });
    // Beside the model that it belongs on; without one there, its own folder is no base.
    for (const name of ['.', '../both', path.join(temporary.path, 'both')]) {
      const both = path.join(temporary.path, 'both');
      const adapter = path.join(
        await writeAdapter(both, { config: { base_model_name_or_path: name }, tensors }),
        'adapter_config.json',
      );
      await assert.rejects(openCheckpoint(adapter), name === '.' ? { code: 'not-found' } : { code: 'no-base' });
      await cp(base, both, { recursive: true });
      assert.equal(await baseOf(both, adapter), both);
      assert.equal((await openCheckpoint(both)).virtual, undefined);
      await rm(both, { recursive: true });
    }
    const circle = await writeAdapter(path.join(temporary.path, 'circle'), {
      config: { base_model_name_or_path: '../circle-2' },
      tensors,
    });
    await writeAdapter(path.join(temporary.path, 'circle-2'), {
      config: { base_model_name_or_path: '../circle' },
      tensors,
    });
    await assert.rejects(openCheckpoint(circle), { code: 'malformed', message: /ends in no base/ });
    const fraction = await writeAdapter(fresh(), { config: { base_model_name_or_path: '//host/share' }, tensors });
    await assert.rejects(openCheckpoint(fraction), { code: 'no-base' });
  });

  it('is named by its files, its settings and its base', async () => {
    const tensors = pair(Q, 16, 16, 2, 1);
    const print = async (folder: string) => fingerprint(await openCheckpoint(folder));
    const one = await print(await writeAdapter(fresh(), { tensors }));
    assert.equal(
      await print(
        await writeAdapter(fresh(), { config: { base_model_name_or_path: base, inference_mode: true }, tensors }),
      ),
      one,
    );
    const other = path.join(temporary.path, 'other');
    await writeCheckpoint(other, { seed: 2 });
    for (const changed of [
      { config: { lora_alpha: 8 }, tensors },
      { config: { use_rslora: true }, tensors },
      { config: { base_model_name_or_path: other }, tensors },
      { tensors: pair(Q, 16, 16, 2, 9) },
    ]) {
      assert.notEqual(await print(await writeAdapter(fresh(), changed)), one);
    }
  });

  it('is changed when its base is', async () => {
    const own = path.join(temporary.path, 'written');
    await writeCheckpoint(own);
    const checkpoint = await openCheckpoint(
      await writeAdapter(fresh(), { config: { base_model_name_or_path: own }, tensors: pair(Q, 16, 16, 2, 1) }),
    );
    await checkUnchanged(checkpoint);
    await utimes(path.join(own, 'model.safetensors'), new Date(), new Date(Date.now() + 60_000));
    await assert.rejects(checkUnchanged(checkpoint), { code: 'changed', message: /written.*model\.safetensors/ });
    await rm(path.join(own, 'model.safetensors'));
    await assert.rejects(valuesOf(checkpoint.tensors.get(`${Q}.weight`)), { code: 'not-found' });
  });

  it('brings its own tokenizer, and leaves that of a model it lies beside', async () => {
    const tensors = pair(Q, 16, 16, 2, 1);
    const own = await writeAdapter(fresh(), { tensors, files: { 'tokenizer.json': '{"of": "adapter"}' } });
    const text = async (folder: string) =>
      readFile((await openCheckpoint(folder)).files.get('tokenizer.json')!, 'utf8');
    assert.match(await text(own), /adapter/);
    assert.match(await text(await writeAdapter(fresh(), { tensors })), /base/);
    const beside = path.join(temporary.path, 'beside');
    await writeCheckpoint(beside, { files: { 'tokenizer.json': '{"of": "neighbour"}' } });
    await writeAdapter(beside, { config: { base_model_name_or_path: base }, tensors });
    assert.equal((await openCheckpoint(beside)).virtual, undefined);
    assert.match(await text(path.join(beside, 'adapter_config.json')), /base/);
  });

  it('is inspected with its base', async () => {
    const result = await inspectCheckpoint(await writeAdapter(fresh(), { tensors: pair(Q, 16, 16, 2, 1) }));
    assert.deepEqual(
      result.shards.map(({ file }) => file),
      ['adapter_model.safetensors', 'base/model.safetensors'],
    );
    assert.equal(result.tensors.find(({ name }) => name === `${Q}.weight`)!.shard, 'computed');
    assert.equal(result.shards[1]!.tensors, result.tensors.length - 1);
  });

  const tensors = pair(Q, 16, 16, 2, 1);
  const renamed = (from: RegExp, to: string) =>
    tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));
  /** What is wrong, the code, and what the sentence says. */
  const wrong: [string, { config?: Record<string, unknown>; tensors?: WrittenTensor[] }, ErrorCode, RegExp][] = [
    ['another type', { config: { peft_type: 'IA3' } }, 'unsupported', /an adapter of type "IA3".*merge_and_unload/],
    // PEFT looks types up as they are spelled, and knows no "lora".
    ['a type that PEFT does not know', { config: { peft_type: 'lora' } }, 'unsupported', /an adapter of type "lora"/],
    ['no type', { config: { peft_type: null } }, 'malformed', /has no "peft_type"/],
    ['DoRA', { config: { use_dora: true } }, 'unsupported', /DoRA/],
    [
      'DoRA by its tensors',
      {
        tensors: [
          ...tensors,
          {
            name: `base_model.model.${Q}.lora_magnitude_vector`,
            shape: [16],
            dtype: 'F32',
            data: new Float32Array(16),
          },
        ],
      },
      'unsupported',
      /DoRA/,
    ],
    [
      'PiSSA',
      { config: { init_lora_weights: 'pissa_niter_4' } },
      'unsupported',
      /begun as "pissa_niter_4", which changes the base too/,
    ],
    ['biases of its own', { config: { lora_bias: true } }, 'unsupported', /lora_bias/],
    [
      'bare parameters',
      { config: { target_parameters: ['mlp.experts.down_proj'] } },
      'unsupported',
      /target_parameters/,
    ],
    [
      'a part unknown',
      { tensors: [...tensors, { name: `base_model.model.${Q}.lora_C.weight`, shape: [1], dtype: 'F32', data: [0] }] },
      'unsupported',
      /lora_C/,
    ],
    [
      'half a pair',
      { tensors: tensors.slice(1) },
      'malformed',
      /only one half of the update of "model\.language_model\.layers\.0\.self_attn\.q_proj"/,
    ],
    ['a rank of another number', { config: { r: 4 } }, 'malformed', /gives it rank 4/],
    [
      'an unknown target',
      { tensors: renamed(/q_proj/, 'x_proj') },
      'mismatch',
      /x_proj.*is not the base of this adapter/,
    ],
    [
      'another width',
      { tensors: pair(Q, 16, 24, 2, 1) },
      'mismatch',
      /shape \[16, 24\], but the weight has \[16, 16\]/,
    ],
    [
      'a whole tensor of another shape',
      {
        tensors: [{ name: `base_model.model.${Q}.weight`, shape: [16, 8], dtype: 'F32', data: new Float32Array(128) }],
      },
      'mismatch',
      /\[16, 8\]/,
    ],
    [
      'two of one',
      { tensors: [...tensors, ...renamed(/\.weight/, '.other.weight')] },
      'malformed',
      /two updates of the same weight/,
    ],
    [
      'integers',
      { tensors: tensors.map((tensor) => ({ ...tensor, dtype: 'I32' as const })) },
      'malformed',
      /no factor of an update/,
    ],
    ['no number for alpha', { config: { lora_alpha: 'four' } }, 'malformed', /"lora_alpha" that is no usable number/],
    ['patterns that are none', { config: { alpha_pattern: ['q_proj'] } }, 'malformed', /"alpha_pattern"/],
    [
      'a pattern that never ends',
      { config: { alpha_pattern: { '(a+)+$': 2 } } },
      'malformed',
      /too complicated to be tried safely/,
    ],
    ['a pattern that is none', { config: { alpha_pattern: { '(': 2 } } }, 'malformed', /no regular expression/],
    [
      'a base that is a number',
      { config: { base_model_name_or_path: 7 } },
      'malformed',
      /"base_model_name_or_path" that is no text/,
    ],
    [
      'no base',
      { config: { base_model_name_or_path: null } },
      'no-base',
      /does not say what its base is: name both, as BASE\+ADAPTER/,
    ],
    [
      'nothing in it',
      { tensors: [{ name: `base_model.model.${Q}.original_module.weight`, shape: [1], dtype: 'F32', data: [0] }] },
      'malformed',
      /holds no update/,
    ],
  ];
  for (const [what, options, code, sentence] of wrong) {
    it(`is refused with ${what}`, async () => {
      const folder = await writeAdapter(fresh(), { tensors, ...options });
      await assert.rejects(openCheckpoint(folder), (error: Error & { code: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, sentence);
        return true;
      });
    });
  }

  it('is refused without its description or its weights, and on a quantised base', async () => {
    const folder = await writeAdapter(fresh(), { tensors });
    await rm(path.join(folder, 'adapter_config.json'));
    await assert.rejects(openCheckpoint(folder), { code: 'not-found', message: /adapter_config\.json/ });
    const empty = fresh();
    await mkdir(empty);
    await writeFile(path.join(empty, 'adapter_config.json'), '{}');
    await assert.rejects(openCheckpoint(empty), { code: 'not-found', message: /the adapter's weights are missing/ });
    const quantised = path.join(temporary.path, 'quantised');
    await writeCheckpoint(quantised, { dtypeFor: (name) => (name === `${Q}.weight` ? 'U8' : undefined) });
    await assert.rejects(openCheckpoint(`${quantised}+${await writeAdapter(fresh(), { tensors })}`), {
      code: 'unsupported',
      message: /quantised base/,
    });
  });
});

describe('names of an adapter', () => {
  let temporary: TemporaryFolder;
  let base: string;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    base = path.join(temporary.path, 'base');
    await writeCheckpoint(base, { family: 'qwen2', layers: 2 });
  });
  afterAll(() => temporary.remove());

  const MODULE = 'model.layers.1.mlp.up_proj';
  const write = (name: string, tensors: WrittenTensor[]) => writeAdapter(path.join(temporary.path, name), { tensors });

  const spellings: [what: string, rename: (name: string) => string][] = [
    ['the adapter in it', (name) => name.replace(/\.weight$/, '.default.weight')],
    ['no prefix', (name) => name.replace('base_model.model.', '')],
    ['a model that was wrapped twice', (name) => `base_model.model.${name}`],
    ['a wrapper around all', (name) => `_orig_mod.${name}`],
    ['a wrapper in the layers', (name) => name.replace('layers.1.', 'layers.1._fsdp_wrapped_module.')],
  ];
  for (const [what, rename] of spellings)
    it(`are read with ${what}, and it is said that PEFT does not know them`, async () => {
      const { shape } = (await openCheckpoint(base)).tensors.get(`${MODULE}.weight`)!;
      const tensors = pair(MODULE, shape[0]!, shape[1]!, 2, 1).map((one) => ({ ...one, name: rename(one.name) }));
      const { tensors: read, warnings } = await openCheckpoint(await write(what, tensors));
      assert.equal(read.get(`${MODULE}.weight`)?.expression?.kind, 'lora');
      assert.match(warnings.join(), /2 names are not as PEFT saves them: ".*lora_A.*PEFT itself would leave them out/);
    });

  it('that PEFT would not load beside those that it would are left out and said', async () => {
    const { shape } = (await openCheckpoint(base)).tensors.get(`${MODULE}.weight`)!;
    const norm = {
      name: 'model.norm.weight',
      dtype: 'F32' as const,
      shape: [shape[1]!],
      data: new Float64Array(shape[1]!),
    };
    const at = await write('beside', [...pair(MODULE, shape[0]!, shape[1]!, 2, 1), norm]);
    const { tensors, warnings } = await openCheckpoint(at);
    assert.equal(tensors.get('model.norm.weight')?.dtype, 'BF16');
    assert.match(
      warnings.join(),
      /1 tensor lies in the adapter's file without "base_model\.model\." in front, and is not/,
    );
  });

  it('need the config that says what they mean', async () => {
    const at = await write('bare', pair(MODULE, 4, 4, 2, 1));
    await rm(path.join(at, 'adapter_config.json'));
    await assert.rejects(openCheckpoint(at), /is an adapter without its adapter_config\.json/);
  });
});

describe('an adapter with more beside it', () => {
  const tensors = pair(Q, 16, 16, 2, 1);
  const head: WrittenTensor = {
    name: 'v_head.summary.weight',
    shape: [1, 16],
    dtype: 'F32',
    data: new Float32Array(16),
  };

  it('is found by its own two files, and names what is not read', async () => {
    const folder = await writeAdapter(fresh(), {
      config: { base_model_name_or_path: base },
      tensors,
      files: {
        'config.json': '{"model_type": "llama"}',
        'non_lora_state_dict.bin': 'PK',
        'optimizer.pt': 'PK',
        'training_args.bin': 'PK',
        'tokenizer.json': '{"of": "adapter"}',
      },
    });
    for (const name of ['value_head.safetensors', 'new_embeddings.safetensors'])
      await writeSafetensors(path.join(folder, name), [head]);
    for (const given of [folder, path.join(folder, 'adapter_config.json'), path.join(folder, 'config.json')]) {
      const checkpoint = await openCheckpoint(given);
      assert.equal(checkpoint.virtual?.kind, 'adapter');
      assert.deepEqual(checkpoint.reading, {
        from: 'adapter_model.safetensors',
        wrappers: [],
        unread: ['new_embeddings.safetensors', 'value_head.safetensors', 'non_lora_state_dict.bin'],
      });
      assert.match(
        checkpoint.warnings.join(),
        /adapter_model\.safetensors is read, and not new_embeddings\.safetensors, value_head\.safetensors, non_lora_state_dict\.bin beside it/,
      );
      // The base's config runs, with the adapter's own tokenizer.
      assert.equal(checkpoint.family, 'qwen2_5_vl');
      assert.equal(checkpoint.files.get('config.json'), path.join(base, 'config.json'));
      assert.equal(checkpoint.files.get('tokenizer.json'), path.join(folder, 'tokenizer.json'));
    }
    assert.deepEqual(
      (await discover({ roots: [folder], huggingFaceCache: false })).map((found) => [found.path, found.family]),
      [[folder, 'LORA']],
    );
  });

  it('is not read from one of several parts, nor half', async () => {
    const folder = await writeAdapter(fresh(), { tensors });
    const part = path.join(folder, 'adapter_model-00001-of-00002.safetensors');
    await rename(path.join(folder, 'adapter_model.safetensors'), part);
    const refusal = { code: 'unsupported', message: /holds an adapter in several files .*save it as one/ };
    for (const at of [folder, part, path.join(folder, 'adapter_config.json')])
      await assert.rejects(openCheckpoint(at), refusal);
    await copyFile(part, path.join(folder, 'adapter_model-00002-of-00002.safetensors'));
    await assert.rejects(openCheckpoint(folder), refusal);
  });

  it('is not read from a file of another name, or from a pickle', async () => {
    const folder = await writeAdapter(fresh(), { tensors });
    await rename(path.join(folder, 'adapter_model.safetensors'), path.join(folder, 'mine.safetensors'));
    await assert.rejects(openCheckpoint(folder), /another name than PEFT reads \(there is mine\.safetensors\)/);
    await writeFile(path.join(folder, 'adapter_model.bin'), 'PK');
    await assert.rejects(openCheckpoint(folder), /adapter \(LoRA\) stored as a PyTorch pickle/);
  });
});

describe('an adapter that was trained on the text model by itself', () => {
  const REST = 'layers.1.mlp.up_proj';
  for (const family of [
    'qwen2_vl',
    'qwen2_5_vl',
    'qwen3_vl',
    'gemma3',
    'llava',
    'internvl',
    'internvl_chat',
    'smolvlm',
    'mistral3',
  ]) {
    it(`goes on ${family}, whatever stands above its layers`, async () => {
      const { folder: model } = await writeCheckpoint(fresh(), { family });
      const plain = await openCheckpoint(model);
      const [name, target] = [...plain.tensors].find(
        ([own]) => own.endsWith(`text_model.${REST}.weight`) || own.endsWith(`language_model.${REST}.weight`),
      )!;
      const [outputs, inputs] = target.shape as [number, number];
      const seen = new Set<string>();
      for (const above of ['model.', 'language_model.', 'language_model.model.', 'model.language_model.', '']) {
        const adapter = await writeAdapter(fresh(), {
          config: { base_model_name_or_path: model },
          tensors: pair(`${above}${REST}`, outputs, inputs, 2, 3),
        });
        const checkpoint = await openCheckpoint(adapter);
        const changed = [...checkpoint.tensors.values()].filter(({ expression }) => expression !== undefined);
        assert.deepEqual(
          changed.map((tensor) => tensor.name),
          [name],
          above,
        );
        seen.add(JSON.stringify([...(await valuesOf(changed[0]))]));
        assert.deepEqual([...checkpoint.tensors.keys()], [...plain.tensors.keys()]);
      }
      assert.equal(seen.size, 1);
    });
  }

  it('says so', async () => {
    const { folder: model } = await writeCheckpoint(fresh(), { family: 'qwen3_vl' });
    const adapter = await writeAdapter(fresh(), {
      config: { base_model_name_or_path: model },
      tensors: pair(`model.${REST}`, 32, 16, 2, 3),
    });
    assert.match(
      (await openCheckpoint(adapter)).warnings.join(),
      /names are those of the text model by itself.*: model\.layers\.1\.mlp\.up_proj is model\.language_model\.layers\.1\.mlp\.up_proj\./,
    );
  });

  it('is refused where several weights fit, none does, or two updates mean one weight', async () => {
    const { folder: model } = await writeCheckpoint(fresh(), {
      family: 'qwen3_vl',
      edit: (tensors) => [
        ...tensors,
        {
          name: `model.language_model.model.${REST}.weight`,
          shape: [32, 16],
          dtype: 'F32',
          data: new Float32Array(512),
        },
      ],
    });
    const on = async (at: string, ...modules: string[]) =>
      openCheckpoint(
        await writeAdapter(fresh(), {
          config: { base_model_name_or_path: at },
          tensors: modules.flatMap((module) => pair(module, 32, 16, 2, 3)),
        }),
      );
    await assert.rejects(on(model, `model.${REST}`), /may be any of several weights of .*language_model\.model/);
    await assert.rejects(on(base, `vision_model.${REST}`), /does not have: it is not the base/);
    await assert.rejects(
      on(base, `language_model.${REST}`, `model.language_model.${REST}`),
      /two updates of the same weight/,
    );
  });
});
