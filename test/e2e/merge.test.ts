// Merge experiments as a person does them: a transferability test, a recipe written, checked, evaluated and exported.
// What is shown is held against what the headless commands say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { EvaluateResult } from '../../src/protocol/engineApi.js';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, LONG, Panel, until } from './support.js';

const SAMPLES = path.join(root, 'samples');
const EACH = 6;

describe('merge experiments', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      for (const stage of ['in', 'rl']) cpSync(path.join(SAMPLES, 'lineage', stage), path.join(workspace, 'models', stage), { recursive: true });
      mkdirSync(path.join(workspace, 'eval'));
      cpSync(path.join(SAMPLES, 'eval', 'images'), path.join(workspace, 'eval', 'images'), { recursive: true });
      for (const set of ['general', 'math', 'text']) writeFileSync(path.join(workspace, 'eval', `${set}.jsonl`), `${readFileSync(path.join(SAMPLES, 'eval', `${set}.jsonl`), 'utf8').split('\n').slice(0, EACH).join('\n')}\n`);
      return { workspace, vsix: packagedVsix(), settings: { 'editor.minimap.enabled': false, 'workbench.editor.enablePreview': false } };
    },
    { theme: 'dark', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const below = (relative: string) => path.join(workspace, relative);

  async function cli(...args: string[]): Promise<string> {
    return (await promisify(execFile)(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...args], { maxBuffer: 64 << 20 })).stdout;
  }

  /** The last step of the quick pick, once it says what the run will cost. */
  async function estimate(): Promise<string> {
    const run = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Run/ }).first();
    return eventually(() => run.innerText().catch(() => ''), (text) => /Run/.test(text) && !/estimating/.test(text), 'the estimate is there');
  }

  describe('Run Transferability Test…', () => {
    let told: EvaluateResult;
    before(async () => {
      told = JSON.parse(await cli('transfer', below('models/in'), below('models/rl'), '--data', below('eval'), '--max-new-tokens', '40', '--no-runs', '--json', '-')) as EvaluateResult;
    });

    it('IN, RL and the six splices: chosen, estimated, run', async function () {
      this.timeout(240_000);
      await lab.page.runCommand('Frankenstein: Run Transferability Test…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/general, math, text/);
      assert.match(await estimate(), /18 questions in 8 checkpoints · [\d,]+ answers · .*at most [\d.]+ [MG]B/);
      await lab.page.quickPick(/Longest answer/);
      await lab.page.typeInput('40');
      await estimate();
      await lab.page.quickPick(/Run/);
      await panel().id('transfer').locator('h1').filter({ hasText: /Transferability of/ }).waitFor({ timeout: 180_000 });
    });

    it('the table says what the headless command says', async () => {
      const rows = await panel().id('forest').locator('tbody tr').evaluateAll((all) => all.map((row) => [row.querySelector('.forest-name')?.textContent ?? '', ...[...row.querySelectorAll('.forest-value')].map((cell) => cell.textContent ?? '')]));
      assert.equal(rows.length, 8);
      for (const [index, { label }] of told.checkpoints.entries()) {
        const row = rows.find(([name]) => name!.toLowerCase() === label.toLowerCase());
        assert.ok(row, label);
        for (const [column, ability] of (['vis', 'v2r', 'rea'] as const).entries()) {
          const { value } = told.scores.find((score) => score.checkpoint === index && score.ability === ability)!;
          const shown = Number.parseFloat(row[column + 1]!);
          assert.ok(Math.abs(shown - 100 * value) < 0.06, `${label} ${ability}: ${shown} for ${100 * value}`);
        }
      }
    });

    it('a cell leads to its questions: picture, truth, answers side by side', async () => {
      await panel().id('cell-1-vis').click();
      await panel().press('questions-which', 'All');
      await until(async () => (await panel().id('questions').locator('.sample-row').count()) === EACH, 'the questions are listed');
      await panel().id('questions').locator('.sample-row').first().click();
      await panel().id('question').locator('img').waitFor();
      const question = told.questions.find(({ set }) => set === 'general.jsonl')!;
      assert.equal(await panel().id('question').locator('.sample-question').innerText(), question.prompt);
      const answers = await panel().id('question').locator('.answer.long').allInnerTexts();
      assert.deepEqual(answers.slice(0, 2), [question.answers.image![0], question.answers.image![1]]);
    });

    it('by keyboard: arrows walk the cells, Escape closes the questions', async () => {
      await panel().id('cell-1-vis').focus();
      await lab.page.page.keyboard.press('ArrowRight');
      await until(async () => (await panel().focused()) === 'cell-1-v2r', 'the next ability has the focus');
      await lab.page.page.keyboard.press('ArrowDown');
      await until(async () => (await panel().focused()) === 'cell-2-v2r', 'the next checkpoint has the focus');
      await lab.page.page.keyboard.press('Enter');
      await panel().id('questions-title').filter({ hasText: 'Vision to reasoning' }).waitFor();
      await panel().id('questions').focus();
      await lab.page.page.keyboard.press('Escape');
      await panel().id('behind').waitFor({ state: 'hidden' });
    });

    it('is listed among the runs, and opens from there at once', async () => {
      await lab.page.screenshot('transfer-dark');
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: Open Run');
      await lab.page.quickPick(/Transferability: in, rl/i);
      await panel().id('forest').waitFor({ timeout: LONG });
      await lab.page.setTheme('light');
      await lab.page.screenshot('transfer-light');
      await lab.page.setTheme('dark');
    });
  });

  describe('recipes', () => {
    /** Lenses come and go with the tab; those that are there when the recipe has been checked stay. */
    async function lens(text: string): Promise<void> {
      await lab.page.openFile('merge.frank.yaml');
      await eventually(() => lab.page.codeLensTexts(), (texts) => texts.some((one) => /none computed/.test(one)), 'the recipe is checked');
      await lab.page.page.waitForTimeout(500);
      await lab.page.clickCodeLens(text);
    }

    it('New Merge Experiment…: splice, cuts on a picture of the layers, a recipe with its lens', async () => {
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: New Merge Experiment…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/Splice by region/);
      await lab.page.quickPick(/IN:RL:RL/);
      await lab.page.typeInput('4, 8');
      await lab.page.tab('merge.frank.yaml').waitFor();
      assert.match(readFileSync(below('merge.frank.yaml'), 'utf8'), /stitch: \{early: in, mid: rl, late: rl, cuts: \[4, 8\]\}/);
      const lenses = await eventually(() => lab.page.codeLensTexts(), (texts) => texts.some((text) => /tensors, none computed/.test(text)), 'the lens says what is made');
      for (const action of ['Run', 'Evaluate', 'Export…', 'Open in mergekit format']) assert.ok(lenses.includes(action), `${action}: ${lenses.join(' | ')}`);
    });

    it('the strip shows which checkpoint each layer comes from', async () => {
      const line = lab.page.page.locator('.view-line').filter({ hasText: 'stitch:' });
      const strip = await eventually(
        () => line.evaluate((node) => [...node.querySelectorAll('span')].map((span) => getComputedStyle(span, '::after').content).filter((content) => content !== 'none' && content !== 'normal')),
        (contents) => contents.length >= 2,
        'the strip is drawn',
      );
      assert.match(strip.join(' '), /in █{4}.*rl █{8}/);
      await lab.page.screenshot('recipe-dark');
    });

    it('a mistake is marked while typing, and mended from its light bulb', async () => {
      writeFileSync(below('typo.frank.yaml'), 'checkpoints: {in: models/in, rl: models/rl}\nstich: IN:RL:RL\n');
      await lab.page.openFile('typo.frank.yaml');
      await lab.page.page.locator('.squiggly-error').first().waitFor();
      await lab.page.gotoLine(2);
      await lab.page.page.keyboard.press('Home');
      await lab.page.page.keyboard.press('Control+.');
      await lab.page.page.locator('.action-widget .monaco-list-row').filter({ hasText: /stitch/ }).first().click();
      await until(async () => (await lab.page.page.locator('.view-lines').innerText()).includes('stitch:'), 'the key is spelled right');
      await lab.page.page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
    });

    it('is exported from its lens, and loads as the checkpoint it describes', async function () {
      this.timeout(120_000);
      await lens('Export…');
      await lab.page.fileDialog(below('models/hybrid'));
      await until(() => existsSync(below('models/hybrid/README.md')), 'the checkpoint is written');
      assert.deepEqual(readdirSync(below('models')).filter((name) => name.includes('partial')), []);
      const said = JSON.parse(await cli('compare', below('merge.frank.yaml'), below('models/hybrid'), '--no-runs', '--json', '-')) as { tensors: { deltas: ({ fro: number } | null)[] }[] };
      assert.ok(said.tensors.length > 100 && said.tensors.every(({ deltas }) => deltas[0]?.fro === 0));
    });

    it('opens as mergekit writes it', async () => {
      await lens('Open in mergekit format');
      await until(async () => (await lab.page.page.locator('.editor-instance .view-lines').allInnerTexts()).some((text) => text.replace(/\u00a0/g, ' ').includes('merge_method: passthrough')), 'the mergekit config is open');
    });

    it('is evaluated like any checkpoint', async function () {
      this.timeout(180_000);
      await lens('Evaluate');
      await lab.page.quickPick([/merge\.frank/]);
      await lab.page.quickPick(/general, math, text/);
      await estimate();
      await lab.page.quickPick(/Longest answer/);
      await lab.page.typeInput('40');
      await estimate();
      await lab.page.quickPick(/Run/);
      await panel().id('transfer').locator('h1').filter({ hasText: /Abilities of merge/ }).waitFor({ timeout: 120_000 });
    });
  });
});
