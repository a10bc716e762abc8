/** Trainings as figures: lines per run, gaps, restarts, smoothing, and the choices that are remembered. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { CompletionRow, TrainingReading, TrainingRun, TrainingSeries } from '../../src/protocol/engineApi.js';
import { describeFigure, readStep, restarts, seriesNames, trainingFigure } from './figures.js';
import { trainingDrawing } from './exports.js';
import { byPrompt, nearestStep } from './prompts.js';
import { smoothed } from './smooth.js';
import { DEFAULT_TRAINING_VIEW, parseTrainingView } from './view.js';

type Points = TrainingSeries['points'];

function series(key: string, points: Points, earlier: number[] = []): TrainingSeries {
  const gaps = points.filter(([, value]) => value === null).length;
  return {
    key,
    label: key,
    source: key,
    points,
    earlier,
    gaps,
    total: points.length,
    last: points.at(-1)?.[1] ?? null,
  };
}

function run(name: string, own: TrainingSeries[], seams: number[] = []): TrainingRun {
  return { name, folder: '/x', formats: [], lastStep: 3, series: own, seams, completions: [] };
}

function reading(...runs: TrainingRun[]): TrainingReading {
  return { schema: 1, version: 'x', runs, files: [], notices: [] };
}

const view = DEFAULT_TRAINING_VIEW;
const LOSS = { key: 'loss', label: 'Loss' };

describe('a figure of a series', () => {
  const two = reading(
    run('a', [
      series('loss', [
        [1, 4],
        [2, null],
        [3, 2],
      ]),
    ]),
    run('b', [series('loss', [[2, 1]]), series('own', [[1, 1]])]),
    run('c', [series('reward', [[9, 1]])]),
  );

  it('has a line per run that has the series, over the steps of these', () => {
    const figure = trainingFigure(two, LOSS, view);
    assert.deepEqual(
      figure.series.map(({ key, colour }) => [key, colour]),
      [
        ['a', 0],
        ['b', 1],
      ],
    );
    assert.deepEqual([figure.x.from, figure.x.to], [1, 3]);
    assert.equal(figure.series[0]!.points[1]!.value, null, 'a gap breaks the line');
    assert.deepEqual(figure.notes, ['a: 1 gap (no number was logged)']);
    assert.deepEqual(
      figure.x.ticks(9).map(({ value }) => value),
      [1, 2, 3],
    );
  });

  it('keeps the look of a run where another is hidden', () => {
    const figure = trainingFigure(two, LOSS, { ...view, hiddenRuns: ['a'] });
    assert.deepEqual(
      figure.series.map(({ key, colour }) => [key, colour]),
      [['b', 1]],
    );
  });

  it('is read as sentences', () => {
    const figure = trainingFigure(two, LOSS, view);
    assert.equal(describeFigure(figure), 'Loss by step. Last: a 2.00 at step 3; b 1.00 at step 2.');
    assert.equal(readStep(figure, 2), 'Step 2: a no number, b 1.00');
  });

  it('draws what comes from before a restart apart from what came after', () => {
    const restarted = reading(
      run(
        'a',
        [
          series(
            'loss',
            [
              [1, 4],
              [2, 3],
              [3, 9],
            ],
            [3],
          ),
        ],
        [2],
      ),
    );
    const figure = trainingFigure(restarted, LOSS, view);
    assert.deepEqual(
      figure.series.map(({ name, light, points }) => [name, light, points.map(({ x }) => x)]),
      [
        ['a, before the restart', true, [3]],
        ['a', undefined, [1, 2]],
      ],
    );
    assert.deepEqual(figure.seams, [{ x: 2, colour: 0 }]);
    assert.deepEqual(restarts(restarted.runs), [
      'a was restarted at step 2 (dashed); what it had logged beyond is thin.',
    ]);
    assert.equal(describeFigure(figure), 'Loss by step. Last: a 3.00 at step 2.');
  });

  it('may have no number at all', () => {
    const figure = trainingFigure(reading(run('a', [series('loss', [[1, null]])])), LOSS, view);
    assert.equal(describeFigure(figure), 'Loss by step. Last: a has no number.');
    assert.ok(figure.axes[0]!.max > figure.axes[0]!.min && figure.x.to > figure.x.from);
  });

  it('comes with ours first, and the others by name', () => {
    const all = reading(
      run('a', [series('z', []), series('loss', []), series('b', [])]),
      run('b', [series('reward', []), series('reward:x', [])]),
    );
    const { ours, others } = seriesNames(all);
    assert.deepEqual(
      ours.map(({ key }) => key),
      ['reward', 'loss', 'reward:x'],
    );
    assert.deepEqual(
      others.map(({ key }) => key),
      ['b', 'z'],
    );
  });
});

describe('smoothing', () => {
  it('is the moving average without a bias at its beginning; gaps stay', () => {
    // NumPy: m = 0; for i, x in enumerate([1, 3, 2], 1): m = .6 * m + .4 * x; m / (1 - .6 ** i)
    const [first, gap, second, third] = smoothed([1, null, 3, 2], 'light');
    assert.deepEqual([first, gap], [1, null]);
    assert.ok(Math.abs(second! - 2.25) < 1e-12 && Math.abs(third! - 2.1224489795918364) < 1e-12);
    assert.deepEqual(
      smoothed([5, 5, 5], 'strong').map((value) => Number(value!.toFixed(9))),
      [5, 5, 5],
    );
    assert.deepEqual(smoothed([1, 9], 'none'), [1, 9]);
  });
});

describe('completions', () => {
  const row = (prompt: string, text: string): CompletionRow => ({
    ...{ prompt: [{ text: prompt }], completion: [{ text }], rewards: [], advantage: null, facts: [] },
  });

  it('of one prompt stand together, in the order of the log', () => {
    const groups = byPrompt([row('p', '1'), row('q', '2'), row('p', '3')]);
    assert.deepEqual(
      groups.map(({ rows }) => rows.map(({ completion }) => completion)),
      [[[{ text: '1' }], [{ text: '3' }]], [[{ text: '2' }]]],
    );
  });

  it('are those of the step, of the nearest, or of the latest', () => {
    assert.deepEqual(
      [null, 5, 6, 99].map((step) => nearestStep([1, 5, 9], step)),
      [9, 5, 5, 9],
    );
    assert.equal(nearestStep([], 3), null);
  });
});

describe('choices', () => {
  it('are read back field by field', () => {
    const kept = { smoothing: 'strong', hiddenRuns: ['a'], filter: 'x', run: 'b', step: 7 };
    assert.deepEqual(parseTrainingView(kept), kept);
    assert.deepEqual(parseTrainingView({ smoothing: 'much', hiddenRuns: [1], filter: 2, run: 3, step: -1 }), {
      ...view,
      hiddenRuns: [],
    });
    assert.deepEqual(parseTrainingView(null), view);
  });
});

describe('the exported figures', () => {
  const both = reading(
    run('a', [series('loss', [[1, 3]]), series('reward', [[1, 0.25]]), series('num_tokens', [[1, 9]])]),
    run('b', [series('loss', [[1, 5]])]),
  );

  it('are those under our names, of the runs that are shown', () => {
    const { svg } = trainingDrawing(both, view, 'exp');
    assert.match(svg, />loss</);
    assert.match(svg, />reward</);
    assert.ok(!svg.includes('num_tokens'));
    assert.match(svg, /2 runs, to step 3 · as logged/);
    const one = trainingDrawing(both, { ...view, smoothing: 'light', hiddenRuns: ['a'] }, 'exp').svg;
    assert.ok(!one.includes('>reward<') && one.includes('>loss<'));
    assert.match(one, /1 run, to step 3 · light smoothing/);
  });
});
