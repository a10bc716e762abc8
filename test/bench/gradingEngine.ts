/** Judges the rows of a file, again and again: prints {rows, seconds of the last round, verdicts: "0101…"}. */
import { readFileSync } from 'node:fs';
import type { AnswerType } from '../../src/engine/datasets/answerType.js';
import { isRight } from '../../src/engine/grading/grade.js';

interface Row {
  type: AnswerType;
  answer: string;
  truth: string;
  choices?: string[];
}

const [, , file, rounds] = process.argv;
const rows = JSON.parse(readFileSync(file!, 'utf8')) as Row[];
let [seconds, verdicts] = [0, ''];
for (let round = 0; round < Number(rounds); round++) {
  const from = performance.now();
  const judged = rows.map(({ type, answer, truth, choices }) =>
    isRight(answer, { answer: truth, answerType: type, choices }),
  );
  seconds = (performance.now() - from) / 1000;
  verdicts = judged.map((right) => (right ? '1' : '0')).join('');
}
console.log(JSON.stringify({ rows: rows.length, seconds, verdicts }));
