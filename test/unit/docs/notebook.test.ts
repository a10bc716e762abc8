/** The notebook cell of docs/json.md, run as it is printed, where Python has pandas. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { everyKind } from '../reporting/support.js';

/** A Python of the user's own choice comes first. */
const PYTHON = [process.env['FRANKENSTEIN_PYTHON'], 'python3', 'python'].find(
  (name) => name !== undefined && spawnSync(name, ['-c', 'import pandas']).status === 0,
);
if (PYTHON === undefined) console.warn('docs/json.md: no Python with pandas here, so its notebook cell is not run.');

interface Result {
  kind?: string;
  checkpoints: { label: string }[];
  scores: { checkpoint: number; ability: string; value: number }[];
  comparisons: { against: number; difference: number }[];
  rates: unknown[];
  layers: { spectra: unknown[] }[];
}

describe('the notebook cell of docs/json.md', () => {
  it.skipIf(PYTHON === undefined)('loads the stored numbers', () => {
    const [, cell] = /<!-- notebook -->\n```python\n([\s\S]*?)```/.exec(readFileSync('docs/json.md', 'utf8'))!;
    const { folder, results } = everyKind();
    const print = `
print(json.dumps({
  "scores": scores[["checkpoint", "ability", "value"]].values.tolist(),
  "pivot": list(scores.pivot(index="checkpoint", columns="ability", values="value").shape),
  "comparisons": comparisons[["against", "difference"]].values.tolist(),
  "rates": len(rates), "layers": len(layers)}))
`;
    const { status, stdout, stderr } = spawnSync(PYTHON!, ['-c', cell! + print], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const found = JSON.parse(stdout) as Record<string, unknown>;
    const of = (kind: string) => [...results.values()].filter((one) => (one as Result).kind === kind) as Result[];
    const [{ checkpoints, scores, comparisons }] = of('transfer') as [Result];
    const label = (index: number) => checkpoints[index]!.label;
    assert.deepEqual(
      found['scores'],
      scores.map(({ checkpoint, ability, value }) => [label(checkpoint), ability, value]),
    );
    assert.deepEqual(found['pivot'], [checkpoints.length, new Set(scores.map(({ ability }) => ability)).size]);
    assert.deepEqual(
      found['comparisons'],
      comparisons.map(({ against, difference }) => [label(against), difference]),
    );
    assert.equal(
      found['rates'],
      of('swap').reduce((sum, { rates }) => sum + rates.length, 0),
    );
    assert.equal(
      found['layers'],
      of('spectrum').reduce((sum, { layers }) => sum + layers.reduce((all, { spectra }) => all + spectra.length, 0), 0),
    );
  });
});
