/**
 * Times the spectrum of one matrix: node spectrumEngine.cjs BEFORE AFTER exact|fast THREADS ROUNDS OUT. The files are
 * safetensors with one tensor; reading it is measured too. Each round takes it once with all threads, and then as many
 * times at once as there are threads, with one thread each, which is how a run takes its matrices. Writes the values to
 * OUT (float64) and prints JSON: seconds per round, `alone` and per matrix of those `together`; peak memory in bytes.
 */
import { writeFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { exactValues } from '../../src/engine/analyses/spectrum/exact/exact.js';
import { fastSpectrum } from '../../src/engine/analyses/spectrum/fast/fast.js';
import { type MatrixSource, wholeMatrix } from '../../src/engine/analyses/spectrum/matrix.js';

/** As the engine has it when the user sets none, less what the process itself needs. */
const MEMORY = 2 ** 31 - 2 ** 28;

const MODES: Record<
  string,
  (source: MatrixSource, options: { memory: number; threads: number }) => Promise<{ values: Float64Array }>
> = {
  exact: exactValues,
  fast: fastSpectrum,
};

interface Job {
  source: MatrixSource;
  mode: string;
  memory: number;
}

async function main([before, after, mode, threads, rounds, out]: string[]): Promise<void> {
  const [earlier, later] = await Promise.all(
    [before!, after!].map(async (file) => wholeMatrix([...(await openCheckpoint(file)).tensors.values()][0]!)),
  );
  const source: MatrixSource = {
    rows: later!.rows,
    columns: later!.columns,
    before: earlier!.part,
    after: later!.part,
  };
  const count = Number(threads);
  const seconds: Record<'alone' | 'together', number[]> = { alone: [], together: [] };
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
  for (let round = 0; round < Number(rounds); round++) {
    seconds.alone.push(
      await timed(async () =>
        writeFileSync(out!, (await MODES[mode!]!(source, { memory: MEMORY, threads: count })).values),
      ),
    );
  }
  const job: Job = { source, mode: mode!, memory: MEMORY / count };
  const workers = Array.from({ length: count }, () => new Worker(__filename, { workerData: job }));
  const answers = () =>
    Promise.all(
      workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))),
    );
  await answers();
  for (let round = 0; round < Number(rounds); round++) {
    seconds.together.push(
      (await timed(() => {
        const all = answers();
        for (const worker of workers) worker.postMessage('again');
        return all;
      })) / count,
    );
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  console.log(JSON.stringify({ seconds, memory: process.resourceUsage().maxRSS * 1024 }));
}

function serve({ source, mode, memory }: Job): void {
  parentPort!.on(
    'message',
    () => void MODES[mode]!(source, { memory, threads: 1 }).then(() => parentPort!.postMessage('done')),
  );
  parentPort!.postMessage('ready');
}

if (isMainThread) void main(process.argv.slice(2));
else serve(workerData as Job);
