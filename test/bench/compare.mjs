// `frankenstein compare` against PyTorch and cat, on a Qwen2.5-VL-3B-shaped bf16 pair.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.mjs';
import { findPython, median, peakMemory, run } from './measure.mjs';

/** @typedef {{seconds: number[], inner: number[], memory?: import('./measure.mjs').Memory}} Measured */

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchCompare({ root, repeat, log }) {
  const cli = path.join(root, 'dist', 'cli.cjs');
  if (!fs.existsSync(cli) && spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('npm run build failed');
  const sizes = await generate(path.join(root, '.cache', 'bench'), log);
  const threads = os.availableParallelism();
  const python = findPython();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'frankenstein-bench-'));
  try {
    const result = path.join(scratch, 'result.json');
    /** A run is written anew each time: the whole command is measured. */
    const engine = ({ before, after }) => ({
      program: process.execPath,
      args: [
        cli,
        'compare',
        before,
        after,
        '--threads',
        String(threads),
        '--runs',
        fs.mkdtempSync(path.join(scratch, 'runs-')),
        '--json',
        result,
      ],
    });
    const torch = ({ before, after }) => ({
      program: python,
      args: [
        path.join(path.dirname(fileURLToPath(import.meta.url)), 'compare_torch.py'),
        before,
        after,
        String(threads),
      ],
    });
    const small = (stage) => path.join(root, 'samples', 'lineage', stage);
    const shell =
      (line) =>
      ({ before, after }) => ({ program: 'sh', args: ['-c', line, 'sh', ...files(before), ...files(after)] });
    const largest = sizes.at(-1);

    const commands = [
      {
        name: 'frankenstein compare, sample lineage',
        size: { label: 'sample', bytes: bytesIn(small('in')), before: small('in'), after: small('rl') },
        of: engine,
        inner: () => innerOf(JSON.parse(fs.readFileSync(result, 'utf8'))),
      },
      ...sizes.map((size) => ({
        name: 'frankenstein compare',
        size,
        of: engine,
        inner: () => innerOf(JSON.parse(fs.readFileSync(result, 'utf8'))),
      })),
      ...(python
        ? [
            {
              name: 'PyTorch',
              size: largest,
              of: torch,
              inner: (output) => JSON.parse(output).load + JSON.parse(output).compute,
            },
          ]
        : []),
      { name: '`cat … \\| cat > /dev/null`', size: largest, of: shell('cat "$@" | cat > /dev/null') },
      { name: '`cat … > /dev/null`', size: largest, of: shell('cat "$@" > /dev/null') },
    ].map((command) => ({ ...command, measured: /** @type {Measured} */ ({ seconds: [], inner: [] }) }));

    let torchOutput;
    for (let round = 0; round <= repeat; round++) {
      for (const { name, size, of, inner, measured } of commands) {
        const { seconds, output } = await run(of(size));
        if (name === 'PyTorch') torchOutput = output;
        if (round === 0) continue; // warms the page cache, and whatever else warms
        measured.seconds.push(seconds);
        if (inner) measured.inner.push(inner(output));
        log(`${round}/${repeat} ${name} ${size.label}: ${seconds.toFixed(3)} s`);
      }
    }
    for (const command of commands) command.measured.memory = await peakMemory(command.of(command.size));
    await run(engine(largest));
    const agreement =
      torchOutput && worstDifference(JSON.parse(fs.readFileSync(result, 'utf8')), JSON.parse(torchOutput));
    return report(commands, agreement, torchOutput && JSON.parse(torchOutput).torch);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** Seconds inside the engine: from the request's arrival to its result. */
function innerOf({ provenance: { startedAt, finishedAt } }) {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
}

/** @param {string} folder */
function bytesIn(folder) {
  return files(folder).reduce((sum, file) => sum + fs.statSync(file).size, 0);
}

/** @param {string} folder */
function files(folder) {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map((name) => path.join(folder, name));
}

/** The largest relative difference between the two programs' figures. */
function worstDifference(result, { tensors }) {
  let worst = 0;
  for (const {
    onDisk,
    deltas: [delta],
  } of result.tensors) {
    for (const figure of ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'floor']) {
      const [own, other] = [delta[figure], tensors[onDisk[0]][figure]];
      if (own !== null && other) worst = Math.max(worst, Math.abs(own - other) / Math.abs(other));
    }
  }
  return worst;
}

function report(commands, agreement, torchVersion) {
  const rows = commands.map(({ name, size, measured: { seconds, inner, memory } }) => {
    const wall = median(seconds);
    return [
      name === 'PyTorch' ? `PyTorch ${torchVersion}` : name,
      size.label,
      gigabytes(2 * size.bytes),
      wall.toFixed(3),
      `${Math.min(...seconds).toFixed(3)}–${Math.max(...seconds).toFixed(3)}`,
      inner.length > 0 ? median(inner).toFixed(3) : '',
      ((2 * size.bytes) / 1e9 / wall).toFixed(2),
      memory ? megabytes(memory.total) : '',
      memory ? megabytes(memory.anonymous) : '',
    ];
  });
  const header = ['', 'size', 'read', 'wall, s', 'least–most', 'inside, s', 'GB/s', 'peak memory', 'of it, anonymous'];
  const lines = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return `${lines.join('\n')}\n\n${goals(commands, agreement).join('\n')}`;
}

function goals(commands, agreement) {
  const find = (name, label = '4×') =>
    commands.find((command) => command.name.includes(name) && command.size.label === label)?.measured;
  const [own, torch, cat] = [find('frankenstein'), find('PyTorch'), find('| cat')];
  const judge = (met) => (met ? 'met' : '**missed**');
  const lines = ['| goal | measured | |', '| --- | --- | --- |'];
  if (torch) {
    const speed = median(torch.seconds) / median(own.seconds);
    lines.push(`| at least 6 × PyTorch's speed, whole process | ${speed.toFixed(1)} × | ${judge(speed >= 6)} |`);
    if (own.memory && torch.memory)
      lines.push(
        `| at most a tenth of PyTorch's peak memory | 1/${(torch.memory.total / own.memory.total).toFixed(0)} ` +
          `| ${judge(torch.memory.total >= 10 * own.memory.total)} |`,
      );
    lines.push(
      `| the same figures | largest relative difference ${agreement.toExponential(1)} | ${judge(agreement < 1e-5)} |`,
    );
  }
  const share = median(cat.seconds) / median(own.seconds);
  lines.push(
    `| at least 0.9 of \`cat … \\| cat\`'s throughput, whole process | ${share.toFixed(2)} | ${judge(share >= 0.9)} |`,
  );
  const sample = find('frankenstein', 'sample');
  const start = median(sample.seconds);
  lines.push(
    `| small checkpoints: at most 0.25 s from start to exit | ${start.toFixed(2)} s | ${judge(start <= 0.25)} |`,
  );
  const [one, two, four] = ['1×', '2×', '4×'].map((label) =>
    commands.find((command) => command.name.includes('frankenstein') && command.size.label === label),
  );
  const rate = (from, to) =>
    ((median(to.measured.seconds) - median(from.measured.seconds)) / (to.size.bytes - from.size.bytes) / 2) * 1e9;
  const [first, second] = [rate(one, two), rate(two, four)];
  lines.push(
    `| linear in bytes | ${first.toFixed(3)} s per further GB from 1× to 2×, ${second.toFixed(3)} from 2× to ` +
      `4× | ${judge(second <= 1.2 * first)} |`,
  );
  return lines;
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function megabytes(bytes) {
  return `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
}
