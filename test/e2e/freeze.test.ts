// A freeze experiment as a person does it: planned, run, verified, answered. What is shown is held against what the
// headless commands say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { FreezeReport, PlannedExperiment, VerifyResult } from '../../src/protocol/engineApi.js';
import { insist, packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, Panel, until } from './support.js';

const SAMPLES = path.join(root, 'samples');
const PLAN = 'freeze-in/freeze.frank.yaml';

describe('freeze experiments', () => {
  let workspace = '';
  const lab = useWorkbench(
    () => {
      workspace = temporaryWorkspace();
      cpSync(path.join(SAMPLES, 'lineage', 'in'), path.join(workspace, 'models', 'in'), { recursive: true });
      for (const [folder, from, to] of [
        ['train', 0, 4],
        ['ask', 4, 16],
      ] as const) {
        mkdirSync(path.join(workspace, folder));
        const lines = readFileSync(path.join(SAMPLES, 'eval', 'text.jsonl'), 'utf8')
          .split('\n')
          .slice(from, to);
        writeFileSync(path.join(workspace, folder, 'text.jsonl'), `${lines.join('\n')}\n`);
      }
      return { workspace, vsix: packagedVsix(), settings: { 'editor.minimap.enabled': false } };
    },
    { theme: 'dark', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const below = (relative: string) => path.join(workspace, relative);

  /** What a command says, whatever its exit code. */
  async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return promisify(execFile)(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...args], {
      maxBuffer: 64 << 20,
      cwd: workspace,
    }).then(
      (done) => ({ code: 0, ...done }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  /** Lenses come and go with the tab; a click between two drawings is lost, and is repeated. */
  async function lens(
    text: RegExp | string,
    effect: (timeout: number) => Promise<unknown>,
    plan = PLAN,
  ): Promise<void> {
    await lab.page.openFile(plan);
    await lab.page.gotoLine(1);
    await eventually(
      () => lab.page.codeLensTexts(),
      (texts) => texts.some((one) => /all parameters/.test(one)),
      'the plan is checked',
    );
    await insist(async (timeout) => {
      await lab.page.clickCodeLens(text);
      await effect(timeout);
    });
  }

  describe('New Freeze Experiment…', () => {
    let told: PlannedExperiment;
    before(async () => {
      const { stdout } = await cli(
        ...['freeze', 'plan', 'models/in', '--data', 'train/text.jsonl', '--trainer', 'trl', '--device', 'cpu'],
        ...['--also', 'vision,projector', '--out', 'told', '--json', '-'],
      );
      told = JSON.parse(stdout) as PlannedExperiment;
    });

    it('asks for data, trainer and what is frozen, and refuses what matches nothing in its question', async () => {
      await lab.page.explorerContextMenu('models/in', ['Frankenstein', 'New Freeze Experiment…']);
      await lab.page.quickPick(/train\/text\.jsonl/);
      await lab.page.quickPick(/trl/);
      const said = lab.page.quickInput.locator('.quick-input-message');
      const input = lab.page.quickInput.locator('input[type=text]');
      await input.waitFor();
      await eventually(
        () => input.inputValue(),
        (value) => value === 'early, mid, late',
        'the usual three are there',
      );
      for (const [typed, shown] of [
        ['nothing_here', /matches no parameter: nothing would be frozen/],
        ['/./', /matches every parameter: nothing would train/],
        ['20-30', /lies outside the model/],
      ] as const) {
        await input.fill(typed);
        await said.filter({ hasText: shown }).waitFor();
      }
      await lab.page.screenshot('freeze-new-refused');
      await input.fill('early, mid, late');
      await said.filter({ hasText: /nothing|every|outside/ }).waitFor({ state: 'detached' });
      await lab.page.typeInput('early, mid, late');
    });

    it('shows what trains in each run before it writes', async () => {
      const rows = lab.page.quickInput.locator('.monaco-list-row');
      for (const { name, trains, frozen } of told.plan.runs)
        await rows
          .filter({
            hasText:
              `${trains.parameters.toLocaleString('en')} parameters train, ` +
              `${frozen.parameters.toLocaleString('en')} frozen`,
          })
          .filter({ hasText: name })
          .first()
          .waitFor();
      await lab.page.screenshot('freeze-new-counts');
      await rows
        .filter({ hasText: /Device/ })
        .first()
        .click(); // the same question is asked again
      await rows.filter({ hasText: /Device.*cpu/s }).waitFor();
      await rows.filter({ hasText: /control.*parameters train/s }).waitFor();
      await lab.page.quickPick(/Write the plan/);
      await lab.page.tab('freeze.frank.yaml').waitFor();
    });

    it('writes what the headless command writes', () => {
      const files = (folder: string) =>
        readdirSync(below(folder), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(below(folder), path.join(entry.parentPath, entry.name)))
          .sort();
      assert.deepEqual(files('freeze-in'), files('told'));
      assert.ok(files('told').length > 10);
      for (const file of files('told'))
        assert.equal(
          readFileSync(below(`freeze-in/${file}`), 'utf8'),
          readFileSync(below(`told/${file}`), 'utf8'),
          file,
        );
      rmSync(below('told'), { recursive: true });
    });
  });

  describe('the plan in the editor', () => {
    it('has lenses, what trains per run, and the layers as an image', async () => {
      await lab.page.openFile(PLAN);
      await lab.page.gotoLine(1);
      const texts = await eventually(
        () => lab.page.codeLensTexts(),
        (all) => all.some((one) => /4 runs, all parameters/.test(one)),
        'the plan is checked',
      );
      for (const one of ['Run', 'Watch', 'Verify', 'Report'])
        assert.ok(texts.includes(one), `${one}: ${texts.join(' | ')}`);
      await lab.page.gotoLine(readFileSync(below(PLAN), 'utf8').split('\n').length - 1);
      await eventually(
        () => lab.page.codeLensTexts(),
        (all) => all.filter((one) => /parameters train/.test(one)).length === 4,
        'every run has its numbers',
      );
      for (const [run, strip] of [
        ['control', /trains █{12}/],
        ['early', /frozen █{4}.*trains █{8}/],
        ['mid', /trains █{4}.*frozen █{4}.*trains █{4}/],
      ] as const) {
        const line = lab.page.page.locator('.view-line').filter({ hasText: new RegExp(`^\\s*${run}:`) });
        await eventually(
          () =>
            line.evaluate((node) =>
              [...node.querySelectorAll('span')]
                .map((span) => getComputedStyle(span, '::after').content)
                .filter((content) => content !== 'none' && content !== 'normal')
                .join(' '),
            ),
          (content) => strip.test(content),
          `${run} is drawn`,
        );
      }
      await lab.page.screenshot('freeze-plan-dark');
    });

    it('says what trains, by part', async () => {
      await lens(/all parameters/, (timeout) => lab.page.tab('What trains').waitFor({ timeout }));
      await lab.page.page
        .locator('.editor-instance .view-lines')
        .filter({ hasText: /■{4}□{8}/ })
        .waitFor();
      await lab.page.screenshot('freeze-what-trains');
      await lab.page.runCommand('View: Close Editor');
    });
  });

  describe('Run', () => {
    const python = () => below('freeze-in/.venv/bin/python');
    /** A script that stands for Python: what it has, and what it does when it is asked to train. */
    function writePython(has: string, training: string): void {
      mkdirSync(path.dirname(python()), { recursive: true });
      const names = ['trl', 'transformers', 'torch', 'torchvision', 'accelerate', 'datasets', 'pillow', 'regex'];
      const versions = { trl: has, transformers: '5.24.0' } as Record<string, string>;
      const packages = Object.fromEntries(names.map((name) => [name, versions[name] ?? '1']));
      writeFileSync(
        python(),
        `#!/usr/bin/env bash\nif [ "$1" = -c ]; then echo '${JSON.stringify({ version: [3, 12, 0], packages })}'; exit; fi\n` +
          `OUT="$(dirname "$1")"\n${training}\n`,
      );
      chmodSync(python(), 0o755);
    }

    it('names what is missing and the one command, and does nothing when that is declined', async () => {
      writePython('0.9.0', 'exit 1');
      await lab.page.runCommand('Frankenstein: Run Freeze Experiment');
      const said = await lab.page.dialog('Cancel');
      assert.match(said, /lacks trl 1\.16\.0\. One command installs them beside the plan/);
      assert.match(said, /pip install -r .*freeze-in\/requirements\.txt/);
      assert.ok(!existsSync(below('freeze-in/install.log')));
    });

    it('trains in a terminal, and refuses a second start meanwhile', async () => {
      writePython(
        '1.16.0',
        `echo "step 1" > "$OUT/began"; until [ -e "${below('go')}" ]; do sleep 0.1; done; mkdir -p ` +
          `"$OUT/result"; echo '{}' > "$OUT/result/finished.json"`,
      );
      await lab.page.runCommand('Frankenstein: Run Freeze Experiment');
      await until(() => existsSync(below('freeze-in/runs/control/began')), 'the trainer runs');
      await lab.page.runCommand('Frankenstein: Run Freeze Experiment');
      await lab.page.waitForNotification(/freeze-in is being trained by process \d+/);
      await lab.page.clearNotifications();
      const second = await cli('freeze', 'run', 'freeze-in');
      assert.equal(second.code, 10);
      assert.match(second.stderr, /is being trained by process \d+ since/);
      await lab.page.screenshot('freeze-terminal');
      writeFileSync(below('go'), '');
      await lab.page.waitForNotification(/freeze-in is trained\./);
      for (const run of ['control', 'early', 'mid', 'late'])
        assert.ok(existsSync(below(`freeze-in/runs/${run}/result/finished.json`)), run);
      await lab.page.clearNotifications();
      await lab.page.runCommand('View: Hide Panel');
    });
  });

  describe('Verify', () => {
    // As the sample lineage's frozen runs were trained: nothing but a region frozen.
    const STORED = 'stored/freeze.frank.yaml';
    const result = (run: string) => below(`stored/runs/${run}/result`);
    const put = (run: string, from: string) => {
      rmSync(result(run), { recursive: true, force: true });
      cpSync(path.join(SAMPLES, 'lineage', from), result(run), { recursive: true });
    };
    const verify = async () => {
      const { code, stdout } = await cli('freeze', 'verify', 'stored', '--json', '-');
      return { code, ...(JSON.parse(stdout) as VerifyResult) };
    };

    before(async () => {
      const { code, stderr } = await cli(
        ...['freeze', 'plan', 'models/in', '--data', 'train/text.jsonl', '--trainer', 'trl', '--device', 'cpu'],
        ...['--freeze', 'early,mid,late', '--out', 'stored'],
      );
      assert.equal(code, 0, stderr);
    });

    it('without results says so', async () => {
      await lens('Verify', (timeout) => panel().id('failed').waitFor({ timeout }), STORED);
      assert.match(await panel().failure('not-found'), /has no result yet/);
      await lab.page.runCommand('View: Close Editor');
    });

    it('names the tensors that moved', async () => {
      put('control', 'rl');
      put('early', 'rl-frozen-early');
      put('mid', 'rl'); // not what it says
      put('late', 'rl-frozen-late');
      await lens('Verify', (timeout) => panel().id('verification').waitFor({ timeout }), STORED);
      const { code, runs, passed } = await verify();
      assert.deepEqual([code, passed], [9, false]);
      assert.equal(await panel().id('verification').getAttribute('data-passed'), 'false');
      const moved = runs.find(({ run }) => run === 'mid')!.verification!.moved;
      const card = panel().id('verified-mid');
      await card.getByText(`✘ ${moved.length} moved`).waitFor();
      await lab.page.screenshot('freeze-verify-moved');
    });

    it('shows what stayed bit for bit, and how far the rest moved, as the headless command does', async () => {
      put('mid', 'rl-frozen-mid');
      await lab.page.runCommand('View: Close All Editors'); // a plan in the editor would be meant
      await lab.page.runCommand('Frankenstein: Verify Frozen Layers');
      await lab.page.quickPick(/stored/);
      await panel().frame.locator('[data-testid=verification][data-passed=true]').waitFor();
      for (const { run, verification } of (await verify()).runs) {
        const rows = await panel()
          .id(`verified-${run}`)
          .locator('tbody tr')
          .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
        const { held, groups } = verification!;
        assert.deepEqual(
          rows.map(([group]) => group),
          [...held, ...groups].map(({ group }) => group),
        );
        for (const [at] of held.entries()) assert.equal(rows[at]![1], '✔ bit-identical');
        for (const [at, { timesFloor, parameters }] of groups.entries()) {
          const row = rows[held.length + at]!;
          assert.equal(row[5], parameters.toLocaleString('en'));
          const shown = Number.parseFloat(row[3]!);
          assert.ok(timesFloor === 0 || Math.abs(shown / timesFloor! - 1) < 0.06, `${run}: ${row.join(' ')}`);
        }
      }
      await lab.page.screenshot('freeze-verify-dark');
    });

    it('takes two checkpoints and what should have stayed, without a plan', async () => {
      await lab.page.runCommand('View: Close All Editors');
      await lab.page.runCommand('Frankenstein: Refresh');
      await lab.page.runCommand('Frankenstein: Verify Frozen Layers');
      await lab.page.quickPick(/Two checkpoints/);
      await lab.page.quickPick(/models\/in/);
      await lab.page.quickPick(/mid\/result/);
      await lab.page.typeInput('mid, vision-not');
      assert.match(await panel().failure('bad-request'), /"vision-not" matches no parameter/);
      await lab.page.runCommand('Frankenstein: Verify Frozen Layers');
      await lab.page.quickPick(/Two checkpoints/);
      await lab.page.quickPick(/models\/in/);
      await lab.page.quickPick(/mid\/result/);
      await lab.page.typeInput('mid');
      await panel().frame.locator('[data-testid=verification][data-passed=true]').waitFor();
      await lab.page.runCommand('View: Close All Editors');
    });

    it('is kept as a run, and opened again as it is stored', async () => {
      await lab.page.runCommand('Frankenstein: Open Run');
      await lab.page.quickPick(/Frozen\? · in → early/);
      const shown = await panel().id('verified-when').textContent();
      const { finishedAt } = (await verify()).runs.find(({ run }) => run === 'early')!.verification!.provenance;
      assert.equal(shown, `Verified ${finishedAt.slice(0, 16).replace('T', ' ')} UTC`);
      await lab.page.runCommand('View: Close All Editors');
    });
  });

  describe('Report', () => {
    it('answers per region, as the headless command does', async () => {
      await lens(
        'Report',
        (timeout) => lab.page.quickInput.locator('.monaco-list-row').first().waitFor({ timeout }),
        'stored/freeze.frank.yaml',
      );
      await lab.page.quickPick(/ask\/text\.jsonl/);
      await panel().id('freeze-report').waitFor();
      const { stdout } = await cli(
        'freeze',
        'report',
        'stored',
        '--data',
        'ask/text.jsonl',
        '--no-runs',
        '--json',
        '-',
      );
      const told = JSON.parse(stdout) as FreezeReport;
      assert.equal(told.rows.length, 6);
      for (const row of told.rows)
        for (const question of ['necessary', 'sufficient', 'transferable'] as const) {
          const { verdict, difference, equivalence } = row[question]!;
          const cell = panel().id(`contrast-${row.run}-${row.measure}-${question}`);
          assert.equal(await cell.getAttribute('data-verdict'), verdict);
          const numbers = (await cell.innerText())
            .replaceAll('−', '-')
            .match(/[+-]?\d+\.\d/g)!
            .map(Number);
          for (const [at, value] of [difference, equivalence.low, equivalence.high].entries())
            assert.ok(Math.abs(numbers[at]! - 100 * value) < 0.051, `${row.run} ${question}: ${numbers.join(' ')}`);
        }
      assert.match(await panel().id('reading').innerText(), /necessary/i);
    });

    it('follows the theme, and fits a narrow window', async () => {
      await lab.page.screenshot('freeze-report-dark');
      await lab.page.setTheme('light');
      await lab.page.screenshot('freeze-report-light');
      await lab.page.resize({ width: 900, height: 1000 });
      await lab.page.screenshot('freeze-report-narrow');
      await lab.page.resize({ width: 1700, height: 1000 });
      await lab.page.setTheme('dark');
    });
  });
});
