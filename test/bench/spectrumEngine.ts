/**
 * Times the spectrum of one matrix: node spectrumEngine.cjs BEFORE AFTER exact|fast THREADS ROUNDS OUT. The files are
 * safetensors with one tensor; reading it is measured too. Writes the values to OUT (float64) and prints JSON: seconds
 * per round, peak memory in bytes.
 */
import { writeFileSync } from 'node:fs';
import { openCheckpoint } from '../../src/engine/checkpoint/open.js';
import { exactValues } from '../../src/engine/spectrum/exact/exact.js';
import { fastSpectrum } from '../../src/engine/spectrum/fast/fast.js';
import { type MatrixSource, wholeMatrix } from '../../src/engine/spectrum/matrix.js';

/** As the engine has it when the user sets none. */
const MEMORY = 2 ** 31;

const MODES: Record<string, (source: MatrixSource, options: { memory: number; threads: number }) => Promise<{ values: Float64Array }>> = {
  exact: exactValues,
  fast: fastSpectrum,
};

async function main([before, after, mode, threads, rounds, out]: string[]): Promise<void> {
  const [earlier, later] = await Promise.all([before!, after!].map(async (file) => wholeMatrix([...(await openCheckpoint(file)).tensors.values()][0]!)));
  const source: MatrixSource = { rows: later!.rows, columns: later!.columns, before: earlier!.part, after: later!.part };
  const seconds: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const start = performance.now();
    const { values } = await MODES[mode!]!(source, { memory: MEMORY, threads: Number(threads) });
    seconds.push((performance.now() - start) / 1000);
    writeFileSync(out!, values);
  }
  console.log(JSON.stringify({ seconds, memory: process.resourceUsage().maxRSS * 1024 }));
}

void main(process.argv.slice(2));
