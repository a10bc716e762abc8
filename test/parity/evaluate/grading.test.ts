// Answers as models write them: judged as math-verify judges them (corpus.json), and as a careful reader does (answers.json).
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
});
