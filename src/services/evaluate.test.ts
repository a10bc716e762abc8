import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { parseMemory } from '../panel/memory.js';
import type { EvaluatePanelRequest, EvaluationQuestion } from '../protocol/hostApi.js';
import { RecentEvaluations } from './recentQuestions.js';
import { keyOf, titleOf } from './work.js';

const IN = { path: '/m/in', label: 'in', role: 'in' as const };
const RL = { path: '/m/rl', label: 'rl', role: 'rl' as const };
const HYBRID = { path: '/m/in', label: 'IN:RL:RL', role: 'hybrid' as const, recipe: 'stitch: IN:RL:RL' };
const request = (evaluation: Partial<EvaluationQuestion> = {}): EvaluatePanelRequest => ({
  kind: 'evaluate',
  evaluation: { checkpoints: [IN, RL], data: '/d/eval', ...evaluation },
});

describe('requests of evaluations', () => {
  it('are the same whatever labels say, and others with another recipe, role or limit', () => {
    const same = keyOf(request());
    assert.equal(keyOf(request({ checkpoints: [{ ...IN, label: 'cold start' }, RL] })), same);
    for (const other of [
      request({ checkpoints: [IN, RL, HYBRID] }),
      request({ checkpoints: [IN, { ...RL, role: 'hybrid' }] }),
      request({ maxNewTokens: 9 }),
      request({ data: '/d/other' }),
    ])
      assert.notEqual(keyOf(other), same);
    assert.notEqual(
      keyOf(request({ checkpoints: [HYBRID] })),
      keyOf(request({ checkpoints: [{ ...HYBRID, recipe: 'stitch: RL:IN:RL' }] })),
    );
  });

  it('are called by what they are made of', () => {
    assert.equal(titleOf(request()), 'Abilities · in, rl');
    assert.equal(titleOf(request({ kind: 'transfer', checkpoints: [IN, RL, HYBRID] })), 'Transferability · in, rl');
    assert.equal(titleOf(request({ kind: 'sweep', checkpoints: [IN, RL, HYBRID] })), 'Sweep · in, rl');
    assert.equal(titleOf(request({ checkpoints: [HYBRID] })), 'Abilities · IN:RL:RL');
  });

  it('survive a reload; what is not of the right kind is gone', () => {
    const whole: EvaluatePanelRequest = {
      ...request({
        kind: 'sweep',
        checkpoints: [IN, HYBRID],
        samples: 4,
        seed: 2,
        maxNewTokens: 8,
        badLines: 'skip',
        axis: { name: 'cut', values: [null, 3] },
        grader: { kind: 'endpoint', url: 'http://localhost/v1', model: 'judge' },
        describer: { kind: 'editor', model: 'vendor/seeing' },
      }),
      run: { runsFolder: '/r', runId: '0123456789abcdef' },
    };
    const again = (value: unknown) => parseMemory(JSON.parse(JSON.stringify({ request: value, view: {} })))?.request;
    assert.deepEqual(again(whole), whole);
    assert.deepEqual(
      again({
        ...whole,
        run: 'x',
        evaluation: {
          ...whole.evaluation,
          samples: 'many',
          kind: 'dance',
          axis: { name: 'cut', values: [1] },
          grader: { kind: 'oracle', model: 'x' },
          describer: { kind: 'endpoint', model: 'x' },
        },
      }),
      { ...request({ checkpoints: [IN, HYBRID], seed: 2, maxNewTokens: 8, badLines: 'skip' }) },
    );
    assert.equal(again({ kind: 'evaluate', evaluation: { checkpoints: [], data: '/d' } }), null);
    assert.equal(again({ kind: 'evaluate' }), null);
  });

  it('are remembered, the latest first, and found again by their run', async () => {
    const kept = new Map<string, unknown>();
    const memory = new RecentEvaluations({
      get: <T>(key: string) => kept.get(key) as T | undefined,
      update: (key, value) => Promise.resolve(void kept.set(key, value)),
    });
    await memory.remember({
      ...request().evaluation,
      grader: { kind: 'endpoint', url: 'http://localhost/v1', model: 'm' },
    });
    await memory.remember(request({ kind: 'transfer', checkpoints: [IN, RL, HYBRID], data: '/d/more' }).evaluation);
    assert.deepEqual(memory.data(), ['/d/more', '/d/eval']);
    assert.equal(memory.questionOf({ kind: 'evaluate', labels: [], paths: ['/m/in', '/m/rl'] })?.data, '/d/eval');
    assert.equal(memory.questionOf({ kind: 'evaluate', labels: [], paths: ['/m/in', '/m/rl'] })?.grader?.model, 'm');
    assert.equal(
      memory.questionOf({ kind: 'transfer', labels: [], paths: ['/m/in', '/m/rl', '/m/in'] })?.checkpoints[2]?.recipe,
      HYBRID.recipe,
    );
    assert.equal(memory.questionOf({ kind: 'transfer', labels: [], paths: ['/m/in', '/m/rl'] }), undefined);
  });
});
