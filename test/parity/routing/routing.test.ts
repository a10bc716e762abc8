/** Probes of experts against transformers (`make_expectations.py`): which experts tokens go through, and answers without some. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { report } from '../../../src/engine/analyses/probe/report.js';
import type { ProbeRequest } from '../../../src/engine/analyses/probe/request.js';
import type { RoutingResult, SkipResult } from '../../../src/engine/analyses/probe/result.js';
import { createEngine } from '../../../src/engine/engine.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

interface StoredAnswers {
  id: string;
  baseline: string;
  answers: string[];
  gaps: number[];
}

interface Expectations {
  newTokens: number;
  layers: number[];
  skipped: number[];
  routing: { id: string; tokens: number; visualTokens: number; changedText: number[]; changedVisual: number[] }[];
  skip: Record<'all' | 'some', StoredAnswers[]>;
}

/** Two logits as close as rounding: either token is right. */
const TIE = 2e-3;
const ROOT = path.resolve('.');
const FOLDER = path.join(ROOT, 'test/parity/routing');
const [IN, RL] = [path.join(FOLDER, 'in'), path.join(FOLDER, 'rl')];
const expected = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as Expectations;

describe('probes of experts against transformers', () => {
  const engine = createEngine(path.join(ROOT, 'dist/worker.mjs'));
  let temporary: TemporaryFolder;
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  const ask = (request: Omit<ProbeRequest, 'threads' | 'maxNewTokens'>) =>
    engine.probe({ threads: 1, maxNewTokens: expected.newTokens, ...request });

  /** These samples of a set, their images where they are. */
  async function subset(file: string, ids: readonly string[]): Promise<string> {
    const from = path.join(ROOT, 'samples/eval');
    const lines = (await readFile(path.join(from, file), 'utf8')).split('\n').filter(Boolean);
    const folder = path.join(temporary.path, path.basename(file, '.jsonl'));
    await mkdir(path.join(folder, 'images'), { recursive: true });
    const chosen = lines.filter((line) => ids.includes((JSON.parse(line) as { id: string }).id));
    for (const line of chosen)
      for (const image of line.match(/images\/\w+\.png/g) ?? [])
        await writeFile(path.join(folder, image), await readFile(path.join(from, image)));
    await writeFile(path.join(folder, 'samples.jsonl'), `${chosen.join('\n')}\n`);
    return folder;
  }

  it('routing: the same tokens go through other experts, in the layers that have experts', async () => {
    const { routing, layers } = expected;
    const data = await subset(
      'math.jsonl',
      routing.map(({ id }) => id),
    );
    const result = (await ask({ kind: 'routing', checkpoints: [{ path: IN }, { path: RL }], data })) as RoutingResult;
    assert.deepEqual(result.depths, layers);
    for (const own of routing) {
      const { id, tokens, visualTokens, changedText, changedVisual } = result.samples.find((one) => one.id === own.id)!;
      assert.deepEqual({ id, tokens, visualTokens, changedText, changedVisual }, own);
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    result.layers.forEach(({ depth, all, text, visual }, at) => {
      assert.equal(depth, layers[at]);
      const close = (found: number, values: readonly number[]) => assert.ok(Math.abs(found - mean(values)) < 1e-12);
      close(
        all.changed,
        routing.map((own) => (own.changedText[at]! + own.changedVisual[at]!) / own.tokens),
      );
      close(
        text.changed,
        routing.map((own) => own.changedText[at]! / (own.tokens - own.visualTokens)),
      );
      close(
        visual!.changed,
        routing.map((own) => own.changedVisual[at]! / own.visualTokens),
      );
      assert.ok(all.low <= all.changed && all.changed <= all.high && all.low < all.high);
    });
    assert.match(report(result), /Tokens of the prompt that go through another set of experts in rl than in in/);
    // The same checkpoint twice.
    const same = (await ask({ kind: 'routing', checkpoints: [{ path: IN }, { path: IN }], data })) as RoutingResult;
    assert.ok(same.layers.every(({ all }) => all.changed === 0));
  });

  for (const part of ['all', 'some'] as const) {
    it(`skip: the same answers without ${part === 'all' ? 'the chosen' : 'some'} experts of each layer`, async () => {
      const stored = expected.skip[part];
      const data = await subset(
        'text.jsonl',
        stored.map(({ id }) => id),
      );
      const result = (await ask({
        kind: 'skip',
        part: 'experts',
        ...(part === 'some' && { experts: expected.skipped }),
        checkpoints: [{ path: IN }],
        data,
      })) as SkipResult;
      assert.deepEqual(result.depths, expected.layers);
      assert.deepEqual(result.experts, part === 'some' ? expected.skipped : undefined);
      let compared = 0;
      for (const own of stored) {
        const found = result.samples.find(({ id }) => id === own.id)!;
        own.answers.forEach((answer, at) => {
          if (own.gaps[at]! < TIE) return;
          assert.deepEqual([found.baseline, found.answers[at]], [own.baseline, answer], `${own.id}, layer ${at}`);
          compared++;
        });
      }
      assert.ok(compared >= 7, `${compared} answers`);
      assert.match(
        report(result),
        part === 'all' ? /without the layer's experts \(/ : /the layer's experts 0, 3, 4 \(/,
      );
    });
  }

  it('are refused where there are no experts, not these, or not two checkpoints', async () => {
    const data = path.join(ROOT, 'samples/eval/text.jsonl');
    const dense = { path: path.join(ROOT, 'test/parity/hybrid/checkpoint') };
    const refused = (request: Omit<ProbeRequest, 'threads' | 'maxNewTokens' | 'data'>, message: RegExp) =>
      assert.rejects(ask({ ...request, data }), (error: Error & { code?: string }) => {
        assert.match(error.message, message);
        assert.match(error.message, /^[^\n]*\.$/);
        return error.code === 'bad-request';
      });
    const skip = { kind: 'skip' as const, part: 'experts' as const, checkpoints: [{ path: IN }] };
    await refused({ kind: 'routing', checkpoints: [{ path: IN }] }, /between two checkpoints; 1 given/);
    await refused({ kind: 'routing', checkpoints: [dense, dense] }, /no experts: its MLPs are dense/);
    await refused({ ...skip, checkpoints: [dense] }, /no experts: its MLPs are dense/);
    await refused({ ...skip, depths: [1] }, /None of these layers has experts.*Layers with experts: 0, 2, 3\./);
    await refused({ ...skip, experts: [1, 8] }, /no expert 8: .* 0 to 7/);
    await refused({ ...skip, part: 'mlp', experts: [1] }, /--part experts/);
  });
});
