/** What a model file says is text wherever the editor shows it: no link that runs a command, no icon. */
import { answers, commands, shown } from '../../test/fixtures/vscode.js';
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'vitest';
import type { EngineApi, FoundCheckpoint } from '../protocol/engineApi.js';
import { registerCommands } from '../commands/register.js';
import { Headers } from '../services/headers.js';
import { Queue } from '../services/queue.js';
import { inert } from '../services/markdown.js';
import { askText, confirm, showStatus, withProgress, type TreeRow } from '../services/screen.js';
import type { Services } from '../services/services.js';
import { CheckpointNode } from './checkpointsTree.js';
import { ActiveNode, keyOfJob, keyOfRun, RunNode, runNodes } from './runsTree.js';
import type { FoundRun } from '../services/resultsIndex.js';

const EVIL = '[Repair this file](command:workbench.extensions.installExtension?%22evil.x%22) $(bug)';
/** As VS Code finds links in a text, and icons in a label. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)/;
const ICON = /\$\(bug\)/;

function assertInert(value: unknown): void {
  const text = JSON.stringify(value);
  assert.ok(text.includes('Repair this file'), `nothing was said: ${text}`);
  assert.doesNotMatch(text, LINK);
  assert.doesNotMatch(text, ICON);
}

const found: FoundCheckpoint = { path: `/x/${EVIL}`, label: EVIL, family: EVIL, bytes: 1, source: 'workspace' };
const run = (more: Partial<FoundRun> = {}): FoundRun => ({
  runId: '0123456789abcdef',
  kind: 'compare',
  labels: [EVIL, 'rl'],
  paths: [`/x/${EVIL}`, '/x/rl'],
  state: 'finished',
  startedAt: '2026-01-01T00:00:00.000Z',
  done: 1,
  folder: `/x/${EVIL}/.frankenstein/runs/0123456789abcdef`,
  runsFolder: '/x/.frankenstein',
  ...more,
});

describe('texts on screen', () => {
  beforeEach(() => {
    shown.length = 0;
    answers.length = 0;
  });

  it('an error of the engine is shown without its links', async () => {
    const engine = { inspect: () => Promise.reject(new Error(`The tensor "${EVIL}" takes 12 bytes.`)) };
    const services = {
      engine: engine as unknown as EngineApi,
      log: { error: () => undefined, info: () => undefined },
    } as unknown as Services;
    registerCommands(services);
    await commands.get('frankenstein.inspect')!(`/x/${EVIL}`);
    const [error] = shown.filter(({ by }) => by === 'showErrorMessage');
    assertInert(error?.args[0]);
    // The progress before it names the folder.
    assertInert(shown.filter(({ by }) => by === 'withProgress'));
  });

  it('so are progress, dialogs, prompts, the status bar, and their validation', async () => {
    await withProgress(EVIL, 'notification', (report) => Promise.resolve(report(EVIL)));
    await confirm(EVIL, EVIL, 'Delete');
    showStatus(EVIL, 'check');
    await askText({ title: EVIL, prompt: EVIL, placeholder: EVIL, refuse: () => EVIL });
    const [box] = shown.filter(({ by }) => by === 'showInputBox');
    const { validateInput } = box!.args[0] as { validateInput: (text: string) => Promise<string> };
    assertInert(await validateInput(''));
    for (const by of ['withProgress', 'report', 'showWarningMessage', 'setStatusBarMessage', 'showInputBox'])
      for (const { args } of shown.filter((one) => one.by === by)) assertInert(args);
    assert.equal(shown.length, 5);
  });

  it('so are rows of both trees, their tooltips and what a screen reader says', () => {
    const broken = { kind: 'broken', reason: EVIL } as const;
    const rows: TreeRow[] = [
      new RunNode(run(), EVIL),
      new CheckpointNode(found, { runs: [], header: broken, selected: true }),
      new ActiveNode(
        new Queue({} as EngineApi, () => ({ memory: undefined, threads: 1, runsFolder: '/r' })).start({
          kind: 'compare',
          stages: [{ path: EVIL }],
        }),
      ),
    ];
    for (const { label, description, tooltip, accessibilityInformation } of rows)
      assertInert([label, description, tooltip, accessibilityInformation]);
  });

  it('and stay what they are otherwise', () => {
    assert.equal(inert('W[0](x) costs 5 $ (about)'), 'W[0] (x) costs 5 $ (about)');
    assert.equal(inert('a.b[1] → c'), 'a.b[1] → c');
  });
});

describe('rows of the trees', () => {
  it('say what they are to a screen reader, not where', () => {
    const row = new RunNode(run({ kind: 'swap', labels: ['in'], paths: ['/m/in'] }));
    assert.doesNotMatch(row.accessibilityInformation!.label, /\/m\//);
  });

  it('a hybrid is no path on disk and no part of the title', () => {
    const row = new RunNode(
      run({
        kind: 'transfer',
        labels: ['in', 'rl', 'in:rl:rl'],
        paths: ['/m/in', '/m/rl', '/m/in/recipe-9d1b9abe'],
      }),
    );
    assert.equal(row.label, 'Transferability · in, rl');
    assert.doesNotMatch(row.tooltip as string, /recipe-/);
  });

  it('a transfer under way is the run that it writes', () => {
    const checkpoints = [
      { path: '/m/in', label: 'in', role: 'in' as const },
      { path: '/m/rl', label: 'rl', role: 'rl' as const },
      { path: '/m/in', label: 'in:rl:rl', role: 'hybrid' as const, recipe: 'stitch: …' },
    ];
    const paths = ['/m/in', '/m/rl', '/m/in/recipe-9d1b9abe'];
    for (const kind of ['transfer', 'sweep', 'evaluate'] as const)
      assert.equal(
        keyOfJob({ request: { kind: 'evaluate', evaluation: { kind, checkpoints, data: '/d' } } }),
        keyOfRun({ kind, paths }),
      );
  });

  it('runs of one title name the folder that tells them apart', () => {
    const of = (...paths: string[]) => run({ labels: ['in', 'rl'], paths, folder: paths.join() });
    const rows = runNodes([
      of('/m/lineage/in', '/m/lineage/rl'),
      of('/m/big/in', '/m/big/rl'),
      of('/m/x/in', '/m/x/rl2'),
    ]);
    assert.deepEqual(
      rows.map(({ description }) => String(description).split(' · ')[0]),
      ['lineage', 'big', 'x'],
    );
  });

  it('a broken checkpoint has a warning and its reason; one without its base has not', async () => {
    const failures: Record<string, string> = { '/torn': 'malformed', '/adapter': 'no-base' };
    const headers = new Headers({
      inspect: ({ path }) =>
        Promise.reject(Object.assign(new Error(`${path} is truncated.`), { code: failures[path] })),
    });
    await headers.read(['/torn', '/adapter']);
    const row = (path: string) =>
      new CheckpointNode(
        { ...found, path, label: 'x', family: 'qwen' },
        { runs: [], header: headers.of(path), selected: false },
      );
    assert.match(row('/torn').tooltip as string, /is truncated/);
    assert.match(String(row('/torn').description), /cannot be read/);
    assert.equal((row('/torn').iconPath as { id: string }).id, 'warning');
    assert.equal((row('/adapter').iconPath as { id: string }).id, 'package');
  });
});
