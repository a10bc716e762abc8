// The figures inside editors, as the editor gets them: lenses, hovers, pinned threads, and the switch.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { compared, lensTitles, lineage, services, until, workspaceFolder } from './support.js';

const hoverText = async (uri: vscode.Uri, line: number) => {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    uri,
    new vscode.Position(line, 8),
  );
  return hovers
    .flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value)))
    .join('\n');
};

describe('inline figures', () => {
  let index: vscode.TextDocument;
  let config: vscode.TextDocument;

  before(async () => {
    await compared();
    const { rl } = await lineage();
    index = await vscode.workspace.openTextDocument(path.join(rl, 'model.safetensors.index.json'));
    config = await vscode.workspace.openTextDocument(path.join(rl, 'config.json'));
    await vscode.window.showTextDocument(index, vscode.ViewColumn.One);
  });

  it('an index has a lens above the first tensor of every layer', async () => {
    const lenses = await lensTitles(index.uri);
    const layers = lenses.filter(({ title }) => /^(Language layer|Vision block|Projector)/.test(title));
    assert.equal(layers.length, 6 + 3 + 1);
    for (const { line, title } of layers)
      assert.match(title, /: ΔIN \d\S* · (\$\(warning\) )?\d\S*× floor · \d[\d.]*% changed$/, `line ${line}`);
    const third = layers.find(({ title }) => title.startsWith('Language layer 3'))!;
    assert.match(index.lineAt(third.line).text, /layers\.3\./);
    assert.doesNotMatch(index.lineAt(third.line - 1).text, /language_model\.layers\.3\./);
    assert.ok(lenses.some(({ line, title }) => line === third.line && /^ΔRL /.test(title)));
    assert.ok(lenses.some(({ line, title }) => line === third.line && title === '$(pin) Pin'));
  });

  it('a config has lenses at the keys of its parts, and the regions', async () => {
    const lenses = await lensTitles(config.uri);
    const at = (key: RegExp) =>
      lenses.filter(({ line }) => key.test(config.lineAt(line).text)).map(({ title }) => title);
    assert.ok(
      at(/"num_hidden_layers"/).some((title) => /^language: ΔRL /.test(title)),
      JSON.stringify(lenses.map(({ title }) => title)),
    );
    assert.ok(at(/"num_hidden_layers"/).some((title) => /^ΔRL early \S+ · mid \S+ · late \S+$/.test(title)));
    assert.ok(at(/"vision_config"/).some((title) => /^vision: ΔRL /.test(title)));
  });

  it('a tensor’s hover has the figure, the numbers and two links', async () => {
    const line = index
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('layers.2.mlp.up_proj'));
    const text = await hoverText(index.uri, line);
    assert.match(text, /!\[[^\]]+\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\|width=460,height=\d+\)/);
    assert.match(text, /\|[^|]*‖Δ‖ \/ ‖W‖ \|[^|]*‖Δ‖ \|[^]*\n\| ΔIN \| \d\S* \| \d[^]*\n\| ΔRL \| \d/);
    assert.match(text, /\[Pin\]\(command:frankenstein\.inline\.pin\?/);
    assert.match(text, /\[Open\]\(command:frankenstein\.inline\.open\?/);
  });

  it('Pin puts the layer between the lines; pinning again does not double it', async () => {
    const { pins } = await services();
    pins.clear();
    const pin = (await lensTitles(index.uri)).find(
      ({ title, line }) => title === '$(pin) Pin' && /layers\.2\./.test(index.lineAt(line).text),
    )!;
    for (let i = 0; i < 2; i++)
      await vscode.commands.executeCommand(pin.command.command, ...(pin.command.arguments as unknown[]));
    assert.equal(pins.count, 1);
    await vscode.commands.executeCommand('frankenstein.inline.unpinAll');
    assert.equal(pins.count, 0);
  });

  it('Open brings the panel to that layer', async () => {
    const { panels } = await services();
    const open = (await lensTitles(index.uri)).find(({ title }) => title.startsWith('Language layer 2'))!;
    await vscode.commands.executeCommand(open.command.command, ...(open.command.arguments as unknown[]));
    await until(
      () => panels.current?.title === 'base → in → rl' && panels.current.view.visible,
      'the panel is in front',
    );
  });

  it('links with arguments of another make do nothing', async () => {
    const { pins } = await services();
    for (const target of [
      undefined,
      null,
      3,
      {},
      { uri: 'file:///x', line: -1, folder: '/', depth: null, tensor: null },
    ]) {
      await vscode.commands.executeCommand('frankenstein.inline.pin', target);
      await vscode.commands.executeCommand('frankenstein.inline.open', target);
    }
    assert.equal(pins.count, 0);
  });

  it('a checkpoint without a result offers to compare; another config.json offers nothing', async () => {
    const folder = path.join(workspaceFolder(), 'fresh');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'config.json'), '{\n  "model_type": "qwen2_vl"\n}');
    assert.deepEqual(
      (await lensTitles(vscode.Uri.file(path.join(folder, 'config.json')))).map(({ title }) => title),
      ['Compare with…', 'Inspect'],
    );
    await writeFile(path.join(workspaceFolder(), 'config.json'), '{\n  "port": 80\n}');
    assert.deepEqual(await lensTitles(vscode.Uri.file(path.join(workspaceFolder(), 'config.json'))), []);
  });

  it('the lenses follow an edit', async () => {
    const lineOf = async () =>
      (await lensTitles(index.uri)).find(({ title }) => title.startsWith('Language layer 2'))!.line;
    const before = await lineOf();
    const edit = new vscode.WorkspaceEdit();
    edit.insert(index.uri, new vscode.Position(1, 0), '  "note": 1,\n  "other": 2,\n');
    await vscode.workspace.applyEdit(edit);
    assert.equal(await lineOf(), before + 2);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('the lenses of an index of 50,000 lines follow the typing', async () => {
    const { rl } = await lineage();
    const names = Array.from(
      { length: 50_000 },
      (_, i) =>
        `    "model.language_model.layers.${i % 6}.mlp.experts.${i}.up_proj.weight": ` +
        '"model-00001-of-00002.safetensors"',
    );
    // Beside the shards, so that it belongs to a checkpoint that has a result.
    const file = vscode.Uri.file(path.join(rl, 'large.safetensors.index.json'));
    await writeFile(file.fsPath, `{\n  "weight_map": {\n${names.join(',\n')}\n  }\n}`);
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    // The unit tests count the lines that are read anew.
    for (let i = 0; i < 10; i++) {
      const edit = new vscode.WorkspaceEdit();
      edit.insert(file, new vscode.Position(25_000, 0), ' ');
      await vscode.workspace.applyEdit(edit);
      assert.ok((await lensTitles(file)).length > 0);
    }
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.workspace.fs.delete(file);
  });

  it('the setting switches all of it off and on, live', async () => {
    const enabled = () => vscode.workspace.getConfiguration('frankenstein').get('inline.enabled');
    await vscode.commands.executeCommand('frankenstein.toggleInline');
    await until(() => enabled() === false, 'the setting is off');
    await until(async () => (await lensTitles(config.uri)).length === 0, 'the lenses are gone');
    await vscode.commands.executeCommand('frankenstein.toggleInline');
    await until(async () => (await lensTitles(config.uri)).length > 0, 'the lenses are back');
  });
});
