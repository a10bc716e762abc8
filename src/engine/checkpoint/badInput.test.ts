// Every way in which the files of a checkpoint can be wrong, and the one sentence that says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { HEADER_LIMIT } from './safetensors.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { type ErrorCode, FrankensteinError } from '../errors.js';
import {
  headerBytes,
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeSafetensors,
} from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
let count = 0;
const freshFolder = async () => {
  const folder = path.join(temporary.path, `case-${count++}`);
  await mkdir(folder);
  return folder;
};

/** Opens `given` and checks the error: its code, that the sentence is one, names the file, and matches. */
async function refuses(given: string, code: ErrorCode, file: string, sentence: RegExp): Promise<void> {
  const error = await openCheckpoint(given).then(
    () => assert.fail(`${given} was opened`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FrankensteinError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, sentence);
  assert.ok(error.message.includes(file), `"${error.message}" does not name ${file}`);
  assert.match(error.message, /\.$/, 'ends with a full stop');
  assert.ok(error.message.length < 700 && !error.message.includes('\n'), 'one line');
}

const tensor = (offsets: unknown, shape: unknown = [2], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: offsets,
});
const json = (value: unknown) => JSON.stringify(value);

/** A header (JSON text) and the number of bytes after it. */
const badHeaders: { what: string; header: string; data?: number; code?: ErrorCode; sentence: RegExp }[] = [
  { what: 'not JSON', header: '{"a":', sentence: /header that is not valid JSON/ },
  { what: 'JSON but no object', header: '[1,2]', sentence: /header that is not a JSON object/ },
  { what: 'null', header: 'null', sentence: /not a JSON object/ },
  { what: 'a byte order mark', header: '\ufeff{}', sentence: /not valid JSON/ },
  { what: 'deep nesting', header: '['.repeat(100_000), sentence: /nested more than 3 levels/ },
  { what: 'a tensor that is no object', header: json({ a: 3 }), sentence: /"a" by something other than an object/ },
  { what: 'a tensor that is an array', header: json({ a: [1] }), sentence: /something other than an object/ },
  { what: 'no tensor', header: '{}', sentence: /holds no tensor/ },
  {
    what: 'metadata that is no object',
    header: json({ __metadata__: [1], a: tensor([0, 8]) }),
    data: 8,
    sentence: /__metadata__ is not an object of strings/,
  },
  {
    what: 'metadata with a number',
    header: json({ __metadata__: { x: 1 }, a: tensor([0, 8]) }),
    data: 8,
    sentence: /__metadata__/,
  },
  { what: 'no dtype', header: json({ a: { shape: [2], data_offsets: [0, 8] } }), data: 8, sentence: /no dtype/ },
  {
    what: 'four-bit numbers that fill no whole byte',
    header: json({ a: tensor([0, 2], [3], 'F4') }),
    data: 2,
    sentence: /F4 of shape \[3\] takes 1\.5, which is no whole number/,
  },
  {
    what: 'more bytes than six-bit numbers take',
    header: json({ a: tensor([0, 4], [4], 'F6_E2M3') }),
    data: 4,
    sentence: /4 bytes, but F6_E2M3 of shape \[4\] takes 3/,
  },
  { what: 'no shape', header: json({ a: { dtype: 'F32', data_offsets: [0, 8] } }), data: 8, sentence: /no shape/ },
  { what: 'a shape of strings', header: json({ a: tensor([0, 8], ['2']) }), data: 8, sentence: /no shape/ },
  {
    what: 'no offsets',
    header: json({ a: { dtype: 'F32', shape: [2] } }),
    data: 8,
    sentence: /no pair of data_offsets/,
  },
  { what: 'three offsets', header: json({ a: tensor([0, 4, 8]) }), data: 8, sentence: /no pair of data_offsets/ },
  {
    what: 'a negative offset',
    header: json({ a: tensor([-8, 0]) }),
    data: 8,
    sentence: /the number -8 .* whole numbers from 0 to 2\^53/,
  },
  { what: 'a negative dimension', header: json({ a: tensor([0, 8], [-2]) }), data: 8, sentence: /the number -2/ },
  { what: 'a fractional offset', header: json({ a: tensor([0, 8.5]) }), data: 8, sentence: /the number 8\.5/ },
  { what: 'a fractional dimension', header: json({ a: tensor([0, 8], [1.5]) }), data: 8, sentence: /the number 1\.5/ },
  {
    what: 'an offset beyond 2^53',
    header: '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740993]}}',
    data: 8,
    sentence: /the number 9007199254740992/,
  },
  {
    what: 'a dimension beyond 2^53',
    header: '{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /the number 18446744073709552000/,
  },
  {
    what: 'an infinite number',
    header: '{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /the number Infinity/,
  },
  {
    what: 'dimensions whose product overflows',
    header: json({ a: tensor([0, 8], [2 ** 52, 2 ** 52, 2 ** 52]) }),
    data: 8,
    sentence: /8 bytes, but F32 of shape/,
  },
  {
    what: 'offsets that run backwards',
    header: json({ a: tensor([8, 0]) }),
    data: 8,
    sentence: /run backwards \(8 to 0\)/,
  },
  {
    what: 'offsets that are not shape × dtype',
    header: json({ a: tensor([0, 12]) }),
    data: 12,
    sentence: /"a" 12 bytes, but F32 of shape \[2\] takes 8/,
  },
  {
    what: 'overlapping offsets',
    header: json({ a: tensor([0, 8]), b: tensor([4, 12]) }),
    data: 12,
    sentence: /overlapping tensors: "b" begins inside "a"/,
  },
  {
    what: 'two tensors on the same bytes',
    header: json({ a: tensor([0, 8]), b: tensor([0, 8]) }),
    data: 8,
    sentence: /overlapping/,
  },
  {
    what: 'a gap between tensors',
    header: json({ a: tensor([0, 8]), b: tensor([12, 20]) }),
    data: 20,
    sentence: /a gap of 4 bytes before the tensor "b"/,
  },
  {
    what: 'a gap at the start',
    header: json({ a: tensor([4, 12]) }),
    data: 12,
    sentence: /a gap of 4 bytes before the tensor "a"/,
  },
  {
    what: 'bytes after the last tensor',
    header: json({ a: tensor([0, 8]) }),
    data: 10,
    sentence: /a gap at its end: 2 bytes/,
  },
  {
    what: 'offsets past the end',
    header: json({ a: tensor([0, 8]), b: tensor([8, 16]) }),
    data: 12,
    sentence: /truncated.*"b" ends at byte .* past the end of the file/,
  },
  {
    what: 'a tensor twice',
    header:
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /lists "a" twice in its header/,
  },
  {
    what: 'a tensor twice, spelled differently',
    header:
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /lists "a" twice/,
  },
  {
    what: 'a key of a tensor twice',
    header: '{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /lists "dtype" twice/,
  },
  {
    what: 'a tensor called __proto__',
    header: '{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /names a tensor "__proto__"/,
  },
  {
    what: 'an escaped __proto__',
    header: '{"\\u005f_proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    data: 8,
    sentence: /"__proto__"/,
  },
  {
    what: 'a name that would rewrite the terminal',
    header: json({ '\u001b[2J\n\u202e': 3 }),
    sentence: /"\\u\{1b\}\[2J\\u\{a\}\\u\{202e\}"/,
  },
  { what: 'a name of a megabyte', header: json({ ['x'.repeat(1_000_000)]: 3 }), sentence: /"x{117}…"/ },
];

describe('bad input: safetensors', () => {
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  for (const { what, header, data = 0, code = 'malformed', sentence } of badHeaders) {
    it(`refuses a header with ${what}`, async () => {
      const folder = await freshFolder();
      const file = path.join(folder, 'model.safetensors');
      await writeFile(file, Buffer.concat([headerBytes(header), Buffer.alloc(data)]));
      await refuses(file, code, what === 'no tensor' ? folder : 'model.safetensors', sentence);
    });
  }

  it('refuses a header that is not UTF-8', async () => {
    const file = path.join(await freshFolder(), 'model.safetensors');
    const bytes = headerBytes(json({ aaaa: tensor([0, 8]) }));
    bytes[11] = 0xff;
    await writeFile(file, Buffer.concat([bytes, Buffer.alloc(8)]));
    await refuses(file, 'malformed', 'model.safetensors', /not UTF-8/);
  });

  const lengths: { what: string; bytes: Buffer; sentence: RegExp }[] = [
    { what: 'no byte', bytes: Buffer.alloc(0), sentence: /is truncated: it has 0 bytes/ },
    { what: 'seven bytes', bytes: Buffer.alloc(7), sentence: /is truncated: it has 7 bytes/ },
    {
      what: 'a header length beyond the file',
      bytes: Buffer.concat([Buffer.from([9, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]),
      sentence: /header is said to have 9 bytes, the file has 10/,
    },
    {
      what: 'a header length of 2^64 − 1',
      bytes: Buffer.concat([Buffer.alloc(8, 255), Buffer.from('{}')]),
      sentence: /18,446,744,073,709,551,615 bytes/,
    },
    {
      what: 'a header length of 2^63',
      bytes: Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 123, 125]),
      sentence: /9,223,372,036,854,775,808 bytes/,
    },
    {
      what: 'a page of HTML',
      bytes: Buffer.from('<!DOCTYPE html><title>404</title>'),
      sentence: /truncated or no safetensors file/,
    },
    {
      what: 'a Git LFS pointer',
      bytes: Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'),
      sentence: /Git LFS pointer.*git lfs pull/,
    },
  ];
  for (const { what, bytes, sentence } of lengths) {
    it(`refuses a file with ${what}`, async () => {
      const file = path.join(await freshFolder(), 'model.safetensors');
      await writeFile(file, bytes);
      await refuses(file, 'malformed', 'model.safetensors', sentence);
    });
  }

  it('refuses a header above the limit without reading it', async () => {
    const file = path.join(await freshFolder(), 'model.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(HEADER_LIMIT + 1));
    await writeFile(file, length);
    await truncate(file, HEADER_LIMIT + 100); // sparse
    await refuses(file, 'malformed', 'model.safetensors', /header of 100,000,001 bytes; the limit is 100,000,000/);
  });

  it('refuses a file cut anywhere', async () => {
    const folder = await freshFolder();
    const file = path.join(folder, 'model.safetensors');
    await writeSafetensors(file, [{ name: 'a', dtype: 'F32', shape: [64], data: new Float32Array(64) }]);
    for (const bytes of [300, 120, 60, 20, 8, 3]) {
      await truncate(file, bytes);
      await refuses(file, 'malformed', 'model.safetensors', /truncated/);
    }
  });
});

const INDEX = 'model.safetensors.index.json';

const badIndexes: { what: string; index: string; code?: ErrorCode; file?: string; sentence: RegExp }[] = [
  { what: 'that is not JSON', index: '{', sentence: /index that is not valid JSON/ },
  { what: 'without a weight map', index: '{}', sentence: /no "weight_map"/ },
  { what: 'whose weight map is a list', index: '{"weight_map":[]}', sentence: /no "weight_map"/ },
  { what: 'that lists nothing', index: '{"weight_map":{}}', sentence: /lists no tensor/ },
  {
    what: 'naming an absent shard',
    index: json({ weight_map: { a: 'model-00001-of-00002.safetensors' } }),
    code: 'not-found',
    file: 'model-00001-of-00002.safetensors',
    sentence: /is missing, though model\.safetensors\.index\.json names it/,
  },
  {
    what: 'naming a shard by something else than a string',
    index: json({ weight_map: { a: 3 } }),
    sentence: /does not name a file for the tensor "a"/,
  },
  { what: 'naming an empty path', index: json({ weight_map: { a: '' } }), sentence: /an empty name/ },
  {
    what: 'naming an absolute path',
    index: json({ weight_map: { a: '/etc/passwd' } }),
    sentence: /"\/etc\/passwd", an absolute path/,
  },
  {
    what: 'naming a Windows path',
    index: json({ weight_map: { a: 'C:\\x.safetensors' } }),
    sentence: /an absolute path/,
  },
  {
    what: 'naming a network path',
    index: json({ weight_map: { a: '\\\\host\\x.safetensors' } }),
    sentence: /an absolute path/,
  },
  {
    what: 'naming a path outside the folder',
    index: json({ weight_map: { a: '../other/model.safetensors' } }),
    sentence: /a path outside the folder/,
  },
  {
    what: 'naming a path that leaves and returns',
    index: json({ weight_map: { a: 'x/../../y.safetensors' } }),
    sentence: /a path outside the folder/,
  },
  {
    what: 'naming a path outside by backslashes',
    index: json({ weight_map: { a: 'x\\..\\..\\y.safetensors' } }),
    sentence: /a path outside the folder/,
  },
  {
    what: 'naming a path with a zero byte',
    index: json({ weight_map: { a: 'x\0.safetensors' } }),
    sentence: /a zero byte/,
  },
  {
    what: 'naming a path too long for a file',
    index: json({ weight_map: { a: `${'x'.repeat(5000)}.safetensors` } }),
    code: 'not-found',
    file: 'xxx.safetensors',
    sentence: /names it/,
  },
  {
    what: 'with a tensor twice',
    index: '{"weight_map":{"a":"weights.safetensors","a":"other.safetensors"}}',
    sentence: /lists "a" twice in its index/,
  },
  {
    what: 'with a tensor called __proto__',
    index: '{"weight_map":{"__proto__":"weights.safetensors"}}',
    sentence: /names a tensor "__proto__"/,
  },
  {
    what: 'with a tensor that the shard lacks',
    index: json({ weight_map: { a: 'weights.safetensors', 'model.layers.0.gone': 'weights.safetensors' } }),
    sentence: /"model\.layers\.0\.gone" is in weights\.safetensors, but that file has no such tensor/,
  },
  {
    what: 'naming a folder',
    index: json({ weight_map: { a: 'sub' } }),
    code: 'malformed',
    file: 'sub',
    sentence: /not a regular file/,
  },
];

describe('bad input: index and folder', () => {
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  for (const { what, index, code = 'malformed', file = INDEX, sentence } of badIndexes) {
    it(`refuses an index ${what}`, async () => {
      const folder = await freshFolder();
      await mkdir(path.join(folder, 'sub'));
      await writeSafetensors(path.join(folder, 'weights.safetensors'), [
        { name: 'a', dtype: 'F32', shape: [2], data: [1, 2] },
      ]);
      await writeFile(path.join(folder, INDEX), index);
      await refuses(folder, code, file, sentence);
      await refuses(path.join(folder, INDEX), code, file, sentence);
    });
  }

  const configs: { what: string; config: string; sentence: RegExp }[] = [
    { what: 'is not JSON', config: '{"model_type": ', sentence: /not valid JSON/ },
    { what: 'is a list', config: '[]', sentence: /not a JSON object/ },
    {
      what: 'has a string that never ends',
      config: `{"a": NaN, "b": "${'\\"'.repeat(100_000)}`,
      sentence: /not valid JSON/,
    },
  ];
  for (const { what, config, sentence } of configs) {
    it(`refuses a config that ${what}`, async () => {
      const folder = await freshFolder();
      await writeCheckpoint(folder, { family: 'qwen2' });
      await writeFile(path.join(folder, 'config.json'), config);
      await refuses(folder, 'malformed', 'config.json', sentence);
    });
  }

  /** Files in a folder without safetensors, and what the sentence says. */
  const foreign: { files: string[]; code?: ErrorCode; file?: string; sentence: RegExp }[] = [
    { files: ['config.json'], code: 'not-found', sentence: /no safetensors file in it beside its config\.json/ },
    { files: ['notes.txt'], code: 'not-found', sentence: /holds no checkpoint/ },
    {
      files: ['config.json', 'pytorch_model.bin'],
      sentence: /pytorch_model\.bin.*PyTorch pickles \(\.bin\).*safe_serialization=True/,
    },
    { files: ['pytorch_model-00001-of-00002.bin', 'pytorch_model.bin.index.json'], sentence: /pickles/ },
    { files: ['consolidated.00.pth'], sentence: /PyTorch pickles/ },
    { files: ['weights.pt'], sentence: /PyTorch pickles/ },
    { files: ['model.pickle'], sentence: /PyTorch pickles/ },
    {
      files: ['.metadata', '__0_0.distcp', '__1_0.distcp'],
      sentence: /PyTorch distributed checkpoint \(FSDP\).*accelerate merge-weights/,
    },
    {
      files: ['model_world_size_8_rank_0.pt', 'fsdp_config.json'],
      sentence: /FSDP checkpoint of verl.*verl\.model_merger/,
    },
    {
      files: ['bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt', 'mp_rank_00_model_states.pt'],
      sentence: /DeepSpeed ZeRO.*zero_to_fp32\.py/,
    },
    { files: ['zero_pp_rank_0_mp_rank_00_model_states.pt'], sentence: /DeepSpeed ZeRO/ },
    { files: ['mp_rank_00_model_states.pt'], sentence: /DeepSpeed checkpoint/ },
    { files: ['latest_checkpointed_iteration.txt', 'iter_0000100'], sentence: /Megatron.*Megatron-Bridge/ },
    { files: ['common.pt', '.metadata', '__0_0.distcp'], sentence: /Megatron/ },
    { files: ['model-Q4_K_M.gguf'], sentence: /GGUF.*gguf_file/ },
    {
      files: ['adapter_config.json', 'adapter_model.bin'],
      sentence: /adapter \(LoRA\) stored as a PyTorch pickle.*safe_serialization=True/,
    },
    { files: ['tf_model.h5'], sentence: /TensorFlow/ },
    { files: ['flax_model.msgpack'], sentence: /Flax/ },
    { files: ['model.onnx'], sentence: /ONNX/ },
    {
      files: ['model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'],
      code: 'not-found',
      sentence: /holds 2 of the 3 shards/,
    },
    { files: ['one.safetensors', 'two.safetensors'], code: 'malformed', sentence: /2 safetensors files and no index/ },
  ];
  for (const { files, code = 'unsupported', sentence } of foreign) {
    it(`says what a folder with ${files.join(', ')} is`, async () => {
      const folder = await freshFolder();
      for (const file of files) await writeFile(path.join(folder, file), '{}');
      await refuses(folder, code, folder, sentence);
    });
  }
  for (const file of ['pytorch_model.bin', 'model.gguf', 'adapter_model.bin', 'x.pth']) {
    it(`says what the file ${file} is`, async () => {
      const folder = await freshFolder();
      await writeFile(path.join(folder, file), '');
      await refuses(path.join(folder, file), 'unsupported', file, /(?:pickles|GGUF|adapter)/);
    });
  }

  it('refuses a path that does not exist, is no checkpoint, or is a pipe', async () => {
    const folder = await freshFolder();
    await refuses(path.join(folder, 'nowhere'), 'not-found', 'nowhere', /does not exist/);
    await refuses(path.join(folder, 'zero\0byte'), 'not-found', 'zero', /no name that a file can have/);
    await writeFile(path.join(folder, 'tokenizer.json'), '{}');
    await refuses(path.join(folder, 'tokenizer.json'), 'not-found', 'tokenizer.json', /is no checkpoint/);
    execFileSync('mkfifo', [path.join(folder, 'model.safetensors')]);
    await refuses(folder, 'malformed', 'model.safetensors', /not a regular file/);
    await refuses(
      path.join(folder, 'model.safetensors'),
      'malformed',
      'model.safetensors',
      /neither a file nor a folder/,
    );
    await refuses('/dev/zero', 'malformed', '/dev/zero', /neither a file nor a folder/);
    await symlink('loop', path.join(folder, 'loop'));
    await refuses(path.join(folder, 'loop'), 'not-found', 'loop', /leads back to itself/);
  });

  it('refuses a link whose target is gone', async () => {
    const folder = await freshFolder();
    await symlink('../blobs/0123', path.join(folder, 'model.safetensors'));
    await refuses(folder, 'not-found', 'model.safetensors', /link to a file that is not there/);
  });

  it('refuses a tensor in two shards when no index says which counts', async () => {
    const folder = await freshFolder();
    for (const part of [1, 2])
      await writeSafetensors(path.join(folder, `model-0000${part}-of-00002.safetensors`), [
        { name: 'a', dtype: 'F32', shape: [1], data: [part] },
      ]);
    await refuses(
      folder,
      'malformed',
      'model-00002-of-00002.safetensors',
      /holds the tensor "a", which model-00001-of-00002\.safetensors holds too/,
    );
  });

  describe('without permission', () => {
    // Root reads everything, so root becomes nobody for the time of the call.
    const asNobody = async (work: () => Promise<void>) => {
      if (process.geteuid?.() !== 0) return work();
      process.seteuid!(65534);
      try {
        await work();
      } finally {
        process.seteuid!(0);
      }
    };
    beforeAll(() => chmod(temporary.path, 0o755));

    it('says that a folder may not be read', async () => {
      const folder = await freshFolder();
      await writeCheckpoint(folder, { family: 'qwen2' });
      await chmod(folder, 0);
      await asNobody(() => refuses(folder, 'permission', folder, /may not be read/));
      await asNobody(() =>
        refuses(path.join(folder, 'model.safetensors'), 'permission', 'model.safetensors', /may not be read/),
      );
      await chmod(folder, 0o700);
    });

    for (const file of ['model-00001-of-00002.safetensors', INDEX, 'config.json']) {
      it(`says that ${file} may not be read`, async () => {
        const folder = await freshFolder();
        await writeCheckpoint(folder, { family: 'qwen2', shards: 2 });
        await chmod(folder, 0o755);
        await chmod(path.join(folder, file), 0);
        await asNobody(() => refuses(folder, 'permission', file, /may not be read/));
        await rm(folder, { recursive: true });
      });
    }
  });
});
