// Answers as models write them: judged as math-verify judges them (corpus.json), and as a careful reader does
// (answers.json). Answers made by seed (variants.json): whether they are right is known from how they were made, and
// what math-verify says of each is beside it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import type { AnswerType } from '../../../src/engine/datasets/answerType.js';
import { isRight } from '../../../src/engine/grading/grade.js';

interface Row {
  type: AnswerType;
  answer: string;
  truth: string;
  choices?: string[];
  right: boolean;
}

interface Variant extends Row {
  kind: string;
  /** What math-verify says. */
  mathVerify: boolean;
}

const FOLDER = path.resolve('test/parity/evaluate/grading');

describe('grading', () => {
  for (const [file, least] of [
    ['corpus', 550],
    ['answers', 950],
  ] as const)
    it(`every row of ${file}.json is judged as it says`, async () => {
      const rows = JSON.parse(await readFile(path.join(FOLDER, `${file}.json`), 'utf8')) as Row[];
      assert.ok(rows.length >= least, `${rows.length} rows`);
      const judge = ({ type, answer, truth, choices }: Row) =>
        isRight(answer, { answer: truth, answerType: type, choices });
      const wrong = rows.filter((row) => judge(row) !== row.right);
      assert.deepEqual(wrong, []);
    });

  it('calls no wrong variant right, and misses at most 3 % of the right ones and fewer than math-verify, of every kind', async () => {
    const rows = JSON.parse(await readFile(path.join(FOLDER, 'variants.json'), 'utf8')) as Variant[];
    assert.ok(rows.length >= 4000, `${rows.length} rows`);
    const judged = rows.map((row) => ({
      ...row,
      ours: isRight(row.answer, { answer: row.truth, answerType: row.type, choices: row.choices }),
    }));
    assert.deepEqual(
      judged.filter(({ ours, right }) => ours && !right),
      [],
    );
    const right = judged.filter((row) => row.right);
    const missed = right.filter(({ ours }) => !ours);
    assert.ok(missed.length <= 0.03 * right.length, JSON.stringify(missed, null, 1));
    for (const kind of new Set(rows.map((row) => row.kind))) {
      const theirs = right.filter((row) => row.kind === kind && !row.mathVerify).length;
      const ours = missed.filter((row) => row.kind === kind);
      assert.ok(ours.length <= theirs, `${kind}: ${JSON.stringify(ours)}, and math-verify misses ${theirs}`);
    }
  });
});
