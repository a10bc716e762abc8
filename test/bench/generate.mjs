// Makes the benchmark's checkpoints: two bf16 models with the names, shapes and shards of Qwen2.5-VL-3B, fewer layers.
// Weights are N(0, 0.02²) rounded to bf16, the later model is the earlier one plus an update of 1e-3 of the weights, so
// the data is as hard to compress, and as hard to tell apart, as trained weights are. Seeded, made on all cores.
//   generate(folder): Promise<{label: string, bytes: number, before: string, after: string}[]>, smallest first
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const SEED = 20260212;
const STAGES = ['before', 'after'];
/** Weights made at once. */
const CHUNK = 1 << 20;
/** In the cache's name: another recipe is another cache. */
const VERSION = 1;

/**
 * @typedef {{name: string, shape: number[]}} Tensor
 * @typedef {{files: string[], offset: number, count: number, seed: number, kind: 'weight' | 'norm'}} Chunk
 */

/** @param {number} layer @returns {Tensor[]} */
const languageLayer = (layer) => {
  const at = `model.layers.${layer}`;
  return [
    { name: `${at}.input_layernorm.weight`, shape: [2048] },
    { name: `${at}.mlp.down_proj.weight`, shape: [2048, 11008] },
    { name: `${at}.mlp.gate_proj.weight`, shape: [11008, 2048] },
    { name: `${at}.mlp.up_proj.weight`, shape: [11008, 2048] },
    { name: `${at}.post_attention_layernorm.weight`, shape: [2048] },
    { name: `${at}.self_attn.k_proj.bias`, shape: [256] },
    { name: `${at}.self_attn.k_proj.weight`, shape: [256, 2048] },
    { name: `${at}.self_attn.o_proj.weight`, shape: [2048, 2048] },
    { name: `${at}.self_attn.q_proj.bias`, shape: [2048] },
    { name: `${at}.self_attn.q_proj.weight`, shape: [2048, 2048] },
    { name: `${at}.self_attn.v_proj.bias`, shape: [256] },
    { name: `${at}.self_attn.v_proj.weight`, shape: [256, 2048] },
  ];
};

/** @param {number} block @returns {Tensor[]} */
const visionBlock = (block) => {
  const at = `visual.blocks.${block}`;
  return [
    { name: `${at}.attn.proj.bias`, shape: [1280] },
    { name: `${at}.attn.proj.weight`, shape: [1280, 1280] },
    { name: `${at}.attn.qkv.bias`, shape: [3840] },
    { name: `${at}.attn.qkv.weight`, shape: [3840, 1280] },
    { name: `${at}.mlp.down_proj.bias`, shape: [1280] },
    { name: `${at}.mlp.down_proj.weight`, shape: [1280, 3420] },
    { name: `${at}.mlp.gate_proj.bias`, shape: [3420] },
    { name: `${at}.mlp.gate_proj.weight`, shape: [3420, 1280] },
    { name: `${at}.mlp.up_proj.bias`, shape: [3420] },
    { name: `${at}.mlp.up_proj.weight`, shape: [3420, 1280] },
    { name: `${at}.norm1.weight`, shape: [1280] },
    { name: `${at}.norm2.weight`, shape: [1280] },
  ];
};

/** @param {number} first @param {number} end @param {(index: number) => Tensor[]} of */
const range = (first, end, of) => Array.from({ length: end - first }, (_, index) => of(first + index)).flat();

const LAYERS = 6;
const BLOCKS = 8;
/** Sizes double from one to the next: three layers, six, everything. */
const SHARDS = [
  range(0, 3, languageLayer),
  range(3, LAYERS, languageLayer),
  [
    ...range(0, BLOCKS, visionBlock),
    { name: 'visual.merger.ln_q.weight', shape: [1280] },
    { name: 'visual.merger.mlp.0.bias', shape: [5120] },
    { name: 'visual.merger.mlp.0.weight', shape: [5120, 5120] },
    { name: 'visual.merger.mlp.2.bias', shape: [2048] },
    { name: 'visual.merger.mlp.2.weight', shape: [2048, 5120] },
    { name: 'visual.patch_embed.proj.weight', shape: [1280, 3, 2, 14, 14] },
  ],
  [
    { name: 'model.embed_tokens.weight', shape: [151936, 2048] },
    { name: 'model.norm.weight', shape: [2048] },
  ],
];
/** Shards that each size has. */
const SIZES = [1, 2, 4];

/** @param {number} layers @param {number} blocks */
const config = (layers, blocks) => ({
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  model_type: 'qwen2_5_vl',
  torch_dtype: 'bfloat16',
  tie_word_embeddings: true,
  hidden_size: 2048,
  intermediate_size: 11008,
  num_hidden_layers: layers,
  num_attention_heads: 16,
  num_key_value_heads: 2,
  vocab_size: 151936,
  vision_config: { depth: blocks, hidden_size: 1280, intermediate_size: 3420, out_hidden_size: 2048, patch_size: 14 },
});

/** @param {Tensor} tensor */
const elements = ({ shape }) => shape.reduce((product, size) => product * size, 1);

/** @param {number} shard */
const shardName = (shard) =>
  `model-${String(shard + 1).padStart(5, '0')}-of-${String(SHARDS.length).padStart(5, '0')}.safetensors`;

/**
 * The checkpoints of every size below `cache`, made if they are not there.
 * @param {string} cache
 * @param {(line: string) => void} log
 */
export async function generate(cache, log = () => undefined) {
  const folder = path.join(cache, `qwen2_5_vl-v${VERSION}`);
  const ready = path.join(folder, 'READY');
  if (!fs.existsSync(ready)) {
    fs.rmSync(folder, { recursive: true, force: true });
    const from = performance.now();
    await writeShards(folder);
    writeFolders(folder);
    fs.writeFileSync(ready, '');
    log(`made ${folder} in ${((performance.now() - from) / 1000).toFixed(0)} s`);
  }
  return SIZES.map((shards, index) => {
    const bytes = SHARDS.slice(0, shards)
      .flat()
      .reduce((sum, tensor) => sum + 2 * elements(tensor), 0);
    const [before, after] = STAGES.map((stage) => path.join(folder, `size-${shards}`, stage));
    return { label: `${2 ** index}×`, bytes, before, after };
  });
}

/** @param {string} folder */
async function writeShards(folder) {
  /** @type {Chunk[]} */
  const chunks = [];
  for (const [shard, tensors] of SHARDS.entries()) {
    const header = { __metadata__: { format: 'pt' } };
    let offset = 0;
    for (const tensor of tensors) {
      header[tensor.name] = {
        dtype: 'BF16',
        shape: tensor.shape,
        data_offsets: [offset, offset + 2 * elements(tensor)],
      };
      offset += 2 * elements(tensor);
    }
    const json = Buffer.from(JSON.stringify(header));
    const start = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
    start.writeBigUInt64LE(BigInt(start.length - 8));
    json.copy(start, 8);
    const files = STAGES.map((stage) => path.join(folder, 'shards', stage, shardName(shard)));
    for (const file of files) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, start);
    }
    let at = start.length;
    for (const tensor of tensors) {
      for (let done = 0; done < elements(tensor); done += CHUNK) {
        const count = Math.min(CHUNK, elements(tensor) - done);
        chunks.push({
          files,
          offset: at,
          count,
          seed: SEED + chunks.length * 7919,
          kind: /norm|ln_q/.test(tensor.name) ? 'norm' : 'weight',
        });
        at += 2 * count;
      }
    }
  }
  const workers = Array.from({ length: os.availableParallelism() }, () => new Worker(fileURLToPath(import.meta.url)));
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          const next = () => {
            const chunk = chunks.pop();
            if (chunk) worker.postMessage(chunk);
            else resolve(worker.terminate());
          };
          worker.on('message', next).on('error', reject);
          next();
        }),
    ),
  );
}

/** One folder per size and stage: links to the shards, an index, a config. @param {string} folder */
function writeFolders(folder) {
  for (const shards of SIZES) {
    const included = SHARDS.slice(0, shards);
    const weightMap = Object.fromEntries(
      included.flatMap((tensors, shard) => tensors.map(({ name }) => [name, shardName(shard)])),
    );
    for (const stage of STAGES) {
      const own = path.join(folder, `size-${shards}`, stage);
      fs.mkdirSync(own, { recursive: true });
      for (const shard of included.keys())
        fs.symlinkSync(path.join('..', '..', 'shards', stage, shardName(shard)), path.join(own, shardName(shard)));
      fs.writeFileSync(
        path.join(own, 'model.safetensors.index.json'),
        JSON.stringify({ metadata: {}, weight_map: weightMap }),
      );
      fs.writeFileSync(
        path.join(own, 'config.json'),
        JSON.stringify(config(Math.min(LAYERS, 3 * shards), shards > 2 ? BLOCKS : 0), null, 2),
      );
    }
  }
}

/** Makes one chunk of both stages. @param {Chunk} chunk */
function makeChunk({ files, offset, count, seed, kind }) {
  const single = new Float32Array(count);
  const words = new Uint32Array(single.buffer);
  const halves = new Uint16Array(count);
  let state = (seed * 2654435761) >>> 0 || 1;
  // xorshift32; two draws give four 16-bit numbers, whose sum is bell-shaped with a standard deviation of 37,837.
  const bell = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const sum = (state & 0xffff) + (state >>> 16);
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (sum + (state & 0xffff) + (state >>> 16) - 131070) / 37837;
  };
  const write = (file) => {
    for (let index = 0; index < count; index++) {
      const word = words[index];
      halves[index] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    }
    const descriptor = fs.openSync(file, 'r+');
    const bytes = Buffer.from(halves.buffer);
    for (let done = 0; done < bytes.length;)
      done += fs.writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
    fs.closeSync(descriptor);
  };
  const center = kind === 'norm' ? 1 : 0;
  for (let index = 0; index < count; index++) single[index] = center + 0.02 * bell();
  write(files[0]);
  for (let index = 0; index < count; index++) words[index] = halves[index] << 16; // training starts from what is stored
  for (let index = 0; index < count; index++) single[index] += 2e-5 * bell();
  write(files[1]);
}

if (!isMainThread) {
  parentPort.on('message', (chunk) => {
    makeChunk(chunk);
    parentPort.postMessage(null);
  });
}
