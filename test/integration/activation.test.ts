// The extension in a real extension host: it activates, and keeps what its manifest promises.

import assert from 'node:assert/strict';
import * as vscode from 'vscode';

interface Manifest {
  contributes: { commands?: { command: string; category?: string }[] };
}

const ID = 'frankenstein-lab.frankenstein-lab';

function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(ID);
  assert.ok(found, `${ID} is not there`);
  return found;
}

describe('activation', () => {
  it('activates without an error', async () => {
    await extension().activate();
    assert.equal(extension().isActive, true);
  });

  it('runs where the workspace is', () => {
    assert.equal(extension().extensionKind, vscode.ExtensionKind.Workspace);
  });

  it('registers every command of its manifest', async () => {
    await extension().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const promised = (extension().packageJSON as Manifest).contributes.commands ?? [];
    assert.ok(promised.length > 0);
    const missing = promised.map(({ command }) => command).filter((command) => !registered.has(command));
    assert.deepEqual(missing, []);
  });

  it('puts every command in the category Frankenstein', () => {
    const promised = (extension().packageJSON as Manifest).contributes.commands ?? [];
    assert.deepEqual(
      promised.filter(({ category }) => category !== 'Frankenstein').map(({ command }) => command),
      [],
    );
  });
});
