/** InternVL and Gemma 3 from their files to answers and probes, against transformers (`make_expectations.py`). */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProbeRequest } from '../../../src/engine/analyses/probe/request.js';
import type { AttentionResult, SkipResult, SwapResult } from '../../../src/engine/analyses/probe/result.js';
import { createEngine } from '../../../src/engine/engine.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { generate } from '../../../src/engine/models/generate.js';
import { openModel } from '../../../src/engine/models/model.js';
import { readImage } from '../../../src/engine/models/processor/decodeImage.js';
import type { ChatMessage } from '../../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../../src/engine/models/processor/processor.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';

interface StoredAnswers {
  id: string;
  baseline: string;
  answers: string[];
  gaps: number[];
}

interface Expected {
  prompts: { label: string; messages: ChatMessage[]; pictures: string[]; tokens: number[]; gap: number }[];
  swap: Record<'from' | 'only', (StoredAnswers & { sourceAnswer: string })[]>;
  skip: StoredAnswers[];
  attention: { id: string; answer: string; reasoningTokens: number; visualTokens: number; mass: number[] }[];
}

/** Two logits as close as rounding: either token is right. */
const TIE = 2e-3;
const ATTENTION_TOLERANCE = 1e-5;
const ROOT = path.resolve('.');
const FOLDER = path.join(ROOT, 'test/parity/squares');
const FIXTURES = path.join(ROOT, 'test/parity/processor/fixtures');
const { newTokens, families } = JSON.parse(readFileSync(path.join(FOLDER, 'expectations.json'), 'utf8')) as {
  newTokens: number;
  families: Record<string, Expected>;
};

describe.each(Object.entries(families))('%s against transformers', (name, expected) => {
  const engine = createEngine(path.join(ROOT, 'dist/worker.mjs'));
  let temporary: TemporaryFolder;
  let checkpoint: string;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    checkpoint = path.join(temporary.path, name);
    for (const folder of [FIXTURES, FOLDER]) await cp(path.join(folder, name), checkpoint, { recursive: true });
  });
  afterAll(() => temporary.remove());

  it('answers conversations with images and without', async () => {
    const opened = await openCheckpoint(checkpoint);
    const processor = await createProcessor(opened);
    const model = openModel(opened, { threads: 1 });
    for (const { label, messages, pictures, tokens, gap } of expected.prompts) {
      const images = await Promise.all(pictures.map((file) => readImage(path.join(FIXTURES, 'pictures', file))));
      const prompt = processor.process({ input: { messages }, images });
      const [found] = await generate(model, [prompt], { maxNewTokens: newTokens, stopTokens: processor.stopTokens });
      assert.ok(gap > TIE, label);
      assert.deepEqual(
        found!.tokenIds.filter((id) => !processor.stopTokens.includes(id)),
        tokens,
        label,
      );
    }
    await model.close();
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

  const ask = async (file: string, stored: readonly { id: string }[], request: Partial<ProbeRequest>) =>
    engine.probe({
      threads: 1,
      checkpoints: [{ path: checkpoint }],
      maxNewTokens: newTokens,
      runsFolder: path.join(temporary.path, 'runs'),
      data: await subset(
        file,
        stored.map(({ id }) => id),
      ),
      ...request,
    } as ProbeRequest);

  function compare(found: { id: string; baseline: string; answers: string[] }[], stored: StoredAnswers[]): void {
    let compared = 0;
    for (const own of stored) {
      const { answers, baseline } = found.find(({ id }) => id === own.id)!;
      own.answers.forEach((answer, depth) => {
        if (own.gaps[depth]! < TIE) return;
        assert.deepEqual([answers[depth], baseline], [answer, own.baseline], `${own.id}, layer ${depth}`);
        compared++;
      });
    }
    assert.ok(compared >= 6, `${compared} answers`);
  }

  for (const mode of ['from', 'only'] as const)
    it(`swaps visual tokens (${mode}) to the same answers at every depth`, async () => {
      const { samples } = (await ask('probes/counting.jsonl', expected.swap[mode], {
        kind: 'swap',
        mode,
      })) as SwapResult;
      compare(samples, expected.swap[mode]);
    });

  it('skips layers to the same answers at every depth', async () => {
    const { samples } = (await ask('eval/math.jsonl', expected.skip, { kind: 'skip', part: 'layer' })) as SkipResult;
    compare(samples, expected.skip);
  });

  it('looks at images with the same attention', async () => {
    const { samples, layers } = (await ask('eval/math.jsonl', expected.attention, {
      kind: 'attention',
    })) as AttentionResult;
    for (const own of expected.attention) {
      const found = samples.find(({ id }) => id === own.id)!;
      assert.deepEqual(
        [found.answers, found.reasoningTokens, found.visualTokens],
        [[own.answer], [own.reasoningTokens], own.visualTokens],
      );
    }
    layers.forEach(({ mass: [mass] }, layer) => {
      const mean = expected.attention.reduce((sum, own) => sum + own.mass[layer]! / expected.attention.length, 0);
      assert.ok(Math.abs(mass! - mean) < ATTENTION_TOLERANCE, `layer ${layer}: ${mass}, expected ${mean}`);
    });
  });
});
