// Quantised weights and dtypes that are not read: recognised by name and config, and never taken for weights.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint, Found } from './checkpoint.js';
import { readElements } from '../tensors/elements.js';
import { fingerprint } from './fingerprint.js';
import { inspectCheckpoint } from '../analyses/inspect/inspect.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { sortReadable } from './quantized.js';
import { quantisationSettings } from './quantizationConfig.js';
import { gridOf } from './scaleGrid.js';
import { alignTensors } from '../lineage/align.js';
import { exportMerged } from '../merge/export/export.js';
import { readSpec } from '../models/spec.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';
import {
  headerBytes,
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  type WrittenTensor,
} from '../../../test/fixtures/checkpoints.js';

const MODULE = 'model.layers.0.mlp.up_proj';
const shard = { name: 'a', realPath: '/a', bytes: 0, modifiedNs: 0n, inode: 0n, headerHash: '' };

function found(names: Record<string, [dtype: string, shape: number[]]>): Found[] {
  return Object.entries(names).map(([onDisk, [dtype, shape]]) => ({
    ...{ onDisk, dtype, shape, shard, begin: 0, end: 0 },
    size: shape.reduce((product, size) => product * size, 1),
  }));
}

function sorted(names: Record<string, [dtype: string, shape: number[]]>, quantization?: object, key = 'text_config') {
  const config =
    quantization &&
    (key === 'quantization' ? { [key]: quantization } : { [key]: { quantization_config: quantization } });
  return sortReadable(found(names), quantisationSettings(config));
}

const BF16: [string, number[]] = ['BF16', [8, 8]];

describe('quantised weights', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());

  const schemes: [scheme: string, names: Record<string, [string, number[]]>, config?: object][] = [
    [
      'GPTQ',
      {
        [`${MODULE}.qzeros`]: ['I32', [1, 1]],
        [`${MODULE}.g_idx`]: ['I32', [8]],
        [`${MODULE}.qweight`]: ['I32', [1, 8]],
        [`${MODULE}.scales`]: ['F16', [1, 8]],
      },
      { quant_method: 'gptq', bits: 4 },
    ],
    ['GPTQ or AWQ', { [`${MODULE}.qweight`]: ['I32', [8, 1]], [`${MODULE}.scales`]: ['F16', [1, 8]] }],
    [
      'bitsandbytes 4-bit',
      {
        [`${MODULE}.weight`]: ['U8', [32, 1]],
        [`${MODULE}.weight.absmax`]: ['F32', [1]],
        [`${MODULE}.weight.nested_absmax`]: ['F32', [1]],
        [`${MODULE}.weight.quant_state.bitsandbytes__nf4`]: ['U8', [80]],
      },
    ],
    [
      'NVFP4',
      {
        [`${MODULE}.weight_scale_2`]: ['F32', []],
        [`${MODULE}.weight_scale`]: ['F8_E4M3', [8, 1]],
        [`${MODULE}.weight`]: ['U8', [8, 4]],
      },
      { quant_method: 'modelopt' },
    ],
    ['torchao', { [`${MODULE}._weight_qdata`]: ['I8', [8, 8]], [`${MODULE}._weight_scale`]: ['F32', [8, 1]] }],
    ['Quanto', { [`${MODULE}.weight._data`]: ['I8', [8, 8]], [`${MODULE}.weight._scale`]: ['F32', [8, 1]] }],
    [
      'HQQ',
      { [`${MODULE}.W_q`]: ['U8', [8, 4]], [`${MODULE}.scale`]: ['F32', [8, 1]], [`${MODULE}.meta`]: ['U8', [9]] },
    ],
    [
      'compressed-tensors',
      { [`${MODULE}.weight_packed`]: ['I32', [8, 1]], [`${MODULE}.weight_shape`]: ['I64', [2]] },
      { quant_method: 'compressed-tensors' },
    ],
    // Asymmetric: not code × scale.
    [
      'int8',
      {
        [`${MODULE}.weight`]: ['I8', [8, 8]],
        [`${MODULE}.weight_scale`]: ['F32', [8, 1]],
        [`${MODULE}.weight_zero_point`]: ['I8', [8, 1]],
      },
      { quant_method: 'compressed-tensors' },
    ],
    // Codes of a scheme that only the config names, with nothing beside them.
    ['eetq', { [`${MODULE}.weight`]: ['I8', [8, 8]] }, { quant_method: 'eetq' }],
  ];
  for (const [scheme, names, config] of schemes) {
    it(`are left out under their own name: ${scheme}, ${Object.keys(names).length} tensors`, () => {
      const { tensors, leftOut, quantisation, warnings } = sorted({ ...names, 'model.norm.weight': BF16 }, config);
      assert.deepEqual(
        tensors.map(({ onDisk }) => onDisk),
        ['model.norm.weight'],
      );
      assert.deepEqual(new Set(leftOut.map(({ weight }) => weight)), new Set([`${MODULE}.weight`]));
      assert.equal(leftOut.length, Object.keys(names).length);
      assert.deepEqual(quantisation, [{ scheme, tensors: 1, dequantised: false }]);
      assert.match(warnings.join(' '), new RegExp(`1 weight is quantised \\(${scheme}\\).* left out`));
    });
  }

  it('are never taken for weights where they lie in a float container, and no config names them', () => {
    const { tensors, leftOut, quantisation } = sorted({
      [`${MODULE}.weight`]: ['BF16', [16, 1]],
      [`${MODULE}.weight.absmax`]: ['F32', [1]],
      [`${MODULE}.weight.quant_state.bitsandbytes__nf4`]: ['U8', [80]],
    });
    assert.deepEqual([tensors.length, leftOut.length], [0, 3]);
    assert.deepEqual(quantisation, [{ scheme: 'bitsandbytes 4-bit', tensors: 1, dequantised: false }]);
  });

  it('take everything in their module with them but its bias, whatever it is called', () => {
    const { tensors, leftOut } = sorted(
      {
        [`${MODULE}.weight`]: ['U32', [8, 1]],
        [`${MODULE}.scales`]: ['BF16', [8, 1]],
        [`${MODULE}.biases`]: ['BF16', [8, 1]],
        [`${MODULE}.bias`]: ['BF16', [8]],
        'model.layers.0.mlp.down_proj.weight': BF16,
      },
      { group_size: 64, bits: 4 },
      'quantization',
    );
    assert.deepEqual(
      tensors.map(({ onDisk }) => onDisk),
      [`${MODULE}.bias`, 'model.layers.0.mlp.down_proj.weight'],
    );
    assert.equal(leftOut.find(({ onDisk }) => onDisk.endsWith('.biases'))?.weight, null);
  });

  it('are not those of modules that the config leaves out', () => {
    const names = {
      [`${MODULE}.weight`]: BF16,
      [`${MODULE}.weight_scale_inv`]: ['F32', [1, 1]] as [string, number[]],
    };
    for (const list of [[MODULE], ['up_proj'], ['model.layers.0'], ['re:.*layers\\.0\\.mlp.*'], ['*.mlp.*']]) {
      const { tensors, leftOut } = sorted(names, { quant_method: 'fp8', modules_to_not_convert: list });
      assert.deepEqual(
        tensors.map(({ onDisk }) => onDisk),
        [`${MODULE}.weight`],
        list[0],
      );
      assert.deepEqual(
        leftOut.map(({ weight }) => weight),
        [null],
      );
    }
    for (const list of [['layers.1'], ['up'], ['re:.*layers.1.*'], ['re:(.+)+x']]) {
      const { tensors } = sorted(names, { quant_method: 'fp8', ignore: list });
      assert.deepEqual(tensors, [], list[0]);
    }
  });

  it('are named by a config of their own beside the config', async () => {
    const at = path.join(temporary.path, 'modelopt');
    await writeCheckpoint(at, {
      family: 'qwen2',
      edit: (tensors) =>
        tensors.map((tensor) =>
          tensor.name === `${MODULE}.weight` ? { ...tensor, dtype: 'U8', data: new Uint8Array(32 * 16) } : tensor,
        ),
    });
    const quantised = { producer: { name: 'modelopt' }, quantization: { quant_algo: 'W4A8_AWQ', group_size: 128 } };
    const name = `${MODULE}.weight`;
    assert.ok((await openCheckpoint(at)).tensors.has(name), 'without it, integers are what they are');
    await writeFile(path.join(at, 'hf_quant_config.json'), JSON.stringify(quantised));
    const { tensors, quantisation } = await openCheckpoint(at);
    assert.ok(!tensors.has(name));
    assert.deepEqual(quantisation, [{ scheme: 'W4A8_AWQ', tensors: 1, dequantised: false }]);
  });

  it('are left out by what is not read of them: a zero point', () => {
    const { warnings } = sorted(
      {
        [`${MODULE}.weight`]: ['I8', [8, 8]],
        [`${MODULE}.weight_scale`]: ['F32', [8, 1]],
        [`${MODULE}.weight_zero_point`]: ['I8', [8, 1]],
      },
      { quant_method: 'compressed-tensors' },
    );
    assert.match(
      warnings.join(),
      /quantised \(int8\), and its codes have a zero point \("zero_point"\), which is not read/,
    );
  });

  it('are left out as MXFP4 blocks of fused experts', () => {
    const experts = 'model.layers.0.mlp.experts.gate_up_proj';
    const { tensors, leftOut, quantisation } = sorted({
      [`${experts}_blocks`]: ['U8', [2, 8, 1, 16]],
      [`${experts}_scales`]: ['U8', [2, 8, 1]],
      [`${experts}_bias`]: ['BF16', [2, 8]],
    });
    assert.deepEqual(
      tensors.map(({ onDisk }) => onDisk),
      [`${experts}_bias`],
    );
    assert.deepEqual(new Set(leftOut.map(({ weight }) => weight)), new Set([experts]));
    assert.equal(quantisation[0]?.scheme, 'MXFP4');
  });

  const fp8: Record<string, [string, number[]]> = {
    [`${MODULE}.weight`]: ['F8_E4M3', [8, 8]],
    [`${MODULE}.weight_scale`]: ['F32', []],
  };

  it('need their scale: one that lacks it is left out by name, the others are read', () => {
    const lonely = 'model.layers.1.mlp.up_proj.weight';
    for (const config of [undefined, { quant_method: 'fp8' }]) {
      const { tensors, leftOut, warnings } = sorted({ ...fp8, [lonely]: ['F8_E4M3', [8, 8]] }, config);
      assert.deepEqual(
        tensors.map(({ onDisk }) => onDisk),
        [`${MODULE}.weight`],
      );
      assert.match(leftOut.find(({ weight }) => weight === lonely)!.reason, /quantised \(FP8\), and no scale/);
      assert.match(warnings.join(' '), /no scale is stored for it: it is left out \("model\.layers\.1/);
    }
  });

  it('are the plain values of their dtype where nothing says that they are codes', () => {
    const { tensors, leftOut } = sorted({ [`${MODULE}.weight`]: ['F8_E4M3', [8, 8]], 'a.scale': ['F32', [8]] });
    assert.deepEqual([tensors.length, leftOut.length], [2, 0]);
  });

  it('are left out beside a scale of a name that is not known', () => {
    for (const part of ['scale_weight', 'weight_dequant_scale']) {
      const { tensors, leftOut } = sorted({
        [`${MODULE}.weight`]: ['F8_E4M3', [8, 8]],
        [`${MODULE}.${part}`]: ['F32', []],
      });
      assert.equal(tensors.length, 0, part);
      assert.deepEqual(
        leftOut.map(({ weight, reason }) => [weight, reason]),
        Array.from({ length: 2 }, () => [`${MODULE}.weight`, 'It is quantised (FP8), which is not read here.']),
      );
    }
  });

  it('leave ordinary parameters alone whose names look like scales', () => {
    const names = {
      'norm.weight': BF16,
      'norm.scale': BF16,
      'conv.weight_g': BF16,
      'conv.weight_v': BF16,
      logit_scale: BF16,
      'attn.q_scale': BF16,
      position_ids: ['I64', [4]] as [string, number[]],
    };
    assert.equal(sorted(names).tensors.length, Object.keys(names).length);
    // Beside quantised weights, the scale of queries is one of activations.
    assert.deepEqual(
      sorted({ ...names, ...fp8 }).leftOut.map(({ onDisk }) => onDisk),
      ['attn.q_scale', `${MODULE}.weight_scale`],
    );
  });

  it('name the scales of activations, which are no weights', () => {
    const { leftOut, warnings } = sorted({
      ...fp8,
      [`${MODULE}.input_scale`]: ['F32', []],
      'model.layers.0.self_attn.k_proj.k_scale': ['F32', []],
    });
    assert.deepEqual(
      leftOut.map(({ weight }) => weight),
      [null, null, null],
    );
    assert.match(warnings.join(' '), /2 tensors scale activations, .*input_scale/);
  });

  it('are read as stored where the config is quantised and they are not', () => {
    const { tensors, warnings } = sorted({ [`${MODULE}.weight`]: BF16 }, { quant_method: 'bitsandbytes' });
    assert.equal(tensors.length, 1);
    assert.match(
      warnings.join(' '),
      /config says that weights are quantised \(bitsandbytes\), yet no quantised weight is stored/,
    );
  });

  it('are left out where float weights have scales and the config calls them quantised', () => {
    const names = { [`${MODULE}.weight`]: BF16, [`${MODULE}.weight_scale`]: ['F32', []] as [string, number[]] };
    assert.equal(sorted(names, { quant_method: 'quark' }).tensors.length, 0);
    const plain = sorted(names);
    assert.equal(plain.tensors.length, 2);
    assert.match(plain.warnings.join(' '), /Scales lie beside 1 weight/);
  });

  it('have scales whose shape says what they are for, or none', () => {
    const per = (shape: number[], scale: number[], ...blocks: [number, number][]) => gridOf(shape, scale, blocks)?.per;
    assert.equal(per([256, 512], [2, 4]), 'block of 128 × 128');
    assert.equal(per([576, 512], [5, 4], [128, 128]), 'block of 128 × 128');
    assert.equal(per([16, 64], [1, 2], [32, 32]), 'block of 32 × 32');
    assert.equal(per([8, 8], [8]), 'row');
    assert.equal(per([8, 8], [8, 1]), 'row');
    assert.equal(per([8, 8], []), 'tensor');
    assert.equal(per([2, 8, 8], [2]), 'matrix');
    assert.equal(per([8, 64], [8, 2], [1, 32]), 'group of 32');
    // Two rows of 96 each, or 128 and 64: nothing says which.
    assert.equal(per([192, 128], [2, 1]), undefined);
    assert.equal(per([12, 8], [3]), undefined);
    assert.equal(per([8, 8], [3, 3]), undefined);
    // Nor here, where blocks of 32 are the ones that are meant.
    assert.equal(per([48, 48], [2, 2]), undefined);
    assert.equal(per([48, 48], [2, 2], [32, 32]), 'block of 32 × 32');
    assert.equal(per([80, 64], [3, 2]), 'block of 32 × 32');
  });

  /** A model of which one weight lies as FP8 codes of 1 with a scale, and how its files are changed further. */
  async function write(folder: string, scale: number, edit = (tensors: WrittenTensor[]) => tensors): Promise<string> {
    const at = path.join(temporary.path, folder);
    await writeCheckpoint(at, {
      family: 'qwen2',
      config: { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } },
      edit: (tensors) =>
        edit(
          tensors.flatMap((tensor) =>
            tensor.name === `${MODULE}.weight`
              ? [
                  { ...tensor, dtype: 'F8_E4M3', data: new Uint8Array(tensor.shape[0]! * tensor.shape[1]!).fill(0x38) },
                  { name: `${MODULE}.weight_scale_inv`, dtype: 'F32', shape: [1, 1], data: [scale] },
                ]
              : [tensor],
          ),
        ),
    });
    return at;
  }

  const withoutScale = (tensors: WrittenTensor[]) => tensors.filter(({ name }) => !name.endsWith('scale_inv'));
  const weightOf = ({ tensors }: Checkpoint) =>
    [...tensors.values()].find(({ onDisk }) => onDisk === `${MODULE}.weight`)!;

  it('are their codes times their scales wherever they are read, and inspect says so', async () => {
    const at = await write('fp8', 0.5);
    const values = new Float64Array(4);
    await readElements(weightOf(await openCheckpoint(at)), 3, values);
    assert.deepEqual([...values], [0.5, 0.5, 0.5, 0.5]);
    const inspected = await inspectCheckpoint(at);
    assert.deepEqual(inspected.quantisation, [
      { scheme: 'FP8 with one scale per block of 128 × 128', tensors: 1, dequantised: true },
    ]);
    const listed = inspected.tensors.filter(({ onDisk }) => onDisk.startsWith(MODULE));
    assert.deepEqual(
      listed.map(({ dtype, leftOut }) => [dtype, leftOut !== undefined]),
      [
        ['F8_E4M3', false],
        ['F32', true],
      ],
    );
  });

  it('tell their checkpoint from one that reads the same bytes otherwise', async () => {
    const at = await write('config', 0.5);
    const before = await fingerprint(await openCheckpoint(at));
    const file = path.join(at, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...config, quantization_config: { weight_block_size: [64, 64] } }));
    assert.notEqual(await fingerprint(await openCheckpoint(at)), before);
  });

  it('have no counterpart where they are left out, are not run, and are written by no recipe', async () => {
    const [good, bad] = [await write('good', 0.5), await write('bad', 0.5, withoutScale)];
    const checkpoints = [await openCheckpoint(good), await openCheckpoint(bad)];
    const { tensors, missing } = alignTensors(checkpoints);
    assert.ok(!tensors.some(({ name }) => name.includes('layers.0.mlp.up_proj')));
    assert.deepEqual(
      missing.map(({ absentIn, reason }) => [absentIn, reason]),
      [[[1], 'It is quantised (FP8), and no scale is stored for it.']],
    );
    assert.throws(
      () => readSpec(checkpoints[1]!),
      /cannot be run: its .*up_proj\.weight.* cannot be read.* no scale is stored/,
    );
    const recipe = `checkpoints: {a: ${good}, b: ${bad}}\nstitch: a:b:a\n`;
    const out = path.join(temporary.path, 'out');
    await assert.rejects(
      exportMerged({ checkpoint: { path: temporary.path, recipe }, out }, path.resolve('dist/worker.mjs'), (work) =>
        work(),
      ),
      /b cannot be used: its .*up_proj\.weight/,
    );
  });

  it('are written as plain numbers, with a config that says so', async () => {
    const at = await write('merged', 0.5);
    const out = path.join(temporary.path, 'plain');
    const recipe = `checkpoints: {a: ${at}}\nstitch: a:a:a\n`;
    await exportMerged({ checkpoint: { path: temporary.path, recipe }, out }, path.resolve('dist/worker.mjs'), (work) =>
      work(),
    );
    const written = await openCheckpoint(out);
    assert.ok(!('quantization_config' in written.config!));
    assert.equal(written.quantisation, undefined);
    const weight = weightOf(written);
    assert.equal(weight.dtype, 'F32');
    const values = new Float64Array(weight.size);
    await readElements(weight, 0, values);
    assert.ok(values.every((value) => value === 0.5));
    assert.ok(![...written.tensors.keys()].some((name) => name.includes('scale')));
  });

  it('carry an adapter where they are dequantised, and refuse one by name where they are not', async () => {
    const good = await write('base', 0.5);
    const shape = weightOf(await openCheckpoint(good)).shape as [number, number];
    const adapter = await writeAdapter(path.join(temporary.path, 'adapter'), {
      tensors: pair(MODULE, shape[0], shape[1], 2, 1),
    });
    assert.equal(weightOf(await openCheckpoint(`${good}+${adapter}`)).expression?.kind, 'lora');
    const bad = await write('bad-base', 0.5, withoutScale);
    await assert.rejects(openCheckpoint(`${bad}+${adapter}`), /whose weight cannot be read in .*no scale is stored/);
  });
});

describe('weights without elements, as ZeRO-3 leaves them', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());

  it('are left out of a model by name, with the way out', async () => {
    const [whole, hollow] = [path.join(temporary.path, 'whole'), path.join(temporary.path, 'hollow')];
    await writeCheckpoint(whole, { family: 'qwen2' });
    await writeCheckpoint(hollow, {
      family: 'qwen2',
      edit: (tensors) =>
        tensors.map((tensor) =>
          tensor.name.endsWith('embed_tokens.weight')
            ? { ...tensor, shape: [0], data: [] }
            : tensor.name === `${MODULE}.weight`
              ? { ...tensor, shape: [0, 16], data: [] }
              : tensor,
        ),
    });
    const checkpoint = await openCheckpoint(hollow);
    assert.match(checkpoint.warnings.join(' '), /1 tensor has no elements .*embed_tokens.*ZeRO-3.*zero_to_fp32\.py/);
    const { missing } = alignTensors([await openCheckpoint(whole), checkpoint]);
    assert.equal(missing.length, 2);
    for (const { reason } of missing) assert.match(reason, /^It has no elements: DeepSpeed ZeRO-3/);
    assert.throws(() => readSpec(checkpoint), /embed_tokens.* and 1 other weight cannot be read.*ZeRO-3/);
  });

  it('are refused in an adapter, as is a file that lacks all of them', async () => {
    const base = path.join(temporary.path, 'base');
    await writeCheckpoint(base, { family: 'qwen2' });
    const tensors = pair(MODULE, 32, 16, 2, 1);
    for (const [at, shape] of [
      ['vector', [0]],
      ['matrix', [0, 2]],
    ] as const) {
      const hollow = tensors.map((tensor) =>
        tensor.name.includes('lora_B') ? { ...tensor, shape: [...shape], data: [] } : tensor,
      );
      const adapter = await writeAdapter(path.join(temporary.path, at), { tensors: hollow });
      await assert.rejects(openCheckpoint(adapter), /lora_B\.weight".*no elements: DeepSpeed ZeRO-3.*zero_to_fp32/);
    }
    const adapter = await writeAdapter(path.join(temporary.path, 'empty'), { tensors: [] });
    await assert.rejects(openCheckpoint(adapter), /holds no tensor: DeepSpeed ZeRO-3/);
  });
});

describe('dtypes that are not read', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => {
    temporary = await temporaryFolder();
  });
  afterAll(() => temporary.remove());

  const cases: [dtype: string, shape: number[], bytes: number][] = [
    ['F4', [4, 8], 16],
    ['F6_E2M3', [4, 4], 12],
    ['F6_E3M2', [8], 6],
    ['F8_E8M0', [3], 3],
    ['F8_E4M3FNUZ', [4], 4],
    ['F8_E5M2FNUZ', [4], 4],
    ['C64', [2, 2], 32],
    ['Q17_NEXT_YEAR', [5], 11],
  ];
  for (const [dtype, shape, bytes] of cases) {
    it(`are listed, and left out by name: ${dtype}`, async () => {
      const file = path.join(temporary.path, `${dtype}.safetensors`);
      const header = JSON.stringify({
        plain: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
        odd: { dtype, shape, data_offsets: [4, 4 + bytes] },
      });
      await writeFile(file, Buffer.concat([headerBytes(header), Buffer.alloc(4 + bytes)]));
      const inspected = await inspectCheckpoint(file);
      assert.equal(inspected.tensors.find(({ onDisk }) => onDisk === 'odd')?.bytes, bytes);
      assert.match(inspected.warnings.join(' '), new RegExp(`1 tensor is stored as "${dtype}".*"odd"`));
      const checkpoint = await openCheckpoint(file);
      const { tensors, missing } = alignTensors([checkpoint, checkpoint]);
      assert.deepEqual(
        [tensors.map(({ name }) => name), missing.map(({ name, reason }) => [name, reason])],
        [['plain'], [['odd', `It is stored as "${dtype}", a dtype that is not read here.`]]],
      );
    });
  }
});
