/** Plans in the editor: what may be written, what it means, what trains, and what is wrong with it. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { planExperiment } from './experiment.js';
import { completePlan, type PlanSurroundings } from './language/complete.js';
import { hoverPlan } from './language/hover.js';
import { KEYS } from './language/keys.js';
import { checkPlan } from './language/sketch.js';
import { runsOf } from './matrix.js';
import { trainRuns } from './run.js';
import { OUTSIDE } from '../analyses/verify/request.js';
import { TRAINERS } from './schema.js';

const AROUND: PlanSurroundings = { checkpoints: [{ path: '../models/in', label: 'in' }], layers: 12 };

/** Labels at the bar. */
function offered(text: string, around = AROUND): string[] {
  return completePlan(text.replace('|', ''), text.indexOf('|'), around).map(({ label }) => label);
}

describe('completion in a plan', () => {
  it('offers every key once', () => {
    assert.deepEqual(offered('|'), KEYS);
    assert.deepEqual(
      offered('model: x\nsteps: 3\n|'),
      KEYS.filter((key) => key !== 'model' && key !== 'steps'),
    );
  });
  it('offers the words that the schema knows', () => {
    assert.deepEqual(offered('trainer: |'), [...TRAINERS]);
    assert.deepEqual(offered('also: [|]'), [...OUTSIDE]);
    assert.deepEqual(offered('method: |'), ['full', 'lora']);
    assert.deepEqual(offered('steps: |'), ['100']);
  });
  it('offers checkpoints for IN, and for a result', () => {
    assert.deepEqual(offered('model: |'), ['../models/in']);
    assert.deepEqual(offered('runs:\n  mid: {freeze: [mid], result: |}'), ['../models/in']);
  });
  it('offers regions, parts of them, and layers of the model', () => {
    const labels = offered('runs:\n  one: {freeze: [|]}');
    for (const one of ['early', 'mid', 'late', 'mid.attention', 'late.mlp', 'all', '4-7', '/q_proj/'])
      assert.ok(labels.includes(one), `${one}: ${labels.join(' ')}`);
    assert.ok(!offered('runs:\n  one: {freeze: [|]}', { ...AROUND, layers: undefined }).includes('4-7'));
    assert.deepEqual(offered('cuts: |'), ['[4, 8]']);
  });
  it('offers the keys of a run, and the control where there is none', () => {
    assert.deepEqual(offered('runs:\n  one: {|}'), ['freeze', 'train_only', 'result']);
    assert.deepEqual(offered('runs:\n  |'), ['control']);
    assert.deepEqual(offered('runs:\n  control: {}\n  |'), []);
  });
  it('offers nothing in a comment', () => assert.deepEqual(offered('# tr|'), []));
});

describe('a plan in its folder', () => {
  let root: string;
  let file: string;
  const text = (more = 'also: [vision, projector]') =>
    `model: in\ndata: questions.jsonl\ntrainer: trl\n${more}\nruns:\n  control: {}\n  mid: {freeze: [mid]}\n`;
  beforeAll(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'freeze-language-'));
    await cp('samples/lineage/in', path.join(root, 'in'), { recursive: true });
    await writeFile(
      path.join(root, 'questions.jsonl'),
      '{"id":"a","prompt":"1 + 1?","answer":"2","answer_type":"number"}\n',
    );
    file = path.join(root, 'freeze.frank.yaml');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const hover = (written: string) =>
    hoverPlan({ file, text: written.replace('|', ''), offset: written.indexOf('|') }).then((found) =>
      found === null ? null : [found.title, ...found.paragraphs].join(' · '),
    );

  it('hovers say what keys, words and selectors mean', async () => {
    assert.match((await hover(text().replace('trainer', 'tr|ainer')))!, /^trainer · What trains: trl/);
    assert.match(
      (await hover(text('st|eps: 5')))!,
      /^steps · Updates of the weights.* · It is at least 1, at most 1000000\. · Default: 100\.$/,
    );
    assert.match((await hover(text('also: [vis|ion]')))!, /^vision · The vision tower\./);
    assert.match((await hover(text().replace('trl', 't|rl')))!, /^TRL 1\.16 · /);
    const said = await hover(text().replace('[mid]', '[m|id]'));
    const { plan } = await checkPlan({ file, text: text() });
    const { count } = plan!.runs[1]!.selections[0]!;
    assert.ok(
      said!.includes(`It matches ${count.parameters.toLocaleString('en-US')} parameters in ${count.tensors} tensors.`),
      said!,
    );
    assert.match(said!, /Language layers: 4–7 of 0–11\./);
    assert.match((await hover(text().replace('[mid]', '[n|othing_here]')))!, /matches no parameter/);
    assert.equal(await hover(text().replace('in\n', 'i|n\n')), null);
  });

  it('says what trains in every run, as the plan that is written does', async () => {
    const { plan, problems } = await checkPlan({ file, text: text() });
    const { plan: planned } = await planExperiment({
      settings: {
        model: path.join(root, 'in'),
        data: path.join(root, 'questions.jsonl'),
        trainer: 'trl',
        also: ['vision', 'projector'],
        runs: runsOf(['mid'], []),
      },
    });
    assert.deepEqual(
      plan!.runs.map(({ run, frozen, trains, layers }) => ({ run, frozen, trains, layers })),
      planned.runs.map(({ run, frozen, trains, layers }) => ({ run, frozen, trains: trains.parameters, layers })),
    );
    assert.deepEqual(
      problems.map(({ severity, message }) => [severity, message]),
      planned.warnings.map((message) => ['warning', message.replace('--also freezes', 'also: […] freezes')]),
    );
    assert.match(plan!.runs[1]!.beside!, /^embeddings \([\d,]+ parameters\), norms/);
  });

  it('marks what matches nothing or everything at its run, and a part that is not there at its key', async () => {
    const written = text('also: [head]').replace('[mid]', '[nothing_here]');
    const { problems, plan } = await checkPlan({ file, text: written });
    const at = (message: RegExp) => written.slice(...spanOf(problems.find((one) => message.test(one.message))!));
    assert.equal(at(/"nothing_here" matches no parameter/), 'mid');
    assert.equal(at(/head matches no parameter/), 'also');
    assert.deepEqual(
      plan!.runs.map(({ run }) => run),
      ['control'],
    );
    const all = text().replace('[mid]', '["/./"]');
    assert.match(
      (await checkPlan({ file, text: all })).problems.map(({ message }) => message).join(),
      /matches every parameter/,
    );
  });

  it('marks a model that does not open, and data and results that are not there', async () => {
    const written = text()
      .replace('model: in', 'model: nowhere')
      .replace('questions', 'none')
      .replace('[mid]', '[mid], result: gone');
    const { problems, plan } = await checkPlan({ file, text: written });
    assert.equal(plan, null);
    assert.deepEqual(
      problems.map((one) => [written.slice(...spanOf(one)), one.severity]),
      [
        ['model', 'error'],
        ['data', 'warning'],
        ['result', 'warning'],
      ],
    );
  });

  it('is not trained by scripts of another plan, and says so while it is edited', async () => {
    const out = path.join(root, 'exp');
    await mkdir(out);
    await planExperiment({
      settings: {
        model: path.join(root, 'in'),
        data: path.join(root, 'questions.jsonl'),
        trainer: 'trl',
        device: 'cpu',
        runs: runsOf(['mid'], []),
      },
      out,
    });
    const plan = path.join(out, 'freeze.frank.yaml');
    const edited = (await readFile(plan, 'utf8')).replace('steps: 100', 'steps: 7');
    const { problems } = await checkPlan({ file: plan, text: edited });
    const marked = problems.find(({ message }) => /launch scripts .* another value of "steps"/.test(message))!;
    assert.equal(edited.slice(...spanOf(marked)), 'steps');
    await writeFile(plan, edited);
    await assert.rejects(trainRuns({ experiment: out, python: '/nowhere' }), { code: 'changed', message: /\(steps\)/ });
  });
});

function spanOf({ offset, length }: { offset: number; length: number }): [number, number] {
  return [offset, offset + length];
}
