/** Runs on disk: what is written survives, what is half written is not believed. */
import { guardOf } from '../analyses/declare/shape.js';
import { registry } from '../analyses/registry.js';
import { afterEach, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FrankensteinError } from '../errors.js';
import { StoredAnswers } from './answers.js';
import { listRuns, readResult } from '../analyses/list.js';
import { deleteRun, isLike, parseLines, Run, runFolder, runIdOf, writeBeside } from './store.js';
import { sampleResult } from '../../../test/unit/host/sampleResult.js';
import { temporaryFolder, type TemporaryFolder } from '../../../test/fixtures/checkpoints.js';

const readCompare = (runsFolder: string, runId: string) => readResult(registry.compare, { runsFolder, runId });
const readers = Object.values(registry).map(
  (definition) => (runsFolder: string, runId: string) => readResult<unknown>(definition, { runsFolder, runId }),
);

describe('a run on disk', () => {
  let temporary: TemporaryFolder;
  const id = runIdOf({ kind: 'test' });
  const request = {
    kind: 'compare',
    labels: ['a', 'b'],
    paths: ['/a', '/b'],
    startedAt: '2026-01-01T00:00:00.000Z',
    tasks: 4,
  };
  const open = () => Run.open(temporary.path, id, request);
  const journal = () => path.join(runFolder(temporary.path, id), 'journal.jsonl');
  beforeEach(async () => (temporary = await temporaryFolder()));
  afterEach(() => temporary.remove());

  it('has an id that follows from its facts', () => {
    assert.equal(runIdOf({ a: 1 }), runIdOf({ a: 1 }));
    assert.notEqual(runIdOf({ a: 1 }), runIdOf({ a: 2 }));
    assert.match(id, /^[0-9a-f]{16}$/);
  });

  it('keeps its entries, sums beyond float64 too', async () => {
    const first = await open();
    await first.append({ name: 'x', sum: 1e308 });
    await first.append({ name: 'y', sum: Infinity, low: -Infinity, none: NaN });
    await first.close();
    const second = await open();
    assert.deepEqual(await second.entries(), [
      { name: 'x', sum: 1e308 },
      { name: 'y', sum: Infinity, low: -Infinity, none: NaN },
    ]);
    await second.close();
  });

  it('skips a line that was cut off, and starts the next on a new one', async () => {
    const first = await open();
    await first.append({ name: 'whole' });
    await first.close();
    await appendFile(journal(), '{"name":"cut o');
    const second = await open();
    await second.append({ name: 'next' });
    assert.deepEqual(await second.entries(), [{ name: 'whole' }, { name: 'next' }]);
    await second.close();
    assert.deepEqual(parseLines('\n{"a":1}\n\u0000\u0000\n{"a":2}\n{"a"'), [{ a: 1 }, { a: 2 }]);
  });

  it('lets two processes write, whole lines from each', async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? one : two).append({ index, filler: 'x'.repeat(500) })),
    );
    assert.equal((await one.entries()).length, 50);
    await Promise.all([one.close(), two.close()]);
  });

  it('keeps the first request, replaces one that is not whole, and hides from git', async () => {
    await (await open()).close();
    await (await Run.open(temporary.path, id, { ...request, labels: ['other'] })).close();
    const file = path.join(runFolder(temporary.path, id), 'request.json');
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), request);
    await writeFile(file, '{"kind":');
    await (await open()).close();
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), request);
    assert.equal(await readFile(path.join(temporary.path, '.gitignore'), 'utf8'), '*\n');
  });

  it('is listed with its progress, then as finished', async () => {
    const run = await open();
    await run.append({ name: 'x' });
    const [interrupted] = await listRuns(temporary.path);
    assert.deepEqual([interrupted!.state, interrupted!.done, interrupted!.labels], ['interrupted', 0.25, ['a', 'b']]);
    await assert.rejects(readCompare(temporary.path, id), /has no finished result/);
    await run.finish(sampleResult());
    await run.close();
    const [finished] = await listRuns(temporary.path);
    assert.deepEqual([finished!.state, finished!.done], ['finished', 1]);
    assert.deepEqual(await readCompare(temporary.path, id), sampleResult());
    await assert.rejects(readResult(registry.probe, { runsFolder: temporary.path, runId: id }), {
      code: 'not-found',
      message: /is no probe/,
    });
  });

  it('is unreadable in a sentence when its result is damaged, cut off, or of another version', async () => {
    const run = await open();
    const result = sampleResult();
    const file = path.join(runFolder(temporary.path, id), 'result.json');
    const whole = JSON.stringify(result);
    for (const text of ['', 'null', whole.slice(0, -40), whole.replace('"schema":1', '"schema":2'), '[]']) {
      await writeFile(file, text);
      const [listed] = await listRuns(temporary.path);
      assert.deepEqual([listed!.state, listed!.runId], ['unreadable', id], text.slice(0, 20));
      assert.match(listed!.problem!, /result\.json cannot be read as a result/);
    }
    for (const damaged of [
      { ...result, tensors: undefined },
      { ...result, tensors: [null] },
      { ...result, tensors: [{ ...result.tensors[0], deltas: 5 }] },
      { ...result, tensors: [{ ...result.tensors[0], norms: ['1'] }] },
      { ...result, layers: [{}] },
      { ...result, stages: [] },
      { ...result, cuts: [1] },
      { ...result, provenance: 5 },
      { ...result, kind: 'swap' },
      { ...result, kind: 'other' },
    ]) {
      await writeFile(file, JSON.stringify(damaged));
      assert.equal(await run.result(guardOf(registry.compare.result)), undefined, 'it is made again');
      for (const read of readers)
        await assert.rejects(read(temporary.path, id), (error: FrankensteinError) =>
          /^(?:malformed|not-found)$/.test(error.code),
        );
      await assert.rejects(readCompare(temporary.path, id), {
        code: 'malformed',
        message: /result\.json cannot be read as a result: it is damaged, or of another version\. Run it again/,
      });
    }
    await run.close();
  });

  it('lists nothing where nothing is, and nothing that is not a run', async () => {
    assert.deepEqual(await listRuns(path.join(temporary.path, 'nowhere')), []);
    await mkdir(path.join(temporary.path, 'runs', 'holiday-images'), { recursive: true });
    await mkdir(path.join(temporary.path, 'runs', '0123456789abcdef'));
    assert.deepEqual(await listRuns(temporary.path), []);
  });

  it('is listed as unreadable, beside the others, when its request is none', async () => {
    await (await open()).close();
    const bad = '0123456789abcdef';
    const file = path.join(runFolder(temporary.path, bad), 'request.json');
    await mkdir(path.dirname(file));
    const whole = { ...request, labels: ['a'], paths: ['/a'] };
    for (const text of [
      '{"kind":"compare"}',
      'null',
      '[]',
      '"text"',
      '{"kind":',
      '{"kind":"compare","startedAt":"2026"}',
      JSON.stringify({ ...whole, startedAt: 5 }),
      JSON.stringify({ ...whole, labels: [1] }),
      JSON.stringify({ ...whole, kind: 'other' }),
    ]) {
      await writeFile(file, text);
      const listed = await listRuns(temporary.path);
      assert.deepEqual(
        listed.map(({ runId, state }) => [runId, state]),
        [
          [id, 'interrupted'],
          [bad, 'unreadable'],
        ],
        text,
      );
      assert.match(listed[1]!.problem!, /cannot be read as a run: .* Delete it/);
    }
    await deleteRun(temporary.path, bad);
    assert.equal((await listRuns(temporary.path)).length, 1);
  });

  it('skips lines of another form, and removes what a killed process left half written', async () => {
    const run = await open();
    for (const entry of [{ name: 'x', sums: { n: 1 } }, { name: 'y', sums: {} }, { name: 1 }, [], 'text'])
      await run.append(entry as object);
    await appendFile(journal(), 'null\n');
    const model = { name: '', sums: { n: 0 } };
    const isEntry = (value: unknown): value is typeof model => isLike(value, model);
    assert.deepEqual(await run.entries(isEntry), [{ name: 'x', sums: { n: 1 } }]);
    await run.close();
    const folder = runFolder(temporary.path, id);
    await writeFile(path.join(folder, 'result.json.999999999.tmp'), '{');
    await writeFile(path.join(folder, `result.json.${process.pid}.tmp`), '{');
    await (await open()).close();
    assert.deepEqual((await readdir(folder)).sort(), [
      'journal.jsonl',
      'request.json',
      `result.json.${process.pid}.tmp`,
    ]);
  });

  it('is read from a folder that may not be written once it is finished, and only then', async ({ skip }) => {
    if (process.platform === 'win32' || process.getuid?.() === 0) return skip();
    const run = await open();
    const folder = runFolder(temporary.path, id);
    await chmod(folder, 0o555);
    try {
      await assert.rejects(open(), { code: 'permission' });
      await chmod(folder, 0o755);
      await run.finish(sampleResult());
      await run.close();
      await chmod(folder, 0o555);
      await chmod(journal(), 0o444);
      const again = await open();
      await again.append({ name: 'not written' });
      await again.finish({ schema: 2 });
      assert.deepEqual(await again.result(guardOf(registry.compare.result)), sampleResult());
      await again.close();
    } finally {
      await chmod(folder, 0o755);
    }
  });

  it('keeps answers, and skips lines that are none', async () => {
    const answers = await StoredAnswers.open(temporary.path, { facts: 1 });
    await answers.add('a', 'one');
    await answers.close();
    const [file] = await readdir(path.join(temporary.path, 'answers'));
    await appendFile(path.join(temporary.path, 'answers', file!), 'null\n5\n[]\n{"key":1,"text":"x"}\n{"key":"b"}\n');
    assert.deepEqual([...(await StoredAnswers.peek(temporary.path, { facts: 1 }))], [['a', 'one']]);
    const again = await StoredAnswers.open(temporary.path, { facts: 1 });
    assert.deepEqual([...again.texts], [['a', 'one']]);
    await again.close();
  });

  it('is deleted by its id, and nothing else is', async () => {
    await (await open()).close();
    for (const other of ['..', '../..', '/etc', '', `${id}/..`])
      await assert.rejects(() => deleteRun(temporary.path, other), /is not the id of a run/);
    await deleteRun(temporary.path, id);
    assert.deepEqual(await readdir(path.join(temporary.path, 'runs')), []);
  });

  it('is written beside and renamed: no half file, no leftover', async () => {
    const file = path.join(temporary.path, 'file');
    await writeBeside(file, 'one');
    await writeBeside(file, 'two');
    assert.equal(await readFile(file, 'utf8'), 'two');
    await mkdir(path.join(temporary.path, 'folder', 'full'), { recursive: true });
    await assert.rejects(writeBeside(path.join(temporary.path, 'folder'), 'three'));
    assert.deepEqual((await readdir(temporary.path)).sort(), ['file', 'folder']);
  });
});
