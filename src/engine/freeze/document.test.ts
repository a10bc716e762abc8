/** The file of a plan: written, read again, and what is wrong with it where it stands. */
import assert from 'node:assert/strict';
import * as v from 'valibot';
import { describe, it } from 'vitest';
import { createEngine } from '../engine.js';
import { parseFreeze, readFreeze, writeFreeze } from './document.js';
import { FreezeSchema } from './schema.js';

const PLAN = `model: ../in
data: questions.jsonl
trainer: trl
runs:
  control: {}
  late: {freeze: [late]}
`;

describe('the file of a plan', () => {
  it('is read as it was written', () => {
    const settings = v.parse(FreezeSchema, {
      model: '../a: b',
      data: 'x',
      trainer: 'ms-swift',
      also: ['vision'],
      cuts: [3, 7],
      system: 'Think first.\nThen "answer": # no comment',
      runs: { control: {}, 'x.2': { freeze: ['/^a\\.b{1,2}$/', 'early'] }, 'only-1': { train_only: ['1'] } },
    });
    assert.deepEqual(readFreeze(writeFreeze(settings), 'f'), settings);
  });

  it('is checked in the editor as what it is, and not as a recipe', async () => {
    const engine = createEngine('unused');
    const check = (text: string, name = 'freeze.frank.yaml') => engine.checkRecipe({ file: `/x/${name}`, text });
    const alone = await check(PLAN);
    assert.deepEqual(
      alone.problems.map(({ message }) => message),
      ['/in does not exist.', 'There is nothing at /x/questions.jsonl.'],
    );
    assert.ok('plan' in alone && alone.plan === null);
    const { problems } = await check(PLAN.replace('trainer:', 'trainr:'));
    const problem = problems.find(({ code }) => code === 'unknown-key');
    assert.match(problem!.message, /did you mean trainer\?/);
    assert.deepEqual(problem!.fix?.edits[0], { offset: PLAN.indexOf('trainer'), length: 6, text: 'trainer' });
    assert.match((await check(PLAN, 'other.frank.yaml')).problems[0]!.message, /model/);
  });

  it('takes defaults for what is not said', () => {
    const { settings, problems } = parseFreeze(PLAN);
    assert.deepEqual(problems, []);
    assert.equal(settings?.method, 'full');
    assert.deepEqual(settings.seeds, [0]);
  });

  for (const [what, text, at, sentence] of [
    ['nothing', '', '', /empty/],
    ['no YAML', 'runs: [', '', /no YAML/],
    ['a key that is missing', PLAN.replace(/^model.*\n/m, ''), '', /"model" is missing\. IN/],
    ['a key that means nothing', PLAN.replace('trainer', 'trainr'), 'trainr', /did you mean trainer/],
    ['a trainer that is none', PLAN.replace('trl', 'trlx'), 'trlx', /"trainer" must be trl, ms-swift/],
    ['a number that is none', `${PLAN}steps: many\n`, 'many', /"steps" must be number/],
    ['a number that is too small', `${PLAN}steps: 0\n`, '0', /"steps" must be at least 1/],
    ['a broken number', `${PLAN}completions: 2.5\n`, '2.5', /whole number/],
    ['a run with a stray key', PLAN.replace('freeze:', 'freese:'), 'freese', /did you mean freeze/],
    ['a name that is no folder', PLAN.replace('late:', '../late:'), '', /letters, digits/],
    ['an empty list', PLAN.replace('[late]', '[]'), '[]', /"runs\.late\.freeze"/],
  ] satisfies [string, string, string, RegExp][])
    it(`says what is wrong: ${what}`, () => {
      const { settings, problems } = parseFreeze(text);
      assert.equal(settings, undefined);
      const problem = problems.find(({ message }) => sentence.test(message));
      assert.ok(problem, JSON.stringify(problems));
      if (at !== '') assert.equal(text.slice(problem.offset, problem.offset + problem.length), at);
    });

  it('is refused with line and column', () => {
    assert.throws(
      () => readFreeze(`${PLAN}steps: 0\n`, 'x/freeze.frank.yaml'),
      /^FrankensteinError: x\/freeze\.frank\.yaml:7:8: "steps"/,
    );
  });
});
