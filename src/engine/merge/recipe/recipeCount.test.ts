import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { parseRecipe } from './parse.js';
import { countOf } from '../../../recipes/count.js';

describe('the count above a recipe', () => {
  it('is of all that the Problems view lists, errors first', () => {
    const { problems } = parseRecipe(
      'name: x\nmerge_method: linear\nmodels:\n  - {model: a, parameters: {weight: x}}\n',
    );
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ['warning', 'error'],
    );
    assert.deepEqual(countOf(problems), { counted: '1 error, 1 warning', first: 'weight is a number, not "x".' });
  });

  it('is none of a recipe without faults', () =>
    assert.equal(countOf(parseRecipe('stitch: a:b:c\n').problems), undefined));

  it('counts what else is said, and goes by place within one severity', () => {
    const at = (offset: number, severity: 'warning' | 'information', message: string) =>
      ({ code: 'note', severity, message, offset, length: 1 }) as const;
    assert.deepEqual(countOf([at(9, 'warning', 'B.'), at(3, 'information', 'N.'), at(2, 'warning', 'A.')]), {
      counted: '2 warnings, 1 note',
      first: 'A.',
    });
  });
});
