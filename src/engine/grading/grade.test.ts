import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { answerIn } from '../answers/answer.js';
import { boxOf, iou } from '../datasets/box.js';
import { isChanged } from './change.js';
import { isRight } from './grade.js';
import { numbersIn } from '../answers/number.js';

describe('answers', () => {
  it('are found in tags, boxes, after thinking, or are the whole text', () => {
    const cases: [string, string][] = [
      ['<think>2+2</think><answer> 4 </answer>', '4'],
      ['<answer>1</answer> no: <answer>2</answer>', '2'],
      ['<answer>cut', 'cut'],
      ['so \\boxed{3} or rather \\boxed{\\frac{1}{2}}.', '\\frac{1}{2}'],
      ['<answer>\\boxed{7}</answer>', '7'],
      ['<think>\\boxed{1}</think> it is \\boxed{2}', '2'],
      ['it is <think> hm </think>\n\n blue ', 'blue'],
      ['thinking without the opening tag</think>red', 'red'],
      ['<think>never stops', ''],
      ['plain', 'plain'],
    ];
    for (const [text, answer] of cases) assert.equal(answerIn(text), answer, text);
  });

  it('hold numbers in every usual spelling', () => {
    const cases: [string, number[]][] = [
      ['1,234.5 and 12', [1234.5, 12]],
      ['-3', [-3]],
      ['5-3', [5, 3]],
      ['a -3', [-3]],
      ['x = −7', [-7]],
      ['x = - 7', [-7]],
      ['5 - 3', [5, 3]],
      ['(-3)', [-3]],
      ['3/4', [0.75]],
      ['1 1/2', [1.5]],
      ['\\frac{3}{4}', [0.75]],
      ['-\\dfrac{1}{2}', [-0.5]],
      ['1e3', [1000]],
      ['1.5 × 10^3', [1500]],
      ['2 \\times 10^{-2}', [0.02]],
      ['50%', [50]],
      ['.5', [0.5]],
      ['three', [3]],
      ['someone', []],
      ['a1', []],
      ['v1.5', []],
      ['有3只', [3]],
      ['$42.00', [42]],
      ['42.', [42]],
      ['1, 2, 3', [1, 2, 3]],
      ['1,23', [1, 23]],
      ['none', []],
      ['1\u202f000', [1000]],
    ];
    for (const [text, values] of cases)
      assert.deepEqual(
        numbersIn(text).map(({ value }) => value),
        values,
        text,
      );
  });

  it('are right by number', () => {
    const right = (text: string, answer: string) => isRight(text, { answer, answerType: 'number', choices: undefined });
    for (const [text, answer] of [
      ['<answer>11</answer>', '11'],
      ['The answer is 11, since 5 + 6.', '11'],
      ['5 + 6 = 11', '11'],
      ['11.0', '11'],
      ['1,100', '1100'],
      ['0.5', '1/2'],
      ['50%', '0.5'],
      ['50', '50%'],
      ['12 cm', '12'],
      ['eleven', '11'],
    ])
      assert.ok(right(text!, answer!), `${text} for ${answer}`);
    for (const [text, answer] of [
      ['12', '11'],
      ['', '11'],
      ['<think>11', '11'],
      ['-11', '11'],
      ['50', '0.5'],
      ['11 or 12', '11'],
    ])
      assert.ok(!right(text!, answer!), `${text} for ${answer}`);
  });

  it('are right by words', () => {
    const right = (text: string, answer: string) => isRight(text, { answer, answerType: 'text', choices: undefined });
    for (const [text, answer] of [
      ['LH', 'LH'],
      ['<answer>lh.</answer>', 'LH'],
      ['“LH”', 'LH'],
      ['The answer is: LH', 'LH'],
      ['ＬＨ', 'LH'],
      ['two  words', 'Two words'],
    ])
      assert.ok(right(text!, answer!), `${text} for ${answer}`);
    for (const [text, answer] of [
      ['LHX', 'LH'],
      ['', 'LH'],
      ['not LH', 'LH'],
    ])
      assert.ok(!right(text!, answer!), `${text} for ${answer}`);
  });

  it('are right by choice', () => {
    const choices = ['red', 'blue', 'dark green'];
    const right = (text: string, answer: string, of: string[] | undefined = choices) =>
      isRight(text, { answer, answerType: 'choice', choices: of });
    for (const [text, answer] of [
      ['blue', 'blue'],
      ['B', 'blue'],
      ['(b)', 'blue'],
      ['B. blue', 'blue'],
      ['blue', 'B'],
      ['The answer is (C).', 'dark green'],
      ['It is dark green I think', 'C'],
      ['<answer>Blue.</answer>', 'blue'],
    ])
      assert.ok(right(text!, answer!), `${text} for ${answer}`);
    for (const [text, answer] of [
      ['red', 'blue'],
      ['red or blue', 'blue'],
      ['D', 'blue'],
      ['', 'blue'],
    ])
      assert.ok(!right(text!, answer!), `${text} for ${answer}`);
    assert.ok(right('no', 'no', ['yes', 'no']));
    assert.ok(right('I choose B', 'B', undefined));
    assert.ok(!right('A cat', 'A', undefined));
  });

  it('are right by box', () => {
    const right = (text: string) =>
      isRight(text, { answer: '[60, 60, 80, 80]', answerType: 'box', choices: undefined });
    assert.ok(right('<answer>[61, 60, 80, 79]</answer>'));
    assert.ok(right('{"bbox_2d": [60, 60, 80, 80], "label": "square"}'));
    assert.ok(right('(60,60),(80,80)'));
    assert.ok(right('x1=60, y1=60, x2=80, y2=80'));
    assert.ok(!right('[0, 0, 20, 20]'));
    assert.ok(!right('60, 60'));
    assert.ok(!right('nowhere'));
  });
});

describe('boxes', () => {
  it('overlap', () => {
    assert.equal(iou([0, 0, 2, 2], [1, 0, 3, 2]), 1 / 3);
    assert.equal(iou([0, 0, 1, 1], [2, 2, 3, 3]), 0);
    assert.equal(iou([0, 0, 0, 0], [0, 0, 0, 0]), 0);
    assert.deepEqual(boxOf([3, 4, 1, 2]), [1, 2, 3, 4]);
    assert.equal(boxOf([1, 2, 3]), undefined);
  });
});

describe('a swap', () => {
  const sample = { sourceBox: [60, 4, 80, 24], iouThreshold: 0.5 } as const;
  const changed = (task: 'ocr' | 'counting' | 'grounding' | 'recognition', baseline: string, answer: string) =>
    isChanged({ task, ...sample }, baseline, answer);

  it('changes text when it differs', () => {
    assert.ok(changed('ocr', 'XSH', 'BPS'));
    assert.ok(!changed('ocr', '<answer>XSH</answer>', 'XSH '));
    assert.ok(changed('ocr', '<think>one', '<think>other'));
  });

  it('changes a count when the number differs', () => {
    assert.ok(changed('counting', '2', 'There are 4.'));
    assert.ok(!changed('counting', '2', 'There are two.'));
    assert.ok(changed('counting', '2', 'many'));
    assert.ok(!changed('counting', 'many', 'many'));
  });

  it('changes a box when it is where the source has it', () => {
    assert.ok(changed('grounding', '[88, 4, 108, 24]', '[61, 4, 80, 24]'));
    assert.ok(!changed('grounding', '[88, 4, 108, 24]', '[0, 0, 5, 5]'));
    assert.ok(!changed('grounding', '[88, 4, 108, 24]', 'gone'));
  });

  it('changes recognition when the answer is no', () => {
    assert.ok(changed('recognition', 'yes', 'No, there is none.'));
    assert.ok(!changed('recognition', 'yes', 'Yes, no doubt.'));
    assert.ok(!changed('recognition', 'yes', 'nothing known'));
  });
});
