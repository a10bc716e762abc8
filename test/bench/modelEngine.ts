/**
 * Times the model engine on the sample checkpoint: node modelEngine.cjs ROOT CHECKPOINT THREADS ROUNDS. Prints JSON;
 * milliseconds.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { decodeAll } from '../../src/engine/models/generate.js';
import { openModel } from '../../src/engine/models/model.js';
import { readImage } from '../../src/engine/models/processor/decodeImage.js';
import { userMessage } from '../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../src/engine/models/processor/processor.js';

/** As in model_torch.py. */
const BATCHES = [1, 8, 64];
const STEPS = 32;

function clock(): { wall: number; cpu: number } {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}

async function main([root, folder, threads, rounds]: string[]): Promise<void> {
  const checkpoint = await openCheckpoint(folder!);
  const processor = await createProcessor(checkpoint);
  const model = openModel(checkpoint, { threads: Number(threads) });
  const items = readFileSync(path.join(root!, 'samples/probes/counting.jsonl'), 'utf8')
    .split('\n')
    .slice(0, 64)
    .map((line) => JSON.parse(line) as { prompt: string; target_image: string });
  const prompts = await Promise.all(
    items.map(async ({ prompt, target_image: file }) =>
      processor.process({
        input: { messages: [userMessage(prompt, 1)] },
        images: [await readImage(path.join(root!, 'samples/probes', file))],
      }),
    ),
  );
  const measured: object[] = [];
  for (const batch of BATCHES) {
    const own = prompts.slice(0, batch);
    for (let round = 0; round <= Number(rounds); round++) {
      const start = clock();
      const prefilled = await model.prefill(own);
      const between = clock();
      // The first token comes from prefill: one more than steps.
      await decodeAll(
        model,
        prefilled,
        own.map(({ inputIds }, prompt) => ({ prompt, inputIds })),
        { maxNewTokens: STEPS + 1, stopTokens: [] },
      );
      const end = clock();
      // The first round warms up.
      if (round > 0)
        measured.push({
          batch,
          prefill: { wall: between.wall - start.wall, cpu: between.cpu - start.cpu },
          decode: { wall: (end.wall - between.wall) / STEPS, cpu: (end.cpu - between.cpu) / STEPS },
        });
    }
  }
  console.log(JSON.stringify(measured));
}

void main(process.argv.slice(2));
