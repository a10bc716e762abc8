/** Names of series, thinned lines, texts: what the reading of logs is made of. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { partsOf, textOf } from './messages.js';
import { parsePythonJson } from './numbers.js';
import { trainingCsv, trainingReport } from './report.js';
import type { TrainingReading } from './result.js';
import { nameSeries } from './series.js';
import { thinned, type Point } from './thin.js';

describe('names of series', () => {
  const keys = (...sources: string[]) => nameSeries(sources).map(({ key, source }) => [key, source]);

  it('are ours where the table has them, whatever the trainer calls them', () => {
    assert.deepEqual(
      keys(
        'my_metric',
        'train/loss',
        'train/reward',
        'rewards/think_format_reward/mean',
        'rewards/accuracy_reward/mean',
        'rewards/Length/mean',
      ),
      [
        ['reward', 'train/reward'],
        ['format', 'rewards/think_format_reward/mean'],
        ['answer', 'rewards/accuracy_reward/mean'],
        ['loss', 'train/loss'],
        ['reward:Length', 'rewards/Length/mean'],
        ['my_metric', 'my_metric'],
      ],
    );
  });

  it('are given once: a second one keeps its own', () => {
    assert.deepEqual(keys('actor/pg_loss', 'actor/loss', 'actor/kl_loss', 'critic/score/mean'), [
      ['reward', 'critic/score/mean'],
      ['kl', 'actor/kl_loss'],
      ['loss', 'actor/loss'],
      ['actor/pg_loss', 'actor/pg_loss'],
    ]);
  });
});

describe('a line that is thinned', () => {
  it('keeps its ends and every spike, in order', () => {
    const points = Array.from({ length: 10_000 }, (_, step): Point => [step, Math.sin(step / 900)]);
    points[4321] = [4321, 50];
    points[7777] = [7777, -50];
    const thin = thinned(points, 400);
    assert.ok(thin.length <= 400);
    assert.deepEqual([thin[0], thin.at(-1)], [points[0], points.at(-1)]);
    assert.ok(thin.some(([step]) => step === 4321) && thin.some(([step]) => step === 7777));
    assert.deepEqual(
      thin,
      thin.toSorted((a, b) => a[0] - b[0]),
    );
    assert.deepEqual(thinned(points, 10_000), points);
  });
});

describe('texts', () => {
  it('of a chat are read with the roles, and a mark for every image', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'image', text: null },
          { type: 'text', text: 'How <image>many?' },
        ],
      },
    ];
    assert.deepEqual(partsOf(messages), [
      { text: 'system: Be brief.\nuser: ' },
      { image: true },
      { text: 'How ' },
      { image: true },
      { text: 'many?' },
    ]);
    assert.equal(textOf(messages), 'system: Be brief.\nuser: [image]How [image]many?');
    assert.deepEqual(partsOf(`<|vision_start|>${'<|image_pad|>'.repeat(900)}<|vision_end|>x`), [
      { image: true },
      { text: 'x' },
    ]);
    assert.deepEqual(partsOf(null), []);
    assert.equal(textOf({ a: [1, 2n] }), '{"a":[1,2]}');
  });

  it('of Python keep words that look like numbers', () => {
    assert.deepEqual(parsePythonJson('{"a": NaN, "b": "NaN, \\"-Infinity", "c": -Infinity}'), {
      a: null,
      b: 'NaN, "-Infinity',
      c: null,
    });
    assert.throws(() => parsePythonJson('{"a": NaN'));
  });
});

describe('a reading as text', () => {
  const reading: TrainingReading = {
    schema: 1,
    version: 'x',
    runs: [
      {
        name: '=cmd\u001b[2J',
        folder: '/logs',
        formats: ['trainer_state.json'],
        lastStep: 2,
        series: [
          {
            key: 'loss',
            label: 'Loss',
            source: 'loss',
            total: 2,
            gaps: 1,
            points: [
              [1, 0.5],
              [2, null],
            ],
            earlier: [],
            last: 0.5,
          },
          { key: 'extra', label: 'extra', source: 'extra', total: 1, gaps: 0, points: [[2, 3]], earlier: [2], last: 3 },
        ],
        seams: [1],
        completions: [],
      },
    ],
    files: [
      {
        file: '/logs/trainer_state.json',
        format: 'trainer_state.json',
        runs: ['a'],
        records: 2,
        bytes: 10,
        problem: 'It is odd.',
      },
    ],
    notices: [],
  };

  it('has the last values, what is missing, and what was read from where', () => {
    const text = trainingReport(reading);
    assert.match(text, /Loss +0\.500/);
    assert.match(text, /restarted at step 1; 1 values that are no numbers\./);
    assert.match(text, /1 other series/);
    assert.match(text, /trainer_state\.json +2 +10 B +\/logs\/trainer_state\.json/);
    assert.match(text, /Not as it should be:\n {2}It is odd\./);
  });

  it('has a row per value in CSV, and no formula', () => {
    assert.deepEqual(trainingCsv(reading).trim().split('\n').slice(1), [
      "'=cmd\u001b[2J,loss,loss,1,0.5,0",
      "'=cmd\u001b[2J,loss,loss,2,,0",
      "'=cmd\u001b[2J,extra,extra,2,3,1",
    ]);
  });
});
