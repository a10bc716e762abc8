import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { KnownFolders } from './knownFolders.js';
import { RunsWatcher } from './runsWatcher.js';
import { contexts, found, watchers, type FakeWatcher } from '../../test/fixtures/vscode.js';

/** Longer than what comes and goes is gathered for. Milliseconds. */
const SETTLED = 1000;

beforeEach(() => {
  vi.useFakeTimers();
  found.clear();
  watchers.length = 0;
});
afterEach(() => void vi.useRealTimers());

/** How often `changed` was called while `act` happened and settled. */
async function changes(counted: () => number, act: () => void): Promise<number> {
  const before = counted();
  act();
  await vi.advanceTimersByTimeAsync(SETTLED);
  return counted() - before;
}

describe('folders known as checkpoints', () => {
  let known: KnownFolders;
  let watcher: FakeWatcher;
  let fired = 0;
  const folders = () => contexts.get('frankenstein.checkpointFolders');

  beforeEach(async () => {
    found.add('/w/models/in/model.safetensors');
    known = new KnownFolders();
    fired = 0;
    known.onDidChange(() => fired++);
    watcher = watchers[0]!;
    await vi.advanceTimersByTimeAsync(SETTLED);
    assert.deepEqual(folders(), ['/w/models/in']);
  });
  afterEach(() => known.dispose());

  it('a new folder is searched, though nothing tells of the weights in it', async () => {
    found.add('/w/models/rl/model.safetensors');
    assert.equal(
      await changes(
        () => fired,
        () => watcher.create('/w/models/rl'),
      ),
      1,
    );
    assert.deepEqual(folders(), ['/w/models/in', '/w/models/rl']);
  });

  it('a new weight file counts, whatever else was written does not', async () => {
    found.add('/w/models/in/model-2.safetensors');
    const write = (name: string) =>
      changes(
        () => fired,
        () => watcher.create(`/w/models/in/${name}`),
      );
    assert.equal(await write('model-2.safetensors'), 1);
    assert.equal(await write('blend.frank.yaml'), 1);
    assert.equal(await write('trainer.log'), 0);
    assert.equal(await write('metadata.json'), 0);
  });

  it('a deleted folder counts where a checkpoint was in it', async () => {
    found.clear();
    const remove = (gone: string) =>
      changes(
        () => fired,
        () => watcher.delete(gone),
      );
    assert.equal(await remove('/w/notes'), 0);
    assert.equal(await remove('/w/mod'), 0);
    assert.equal(await remove('/w/models'), 1);
    assert.deepEqual(folders(), []);
  });
});

describe('runs that something else wrote', () => {
  let calls = 0;
  let runs: RunsWatcher;
  const watcher = () => watchers[0]!;

  beforeEach(() => {
    calls = 0;
    runs = new RunsWatcher(
      () => ['/w/.frankenstein'],
      () => calls++,
    );
  });
  afterEach(() => runs.dispose());

  it('a folder of runs that comes whole is noticed', async () => {
    found.add('/w/.frankenstein/runs/a/result.json');
    for (const folder of ['/w/.frankenstein', '/w/.frankenstein/runs', '/w/.frankenstein/runs/a'])
      assert.equal(
        await changes(
          () => calls,
          () => watcher().create(folder),
        ),
        1,
        folder,
      );
  });

  it('a result is noticed, a journal and what lies elsewhere are not', async () => {
    found.add('/w/.frankenstein/runs/a/result.json');
    found.add('/w/other/x.json');
    const write = (file: string) =>
      changes(
        () => calls,
        () => watcher().create(file),
      );
    assert.equal(await write('/w/.frankenstein/runs/a/result.json'), 1);
    assert.equal(await write('/w/.frankenstein/runs/a/journal.jsonl'), 0);
    assert.equal(await write('/w/other'), 0);
    assert.equal(await write('/w/.frankenstein-old/runs/a/result.json'), 0);
  });

  it('a deleted run is noticed by its folder alone', async () => {
    const remove = (gone: string) =>
      changes(
        () => calls,
        () => watcher().delete(gone),
      );
    assert.equal(await remove('/w/.frankenstein/runs/a'), 1);
    assert.equal(await remove('/w/.frankenstein'), 1);
    assert.equal(await remove('/w/.frankenstein/cache/a'), 0);
  });
});
