/** Runs that version 0.1.0 wrote, before the engine was rebuilt: what people have on disk opens as it did. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { analysisOfRun } from './analyses.js';
import { listRuns, readResult } from './list.js';

const folder = path.resolve('test/fixtures/runs/0.1');
const stored = (runId: string): unknown =>
  JSON.parse(readFileSync(path.join(folder, 'runs', runId, 'result.json'), 'utf8'));

const RUNS = [
  { runId: '3a4ec5e3688ccd89', kind: 'transfer', labels: 8 },
  { runId: '0cbb02b00e4f7a73', kind: 'evaluate', labels: 2 },
  { runId: 'bab7ef3ae90f0e8f', kind: 'probe', probe: 'attention', labels: 2 },
  { runId: '3fdeda99235900e9', kind: 'probe', probe: 'skip', labels: 1 },
  { runId: 'd27d19ccf7b4d351', kind: 'probe', probe: 'swap', labels: 1 },
  { runId: 'a85dc65d0c1762e1', kind: 'spectrum', labels: 2 },
  { runId: 'fe469f19fb304b66', kind: 'compare', labels: 2 },
] as const;

describe('runs of version 0.1.0', () => {
  it('are listed, newest first, each finished', async () => {
    const listed = await listRuns(folder);
    assert.deepEqual(
      listed.map(({ runId, kind, probe, labels, state }) => ({ runId, kind, probe, labels: labels.length, state })),
      RUNS.map((run) => ({ probe: undefined, ...run, state: 'finished' })),
    );
  });

  for (const { runId, kind, ...run } of RUNS) {
    const name = 'probe' in run ? `${kind} ${run.probe}` : kind;
    it(`the result of ${name} is read as it was written`, async () => {
      const result: unknown = await readResult(analysisOfRun(kind)!, { runsFolder: folder, runId });
      assert.deepEqual(result, stored(runId));
    });
  }
});
