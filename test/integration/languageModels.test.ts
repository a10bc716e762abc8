// Models of the editor that judge answers and describe images, through the real `vscode.lm`: the stand-ins of `models/`
// are registered as GitHub Copilot registers its own.

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, beforeEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { EvaluateRequest, EvaluateResult } from '../../src/protocol/engineApi.js';
import { services, until, workspaceFolder } from './support.js';

const SAMPLES = path.join(process.env['FRANKENSTEIN_ROOT'] ?? '', 'samples');
const ASKED = 3;

interface StandIn {
  asked: { model: string; text: string; images: { type: string; bytes: number }[] }[];
  verdict: string;
  cancelled: number;
}

describe('language models of the editor', function () {
  let standIn: StandIn;
  let runs = 0;
  const below = (...names: string[]) => path.join(workspaceFolder(), 'judged', ...names);

  before(async function () {
    const extension = vscode.extensions.getExtension<StandIn>('frankenstein-lab-tests.stand-in-models');
    // Registering models is younger than the oldest VS Code that the extension runs in.
    if (extension === undefined || !('registerLanguageModelChatProvider' in vscode.lm)) return this.skip();
    standIn = await extension.activate();
    await mkdir(below('images'), { recursive: true });
    await cp(path.join(SAMPLES, 'lineage', 'in'), below('in'), { recursive: true });
    await cp(path.join(SAMPLES, 'eval', 'images'), below('images', 'images'), { recursive: true });
    const lines = async (set: string) =>
      (await readFile(path.join(SAMPLES, 'eval', `${set}.jsonl`), 'utf8'))
        .split('\n')
        .slice(0, ASKED)
        .map((line) => JSON.parse(line) as object);
    // No answer is right by the rules, so every one is shown to the judge.
    await writeFile(
      below('text.jsonl'),
      (await lines('text'))
        .map((line) => JSON.stringify({ ...line, answer: 'forty-two and a half', answer_type: 'text' }))
        .join('\n'),
    );
    await writeFile(
      below('images', 'bare.jsonl'),
      (await lines('math')).map((line) => JSON.stringify({ ...line, description: undefined })).join('\n'),
    );
  });

  beforeEach(() => {
    standIn.asked.length = 0;
    standIn.verdict = 'CORRECT';
    runs++;
  });

  async function evaluate(more: Partial<EvaluateRequest>, signal?: AbortSignal): Promise<EvaluateResult> {
    const { engine } = await services();
    return engine.evaluate(
      {
        checkpoints: [{ path: below('in') }],
        data: below('text.jsonl'),
        maxNewTokens: 24,
        threads: 1,
        runsFolder: below(`runs-${runs}`),
        ...more,
      },
      { signal },
    );
  }
  const judged = (model: string, signal?: AbortSignal) =>
    evaluate({ grader: { kind: 'editor', model: `stand-in/${model}` } }, signal);
  const fractions = ({ scores }: EvaluateResult) => scores.map(({ hits, n }) => [hits, n]);

  it('judge what the rules call wrong, once, and the result says who did', async () => {
    assert.deepEqual(fractions(await evaluate({})), [[0, ASKED]]);
    const result = await judged('judge');
    assert.deepEqual(fractions(result), [[ASKED, ASKED]]);
    assert.equal(result.grader, 'stand-in/judge');
    assert.equal(standIn.asked.length, ASKED);
    for (const [index, { text }] of [...standIn.asked].sort((a, b) => a.text.localeCompare(b.text)).entries()) {
      const { prompt, answers } = [...result.questions].sort((a, b) => a.prompt.localeCompare(b.prompt))[index]!;
      assert.ok(
        text.includes(`Question: ${prompt}\n`) &&
          text.includes('Reference answer: forty-two and a half\n') &&
          text.includes(answers.text![0]!),
        text,
      );
    }
    assert.deepEqual(fractions(await judged('judge')), [[ASKED, ASKED]]);
    assert.equal(standIn.asked.length, ASKED, 'what was judged is not shown again');
  });

  it('may agree with the rules', async () => {
    standIn.verdict = 'INCORRECT';
    assert.deepEqual(fractions(await judged('judge')), [[0, ASKED]]);
    assert.equal(standIn.asked.length, ASKED);
  });

  it('are shown images, and describe them once', async () => {
    const describe = () => evaluate({ data: below('images'), describer: { kind: 'editor', model: 'stand-in/judge' } });
    const result = await describe();
    assert.equal(result.describer, 'stand-in/judge');
    assert.deepEqual([...new Set(result.questions.map(({ description }) => description))], ['An image of a stand-in.']);
    assert.ok(result.scores.some(({ ability, n }) => ability === 'v2r' && n === ASKED));
    const sizes = await Promise.all(
      result.questions.map(async ({ image }) => (await readFile(below('images', image!))).length),
    );
    assert.deepEqual(
      standIn.asked.map(({ images }) => images.map(({ bytes }) => bytes)).sort(),
      [...new Set(sizes)].map((size) => [size]).sort(),
    );
    assert.ok(
      standIn.asked.every(
        ({ text, images }) => images[0]!.type === 'image/png' && text.startsWith('Describe this picture'),
      ),
    );
    const before = standIn.asked.length;
    await describe();
    assert.equal(standIn.asked.length, before);
  });

  it('that may not be used are named, and nothing is sent', async () => {
    // Tests in the extension host refuse every dialog, and so the one that asks for consent.
    await assert.rejects(judged('guarded'), {
      code: 'unavailable',
      message:
        'Frankenstein Lab may not use the language model Stand-in Guarded: allow it when VS Code asks, or ' +
        'choose another one.',
    });
    assert.equal(standIn.asked.length, 0);
  });

  it('that fail, or are gone, are named; the answers are kept', async () => {
    await assert.rejects(judged('broken'), {
      code: 'unavailable',
      message: 'The language model Stand-in Broken did not answer: The quota is used up.',
    });
    await assert.rejects(judged('retired'), {
      code: 'unavailable',
      message: 'The language model "stand-in/retired" is not in this VS Code any more; choose another one.',
    });
    const { engine } = await services();
    const plan = await engine.planEvaluate({
      checkpoints: [{ path: below('in') }],
      data: below('text.jsonl'),
      maxNewTokens: 24,
      threads: 1,
      runsFolder: below(`runs-${runs}`),
    });
    assert.deepEqual([plan.cached, plan.generations], [ASKED, ASKED]);
  });

  it('are told when the run is cancelled', async () => {
    const cancel = new AbortController();
    const { cancelled } = standIn;
    const run = judged('slow', cancel.signal);
    run.catch(() => undefined);
    await until(() => standIn.asked.length > 0, 'the model is asked');
    cancel.abort();
    await assert.rejects(run, { code: 'cancelled' });
    await until(() => standIn.cancelled > cancelled, 'the model is told');
  });
});
