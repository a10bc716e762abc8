// An experiment as a person does it: a file with a mistake is mended, run, and its result opened.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { insist, packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, Panel } from './support.js';

const FILE = 'small.experiment.yaml';
const TEXT = `checkpoints:
  base: lineage/base
  in: lineage/in
  rl: lineage/rl

parts:
  updates: {run: compare, cutz: [4, 8]}
  spectra: {run: spectrum, mode: fast, filter: "layers.3.*q_proj"}
`;

describe('an experiment file', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      for (const name of ['base', 'in', 'rl'])
        cpSync(path.join(root, 'samples', 'lineage', name), path.join(workspace, 'lineage', name), { recursive: true });
      writeFileSync(path.join(workspace, FILE), TEXT);
      return { workspace, vsix: packagedVsix(), settings: { 'editor.minimap.enabled': false } };
    },
    { theme: 'dark', viewport: { width: 1400, height: 800 } },
  );

  const lenses = (wanted: (texts: readonly string[]) => boolean, what: string) =>
    eventually(() => lab.page.codeLensTexts(), wanted, what);

  it('says what is wrong above the file, and what was meant', async () => {
    await lab.page.openFile(FILE);
    await lenses(
      (texts) => texts.some((one) => /1 error.*"cutz" means nothing here; did you mean cuts\?/.test(one)),
      'the mistake is told',
    );
    const hover = await lab.page.hover('spectrum');
    await hover.filter({ hasText: /Singular values of the weight updates/ }).waitFor();
    await lab.page.screenshot('experiment-wrong-dark');
    await lab.page.page.keyboard.press('Escape');
  });

  it('runs every part, shows what is done, and opens a result', async () => {
    writeFileSync(path.join(workspace, FILE), TEXT.replace('cutz', 'cuts'));
    await lenses((texts) => texts.includes('2 runs: left'), 'the mended file is checked');
    await lab.page.screenshot('experiment-left-dark');
    await insist(async (timeout) => {
      await lab.page.clickCodeLens('Run');
      await lab.page.page
        .locator('.notification-toast, .codelens-decoration')
        .filter({ hasText: /Experiment small|Cancel|2 runs: done/ })
        .first()
        .waitFor({ timeout });
    });
    await lenses((texts) => texts.includes('2 runs: done'), 'both are done');
    await lab.page.screenshot('experiment-done-dark');
    const record = JSON.parse(readFileSync(recordFile(), 'utf8')) as { steps: { name: string; state: string }[] };
    assert.deepEqual(
      record.steps.map(({ name, state }) => `${name} ${state}`),
      ['updates done', 'spectra done'],
    );
    await lab.page.clearNotifications();
    await lab.page.setTheme('light');
    await lab.page.screenshot('experiment-done-light');
    await lab.page.resize({ width: 700, height: 800 });
    await lab.page.screenshot('experiment-done-narrow');
    await lab.page.resize({ width: 1400, height: 800 });
    await insist(async (timeout) => {
      await lab.page.openFile(FILE);
      await lab.page.clickCodeLens('Open result');
      await new Panel(lab.page).id('compare').locator('h1').waitFor({ timeout });
    });
    await lab.page.screenshot('experiment-result-light');
  });

  /** The only record of the workspace. */
  function recordFile(): string {
    const folder = path.join(workspace, '.frankenstein', 'experiments');
    const [id] = readdirSync(folder);
    return path.join(folder, id!, 'record.json');
  }
});
