// A plan of frozen trainings as the editor gets it: completion, hovers, lenses, problems.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { lensTitles, lineage, until, workspaceFolder } from './support.js';

describe('a plan of frozen trainings', () => {
  let plan: vscode.TextDocument;
  const locationOf = (text: string, within = 1) => plan.positionAt(plan.getText().indexOf(text) + within);

  before(async () => {
    const { rl } = await lineage();
    const folder = path.join(workspaceFolder(), 'frozen');
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, 'questions.jsonl'),
      '{"id":"a","prompt":"1?","answer":"1","answer_type":"number"}\n',
    );
    const file = path.join(folder, 'freeze.frank.yaml');
    await writeFile(
      file,
      [
        `model: ${JSON.stringify(path.relative(folder, rl))}`,
        'data: questions.jsonl',
        'trainer: trl',
        'also: [vision]',
        'runs:',
        '  control: {}',
        '  late: {freeze: [late]}',
        '',
      ].join('\n'),
    );
    plan = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(plan, vscode.ViewColumn.One);
  });

  const labels = async (at: vscode.Position) => {
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      plan.uri,
      at,
    );
    return items.map(({ label }) => (typeof label === 'string' ? label : label.label));
  };

  it('has a language of its own', () => assert.equal(plan.languageId, 'frankenstein-freeze'));

  it('completes words, and what may be frozen', async () => {
    const trainers = await labels(locationOf('trl', 0));
    for (const one of ['trl', 'ms-swift', 'verl']) assert.ok(trainers.includes(one), trainers.join(' '));
    const selectors = await labels(locationOf('[late]'));
    for (const one of ['early', 'mid.mlp', 'all']) assert.ok(selectors.includes(one), selectors.join(' '));
  });

  it('explains keys and what a selector matches', async () => {
    const hover = async (at: vscode.Position) =>
      (await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', plan.uri, at))
        .flatMap(({ contents }) => contents.map((one) => (typeof one === 'string' ? one : one.value)))
        .join('\n');
    assert.match(await hover(locationOf('also')), /frozen in every run/);
    assert.match(await hover(locationOf('[late]', 2)), /It matches [\d,]+ parameters in \d+ tensors/);
  });

  it('has lenses on the plan and on each run', async () => {
    const lenses = await lensTitles(plan.uri);
    const at = (line: number) => lenses.filter((one) => one.line === line).map(({ title }) => title);
    assert.deepEqual(at(0), ['$(play) Run', 'Watch', 'Verify', 'Report', '2 runs, all parameters']);
    const late = at(locationOf('  late:').line);
    assert.deepEqual(late.slice(0, 2), ['$(play) Run', 'Watch']);
    assert.match(late[2]!, /^[\d,]+ parameters train, [\d,]+ frozen \$\(warning\)$/);
    const watch = lenses.find(({ title, line }) => title === 'Watch' && line > 0)!.command;
    assert.equal(watch.command, 'frankenstein.watchTraining');
    assert.deepEqual(watch.arguments, [
      { title: 'control', folders: [path.join(path.dirname(plan.uri.fsPath), 'runs', 'control')] },
    ]);
  });

  it('warns of what else trains', async () => {
    const beside = () =>
      vscode.languages.getDiagnostics(plan.uri).find(({ message }) => /Beside the language layers/.test(message));
    await until(() => beside() !== undefined, 'the plan is checked');
    assert.equal(plan.getText(beside()!.range), 'also');
    assert.equal(beside()!.severity, vscode.DiagnosticSeverity.Warning);
  });
});
