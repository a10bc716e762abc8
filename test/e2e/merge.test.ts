// Merge experiments as a person does them: a transferability test, a recipe written, checked, evaluated and exported.
// What is shown is held against what the headless commands say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Locator } from 'playwright-core';
import type { EvaluateResult } from '../../src/protocol/engineApi.js';
import { insist, packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, Panel, until, writeLargePair } from './support.js';

const SAMPLES = path.join(root, 'samples');
const EACH = 6;

describe('merge experiments', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      for (const stage of ['in', 'rl'])
        cpSync(path.join(SAMPLES, 'lineage', stage), path.join(workspace, 'models', stage), { recursive: true });
      mkdirSync(path.join(workspace, 'eval'));
      cpSync(path.join(SAMPLES, 'eval', 'images'), path.join(workspace, 'eval', 'images'), { recursive: true });
      for (const set of ['general', 'math', 'text'])
        writeFileSync(
          path.join(workspace, 'eval', `${set}.jsonl`),
          `${readFileSync(path.join(SAMPLES, 'eval', `${set}.jsonl`), 'utf8')
            .split('\n')
            .slice(0, EACH)
            .join('\n')}\n`,
        );
      return {
        workspace,
        vsix: packagedVsix(),
        settings: { 'editor.minimap.enabled': false, 'workbench.editor.enablePreview': false },
      };
    },
    { theme: 'dark', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const below = (relative: string) => path.join(workspace, relative);

  async function cli(...args: string[]): Promise<string> {
    return (
      await promisify(execFile)(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...args], {
        maxBuffer: 64 << 20,
      })
    ).stdout;
  }

  /** The last step of the quick pick, once it says what the run will cost. */
  async function estimate(): Promise<string> {
    const run = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Run/ }).first();
    return eventually(
      () => run.innerText().catch(() => ''),
      (text) => /Run/.test(text) && !/estimating/.test(text),
      'the estimate is there',
    );
  }

  describe('Run Transferability Test…', () => {
    let told: EvaluateResult;
    before(async () => {
      told = JSON.parse(
        await cli(
          'transfer',
          below('models/in'),
          below('models/rl'),
          '--data',
          below('eval'),
          '--max-new-tokens',
          '40',
          '--no-runs',
          '--json',
          '-',
        ),
      ) as EvaluateResult;
    });

    it('IN, RL and the six splices: chosen, estimated, run', async function () {
      await lab.page.runCommand('Frankenstein: Run Transferability Test…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/general, math, text/);
      assert.match(await estimate(), /18 questions in 8 checkpoints · [\d,]+ answers · .*at most [\d.]+ [MG]B/);
      await lab.page.quickPick(/Max new tokens/);
      await lab.page.typeInput('40');
      await estimate();
      await lab.page.quickPick(/Run/);
      await panel()
        .id('transfer')
        .locator('h1')
        .filter({ hasText: /Transferability ·/ })
        .waitFor();
    });

    it('the table says what the headless command says', async () => {
      const rows = await panel()
        .id('forest')
        .locator('tbody tr')
        .evaluateAll((all) =>
          all.map((row) => [
            row.querySelector('.forest-name')?.textContent ?? '',
            ...[...row.querySelectorAll('.forest-value')].map((cell) => cell.textContent ?? ''),
          ]),
        );
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

    it('a cell leads to its questions: image, truth, answers side by side', async () => {
      await panel().id('cell-1-vis').click();
      await panel().press('questions-which', 'All');
      await until(
        async () => (await panel().id('questions').locator('.sample-row').count()) === EACH,
        'the questions are listed',
      );
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
      await lab.page.quickPick(/Transferability · in, rl/i);
      await panel().id('forest').waitFor();
      await lab.page.setTheme('light');
      await lab.page.screenshot('transfer-light');
      await lab.page.setTheme('dark');
    });
  });

  describe('Sweep…', () => {
    let told: EvaluateResult;
    before(async () => {
      told = JSON.parse(
        await cli(
          'sweep',
          below('models/in'),
          below('models/rl'),
          '--data',
          below('eval'),
          '--max-new-tokens',
          '40',
          '--no-runs',
          '--json',
          '-',
        ),
      ) as EvaluateResult;
    });
    const x = () => told.axis!.values.flatMap((value, checkpoint) => (value === null ? [] : [{ value, checkpoint }]));
    const score = (checkpoint: number, ability: string) =>
      told.scores.find((one) => one.checkpoint === checkpoint && one.ability === ability)!;

    it('over the cut, from the palette: chosen, estimated, run', async function () {
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: Sweep…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/Cut position/);
      await lab.page.quickPick(/general, math, text/);
      await estimate();
      await lab.page.quickPick(/Max new tokens/);
      await lab.page.typeInput('40');
      assert.match(await estimate(), new RegExp(`18 questions in ${told.checkpoints.length} checkpoints`));
      await lab.page.quickPick(/Run/);
      await panel()
        .id('transfer')
        .locator('h1')
        .filter({ hasText: /Sweep · in, rl/i })
        .waitFor();
    });

    it('a curve with its band: a point per cut and ability, as the headless command has them', async () => {
      assert.equal(told.axis!.name, 'cut');
      assert.ok(x().length > 10);
      const figure = panel().id('sweep-figure');
      await figure.waitFor();
      assert.ok(
        (await lab.page.canvasColours(panel().id('sweep-figure-canvas'))) > 20,
        'lines and the bands behind them',
      );
      await figure.focus();
      const tooltip = panel().frame.locator('.tooltip');
      for (const [step, { value, checkpoint }] of x().entries()) {
        await lab.page.page.keyboard.press(step === 0 ? 'Home' : 'ArrowRight');
        await tooltip
          .locator('strong')
          .filter({ hasText: new RegExp(`^cut ${value}$`) })
          .waitFor();
        const shown = await tooltip
          .locator('tr')
          .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
        for (const [row, ability] of ['vis', 'v2r', 'rea'].entries()) {
          const { value: fraction, low, high } = score(checkpoint, ability);
          const [from, to] = shown[row]![2]!.split('–').map(Number.parseFloat);
          for (const [seen, wanted] of [
            [Number.parseFloat(shown[row]![1]!), fraction],
            [from!, low],
            [to!, high],
          ] as const)
            assert.ok(
              Math.abs(seen - 100 * wanted) < 0.06,
              `cut ${value} ${ability}: ${shown[row]!.join(' ')} for ${fraction} (${low}–${high})`,
            );
        }
      }
      await lab.page.screenshot('sweep-dark');
    });

    it('a point leads to its questions', async () => {
      await panel().id('sweep-figure').focus();
      await lab.page.page.keyboard.press('Enter');
      await panel()
        .id('questions-title')
        .filter({ hasText: `cut ${x().at(-1)!.value}` })
        .waitFor();
      await panel().id('questions-close').click();
      await panel().id('behind').waitFor({ state: 'hidden' });
    });
  });

  describe('recipes', () => {
    /**
     * Lenses come and go with the tab, and a click between two drawings is lost: it is repeated until `effect` is
     * there.
     */
    async function lens(text: string, effect: Locator = lab.page.quickInput): Promise<void> {
      await lab.page.openFile('merge.frank.yaml');
      await eventually(
        () => lab.page.codeLensTexts(),
        (texts) => texts.some((one) => /none computed/.test(one)),
        'the recipe is checked',
      );
      await insist(async (timeout) => {
        await lab.page.page.waitForTimeout(500);
        await lab.page.clickCodeLens(text);
        await effect.first().waitFor({ timeout });
      });
    }

    it('New Merge Experiment…: splice, cuts on a drawing of the layers, a recipe with its lens', async () => {
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: New Merge Experiment…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/Stitch by region/);
      await lab.page.quickPick(/in:rl:rl/);
      const drawing = lab.page.quickInput.locator('.quick-input-message');
      await drawing.filter({ hasText: /in █{4}\s+rl █{4}\s+rl █{4}/ }).waitFor(); // thirds, before anything is typed
      for (const [typed, shown] of [
        ['1, 12', /in █\s+rl █{11}\s+rl –/],
        ['9, 4', /Two layers from 0 to 12/],
        ['3, 5', /in █{3}\s+rl █{2}\s+rl █{7}/],
      ] as const) {
        await lab.page.quickInput.locator('input[type=text]').fill(typed);
        await drawing.filter({ hasText: shown }).waitFor();
      }
      await lab.page.screenshot('new-merge-cuts');
      await lab.page.typeInput('4, 8');
      await lab.page.tab('merge.frank.yaml').waitFor();
      assert.match(
        readFileSync(below('merge.frank.yaml'), 'utf8'),
        /stitch: \{early: in, mid: rl, late: rl, cuts: \[4, 8\]\}/,
      );
      const lenses = await eventually(
        () => lab.page.codeLensTexts(),
        (texts) => texts.some((text) => /tensors, none computed/.test(text)),
        'the lens says what is made',
      );
      for (const action of ['Run', 'Evaluate', 'Export…', 'Open in mergekit format'])
        assert.ok(lenses.includes(action), `${action}: ${lenses.join(' | ')}`);
    });

    /**
     * Palette, checkpoints, then what is picked or typed; the recipe that comes is there to be used, and then closed.
     */
    async function newMerge(...steps: (RegExp | string)[]): Promise<string> {
      const before = readdirSync(workspace);
      await lab.page.runCommand('Frankenstein: New Merge Experiment…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      for (const step of steps) await (typeof step === 'string' ? lab.page.typeInput(step) : lab.page.quickPick(step));
      const name = await eventually(
        () => readdirSync(workspace).find((one) => !before.includes(one)),
        (one) => one !== undefined,
        'a recipe is written',
      );
      await lab.page.tab(name!).waitFor();
      const made = await eventually(
        () => lab.page.codeLensTexts(),
        (texts) => texts.some((text) => /tensors computed|\d errors?/.test(text)),
        `${name!} is checked`,
      );
      assert.ok(
        made.includes('Run') && made.some((text) => /^[\d,]+ of 200 tensors computed, /.test(text)),
        `${steps.join(' ')}: ${made.join(' | ')}`,
      );
      const text = readFileSync(below(name!), 'utf8');
      await lab.page.runCommand('View: Close Editor');
      rmSync(below(name!));
      return text;
    }

    it('interpolation: which layers, and what of them', async function () {
      assert.match(
        await newMerge(/Interpolate/, '0.25', /All language layers/, /The whole layer/),
        /^interpolate: \{a: in, b: rl, alpha: 0\.25\}$/m,
      );
      assert.match(
        await newMerge(/Interpolate/, '1.5', /Mid: 4–7/, /MLP only/),
        /^interpolate: \{a: in, b: rl, alpha: 1\.5, layers: \[4, 8\], part: mlp\}$/m,
      );
    });

    it('every method that is offered is a recipe that works as it is written', async function () {
      await lab.page.runCommand('Frankenstein: New Merge Experiment…');
      await lab.page.quickPick([/models\/in/, /models\/rl/]);
      await lab.page.quickPick(/A merge method/);
      const methods = await lab.page.quickPickItems();
      await lab.page.screenshot('new-merge-methods');
      await lab.page.closeQuickInput();
      assert.ok(
        methods.length >= 5 && methods.includes('ties') && !methods.includes('model_stock'),
        `${methods.join(' ')}: model_stock needs three`,
      );
      for (const method of methods)
        assert.match(
          await newMerge(/A merge method/, new RegExp(`^${method}`)),
          new RegExp(`^merge_method: ${method}$`, 'm'),
        );
    });

    it('the strip shows which checkpoint each layer comes from', async () => {
      await lab.page.openFile('merge.frank.yaml');
      const line = lab.page.page.locator('.view-line').filter({ hasText: 'stitch:' });
      const wanted = /in █{4}.*rl █{8}/;
      await eventually(
        () =>
          line.evaluate((node) =>
            [...node.querySelectorAll('span')]
              .map((span) => getComputedStyle(span, '::after').content)
              .filter((content) => content !== 'none' && content !== 'normal'),
          ),
        (contents) => wanted.test(contents.join(' ')),
        `the strip is ${wanted}`,
      );
      await lab.page.screenshot('recipe-dark');
    });

    it('a mistake is marked while typing, and mended from its light bulb', async () => {
      writeFileSync(below('typo.frank.yaml'), 'checkpoints: {in: models/in, rl: models/rl}\nstich: IN:RL:RL\n');
      await lab.page.openFile('typo.frank.yaml');
      await lab.page.page.locator('.squiggly-error').first().waitFor();
      await lab.page.gotoLine(2);
      await lab.page.page.keyboard.press('Home');
      await lab.page.page.keyboard.press('Control+.');
      await lab.page.page
        .locator('.action-widget .monaco-list-row')
        .filter({ hasText: /stitch/ })
        .first()
        .click();
      await until(
        async () => (await lab.page.page.locator('.view-lines').innerText()).includes('stitch:'),
        'the key is spelled right',
      );
      await lab.page.page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
    });

    /** The list of completions, once it is there. */
    async function suggestions(): Promise<string[]> {
      const rows = lab.page.page.locator('.suggest-widget.visible .monaco-list-row');
      await lab.page.page.keyboard.press('Control+Space');
      await rows.first().waitFor();
      return rows.locator('.label-name').allInnerTexts();
    }

    /** A recipe of these lines, written as a person writes, the cursor at its end. */
    async function write(name: string, ...lines: string[]): Promise<void> {
      writeFileSync(below(name), '');
      await lab.page.openFile(name);
      await lab.page.editor().click();
      for (const [index, line] of lines.entries()) {
        // Each line from its first column, whatever the editor indents.
        if (index > 0)
          for (const key of ['Enter', 'Home', 'Shift+End', 'Delete']) await lab.page.page.keyboard.press(key);
        await lab.page.page.keyboard.insertText(line);
      }
    }

    it('completes methods, keys and checkpoints while one writes, and takes what is chosen', async () => {
      await write('written.frank.yaml', 'checkpoints:', '  rl: models/rl', '  in: ');
      assert.ok((await suggestions()).some((label) => /models\/in$/.test(label)));
      await lab.page.page.keyboard.press('Escape');
      await lab.page.page.keyboard.insertText('models/in');
      for (const key of ['Enter', 'Home', 'Shift+End', 'Delete']) await lab.page.page.keyboard.press(key);
      await lab.page.page.keyboard.insertText('merge_method: ');
      const methods = await suggestions();
      for (const method of ['ties', 'dare_ties', 'slerp', 'linear'])
        assert.ok(methods.includes(method), `${method}: ${methods.join(' ')}`);
      await lab.page.screenshot('recipe-completion');
      await lab.page.page.keyboard.type('tas');
      await lab.page.page
        .locator('.suggest-widget.visible .monaco-list-row.focused')
        .filter({ hasText: 'task_arithmetic' })
        .waitFor();
      await lab.page.page.keyboard.press('Enter');
      await until(
        async () =>
          (await lab.page.page.locator('.view-lines').innerText())
            .replace(/\u00a0/g, ' ')
            .includes('merge_method: task_arithmetic'),
        'the method is written',
      );
      await lab.page.page.keyboard.press('Enter');
      const keys = await suggestions();
      for (const key of ['base_model', 'models', 'parameters'])
        assert.ok(keys.includes(key), `${key}: ${keys.join(' ')}`);
      assert.ok(!keys.includes('checkpoints'), 'what is there already is not offered again');
      await lab.page.page.keyboard.press('Escape');
    });

    it('a hover on a method has its formula and its paper', async () => {
      const hover = await lab.page.hover('task_arithmetic');
      const text = await hover.innerText();
      assert.match(text, /W = W₀ \+ λ Σ wᵢΔᵢ/);
      assert.match(text, /Editing Models with Task Arithmetic/);
      await lab.page.screenshot('recipe-hover');
      await lab.page.page.mouse.move(5, 5);
      await lab.page.runCommand('File: Save');
    });

    it('is exported from its lens, and loads as the checkpoint it describes', async function () {
      await lens('Export…');
      await lab.page.fileDialog(below('models/hybrid'));
      await until(() => existsSync(below('models/hybrid/README.md')), 'the checkpoint is written');
      assert.deepEqual(
        readdirSync(below('models')).filter((name) => name.includes('partial')),
        [],
      );
      const said = JSON.parse(
        await cli('compare', below('merge.frank.yaml'), below('models/hybrid'), '--no-runs', '--json', '-'),
      ) as { tensors: { deltas: ({ fro: number } | null)[] }[] };
      assert.ok(said.tensors.length > 100 && said.tensors.every(({ deltas }) => deltas[0]?.fro === 0));
    });

    it('without a recipe in the editor the palette asks which; a cancelled export leaves nothing', async function () {
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: Export Merged Checkpoint…');
      await lab.page.quickPick(/^merge\.frank\.yaml/);
      await lab.page.fileDialog(below('models/again'));
      await until(() => existsSync(below('models/again/README.md')), 'the checkpoint is written');
      await lab.page.waitForNotification(/again: 200 tensors/);
      await lab.page.clearNotifications();

      // Large enough to be met while it is written.
      await writeLargePair(below('large'), { layers: 2, hidden: 2048 });
      writeFileSync(
        below('large.frank.yaml'),
        'merge_method: linear\nmodels:\n  - {model: large/base, parameters: {weight: 1}}\n  - {model: ' +
          'large/in, parameters: {weight: 1}}\n',
      );
      await lab.page.openFile('large.frank.yaml');
      await lab.page.runCommand('Frankenstein: Export Merged Checkpoint…');
      await lab.page.fileDialog(below('unfinished'));
      await until(
        () => readdirSync(workspace).some((name) => name.includes('unfinished') && name.endsWith('.partial')),
        'the export has begun',
      );
      await lab.page.waitForNotification(/Exporting large/);
      await lab.page.screenshot('export-progress');
      await lab.page
        .notification(/Exporting large/)
        .getByRole('button', { name: 'Cancel' })
        .click({ delay: 250 });
      await until(() => !readdirSync(workspace).some((name) => name.includes('unfinished')), 'nothing is left');
      await lab.page.notification(/Exporting large/).waitFor({ state: 'hidden' });
      assert.deepEqual(await lab.page.notifications(), []);
    });

    it('opens as mergekit writes it', async () => {
      await lens(
        'Open in mergekit format',
        lab.page.page.locator('.editor-instance .view-lines').filter({ hasText: /merge_method:\s+passthrough/ }),
      );
    });

    it('is evaluated like any checkpoint', async function () {
      await lens('Evaluate'); // the recipe is no question
      await lab.page.quickPick(/general, math, text/);
      await estimate();
      await lab.page.quickPick(/Max new tokens/);
      await lab.page.typeInput('40');
      await estimate();
      await lab.page.quickPick(/Run/);
      await panel()
        .id('transfer')
        .locator('h1')
        .filter({ hasText: /Abilities · merge/ })
        .waitFor();
    });
  });
});
