// A training's checkpoints as a person follows them: from the folder's menu to the figures, and on with the training.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import path from 'node:path';
import { writeCheckpoint } from '../fixtures/checkpoints.js';
import { packagedVsix, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, Panel, runNames } from './support.js';

describe('a trajectory', () => {
  let workspace = '';
  /** Whole when it is there, as a trainer that renames has it. */
  const write = async (count: number) => {
    const made = path.join(mkdtempSync(path.join(workspace, '.made-')), 'made');
    const updates = Array.from({ length: count }, (_, seed) => ({ seed, relative: 0.02 }));
    await writeCheckpoint(made, { hidden: 32, layers: 3, visionLayers: 2, updates });
    renameSync(made, path.join(workspace, 'outputs', `checkpoint-${100 * count}`));
  };
  const lab = useWorkbench(
    async () => {
      workspace = temporaryWorkspace();
      mkdirSync(path.join(workspace, 'outputs'));
      for (const count of [1, 2, 3]) await write(count);
      return { workspace, vsix: packagedVsix() };
    },
    { theme: 'dark', viewport: { width: 1500, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const state = () => panel().id('follow-state').innerText();

  it('opens from the menu of its folder, and says what happened', async () => {
    await lab.page.explorerContextMenu('outputs', 'Compare Trajectory…');
    await panel().id('trajectory').waitFor();
    assert.match(await state(), /^3 checkpoints, step 100 to 300/);
    assert.match(
      await panel().id('reading').innerText(),
      /^The largest share of the movement from checkpoint-100 to checkpoint-300/,
    );
    assert.equal(runNames(path.join(workspace, '.frankenstein')).length, 1);
    await lab.page.screenshot('trajectory-dark');
  });

  it('a cell of the map leads to its layer’s curve, by keyboard too', async () => {
    await panel().id('step-map').focus();
    await lab.page.page.keyboard.press('End');
    await panel().repaints('step-lines-canvas', () => lab.page.page.keyboard.press('Enter'));
    await panel().frame.getByText('Language layer 2', { exact: true }).first().waitFor();
    await panel().press('size', 'Absolute');
    await panel().press('against', 'Since previous');
    await panel().frame.getByRole('heading', { name: 'Update ‖Δ‖ since the previous checkpoint, by step' }).waitFor();
    await lab.page.page.keyboard.press('Escape');
  });

  it('takes up a new checkpoint while it is watched, in place', async () => {
    await panel().id('follow').click();
    await eventually(state, (text) => /watching for new checkpoints/.test(text), 'it is watched');
    await write(4);
    await eventually(state, (text) => /^4 checkpoints, step 100 to 400/.test(text), 'the new checkpoint is there');
    // What was chosen stays chosen.
    await panel().frame.getByRole('heading', { name: 'Update ‖Δ‖ since the previous checkpoint, by step' }).waitFor();
    await panel().id('follow').click();
    await eventually(state, (text) => !/watching/.test(text), 'it is no longer watched');
  });
});
