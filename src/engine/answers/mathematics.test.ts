import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { sameMathematics } from './mathematics.js';

describe('mathematical answers', () => {
  const same: [string, string][] = [
    ['\\frac{1}{2}', '0.5'],
    ['\\sqrt{8}', '2\\sqrt{2}'],
    ['x^2+2x+1', '(x+1)^2'],
    ['$\\frac{\\pi}{2}$', '\\pi/2'],
    ['p - q', '-q+p'],
    ['\\left( 3, \\frac{\\pi}{2} \\right)', '(3,\\pi/2)'],
    ['\\frac{3}{\\sqrt{3}}', '\\sqrt{3}'],
    ['90^\\circ', '90'],
    ['11\\sqrt2', '11\\sqrt{2}'],
    ['[-2,7]', 'x \\in [-2,7]'],
    ['\\text{Evelyn}', 'Evelyn'],
    ['10\\%', '0.1'],
    ['\\frac43', '\\dfrac{4}{3}'],
    ['\\frac{270}7\\text{ degrees}', '\\frac{270}{7}'],
    ['1,2,3', '3,2,1'],
    ['1,-2', '-2,1'],
    ['10^{2}', '100'],
    ['x=5', '5'],
    ['10,080', '10080'],
    ['3\\text{ inches}', '3'],
    ['6 - 5i', '6-5i'],
    ['2k+2', '2(k+1)'],
    ['E', '\\text{(E)}'],
    ['\\sin x', '\\sin(x)'],
    ['(-\\infty, 2) \\cup (3, \\infty)', '(-\\infty,2)\\cup(3,\\infty)'],
    ['\\begin{pmatrix} -1 \\\\ 2 \\end{pmatrix}', '\\begin{pmatrix}-1\\\\2\\end{pmatrix}'],
  ];
  const other: [string, string][] = [
    ['5', '6'],
    ['x+1', 'x+2'],
    ['(1,2)', '(2,1)'],
    ['[1,2]', '(1,2)'],
    ['1,2', '1,2,3'],
    ['Evelyn', 'Briana'],
    ['', '5'],
    ['x', 'y'],
    ['\\sqrt{2}', '1.41'],
    ['x+1=2', 'x+1=3'],
    ['-1', '1'],
    ['(-\\infty, 2)', '(-\\infty, 3)'],
    ['A', 'B'],
  ];
  for (const [given, truth] of same) it(`${given} is ${truth}`, () => assert.ok(sameMathematics(given, truth)));
  for (const [given, truth] of other)
    it(`${given || 'nothing'} is not ${truth}`, () => assert.ok(!sameMathematics(given, truth)));

  it('does not compute towers of powers, nor read endless expressions', () => {
    assert.ok(!sameMathematics('2^{10^{10^{10}}}', '3'));
    assert.ok(!sameMathematics('9^{999999}', '3'));
    assert.ok(!sameMathematics('1+'.repeat(5000) + '1', '5001'));
  });
});
