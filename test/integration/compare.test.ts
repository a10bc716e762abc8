// Comparing from the commands a person uses, up to the state that the panel shows.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { writeLineage, writeCheckpoint } from '../fixtures/checkpoints.js';
import { compared, lensTitles, lineage, services, until, workspaceFolder } from './support.js';
import type { ComparePanel } from '../../src/panel/comparePanel.js';

describe('comparing', () => {
  it('a lineage ends in a panel beside the file in hand, with every stage and layer', async () => {
    const { rl } = await lineage();
    await vscode.window.showTextDocument(vscode.Uri.file(path.join(rl, 'config.json')), {
      viewColumn: vscode.ViewColumn.One,
    });
    await compared();
    const { panels } = await services();
    const panel = panels.current;
    assert.ok(panel?.result);
    assert.deepEqual(
      panel.result.stages.map(({ label }) => label),
      ['base', 'in', 'rl'],
    );
    assert.equal(panel.result.layers.length, 3 + 1 + 6);
    assert.equal(panel.view.title, 'base → in → rl');
    // The workbench tells the host a moment later where it has put the panel.
    await until(() => panel.view.viewColumn === vscode.ViewColumn.Two, 'it stands beside the config');
  });

  it('leaves a run on disk, and the same request is back without a new one', async () => {
    await compared();
    const { results } = await services();
    const before = await results.list();
    assert.equal(before[0]?.state, 'finished');
    assert.ok(existsSync(path.join(before[0].folder, 'result.json')));
    assert.ok(before[0].folder.startsWith(path.join(workspaceFolder(), '.frankenstein')));
    await compared();
    assert.deepEqual(
      (await results.list()).map(({ runId }) => runId),
      before.map(({ runId }) => runId),
    );
  });

  it('recuts without comparing again', async () => {
    await compared();
    const panel = (await services()).panels.current! as ComparePanel;
    await panel.setCuts([1, 5]);
    assert.deepEqual(panel.result?.cuts, [1, 5]);
    assert.deepEqual(
      panel.result?.regions.map(({ first, last }) => [first, last]),
      [
        [0, 0],
        [1, 4],
        [5, 5],
      ],
    );
  });

  it('select, then compare with selected', async () => {
    const { base, in: cold } = await lineage();
    const { panels, selection } = await services();
    await vscode.commands.executeCommand(
      'frankenstein.selectForCompare',
      vscode.Uri.file(path.join(base, 'config.json')),
    );
    assert.equal(selection.checkpoint, base);
    await vscode.commands.executeCommand('frankenstein.compareWithSelected', vscode.Uri.file(cold));
    await until(() => panels.current?.title === 'base → in', 'the panel is there');
    const panel = panels.current!;
    await until(() => panel.state.kind !== 'running', 'it has ended');
    assert.deepEqual(
      panel.result?.stages.map(({ path: stage }) => stage),
      [base, cold],
    );
  });

  it('opens VS Code’s own diff of a file that differs', async () => {
    const { base, in: cold } = await lineage();
    await writeFile(path.join(cold, 'generation_config.json'), '{"temperature": 0.6}');
    const { panels } = await services();
    const panel = panels.open({
      kind: 'compare',
      stages: [
        { path: base, label: 'A' },
        { path: cold, label: 'B' },
      ],
    });
    await until(
      () => panel.result?.files.some(({ file }) => file === 'generation_config.json') ?? false,
      'the file is listed',
    );
    const { openFileDiff } = await import('../../src/panel/files.js');
    await openFileDiff(
      panel.request.stages,
      panel.result!.files.find(({ file }) => file === 'generation_config.json')!,
    );
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    assert.equal(input.modified.fsPath, path.join(cold, 'generation_config.json'));
  });

  it('shows where the index names a tensor', async () => {
    const { tensorDocuments } = await services();
    const { rl } = await lineage();
    const { revealTensor } = await import('../../src/panel/files.js');
    const index = await vscode.workspace.openTextDocument(path.join(rl, 'model.safetensors.index.json'));
    const line = index
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('layers.3.mlp.up_proj'));
    await revealTensor(tensorDocuments, rl, /"([^"]+)"/.exec(index.lineAt(line).text)![1]);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.fsPath, index.uri.fsPath);
    assert.equal(editor.selection.start.line, line);
  });

  it('lists the tensors of a checkpoint without an index, read-only, with the lenses of an index', async () => {
    const { engine, tensorDocuments, panels, results } = await services();
    const root = path.join(workspaceFolder(), 'single');
    const folders = { base: path.join(root, 'base'), in: path.join(root, 'in'), rl: path.join(root, 'rl') };
    await writeLineage(root, { layers: 3, visionLayers: 2, hidden: 32 });
    const panel = panels.open({ kind: 'compare', stages: [{ path: folders.in }, { path: folders.rl }] });
    await until(() => panel.state.kind === 'compare', 'the comparison ends');
    await until(async () => (await results.find('compare', folders.rl)) !== undefined, 'the run is listed');
    const { tensors } = await engine.inspect({ path: folders.rl });
    const { revealTensor } = await import('../../src/panel/files.js');
    await revealTensor(tensorDocuments, folders.rl, tensors[5]!.onDisk);
    const editor = vscode.window.activeTextEditor!;
    assert.equal(editor.document.uri.scheme, 'frankenstein-tensors');
    assert.ok(editor.document.lineAt(editor.selection.start.line).text.includes(tensors[5]!.onDisk));
    await until(
      async () => (await lensTitles(editor.document.uri)).some(({ title }) => title.includes('ΔRL')),
      'the lenses are there',
    );
  });

  it('a failure is the engine’s sentence, in the panel, with retry', async () => {
    const { base } = await lineage();
    const torn = path.join(workspaceFolder(), 'torn');
    await writeCheckpoint(torn, { layers: 6, visionLayers: 3, hidden: 32 });
    await truncate(path.join(torn, 'model.safetensors'), 5000);
    const { panels } = await services();
    const panel = panels.open({ kind: 'compare', stages: [{ path: base }, { path: torn }] });
    await until(() => panel.state.kind === 'failed', 'it fails');
    assert.ok(
      panel.state.kind === 'failed' && panel.state.code === 'malformed' && panel.state.canRetry,
      JSON.stringify(panel.state),
    );
    assert.match(panel.state.message, /model\.safetensors/);
  });

  it('a cancelled one says so and can go on', async () => {
    const { base, rl } = await lineage();
    const { panels, queue } = await services();
    const panel = panels.open({ kind: 'compare', stages: [{ path: base }, { path: rl }] });
    queue.find(panel.request)!.cancel();
    await until(() => panel.state.kind === 'failed', 'it is cancelled');
    assert.equal(panel.state.kind === 'failed' && panel.state.code, 'cancelled');
    panel.start();
    await until(() => panel.state.kind === 'compare', 'it went on');
  });

  it('survives the end of its engine process', async () => {
    const { engine } = await services();
    const { base } = await lineage();
    const first = await engine.inspect({ path: base });
    for (const pid of engineProcesses()) process.kill(pid, 'SIGKILL');
    await until(
      async () => (await engine.inspect({ path: base }).catch(() => undefined))?.fingerprint === first.fingerprint,
      'a new engine answers',
    );
  });

  it('inspects as a page', async () => {
    const { base } = await lineage();
    await vscode.commands.executeCommand('frankenstein.inspect', vscode.Uri.file(base));
    await until(
      () => vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label === 'Preview base.md')),
      'the page is shown',
    );
    const page = await vscode.workspace.openTextDocument(
      vscode.Uri.from({ scheme: 'frankenstein', path: '/base.md', query: base }),
    );
    assert.match(page.getText(), /^# base\n/);
    assert.match(page.getText(), /qwen2/);
  });
});

/** Ids of this host's engine processes. Linux only, as is the workbench. */
function engineProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[1];
        return (
          Number(parent) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join('dist', 'engine.mjs'))
        );
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
}
