/**
 * Valid small checkpoints, damaged at random: each opens, with every number inside its bounds, or is refused by an
 * error of ours. The seed makes a failure repeatable: `FUZZ_SEED=… FUZZ_COUNT=… npx mocha …`.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Checkpoint } from '../../src/engine/checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../../src/engine/checkpoint/decode.js';
import { openCheckpoint } from '../../src/engine/checkpoint/open.js';
import { FrankensteinError } from '../../src/engine/errors.js';
import { defaultCuts } from '../../src/engine/topology/cuts.js';
import { placeTensor } from '../../src/engine/topology/place.js';
import {
  inFile,
  temporaryFolder,
  type TemporaryFolder,
  uniform,
  writeCheckpoint,
  writeSafetensors,
} from '../fixtures/checkpoints.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20260);
/** In place of every subject's own number of rounds. */
const COUNT = process.env['FUZZ_COUNT'];

interface Dice {
  below: (limit: number) => number;
  pick: <T>(items: readonly T[]) => T;
}

function dice(seed: number): Dice {
  const next = uniform(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)]! };
}

const NUMBERS = [
  '-1',
  '0',
  '1',
  '7',
  '0.5',
  '-0',
  '1e308',
  '1e999',
  '1e3',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999999999999999',
  'null',
  'true',
  '"1"',
  '[]',
  '{}',
  '',
  'NaN',
  '0x10',
];
const TEXTS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '__metadata__',
  '',
  '..',
  '../x.safetensors',
  '/etc/passwd',
  '/dev/zero',
  'C:\\\\x',
  '.',
  'x/../../y',
  '\\u0000',
  '\\ud800',
  '\\u001b[2J',
  'BF16',
  'F4',
  'F8_E8M0',
  'model.safetensors',
  'config.json',
  'model.layers.99999999.x',
  'model.layers.9999.x',
  'a'.repeat(300),
];
const FRAGMENTS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '[[[[',
  '}}',
  '{"a":',
  '\u0000',
  '\ufeff',
  ' ',
  '"a":1,',
  '\\u0061',
  'é',
];

/** One edit of JSON text, most of which keep it nearly valid so that the checks behind the parser are reached. */
function damageText(text: string, { below, pick }: Dice): string {
  const replaceOne = (pattern: RegExp, replacement: string) => {
    const matches = [...text.matchAll(pattern)];
    if (matches.length === 0) return text;
    const { index, 0: found } = pick(matches);
    return text.slice(0, index) + replacement + text.slice(index + found.length);
  };
  const at = below(text.length + 1);
  switch (below(8)) {
    case 0:
      return replaceOne(/\d+/g, pick(NUMBERS));
    case 1:
      return replaceOne(/(?<=")[^"]*(?=")/g, pick(TEXTS));
    case 2:
      return text.slice(0, at) + pick(FRAGMENTS) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + below(40));
    case 4:
      return text.slice(0, at) + text.slice(at, at + 1 + below(200)).repeat(1 + below(3)) + text.slice(at);
    case 5: {
      // a member twice
      const members = [...text.matchAll(/"[^"]*":(?:"[^"]*"|\{[^{}]*\})/g)];
      if (members.length === 0) return text;
      const member = pick(members);
      return `${text.slice(0, member.index)}${member[0]},${text.slice(member.index)}`;
    }
    case 6:
      return replaceOne(
        /\[[^[\]]*\]/g,
        pick([
          '[]',
          '[0]',
          '[0,0]',
          '[1,2,3]',
          '[-1,1]',
          '[0,9007199254740993]',
          'null',
          '[[0,1]]',
          `[${'9,'.repeat(30)}9]`,
        ]),
      );
    default:
      return replaceOne(/\d+/g, String(below(300)));
  }
}

function damageBytes(bytes: Buffer, { below, pick }: Dice): Buffer {
  switch (below(5)) {
    case 0: {
      // one bit
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[below(copy.length)]! ^= 1 << below(8);
      return copy;
    }
    case 1:
      return bytes.subarray(0, below(bytes.length + 1));
    case 2:
      return Buffer.concat([bytes, Buffer.alloc(1 + below(64), below(256))]);
    case 3: {
      // a run of one byte
      const copy = Buffer.from(bytes);
      const at = below(copy.length + 1);
      return copy.fill(pick([0, 32, 34, 123, 255]), at, Math.min(copy.length, at + 1 + below(16)));
    }
    default: {
      const at = below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(16))]);
    }
  }
}

/** Of a safetensors file: its length field, its header with or without a corrected length, or its bytes. */
function damageFile(bytes: Buffer, random: Dice): Buffer {
  const { below, pick } = random;
  const length = Number(bytes.readBigUInt64LE());
  const header = bytes.subarray(8, 8 + length).toString();
  const data = bytes.subarray(8 + length);
  const kind = below(10);
  if (kind === 0) {
    const copy = Buffer.from(bytes);
    copy.writeBigUInt64LE(
      pick([
        0n,
        1n,
        2n,
        7n,
        BigInt(length - 1),
        BigInt(length + 1),
        BigInt(length + data.length),
        BigInt(length + data.length + 1),
        100_000_001n,
        2n ** 31n,
        2n ** 32n,
        2n ** 53n,
        2n ** 63n,
        2n ** 64n - 1n,
        BigInt(below(2 ** 32)),
      ]),
    );
    return copy;
  }
  if (kind <= 2) return damageBytes(bytes, random);
  if (kind === 3)
    return Buffer.concat([bytes.subarray(0, 8), damageBytes(bytes.subarray(8, 8 + length), random), data]);
  let text = header;
  for (let edits = 1 + below(2); edits > 0; edits--) text = damageText(text, random);
  const encoded = Buffer.from(text);
  const newLength = Buffer.alloc(8);
  newLength.writeBigUInt64LE(BigInt(kind === 4 ? length : encoded.length));
  return Buffer.concat([newLength, encoded, data]);
}

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
    placeTensor(name, checkpoint, cuts);
  }
}

describe('fuzz: openCheckpoint', function () {
  let temporary: TemporaryFolder;
  before(async () => (temporary = await temporaryFolder()));
  after(() => temporary.remove());

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
