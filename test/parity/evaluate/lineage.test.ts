// Evaluations of the sample lineage against what transformers answered (samples/results, made by samples/training).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.js';
import type { AbilityName } from '../../../src/engine/analyses/evaluate/request.js';
import type { Setting } from '../../../src/engine/analyses/evaluate/result.js';

type Stored = Record<string, Record<string, Record<string, string>>>;
interface Summary {
  checkpoints: Record<
    string,
    {
      abilities: Record<
        AbilityName,
        { k: number; n: number; value: number; interval: [number, number]; against_in?: { lost: number; won: number } }
      >;
    }
  >;
}

const SAMPLES = path.resolve('samples');
const NAMES: Record<Setting, string> = { image: 'image', black: 'black', described: 'described', text: 'prompt' };

// IN, RL, and two splices that exist nowhere on disk; transformers ran those from spliced weights.
describe('evaluation of the sample lineage', () => {
  it('answers as transformers does, question by question, and comes to the same shares', async () => {
    const engine = createEngine(path.resolve('dist/worker.mjs'));
    const { checkpoints } = await engine.hybrids({
      in: { path: path.join(SAMPLES, 'lineage/in') },
      rl: { path: path.join(SAMPLES, 'lineage/rl') },
    });
    const result = await engine.evaluate({
      checkpoints: checkpoints.filter(({ label }) => ['in', 'rl', 'in:rl:rl', 'rl:in:rl'].includes(label!)),
      data: path.join(SAMPLES, 'eval'),
      maxNewTokens: 128,
    });
    const summary = JSON.parse(await readFile(path.join(SAMPLES, 'results/summary.json'), 'utf8')) as Summary;
    const other: string[] = [];
    let asked = 0;
    for (const [index, { label }] of result.checkpoints.entries()) {
      const { answers } = JSON.parse(
        await readFile(path.join(SAMPLES, 'results', `${label.toLowerCase().replaceAll(':', '-')}.json`), 'utf8'),
      ) as { answers: Stored };
      for (const question of result.questions) {
        const id = question.id.slice(question.id.indexOf('/') + 1);
        for (const [setting, texts] of Object.entries(question.answers) as [Setting, string[]][]) {
          asked++;
          const stored = answers[question.set.replace('.jsonl', '')]![id]![NAMES[setting]]!;
          if (texts[index] !== stored) other.push(`${label} ${question.id} ${setting}: ${texts[index]} | ${stored}`);
        }
      }
      for (const { ability, n, hits, low, high } of result.scores.filter(({ checkpoint }) => checkpoint === index)) {
        const { k, n: count, interval } = summary.checkpoints[label.toLowerCase()]!.abilities[ability];
        assert.deepEqual([n, hits], [count, k], `${label} ${ability}`);
        assert.ok(Math.abs(low - interval[0]) < 1e-9 && Math.abs(high - interval[1]) < 1e-9);
      }
    }
    assert.equal(asked, 4 * 2000);
    assert.deepEqual(other, []);
    for (const { ability, tf, ft, checkpoint } of result.comparisons.filter(
      ({ against }) => result.checkpoints[against]!.role === 'in',
    )) {
      const { lost, won } =
        summary.checkpoints[result.checkpoints[checkpoint]!.label.toLowerCase()]!.abilities[ability].against_in!;
      assert.deepEqual([tf, ft], [lost, won], ability);
    }
  });
});
