/**
 * Valid small checkpoints, damaged at random: each opens, with every number inside its bounds, or is refused by an
 * error of ours. The seed makes a failure repeatable: `FUZZ_SEED=… FUZZ_COUNT=… npx vitest run test/fuzz`.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Checkpoint } from '../../src/engine/checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../src/engine/checkpoint/decode.js';
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { FrankensteinError } from '../../src/engine/errors.js';
import { defaultCuts } from '../../src/engine/topology/cuts.js';
import { locateTensor } from '../../src/engine/topology/place.js';
import { damageBytes, damageFile, damageText, dice } from '../campaign/damage.js';
import {
  inFile,
  temporaryFolder,
  type TemporaryFolder,
  writeCheckpoint,
  writeSafetensors,
} from '../fixtures/checkpoints.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20260);
/** In place of every subject's own number of rounds. */
const COUNT = process.env['FUZZ_COUNT'];

/** What every opened checkpoint owes its readers. */
function checkInvariants(checkpoint: Checkpoint): void {
  assert.ok(checkpoint.tensors.size > 0);
  assert.ok(checkpoint.layers <= 10_000 && checkpoint.visionLayers <= 20_000);
  const cuts = defaultCuts(checkpoint.layers);
  for (const [name, found] of checkpoint.tensors) {
    const tensor = inFile(found);
    assert.equal(tensor.name, name);
    assert.ok(Number.isSafeInteger(tensor.size) && tensor.size >= 0);
    assert.ok(tensor.begin >= 8 && tensor.end <= tensor.shard.bytes);
    assert.equal(tensor.end - tensor.begin, tensor.size * DTYPE_BYTES[tensor.dtype]);
    assert.ok(checkpoint.shards.includes(tensor.shard));
    locateTensor(name, checkpoint, cuts);
  }
}

describe('fuzz: openCheckpoint', () => {
  let temporary: TemporaryFolder;
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  const subjects: {
    what: string;
    rounds: number;
    damaged: (name: string) => boolean;
    write: (folder: string) => Promise<unknown>;
  }[] = [
    {
      what: 'a file of three tensors',
      rounds: 2000,
      damaged: (name) => name.endsWith('.safetensors'),
      write: async (folder) => {
        await writeCheckpoint(folder, { family: 'llama', layers: 1, hidden: 2, vocabulary: 2 });
        await writeSafetensors(path.join(folder, 'model.safetensors'), [
          { name: 'model.layers.0.mlp.up_proj.weight', dtype: 'BF16', shape: [3, 4], data: new Float64Array(12) },
          { name: 'model.norm.weight', dtype: 'F32', shape: [5], data: new Float64Array(5) },
          { name: 'b', dtype: 'U8', shape: [], data: [1] },
        ]);
      },
    },
    {
      what: 'shards of a vision-language model',
      rounds: 1600,
      damaged: (name) => name.endsWith('.safetensors'),
      write: (folder) =>
        writeCheckpoint(folder, {
          family: 'qwen2_5_vl',
          layout: 'old',
          layers: 1,
          visionLayers: 1,
          hidden: 4,
          vocabulary: 4,
          shards: 2,
        }),
    },
    {
      what: 'an index',
      rounds: 1100,
      damaged: (name) => name.endsWith('.index.json'),
      write: (folder) =>
        writeCheckpoint(folder, { family: 'mllama', layers: 1, visionLayers: 2, hidden: 4, vocabulary: 4, shards: 3 }),
    },
    {
      what: 'a config',
      rounds: 500,
      damaged: (name) => name === 'config.json',
      write: (folder) =>
        writeCheckpoint(folder, { family: 'gemma3', layers: 1, visionLayers: 1, hidden: 4, vocabulary: 4 }),
    },
  ];

  for (const [number, { what, rounds, damaged, write }] of subjects.entries()) {
    const count = COUNT === undefined ? rounds : Number(COUNT);
    it(`opens or refuses ${what}, ${count} times`, async () => {
      const folder = path.join(temporary.path, `subject-${number}`);
      await write(folder);
      const names = (await readdir(folder)).filter(damaged).sort();
      const originals = new Map<string, Buffer>();
      for (const name of names) originals.set(name, await readFile(path.join(folder, name)));
      checkInvariants(await openCheckpoint(folder));
      const memory = process.memoryUsage().rss;
      const outcomes = new Map<string, number>();
      let last: string | undefined;
      for (let round = 0; round < count; round++) {
        const random = dice(SEED + 1_000_003 * number + round);
        const name = random.pick(names);
        const original = originals.get(name)!;
        const broken = name.endsWith('.safetensors')
          ? damageFile(original, random)
          : random.below(4) === 0
            ? damageBytes(original, random)
            : Buffer.from(damageText(original.toString(), random));
        if (last !== undefined && last !== name) writeFileSync(path.join(folder, last), originals.get(last)!);
        writeFileSync(path.join(folder, name), broken);
        last = name;
        let outcome = 'opened';
        try {
          checkInvariants(await openCheckpoint(folder));
        } catch (error) {
          const seed = `FUZZ_SEED=${SEED}, round ${round}`;
          assert.ok(
            error instanceof FrankensteinError,
            `${seed}: ${error instanceof Error ? error.stack : String(error)}`,
          );
          assert.ok(
            ['malformed', 'unsupported', 'not-found', 'permission'].includes(error.code),
            `${seed}: ${error.code} ${error.message}`,
          );
          assert.ok(error.message.length < 1000 && !/\p{Cc}/u.test(error.message), `${seed}: ${error.message}`);
          outcome = error.code;
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      // A fuzz test that only ever sees one outcome tests nothing.
      assert.ok(outcomes.size > 1 && (outcomes.get('malformed') ?? 0) > count / 10, JSON.stringify([...outcomes]));
      assert.ok(process.memoryUsage().rss - memory < 300e6, 'memory grew');
    });
  }
});
