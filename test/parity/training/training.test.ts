/** Logs that trainers wrote, against what Python reads in them (`make_fixtures.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { TrainingReader } from '../../../src/engine/training/reader.js';
import type { TrainingRun } from '../../../src/engine/training/result.js';

const FOLDER = path.resolve('test/parity/training/logs');
type Points = [step: number, value: number | null][];
interface Expected {
  trl: Record<string, Points>;
  swift: Record<string, Points>;
  verl: Record<string, Points>;
  completions: (Record<string, number | null> & { text: string })[];
  trackio: Record<string, Record<string, Points>>;
  'trackio live': Record<string, Record<string, Points>>;
}
const expected = JSON.parse(readFileSync(path.resolve('test/parity/training/expected.json'), 'utf8')) as Expected;
/** They say when, and are the axis. */
const AXES = /^(?:train(?:ing)?\/)?(?:epoch|global_step)$/;

async function read(name: string) {
  const reading = await new TrainingReader([path.join(FOLDER, name)]).look();
  assert.ok(reading !== null);
  return reading;
}

function assertSame({ series }: TrainingRun, python: Record<string, Points>): void {
  const wanted = Object.entries(python).filter(([name]) => !AXES.test(name));
  const found = new Map(series.map(({ source, points }) => [source, points]));
  assert.ok(wanted.length > 0);
  for (const [name, points] of wanted) assert.deepEqual(found.get(name), points, name);
  const numbers = series.filter(({ last }) => last !== null).map(({ source }) => source);
  assert.deepEqual(numbers.toSorted(), wanted.map(([name]) => name).toSorted());
}

const labels = ({ series }: TrainingRun) => Object.fromEntries(series.map(({ key, source }) => [key, source]));

describe('logs of real trainers', () => {
  it('of TRL: the history of the newest checkpoint', async () => {
    const { runs, files } = await read('trl');
    assert.equal(runs.length, 1);
    assertSame(runs[0]!, expected.trl);
    assert.deepEqual(runs[0]!.completions, [1, 2, 3, 4]);
    assert.deepEqual([runs[0]!.name, runs[0]!.lastStep], ['trl', 4]);
    assert.deepEqual(
      files.map(({ problem }) => problem),
      [null, null, null],
    );
    const named = labels(runs[0]!);
    assert.equal(named['length'], 'completions/mean_length');
    assert.equal(named['clip_ratio'], 'clip_ratio/region_mean');
    assert.equal(named['reward:short_reward'], 'rewards/short_reward/mean');
  });

  it('of TRL: the completions of a step, with each reward', async () => {
    const reader = new TrainingReader([path.join(FOLDER, 'trl')]);
    const { rows, total } = await reader.completions('trl', 2);
    assert.equal(total, expected.completions.length);
    rows.forEach((row, at) => {
      const { text, advantage, short_reward, letters_reward } = expected.completions[at]!;
      assert.equal(row.completion.map((part) => ('text' in part ? part.text : '')).join(''), text);
      assert.deepEqual(row.rewards, [
        { name: 'short_reward', value: short_reward },
        { name: 'letters_reward', value: letters_reward },
      ]);
      assert.equal(row.advantage, advantage);
      assert.equal(row.prompt.filter((part) => 'image' in part).length, 1, 'the image is a placeholder');
    });
  });

  it('of ms-swift: its log and its completions', async () => {
    const { runs } = await read('swift');
    assert.equal(runs.length, 1);
    assertSame(runs[0]!, expected.swift);
    const reader = new TrainingReader([path.join(FOLDER, 'swift')]);
    const { rows } = await reader.completions(runs[0]!.name, 3);
    assert.deepEqual(rows, [
      {
        prompt: [{ text: '<|im_start|>user\n' }, { image: true }, { text: 'How many?<|im_end|>\n' }],
        completion: [{ text: 'It is 3.' }],
        rewards: [{ name: 'Format', value: 1 }],
        advantage: 0.5,
        facts: [],
      },
      {
        prompt: [{ text: '<|im_start|>user\n' }, { image: true }, { text: 'How many?<|im_end|>\n' }],
        completion: [{ text: '<script>alert(1)</script>' }],
        rewards: [{ name: 'Format', value: 0 }],
        advantage: -0.5,
        facts: [],
      },
    ]);
  });

  it('of verl: its log, with the gap, and the rollouts beside it', async () => {
    const { runs } = await read('verl');
    assert.deepEqual(
      runs.map(({ name }) => name),
      ['project/experiment'],
    );
    assertSame(runs[0]!, expected.verl);
    const norm = runs[0]!.series.find(({ key }) => key === 'grad_norm')!;
    assert.deepEqual([norm.gaps, norm.points[1]], [1, [2, null]]);
    const { rows } = await new TrainingReader([path.join(FOLDER, 'verl')]).completions('project/experiment', 4);
    assert.deepEqual(rows[0], {
      prompt: [{ text: 'user\nHow many?' }],
      completion: [{ text: 'It is 4.' }],
      rewards: [
        { name: 'score', value: 1.2 },
        { name: 'format', value: 1 },
        { name: 'accuracy', value: 1 },
      ],
      advantage: null,
      facts: [{ name: 'gts', text: '4' }],
    });
  });

  it.each(['sample.db', 'live/sample.db'])("of trackio: %s, every run, at the trainer's own steps", async (name) => {
    const { runs, files } = await read(path.join('trackio', name));
    const python = expected[name === 'sample.db' ? 'trackio' : 'trackio live'];
    assert.deepEqual(
      runs.map((run) => run.name),
      Object.keys(python).sort(),
    );
    for (const run of runs) {
      assertSame(run, python[run.name]!);
      assert.deepEqual(run.seams, []);
    }
    assert.equal(files[0]!.problem, null);
    const loss = runs.find((run) => run.name === 'diverged')!.series.find(({ key }) => key === 'loss')!;
    assert.deepEqual([loss.gaps, loss.points.slice(0, 4).map(([, value]) => value)], [2, [0.5, null, null, 0.25]]);
  });
});
