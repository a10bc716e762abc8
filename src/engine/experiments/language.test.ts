/** Experiments in the editor, held against the files that they name. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { columnsIn } from './columns.js';
import { DATA_FIELDS, KINDS } from './kinds.js';
import { checkExperiment } from './language/check.js';
import { completeExperimentInPlace } from './language/complete.js';
import { hoverExperiment } from './language/hover.js';

let root: string;
let file: string;
const SAMPLES = path.resolve('samples');
const lineage = (name: string) => path.join(SAMPLES, 'lineage', name);
const QUESTION = { prompt: '1 + 1?', answer: '2', answer_type: 'number' };

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'experiment-language-'));
  file = path.join(root, 'one.experiment.yaml');
  await mkdir(path.join(root, 'prompts'));
  await writeFile(path.join(root, 'prompts', 'think.txt'), 'Think.');
  await writeFile(
    path.join(root, 'set.jsonl'),
    ['a', 'b', 'c']
      .map((id, level) =>
        JSON.stringify({ ...QUESTION, id, level, metadata: { category: id === 'a' ? 'vqa' : 'math' } }),
      )
      .join('\n'),
  );
  await writeFile(path.join(root, 'ids.txt'), 'a\nz\n');
  await cp(lineage('in'), path.join(root, 'other'), { recursive: true });
  await cp(lineage('in'), path.join(root, 'foreign'), { recursive: true });
  const config = await readFile(path.join(root, 'foreign', 'config.json'), 'utf8');
  await writeFile(path.join(root, 'foreign', 'config.json'), config.replaceAll('qwen2_5_vl', 'qwen2_vl'));
  await writeFile(
    path.join(root, 'round.frank.yaml'),
    'checkpoints: {in: round.frank.yaml, rl: other}\nstitch: {early: in, mid: rl, late: rl}\n',
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

const head = () => `checkpoints:\n  base: ${lineage('base')}\n  in: other\n  rl: ${lineage('rl')}\n`;

async function offered(written: string): Promise<string[]> {
  const text = `${head()}${written}`;
  const found = await completeExperimentInPlace({
    file,
    text: text.replace('|', ''),
    offset: text.indexOf('|'),
    checkpoints: [{ path: path.join(root, 'other'), label: 'other' }],
  });
  return found.map(({ label }) => label);
}

describe('completion in an experiment', () => {
  it('offers blocks, kinds, and the fields of the request of each kind', async () => {
    assert.deepEqual(await offered('|'), ['protocol', 'sets', 'parts']);
    assert.deepEqual(
      await offered('parts:\n  one: {run: |}'),
      KINDS.map(({ name }) => name),
    );
    assert.deepEqual(await offered('parts:\n  one: {|}'), ['run']);
    for (const kind of KINDS) {
      const own = Object.keys(kind.fields).filter((name) => name !== 'data');
      const expected = [kind.noun, 'data' in kind.fields ? 'data' : undefined, ...own].filter(
        (name) => name !== undefined,
      );
      assert.deepEqual(await offered(`parts:\n  one:\n    run: ${kind.name}\n    |`), expected, kind.name);
    }
    assert.deepEqual(await offered('sets:\n  one: {|}'), Object.keys(DATA_FIELDS));
    assert.deepEqual(await offered('protocol: {grader: {|}}'), ['kind', 'url', 'model']);
  });
  it('offers names of checkpoints, roles and sets', async () => {
    assert.deepEqual(await offered('parts:\n  one: {run: compare, stages: [|]}'), ['base', 'in', 'rl']);
    assert.deepEqual((await offered('sets:\n  s: set.jsonl\nparts:\n  one: {run: evaluate, data: |}')).slice(0, 1), [
      's',
    ]);
    assert.deepEqual(await offered('protocol: {system: {|}}'), ['base', 'in', 'rl', 'hybrid']);
    assert.deepEqual(await offered('parts:\n  one: {run: probe swap, mode: |}'), ['from', 'only']);
  });
  it('offers columns of the set and their values', async () => {
    const labels = await offered('sets:\n  s: {data: set.jsonl, where: |}');
    for (const one of ['level', 'metadata.category', 'metadata.category=math', 'level=2'])
      assert.ok(labels.includes(one), `${one}: ${labels.join(' ')}`);
    assert.ok(
      (await offered('sets:\n  s: set.jsonl\nparts:\n  one: {run: evaluate, data: s, where: [|]}')).includes('level'),
    );
    assert.deepEqual(await columnsIn(path.join(root, 'nothing.jsonl')), []);
  });
  it('offers files beside it, folder by folder, and prompts after @', async () => {
    assert.ok((await offered('sets:\n  s: {data: |}')).includes('set.jsonl'));
    assert.ok((await offered('sets:\n  s: {data: |}')).includes('prompts/'));
    assert.deepEqual(await offered('sets:\n  s: {ids: prompts/|}'), ['prompts/think.txt']);
    assert.deepEqual(await offered('protocol: {system: "@prompts/|"}'), ['@prompts/think.txt']);
    assert.ok((await offered('x:\n').catch(() => [])).length === 0);
  });
});

describe('hovers in an experiment', () => {
  const hover = (written: string) => {
    const text = `${head()}${written}`;
    const found = hoverExperiment({ file, text: text.replace('|', ''), offset: text.indexOf('|') });
    return found === null ? null : [found.title, ...found.paragraphs].join(' · ');
  };
  it('say what keys, kinds and names mean', () => {
    assert.match(
      hover('parts:\n  one: {run: probe sw|ap, checkpoints: in, data: set.jsonl}')!,
      /^probe swap · Swap the visual tokens/,
    );
    assert.match(
      hover('parts:\n  one: {run: probe swap, mo|de: only, checkpoints: in, data: set.jsonl}')!,
      /^mode · Swap keys and values.* · One of from, only\. · Default: from\./,
    );
    assert.match(
      hover('parts:\n  o|ne: {run: probe skip, checkpoints: [in, rl], data: set.jsonl}')!,
      /It comes to 2 runs: one\/in, one\/rl\./,
    );
    assert.match(hover('parts:\n  one: {run: compare, stages: [in, r|l]}')!, /^rl · Role: rl\./);
    assert.match(hover('pro|tocol: {}\nparts: {}')!, /^protocol · How questions are put/);
    assert.equal(hover('parts:\n  one: {run: compare, cuts: [|4, 8]}'), null);
  });
});

describe('an experiment held against its files', () => {
  const check = async (written: string, top = head()) => {
    const text = `${top}${written}`;
    const { problems, experiment } = await checkExperiment({ file, text });
    return {
      said: problems.map(({ message, offset, length }) => `[${text.slice(offset, offset + length)}] ${message}`),
      experiment,
    };
  };
  const only = async (written: string, top?: string) => {
    const { said, experiment } = await check(written, top);
    assert.equal(said.length, 1, said.join('\n'));
    assert.equal(experiment, null);
    return said[0]!;
  };

  it('is whole where nothing is wrong', async () => {
    const { said, experiment } = await check(
      'sets:\n  s: {data: set.jsonl, where: level>=1}\nparts:\n  u: {run: compare}\n  e: {run: evaluate, data: s}\n',
    );
    assert.deepEqual(said, []);
    assert.deepEqual(
      experiment!.parts.map(({ name, steps }) => [name, steps.length]),
      [
        ['u', 1],
        ['e', 1],
      ],
    );
  });
  it('says which column, row or id is not in a set, at the filter', async () => {
    assert.match(
      await only('sets:\n  s: {data: set.jsonl, where: kind=x}\nparts:\n  e: {run: evaluate, data: s}\n'),
      /^\[kind=x\] .* has no column "kind"; there are .*level/,
    );
    assert.match(
      await only('parts:\n  e: {run: evaluate, data: set.jsonl, where: level=9}\n'),
      /^\[where\] .* has no row with level=9/,
    );
    assert.match(
      await only('sets:\n  s: {data: set.jsonl, ids: ids.txt}\nparts:\n  e: {run: evaluate, data: s}\n'),
      /^\[ids\.txt\] .*has no question with the id "z"/,
    );
    assert.match(
      await only('sets:\n  s: {data: set.jsonl, draw: numpy:1}\nparts:\n  e: {run: evaluate, data: s}\n'),
      /--draw needs --samples/,
    );
    assert.match(
      await only('sets:\n  s: gone.jsonl\nparts:\n  e: {run: evaluate, data: s}\n'),
      /^\[gone\.jsonl\] .*gone\.jsonl/,
    );
    assert.match(
      await only('parts:\n  p: {run: probe swap, checkpoints: in, data: set.jsonl}\n'),
      /^\[data\] set\.jsonl line 1 has no "task"/,
    );
  });
  it('says which checkpoint is not there, goes in circles, or is of another family', async () => {
    const parts = 'parts:\n  u: {run: compare, stages: [a, b]}\n';
    assert.match(await only(parts, 'checkpoints:\n  a: gone\n  b: other\n'), /^\[gone\] .*gone/);
    assert.match(
      await only(parts, 'checkpoints:\n  a: round.frank.yaml\n  b: other\n'),
      /^\[round\.frank\.yaml\] .*(?:itself|circle|uses)/i,
    );
    assert.match(
      await only(parts, 'checkpoints:\n  a: other\n  b: foreign\n'),
      /^\[stages\] "compare" needs checkpoints of one family: a is .*, b is /,
    );
  });
  it('says it of a freeze experiment that is not there', async () => {
    assert.match(
      await only('parts:\n  f: {run: freeze, experiment: gone, data: set.jsonl}\n'),
      /^\[experiment\] .*gone/,
    );
  });
});
