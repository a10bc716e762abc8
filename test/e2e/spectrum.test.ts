// The spectra of updates as a person looks at it: what it costs, the run, its figures and matrices, and what stays on
// disk. What is shown is held against what the headless command says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { SpectrumPlan, SpectrumResult } from '../../src/protocol/engineApi.js';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { assertShown, eventually, holdEngine, Panel, runNames, until, writeLargePair } from './support.js';

const LINEAGE = ['base', 'in', 'rl'].map((name) => path.join(root, 'samples', 'lineage', name));

async function cli<T>(...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(root, 'dist', 'cli.cjs'), 'spectrum', ...args, '--json', '-'],
    { maxBuffer: 256 << 20 },
  );
  return JSON.parse(stdout) as T;
}

/** Cells of the numbers table under a figure. */
async function numbers(panel: Panel, id: string): Promise<string[][]> {
  if ((await panel.id(id).getAttribute('open')) === null) await panel.id(id).locator('summary').click();
  await panel.id(`${id}-table`).locator('tbody tr').first().waitFor();
  return panel
    .id(`${id}-table`)
    .locator('tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
}

describe('the spectra of updates', () => {
  let workspace = '';
  let expected: SpectrumResult;
  const lab = useWorkbench(
    async () => {
      workspace = temporaryWorkspace(path.join(root, 'samples', 'lineage'));
      const rl = path.join(workspace, 'rl');
      const header = readFileSync(path.join(rl, 'model.safetensors'));
      const names = Object.keys(
        JSON.parse(header.toString('utf8', 8, 8 + Number(header.readBigUInt64LE(0)))) as object,
      ).filter((name) => name !== '__metadata__');
      writeFileSync(
        path.join(rl, 'model.safetensors.index.json'),
        JSON.stringify(
          { metadata: {}, weight_map: Object.fromEntries(names.sort().map((name) => [name, 'model.safetensors'])) },
          null,
          2,
        ),
      );
      expected = await cli<SpectrumResult>(...LINEAGE, '--mode', 'exact', '--no-runs');
      return { workspace, vsix: packagedVsix(), settings: { 'editor.minimap.enabled': false } };
    },
    { theme: 'dark', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const runsFolder = () => path.join(workspace, '.frankenstein');
  /** By what tables call it: `v0`, `proj`, `0`. */
  const named = (label: string) =>
    expected.layers.find(
      ({ section, layer: index }) =>
        label === (section === 'projector' ? 'proj' : section === 'vision' ? `v${index}` : String(index)),
    )!;

  async function closeAll(): Promise<void> {
    await lab.page.runCommand('View: Close All Editors');
    await lab.page.page.locator('.part.editor .tab').first().waitFor({ state: 'detached' });
  }

  it('from the explorer: an offer with its cost, nothing compared unasked', async function () {
    await lab.page.explorerContextMenu(['rl', 'base', 'in'], ['Frankenstein', 'Analyse Update Spectrum…']);
    await panel().id('spectrum-offer').waitFor();
    assert.equal(await panel().id('tab-spectrum').getAttribute('aria-selected'), 'true');
    const plan = await cli<SpectrumPlan>(...LINEAGE, '--plan');
    const shown = await eventually(
      () => panel().id('spectrum-plan').innerText(),
      (text) => /Memory/.test(text),
      'the plan is there',
    );
    assert.match(shown, new RegExp(`Matrices\\s+${plan.matrices}\\b`));
    assert.match(shown, /Reads\s+[\d.]+ MB\s+Takes\s+about .+ with \d+ threads?\s+Memory\s+at most [\d.]+ [MG]B/);
    await panel().id('spectrum-filter').locator('input').fill('mlp.(');
    assert.match(
      await eventually(
        () => panel().id('spectrum-plan-error').innerText(),
        (text) => text !== '',
        'the sentence is there',
      ),
      /^The filter .* is no regular expression/,
    );
    await panel().id('spectrum-filter').locator('input').fill('');
    await eventually(
      () => panel().id('spectrum-plan').innerText(),
      (text) => /Memory/.test(text),
      'the plan is back',
    );
    await panel().id('tab-comparison').click();
    assert.match(await panel().failure('not-compared'), /Not compared yet\.$/);
    assert.deepEqual(runNames(runsFolder()), []);
    await panel().id('tab-spectrum').click();
  });

  it('computed, it says in words and figures what the headless command says', async function () {
    await panel().press('spectrum-mode', 'Exact');
    await panel().id('spectrum-compute').click();
    await panel().id('spectrum').waitFor();
    assert.equal(await panel().id('spectrum').locator('h1').innerText(), 'base → in → rl');
    assert.match(
      await panel().id('spectrum-what').innerText(),
      new RegExp(`^All singular values, exact · ${expected.tensors.length} matrices`),
    );
    assert.match(
      await panel().id('spectrum-reading').innerText(),
      /ΔRL (is|has) .* ΔIN: median stable rank [\d.]+ against [\d.]+/,
    );
    for (const canvas of [
      'metric-figure-canvas',
      'rank-surface-0-canvas',
      'rank-surface-1-canvas',
      'rank-curves-1-canvas',
      'overlap-figure-canvas',
    ]) {
      await until(async () => (await lab.page.canvasColours(panel().id(canvas))) > 8, `${canvas} is painted`);
    }
    let compared = 0;
    for (const [depth, , line, value, , floor] of await numbers(panel(), 'metric-numbers')) {
      const own = named(depth!).spectra[line!.startsWith('ΔIN') ? 0 : 1]!;
      if (/floor-corrected/.test(line!)) assertShown(value!, own.correctedStableRank!.mean, `corrected at ${depth}`);
      else {
        assertShown(value!, own.stableRank!.mean, `stable rank at ${depth}`);
        assertShown(floor!, own.floorStableRank!.mean, `floor at ${depth}`);
      }
      compared++;
    }
    assert.ok(compared >= 2 * expected.layers.length, `${compared} rows`);
    await panel().id('metric-numbers').locator('summary').click();
    for (const [depth, , line, value, , chance] of await numbers(panel(), 'overlap-numbers')) {
      const own = named(depth!).overlaps[0]!;
      const left = line!.startsWith('outputs');
      assertShown(value!, left ? own.left : own.right, `overlap at ${depth}`);
      assertShown(chance!, left ? own.leftChance : own.rightChance, `chance at ${depth}`);
    }
    await panel().id('overlap-numbers').locator('summary').click();
    const surface = await numbers(panel(), 'surface-numbers');
    for (const [depth, update, , second, , tenth] of surface) {
      const own = named(depth!).spectra[update === 'ΔIN' ? 0 : 1]!;
      assertShown(second!, own.logCurve[1]!, `rank 2 at ${depth}`);
      assertShown(tenth!, own.logCurve[9]!, `rank 10 at ${depth}`);
    }
    await panel().id('surface-numbers').locator('summary').click();
    await panel().choose('rank-metric', 'Energy in the first k');
    await panel().press('top-k', '16');
    for (const [depth, , line, value] of await numbers(panel(), 'metric-numbers')) {
      if (/floor-corrected/.test(line!)) continue;
      assertShown(
        value!,
        named(depth!).spectra[line === 'ΔIN' ? 0 : 1]!.topEnergy['16']!.mean,
        `energy at ${depth}`,
        6e-5,
      );
    }
    await panel().id('metric-numbers').locator('summary').click();
    await panel().choose('rank-metric', 'Stable rank');
  });

  it('follows the theme, and fits a narrow column', async function () {
    for (const theme of ['dark', 'light', 'hc-dark'] as const) {
      await lab.page.setTheme(theme);
      await lab.page.waitForTheme(theme);
      await panel().id('tab-spectrum').scrollIntoViewIfNeeded();
      await until(
        async () => (await lab.page.canvasColours(panel().id('metric-figure-canvas'))) > 8,
        `painted in ${theme}`,
      );
      await lab.page.screenshot(`spectrum-${theme}`);
      await panel().id('rank-surface-0').scrollIntoViewIfNeeded();
      await lab.page.screenshot(`spectrum-${theme}-surface`);
    }
    await lab.page.setTheme('dark');
    await lab.page.resize({ width: 820, height: 1000 });
    await until(
      async () =>
        (await panel()
          .id('spectrum')
          .evaluate(
            (element) =>
              element.ownerDocument.documentElement.scrollWidth - element.ownerDocument.documentElement.clientWidth,
          )) === 0,
      'nothing is wider than a narrow column',
    );
    await lab.page.screenshot('spectrum-narrow');
    await lab.page.resize({ width: 1700, height: 1000 });
  });

  it('by keyboard from a layer to a matrix and back', async () => {
    await panel().id('metric-figure').focus();
    await lab.page.page.keyboard.press('End');
    const live = () => panel().id('live').innerText();
    await eventually(live, (text) => /^Language layer 11\. ΔIN: /.test(text), 'the layer is read out');
    await lab.page.page.keyboard.press('Enter');
    await eventually(
      () => panel().id('spectrum-depth').innerText(),
      (text) => /Only Language layer 11/.test(text),
      'the table is cut to the layer',
    );
    await panel().frame.locator('.matrix-name').first().focus();
    await lab.page.page.keyboard.press('End');
    await lab.page.page.keyboard.press('Enter');
    await panel().id('matrix-detail').waitFor();
    const key = await panel().id('matrix-name').innerText();
    const tensor = expected.tensors.find((one) => (one.part === null ? one.name : `${one.name}#${one.part}`) === key)!;
    const spectrum = tensor.spectra[0]!;
    const rows = await panel()
      .id('metric-table')
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
    const value = (name: string) => rows.find(([first]) => first === name)![1]!;
    assertShown(value('σ₁'), spectrum.spectral, 'σ₁');
    assertShown(value('Nuclear norm'), spectrum.nuclear, 'nuclear');
    assertShown(value('Effective rank'), spectrum.effectiveRank!, 'effective rank');
    assertShown(value('Energy in the first 4'), spectrum.topEnergy['4']!, 'energy', 6e-5);
    // Exact: every one of them, from the run on disk.
    await eventually(
      () => panel().id('full-spectrum-state').innerText(),
      (text) => text === '',
      'all singular values are read',
    );
    // Floor-corrected: the number, over its bounds.
    const { corrected } = spectrum;
    const bounds = /^([\d.e-]+), between ([\d.e-]+)–([\d.e-]+)$/.exec(
      rows.find(([first]) => first === 'Stable rank')![4]!,
    );
    assert.ok(bounds !== null && corrected !== null, rows.find(([first]) => first === 'Stable rank')![4]);
    assertShown(bounds[1]!, corrected.stableRank!, 'stable rank without the floor');
    assertShown(bounds[2]!, corrected.stableRankLow!, 'its lower bound');
    assertShown(bounds[3]!, corrected.stableRankHigh!, 'its upper bound');
    await panel().id('full-spectrum').focus();
    await lab.page.page.keyboard.press('End');
    await eventually(live, (text) => text.startsWith(`Rank ${spectrum.count}: σ = `), 'the last rank is there');
    await lab.page.screenshot('spectrum-dark-matrix');
    await lab.page.page.keyboard.press('Escape');
    await lab.page.page.keyboard.press('Escape');
    await panel().id('matrix-detail').waitFor({ state: 'hidden' });
    await panel().id('spectrum-depth-clear').click();
  });

  it('the table finds, sorts and shows the command’s numbers', async () => {
    await panel().id('matrix-search').locator('input').fill('q_proj layers');
    await panel().frame.locator('[data-column="1.stableRank"]').click();
    const rows = await panel()
      .id('matrix-table')
      .locator('tbody tr')
      .evaluateAll((all) =>
        all.map((row) => [
          (row as HTMLElement).dataset['matrix'] ?? '',
          ...[...row.children].map((cell) => cell.textContent ?? ''),
        ]),
      );
    const own = expected.tensors.filter(({ name }) => /q_proj/.test(name) && /layers/.test(name));
    assert.deepEqual(
      rows.map(([key]) => key),
      own.sort((a, b) => b.spectra[1]!.stableRank! - a.spectra[1]!.stableRank!).map(({ name }) => name),
    );
    rows.forEach((row, at) => assertShown(row[12]!, own[at]!.spectra[1]!.stableRank!, row[0]!));
    await panel().id('matrix-search').locator('input').fill('');
  });

  it('exports what it shows', async () => {
    const save = async (entry: string, name: string) => {
      const file = path.join(workspace, name);
      await panel().id('export-spectrum').click();
      await panel().id(entry).click();
      await lab.page.fileDialog(file);
      return eventually(
        () => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0)),
        (bytes) => bytes.length > 0 && (name.endsWith('png') || bytes.toString('utf8').endsWith('\n')),
        `${name} is written`,
      );
    };
    const json = JSON.parse((await save('export-spectrum-json', 'spectrum.json')).toString('utf8')) as SpectrumResult;
    assert.deepEqual(
      json.tensors.map(({ name, part }) => [name, part]),
      expected.tensors.map(({ name, part }) => [name, part]),
    );
    for (const [at, tensor] of json.tensors.entries()) {
      for (const from of [0, 1])
        assert.ok(
          Math.abs(tensor.spectra[from]!.spectral - expected.tensors[at]!.spectra[from]!.spectral) <=
            1e-5 * expected.tensors[at]!.spectra[from]!.spectral,
          tensor.name,
        );
    }
    const lines = (await save('export-spectra-csv', 'spectra.csv')).toString('utf8').trimEnd().split('\n');
    assert.ok(lines.length > expected.tensors.length);
    assert.match(
      (await save('export-metric-svg', 'ranks.svg')).toString('utf8'),
      /<title id="title">base → in → rl: Stable rank over layers<\/title>/,
    );
    assert.equal((await save('export-metric-png', 'ranks.png')).subarray(1, 4).toString('latin1'), 'PNG');
  });

  it('is there again: from the runs, after a reload, and beside a comparison', async function () {
    const [run] = runNames(runsFolder());
    const written = readFileSync(path.join(runsFolder(), 'runs', run!, 'result.json'));
    await closeAll();
    await lab.page.runCommand('Frankenstein: Open Run');
    await lab.page.quickPick('Spectrum · base → in → rl');
    await panel().id('spectrum').waitFor();
    await lab.page.reloadWindow();
    await panel().id('spectrum').waitFor();
    // The comparison is offered, and made when asked for; the cuts of one are the other's.
    await panel().id('tab-comparison').click();
    await panel().failure('not-compared');
    await panel().id('retry').click();
    assert.equal(await panel().result(), 'base → in → rl');
    await panel().id('cut-mid').fill('3');
    await panel().id('cut-mid').press('Enter');
    await panel().id('tab-spectrum').click();
    await until(
      async () => (await panel().id('spectrum').locator('[data-testid=provenance]').innerText()).includes('cuts 3, 8'),
      'the spectra are cut as well',
    );
    assert.deepEqual(
      readFileSync(path.join(runsFolder(), 'runs', run!, 'result.json')),
      written,
      'nothing was computed again',
    );
  });

  it('a hover in the index has the spectrum', async function () {
    await lab.page.openFile('rl/model.safetensors.index.json');
    const lines = readFileSync(path.join(workspace, 'rl', 'model.safetensors.index.json'), 'utf8').split('\n');
    await lab.page.gotoLine(lines.findIndex((line) => line.includes('layers.4.mlp.up_proj')) + 1);
    const hover = await lab.page.hover('layers.4.mlp.up_proj');
    const images = hover.locator('img');
    await until(async () => (await images.count()) >= 2, 'the hover has two images');
    assert.ok(
      (await images.evaluateAll((all) => all.map((one) => one.getAttribute('alt')))).includes(
        'Singular values by rank, with the rounding floor',
      ),
    );
    await lab.page.screenshot('spectrum-hover');
    await lab.page.page.keyboard.press('Escape');
  });

  it('from the palette: the stages are chosen, then their order; over a comparison its own are meant', async function () {
    await closeAll();
    const before = runNames(runsFolder());
    await lab.page.runCommand('Frankenstein: Analyse Update Spectrum…');
    await lab.page.quickPick([/^\s*in\s*qwen/, /^\s*rl\s*qwen/]);
    await panel().id('spectrum-offer').waitFor();
    await eventually(
      () => panel().id('spectrum-plan').innerText(),
      (text) => /Memory/.test(text),
      'the plan is there',
    );
    // Nothing was compared for it, and nothing was begun on disk.
    assert.deepEqual(runNames(runsFolder()), before);
    await panel().id('tab-comparison').click();
    await panel().failure('not-compared');
    await panel().id('retry').click();
    assert.equal(await panel().result(), 'in → rl');
    await lab.page.runCommand('Frankenstein: Analyse Update Spectrum…');
    await panel().id('spectrum-offer').waitFor();
    assert.equal(await panel().id('tab-spectrum').getAttribute('aria-selected'), 'true');
  });

  it('nothing of this broke the rules of the page', () => {
    assert.deepEqual(lab.page.cspViolations, []);
    assert.deepEqual(lab.page.errors, []);
  });
});

describe('a long spectrum', () => {
  let workspace = '';
  let release: () => void = () => undefined;
  const lab = useWorkbench(async () => {
    workspace = temporaryWorkspace();
    await writeLargePair(workspace, { layers: 4, hidden: 384 });
    return { workspace, vsix: packagedVsix(), settings: { 'frankenstein.threads': 1 } };
  });
  const panel = () => new Panel(lab.page);
  const runsFolder = () => path.join(workspace, '.frankenstein');
  const journalOf = (run: string) => readFileSync(path.join(runsFolder(), 'runs', run, 'journal.jsonl'), 'utf8');

  afterEach('let the engine go', () => release());

  it('says how far it is, is cancelled, goes on where it was, and refines one matrix', async function () {
    await lab.page.explorerContextMenu(['base', 'in'], ['Frankenstein', 'Analyse Update Spectrum…']);
    await panel().id('spectrum-offer').waitFor();
    await eventually(
      () => panel().id('spectrum-plan').innerText(),
      (text) => /Memory/.test(text),
      'the plan is there',
    );
    await panel().press('spectrum-mode', 'Fast');
    const hold = holdEngine({
      extensionsDir: lab.workbench.server.extensionsDir,
      runsFolder: runsFolder(),
      known: [],
      lines: 6,
    });
    release = hold.release;
    await panel().id('spectrum-compute').click();
    const run = await hold.held;
    assert.match(
      await eventually(
        () => panel().id('progress-bytes').innerText(),
        (text) => /matrices/.test(text),
        'there is progress',
      ),
      /^\d+ of \d+ matrices · [\d.]+%$/,
    );
    await lab.page.screenshot('spectrum-progress');
    await panel().id('cancel').click();
    release();
    await panel().frame.locator('[data-testid=spectrum-failed][data-code=cancelled]').waitFor();
    const done = journalOf(run);
    assert.equal(await panel().id('spectrum-compute').innerText(), 'Continue');
    // The window is closed and opened: what was begun is offered.
    await lab.page.reloadWindow();
    await panel().id('spectrum-interrupted').waitFor();
    assert.match(await panel().id('spectrum-interrupted').innerText(), /interrupted at \d+%\./);
    await panel().id('spectrum-compute').click();
    await panel().id('spectrum').waitFor();
    const whole = journalOf(run);
    assert.ok(whole.startsWith(done.slice(0, done.lastIndexOf('\n') + 1)), 'the journal goes on where it was');
    const names = whole
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; part: string | null; mode: string });
    assert.equal(
      new Set(names.map(({ name, part }) => `${name} ${part}`)).size,
      names.length,
      'no matrix was taken twice',
    );
    const fast = names.find(({ mode }) => mode === 'fast');
    assert.ok(fast !== undefined, 'some matrix is large enough to be estimated');
    assert.match(await panel().id('spectrum-what').innerText(), /^Estimates with errors/);
    await panel().id('matrix-search').locator('input').fill(fast.name);
    await panel().frame.locator(`tr[data-matrix="${fast.name}"]`).first().click();
    await panel().id('refine').click();
    await panel().id('refine').waitFor({ state: 'hidden' });
    const result = JSON.parse(
      readFileSync(path.join(runsFolder(), 'runs', run, 'result.json'), 'utf8'),
    ) as SpectrumResult;
    assert.equal(
      result.tensors.find(({ name, part }) => name === fast.name && part === fast.part)!.spectra[0]!.mode,
      'exact',
    );
    assert.deepEqual(readdirSync(path.join(runsFolder(), 'runs')), [run], 'it stays the same run');
    await lab.page.screenshot('spectrum-refined');
  });

  it('nothing of this broke the rules of the page', () => {
    assert.deepEqual(lab.page.cspViolations, []);
    assert.deepEqual(lab.page.errors, []);
  });
});
