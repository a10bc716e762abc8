// System prompts, words before a question and bounds on pixels, against what transformers answers (make_framed.py).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.js';
import type { EvaluateRequest } from '../../../src/engine/analyses/evaluate/request.js';

type Way = 'plain' | 'system' | 'prefix' | 'all';
interface Framed {
  system: string;
  prefix: string;
  bounds: { min_pixels: number; max_pixels: number };
  answers: Record<string, Record<Way, { tokens: number; text: string }>>;
}

describe('how a question is put', () => {
  it('answers as transformers does, in evaluations and to a prompt, with one image and several', async () => {
    const { system, prefix, bounds, answers } = JSON.parse(
      await readFile('test/parity/protocol/framed.json', 'utf8'),
    ) as Framed;
    const engine = createEngine(path.resolve('dist/worker.mjs'));
    const [words, before] = [{ system: [{ text: system }] }, { prefix: [{ text: prefix }] }];
    const pixels = { minPixels: bounds.min_pixels, maxPixels: bounds.max_pixels };
    const ways: Record<Way, Partial<EvaluateRequest>> = {
      plain: {},
      system: words,
      prefix: before,
      all: { ...words, ...before, ...pixels },
    };
    const checkpoint = path.resolve('samples/lineage/in');
    const folder = path.resolve('test/parity/evaluate/several');
    for (const [way, more] of Object.entries(ways) as [Way, Partial<EvaluateRequest>][]) {
      const { questions, protocol } = await engine.evaluate({
        checkpoints: [{ path: checkpoint }],
        data: path.join(folder, 'questions.jsonl'),
        maxNewTokens: 16,
        ...more,
      });
      assert.deepEqual(
        Object.fromEntries(questions.map(({ id, answers: own }) => [id.split('/').at(-1)!, own.image![0]])),
        Object.fromEntries(Object.entries(answers).map(([id, own]) => [id, own[way].text])),
        way,
      );
      assert.equal(protocol === undefined, way === 'plain');
    }
    const { text, promptTokens } = await engine.generate({
      path: checkpoint,
      prompt: '<image>\nHow many squares?',
      images: [path.join(folder, 'c.png')],
      maxNewTokens: 16,
      system,
      prefix,
      ...pixels,
    });
    assert.deepEqual({ tokens: promptTokens, text }, answers['one']!.all);
  });
});
