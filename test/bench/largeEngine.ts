/**
 * A checkpoint of a published model's true shapes, within a memory budget: node largeEngine.cjs ROOT CHECKPOINT
 * MEBIBYTES TOKENS. Every job in an engine process of its own, whose peak is read. Prints JSON; seconds, bytes.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createEngineClient } from '../../src/engineProcess/client.js';

async function alone<T>(
  root: string,
  work: (engine: ReturnType<typeof createEngineClient>['engine']) => Promise<T>,
): Promise<T & { peak: number; seconds: number }> {
  const client = createEngineClient({ entry: path.join(root, 'dist', 'engine.mjs') });
  try {
    const begin = performance.now();
    const found = await work(client.engine);
    return {
      ...found,
      seconds: (performance.now() - begin) / 1000,
      peak: 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${client.pid}/status`, 'utf8'))![1]),
    };
  } finally {
    client.dispose();
  }
}

async function main([root, checkpoint, mebibytes, tokens]: string[]): Promise<void> {
  const memory = Number(mebibytes) * 2 ** 20;
  const maxNewTokens = Number(tokens);
  const prompt = 'How many red objects are there? '.repeat(16);
  const answer = await alone(root!, async (engine) => {
    const ask = async (count: number) => {
      const begin = performance.now();
      const found = await engine.generate({ path: checkpoint!, prompt, maxNewTokens: count, memory });
      return { seconds: (performance.now() - begin) / 1000, ...found };
    };
    // The second and third find the model open.
    const [first, again, whole] = [await ask(1), await ask(1), await ask(maxNewTokens)];
    return {
      promptTokens: first.promptTokens,
      first: first.seconds,
      again: again.seconds,
      perToken: (whole.seconds - again.seconds) / (maxNewTokens - 1),
      notices: first.notices,
    };
  });
  const request = {
    kind: 'swap' as const,
    checkpoints: [{ path: checkpoint! }],
    data: path.join(root!, 'samples/probes/counting.jsonl'),
    samples: 2,
    depths: [0, 12, 24],
    maxNewTokens: 4,
    memory,
  };
  const { plan } = await alone(root!, async (engine) => ({ plan: await engine.planProbe(request) }));
  const probe = await alone(root!, async (engine) => ({ samples: (await engine.probe(request)).samples.length }));
  console.log(JSON.stringify({ memory, answer, plan, probe }));
}

void main(process.argv.slice(2));
