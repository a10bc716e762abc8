/**
 * However weights are brought in and however small the chunks, results stay the same; and a run stays within its
 * budget.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { crc32, createDeflate } from 'node:zlib';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { generate } from '../../../src/engine/models/generate.js';
import { Model } from '../../../src/engine/models/model.js';
import { type MemoryPlan, planMemory, promptBytes } from '../../../src/engine/models/plan.js';
import { readSpec } from '../../../src/engine/models/spec.js';
import { createEngineClient } from '../../../src/engineProcess/client.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { writeLargeModel } from '../../fixtures/largeModel.js';
import { distance, floats, FOLDER, promptOf, readExpectations } from './expectations.js';

/** Stands for the bytes of the largest prompt. */
const ONE_ROW = -1;

const PLANS: Record<string, Partial<MemoryPlan>> = {
  'weights stay in 16 bits': { format: 'BF16', headBlockRows: 17 },
  'graphs alone, for few tokens too': { few: false },
  'every layer is read at every pass': {
    residentLayers: 0,
    expertBytes: 0,
    keepHead: false,
    headBlockRows: 17,
    keepVision: false,
    streamedBytes: 1,
  },
  'two layers stay, the rest passes in 16 bits': {
    format: 'BF16',
    residentLayers: 2,
    // Four of the experts of the models that have some.
    expertBytes: 4 * 2 * 3 * 32 * 20,
    keepHead: false,
    headBlockRows: 50,
    keepVision: false,
    streamedBytes: 1,
  },
  // A few tokens at a time: rows of a batch apart, and one row's tokens in pieces, in language and vision.
  'chunks of a few rows': { activationBytes: 100_000 },
  'chunks of a few tokens': { activationBytes: 20_000 },
  'one row at a time': { batchBytes: ONE_ROW },
};

// The peak of a process is read from /proc.
describe.skipIf(process.platform !== 'linux')('memory plans', () => {
  const { models, stopTokens, newTokens } = readExpectations();
  for (const name of [
    'qwen2_5_vl-tied',
    'qwen3_vl',
    'qwen2-window',
    'qwen3_5',
    'qwen3_5-tied',
    'internvl',
    'gemma3-old',
    'qwen3_vl_moe',
    'qwen3_5_moe',
  ]) {
    for (const [what, changes] of Object.entries(PLANS)) {
      it(`${name}: ${what}`, async () => {
        const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', name));
        const spec = readSpec(checkpoint);
        const plan = { ...planMemory(checkpoint, spec, undefined, 1), ...changes };
        const model = new Model(checkpoint, spec, plan, {});
        const stored = models[name]!.prompts.slice(0, 13);
        const prompts = stored.map((prompt) => promptOf(model, prompt));
        if (plan.batchBytes === ONE_ROW)
          plan.batchBytes = Math.max(...prompts.map((prompt) => promptBytes(spec, prompt, newTokens)));
        const { logits } = await model.prefill(prompts);
        const answers = await generate(model, prompts, { maxNewTokens: newTokens, stopTokens });
        stored.forEach((expected, row) => {
          const { vocabulary } = spec.language;
          const far = distance(logits.subarray(row * vocabulary, (row + 1) * vocabulary), floats(expected.logits));
          assert.ok(far < 1e-3, `prompt ${row}: logits are ${far} away`);
          assert.deepEqual(answers[row]!.tokenIds, expected.tokens, `prompt ${row}`);
        });
        await model.close();
      });
    }
  }

  it('says the least that is needed when the budget is too small', async () => {
    const checkpoint = await openCheckpoint(path.join(FOLDER, 'checkpoints', 'qwen3'));
    const refused = (memory: number) => {
      try {
        planMemory(checkpoint, readSpec(checkpoint), memory);
        return undefined;
      } catch (error) {
        return error as Error & { code: string };
      }
    };
    const error = refused(64 * 2 ** 20)!;
    assert.equal(error.code, 'bad-request');
    const least = Number(/at least ([\d,]+) MiB/.exec(error.message)![1]!.replaceAll(',', ''));
    assert.equal(refused(least * 2 ** 20), undefined, 'what is named as enough is enough');
  });
});

const MEBI = 2 ** 20;

/** The largest resident memory that an engine of its own had while `work` ran, in bytes. */
async function peakOf(
  work: (engine: ReturnType<typeof createEngineClient>['engine']) => Promise<unknown>,
): Promise<number> {
  const client = createEngineClient({ entry: path.resolve('dist/engine.mjs') });
  try {
    await work(client.engine);
    return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${client.pid}/status`, 'utf8'))![1]);
  } finally {
    client.dispose();
  }
}

describe.skipIf(process.platform !== 'linux')('a memory budget', () => {
  let temporary: TemporaryFolder;
  let checkpoint: string;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    checkpoint = path.join(temporary.path, 'large');
    await writeLargeModel(
      checkpoint,
      { layers: 6, hidden: 1024, heads: 8, kvHeads: 2, inner: 8192, vocabulary: 16_384, tied: true, blocks: 2 },
      path.resolve('samples/lineage/base'),
    );
  });
  afterAll(() => temporary?.remove());

  const ask = (memory: number) => ({
    path: checkpoint,
    prompt: 'How many red objects are there? '.repeat(8),
    maxNewTokens: 3,
    memory,
    threads: 1,
  });
  const swap = (memory: number) => ({
    kind: 'swap' as const,
    checkpoints: [{ path: checkpoint }],
    data: path.resolve('samples/probes/counting.jsonl'),
    samples: 3,
    maxNewTokens: 2,
    memory,
    threads: 1,
  });

  async function least(): Promise<number> {
    const refusal = await peakOf((engine) => engine.probe(swap(MEBI))).then(
      () => '',
      (error: Error) => error.message,
    );
    return MEBI * Number(/at least ([\d,]+) MiB/.exec(refusal)![1]!.replaceAll(',', ''));
  }

  it('is kept, from the least that is named to plenty, by an answer and by a probe', async () => {
    const minimum = await least();
    for (const times of [1, 1.25, 2, 4]) {
      const memory = Math.ceil(minimum * times);
      const [answered, probed] = [
        await peakOf((engine) => engine.generate(ask(memory))),
        await peakOf((engine) => engine.probe(swap(memory))),
      ];
      const sentence = (peak: number) =>
        `${times} times the least, ${Math.round(memory / MEBI)} MiB: ${Math.round(peak / MEBI)} MiB at the most`;
      assert.ok(answered <= memory, `an answer within ${sentence(answered)}`);
      assert.ok(probed <= memory, `a probe within ${sentence(probed)}`);
      // Or it would be kept by not using it.
      assert.ok(times > 2 || probed > 0.6 * memory, `a probe within ${sentence(probed)}`);
    }
  });
});

describe.skipIf(process.platform !== 'linux')('a large image', () => {
  const SIDE = 6000;
  let temporary: TemporaryFolder;
  let file: string;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    file = path.join(temporary.path, 'large.png');
    const rows = Array.from({ length: SIDE }, () => new Uint8Array(1 + 3 * SIDE));
    const deflated: Uint8Array[] = [];
    for await (const part of Readable.from(rows).pipe(createDeflate({ level: 1 }))) deflated.push(part as Uint8Array);
    await writeFile(file, png(SIDE, SIDE, Buffer.concat(deflated)));
  });
  afterAll(() => temporary?.remove());

  const ask = (memory: number) => ({
    path: path.resolve('samples/lineage/in'),
    prompt: 'What is this?',
    images: [file],
    maxNewTokens: 1,
    memory,
    threads: 1,
  });

  it('is refused with the budget that it needs before it is decoded, and read within that budget', async () => {
    let refusal = '';
    const peak = await peakOf((engine) =>
      engine.generate(ask(250 * MEBI)).catch((error: Error) => void (refusal = error.message)),
    );
    assert.match(refusal, /budget of 250 MiB is too small for the image .*large\.png of 6,000 × 6,000 pixels/);
    assert.ok(peak < 200 * MEBI, `${Math.round(peak / MEBI)} MiB for a refusal`);
    const least = MEBI * Number(/at least ([\d,]+) MiB/.exec(refusal)![1]!.replaceAll(',', ''));
    const used = await peakOf((engine) => engine.generate(ask(least)));
    assert.ok(used <= least, `${Math.round(used / MEBI)} MiB of ${Math.round(least / MEBI)}`);
  });
});

function png(width: number, height: number, deflated: Buffer): Buffer {
  const chunk = (kind: string, body: Buffer) => {
    const named = Buffer.concat([Buffer.from(kind), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflated),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
