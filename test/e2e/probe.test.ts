// Probing and trying a checkpoint as a person does it: from the menu or the palette to figures, samples and answers.
// What is shown is held against what the headless commands say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { PNG } from 'pngjs';
import type { AttentionResult, SkipResult, SwapResult } from '../../src/protocol/engineApi.js';
import { insist, packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { assertShown, enginePids, eventually, holdEngine, Panel, runNames, until } from './support.js';

const SAMPLES = path.join(root, 'samples');
const INDEX = 'models/in/model.safetensors.index.json';
const NAMES = { counting: 'Counting', ocr: 'OCR', grounding: 'Grounding', recognition: 'Recognition' } as const;
const QUESTION = 'How many objects are there?';

describe('probing and trying', () => {
  let workspace = '';
  let release: () => void = () => undefined;
  let swap: SwapResult;
  const lab = useWorkbench(
    async () => {
      workspace = temporaryWorkspace();
      cpSync(path.join(SAMPLES, 'lineage', 'in'), path.join(workspace, 'models', 'in'), { recursive: true });
      cpSync(path.join(SAMPLES, 'lineage', 'rl'), path.join(workspace, 'models', 'rl'), { recursive: true });
      writeIndex(path.join(workspace, 'models', 'in'));
      for (const folder of ['probes', 'eval'])
        cpSync(path.join(SAMPLES, folder, 'images'), path.join(workspace, folder, 'images'), { recursive: true });
      for (const task of Object.keys(NAMES)) copyLines(path.join('probes', `${task}.jsonl`), 40);
      for (const set of ['math', 'text']) copyLines(path.join('eval', `${set}.jsonl`), 6);
      const lines = readFileSync(path.join(workspace, 'probes', 'ocr.jsonl'), 'utf8')
        .split('\n')
        .slice(0, 5);
      mkdirSync(path.join(workspace, 'broken'));
      cpSync(path.join(SAMPLES, 'probes', 'images'), path.join(workspace, 'broken', 'images'), { recursive: true });
      writeFileSync(
        path.join(workspace, 'broken', 'torn.jsonl'),
        [...lines.slice(0, 2), '{"id": "torn", "task": ', ...lines.slice(2)].join('\n'),
      );
      swap = await cli<SwapResult>(
        'probe',
        'swap',
        below('models/in'),
        '--data',
        below('probes'),
        '--samples',
        '4',
        '--no-runs',
        '--json',
        '-',
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
  const runs = () => path.join(workspace, '.frankenstein');

  function copyLines(file: string, count: number): void {
    writeFileSync(
      path.join(workspace, file),
      `${readFileSync(path.join(SAMPLES, file), 'utf8').split('\n').slice(0, count).join('\n')}\n`,
    );
  }

  async function cli<T>(...args: string[]): Promise<T> {
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...args], {
      maxBuffer: 64 << 20,
    });
    return JSON.parse(stdout) as T;
  }

  const generated = async (checkpoint: string, image?: string, question = QUESTION) =>
    (
      await cli<{ text: string }>(
        'generate',
        below(checkpoint),
        '--prompt',
        question,
        ...(image === undefined ? [] : ['--image', image]),
        '--json',
      )
    ).text;

  /** The last step of the quick pick, once it says what the run will cost. */
  async function estimate(): Promise<string> {
    const run = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Run/ }).first();
    return eventually(
      () => run.innerText().catch(() => ''),
      (text) => /Run/.test(text) && !/estimating/.test(text),
      'the estimate is there',
    );
  }

  async function samples(count: number): Promise<void> {
    await estimate();
    await lab.page.quickPick(/Samples/);
    await lab.page.typeInput(String(count));
  }

  /** From the palette: kind, checkpoints and data. */
  async function fromPalette(kind: string, checkpoints: RegExp[], data: RegExp): Promise<void> {
    await lab.page.runCommand('Frankenstein: Probe Checkpoint…');
    await lab.page.quickPick(kind);
    await lab.page.quickPick(checkpoints);
    await lab.page.quickPick(data);
  }

  async function probed(title: string): Promise<void> {
    await panel().id('probe').locator('h1').filter({ hasText: title }).waitFor();
  }

  /** Cells of the number table under the figures, the layer first. */
  /** The rows of a figure's numbers, which are there once they are opened; folded again where they were folded. */
  async function numbers(id: string): Promise<string[][]> {
    const summary = panel().id(id).locator('summary');
    const isFolded = (await panel().id(id).getAttribute('open')) === null;
    if (isFolded) await summary.click();
    const rows = panel().id(`${id}-table`).locator('tbody tr');
    await rows.first().waitFor();
    const texts = await rows.evaluateAll((all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
    );
    if (isFolded) await summary.click();
    return texts;
  }

  async function saved(entry: string, name: string): Promise<string> {
    return (await savedBytes(entry, name, (bytes) => bytes.toString('utf8').endsWith('\n'))).toString('utf8');
  }

  async function savedBytes(
    entry: string,
    name: string,
    whole: (bytes: Buffer) => boolean = (bytes) => bytes.length > 0,
  ): Promise<Buffer> {
    const file = below(name);
    await panel().id('export').click();
    await panel().id(entry).click();
    await lab.page.fileDialog(file);
    return eventually(
      () => (readdirSync(path.dirname(file)).includes(path.basename(file)) ? readFileSync(file) : Buffer.alloc(0)),
      whole,
      `${name} is written`,
    );
  }

  async function closeAll(): Promise<void> {
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.page.locator('.part.editor .tab').first().waitFor({ state: 'detached' });
  }

  const percent = (fraction: number) => `${Math.round(100 * fraction)}%`;
  const rows = (
    rates: readonly { task?: keyof typeof NAMES; depth: number; n: number; value: number; low: number; high: number }[],
    name?: string,
  ) =>
    rates
      .map(({ task, depth, n, value, low, high }) =>
        [
          String(depth),
          task === undefined ? name! : NAMES[task],
          percent(value),
          `${Math.round(100 * low)}–${Math.round(100 * high)}%`,
          String(n),
        ].join('|'),
      )
      .sort();
  /** Without the region, which is the cuts' and not the result's. */
  const shown = (table: string[][]) => table.map(([depth, , ...rest]) => [depth, ...rest].join('|')).sort();

  afterEach('let the engine go', () => release());

  describe('vision localization', () => {
    it('from the explorer: kind, data, options with the estimate, run', async function () {
      await lab.page.explorerContextMenu('models/in', ['Frankenstein', 'Probe Checkpoint…']);
      assert.deepEqual(await lab.page.quickPickItems(), [
        'Vision localization',
        'Reasoning localization',
        'Attention shift',
        'Expert routing',
      ]);
      await lab.page.quickPick('Vision localization');
      // The checkpoint of the menu is no question. Questions are no pairs, so they are not offered here; the folder of
      // four sets is one choice.
      await lab.page.quickInput
        .locator('.monaco-list-row')
        .filter({ hasText: 'counting, grounding, ocr, recognition' })
        .first()
        .waitFor();
      assert.equal(await lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: 'math.jsonl' }).count(), 0);
      await lab.page.quickPick('counting, grounding, ocr, recognition');
      assert.match(await estimate(), /160 samples × 12 layers · .*at most [\d.]+ [MG]B/);
      await samples(4);
      assert.match(await estimate(), /16 samples × 12 layers/);
      await lab.page.quickPick(/Run/);
      await probed('Vision probe · in');
      assert.equal(await panel().id('tab-localization').getAttribute('aria-selected'), 'true');
    });

    it('curves and heat map are painted, and read out by their peaks', async () => {
      await until(
        async () => (await lab.page.canvasColours(panel().id('curves-0-canvas'))) > 20,
        'the curves are painted',
      );
      await until(
        async () => (await lab.page.canvasColours(panel().id('surface-canvas'))) > 4,
        'the heat map is painted',
      );
      const label = (await panel().id('curves-0').getAttribute('aria-label'))!;
      for (const [task, name] of Object.entries(NAMES)) {
        const peak = swap.rates
          .filter((rate) => rate.task === task)
          .sort((a, b) => a.depth - b.depth)
          .reduce((best, rate) => (rate.changed > best.changed ? rate : best));
        assert.ok(
          label.includes(`${name} peaks at layer ${peak.depth} with ${percent(peak.changed)}`),
          `${name}: ${label}`,
        );
      }
    });

    it('the table of numbers is what the headless command gives', async () => {
      await panel().id('probe-numbers').locator('summary').click();
      await panel().id('probe-numbers-table').waitFor();
      assert.deepEqual(
        shown(await numbers('probe-numbers')),
        rows(swap.rates.map(({ changed, ...rate }) => ({ ...rate, value: changed }))),
      );
      await panel().id('probe-numbers').locator('summary').click();
    });

    it('a click on a point lists the samples behind it: both images, both answers, where it flips', async () => {
      const box = (await panel().id('curves-0-canvas').boundingBox())!;
      const position = { x: box.width * 0.12, y: box.height * 0.2 };
      await panel().id('curves-0-canvas').hover({ position });
      assert.match(await panel().id('tooltip').innerText(), /Language layer 0/);
      await panel().id('curves-0-canvas').click({ position });
      const [, name, layer] = /^(\w+), layer (\d+)$/.exec(await panel().id('behind-title').innerText())!;
      assert.equal(layer, '0');
      const task = Object.entries(NAMES).find(([, one]) => one === name)![0];
      const all = swap.samples.filter((sample) => sample.task === task);
      const changed = all.filter((sample) => sample.changed[0] === true);
      assert.ok(changed.length > 0, 'an image swapped from the first layer on changes answers');
      assert.equal(await panel().id('behind-count').innerText(), `${changed.length} of ${all.length} changed`);
      const listed = panel().id('samples').locator('.sample-row');
      assert.deepEqual(
        (await listed.evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset['sample']))).sort(),
        changed.map(({ id }) => id).sort(),
      );
      await panel().press('behind-which', 'All');
      await until(async () => (await listed.count()) === all.length, 'all are listed');
      await panel().press('behind-which', 'Changed');
      await listed.first().click();
      await assertSample((await listed.first().getAttribute('data-sample'))!, 0);
    });

    async function assertSample(id: string, depth: number): Promise<void> {
      const sample = swap.samples.find((one) => one.id === id)!;
      const detail = panel().id('sample');
      await detail.locator('code').filter({ hasText: id }).waitFor();
      const images = detail.getByTestId('image');
      await until(
        async () =>
          (await images.evaluateAll(
            (images) => images.filter((image) => (image as HTMLImageElement).naturalWidth > 0).length,
          )) === 2,
        'both images are shown',
      );
      const facts = await detail.locator('.sample-facts').innerText();
      for (const text of [sample.baseline, sample.answers[depth]!, sample.sourceAnswer])
        assert.ok(facts.includes(text.trim()), `${text} is in ${facts}`);
      assert.equal(await detail.getByTestId('strip').locator('.strip-cell').count(), swap.depths.length);
      const cells = await detail
        .getByTestId('strip')
        .locator('.strip-cell')
        .evaluateAll((all) => all.map((cell) => !cell.classList.contains('same')));
      assert.deepEqual(cells, sample.changed);
    }

    it('the same by keyboard: walk, choose, go through the samples, move along the layers', async () => {
      await panel().id('behind-close').click();
      await panel().id('behind').waitFor({ state: 'hidden' });
      await panel().id('curves-0').focus();
      await panel().id('curves-0').press('Home');
      await panel().id('curves-0').press('ArrowRight');
      await eventually(
        () => panel().id('live').textContent(),
        (said) => /^Layer 1, Early\. Counting: \d+% \(\d+–\d+%\)/.test(said ?? ''),
        'layer 1 is read out',
      );
      await panel().id('curves-0').press('Enter');
      await panel().id('behind-title').filter({ hasText: 'Counting, layer 1' }).waitFor();
      await panel().press('behind-which', 'All');
      await panel().id('samples').focus();
      await panel().id('samples').press('Home');
      await panel().id('samples').press('ArrowDown');
      const counting = swap.samples.filter((sample) => sample.task === 'counting');
      const second = await panel().id('samples').locator('.sample-row').nth(1).getAttribute('data-sample');
      assert.ok(counting.some(({ id }) => id === second));
      await assertSample(second!, 1);
      await panel().id('strip').focus();
      await panel().id('strip').press('End');
      await panel().id('behind-title').filter({ hasText: 'Counting, layer 11' }).waitFor();
      await assertSample(second!, 11);
      assert.equal(await panel().focused(), 'strip');
    });

    it('exports: curves and answers as CSV, the result as JSON', async () => {
      const [head, ...lines] = (await saved('export-curves-csv', 'curves.csv'))
        .trimEnd()
        .split('\n')
        .map((line) => line.split(','));
      const at = (name: string) => head!.indexOf(name);
      assert.deepEqual(
        lines
          .map((line) => [line[at('function')], line[at('layer')], line[at('n')], line[at('value')]].join(' '))
          .sort(),
        swap.rates.map(({ task, depth, n, changed }) => `${task} ${depth} ${n} ${changed}`).sort(),
      );
      const heat = await savedBytes('export-surface-png', 'surface.png');
      const { width, height, data } = PNG.sync.read(heat);
      assert.ok(width > 400 && height > 200, `${width} × ${height}`);
      const colours = new Set<number>();
      for (let at = 0; at < data.length; at += 4) colours.add(data.readUInt32BE(at));
      assert.ok(colours.size > 20, `${colours.size} colours`);
      const answers = await saved('export-samples-csv', 'answers.csv');
      for (const { id } of swap.samples) assert.ok(answers.includes(id), `${id} is in the answers`);
      const json = JSON.parse(await saved('export-probe-json', 'probe.json')) as SwapResult;
      assert.deepEqual(json.rates, swap.rates);
      assert.deepEqual(json.samples, swap.samples);
    });

    it('in dark', async () => {
      await lab.page.screenshot('probe-dark-samples');
      await panel().frame.locator('h1').scrollIntoViewIfNeeded();
      await lab.page.screenshot('probe-dark');
    });

    it('a reload keeps the result and what was chosen', async function () {
      const before = shown(await numbers('probe-numbers'));
      await lab.page.page.waitForTimeout(500); // the panel gathers what is to be remembered
      await lab.page.reloadWindow();
      await probed('Vision probe · in');
      await panel().id('behind-title').filter({ hasText: 'Counting, layer 11' }).waitFor();
      assert.deepEqual(shown(await numbers('probe-numbers')), before);
      await until(
        async () => (await lab.page.canvasColours(panel().id('curves-0-canvas'))) > 20,
        'the curves are painted again',
      );
      assert.equal(runNames(runs()).length, 1, 'nothing was run again');
    });

    it('the lens above a layer names its peak function, and leads to the panel', async () => {
      await lab.page.openFile(INDEX);
      const lines = readFileSync(below(INDEX), 'utf8').split('\n');
      for (const layer of [0, 6]) {
        await lab.page.gotoLine(lines.findIndex((line) => line.includes(`layers.${layer}.`)) + 1);
        const rates = swap.rates.filter(({ depth }) => depth === layer);
        const most = Math.max(...rates.map(({ changed }) => changed));
        const peak = rates.filter(({ changed }) => changed === most).map(({ task }) => NAMES[task]);
        const names = peak.length === rates.length ? 'all functions' : peak.join(' and ');
        const texts = () =>
          lab.page
            .codeLenses()
            .allInnerTexts()
            .then((all) => all.map((text) => text.replace(/[\s\u00a0]+/g, ' ').trim()));
        await eventually(
          texts,
          (all) => all.some((text) => text.startsWith(`${names} ${Math.round(100 * most)}% changed`)),
          `layer ${layer} has the lens ${names} ${Math.round(100 * most)}% changed`,
        );
      }
      // VS Code draws lenses anew whenever there are others; a click in that very moment goes nowhere.
      await insist(async (timeout) => {
        await lab.page.clickCodeLens(/% changed/);
        await panel()
          .id('behind-title')
          .filter({ hasText: /, layer [5-7]$/ })
          .waitFor({ timeout });
      });
      await probed('Vision probe · in');
      await closeAll();
    });
  });

  describe('other probes', () => {
    it('reasoning localization, from the palette', async function () {
      const own = await cli<SkipResult>(
        'probe',
        'skip',
        below('models/in'),
        '--data',
        below('eval/text.jsonl'),
        '--no-runs',
        '--json',
        '-',
      );
      await fromPalette('Reasoning localization', [/models\/in/], /text\.jsonl/);
      assert.match(await estimate(), /6 samples × 12 layers/);
      await lab.page.quickPick(/Run/);
      await probed('Reasoning probe · in');
      assert.deepEqual(
        shown(await numbers('probe-numbers')),
        rows(
          own.errors.map(({ error, ...rate }) => ({ ...rate, value: error })),
          'in',
        ),
      );
      assert.ok((await lab.page.canvasColours(panel().id('curves-0-canvas'))) > 20);
      await panel().id('curves-0').focus();
      await panel().id('curves-0').press('Home');
      await panel().id('curves-0').press('Enter');
      const wrong = own.samples.filter(({ correct }) => correct[0] === false);
      await eventually(
        () => panel().id('behind-count').innerText(),
        (text) => text === `${wrong.length} of 6 wrong`,
        'the wrong answers are counted',
      );
      await lab.page.screenshot('probe-skip');
      await closeAll();
    });

    it('attention, two checkpoints held against each other', async function () {
      const own = await cli<AttentionResult>(
        'probe',
        'attention',
        below('models/in'),
        below('models/rl'),
        '--data',
        below('eval/math.jsonl'),
        '--no-runs',
        '--json',
        '-',
      );
      await fromPalette('Attention shift', [/models\/in/, /models\/rl/], /math\.jsonl/);
      assert.match(await estimate(), /6 samples × 12 layers/);
      await lab.page.quickPick(/Run/);
      await probed('Attention probe · in, rl');
      assert.equal(await panel().id('tab-attention').getAttribute('aria-selected'), 'true');
      await until(
        async () => (await lab.page.canvasColours(panel().id('attention-figure-canvas'))) > 20,
        'the curves are painted',
      );
      await until(
        async () => (await lab.page.canvasColours(panel().id('shift-figure-canvas'))) > 10,
        'the shift is painted',
      );
      const table = await numbers('attention-numbers');
      for (const layer of own.layers) {
        const values = table.filter(([depth]) => depth === String(layer.depth)).map((cells) => cells[3]!);
        [...layer.mean, layer.shift!.difference].forEach((value, at) =>
          assertShown(values[at]!, value, `layer ${layer.depth}, column ${at}`),
        );
      }
      await panel().press('attention-measure', 'Mass');
      await eventually(
        () => numbers('attention-numbers'),
        (mass) => mass.length === table.length && mass[0]![3] !== table[0]![3],
        'the table shows the mass',
      );
      await panel().id('attention-samples').locator('.sample-row').first().click();
      const first = own.samples[0]!;
      const detail = panel().id('attention-sample');
      await until(async () => (await detail.getByTestId('image').count()) === 1, 'its image is shown');
      const facts = await detail.locator('.sample-facts').innerText();
      for (const text of first.answers) assert.ok(facts.includes(text.trim()), `${text} is in ${facts}`);
      await lab.page.screenshot('probe-attention');
      await closeAll();
    });

    it('can be cancelled, and goes on where it was', async function () {
      const hold = holdEngine({
        extensionsDir: lab.workbench.server.extensionsDir,
        runsFolder: runs(),
        known: runNames(runs()),
        lines: 8,
      });
      release = hold.release;
      await fromPalette('Vision localization', [/models\/rl/], /counting, grounding, ocr, recognition/);
      await estimate();
      await lab.page.quickPick(/Run/);
      const run = await hold.held;
      const journal = () => readFileSync(path.join(runs(), 'runs', run, 'journal.jsonl'), 'utf8');
      await eventually(
        () => panel().id('progress').getAttribute('aria-valuetext'),
        (text) => /^[\d,]+ of 1,920 answers$/.test(text ?? ''),
        'there is progress',
      );
      await lab.page.screenshot('probe-running');
      await panel().id('cancel').click();
      hold.release();
      assert.match(await panel().failure('cancelled'), /^Cancelled\. The samples done so far are kept/);
      const before = journal();
      await panel().id('retry').click();
      await probed('Vision probe · rl');
      const after = journal();
      assert.ok(after.startsWith(before.slice(0, before.lastIndexOf('\n') + 1)), 'the journal goes on where it was');
      assert.equal(
        new Set(
          after
            .trimEnd()
            .split('\n')
            .map((line) => (JSON.parse(line) as { id: string }).id),
        ).size,
        160,
      );
      assert.equal(after.trimEnd().split('\n').length, 160, 'no sample was probed twice');
      await closeAll();
    });

    it('data with a bad line: one sentence with its number; skipped if wanted, and reported', async function () {
      await fromPalette('Vision localization', [/models\/in/], /torn\.jsonl/);
      assert.match(await estimate(), /torn\.jsonl line 3 is not valid JSON\./);
      await lab.page.quickPick(/Run/);
      assert.match(await panel().failure(), /^torn\.jsonl line 3 is not valid JSON\.$/);
      await lab.page.screenshot('probe-bad-data');
      await panel().id('skip-lines').click();
      await probed('Vision probe · in');
      assert.match(await panel().id('probe-warnings').innerText(), /line 3/);
      await closeAll();
      await fromPalette('Vision localization', [/models\/in/], /torn\.jsonl/);
      await estimate();
      const lines = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Malformed lines/ });
      await lines.click();
      await lines.filter({ hasText: 'skip and report' }).waitFor();
      assert.match(await estimate(), /5 samples × 12 layers/);
      await lab.page.quickPick(/Run/);
      await probed('Vision probe · in');
      assert.match(await panel().id('probe-warnings').innerText(), /line 3/);
      await closeAll();
    });
  });

  describe('two checkpoints over each other', () => {
    it('a figure per function, a curve per checkpoint', async function () {
      await lab.page.explorerContextMenu(['models/in', 'models/rl'], ['Frankenstein', 'Probe Checkpoint…']);
      await lab.page.quickPick('Vision localization');
      await lab.page.quickPick('counting, grounding, ocr, recognition');
      await samples(4);
      assert.match(await estimate(), /16 samples × 12 layers in 2 checkpoints/);
      await lab.page.quickPick(/Run/);
      await probed('Vision probe · in, rl');
      for (const at of [0, 1, 2, 3])
        await until(
          async () => (await lab.page.canvasColours(panel().id(`curves-${at}-canvas`))) > 10,
          `figure ${at} is painted`,
        );
      await panel().id('curves-3').waitFor();
      assert.equal((await numbers('probe-numbers')).length, 4 * 2 * 12);
      await panel().press('layout', 'Together');
      await panel().id('curves-1').waitFor({ state: 'detached' });
      await panel().press('layout', 'By function');
      await panel().id('legend-checkpoint-1').click();
      await eventually(
        () => numbers('probe-numbers'),
        (table) => table.length === 4 * 12,
        'rl is taken out',
      );
      await panel().id('legend-checkpoint-1').click();
      await panel().id('curves-0').focus();
      await panel().id('curves-0').press('Home');
      await panel().id('curves-0').press('Enter');
      await panel().id('samples').locator('.sample-row').first().click();
      await eventually(
        () => panel().id('sample').getByTestId('strip').count(),
        (count) => count === 2,
        'a strip per checkpoint',
      );
    });

    for (const theme of ['dark', 'light'] as const) {
      it(`in ${theme}`, async () => {
        if (theme !== 'dark') await lab.page.setTheme(theme);
        await panel().frame.locator('h1').scrollIntoViewIfNeeded();
        await lab.page.screenshot(`probe-two-${theme}`);
        await panel().id('stretches').scrollIntoViewIfNeeded();
        await lab.page.screenshot(`probe-two-${theme}-samples`);
      });
    }

    it('fits a column 360 pixels wide', async () => {
      await narrow('probe-two');
      await panel().id('stretches').scrollIntoViewIfNeeded();
      await lab.page.screenshot('probe-two-narrow-samples');
      await wide();
      await closeAll();
    });
  });

  async function narrow(name: string): Promise<void> {
    await lab.page.runCommand('View: Toggle Primary Side Bar Visibility');
    const width = () =>
      panel()
        .frame.locator('body')
        .evaluate(() => innerWidth);
    for (let outer = 420, tries = 0; (await width()) !== 360; tries++) {
      assert.ok(tries < 10, `the panel is ${await width()} pixels wide`);
      await lab.page.resize({ width: outer, height: 900 });
      await until(async () => Math.abs((await width()) - 360) < 120, 'the panel is narrow');
      outer += 360 - (await width());
    }
    await eventually(
      () =>
        panel()
          .frame.locator('body')
          .evaluate(() => {
            const cut = [...document.querySelectorAll('body *')].filter((element) =>
              ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX),
            );
            return [...document.querySelectorAll('body *')]
              .filter(
                (element) =>
                  element.getBoundingClientRect().right > innerWidth + 0.5 &&
                  !cut.some((one) => one !== element && one.contains(element)),
              )
              .map((element) => `${element.tagName}.${element.getAttribute('class')}`);
          }),
      (list) => list.length === 0,
      'nothing reaches out of the panel',
    );
    await panel().frame.locator('h1').scrollIntoViewIfNeeded();
    await lab.page.screenshot(`${name}-narrow`);
  }

  async function wide(): Promise<void> {
    await lab.page.resize({ width: 1700, height: 1000 });
    await lab.page.runCommand('View: Toggle Primary Side Bar Visibility');
  }

  describe('Try Checkpoint', () => {
    /** The two checkpoints count differently here, so that neither answer can stand in for the other. */
    const image = () => below('probes/images/0008edae9330.png');
    const answer = (exchange: number, checkpoint: number) => panel().id(`answer-text-${exchange}-${checkpoint}`);
    const done = (exchange: number, checkpoint: number, state = 'done') =>
      panel().frame.locator(`[data-testid="answer-${exchange}-${checkpoint}"][data-state="${state}"]`).waitFor();

    async function chooseImage(): Promise<void> {
      await panel().id('try-choose').click();
      await lab.page.fileDialog(image());
      await until(async () => (await panel().id('try-image').getByTestId('image').count()) === 1, 'the image is there');
    }

    it('an image and a prompt: the answer comes word by word, and is what the headless command says', async function () {
      await lab.page.explorerContextMenu('models/in', ['Frankenstein', 'Try Checkpoint…']);
      await lab.page.quickPick('alone');
      await panel().id('try').locator('h1').filter({ hasText: 'Try · in' }).waitFor();
      assert.equal(await panel().id('try-cancel').isVisible(), false);
      await chooseImage();
      await panel().id('try-prompt').fill(QUESTION);
      // What the answer says from moment to moment.
      await panel()
        .id('try-history')
        .evaluate((history) => {
          const seen: string[] = [];
          Object.assign(window, { seen });
          new MutationObserver(() => seen.push(history.querySelector('.answer-text')?.textContent ?? '')).observe(
            history,
            { childList: true, subtree: true, characterData: true },
          );
        });
      await panel().id('try-ask').click();
      await done(1, 0);
      const expected = await generated('models/in', image());
      assert.equal(await answer(1, 0).textContent(), expected);
      const seen = [
        ...new Set(
          await panel()
            .id('try-history')
            .evaluate(() => (window as unknown as { seen: string[] }).seen),
        ),
      ];
      assert.ok(
        seen.filter((text) => text !== '' && text !== expected).length >= 3,
        `the answer grew: ${JSON.stringify(seen)}`,
      );
      for (const text of seen) assert.ok(expected.startsWith(text), `${text} is a beginning of ${expected}`);
      assert.match(await panel().id('answer-1-0').locator('.answer-status').innerText(), /^\d+ tokens, [\d.]+ s$/);
      assert.equal(await panel().id('try-prompt').inputValue(), '', 'the box is free for the next question');
    });

    it('by keyboard, without the image', async () => {
      await panel().id('try-remove').click();
      await panel().id('try-prompt').fill(QUESTION);
      await panel().id('try-prompt').press('Control+Enter');
      await done(2, 0);
      assert.equal(await answer(2, 0).textContent(), await generated('models/in'));
      await panel().id('try-again-1').click();
      assert.equal(await panel().id('try-prompt').inputValue(), QUESTION);
      await until(async () => (await panel().id('try-image').getByTestId('image').count()) === 1, 'the image is back');
      await closeAll();
    });

    it('two checkpoints beside each other answer the same question', async function () {
      await lab.page.runCommand('Frankenstein: Try Checkpoint…');
      await lab.page.quickPick(/models\/in/);
      await lab.page.quickPick('Beside another checkpoint');
      await lab.page.quickPick(/models\/rl/);
      await panel().id('try').locator('h1').filter({ hasText: 'Compare answers · in, rl' }).waitFor();
      await chooseImage();
      // One that tells the two apart.
      const question = 'What is 17 + 25?';
      await panel().id('try-prompt').fill(question);
      await panel().id('try-ask').click();
      const expected = [
        await generated('models/in', image(), question),
        await generated('models/rl', image(), question),
      ];
      assert.notEqual(expected[0], expected[1]);
      for (const at of [0, 1]) {
        await done(1, at);
        assert.equal(await answer(1, at).textContent(), expected[at]);
      }
      const [left, right] = [
        (await panel().id('answer-1-0').boundingBox())!,
        (await panel().id('answer-1-1').boundingBox())!,
      ];
      assert.ok(left.x + left.width <= right.x && Math.abs(left.y - right.y) < 2, 'they stand beside each other');
    });

    it('an answer can be cancelled, and the next question is answered', async () => {
      const pids = enginePids(lab.workbench.server.extensionsDir);
      assert.ok(pids.length > 0);
      release = () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      await panel().id('try-prompt').fill(QUESTION);
      await panel().id('try-ask').click();
      await done(2, 0, 'running');
      await panel().id('try-cancel').click();
      release();
      await done(2, 0, 'cancelled');
      await done(2, 1, 'cancelled');
      await panel().id('try-cancel').waitFor({ state: 'hidden' });
      await panel().id('try-prompt').fill(QUESTION);
      await panel().id('try-ask').click();
      await done(3, 1);
    });

    it('in light, dark and narrow', async () => {
      await lab.page.setTheme('light');
      await panel().frame.locator('h1').scrollIntoViewIfNeeded();
      await lab.page.screenshot('try-light');
      await lab.page.setTheme('dark');
      await lab.page.screenshot('try-dark');
      await narrow('try');
      await wide();
      await closeAll();
    });
  });

  describe('in the end', () => {
    it('nothing of this broke the rules of the page', () => {
      assert.deepEqual(lab.page.cspViolations, []);
      assert.deepEqual(lab.page.errors, []);
    });
  });
});

/** An index over the one file of a checkpoint, as larger ones have. */
function writeIndex(folder: string): void {
  const bytes = readFileSync(path.join(folder, 'model.safetensors'));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0)))) as Record<string, unknown>;
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  writeFileSync(
    path.join(folder, 'model.safetensors.index.json'),
    `${JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(names.map((name) => [name, 'model.safetensors'])) }, null, 2)}\n`,
  );
}
