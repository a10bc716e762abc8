/** Programs that files bring along: templates, tokenizers and patterns that never end, or fill the memory. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { EvaluateRequest } from '../../analyses/evaluate/request.js';
import { fileError } from '../../checkpoint/failure.js';
import { LimitError, withinTime } from '../../runtime/bounded.js';
import { firstMatches } from '../../runtime/matching.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { enginePid, isAlive, run, sentenceOf, start } from '../../../../test/unit/cli/cli.js';
import { copyCheckpoint, engine } from '../../../../test/unit/probe/support.js';

const ENDLESS = '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}';
const HOSTILE = `${'a'.repeat(42)}!`;

describe('programs of a checkpoint', () => {
  let temporary: TemporaryFolder;
  let data = '';
  let count = 0;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    data = path.join(temporary.path, 'questions.jsonl');
    await writeFile(data, `${JSON.stringify({ id: 1, prompt: HOSTILE, answer: '1', answer_type: 'number' })}\n`);
  });
  afterAll(() => temporary.remove());

  const plan = (checkpoint: string): EvaluateRequest => ({ checkpoints: [{ path: checkpoint }], data, threads: 1 });
  const withTemplate = async (template: string) => {
    const folder = await copyCheckpoint(path.join(temporary.path, `template-${count++}`), 'in');
    await writeFile(path.join(folder, 'chat_template.jinja'), template);
    return folder;
  };
  const withTokenizer = async (part: object) => {
    const folder = await withTemplate('{% for m in messages %}{{ m.content }}{% endfor %}');
    const file = path.join(folder, 'tokenizer.json');
    await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...part }));
    return folder;
  };

  const templates: [string, string, RegExp][] = [
    ['makes a long list', '{{ range(400000000)|length }}', /counts to more than 100,000/],
    ['makes a long text', '{% for i in range(1000000000) %}x{% endfor %}', /counts to more than 100,000/],
    [
      'doubles a text',
      `{% set n = namespace(x='${'x'.repeat(64)}') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% ` +
        'endfor %}{{ n.x }}',
      /a text or a list that is longer/,
    ],
    [
      'keeps many lists',
      '{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = n.x + [range(50000)] %}{% endfor %}',
      /takes (?:more memory|longer) than any real one/,
    ],
  ];
  for (const [what, template, message] of templates)
    it(`a template that ${what} is refused`, async () => {
      await assert.rejects(engine.planEvaluate(plan(await withTemplate(template))), { code: 'malformed', message });
    });

  it('a template that is long is refused', async () => {
    const request = { path: await withTemplate('{{ "x" }}'.repeat(200_000)), prompt: 'a', threads: 1 };
    await assert.rejects(engine.generate(request), { code: 'malformed', message: /the limit .* is 1,048,576/ });
  });

  const doubling = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  const tokenizers: [string, object, RegExp][] = [
    [
      'splits by a pattern that never ends',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated', invert: false } },
      /tokenizer\.json describes a tokenizer that takes longer/,
    ],
    [
      'replaces by a pattern that never ends',
      { normalizer: { type: 'Replace', pattern: { Regex: '(a*)*b' }, content: '' } },
      /takes longer than any real one/,
    ],
    [
      'doubles the text again and again',
      { normalizer: { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => doubling) } },
      /its normalizer makes texts many times longer/,
    ],
    [
      'doubles an added token',
      {
        normalizer: { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => doubling) },
        added_tokens: [{ id: 1, content: 'a', special: false, normalized: true }],
      },
      /its normalizer makes texts many times longer/,
    ],
    ['cuts pieces of no length', { pre_tokenizer: { type: 'FixedLength', length: 0 } }, /length of at least 1/],
  ];
  for (const [what, part, message] of tokenizers)
    it(`a tokenizer that ${what} is refused`, async () => {
      const request = { path: await withTokenizer(part), prompt: HOSTILE, maxNewTokens: 1, threads: 1 };
      await assert.rejects(engine.generate(request), { code: 'malformed', message });
    });

  it('planning leaves the thread of the engine free, and is cancelled at once', async () => {
    const stop = new AbortController();
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    const planning = engine.planEvaluate(plan(await withTemplate(ENDLESS)), { signal: stop.signal });
    await Promise.race([planning.catch(() => undefined), sleep(1500)]);
    const begin = performance.now();
    stop.abort();
    await assert.rejects(planning, { code: 'cancelled' });
    clearInterval(clock);
    assert.ok(performance.now() - begin < 3000);
    assert.ok(ticks > 30, `the thread of the engine was free ${ticks} times`);
  });

  it('an engine ends soon after its command was killed, whatever it is doing', async ({ skip }) => {
    if (process.platform !== 'linux') return skip();
    const command = start(['evaluate', await withTemplate(ENDLESS), '--data', data, '--plan']);
    let engineProcess: number | undefined;
    while (engineProcess === undefined) {
      await sleep(50);
      try {
        engineProcess = enginePid(command);
      } catch {
        continue; // not yet
      }
    }
    await sleep(1000);
    process.kill(engineProcess, 'SIGSTOP'); // a main thread that hears nothing
    command.child.kill('SIGKILL');
    process.kill(engineProcess, 'SIGCONT');
    const begin = performance.now();
    while (isAlive(engineProcess) && performance.now() - begin < 8000) await sleep(50);
    assert.ok(!isAlive(engineProcess));
  });

  it('a template that loops for ever is refused, and a command says it in one sentence', async () => {
    const ended = await run(['evaluate', await withTemplate(ENDLESS), '--data', data, '--plan']);
    assert.equal(ended.code, 3);
    assert.match(sentenceOf(ended), /chat_template\.jinja takes longer than any real one: it may never end\./);
  });
});

describe('what reading throws', () => {
  it('is about permissions only where the system says so', () => {
    const tooLong = Object.assign(new Error('Cannot create a string longer than 0x1fffffe8 characters'), {
      code: 'ERR_STRING_TOO_LONG',
    });
    assert.equal(fileError(tooLong, 'x.parquet').code, 'internal');
    assert.equal(fileError(Object.assign(new Error('EIO'), { code: 'EIO' }), 'x').code, 'permission');
  });
});

describe('work within limits', () => {
  it('gives what the work gives, and throws what it throws', () => {
    assert.equal(
      withinTime(
        1000,
        () => 'slow',
        () =>
          withinTime(
            1000,
            () => 'inner',
            () => 7,
          ),
      ),
      7,
    );
    assert.throws(
      () =>
        withinTime(
          1000,
          () => 'slow',
          () => JSON.parse('{') as unknown,
        ),
      SyntaxError,
    );
  });

  it('cuts off a pattern, and tells of the innermost', () => {
    const slow = () =>
      withinTime(
        100,
        () => 'outer',
        () =>
          withinTime(
            9000,
            () => 'inner',
            () => /^(a+)+$/.test(HOSTILE),
          ),
      );
    assert.throws(slow, (error) => error instanceof LimitError && error.message === 'inner');
    assert.equal(
      withinTime(
        1000,
        () => 'slow',
        () => 7,
      ),
      7,
      'the next one is not affected',
    );
  });

  it('matches many patterns and names, and gives up in time', async () => {
    assert.deepEqual(await firstMatches(['b$', 'a'], ['ab', 'a', 'c'], () => 'slow'), [0, 1, -1]);
    const many = Array.from({ length: 300 }, (_, index) => `^(?:.*\\.)?(?:layers\\.${index}\\.q_proj)$`);
    const names = many.map((_, index) => `model.language_model.layers.${index}.q_proj`);
    assert.deepEqual(
      await firstMatches(many, names, () => 'slow'),
      names.map((_, index) => index),
    );
    const begin = performance.now();
    await assert.rejects(
      firstMatches([`^${'.?'.repeat(40)}!$`], ['x'.repeat(60)], () => 'slow'),
      { message: 'slow' },
    );
    await assert.rejects(
      firstMatches(['(a+)+$'], [HOSTILE], () => 'slow', AbortSignal.timeout(100)),
      { code: 'cancelled' },
    );
    assert.ok(performance.now() - begin < 5000);
  });
});
