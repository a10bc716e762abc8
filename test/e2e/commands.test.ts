// From the explorer and the palette to a comparison: what is offered where, and what a person is told when it cannot
// be.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeCheckpoint, writeLineage, type CheckpointOptions } from '../fixtures/checkpoints.js';
import { packagedVsix, temporaryWorkspace, useWorkbench } from '../workbench';
import { Panel, until } from './support.js';

const SIZE: CheckpointOptions = { layers: 3, visionLayers: 2, hidden: 16 };
const HOSTILE = 'a *b* [c](d) <img src=x onerror=alert(1)> $(trash)';
const OURS = ['Select for Compare', 'Compare with Selected', 'Compare with…', 'Compare Lineage…', 'Inspect Checkpoint'];

describe('commands', () => {
  let workspace = '';
  const lab = useWorkbench(async () => {
    workspace = temporaryWorkspace();
    await writeLineage(path.join(workspace, 'models'), SIZE);
    await writeCheckpoint(path.join(workspace, 'odd', HOSTILE), SIZE);
    await writeCheckpoint(path.join(workspace, 'odd', 'gemma'), { ...SIZE, family: 'gemma3' });
    await writeCheckpoint(path.join(workspace, 'odd', 'torn'), SIZE);
    await truncate(path.join(workspace, 'odd', 'torn', 'model.safetensors'), 9000);
    const pickled = path.join(workspace, 'odd', 'pickled');
    await mkdir(pickled);
    await writeFile(path.join(pickled, 'config.json'), '{"model_type": "qwen2_5_vl"}');
    await writeFile(path.join(pickled, 'pytorch_model.bin'), 'not read by anybody');
    await mkdir(path.join(workspace, 'notes'));
    await writeFile(path.join(workspace, 'notes', 'config.json'), '{"port": 80}');
    return { workspace, vsix: packagedVsix() };
  });
  const panel = () => new Panel(lab.page);
  const ours = async (target: string | string[]) =>
    (await lab.page.explorerMenuTitles(target, 'Frankenstein')).filter((title) => OURS.includes(title));

  beforeEach('start with no editor', async () => {
    await lab.page.clearNotifications();
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.page.locator('.part.editor .tab').first().waitFor({ state: 'detached' });
  });

  /** Compares through the menu of two folders, as a person who has not selected anything yet. */
  async function compareFolders(first: string, second: string): Promise<void> {
    await lab.page.explorerContextMenu(first, ['Frankenstein', 'Select for Compare']);
    await lab.page.explorerContextMenu(second, ['Frankenstein', 'Compare with Selected']);
  }

  it('a folder without weights offers nothing, nor does any other config.json', async () => {
    // The checkpoint first: the extension is there once its entries are.
    await until(
      async () => (await ours('models/base')).includes('Select for Compare'),
      'a checkpoint folder offers Select for Compare',
    );
    assert.deepEqual(await ours('notes'), []);
    assert.ok(!(await lab.page.explorerMenuTitles('notes/config.json')).includes('Frankenstein'));
  });

  it('Compare with Selected appears once something is selected, and not on that itself', async () => {
    assert.deepEqual(await ours('models/in'), [
      'Select for Compare',
      'Compare with…',
      'Compare Lineage…',
      'Inspect Checkpoint',
    ]);
    await lab.page.explorerContextMenu('models/base', ['Frankenstein', 'Select for Compare']);
    await lab.page.statusBarItem('base is selected for compare').waitFor();
    await until(async () => (await ours('models/in')).includes('Compare with Selected'), 'the second step is offered');
    assert.ok(!(await ours('models/base')).includes('Compare with Selected'));
    await lab.page.explorerContextMenu('models/in', ['Frankenstein', 'Compare with Selected']);
    assert.equal(await panel().result(), 'base → in');
  });

  it('config.json, a shard and its folder mean the same checkpoint', async () => {
    assert.ok((await lab.page.explorerMenuTitles('models/rl/config.json')).includes('Frankenstein'));
    await lab.page.explorerContextMenu('models/in/model.safetensors', ['Frankenstein', 'Select for Compare']);
    await lab.page.statusBarItem('in is selected for compare').waitFor();
    await lab.page.explorerContextMenu('models/rl/config.json', ['Frankenstein', 'Compare with Selected']);
    assert.equal(await panel().result(), 'in → rl');
    // The second time from the folders: the panel that is open, and no second run.
    const runs = readdirSync(path.join(workspace, '.frankenstein', 'runs'));
    await compareFolders('models/in', 'models/rl');
    await panel().result('in → rl');
    assert.deepEqual(await lab.page.tabTitles(), ['in → rl']);
    assert.deepEqual(readdirSync(path.join(workspace, '.frankenstein', 'runs')), runs);
  });

  it('the panel opens beside the config in hand and leaves it in sight', async () => {
    await lab.page.openFile('models/in/config.json');
    await lab.page.explorerContextMenu('models/base', ['Frankenstein', 'Select for Compare']);
    await lab.page.explorerContextMenu('models/in', ['Frankenstein', 'Compare with Selected']);
    await panel().result('base → in');
    assert.equal(await lab.page.page.locator('.part.editor .editor-group-container').count(), 2);
    const config = await lab.page.editor().boundingBox();
    const own = await lab.page.page.locator('iframe.webview.ready:visible').boundingBox();
    assert.ok(
      config && own && own.x >= config.x + config.width - 1,
      `config ${JSON.stringify(config)}, panel ${JSON.stringify(own)}`,
    );
  });

  it('Compare with… offers the checkpoints of the workspace, without the one in hand', async () => {
    await lab.page.explorerContextMenu('models/base', ['Frankenstein', 'Compare with…']);
    const offered = await lab.page.quickPickItems();
    assert.ok(offered.includes('models/rl') && offered.includes('models/in'), offered.join(', '));
    assert.ok(
      !offered.includes('models/base') && !offered.some((label) => label.startsWith('notes')),
      offered.join(', '),
    );
    await lab.page.quickPick('models/rl');
    assert.equal(await panel().result(), 'base → rl');
  });

  it('several folders together offer a lineage, whose order is guessed, and can be changed', async () => {
    const folders = ['models/rl', 'models/base', 'models/in'];
    assert.deepEqual(await ours(folders), ['Compare Lineage…']);
    await lab.page.explorerContextMenu(folders, ['Frankenstein', 'Compare Lineage…']);
    assert.equal(await panel().result(), 'base → in → rl');
  });

  it('the palette does all of it, and offers only what can be done', async () => {
    const titles = await lab.page.paletteTitles('Frankenstein: ');
    for (const title of OURS)
      assert.ok(titles.includes(`Frankenstein: ${title}`), `${title} is missing among ${titles.join(', ')}`);
    for (const title of ['Cancel', 'Retry', 'Pin Figure', 'Unpin Figure'])
      assert.ok(!titles.includes(`Frankenstein: ${title}`), `${title} is offered`);
    await lab.page.runCommand('Frankenstein: Compare Lineage…');
    await lab.page.quickPick(['models/in', 'models/rl']);
    assert.equal(await panel().result(), 'in → rl');
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.runCommand('Frankenstein: Select for Compare');
    await lab.page.quickPick('models/base');
    await lab.page.runCommand('Frankenstein: Compare with Selected');
    await lab.page.quickPick('models/rl');
    assert.equal(await panel().result('base → rl'), 'base → rl');
  });

  it('Inspect Checkpoint shows a page; nothing in a name becomes markup', async () => {
    await lab.page.explorerContextMenu(`odd/${HOSTILE}`, ['Frankenstein', 'Inspect Checkpoint']);
    const page = lab.page.webviewFrame();
    await page.locator('h1').waitFor();
    assert.equal(await page.locator('h1').first().innerText(), HOSTILE);
    assert.equal(await page.locator('img').count(), 0);
    assert.match(await page.locator('body').innerText(), /Family\s+qwen2_5_vl/);
    await page.getByText('model.language_model.layers.2.mlp.down_proj.weight').first().waitFor();
  });

  it('a hostile name is a name in the panel too', async () => {
    await compareFolders('models/base', `odd/${HOSTILE}`);
    const title = await panel().result();
    assert.ok(title.endsWith(HOSTILE), title);
    assert.equal(await panel().frame.locator('img').count(), 0);
  });

  describe('what cannot be compared', () => {
    it('two families: one sentence in the panel, and VS Code goes on', async () => {
      await compareFolders('models/base', 'odd/gemma');
      const sentence = await panel().failure();
      assert.match(sentence, /qwen2_5_vl/);
      assert.match(sentence, /gemma3/);
      assert.doesNotMatch(sentence, /Error:|\n|\bat \w+ \(/);
      assert.equal(await panel().frame.getByRole('alert').count(), 1);
      await lab.page.runCommand('View: Close All Editors');
      await compareFolders('models/base', 'models/in');
      await panel().result('base → in');
    });

    it('a folder with .bin files alone: what they are, and how to convert them', async () => {
      await compareFolders('models/base', 'odd/pickled');
      const sentence = await panel().failure();
      assert.match(sentence, /\.bin/);
      assert.match(sentence, /safetensors/);
      assert.doesNotMatch(sentence, /\n/);
    });

    it('a truncated file is named; once it is whole, Retry compares', async () => {
      const before = readdirSync(path.join(workspace, '.frankenstein', 'runs'));
      await compareFolders('models/base', 'odd/torn');
      assert.match(await panel().failure('malformed'), /model\.safetensors/);
      assert.deepEqual(readdirSync(path.join(workspace, '.frankenstein', 'runs')), before, 'nothing was written');
      await writeCheckpoint(path.join(workspace, 'odd', 'torn'), { ...SIZE, updates: [{ seed: 7, relative: 0.01 }] });
      await panel().id('retry').click();
      assert.equal(await panel().result(), 'base → torn');
    });

    it('a folder that is gone is said to be gone', async () => {
      const gone = path.join(workspace, 'odd', 'gone');
      await writeCheckpoint(gone, SIZE);
      await until(async () => (await ours('odd/gone')).includes('Select for Compare'), 'the new folder is known');
      await lab.page.explorerContextMenu('odd/gone', ['Frankenstein', 'Select for Compare']);
      await rm(gone, { recursive: true });
      await lab.page.explorerContextMenu('models/base', ['Frankenstein', 'Compare with Selected']);
      assert.match(await panel().failure(), /gone/);
      assert.ok(!existsSync(gone));
    });
  });

  describe('in the end', () => {
    it('nothing of this broke the rules of the page', () => {
      assert.deepEqual(lab.page.cspViolations, []);
      assert.deepEqual(lab.page.errors, []);
    });
  });
});
