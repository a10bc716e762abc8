/** Probes that are interrupted, repeated, or given what they cannot use. */
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createEngine } from '../../engine.js';
import type { ProbeProgress, ProbeRequest } from './request.js';
import type { ProbeResult, SkipResult, SwapResult } from './result.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, copyData, engine, poison, tensorsOf } from '../../../../test/unit/probe/support.js';

const numbers = ({ provenance: _, ...rest }: ProbeResult) => rest;

describe('a probe', () => {
  let temporary: TemporaryFolder;
  let checkpoint: string;
  let pairs: string;
  let questions: string;
  let runs: string;
  let count = 0;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    checkpoint = await copyCheckpoint(path.join(temporary.path, 'base'));
    pairs = await copyData(path.join(temporary.path, 'pairs'), 'probes', ['counting.jsonl', 'recognition.jsonl'], 10);
    questions = await copyData(path.join(temporary.path, 'questions'), 'eval', ['math.jsonl', 'text.jsonl'], 2);
  });
  afterAll(() => temporary.remove());
  beforeEach(() => (runs = path.join(temporary.path, `runs-${count++}`)));

  const swap = (more: Partial<ProbeRequest> = {}): ProbeRequest => ({
    kind: 'swap',
    checkpoints: [{ path: checkpoint }],
    data: pairs,
    depths: [0, 3, 6, 11],
    maxNewTokens: 4,
    threads: 1,
    ...more,
  });
  const skip = (more: Partial<ProbeRequest> = {}): ProbeRequest => ({
    kind: 'skip',
    checkpoints: [{ path: checkpoint }],
    data: questions,
    depths: [2],
    maxNewTokens: 3,
    threads: 1,
    ...more,
  });
  const journal = async () => {
    const [run] = await readdir(path.join(runs, 'runs'));
    return path.join(runs, 'runs', run!, 'journal.jsonl');
  };
  const lines = async () => (await readFile(await journal(), 'utf8')).split('\n').filter(Boolean);

  it('finished, is returned as it is stored, and run anew with another chat template', async () => {
    const folder = await copyCheckpoint(path.join(temporary.path, 'edited'));
    const request = skip({ checkpoints: [{ path: folder }], runsFolder: runs });
    const before = await engine.probe(request);
    await rm(await journal());
    assert.deepEqual(await createEngine(path.join(temporary.path, 'no-such-worker.mjs')).probe(request), before);
    await appendFile(path.join(folder, 'chat_template.jinja'), ' 7 7 7');
    assert.notEqual((await engine.probe(request)).provenance.runId, before.provenance.runId);
  });

  it('keeps samples, answers per depth, shares with intervals, and where they come from', async () => {
    const result = (await engine.probe(swap())) as SwapResult;
    assert.equal(result.schema, 1);
    assert.deepEqual(result.depths, [0, 3, 6, 11]);
    assert.deepEqual(result.cuts, [4, 8]);
    assert.equal(result.samples.length, 20);
    assert.ok(
      result.samples.every(
        ({ answers, changed, targetImage, source }) =>
          answers.length === 4 && changed.length === 4 && targetImage.startsWith('images/') && source === 'same-grid',
      ),
    );
    assert.equal(result.rates.length, 8);
    assert.ok(result.rates.every(({ n, changed, low, high }) => n === 10 && low <= changed && changed <= high));
    assert.match(result.dataFingerprint, /^[0-9a-f]{64}$/);
    assert.match(result.checkpoints[0]!.fingerprint, /^[0-9a-f]{64}$/);
    // Swapping from the first layer on leaves nothing of the target.
    for (const { answers, sourceAnswer } of result.samples) assert.equal(answers[0], sourceAnswer);
  });

  it('calls a recipe by its name', async () => {
    const recipe = path.join(temporary.path, 'half-way.frank.yaml');
    await writeFile(recipe, 'checkpoints: {in: base, rl: base}\nstitch: IN:RL:RL\n');
    const result = await engine.probe(
      swap({ checkpoints: [{ path: recipe }], samples: 1, depths: [0], maxNewTokens: 1 }),
    );
    assert.deepEqual(
      result.checkpoints.map(({ label }) => label),
      ['half-way'],
    );
  });

  it('computes a sample that asks the same only once', async () => {
    const data = await copyData(path.join(temporary.path, 'twice'), 'probes', ['counting.jsonl'], 1, ([line]) => [
      line!,
      line!.replace('"counting-000"', '"again"'),
    ]);
    const seen: ProbeProgress[] = [];
    const result = (await engine.probe(swap({ data }), { progress: (progress) => seen.push(progress) })) as SwapResult;
    assert.deepEqual(
      result.samples.map(({ id }) => id),
      ['counting-000', 'again'],
    );
    assert.deepEqual(result.samples[0]!.answers, result.samples[1]!.answers);
    assert.deepEqual([seen.at(-1)!.done, seen.at(-1)!.total], [8, 8]);
  });

  it('continues where it was cancelled, and ends with the same numbers', async () => {
    const whole = numbers(await engine.probe(swap()));
    // Batches are small here: the run is stopped once one of several is on record.
    const { signal, stop } = stopAt(1);
    await assert.rejects(engine.probe(swap({ runsFolder: runs }), { signal, progress: stop }), { code: 'cancelled' });
    const [interrupted] = await engine.listRuns({ runsFolder: runs });
    assert.deepEqual([interrupted!.kind, interrupted!.probe, interrupted!.state], ['probe', 'swap', 'interrupted']);
    const seen: ProbeProgress[] = [];
    // As the list of runs offers it, whoever started it.
    assert.deepEqual(interrupted!.question, {
      kind: 'swap',
      checkpoints: [{ path: checkpoint, label: 'base' }],
      data: pairs,
      depths: [0, 3, 6, 11],
      maxNewTokens: 4,
    });
    assert.deepEqual(
      numbers(
        await engine.probe(
          { ...(interrupted!.question as ProbeRequest), threads: 1, runsFolder: runs },
          { progress: (progress) => seen.push(progress) },
        ),
      ),
      whole,
    );
    assert.equal((await lines()).length, 20);
    assert.equal((await engine.listRuns({ runsFolder: runs })).length, 1);
    assert.deepEqual([seen.at(-1)!.done, seen.at(-1)!.total], [80, 80]);
  });

  it('takes whole batches from the journal, and computes half of one again', async () => {
    const whole = await engine.probe(swap({ runsFolder: runs }));
    const before = await lines();
    // As a kill leaves it: no result, the last line cut off, and a batch that was written in part.
    await rm(path.join(path.dirname(await journal()), 'result.json'));
    await writeFile(await journal(), `${before.slice(0, 12).join('\n')}\n${before[12]!.slice(0, 30)}`);
    const again = await engine.probe(swap({ runsFolder: runs }));
    assert.deepEqual(numbers(again), numbers(whole));
    const batches = new Set(before.map((line) => (JSON.parse(line) as { batch: string }).batch));
    assert.ok(batches.size >= 1);
  });

  it('returns a finished run at once, without a model, under other labels and cuts too', async () => {
    const whole = await engine.probe(swap({ runsFolder: runs }));
    const idle = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const again = await idle.probe(
      swap({ runsFolder: runs, cuts: [2, 9], checkpoints: [{ path: checkpoint, label: 'mine' }] }),
    );
    assert.deepEqual([again.cuts, again.checkpoints[0]!.label], [[2, 9], 'mine']);
    // Of another text, which `inputs` tells, and the same run.
    assert.notEqual(again.provenance.inputs, whole.provenance.inputs);
    assert.deepEqual({ ...again.provenance, inputs: null }, { ...whole.provenance, inputs: null });
    assert.deepEqual((again as SwapResult).rates, (whole as SwapResult).rates);
    const [listed] = await engine.listRuns({ runsFolder: runs });
    assert.deepEqual([listed!.state, listed!.done], ['finished', 1]);
    assert.deepEqual(numbers(await engine.readProbe({ runsFolder: runs, runId: listed!.runId })), numbers(again));
    await assert.rejects(engine.readCompare({ runsFolder: runs, runId: listed!.runId }), { code: 'not-found' });
    await assert.rejects(idle.probe(swap({ runsFolder: runs, maxNewTokens: 5 })), 'another request is another run');
  });

  it('stops at once when it is cancelled, while the engine goes on listening', async () => {
    const { signal, stop } = stopAt(0);
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    await assert.rejects(engine.probe(swap({ depths: undefined, maxNewTokens: 128 }), { signal, progress: stop }), {
      code: 'cancelled',
    });
    clearInterval(clock);
    assert.ok(ticks > 3, `the thread of the engine was free ${ticks} times`);
  });

  describe('of data with bad lines', () => {
    const spoil = (lines: string[]) => [
      lines[0]!,
      '{"id": "x", "task": "counting"}',
      'no JSON',
      ...lines.slice(1),
      lines[1]!.replace(/images\/\w+\.png/, 'images/gone.png').replace('"counting-001"', '"gone"'),
    ];
    let bad: string;
    beforeAll(
      async () => (bad = await copyData(path.join(temporary.path, 'bad'), 'probes', ['counting.jsonl'], 3, spoil)),
    );

    it('stops, naming the file and every line', () =>
      assert.rejects(engine.probe(swap({ data: bad })), {
        code: 'bad-line',
        message: /^samples\.jsonl line 2 has no "target_image"\. 2 more lines cannot be used: 3, 6\.$/,
      }));

    it('leaves them out and says so', async () => {
      const result = (await engine.probe(swap({ data: bad, badLines: 'skip' }))) as SwapResult;
      assert.equal(result.samples.length, 3);
      assert.match(
        result.warnings.join(' '),
        /3 lines were left out: line 2 has no "target_image"; line 3 is not valid JSON; line 6 has a "target_image" that is not there/,
      );
    });
  });

  describe('of a damaged image', () => {
    let data: string;
    beforeAll(async () => {
      data = await copyData(path.join(temporary.path, 'damaged'), 'probes', ['counting.jsonl'], 3);
      const { target_image: name } = JSON.parse((await readFile(data, 'utf8')).split('\n')[1]!) as {
        target_image: string;
      };
      await writeFile(path.join(path.dirname(data), name), 'not an image');
    });

    it('stops, naming sample and file', () =>
      assert.rejects(engine.probe(swap({ data })), {
        code: 'bad-line',
        message: /^Sample counting-001: .*is no PNG, JPEG or WebP image\.$/,
      }));

    it('leaves the sample out where that is wanted, on the next run too', async () => {
      const first = (await engine.probe(swap({ data, badLines: 'skip', runsFolder: runs }))) as SwapResult;
      assert.deepEqual(
        first.samples.map(({ id }) => id),
        ['counting-000', 'counting-002'],
      );
      assert.match(first.warnings.join(' '), /1 sample could not be run and was left out\. Sample counting-001: /);
      assert.deepEqual(numbers(await engine.probe(swap({ data, badLines: 'skip', runsFolder: runs }))), numbers(first));
    });
  });

  it('names the layer, or the head, whose weights make numbers break', async () => {
    const names = await tensorsOf(checkpoint);
    const broken = await copyCheckpoint(path.join(temporary.path, 'broken'));
    await poison(
      broken,
      names.find((name) => /layers\.5\.mlp\.down_proj\.weight$/.test(name) && !name.includes('visual'))!,
    );
    await assert.rejects(engine.probe(skip({ checkpoints: [{ path: broken }] })), {
      code: 'malformed',
      message: /not finite \(NaN or infinite\) from layer 5 on/,
    });
    const headless = await copyCheckpoint(path.join(temporary.path, 'headless'));
    await poison(
      headless,
      names.find((name) => /(language_model|model)\.norm\.weight$/.test(name))!,
    );
    await assert.rejects(engine.probe(skip({ checkpoints: [{ path: headless }] })), {
      code: 'malformed',
      message: /logits are not finite .* final norm or output head/,
    });
  });

  it('says what does not fit together before it computes anything', async () => {
    const idle = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const text = path.resolve('test/parity/model/checkpoints');
    const folders = await readdir(text);
    const blind = path.join(
      text,
      folders.find((name) => name.startsWith('llama'))!,
    );
    const cases: [ProbeRequest, string, RegExp][] = [
      [swap({ depths: [12] }), 'bad-request', /no depth 12: the model has the language layers 0 to 11/],
      [swap({ depths: [] }), 'bad-request', /No depth is given/],
      [swap({ tasks: ['colours'] }), 'bad-request', /no task "colours"; there are counting, ocr/],
      [swap({ tasks: ['ocr'] }), 'bad-request', /has no sample of ocr/],
      [swap({ samples: 0 }), 'bad-request', /number of samples/],
      [
        swap({ checkpoints: [{ path: checkpoint }, { path: checkpoint }] }),
        'bad-request',
        /takes one checkpoint; 2 given/,
      ],
      [swap({ checkpoints: [{ path: blind }] }), 'unsupported', /text-only model: there are no visual tokens to swap/],
      [swap({ data: path.join(temporary.path, 'nowhere.jsonl') }), 'not-found', /nowhere\.jsonl does not exist/],
      [swap({ memory: 1 << 20 }), 'bad-request', /too small: one layer of this model at a time needs at least/],
      [swap({ cuts: [3, 99] }), 'bad-request', /lie outside the model/],
      [
        { ...skip(), kind: 'attention', checkpoints: [{ path: checkpoint }, { path: blind }] },
        'mismatch',
        /two different families/,
      ],
      [{ ...skip(), tasks: ['ocr'] }, 'bad-request', /for the swap probe only/],
    ];
    for (const [request, code, message] of cases) await assert.rejects(idle.probe(request), { code, message });
  });

  it('refuses a checkpoint without its tokenizer once, and names the file', async () => {
    const bare = await copyCheckpoint(path.join(temporary.path, 'bare'));
    await rm(path.join(bare, 'tokenizer.json'));
    await assert.rejects(engine.probe(skip({ checkpoints: [{ path: bare }], badLines: 'skip' })), {
      code: 'not-found',
      message: /^(?!Sample).*has no tokenizer\.json/,
    });
    const sightless = await copyCheckpoint(path.join(temporary.path, 'sightless'));
    await rm(path.join(sightless, 'preprocessor_config.json'));
    await assert.rejects(engine.probe(swap({ checkpoints: [{ path: sightless }], badLines: 'skip' })), {
      code: 'not-found',
      message: /^(?!Sample).*has no preprocessor_config\.json/,
    });
  });

  it('refuses a prompt that leaves no room for its answer', () =>
    assert.rejects(engine.probe(skip({ maxNewTokens: 5000 })), {
      code: 'bad-line',
      message: /^Sample .*leaves no room for 5,000 more; the model's context is/,
    }));

  it('draws as many of each task, the same for the same seed, others for another', async () => {
    const drawn = async (seed: number) =>
      ((await engine.probe(swap({ samples: 3, seed, depths: [0] }))) as SwapResult).samples.map(({ id }) => id);
    const first = await drawn(1);
    assert.deepEqual([first.filter((id) => id.startsWith('counting')).length, first.length], [3, 6]);
    assert.deepEqual(await drawn(1), first);
    assert.notDeepEqual(await drawn(2), first);
  });

  it('skips layers, their attention or their MLP over questions with and without images', async () => {
    const results = await Promise.all(
      (['layer', 'attention', 'mlp'] as const).map((part) => engine.probe(skip({ part }))),
    );
    for (const result of results as SkipResult[]) {
      assert.equal(result.samples.length, 4);
      assert.equal(result.errors.length, 1);
      assert.ok(result.samples.every(({ correct, answers }) => correct.length === 1 && answers.length === 1));
    }
  });

  it('measures attention in one checkpoint, and leaves out questions without images', async () => {
    const result = await engine.probe({
      kind: 'attention',
      checkpoints: [{ path: checkpoint }],
      data: questions,
      depths: [0, 5],
      maxNewTokens: 6,
      threads: 1,
    });
    assert.ok(result.kind === 'attention');
    assert.deepEqual(
      result.layers.map(({ depth }) => depth),
      [0, 5],
    );
    assert.equal(result.samples.length, 2);
    assert.ok(
      result.layers.every(
        ({ mean: [mean = -1], mass: [mass = -1], shift }) => mean > 0 && mass > mean && mass < 1 && shift === null,
      ),
    );
    assert.match(result.warnings.join(' '), /2 questions have no image and were left out/);
  });

  it('is planned: samples, depths, answers, memory, time', async () => {
    const plan = await engine.planProbe(swap());
    assert.deepEqual([plan.samples, plan.depths, plan.generations], [20, 4, 100]);
    assert.ok(plan.seconds !== null && plan.seconds > 0);
    assert.equal(plan.streamedBytes, 0);
    // What it needs, which for so small a model is far from what it may have.
    assert.ok(plan.memory > 100 * 2 ** 20 && plan.memory < 2 ** 31, `${plan.memory} bytes`);
    const little = await engine.planProbe(swap({ memory: 260 * 2 ** 20 }));
    assert.ok(little.memory <= 260 * 2 ** 20);
  });

  it('is not measured while the machine is at work, and a plan that is not wanted any more ends at once', async () => {
    const running = engine.probe(swap({ samples: 5, maxNewTokens: 5 }));
    assert.equal((await engine.planProbe(swap({ maxNewTokens: 6 }))).seconds, null);
    await running;
    const cancel = new AbortController();
    const planned = engine.planProbe(swap({ maxNewTokens: 7 }), { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 50);
    await assert.rejects(planned, { code: 'cancelled' });
  });

  it('gives the same answers within little memory', async () => {
    const [plenty, little] = [
      await engine.probe(swap({ samples: 2 })),
      await engine.probe(swap({ samples: 2, memory: 220 * 2 ** 20 })),
    ] as SwapResult[];
    assert.deepEqual(little!.samples, plenty!.samples);
  });
});

/** Fires once so much is done (and something is under way). */
function stopAt(done: number): { signal: AbortSignal; stop: (progress: ProbeProgress) => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    stop: (progress) => progress.total > 0 && progress.done >= done && controller.abort(),
  };
}
