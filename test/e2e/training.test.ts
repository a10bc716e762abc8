// Trainings as a person watches them: from the menu of a folder to figures that grow while they are open, and to what
// the model wrote at a step.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { Panel, until } from './support.js';

const LOGS = path.join(root, 'test', 'parity', 'training', 'logs');

describe('watching trainings', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      // As an experiment of a freeze plan lies on disk.
      const runs = path.join(workspace, 'exp', 'runs');
      cpSync(path.join(LOGS, 'trl'), path.join(runs, 'control', 'output'), { recursive: true });
      mkdirSync(path.join(runs, 'control', 'result'));
      mkdirSync(path.join(runs, 'mid', 'output'), { recursive: true });
      writeFileSync(log(), [1, 2, 3].map((step) => line(step)).join(''));
      return Promise.resolve({ workspace, vsix: packagedVsix() });
    },
    { theme: 'dark', viewport: { width: 1500, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const log = () => path.join(workspace, 'exp', 'runs', 'mid', 'output', 'logging.jsonl');
  const line = (step: number) =>
    `${JSON.stringify({ reward: step / 8, loss: 0.5, 'global_step/max_steps': `${step}/50` })}\n`;

  /** What a screen reader is told of a figure. */
  const said = async (key: string) => (await panel().id(`figure-${key}`).getAttribute('aria-label')) ?? '';

  it('the menu of an experiment opens all of its runs', async () => {
    await lab.page.explorerContextMenu('exp', 'Watch Training…');
    await panel().id('training').locator('h1').filter({ hasText: 'Training · exp' }).waitFor();
    await panel().id('training-run-1').waitFor();
    assert.deepEqual(await panel().id('training-legend').locator('.legend-name').allInnerTexts(), ['control', 'mid']);
    assert.match(await said('reward'), /^Reward by step\. Last: control 1\.23 at step 4; mid 0\.375 at step 3\./);
    await panel().id('series-kl').waitFor();
    await until(
      async () => (await lab.page.canvasColours(panel().id('figure-reward-canvas'))) > 20,
      'the rewards are painted',
    );
    await lab.page.screenshot('training-dark');
  });

  it('a step that is logged while it is open appears', async () => {
    await panel().repaints('figure-reward-canvas', () => {
      appendFileSync(log(), line(4));
      return Promise.resolve();
    });
    await until(async () => (await said('reward')).includes('mid 0.500 at step 4'), 'the figure says the new step');
    await panel().repaints('figure-reward-canvas', () => {
      appendFileSync(log(), line(9));
      return Promise.resolve();
    });
    await until(
      async () => (await panel().id('training-status').innerText()).includes('step 9'),
      'the heading says it',
    );
  });

  it('a restart is marked where it began', async () => {
    appendFileSync(log(), line(6));
    const words = 'mid was restarted at step 6 (dashed); what it had logged beyond is thin.';
    await panel().id('training-restart').filter({ hasText: words }).waitFor();
    assert.match(await said('reward'), /mid 0\.750 at step 6/);
  });

  it('the arrow keys read a step, and a run is taken out with the keyboard', async () => {
    await panel().id('figure-reward').focus();
    await lab.page.page.keyboard.press('Home');
    await panel().id('tooltip').filter({ hasText: 'Step 1' }).waitFor();
    assert.match(await panel().id('live').innerText(), /^Step 1: control 1\.47, mid 0\.125/);
    await panel().id('training-run-1').focus();
    await panel().repaints('figure-reward-canvas', () => lab.page.page.keyboard.press('Enter'));
    assert.doesNotMatch(await said('reward'), /mid/);
    assert.equal(await panel().id('training-run-1').getAttribute('aria-pressed'), 'false');
  });

  it('the completions of a step stand beside each other, with each reward', async () => {
    const rows = panel().id('completions-rows');
    await rows.and(panel().frame.locator('[data-step="4"]')).waitFor();
    await panel().id('completions-step').focus();
    await lab.page.page.keyboard.press('Home');
    await rows.and(panel().frame.locator('[data-step="1"]')).waitFor();
    assert.equal(await panel().id('completion').count(), 4);
    const first = await panel().id('completion').first().innerText();
    for (const part of ['short_reward', 'letters_reward', 'Advantage']) assert.ok(first.includes(part), part);
    await rows.getByText('image', { exact: true }).first().waitFor();
    await panel().id('completion').first().scrollIntoViewIfNeeded();
    await lab.page.screenshot('training-dark-completions');
  });

  it('a reload keeps what was chosen, and goes on following', async () => {
    await panel().choose('training-smoothing', 'Strong');
    await lab.page.page.waitForTimeout(500); // the panel gathers what is to be remembered
    await lab.page.reloadWindow();
    await panel().id('training-run-1').and(panel().frame.locator('[aria-pressed="false"]')).waitFor();
    await panel().id('completions-rows').and(panel().frame.locator('[data-step="1"]')).waitFor();
    await until(
      () =>
        panel()
          .id('training-smoothing')
          .evaluate((list) => (list as HTMLSelectElement).value === 'strong'),
      'the smoothing is the chosen one',
    );
    appendFileSync(log(), line(12));
    await until(
      async () => (await panel().id('training-status').innerText()).includes('step 12'),
      'a new step is seen',
    );
  });
});
