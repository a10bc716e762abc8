// The reward file that plans are written with judges as an evaluation does. Its verdicts are stored, made by the very
// file that is shipped: test/parity/freeze/make_reward.py makes them anew.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import type { AnswerType } from '../../../src/engine/datasets/answerType.js';
import { readQuestionSet } from '../../../src/engine/datasets/questionSet.js';
import reward from '../../../src/engine/freeze/python/reward.py';
import { GRADING_VERSION, isRight } from '../../../src/engine/grading/grade.js';

interface Row {
  type: AnswerType;
  answer: string;
  truth: string;
  choices?: string[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(path.resolve(file), 'utf8'));
const stored = read('test/parity/freeze/reward.json') as {
  source: string;
  corpus: string;
  answers: string;
  variants: string;
  samples: Record<string, string>;
};
const bits = (flags: readonly boolean[]) => flags.map((flag) => (flag ? '1' : '0')).join('');

describe('the reward file of a plan', () => {
  it('is the one whose verdicts are stored', () => {
    assert.equal(createHash('sha256').update(reward).digest('hex'), stored.source);
  });

  it('names the version of the rules that it has', () => {
    assert.ok(reward.includes(`(grading version ${GRADING_VERSION})`));
  });

  for (const corpus of ['corpus', 'answers', 'variants'] as const)
    it(`judges every row of ${corpus}.json as evaluations do`, () => {
      const rows = read(`test/parity/evaluate/grading/${corpus}.json`) as Row[];
      const judged = rows.map(({ type, answer, truth, choices }) =>
        isRight(answer, { answer: truth, answerType: type, choices }),
      );
      assert.ok(rows.length > 500);
      assert.equal(bits(judged), stored[corpus]);
    });

  for (const set of ['general', 'math', 'text'])
    it(`judges the sample RL's answers to ${set} as evaluations do`, async () => {
      const { items } = await readQuestionSet(path.resolve(`samples/eval/${set}.jsonl`));
      const { answers } = read('samples/results/rl.json') as {
        answers: Record<string, Record<string, Record<string, string>>>;
      };
      const judged = items.flatMap((question) =>
        Object.values(answers[set]![question.id]!).map((text) => isRight(text, question)),
      );
      assert.equal(bits(judged), stored.samples[set]);
    });
});
