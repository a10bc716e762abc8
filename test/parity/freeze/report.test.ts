// The report of the sample lineage's frozen runs, from the answers that are stored with the samples, is what
// statsmodels
// makes of them (report.json, by make_report.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import type { EvaluatedQuestion, EvaluateResult } from '../../../src/engine/analyses/evaluate/result.js';
import { reportStages } from '../../../src/engine/freeze/reportStages.js';
import { verifyFrozen } from '../../../src/engine/freeze/verifyExperiment.js';
import { type Contrast, freezeReport, MEASURES, type Measure } from '../../../src/engine/freeze/report.js';

type Expected = Pick<Contrast, 'difference' | 'low' | 'high' | 'p' | 'adjusted' | 'verdict'>;
const stored = JSON.parse(readFileSync(path.resolve('test/parity/freeze/report.json'), 'utf8')) as Record<
  'gains' | 'necessary' | 'sufficient' | 'transferable',
  Expected[]
> & { flags: Record<Measure, string[]> };

const LABELS = ['IN', 'RL', ...['early', 'mid', 'late'].flatMap((region) => [region, `IN with ${region} of RL`])];
const RUNS = ['early', 'mid', 'late'].map((run, index) => ({
  run,
  seed: 7272,
  control: 1,
  checkpoint: 2 + 2 * index,
  transplant: 3 + 2 * index,
}));

/**
 * The stored flags as an evaluation has them: a question per measure, since abilities are counted apart from accuracy.
 */
function evaluation(): EvaluateResult {
  const questions = MEASURES.flatMap((measure) =>
    Array.from({ length: stored.flags[measure][0]!.length }, (_, at) => {
      const flags = LABELS.map((_label, checkpoint) => stored.flags[measure][checkpoint]![at] === '1');
      return (measure === 'accuracy'
        ? { counts: {}, right: { text: flags } }
        : { counts: { [measure]: flags }, right: {} }) as unknown as EvaluatedQuestion;
    }),
  );
  return { checkpoints: LABELS.map((label) => ({ label })), questions, warnings: [] } as unknown as EvaluateResult;
}

function same(found: Contrast, expected: Expected): void {
  for (const key of ['difference', 'low', 'high', 'p', 'adjusted'] as const)
    assert.ok(Math.abs(found[key] - expected[key]) < 1e-9, `${key}: ${found[key]} ${expected[key]}`);
  assert.equal(found.verdict, expected.verdict);
}

describe('the report of the sample lineage', () => {
  const report = freezeReport(evaluation(), RUNS);
  it('tests every run against RL and IN, and every stitch against IN', () => {
    assert.equal(report.rows.length, 12);
    report.rows.forEach((row, index) => {
      same(row.necessary, stored.necessary[index]!);
      same(row.sufficient, stored.sufficient[index]!);
      same(row.transferable!, stored.transferable[index]!);
    });
  });
  it('says what RL gained', () => {
    report.gains.forEach(({ comparison }, index) => same(comparison, stored.gains[index]!));
    assert.deepEqual(
      report.warnings.map((warning) => /on (\w+):/.exec(warning)?.[1]),
      ['vis'],
    );
  });
  it('is the one that lies with the samples', () => {
    assert.deepEqual(report, JSON.parse(readFileSync(path.resolve('samples/freeze/report.json'), 'utf8')));
  });
});

describe('the plan of the sample lineage', () => {
  const experiment = path.resolve('samples/freeze');
  it('names what the report evaluates', async () => {
    const { checkpoints, runs, waiting } = await reportStages({ experiment });
    assert.deepEqual(
      checkpoints.map(({ label }) => label),
      LABELS,
    );
    assert.deepEqual([runs, waiting], [RUNS, []]);
  });
  it('says what the frozen runs kept: their third of the layers is bit-identical, and nothing else is', async () => {
    const { passed, runs } = await verifyFrozen({ experiment });
    assert.ok(passed);
    for (const { run, verification } of runs) {
      assert.deepEqual(
        verification!.held.map(({ group, moved, missing, rounded }) => [group, moved + missing + rounded]),
        run === 'control' ? [] : [[run, 0]],
      );
      // The one norm after the layers may lose all its steps in rounding to BF16.
      for (const { group, changed } of verification!.groups)
        assert.ok(changed > 0 || group === 'norms', `${run}: ${group}`);
    }
  });
});
