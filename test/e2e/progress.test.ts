// A comparison that takes its time: what is said meanwhile, how it is stopped, and that nothing that was done is lost.
// The engine is held still while the screen is read, so that no machine is too fast for it.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packagedVsix, temporaryWorkspace, useWorkbench } from '../workbench';
import { enginePids, eventually, holdEngine, Panel, runNames, writeLargePair } from './support.js';

describe('a long comparison', () => {
  let workspace = '';
  let release: () => void = () => undefined;
  const lab = useWorkbench(async () => {
    workspace = temporaryWorkspace();
    // F8 is widened number by number: long enough for progress on any machine.
    await writeLargePair(workspace, { layers: 16, hidden: 768 }, 'F8_E4M3');
    return {
      workspace,
      vsix: packagedVsix(),
      settings: { 'frankenstein.threads': 1, 'frankenstein.memoryBudget': 0.25 },
    };
  });
  const panel = () => new Panel(lab.page);
  const runsFolder = () => path.join(workspace, '.frankenstein');
  const journalOf = (run: string) => readFileSync(path.join(runsFolder(), 'runs', run, 'journal.jsonl'), 'utf8');
  const namesIn = (journal: string) =>
    journal
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { name: string }).name);
  const statusBar = () => lab.page.statusBarItem(/(base|in) → (in|base): /);

  const compare = async (first: string, second: string) => {
    await lab.page.explorerContextMenu(first, ['Frankenstein', 'Select for Compare']);
    await lab.page.explorerContextMenu(second, ['Frankenstein', 'Compare with Selected']);
  };

  /**
   * Does something that starts a comparison, or goes on with `run`, and holds it when its journal has so many lines.
   */
  async function startAndHold(start: () => Promise<void>, lines: number, run?: string): Promise<string> {
    const hold = holdEngine({
      extensionsDir: lab.workbench.server.extensionsDir,
      runsFolder: runsFolder(),
      known: runNames(runsFolder()).filter((name) => name !== run),
      lines,
    });
    release = hold.release;
    await start();
    return hold.held;
  }

  /** Nothing that stood in the journal was thrown away, and nothing was computed twice. */
  function assertContinued(run: string, before: string): void {
    const after = journalOf(run);
    assert.ok(after.startsWith(before.slice(0, before.lastIndexOf('\n') + 1)), 'the journal goes on where it was');
    const names = namesIn(after);
    assert.equal(new Set(names).size, names.length, 'no tensor was compared twice');
    assert.ok(names.length > namesIn(before).length);
  }

  const closePanel = async () => {
    await lab.page.tab('base → in').click();
    await lab.page.runCommand('View: Close Editor');
    await lab.page.page.locator('iframe.webview').waitFor({ state: 'detached' });
  };

  afterEach('let the engine go', () => release());

  it('says how far it is, can be cancelled, and goes on where it was', async () => {
    // Progress is reported ten times a second: late enough that a fast machine has reported some.
    const run = await startAndHold(() => compare('base', 'in'), 70);
    const bar = panel().id('progress');
    await eventually(
      () => bar.getAttribute('aria-valuenow'),
      (now) => now !== null && Number(now) > 0 && Number(now) < 100,
      'there is progress',
    );
    assert.match(await panel().id('progress-bytes').innerText(), /^[\d.]+ MB of [\d.]+ MB · [\d.]+%$/);
    assert.match((await bar.getAttribute('aria-valuetext'))!, /MB of/);
    assert.equal(await panel().id('running').locator('h1').innerText(), 'base → in');
    await eventually(
      () => statusBar().innerText(),
      (text) => /base → in: \d+%/.test(text),
      'the status bar has it',
    );
    await lab.page.screenshot('progress');
    await panel().id('cancel').click();
    release();
    assert.match(await panel().failure('cancelled'), /^Cancelled\. .+ continues from there\.$/);
    await statusBar().waitFor({ state: 'hidden' });
    assert.ok(!existsSync(path.join(runsFolder(), 'runs', run, 'result.json')));
    const done = journalOf(run);
    assert.equal(await panel().id('retry').innerText(), 'Continue');
    await panel().id('retry').click();
    await panel().result('base → in');
    assertContinued(run, done);
    // Every third weight was changed, by construction.
    const changed = await panel().id('summary-0').locator('tr[data-part="mid"] td').nth(2).innerText();
    assert.equal(changed, '33.3%');
  });

  it('the same comparison is back at once', async () => {
    const runs = runNames(runsFolder());
    const finished = readFileSync(path.join(runsFolder(), 'runs', runs[0]!, 'result.json'));
    await closePanel();
    await compare('base', 'in');
    await panel().result('base → in');
    assert.deepEqual(runNames(runsFolder()), runs);
    assert.deepEqual(readFileSync(path.join(runsFolder(), 'runs', runs[0]!, 'result.json')), finished);
    // Without comparing anything: opened from the list of runs.
    await closePanel();
    await lab.page.runCommand('Frankenstein: Open Run');
    await lab.page.quickPick('Comparison · base → in');
    await panel().result('base → in');
    await closePanel();
  });

  it('cancelled from the palette, then the window reloaded half way: the panel offers to continue', async () => {
    const run = await startAndHold(() => compare('in', 'base'), 8);
    await panel().id('progress').waitFor();
    const title = await panel().id('running').locator('h1').innerText();
    await lab.page.runCommand('Frankenstein: Cancel');
    release();
    await panel().failure('cancelled');
    const first = journalOf(run);
    await startAndHold(() => panel().id('retry').click(), namesIn(first).length + 6, run);
    const second = journalOf(run);
    await panel().id('progress').waitFor();
    await lab.page.reloadWindow();
    release();
    assert.match(await panel().failure('interrupted'), /^This comparison was interrupted at [1-9]\d?%\. Continue\?$/);
    await panel().id('retry').click();
    await panel().result(title);
    assertContinued(run, second);
    await lab.page.runCommand('View: Close All Editors');
  });

  it('goes on behind a closed panel, is found again by the status bar, and tells when it is done', async () => {
    rmSync(runsFolder(), { recursive: true });
    await startAndHold(() => compare('base', 'in'), 8);
    await panel().id('running').waitFor();
    await closePanel();
    await statusBar().click();
    await panel().id('running').waitFor();
    await closePanel();
    release();
    await lab.page.notificationAction('Comparison · base → in: done.', 'Open');
    await panel().result('base → in');
    await statusBar().waitFor({ state: 'hidden' });
    await lab.page.runCommand('View: Close All Editors');
  });

  it('an engine that dies loses nothing: one sentence, and Retry goes on', async () => {
    rmSync(runsFolder(), { recursive: true });
    const run = await startAndHold(() => compare('base', 'in'), 10);
    await panel().id('running').waitFor();
    for (const pid of enginePids(lab.workbench.server.extensionsDir)) process.kill(pid, 'SIGKILL');
    assert.match(await panel().failure('engine-lost'), /ended unexpectedly .+ continues where it was/);
    const done = journalOf(run);
    await panel().id('retry').click();
    await panel().result('base → in');
    assertContinued(run, done);
  });

  it('nothing of this broke the rules of the page', () => {
    assert.deepEqual(lab.page.cspViolations, []);
    assert.deepEqual(lab.page.errors, []);
  });
});
