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

/** Serves any checkpoint, which always answers 3: `node server.mjs FOLDER NAME PORT`. */
const SERVER = `
import { createServer } from 'node:http';
const [, name, port] = process.argv.slice(2);
createServer((incoming, outgoing) => {
  if (incoming.url === '/v1/models') return outgoing.end(JSON.stringify({ data: [{ id: name }] }));
  incoming.resume().on('end', () =>
    outgoing.end(JSON.stringify({ model: name, choices: [{ message: { content: '3' } }] })));
}).listen(Number(port), '127.0.0.1');
`;

describe('an experiment file', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      for (const name of ['base', 'in', 'rl'])
        cpSync(path.join(root, 'samples', 'lineage', name), path.join(workspace, 'lineage', name), { recursive: true });
      writeFileSync(path.join(workspace, FILE), TEXT);
      const lines = readFileSync(path.join(root, 'samples', 'eval', 'text.jsonl'), 'utf8').split('\n');
      writeFileSync(path.join(workspace, 'q.jsonl'), `${lines.slice(0, 4).join('\n')}\n`);
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
    await lab.page.waitForNotification('small: 2 runs are done.');
    assert.deepEqual((await lab.page.notifications()).filter((one) => /done/.test(one)).length, 1, 'one voice for all');
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

  it('lists its runs below its name', async () => {
    await lab.page.page.locator('.activitybar .action-label[aria-label^="Frankenstein Lab"]').first().click();
    const rows = lab.page.page.locator('.pane-body .monaco-list-row');
    const group = rows.filter({ hasText: /^small/ }).first();
    await insist(async (timeout) => {
      if ((await group.getAttribute('aria-expanded')) !== 'true') await group.click();
      await rows
        .filter({ hasText: /spectra/ })
        .first()
        .waitFor({ timeout });
    });
    await rows
      .filter({ hasText: /updates/ })
      .first()
      .waitFor();
    await lab.page.screenshot('experiment-tree-light');
  });

  it('becomes a report, which opens beside its file', async () => {
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.openFile(FILE);
    await lab.page.runCommand('Frankenstein: Create Report…');
    const folder = path.join(workspace, 'reports', 'mine');
    await lab.page.typeInput(folder);
    await lab.page.quickPick(/Without published numbers/);
    await lab.page.notificationAction(/The report is written: \d+ figures/, 'Open Report');
    const frame = lab.page.webviewFrame();
    await frame.locator('h1').filter({ hasText: 'Report of small' }).waitFor();
    const drawn = readdirSync(path.join(folder, 'figures')).filter((name) => name.endsWith('.svg'));
    assert.ok(drawn.length >= 8);
    assert.equal(await frame.locator('figure svg').count(), drawn.length);
    await lab.page.screenshot('report-light');
    await lab.page.setTheme('dark');
    await lab.page.screenshot('report-dark');
    assert.deepEqual(readdirSync(folder).sort(), ['figures', 'report.html', 'tables']);
  });

  it('writes a new one from a few answers, without a mistake in it', async () => {
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.runCommand('Frankenstein: New Experiment…');
    await lab.page.quickPick([/^base/, /^in/, /^rl/]);
    await lab.page.quickPick(/q\.jsonl/);
    await lab.page.screenshot('experiment-new-parts');
    await lab.page.quickPick([/^compare/, /^evaluate/]);
    await lab.page.typeInput(path.join(workspace, 'new.experiment.yaml'));
    await lab.page.tab('new.experiment.yaml').waitFor();
    await lenses(
      (texts) => texts.some((one) => /^\d runs: left|left$/.test(one)),
      'it is checked, and nothing is wrong',
    );
    const text = readFileSync(path.join(workspace, 'new.experiment.yaml'), 'utf8');
    assert.match(text, /base: lineage\/base\n {2}in: lineage\/in\n {2}rl: lineage\/rl\n/);
    await lab.page.screenshot('experiment-new-light');
  });

  it('starts a server of the user’s own only when that is allowed', async () => {
    const server = path.join(workspace, 'server.mjs');
    writeFileSync(server, SERVER);
    const file = 'served.experiment.yaml';
    const command = `"${process.execPath}" "${server}" {folder} {name} {port}`;
    writeFileSync(
      path.join(workspace, file),
      `checkpoints: {in: lineage/in}\nparts:\n  asked:\n    run: evaluate\n    data: q.jsonl\n    serve: {command: '${command}'}\n`,
    );
    // Lenses that are drawn anew swallow a click.
    const run = () =>
      insist(async (timeout) => {
        await lab.page.clickCodeLens('Run');
        await lab.page.page.locator('.monaco-dialog-box').waitFor({ timeout });
      });
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.openFile(file);
    await lenses((texts) => texts.includes('1 run: left'), 'the file is checked');
    await run();
    await lab.page.screenshot('serve-consent');
    const asked = await lab.page.dialog('Cancel');
    assert.ok(asked.includes('Let this evaluation start a server?') && asked.includes(command), asked);
    await lenses((texts) => texts.some((one) => /1 run: .*failed/.test(one)), 'it was not allowed');
    await lab.page.screenshot('serve-refused');
    await lab.page.clearNotifications();
    await run();
    await lab.page.dialog('Run');
    await lenses((texts) => texts.includes('1 run: done'), 'the server was asked');
  });

  /** The only record of the workspace. */
  function recordFile(): string {
    const folder = path.join(workspace, '.frankenstein', 'experiments');
    const [id] = readdirSync(folder);
    return path.join(folder, id!, 'record.json');
  }
});
