// The order of a lineage from what people call their checkpoints.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { guessOrder, rolesOf } from './order.js';
import type { StageRole } from './roles.js';

const hub = (repository: string, revision = '0123456789abcdef') =>
  `/cache/hub/models--${repository.replace('/', '--')}/snapshots/${revision}`;

describe('guessOrder', () => {
  /** Paths, the order of their indices, and in that order the roles where names tell them, else the labels. */
  const cases: { paths: string[]; order: number[]; labels?: string[]; roles?: StageRole[]; reason?: RegExp }[] = [
    { paths: ['/x/rl', '/x/base', '/x/in'], order: [1, 2, 0], roles: ['base', 'in', 'rl'] },
    { paths: ['/x/model-rl', '/x/model-in'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/MiMo-VL-7B-RL', '/x/MiMo-VL-7B-SFT'], order: [1, 0], roles: ['in', 'rl'] },
    {
      paths: ['/x/OpenMMReasoner-RL', '/x/OpenMMReasoner-ColdStart', '/x/Qwen2.5-VL-7B-Instruct'],
      order: [2, 1, 0],
      roles: ['base', 'in', 'rl'],
    },
    { paths: ['/x/cold-start', '/x/grpo'], order: [0, 1], roles: ['in', 'rl'] },
    { paths: ['/x/Qwen-Instruct-GRPO', '/x/Qwen-Instruct'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/ReVisual-R1-final', '/x/ReVisual-R1-Coldstart'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/gemma-3-4b-it', '/x/gemma-3-4b-pt'], order: [1, 0], roles: ['base', 'in'] },
    { paths: ['/x/llama-ppo', '/x/llama-base'], order: [1, 0], roles: ['base', 'rl'] },
    { paths: ['/x/instruct', '/x/sft'], order: [0, 1], roles: ['base', 'in'] },
    { paths: ['/x/run-dpo/config.json', '/x/run-sft/model.safetensors'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/rl.safetensors', '/x/in.safetensors'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/rl/final', '/x/sft/final'], order: [1, 0], roles: ['in', 'rl'] },
    { paths: ['/x/rl/global_step_100/actor/huggingface', '/x/sft/checkpoint-30'], order: [1, 0], roles: ['in', 'rl'] },
    {
      paths: ['/x/rl/checkpoint-200', '/x/rl/checkpoint-30', '/x/rl/checkpoint-1000'],
      order: [1, 0, 2],
      labels: ['rl/checkpoint-30', 'rl/checkpoint-200', 'rl/checkpoint-1000'],
    },
    { paths: [hub('a/Model-RL'), hub('a/Model-SFT')], order: [1, 0], roles: ['in', 'rl'] },
    {
      paths: [hub('a/Model-RL'), hub('b/Other-RL')],
      order: [0, 1],
      labels: ['a/Model-RL@0123456', 'b/Other-RL@0123456'],
      reason: /tell no order/,
    },
    {
      paths: ['/x/alpha', '/x/beta'],
      order: [0, 1],
      labels: ['alpha', 'beta'],
      reason: /tell no order.*in which they were chosen/,
    },
    {
      paths: ['/x/internet', '/x/zeroed', '/x/baseline'],
      order: [0, 1, 2],
      labels: ['internet', 'zeroed', 'baseline'],
      reason: /tell no order/,
    },
    {
      paths: ['/x/rl2', '/x/base', '/x/sft', '/x/rl'],
      order: [1, 2, 3, 0],
      roles: ['base', 'in', 'rl', 'rl2'],
    },
    { paths: ['/x/rl2', '/x/in', '/x/rl'], order: [1, 2, 0], roles: ['in', 'rl', 'rl2'] },
    { paths: ['/x/base', '/x/in', '/x/rl', '/x/rl-frozen-mid'], order: [0, 1, 2, 3] },
    { paths: ['/'], order: [0], labels: [''] },
  ];
  for (const { paths, order, labels, roles, reason } of cases) {
    it(`orders ${paths.join(', ')}`, async () => {
      const guess = await guessOrder(paths);
      assert.deepEqual(guess.order, order);
      assert.deepEqual(guess.roles, roles ?? paths.map(() => null));
      if (labels) assert.deepEqual(guess.labels, labels);
      // In the order of the lineage, a checkpoint's role does not depend on how it is asked for.
      assert.deepEqual(rolesOf(guess.order.map((index) => paths[index]!)), guess.roles);
      if (reason) assert.match(guess.reason, reason);
    });
  }

  it('calls every checkpoint by its own name, whatever its role', async () => {
    const { labels, roles } = await guessOrder(['/x/rl-frozen-mid', '/x/in', '/x/qwen2.5-vl-base']);
    assert.deepEqual(
      [labels, roles],
      [
        ['qwen2.5-vl-base', 'in', 'rl-frozen-mid'],
        ['base', 'in', 'rl'],
      ],
    );
  });

  /** Positions on a line; the distance is the difference. */
  const onALine = (positions: Record<string, number>) => (a: string, b: string) =>
    Promise.resolve(Math.abs(positions[a]! - positions[b]!));

  it('finds the lineage by closeness when names tell nothing: the small step is the last', async () => {
    for (const paths of [
      ['/p', '/q', '/r'],
      ['/r', '/p', '/q'],
      ['/q', '/r', '/p'],
    ]) {
      const guess = await guessOrder(paths, onALine({ '/p': 0, '/q': 100, '/r': 101 }));
      assert.deepEqual(
        guess.order.map((index) => paths[index]),
        ['/p', '/q', '/r'],
      );
      assert.match(guess.reason, /q and r are the closest pair/);
    }
  });

  it('keeps what the names tell and settles the rest by closeness', async () => {
    const paths = ['/tuned', '/trained', '/model-base'];
    const guess = await guessOrder(paths, onALine({ '/model-base': 0, '/trained': 10, '/tuned': 12 }));
    assert.deepEqual(guess.order, [2, 1, 0]);
  });

  it('tells an adapter from the model in whose folder it lies', async () => {
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      assert.deepEqual((await guessOrder(['/x/tuned', `/x/tuned/${file}`])).labels, ['tuned', 'tuned (adapter)']);
  });

  it('does not measure what names decide, or two of which nothing is known', async () => {
    const never = () => Promise.reject(new Error('measured'));
    await guessOrder(['/x/rl', '/x/base', '/x/in'], never);
    await guessOrder(['/x/p', '/x/q'], never);
  });

  it('orders many by name alone', async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `/run/checkpoint-${(index * 5) % 12}`);
    const { order } = await guessOrder(paths);
    assert.deepEqual(
      order.map((index) => paths[index]),
      Array.from({ length: 12 }, (_, index) => `/run/checkpoint-${index}`),
    );
  });

  it('stops when it is cancelled', async () => {
    await assert.rejects(
      guessOrder(['/a', '/b', '/c'], () => Promise.resolve(1), AbortSignal.abort()),
      { code: 'cancelled' },
    );
  });
});
