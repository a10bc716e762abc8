/**
 * A Qwen3.5 from its files to answers and probes, against transformers (`make_expectations.py`): nothing cached there,
 * one prompt at a time.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { report } from '../../../src/engine/analyses/probe/report.js';
import type { ProbeRequest } from '../../../src/engine/analyses/probe/request.js';
import type { AttentionResult, SkipResult, SwapResult } from '../../../src/engine/analyses/probe/result.js';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.js';
import { createEngine } from '../../../src/engine/engine.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { generate } from '../../../src/engine/models/generate.js';
import { openModel } from '../../../src/engine/models/model.js';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import type { ChatMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor, type Processor } from '../../../src/engine/models/processor/processor.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

interface StoredAnswers {
  id: string;
  baseline: string;
  answers: string[];
  gaps: number[];
}

interface Expectations {
  newTokens: number;
  texts: [string, number[]][];
  prompts: {
    label: string;
    messages: ChatMessage[];
    pictures: string[];
    ids: number[];
    grids: [number, number, number][];
    pixels: string;
    tokens: number[];
    gap: number;
  }[];
  swap: Record<'from' | 'only', (StoredAnswers & { sourceAnswer: string })[]>;
  skip: Record<'layer' | 'attention', StoredAnswers[]>;
  attention: {
    id: string;
    answer: string;
    gap: number;
    reasoningTokens: number;
    visualTokens: number;
    mass: number[];
  }[];
}

/** Two logits as close as rounding: either token is right. */
const TIE = 2e-3;
const ATTENTION_TOLERANCE = 1e-5;
const ROOT = path.resolve('.');
const FOLDER = path.join(ROOT, 'test/parity/hybrid');
const CHECKPOINT = path.join(FOLDER, 'checkpoint');
const PICTURES = path.join(ROOT, 'test/parity/processor/fixtures/pictures');
/** Layers with attention. */
const ATTENDING = [2, 4];
const expected = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as Expectations;

describe('Qwen3.5 against transformers', () => {
  let checkpoint: Checkpoint;
  let processor: Processor;
  beforeAll(async () => {
    checkpoint = await openCheckpoint(CHECKPOINT);
    processor = await createProcessor(checkpoint);
  });

  it(`encodes ${expected.texts.length} texts`, () => {
    for (const [text, ids] of expected.texts)
      assert.deepEqual(processor.tokenizer.encode(text, { specialTokens: false }), ids, JSON.stringify(text));
  });

  it(`gives the token ids, pixels and answers of ${expected.prompts.length} conversations, alone and as one batch`, async () => {
    const model = openModel(checkpoint, { threads: 1 });
    const prompts = await Promise.all(
      expected.prompts.map(async ({ messages, pictures }) => {
        const images = await Promise.all(pictures.map((file) => readImage(path.join(PICTURES, file))));
        return processor.process({ input: { messages }, images });
      }),
    );
    const options = { maxNewTokens: expected.newTokens, stopTokens: processor.stopTokens };
    const together = await generate(model, prompts, options);
    for (const [index, stored] of expected.prompts.entries()) {
      const prompt = prompts[index]!;
      const what = `${stored.label} ${stored.pictures.join()}`;
      assert.deepEqual([...prompt.inputIds], stored.ids, what);
      assert.deepEqual(
        prompt.images.map(({ grid }) => grid),
        stored.grids,
        what,
      );
      const hash = createHash('sha256');
      for (const { pixelValues } of prompt.images)
        hash.update(new Uint8Array(pixelValues.buffer, pixelValues.byteOffset, pixelValues.byteLength));
      assert.equal(hash.digest('hex'), stored.pixels, what);
      if (stored.gap < TIE) continue;
      const [alone] = await generate(model, [prompt], options);
      for (const { tokenIds } of [alone!, together[index]!])
        assert.deepEqual(
          tokenIds.filter((id) => !processor.stopTokens.includes(id)),
          stored.tokens,
          what,
        );
    }
    const ties = expected.prompts.filter(({ gap }) => gap < TIE).length;
    assert.ok(ties <= 2, `${ties} ties`);
    await model.close();
  });
});

describe('probes of Qwen3.5 against transformers', () => {
  const engine = createEngine(path.join(ROOT, 'dist/worker.mjs'));
  let temporary: TemporaryFolder;
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  const ask = (request: Omit<ProbeRequest, 'threads' | 'checkpoints' | 'maxNewTokens'>) =>
    engine.probe({
      threads: 1,
      checkpoints: [{ path: CHECKPOINT }],
      maxNewTokens: expected.newTokens,
      runsFolder: path.join(temporary.path, 'runs'),
      ...request,
    });

  /** These samples, with their images, as a data set of their own. */
  async function subset(file: string, ids: readonly string[]): Promise<string> {
    const from = path.dirname(path.join(ROOT, 'samples', file));
    const target = path.join(temporary.path, path.basename(file, '.jsonl'));
    await mkdir(path.join(target, 'images'), { recursive: true });
    const all = (await readFile(path.join(ROOT, 'samples', file), 'utf8')).split('\n').filter(Boolean);
    const lines = all.filter((line) => ids.includes((JSON.parse(line) as { id: string }).id));
    for (const line of lines)
      for (const image of new Set(line.match(/images\/\w+\.png/g)))
        await copyFile(path.join(from, image), path.join(target, image));
    await writeFile(path.join(target, 'samples.jsonl'), `${lines.join('\n')}\n`);
    return target;
  }

  function compare(found: { baseline: string; answers: string[] }, stored: StoredAnswers): number {
    stored.answers.forEach((answer, depth) => {
      if (stored.gaps[depth]! < TIE) return;
      assert.equal(found.answers[depth], answer, `${stored.id}, layer ${depth}`);
      assert.equal(found.baseline, stored.baseline, stored.id);
    });
    return stored.gaps.filter((gap) => gap >= TIE).length;
  }

  for (const mode of ['from', 'only'] as const) {
    it(`swap, ${mode}: the same answers at every depth`, async () => {
      const stored = expected.swap[mode];
      const data = await subset(
        'probes/counting.jsonl',
        stored.map(({ id }) => id),
      );
      const result = (await ask({ kind: 'swap', mode, data })) as SwapResult;
      let compared = 0;
      for (const own of stored) {
        const found = result.samples.find(({ id }) => id === own.id)!;
        compared += compare(found, own);
      }
      assert.ok(compared >= 12, `${compared} answers`);
      assert.deepEqual(result.stateLayers, [0, 1, 3, 5]);
      assert.match(report(result), /inputs of attention or recurrence are the source image's/);
    });
  }

  for (const part of ['layer', 'attention'] as const) {
    it(`skip, ${part}: the same answers at every depth`, async () => {
      const stored = expected.skip[part];
      const data = await subset(
        'eval/math.jsonl',
        stored.map(({ id }) => id),
      );
      const result = (await ask({ kind: 'skip', part, data })) as SkipResult;
      const compared = stored.map((own) =>
        compare(
          result.samples.find(({ id }) => id === own.id)!,
          own,
        ),
      );
      assert.ok(compared.reduce((sum, count) => sum + count, 0) >= 12);
    });
  }

  it('attention: the same mass in the layers that have attention, and no number for the others', async () => {
    const data = await subset(
      'eval/math.jsonl',
      expected.attention.map(({ id }) => id),
    );
    const result = (await ask({ kind: 'attention', data })) as AttentionResult;
    for (const own of expected.attention) {
      const found = result.samples.find(({ id }) => id === own.id)!;
      assert.ok(own.gap >= TIE, own.id);
      assert.deepEqual(
        [found.answers, found.reasoningTokens, found.visualTokens],
        [[own.answer], [own.reasoningTokens], own.visualTokens],
      );
    }
    assert.deepEqual([result.depths, result.layers.map(({ depth }) => depth)], [ATTENDING, ATTENDING]);
    result.layers.forEach(({ mass: [mass] }, index) => {
      const mean = expected.attention.reduce((sum, own) => sum + own.mass[index]! / expected.attention.length, 0);
      assert.ok(Math.abs(mass! - mean) < ATTENTION_TOLERANCE, `layer ${ATTENDING[index]}: ${mass}, expected ${mean}`);
    });
    assert.match(report(result), /Layers 0–1, 3, 5 carry a recurrent state and have no attention weights/);
    await assert.rejects(ask({ kind: 'attention', data, depths: [0, 3] }), {
      code: 'bad-request',
      message: /None of these layers has attention.*Layers with attention: 2, 4\./,
    });
  });
});
