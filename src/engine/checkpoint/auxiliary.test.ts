// What differs beside the weights.
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { differingFiles } from './auxiliary.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { temporaryFolder, type TemporaryFolder, writeCheckpoint } from '../../../test/fixtures/checkpoints.js';

let temporary: TemporaryFolder;
beforeAll(async () => (temporary = await temporaryFolder()));
afterAll(() => temporary.remove());

type Files = Record<string, string | object>;
let count = 0;

/** What differs between checkpoints that have these files. */
async function compare(...stages: Files[]) {
  const checkpoints = [];
  for (const files of stages) {
    const folder = path.join(temporary.path, `stage-${count++}`);
    await writeCheckpoint(folder, { family: 'qwen2', layers: 1, hidden: 4, files });
    checkpoints.push(await openCheckpoint(folder));
  }
  return differingFiles(checkpoints);
}

describe('differingFiles', () => {
  const cases: { what: string; before: Files; after: Files; expected: unknown[] }[] = [
    {
      what: 'nothing',
      before: { 'generation_config.json': { a: 1 } },
      after: { 'generation_config.json': { a: 1 } },
      expected: [],
    },
    {
      what: 'other order and white space',
      before: { 'generation_config.json': '{"a":1,"b":{"c":[1,2]}}' },
      after: { 'generation_config.json': '{ "b": {"c": [1, 2.0]},\n"a": 1 }' },
      expected: [],
    },
    {
      what: 'a nested value',
      before: { 'generation_config.json': { a: { b: 1, c: 2 } } },
      after: { 'generation_config.json': { a: { b: 1, c: 3 } } },
      expected: [['generation_config.json', 'changed', ['a.c']]],
    },
    {
      what: 'a key more and a key less',
      before: { 'generation_config.json': { x: 1, same: 0 } },
      after: { 'generation_config.json': { y: 1, same: 0 } },
      expected: [['generation_config.json', 'changed', ['x', 'y']]],
    },
    {
      what: 'an item of a short list',
      before: { 'generation_config.json': { eos: [1, 2] } },
      after: { 'generation_config.json': { eos: [1, 3] } },
      expected: [['generation_config.json', 'changed', ['eos.1']]],
    },
    {
      what: 'lists of other length',
      before: { 'generation_config.json': { eos: [1] } },
      after: { 'generation_config.json': { eos: [1, 3] } },
      expected: [['generation_config.json', 'changed', ['eos']]],
    },
    {
      what: 'long lists of objects with other orders of keys',
      before: { 'tokenizer.json': `[${'{"a":1,"b":2},'.repeat(20)}1]` },
      after: { 'tokenizer.json': `[${'{"b":2,"a":1},'.repeat(20)}1]` },
      expected: [],
    },
    {
      what: 'a value of another type',
      before: { 'generation_config.json': { eos: 1 } },
      after: { 'generation_config.json': { eos: '1' } },
      expected: [['generation_config.json', 'changed', ['eos']]],
    },
    {
      what: 'a file that is one value',
      before: { 'added_tokens.json': '1' },
      after: { 'added_tokens.json': '2' },
      expected: [['added_tokens.json', 'changed', ['(whole file)']]],
    },
    {
      what: 'keys like those of every object',
      before: { 'vocab.json': '{"constructor": 1}' },
      after: { 'vocab.json': '{"__proto__": 1}' },
      expected: [['vocab.json', 'changed', ['constructor', '__proto__']]],
    },
    {
      what: 'Infinity as Python writes it',
      before: { 'generation_config.json': '{"a": Infinity, "b": 1}' },
      after: { 'generation_config.json': '{"a": Infinity, "b": 2}' },
      expected: [['generation_config.json', 'changed', ['b']]],
    },
    {
      what: 'JSON that does not parse',
      before: { 'generation_config.json': '{' },
      after: { 'generation_config.json': '{}' },
      expected: [['generation_config.json', 'changed', []]],
    },
    {
      what: 'text',
      before: { 'chat_template.jinja': 'a' },
      after: { 'chat_template.jinja': 'b' },
      expected: [['chat_template.jinja', 'changed', []]],
    },
    {
      what: 'a file added, a file removed',
      before: { 'merges.txt': '' },
      after: { 'tokenizer.json': {} },
      expected: [
        ['tokenizer.json', 'added', []],
        ['merges.txt', 'removed', []],
      ],
    },
    {
      what: 'files that are no part of a model',
      before: { 'trainer_state.json': { a: 1 } },
      after: { 'README.md': 'x' },
      expected: [],
    },
    {
      what: 'deep nesting',
      before: { 'added_tokens.json': `${'['.repeat(5000)}1${']'.repeat(5000)}` },
      after: { 'added_tokens.json': `${'['.repeat(5000)}2${']'.repeat(5000)}` },
      expected: [['added_tokens.json', 'changed', [Array(100).fill('0').join('.')]]],
    },
  ];
  for (const { what, before: first, after: second, expected } of cases) {
    it(`reports ${what}`, async () => {
      assert.deepEqual(
        (await compare(first, second)).map(({ file, kind, keys }) => [file, kind, keys]),
        expected,
      );
    });
  }

  it('says between which stages', async () => {
    const [a, b] = [{ 'merges.txt': 'a' }, { 'merges.txt': 'b' }];
    assert.deepEqual(
      (await compare(a, a, b)).map(({ from }) => from),
      [1],
    );
    assert.deepEqual(
      (await compare(a, b, a)).map(({ from }) => from),
      [0, 1],
    );
  });

  it('lists no more than 50 keys', async () => {
    const vocabulary = (shift: number) =>
      Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`t${index}`, index + shift]));
    const [difference] = await compare({ 'vocab.json': vocabulary(0) }, { 'vocab.json': vocabulary(1) });
    assert.equal(difference?.keys.length, 50);
  });

  it('compares tokenizers of 150,000 words', async () => {
    const tokenizer = (last: number) => ({
      model: {
        vocab: Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`word${index}`, index])),
        merges: Array.from({ length: 150_000 }, (_, index) => `a${index} b${index === 149_999 ? last : index}`),
      },
    });
    // Under a second on an idle machine; quadratic time would take hours.
    assert.deepEqual(
      (await compare({ 'tokenizer.json': tokenizer(1) }, { 'tokenizer.json': tokenizer(2) })).map(({ keys }) => keys),
      [['model.merges']],
    );
  });

  it('counts the files of a folder without a config, and none beside a lone weight file', async () => {
    const folder = path.join(temporary.path, 'lone');
    await writeCheckpoint(folder, { family: 'qwen2', config: null, files: { 'merges.txt': '' } });
    assert.deepEqual((await openCheckpoint(folder)).files, new Map([['merges.txt', path.join(folder, 'merges.txt')]]));
    await rename(path.join(folder, 'model.safetensors'), path.join(folder, 'other.safetensors'));
    assert.equal((await openCheckpoint(path.join(folder, 'other.safetensors'))).files.size, 0);
  });
});
