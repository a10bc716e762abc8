/**
 * A provider that cannot serve gives way to cpu, with a sentence, whether it fails when a session is made or when it
 * runs.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'vitest';
import * as ort from 'onnxruntime-node';
import { openCheckpoint } from '../merge/checkpoint.js';
import { openModel } from '../models/model.js';
import { Sessions } from '../models/sessions.js';
import { ElementType, Graph } from './graph.js';

const CHECKPOINT = path.resolve('test/parity/model/checkpoints/qwen3');
const PROMPT = { inputIds: Int32Array.from([7, 8, 9, 10]), images: [] };

/** x + x. */
function doubled(): Graph {
  const graph = new Graph();
  const x = graph.input('x', ElementType.FLOAT, [2]);
  graph.output('y', graph.node('Add', [x, x]), ElementType.FLOAT, [2]);
  return graph;
}

const SETTINGS = { threads: 1, thrifty: false } as const;
const feeds = () => ({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) });

describe('an execution provider', () => {
  // Which of these a machine has differs; where one cannot serve, it is said.
  for (const provider of ['cuda', 'coreml', 'dml', 'webgpu'] as const) {
    it(`${provider}: the answer is the same wherever it ran, and cpu's when it cannot serve`, async () => {
      const checkpoint = await openCheckpoint(CHECKPOINT);
      const cpu = openModel(checkpoint, { threads: 1 });
      const notices: string[] = [];
      const other = openModel(checkpoint, { threads: 1, provider, onNotice: (sentence) => notices.push(sentence) });
      const [expected, found] = [await cpu.prefill([PROMPT]), await other.prefill([PROMPT])];
      const far = Math.max(...found.logits.map((logit, index) => Math.abs(logit - expected.logits[index]!)));
      assert.ok(far < 1e-3, `${far}`);
      const there = ort.listSupportedBackends().some(({ name }) => name === provider);
      if (!there) assert.equal(other.provider, 'cpu', 'what the runtime does not have is not said to serve');
      if (other.provider === 'cpu') {
        assert.equal(notices.length, 1);
        assert.match(
          notices[0]!,
          new RegExp(
            `^The execution provider ${provider} cannot serve on this machine \\(.+\\); cpu is used instead\\.$`,
          ),
        );
      } else assert.deepEqual(notices, []);
      await cpu.close();
      await other.close();
    });
  }

  it('that fails in the middle of a run gives way too, once, and what was made with it is made again', async () => {
    const notices: string[] = [];
    let made = 0;
    const sessions = new Sessions(
      { ...SETTINGS, provider: 'webgpu' },
      (sentence) => notices.push(sentence),
      async (model, options) => {
        made++;
        const session = await ort.InferenceSession.create(model, { ...options, executionProviders: ['cpu'] });
        if (options.executionProviders?.[0] === 'cpu') return session;
        return { run: () => Promise.reject(new Error('the device was lost')), release: () => session.release() };
      },
    );
    for (let round = 0; round < 2; round++) {
      const y = new ort.Tensor('float32', new Float32Array(2), [2]);
      await sessions.run('doubled', doubled, feeds(), { y });
      assert.deepEqual([...y.data], [2, 4]);
    }
    assert.equal(made, 2);
    assert.equal(sessions.serving, 'cpu');
    assert.deepEqual(notices, [
      'The execution provider webgpu cannot serve on this machine (the device was lost); cpu is used instead.',
    ]);
    await sessions.close();
  });

  it('cpu has nothing to give way to', async () => {
    const sessions = new Sessions(
      { ...SETTINGS, provider: 'cpu' },
      () => assert.fail('no notice'),
      () => Promise.reject(new Error('out of memory')),
    );
    await assert.rejects(sessions.run('doubled', doubled, feeds(), {}), /out of memory/);
  });
});
