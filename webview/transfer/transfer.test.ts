/** The view of evaluations, without a DOM: what it says is what the result holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { PAPER } from '../exporters/palette.js';
import { sweepOf, transferOf } from '../playground/evaluations.js';
import { forestSvg } from './forestSvg.js';
import { comparisonOf, modelOf, pText, questionsBehind, reading, referenceOf, scoreOf } from './model.js';
import { answersCsv, scoresCsv, tableMarkdown } from './numbers.js';
import { checkpointAt, sweepFigure } from './sweep.js';
import { DEFAULT_TRANSFER_VIEW, parseTransferView } from './view.js';

const model = modelOf(transferOf());
const index = (label: string) => model.rows.find((row) => row.label === label)!.index;

describe('an evaluation in the panel', () => {
  it('is held against IN unless another reference is chosen', () => {
    assert.equal(referenceOf(model, null), index('in'));
    assert.equal(referenceOf(model, index('rl')), index('rl'));
    assert.equal(referenceOf(model, index('base')), index('in'));
  });

  it('two references are stored one way round and read both ways', () => {
    const forth = comparisonOf(model, index('rl'), index('in'), 'rea')!;
    const back = comparisonOf(model, index('in'), index('rl'), 'rea')!;
    assert.deepEqual(
      [back.difference, back.low, back.high, back.tf, back.ft, back.tt, back.ff],
      [-forth.difference, -forth.high, -forth.low, forth.ft, forth.tf, forth.tt, forth.ff],
    );
    assert.equal(back.sideEffect, forth.ft / (forth.tt + forth.ft));
    assert.equal(comparisonOf(model, index('in'), index('in'), 'rea'), undefined);
  });

  it('the questions behind a cell are those that the counts are of', () => {
    for (const ability of model.abilities) {
      const behind = questionsBehind(model, index('rl'), index('in'), ability);
      const { n, hits } = scoreOf(model, index('rl'), ability)!;
      const { ft, tf } = comparisonOf(model, index('rl'), index('in'), ability)!;
      const count = (outcome: string) => behind.filter((one) => one.outcome === outcome).length;
      assert.deepEqual(
        [behind.length, behind.filter(({ hit }) => hit).length, count('won'), count('lost')],
        [n, hits, ft, tf],
      );
    }
  });

  it('says what holds after the correction, and of the rest that it cannot be relied on', () => {
    const said = reading(model, index('in')).join(' ');
    const rea = comparisonOf(model, index('rl'), index('in'), 'rea')!;
    assert.ok(
      rea.adjusted < 0.05 &&
        said.includes(`reasoning +${(100 * rea.difference).toFixed(1)} points (${pText(rea.adjusted)})`),
      said,
    );
    assert.match(said, /vision [+−][\d.]+ \(p = [\d.]+, not significant\)/);
    for (const row of model.rows.filter(({ role }) => role === 'hybrid')) {
      const one = comparisonOf(model, row.index, index('in'), 'v2r')!;
      const sentence = reading(model, index('in')).find((text) => text.startsWith('Vision to reasoning:'))!;
      assert.equal(sentence.includes(row.label), one.adjusted < 0.05, `${row.label}: ${sentence}`);
    }
  });

  it('a probability is shown on its own side of 0.05', () => {
    for (const [p, text] of [
      [0.0547, 'p = 0.055'],
      [0.0496, 'p = 0.050'],
      [0.049, 'p = 0.049'],
      [0.00456, 'p = 0.0046'],
      [0.212, 'p = 0.21'],
      [1, 'p = 1.00'],
      [0.00001, 'p < 0.0001'],
    ] as const)
      assert.equal(pText(p), text);
  });

  it('as CSV and Markdown: a row per cell and reference, an answer per question, setting and checkpoint', () => {
    const rows = scoresCsv(model).trimEnd().split('\n');
    assert.equal(rows.length, 1 + model.abilities.length * (2 * (model.rows.length - 1)));
    const answers = answersCsv(model).trimEnd().split('\n');
    assert.equal(
      answers.length,
      1 +
        model.result.questions.reduce(
          (sum, { answers: own }) => sum + Object.values(own).reduce((all, texts) => all + texts.length, 0),
          0,
        ),
    );
    const table = tableMarkdown(model, index('in'))
      .split('\n')
      .filter((line) => line.startsWith('|'));
    assert.equal(table.length, 2 + model.rows.length);
  });

  it('as a drawing: a dot and a whisker per cell, labels escaped', () => {
    const odd = modelOf({
      ...transferOf(),
      checkpoints: transferOf().checkpoints.map((one, at) => (at === 0 ? { ...one, label: '<b>&' } : one)),
    });
    const { svg } = forestSvg(odd, index('in'), { title: 't', description: 'd', caption: 'c' }, PAPER);
    assert.equal(svg.match(/<circle/g)?.length, model.rows.length * model.abilities.length);
    assert.ok(svg.includes('&lt;b&gt;&amp;') && !svg.includes('<b>'));
  });

  it('a sweep: its points in order, the reference dotted, each leading to its checkpoint', () => {
    const sweep = modelOf(sweepOf());
    const figure = sweepFigure(sweep, referenceOf(sweep, null))!;
    assert.deepEqual(
      figure.series.map(({ key }) => key),
      ['vis', 'v2r', 'rea'],
    );
    assert.deepEqual(
      figure.series[0]!.points.map(({ x }) => x),
      [0, 2, 4, 6, 8, 10, 12],
    );
    assert.equal(figure.series[2]!.baseline!.value, scoreOf(sweep, 0, 'rea')!.value);
    assert.equal(sweep.rows[checkpointAt(sweep, 6)!]!.label, 'cut 6');
    assert.equal(sweepFigure(model, null), null);
  });

  it('choices are remembered field by field', () => {
    assert.deepEqual(parseTransferView({ against: -1, checkpoint: 2, ability: 'taste', which: 'hit', question: 7 }), {
      ...DEFAULT_TRANSFER_VIEW,
      checkpoint: 2,
      which: 'hit',
    });
    assert.deepEqual(parseTransferView('nonsense'), DEFAULT_TRANSFER_VIEW);
  });
});
