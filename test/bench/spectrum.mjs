// Spectra of updates against torch.linalg.svdvals (float32, the same threads), one weight shape of Qwen2.5-VL-7B after
// the other.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled, findPython, median, run } from './measure.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Every shape of a matrix, and what has it; vectors (norms, biases) have no spectrum. `once`: minutes in PyTorch, which
 * is measured in one round only.
 * @typedef {{rows: number, columns: number, of: string, once?: true}} Shape
 * @type {Shape[]}
 */
const SHAPES = [
  { rows: 512, columns: 3584, of: 'k_proj, v_proj' },
  { rows: 1280, columns: 1176, of: 'visual patch_embed' },
  { rows: 1280, columns: 1280, of: 'visual proj' },
  { rows: 3840, columns: 1280, of: 'visual qkv' },
  { rows: 3420, columns: 1280, of: 'visual gate_proj, up_proj' },
  { rows: 1280, columns: 3420, of: 'visual down_proj' },
  { rows: 3584, columns: 3584, of: 'q_proj, o_proj' },
  { rows: 3584, columns: 5120, of: 'visual merger.mlp.2' },
  { rows: 5120, columns: 5120, of: 'visual merger.mlp.0' },
  { rows: 3584, columns: 18944, of: 'down_proj' },
  { rows: 18944, columns: 3584, of: 'gate_proj, up_proj' },
  { rows: 152064, columns: 3584, of: 'embed_tokens, lm_head', once: true },
];

/** Goals: so many times PyTorch's speed on this shape, by mode. */
const GOAL = { rows: 3584, columns: 18944, least: { exact: 8, fast: 50 } };
const MODES = ['exact', 'fast'];

/**
 * Rounds in one process, of which the last counts: a run takes hundreds of matrices, and small ones are slow until
 * compiled.
 */
const roundsOf = ({ rows, columns }) => String(Math.min(8, Math.max(3, Math.round(2 ** 25 / (rows * columns)))));

/** In the cache's name: another recipe is another cache. */
const VERSION = 1;

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchSpectrum({ root, repeat, log }) {
  const cache = path.join(root, '.cache', 'bench');
  const bundle = await bundled(root, 'spectrumEngine');
  const threads = String(os.availableParallelism());
  const python = findPython();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'frankenstein-bench-'));
  const out = (name) => path.join(scratch, name);
  try {
    const rows = [];
    let version;
    for (const shape of SHAPES) {
      const pair = makePair(path.join(cache, `spectrum-${VERSION}`), shape, log);
      const sides = [
        ...MODES.map((mode) => ({
          name: mode,
          rounds: repeat,
          program: process.execPath,
          args: [bundle, ...pair, mode, threads, roundsOf(shape), out(mode)],
          seconds: [],
          alone: [],
          memory: 0,
        })),
        ...(python
          ? [
              {
                name: 'torch',
                rounds: shape.once ? 1 : repeat,
                program: python,
                args: [
                  path.join(here, 'spectrum_torch.py'),
                  ...pair,
                  threads,
                  shape.once ? '1' : roundsOf(shape),
                  out('torch'),
                ],
                seconds: [],
                alone: [],
                memory: 0,
              },
            ]
          : []),
      ];
      for (let round = 1; round <= repeat; round++) {
        for (const side of sides.filter(({ rounds }) => round <= rounds)) {
          const printed = JSON.parse((await run(side)).output);
          // The last in its process: the others warm up, on either side.
          const { together, alone } =
            side.name === 'torch' ? { together: printed.seconds, alone: printed.seconds } : printed.seconds;
          side.seconds.push(together.at(-1));
          side.alone.push(alone.at(-1));
          side.memory = Math.max(side.memory, printed.memory);
          version = printed.torch ?? version;
          log(
            `${shape.rows} × ${shape.columns} ${round}/${side.rounds} ${side.name}: ` +
              `${side.seconds.at(-1).toFixed(3)} s, alone ${side.alone.at(-1).toFixed(3)} s`,
          );
        }
      }
      rows.push({
        shape,
        sides: Object.fromEntries(sides.map((side) => [side.name, side])),
        difference: python && difference(out('exact'), out('torch')),
      });
    }
    return report(rows, threads, version);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** Largest difference between two files of values, of the largest value. */
function difference(one, other) {
  const [a, b] = [one, other].map((file) => new Float64Array(new Uint8Array(fs.readFileSync(file)).buffer));
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), 0) / a[0];
}

function report(rows, threads, version) {
  const cell = (values) =>
    `${median(values).toFixed(3)} (${Math.min(...values).toFixed(3)}–${Math.max(...values).toFixed(3)})`;
  const ratio = ({ sides }, mode) => median(sides.torch.seconds) / median(sides[mode].seconds);
  const columns = [
    ['shape', ({ shape }) => `${shape.rows} × ${shape.columns}`],
    ['of', ({ shape }) => shape.of],
    ...MODES.flatMap((mode) => [
      [mode, ({ sides }) => cell(sides[mode].seconds)],
      [`${mode}, alone`, ({ sides }) => cell(sides[mode].alone)],
    ]),
    ...(version
      ? [
          [`PyTorch ${version}`, ({ sides }) => cell(sides.torch.seconds)],
          ...MODES.map((mode) => [`${mode} ×`, (row) => ratio(row, mode).toFixed(1)]),
        ]
      : []),
    ...[...MODES, ...(version ? ['torch'] : [])].map((name) => [
      `memory, ${name}`,
      ({ sides }) => (sides[name].memory / 1e9).toFixed(2),
    ]),
    ...(version ? [['exact and PyTorch differ, of σ₁', (row) => row.difference.toExponential(1)]] : []),
  ];
  const lines = [
    `Random bf16 weights with a small update, ${threads} threads. Seconds per matrix, median (least–most): as ` +
      `in a run, ${threads} matrices at once with a thread each; *alone*, one matrix with all threads. Reading ` +
      `is included for exact and fast, not for PyTorch. Memory in GB, the process's peak; the engine's budget is ` +
      '2 GiB.',
    '',
    `| ${columns.map(([name]) => name).join(' | ')} |`,
    `|${' --- |'.repeat(columns.length)}`,
    ...rows.map((row) => `| ${columns.map(([, of]) => of(row)).join(' | ')} |`),
  ];
  const compared = rows.filter(({ sides }) => sides.torch);
  if (compared.length === 0) return lines.join('\n');
  const judge = (met) => (met ? 'met' : '**missed**');
  const goal = compared.find(({ shape }) => shape.rows === GOAL.rows && shape.columns === GOAL.columns);
  lines.push('', '| goal | measured | |', '| --- | --- | --- |');
  for (const mode of MODES)
    lines.push(
      `| ${mode}: at least ${GOAL.least[mode]} × PyTorch's speed on ${GOAL.rows} × ${GOAL.columns} | ` +
        `${ratio(goal, mode).toFixed(1)} × | ${judge(ratio(goal, mode) >= GOAL.least[mode])} |`,
    );
  const slowest = compared.reduce((worst, row) => (ratio(row, 'exact') < ratio(worst, 'exact') ? row : worst));
  lines.push(
    `| exact: never slower than PyTorch | at least ${ratio(slowest, 'exact').toFixed(2)} × ` +
      `(${slowest.shape.rows} × ${slowest.shape.columns}) | ${judge(ratio(slowest, 'exact') >= 1)} |`,
  );
  const memory = Math.max(...rows.flatMap(({ sides }) => MODES.map((mode) => sides[mode].memory)));
  lines.push(
    `| memory within the budget of 2 GiB | at most ${(memory / 2 ** 30).toFixed(2)} GiB | ` +
      `${judge(memory <= 2 ** 31)} |`,
  );
  return lines.join('\n');
}

/**
 * Two safetensors files with one bf16 tensor each: weights of standard deviation 0.02, and the same with an update of
 * 1e-3 of that.
 * @param {string} folder @param {Shape} shape @param {(line: string) => void} log
 * @returns {[string, string]}
 */
function makePair(folder, { rows, columns }, log) {
  /** @type {[string, string]} */
  const files = ['before', 'after'].map((stage) => path.join(folder, `${rows}x${columns}-${stage}.safetensors`));
  if (files.every((file) => fs.existsSync(file))) return files;
  log(`writing ${rows} × ${columns}`);
  fs.mkdirSync(folder, { recursive: true });
  const count = rows * columns;
  const header = Buffer.from(
    JSON.stringify({ weight: { dtype: 'BF16', shape: [rows, columns], data_offsets: [0, 2 * count] } }).padEnd(120),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const open = files.map((file) => {
    const handle = fs.openSync(`${file}.part`, 'w');
    fs.writeSync(handle, Buffer.concat([length, header]));
    return handle;
  });
  const single = new Float32Array(1);
  const bits = new Uint32Array(single.buffer);
  const bfloat16 = (value) => {
    single[0] = value;
    return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
  };
  let state = 20260212;
  /** Two uniform 16-bit numbers of one hashed counter added, of standard deviation 1. */
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    let hash = state ^ (state >>> 15);
    hash = Math.imul(hash, 0x2c1b3c6d);
    hash ^= hash >>> 12;
    return ((hash & 0xffff) + (hash >>> 16) - 65535) / 26754;
  };
  const step = Math.min(count, 1 << 22);
  const chunks = files.map(() => new Uint16Array(step));
  for (let begin = 0; begin < count; begin += step) {
    const some = Math.min(step, count - begin);
    for (let index = 0; index < some; index++) {
      const weight = noise() * 0.02;
      chunks[0][index] = bfloat16(weight);
      chunks[1][index] = bfloat16(weight + noise() * 2e-5);
    }
    open.forEach((handle, stage) => fs.writeSync(handle, chunks[stage].subarray(0, some)));
  }
  open.forEach((handle, stage) => {
    fs.closeSync(handle);
    fs.renameSync(`${files[stage]}.part`, files[stage]);
  });
  return files;
}
