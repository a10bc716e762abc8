/** The same as realModel.py with the engine: node realModelEngine.cjs FOLDER JOB. Prints JSON; milliseconds. */
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { openModel } from '../../src/engine/models/model.js';

interface Job {
  threads: number;
  tokens: number;
  batch: number;
  steps: number;
}

function clock(): { wall: number; cpu: number } {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}

async function main([folder, given]: string[]): Promise<void> {
  const { threads, tokens, batch, steps } = JSON.parse(given!) as Job;
  const model = openModel(await openCheckpoint(folder!), { threads });
  const prompts = Array.from({ length: batch }, (_, row) => ({
    inputIds: Int32Array.from({ length: tokens }, (_, index) => 1000 + ((index * 7919 + row * 104729) % 40000)),
    images: [],
  }));
  let measured = {};
  // The first round warms up.
  for (let round = 0; round < 2; round++) {
    const start = clock();
    const { state } = await model.prefill(prompts);
    const middle = clock();
    for (let step = 0; step < steps; step++) await model.decode(state, new Int32Array(batch).fill(1234 + step * 77));
    const end = clock();
    measured = {
      prefill: { wall: middle.wall - start.wall, cpu: middle.cpu - start.cpu },
      decode: { wall: (end.wall - middle.wall) / steps, cpu: (end.cpu - middle.cpu) / steps },
    };
  }
  await model.close();
  console.log(JSON.stringify(measured));
}

void main(process.argv.slice(2));
