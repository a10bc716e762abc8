/**
 * The sample rl under variants of its generation_config.json, asked as a user asks, against transformers' greedy
 * tokens.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.js';

interface Stored {
  newTokens: number;
  questions: { image: string | null; prompt: string }[];
  cases: { name: string; file: Record<string, unknown> | null; answers: { tokens: number[]; gap: number }[] }[];
}

const LEAST_GAP = 1e-3;
/** The end of a turn, by config.json and the tokenizer. */
const END = 464;
/**
 * Where the file names no end, transformers writes on to the limit; here an answer ends as config.json and the
 * tokenizer say.
 */
const NO_END: readonly string[] = ['eos null', 'eos absent'];
const untilEnd = (tokens: number[]) => (tokens.includes(END) ? tokens.slice(0, tokens.indexOf(END) + 1) : tokens);
const { newTokens, questions, cases } = JSON.parse(
  readFileSync(path.resolve('test/parity/model/rl-generation.json'), 'utf8'),
) as Stored;

describe('the sample rl under other generation settings', () => {
  const engine = createEngine(path.resolve('dist/worker.mjs'));
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'frankenstein-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives the tokens of transformers', async () => {
    let compared = 0;
    for (const [number, { name, file, answers }] of cases.entries()) {
      const model = path.join(folder, String(number));
      await cp(path.resolve('samples/lineage/rl'), model, { recursive: true });
      const location = path.join(model, 'generation_config.json');
      if (file === null) await rm(location);
      else await writeFile(location, JSON.stringify(file));
      for (const [index, { image, prompt }] of questions.entries()) {
        const { tokens, gap } = answers[index]!;
        if (gap < LEAST_GAP) continue;
        const images = image === null ? [] : [path.resolve(image)];
        const found = await engine.generate({ path: model, prompt, images, maxNewTokens: newTokens, threads: 1 });
        assert.deepEqual(found.tokenIds, NO_END.includes(name) ? untilEnd(tokens) : tokens, `${name}: ${prompt}`);
        compared++;
      }
    }
    assert.ok(compared >= 40, `only ${compared} answers were compared`);
  });
});
