/** Commands that are killed, cancelled, or lose their files halfway. What was done stays done. */
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { copyFile, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '../../../src/engine/calls.js';
import type { CompareResult } from '../../../src/engine/analyses/compare/result.js';
import { createEngine } from '../../../src/engine/engine.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { enginePid, readJournal, run, sentenceOf, start, TENSORS, untilJournalled, writeSlowPair } from './cli.js';

/** Where kills fall: another place each time, the same places in every test run. */
function* locations(seed: number): Generator<number> {
  for (let state = seed; ;) yield (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

const linesOf = (journal: string) => journal.split('\n').filter((line) => line !== '');
const namesOf = (journal: string) => linesOf(journal).map((line) => (JSON.parse(line) as { name: string }).name);
const withoutProvenance = (json: string) => ({ ...(JSON.parse(json) as CompareResult), provenance: null });

describe.skipIf(process.platform !== 'linux')('an interrupted comparison', () => {
  let temporary: TemporaryFolder;
  let pair: { before: string; after: string };
  let whole: object;
  let runs: string;
  let count = 0;
  const args = (...more: string[]) => ['compare', pair.before, pair.after, '--runs', runs, '--json', '-', ...more];

  beforeAll(async () => {
    temporary = await temporaryFolder();
    pair = await writeSlowPair(temporary.path);
    whole = withoutProvenance((await run(['compare', pair.before, pair.after, '--no-runs', '--json', '-'])).stdout);
  });
  afterAll(() => temporary?.remove());
  beforeEach(() => (runs = path.join(temporary.path, `runs-${count++}`)));

  it('continues after kill -9, again and again, and does nothing twice', async () => {
    const location = locations(11);
    let kills = 0;
    let kept = '';
    for (;;) {
      const command = start(args('--threads', '1'));
      const done = linesOf(kept).length;
      await untilJournalled(runs, done + 1 + Math.floor(location.next().value * 20), command);
      if (command.child.exitCode === null && kills < 8) command.child.kill('SIGKILL');
      const finished = await command.finished;
      const journal = await readJournal(runs);
      assert.ok(journal.startsWith(kept.slice(0, kept.lastIndexOf('\n') + 1)), 'what is journalled stays');
      kept = journal;
      if (finished.code === 0) {
        assert.deepEqual(withoutProvenance(finished.stdout), whole);
        break;
      }
      kills++;
    }
    assert.ok(kills >= 2, `it was killed ${kills} times`);
    const names = kept
      .split('\n')
      .flatMap((line) => (isJson(line) ? [(JSON.parse(line) as { name: string }).name] : []));
    assert.equal(names.length, TENSORS);
    assert.equal(new Set(names).size, TENSORS);
  });

  it('reads only what is left', async () => {
    const command = start(args('--threads', '1'));
    await untilJournalled(runs, 30, command);
    command.child.kill('SIGKILL');
    await command.finished;
    const done = linesOf(await readJournal(runs)).length;
    assert.ok(done >= 30 && done < TENSORS, `${done} tensors were done`);
    const reports: Progress[] = [];
    const request = { stages: [{ path: pair.before }, { path: pair.after }], runsFolder: runs };
    await createEngine(path.resolve('dist/worker.mjs')).compare(request, {
      progress: (progress) => reports.push(progress),
    });
    const [first] = reports.filter(({ phase }) => phase === 'Comparing');
    assert.ok(first!.doneBytes >= (done / TENSORS) * first!.totalBytes, 'progress starts where it was');
    assert.equal(namesOf(await readJournal(runs)).length, TENSORS);
  });

  it('ignores a line that a kill cut off, and computes that tensor again', async () => {
    assert.equal((await run(args())).code, 0);
    const [id] = await readdir(path.join(runs, 'runs'));
    const journal = path.join(runs, 'runs', id!, 'journal.jsonl');
    const lines = linesOf(await readFile(journal, 'utf8'));
    await writeFile(journal, `${lines.slice(0, 50).join('\n')}\n${lines[50]!.slice(0, 40)}`);
    await rm(path.join(path.dirname(journal), 'result.json')); // a run that was killed has none
    const { code, stdout } = await run(args());
    assert.equal(code, 0);
    assert.deepEqual(withoutProvenance(stdout), whole);
    const after = linesOf(await readFile(journal, 'utf8'));
    assert.equal(after.length, TENSORS + 1);
    assert.equal(after[50], lines[50]!.slice(0, 40));
  });

  it('finished, returns without reading a weight', async () => {
    assert.equal((await run(args())).code, 0);
    const journal = await readJournal(runs);
    // Without a worker no weight can be read.
    const engine = createEngine(path.join(temporary.path, 'no-such-worker.mjs'));
    const reports: Progress[] = [];
    const request = { stages: [{ path: pair.before }, { path: pair.after }], runsFolder: runs };
    const result = await engine.compare(request, { progress: (progress) => reports.push(progress) });
    assert.deepEqual({ ...result, provenance: null }, whole);
    assert.deepEqual(
      reports.filter(({ phase }) => phase === 'Comparing'),
      [],
    );
    // The stored result is enough: neither the journal is read nor the result made and written again.
    const [id] = await readdir(path.join(runs, 'runs'));
    const file = (name: string) => path.join(runs, 'runs', id!, name);
    const { ino } = await stat(file('result.json'));
    await rename(file('journal.jsonl'), file('aside'));
    assert.deepEqual({ ...(await engine.compare(request)), provenance: null }, whole);
    assert.equal((await stat(file('result.json'))).ino, ino);
    assert.deepEqual((await readdir(path.join(runs, 'runs', id!))).sort(), ['aside', 'request.json', 'result.json']);
    await rename(file('aside'), file('journal.jsonl'));
    // A damaged one is made again, from the journal.
    await writeFile(file('result.json'), JSON.stringify({ ...result, layers: 5 }));
    assert.deepEqual({ ...(await engine.compare(request)), provenance: null }, whole);
    const labelled = { ...request, stages: request.stages.map((stage, index) => ({ ...stage, label: `L${index}` })) };
    assert.deepEqual(
      (await engine.compare(labelled)).stages.map(({ label }) => label),
      ['L0', 'L1'],
    );
    const recut = await engine.compare({ ...request, cuts: [1, 2] });
    assert.deepEqual(recut.cuts, [1, 2]);
    assert.equal(recut.provenance.runId, result.provenance.runId);
    assert.equal(await readJournal(runs), journal);
  });

  it('starts anew when a file is another one', async () => {
    assert.equal((await run(args())).code, 0);
    const other = path.join(temporary.path, 'other.safetensors');
    await copyFile(pair.after, other);
    const file = await open(other, 'r+');
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, (await file.stat()).size - 4);
    await file.close();
    assert.equal((await run(['compare', pair.before, other, '--runs', runs])).code, 0);
    assert.equal((await readdir(path.join(runs, 'runs'))).length, 2);
  });

  for (const group of [false, true]) {
    it(`is exit code 130 after ctrl-C${group ? ' in a terminal, which reaches its children too' : ''}, and continues`, async () => {
      const command = start(args('--threads', '1'), { detached: true });
      await untilJournalled(runs, 5, command);
      process.kill(group ? -command.child.pid! : command.child.pid!, 'SIGINT');
      const finished = await command.finished;
      assert.equal(finished.code, 130, finished.stderr);
      assert.equal(sentenceOf(finished), 'Cancelled.');
      assert.equal(finished.stdout, '');
      assert.ok(linesOf(await readJournal(runs)).length >= 5);
      const { stdout } = await run(args());
      assert.deepEqual(withoutProvenance(stdout), whole);
    });
  }

  it('is exit code 5 when a file is rewritten meanwhile', async () => {
    const own = path.join(temporary.path, 'rewritten.safetensors');
    await copyFile(pair.after, own);
    const command = start(['compare', pair.before, own, '--runs', runs, '--threads', '1']);
    await untilJournalled(runs, 3, command);
    const file = await open(own, 'r+');
    await file.write(Buffer.from([7]), 0, 1, 100_000);
    await file.close();
    const finished = await command.finished;
    assert.equal(finished.code, 5);
    assert.match(sentenceOf(finished), /rewritten\.safetensors/);
    assert.equal(finished.stdout, '');
  });

  it('is exit code 5 when a file is cut short while it is read', async () => {
    for (const keep of [0, 4096, 10_000_000]) {
      const own = path.join(temporary.path, 'shortened.safetensors');
      await copyFile(pair.after, own);
      const command = start(['compare', pair.before, own, '--runs', `${runs}-${keep}`]);
      await untilJournalled(`${runs}-${keep}`, 3, command);
      await truncate(own, keep);
      const finished = await command.finished;
      assert.equal(finished.code, 5, finished.stderr);
      assert.match(sentenceOf(finished), /shorter|changed/);
    }
  });

  it('says what SIGBUS means', async () => {
    // Comparisons map nothing: other analyses have an engine of their own for that.
    const command = start(['spectrum', pair.before, pair.after, '--runs', runs]);
    let engine: number | undefined;
    while ((engine = tryEnginePid(command)) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill(engine, 'SIGBUS');
    const finished = await command.finished;
    assert.equal(finished.code, 5);
    assert.match(
      sentenceOf(finished),
      /became shorter, or its disk failed, while it was being read\. Start again .* continues where it was\.$/,
    );
  });
});

function tryEnginePid(command: Parameters<typeof enginePid>[0]): number | undefined {
  try {
    return enginePid(command);
  } catch {
    return undefined; // not yet there
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
