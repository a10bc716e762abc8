// Published question sets, from Parquet files with their columns and types (make_sets.py).
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { conditionOf } from '../../../src/engine/datasets/condition.js';
import type { ReadOptions } from '../../../src/engine/datasets/jsonl.js';
import { readMapping } from '../../../src/engine/datasets/mapping.js';
import { readQuestionSet } from '../../../src/engine/datasets/questionSet.js';
import { isRight } from '../../../src/engine/grading/grade.js';
import { temporaryFolder } from '../../fixtures/checkpoints.js';

const FOLDER = path.resolve('test/parity/datasets');
const read = async (name: string, options: ReadOptions = {}) =>
  (await readQuestionSet(path.join(FOLDER, 'sets', `${name}.parquet`), options)).items;
const where = (...texts: string[]) => ({ where: texts.map(conditionOf) });
const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

describe('published sets', () => {
  it('are read as they are meant, each by its columns, and one that the user maps', async () => {
    const sets = JSON.parse(await readFile(path.join(FOLDER, 'sets.json'), 'utf8')) as Record<string, unknown[][]>;
    const mapping = await readMapping(path.join(FOLDER, 'mapped.yaml'));
    for (const [name, rows] of Object.entries(sets)) {
      const items = await read(name, name === 'mapped' ? { mapping } : {});
      assert.deepEqual(
        items.map((one) => [
          one.id,
          one.prompt,
          one.answer,
          one.answerType,
          one.choices ?? null,
          one.task ?? null,
          one.images.length,
          (one.variantOf ?? null)?.replace(/^mapped.yaml/, 'mapped') ?? null,
          one.precision ?? null,
        ]),
        rows,
        name,
      );
    }
  });

  it('are judged by what their truths mean', async () => {
    const [no] = (await read('hallusionbench')).slice(1);
    assert.ok(isRight('No, it is not.', no!) && !isRight('Yes.', no!));
    const [star] = await read('mmstar');
    assert.ok(isRight('The answer is A.', star!) && !isRight('B', star!));
  });

  it('can be asked with another of their columns; options that it lacks are listed', async () => {
    const [first] = await read('mathvista', { promptColumn: 'question' });
    assert.equal(first!.prompt, 'Which is larger?\n\nChoices:\nA. left\nB. right');
    assert.equal((await read('mathverse', { promptColumn: 'query_cot' }))[4]!.prompt, 'Please first reason. v5');
    await assert.rejects(
      read('mathvista', { promptColumn: 'ask' }),
      /has no column "ask"; there are pid, question, image, /,
    );
  });

  it('give the rows that conditions name, on nested columns too', async () => {
    assert.deepEqual(ids(await read('mathvista', where('metadata.category=general-vqa'))), ['1']);
    assert.deepEqual(
      ids(await read('mathvista', where('metadata.category != general-vqa', 'metadata.context=table'))),
      ['3'],
    );
    assert.deepEqual(ids(await read('mathvista', where('metadata.context in (table, "natural image")'))), ['1', '3']);
    assert.deepEqual(ids(await read('mathvista', where('metadata.skills=algebraic reasoning'))), ['2']);
    assert.deepEqual(ids(await read('math500', where('level >= 4'))), [
      'test/precalculus/807.json',
      'test/algebra/2.json',
    ]);
    assert.deepEqual(ids(await read('mathverse', where('problem_version=Vision Only'))), ['5']);
    await assert.rejects(
      read('mathvista', where('metadata.kind=x')),
      /has no column "metadata\.kind"; there are pid, .*metadata\.category, metadata\.context, /,
    );
    await assert.rejects(
      read('mathvista', where('metadata.category=vqa')),
      /has no row with metadata\.category=vqa; there are metadata\.category: general-vqa, math-targeted-vqa\.$/,
    );
    await assert.rejects(
      read('math500', where('subject > 3')),
      /row 1 has "Algebra" in "subject", which is no number\.$/,
    );
  });

  it('refuse a mapping by the key that is wrong', async () => {
    const temporary = await temporaryFolder();
    try {
      const file = path.join(temporary.path, 'm.yaml');
      for (const [text, message] of [
        ['prompt: ask', /m\.yaml has no "answer"\.$/],
        [
          'prompt: ask\nanswer: truth\nanswers: x',
          /has the key "answers", which no mapping has; there are name, id, prompt/,
        ],
        ['prompt: ask\nanswer: truth\nanswer_type: essay', /has a "answer_type" that is not one of number, text/],
        ['- a', /is no mapping: write a line per key/],
        ['a: [', /is not valid YAML/],
      ] as const) {
        await writeFile(file, text);
        await assert.rejects(readMapping(file), message, text);
      }
      await writeFile(file, 'prompt: asked\nanswer: truth.value');
      await assert.rejects(
        read('mapped', { mapping: await readMapping(file) }),
        /has no column "asked"; there are nr, ask, first, second, truth, scan, kind\.$/,
      );
      const lines = path.join(temporary.path, 'set.jsonl');
      await writeFile(lines, '{"n": 1, "ask": "1 + 1?", "truth": {"value": 2}}\n{"n": 2, "ask": "2 + 2?"}\n');
      await writeFile(file, 'id: n\nprompt: ask\nanswer: truth.value\nanswer_type: number');
      const mapping = await readMapping(file);
      await assert.rejects(readQuestionSet(lines, { mapping }), /set\.jsonl line 2 has no "truth\.value"\.$/);
      const { items } = await readQuestionSet(lines, { mapping, badLines: 'skip' });
      assert.deepEqual(
        items.map(({ id, answer, answerType }) => [id, answer, answerType]),
        [['1', '2', 'number']],
      );
    } finally {
      await temporary.remove();
    }
  });
});
