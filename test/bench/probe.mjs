// `frankenstein probe swap` against a plain loop over transformers, on the sample lineage.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython, median, run } from './measure.mjs';

/** Samples of each task, and the longest answer. */
const [SAMPLES, NEW_TOKENS] = [2, 64];

/** @param {{root: string, repeat: number, log: (line: string) => void}} options */
export async function benchProbe({ root, repeat, log }) {
  const cli = path.join(root, 'dist', 'cli.cjs');
  if (!fs.existsSync(cli) && spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0)
    throw new Error('npm run build failed');
  const threads = String(os.availableParallelism());
  const python = findPython();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'frankenstein-bench-'));
  const probes = path.join(root, 'samples', 'probes');
  try {
    const rows = [];
    for (const name of ['base', 'rl']) {
      const checkpoint = path.join(root, 'samples', 'lineage', name);
      const file = path.join(scratch, `${name}.json`);
      const own = {
        program: process.execPath,
        args: [
          cli,
          'probe',
          'swap',
          checkpoint,
          '--data',
          probes,
          '--samples',
          String(SAMPLES),
          '--max-new-tokens',
          String(NEW_TOKENS),
          '--threads',
          threads,
          '--no-runs',
          '--json',
          file,
        ],
      };
      const other = {
        program: python,
        args: [
          path.join(path.dirname(fileURLToPath(import.meta.url)), 'probe_torch.py'),
          checkpoint,
          probes,
          file,
          threads,
        ],
      };
      const measured = { own: [], inside: [], other: [], sweep: [] };
      let torch;
      for (let round = 0; round <= repeat; round++) {
        const { seconds } = await run(own);
        const { provenance } = JSON.parse(fs.readFileSync(file, 'utf8'));
        // The first round warms the page cache.
        if (round > 0) {
          measured.own.push(seconds);
          measured.inside.push((Date.parse(provenance.finishedAt) - Date.parse(provenance.startedAt)) / 1000);
          log(`${round}/${repeat} frankenstein, ${name}: ${seconds.toFixed(2)} s`);
        }
        if (round === 0 || python === undefined) continue;
        const { seconds: theirs, output } = await run(other);
        torch = JSON.parse(output);
        measured.other.push(theirs);
        measured.sweep.push(torch.sweep);
        log(`${round}/${repeat} transformers, ${name}: ${theirs.toFixed(2)} s`);
      }
      rows.push({ name, measured, torch, answers: torch?.answers });
    }
    return report(rows, threads);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function report(rows, threads) {
  const lines = [
    `All depths of ${4 * SAMPLES} samples (${SAMPLES} of each task), at most ${NEW_TOKENS} new tokens, ` +
      `${threads} threads.`,
    '',
    '|  | answers | new tokens | wall, s | inside, s | the same answers |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const seconds = (values) =>
    `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
  for (const { name, measured, torch } of rows) {
    lines.push(
      `| frankenstein probe swap, ${name} | ${torch?.answers ?? ''} | ` +
        `${torch?.tokens.toLocaleString('en-US') ?? ''} | ${seconds(measured.own)} | ${seconds(measured.inside)} ` +
        '|  |',
    );
    if (torch)
      lines.push(
        `| transformers ${torch.transformers}, PyTorch ${torch.torch}, ${name} | ${torch.answers} | ` +
          `${torch.tokens.toLocaleString('en-US')} | ${seconds(measured.other)} | ${seconds(measured.sweep)} | ` +
          `${torch.same} of ${torch.answers} |`,
      );
  }
  lines.push('', '| goal | measured | |', '| --- | --- | --- |');
  for (const { name, measured, torch } of rows) {
    if (!torch) continue;
    // Least against least: on a busy machine PyTorch's threads wait for each other, and medians would flatter us.
    const [whole, inside] = [
      Math.min(...measured.other) / Math.min(...measured.own),
      Math.min(...measured.sweep) / Math.min(...measured.inside),
    ];
    lines.push(
      `| at least 5 × the plain loop's speed, ${name} | ${whole.toFixed(1)} × as a whole process, ` +
        `${inside.toFixed(1)} × without start and loading of transformers (least times) | ` +
        `${inside >= 5 ? 'met' : '**missed**'} |`,
    );
  }
  return lines.join('\n');
}
