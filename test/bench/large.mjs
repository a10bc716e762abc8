// A model with the true shapes of Qwen2.5-VL-3B (or -7B: --large 7B), random weights, within memory budgets.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled, findPython, run } from './measure.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const TOKENS = 6;
/** GiB. */
const BUDGETS = [4, 12];

/** @param {{root: string, log: (line: string) => void, large: string}} options */
export async function benchLarge({ root, log, large }) {
  const folder = path.join(os.tmpdir(), `frankenstein-large-${large}-${process.pid}`);
  try {
    const written = JSON.parse(
      (
        await run({
          program: process.execPath,
          args: [await bundled(root, 'largeModel'), large, folder, path.join(root, 'samples', 'lineage', 'base')],
        })
      ).output,
    );
    log(`wrote ${(written.bytes / 1e9).toFixed(1)} GB`);
    const engine = await bundled(root, 'largeEngine');
    const rows = [];
    for (const budget of BUDGETS) {
      const { answer, plan, probe } = JSON.parse(
        (await run({ program: process.execPath, args: [engine, root, folder, String(budget * 1024), String(TOKENS)] }))
          .output,
      );
      const ratio = plan.seconds / probe.seconds;
      rows.push(
        `| frankenstein, ${budget} GiB | ${gigabytes(Math.max(answer.peak, probe.peak))} | ` +
          `${answer.first.toFixed(1)} | ${answer.again.toFixed(1)} | ${answer.perToken.toFixed(2)} | ` +
          `${probe.seconds.toFixed(0)} | ${plan.seconds.toFixed(0)} (${ratio.toFixed(2)} ×) | ` +
          `${gigabytes(plan.memory)} |`,
      );
      log(rows.at(-1));
    }
    const python = findPython();
    // Weights, and the copies that loading makes of them.
    if (python && written.bytes * 1.3 < os.freemem()) {
      const { loading, prefill, perToken, peak } = JSON.parse(
        (
          await run({
            program: python,
            args: [path.join(here, 'large_torch.py'), folder, String(os.availableParallelism()), String(TOKENS)],
          })
        ).output,
      );
      rows.push(
        `| transformers, bf16 | ${gigabytes(peak)} | ${(loading + prefill).toFixed(1)} | ${prefill.toFixed(1)} ` +
          `| ${perToken.toFixed(2)} | | | |`,
      );
    }
    return [
      `Qwen2.5-VL-${large} with random weights, ${gigabytes(written.bytes)} in bf16. An answer of ${TOKENS} ` +
        'tokens to a prompt of about 130; a swap probe of 2 samples at 3 depths, 4 tokens each.',
      '',
      '| | peak memory | first token, s, opening included | once open | per further token, s | probe, s | the ' +
        'plan said | of memory |',
      '|---|--:|--:|--:|--:|--:|--:|--:|',
      ...rows,
    ].join('\n');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
