/** The probes against a plain implementation on transformers: one generation at a time, hooks, nothing reused. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProbeRequest } from '../../../src/engine/analyses/probe/request.js';
import { createEngine } from '../../../src/engine/engine.js';
import type {
  AttentionResult,
  SkipError,
  SkipResult,
  SwapRate,
  SwapResult,
} from '../../../src/engine/analyses/probe/result.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

interface StoredSwap {
  checkpoint: string;
  mode: 'from' | 'only';
  data: 'samples' | 'odd';
  maxNewTokens: number;
  samples: {
    id: string;
    task: string;
    source: string;
    baseline: string;
    sourceAnswer: string;
    answers: string[];
    changed: boolean[];
    gaps: number[];
  }[];
  rates: SwapRate[];
}

interface StoredSkip {
  checkpoint: string;
  part: 'layer' | 'attention' | 'mlp';
  maxNewTokens: number;
  samples: {
    id: string;
    baseline: string;
    baselineCorrect: boolean;
    baselineGap: number;
    answers: string[];
    correct: boolean[];
    gaps: number[];
  }[];
  errors: SkipError[];
}

interface StoredAttention {
  checkpoint: string;
  maxNewTokens: number;
  samples: { id: string; answer: string; gap: number; reasoningTokens: number; visualTokens: number; mass: number[] }[];
}

/** Tests run from the repository's root. */
const ROOT = path.resolve('.');
const FOLDER = path.join(ROOT, 'test/parity/probe');
/** Two logits this close may change places with the order of a sum. */
const TIE = 1e-4;
const ATTENTION_TOLERANCE = 1e-4;

describe('the probes against transformers', () => {
  const stored = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as {
    swap: StoredSwap[];
    skip: StoredSkip[];
    attention: StoredAttention[];
  };
  const engine = createEngine(path.join(ROOT, 'dist/worker.mjs'));
  let temporary: TemporaryFolder;
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  const checkpoint = (name: string) => ({ path: path.join(ROOT, 'samples/lineage', name) });
  const ask = (request: Omit<ProbeRequest, 'threads'>) => engine.probe({ threads: 1, ...request });

  /** The chosen lines of sample files, with their images, as a data set of their own. */
  async function subset(
    name: string,
    folder: string,
    files: readonly string[],
    ids: readonly string[],
  ): Promise<string> {
    const target = path.join(temporary.path, name);
    if (existsSync(target)) return target;
    await mkdir(path.join(target, 'images'), { recursive: true });
    const lines: string[] = [];
    for (const file of files) {
      for (const line of (await readFile(path.join(ROOT, 'samples', folder, file), 'utf8'))
        .split('\n')
        .filter(Boolean)) {
        const sample = JSON.parse(line) as Record<string, string>;
        if (!ids.includes(sample['id']!)) continue;
        lines.push(line);
        for (const key of ['target_image', 'source_image', 'image'])
          if (sample[key])
            await copyFile(path.join(ROOT, 'samples', folder, sample[key]), path.join(target, sample[key]));
      }
    }
    await writeFile(path.join(target, 'samples.jsonl'), `${lines.join('\n')}\n`);
    return target;
  }

  for (const expected of stored.swap) {
    it(`swap, ${expected.mode}, ${expected.checkpoint}${expected.data === 'odd' ? ', a source of another size' : ''}: the same answers and verdicts at every depth`, async () => {
      const ids = expected.samples.map(({ id }) => id);
      const data =
        expected.data === 'odd'
          ? path.join(FOLDER, 'odd.jsonl')
          : await subset(
              `probes-${ids.length}`,
              'probes',
              ['counting.jsonl', 'grounding.jsonl', 'ocr.jsonl', 'recognition.jsonl'],
              ids,
            );
      const result = (await ask({
        kind: 'swap',
        checkpoints: [checkpoint(expected.checkpoint)],
        data,
        mode: expected.mode,
        maxNewTokens: expected.maxNewTokens,
      })) as SwapResult;
      assert.deepEqual(result.samples.map(({ id }) => id).sort(), [...ids].sort());
      let ties = 0;
      for (const own of expected.samples) {
        const found = result.samples.find(({ id }) => id === own.id)!;
        assert.equal(found.source, own.source);
        own.gaps.forEach((gap, depth) => {
          if (gap < TIE) return void ties++;
          assert.equal(found.baseline, own.baseline, own.id);
          assert.equal(found.answers[depth], own.answers[depth], `${own.id} at depth ${depth}`);
          assert.equal(found.changed[depth], own.changed[depth], `${own.id} at depth ${depth}: ${own.answers[depth]}`);
        });
        if (own.gaps.every((gap) => gap >= TIE)) assert.equal(found.sourceAnswer, own.sourceAnswer, own.id);
      }
      assert.ok(ties < 0.05 * expected.samples.length * 12, `${ties} ties`);
      if (ties === 0) {
        for (const rate of expected.rates) {
          const found = result.rates.find(({ task, depth }) => task === rate.task && depth === rate.depth)!;
          assert.equal(found.n, rate.n);
          for (const key of ['changed', 'low', 'high'] as const)
            assert.ok(Math.abs(found[key] - rate[key]) < 1e-9, `${rate.task} ${rate.depth} ${key}`);
        }
      }
    });
  }

  for (const expected of stored.skip) {
    it(`skip ${expected.part}, ${expected.checkpoint}: the same answers, the same marks`, async () => {
      const data = await subset(
        `text-${expected.samples.length}`,
        'eval',
        ['text.jsonl'],
        expected.samples.map(({ id }) => id),
      );
      const result = (await ask({
        kind: 'skip',
        checkpoints: [checkpoint(expected.checkpoint)],
        data,
        part: expected.part,
        maxNewTokens: expected.maxNewTokens,
      })) as SkipResult;
      let ties = 0;
      for (const own of expected.samples) {
        const found = result.samples.find(({ id }) => id === own.id)!;
        if (own.baselineGap >= TIE)
          assert.deepEqual([found.baseline, found.baselineCorrect], [own.baseline, own.baselineCorrect], own.id);
        own.gaps.forEach((gap, depth) => {
          if (gap < TIE) return void ties++;
          assert.equal(found.answers[depth], own.answers[depth], `${own.id} without layer ${depth}`);
          assert.equal(
            found.correct[depth],
            own.correct[depth],
            `${own.id} without layer ${depth}: ${own.answers[depth]}`,
          );
        });
      }
      assert.ok(ties < 0.05 * expected.samples.length * 12, `${ties} ties`);
      if (ties > 0) return;
      for (const error of expected.errors) {
        const found = result.errors.find(({ depth }) => depth === error.depth)!;
        for (const key of ['n', 'error', 'low', 'high', 'increase', 'increaseLow', 'increaseHigh'] as const)
          assert.ok(
            Math.abs(found[key] - error[key]) < 1e-9,
            `layer ${error.depth} ${key}: ${found[key]}, expected ${error[key]}`,
          );
      }
    });
  }

  it('attention of IN and RL: the same mean and mass per layer', async () => {
    const [first, last] = stored.attention as [StoredAttention, StoredAttention];
    const ids = first.samples.map(({ id }) => id);
    const data = await subset('maths', 'eval', ['math.jsonl'], ids);
    const result = (await ask({
      kind: 'attention',
      checkpoints: stored.attention.map(({ checkpoint: name }) => checkpoint(name)),
      data,
      maxNewTokens: first.maxNewTokens,
    })) as AttentionResult;
    stored.attention.forEach((own, index) => {
      for (const sample of own.samples) {
        const found = result.samples.find(({ id }) => id === sample.id)!;
        if (sample.gap < TIE) continue;
        assert.equal(found.answers[index], sample.answer, sample.id);
        assert.equal(found.reasoningTokens[index], sample.reasoningTokens, sample.id);
        assert.equal(found.visualTokens, sample.visualTokens);
      }
      result.layers.forEach((layer, depth) => {
        const mass = mean(own.samples.map((sample) => sample.mass[depth]!));
        const perToken = mean(own.samples.map((sample) => sample.mass[depth]! / sample.visualTokens));
        assert.ok(
          Math.abs(layer.mass[index]! - mass) < ATTENTION_TOLERANCE,
          `${own.checkpoint} layer ${depth}: mass ${layer.mass[index]}, expected ${mass}`,
        );
        assert.ok(
          Math.abs(layer.mean[index]! - perToken) < ATTENTION_TOLERANCE,
          `${own.checkpoint} layer ${depth}: mean`,
        );
      });
    });
    for (const {
      shift,
      mean: [before = 0, after = 0],
    } of result.layers) {
      assert.ok(Math.abs(shift!.difference - (after - before)) < 1e-9);
      assert.ok(shift!.low <= shift!.difference && shift!.difference <= shift!.high);
    }
    assert.equal(last.samples.length, ids.length);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
