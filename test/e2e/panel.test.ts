// The panel on the sample lineage: what it shows is held against the bytes on disk, and everything in it is used once.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import type { CompareResult } from '../../src/protocol/engineApi.js';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { assertShown, cliCompare, eventually, ownDeltas, Panel, shownNumber, until, type OwnDelta } from './support.js';

const LINEAGE = ['base', 'in', 'rl'].map((name) => path.join(root, 'samples', 'lineage', name));
const PRODUCT = /[‖]/;
/** The read-only document that stands for the index of a checkpoint without one. */
const TENSORS = 'tensors.safetensors.index.json';

describe('the panel', () => {
  let workspace = '';
  let cli: CompareResult;
  /** By name on disk: base → in, in → rl. */
  let own: Map<string, OwnDelta>[];
  const lab = useWorkbench(
    async () => {
      workspace = temporaryWorkspace(path.join(root, 'samples', 'lineage'));
      // A file that differs: the sample lineage keeps one and the same everywhere.
      const settings = path.join(workspace, 'in', 'generation_config.json');
      writeFileSync(
        settings,
        JSON.stringify({ ...(JSON.parse(readFileSync(settings, 'utf8')) as object), temperature: 0.7 }),
      );
      const opened = ['base', 'in', 'rl'].map((name) => path.join(workspace, name));
      cli = await cliCompare(opened);
      own = [ownDeltas(LINEAGE[0]!, LINEAGE[1]!), ownDeltas(LINEAGE[1]!, LINEAGE[2]!)];
      return { workspace, vsix: packagedVsix() };
    },
    { theme: 'dark', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const deltaOf = (tensor: string, from: number): OwnDelta => {
    const onDisk = cli.tensors.find(({ name }) => name === tensor)?.onDisk[from];
    return own[from]!.get(onDisk!)!;
  };
  /** ‖Δ‖/‖W‖ of all weights of these depths as one vector, from the bytes. */
  const relativeOf = (from: number, inside: (depth: number) => boolean): number => {
    const weights = cli.tensors
      .filter(({ depth, shape }) => depth !== null && inside(depth) && shape.length >= 2)
      .map(({ name }) => deltaOf(name, from));
    return Math.sqrt(
      weights.reduce((sum, { fro }) => sum + fro * fro, 0) / weights.reduce((sum, { before }) => sum + before, 0),
    );
  };
  const layers = () => cli.stages[0]!.layers;

  before('compare the lineage', async function () {
    await lab.page.explorerContextMenu(['rl', 'base', 'in'], ['Frankenstein', 'Compare Lineage…']);
    assert.equal(await panel().result(), 'base → in → rl');
    await until(async () => (await panel().rows()).length > 5, 'the table is filled');
  });

  beforeEach('choose nothing', async () => {
    for (const [shown, press] of [
      ['detail', 'detail-close'],
      ['depth-chip', 'depth-clear'],
    ] as const) {
      if (await panel().id(shown).isVisible()) await panel().id(press).click();
    }
    await panel().search('');
  });

  it('has a stage for every checkpoint and a reading for every update', async () => {
    assert.match(await panel().id('stage-0').innerText(), /^base\s+(?:base\s+)?BF16 · 1\.83 M$/);
    assert.equal(await panel().id('summary').locator('section').count(), 2);
    assert.match(await panel().id('summary-0').locator('.reading').innerText(), /^\d+% of ‖ΔW‖² is /);
  });

  it('the engine agrees with a second computation from the bytes, to 1e-6', () => {
    for (const tensor of cli.tensors) {
      for (const from of [0, 1]) {
        const mine = deltaOf(tensor.name, from);
        const delta = tensor.deltas[from]!;
        for (const key of ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'floor'] as const) {
          assert.ok(
            Math.abs(delta[key]! - mine[key]) <= 1e-6 * Math.abs(mine[key]),
            `${tensor.name} ${key}: ${delta[key]}, ${mine[key]}`,
          );
        }
      }
    }
  });

  it('every number of the table is the tensor’s', async () => {
    const columns = await panel().columns();
    assert.equal(columns.length, 3 + 2 * 6);
    let compared = 0;
    for (const { tensor, cells } of await panel().rows()) {
      columns.forEach((column, at) => {
        const [from, key] = column.split('.') as [string, keyof OwnDelta | 'ratio' | undefined];
        if (key === undefined) return;
        const delta = deltaOf(tensor, Number(from));
        const expected = key === 'ratio' ? delta.fro / delta.floor : delta[key];
        const text = cells[at]!;
        if (key === 'cosine') {
          const distance = 1 - expected;
          assert.ok(
            Math.abs(shownNumber(text) - expected) <= (distance > 0.01 ? 0.00051 : 0.06 * distance),
            `${tensor} ${column}: ${text} is shown for ${expected}`,
          );
        } else if (text.startsWith('>'))
          assert.ok(expected > 0.999 && expected < 1, `${tensor} ${column}: ${text} is shown for ${expected}`);
        else assertShown(text, expected, `${tensor} ${column}`, key === 'ratio' ? 0.0051 : 0);
        compared++;
      });
    }
    assert.ok(compared >= 12 * 10, `${compared} numbers were compared`);
  });

  it('the summary is what the bytes say, region by region', async () => {
    const [mid, late] = cli.cuts;
    const part = (from: number, id: string) =>
      panel().id(`summary-${from}`).locator(`tr[data-part="${id}"] .bar-number`).innerText();
    for (const from of [0, 1]) {
      assertShown(
        await part(from, 'early'),
        relativeOf(from, (depth) => depth > 0 && depth <= mid),
        'early',
      );
      assertShown(
        await part(from, 'mid'),
        relativeOf(from, (depth) => depth > mid && depth <= late),
        'mid',
      );
      assertShown(
        await part(from, 'late'),
        relativeOf(from, (depth) => depth > late),
        'late',
      );
    }
  });

  it('the figure is painted, and its highest point is the layer that moved most', async () => {
    const figure = panel().id('layer-figure');
    assert.ok((await lab.page.canvasColours(panel().id('layer-canvas'))) > 20);
    assert.ok((await lab.page.canvasColours(panel().id('heat-canvas'))) > 20);
    await panel().choose('metric', 'Relative ‖Δ‖ / ‖W‖');
    await panel().id('legend-1').click();
    await panel().id('floor-toggle').click();
    await until(async () => !((await figure.getAttribute('aria-label')) ?? '').includes('ΔRL'), 'ΔRL is taken out');
    // Where the line's own colour is highest on the canvas …
    const top = await panel()
      .id('layer-canvas')
      .evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const probe = document.createElement('canvas').getContext('2d')!;
        probe.fillStyle = getComputedStyle(document.body).getPropertyValue('--vscode-charts-blue').trim();
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
        const { data, width, height } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        // The axis on the left has the same colour when it is one series' own.
        for (let y = 0; y < height; y++) {
          const xs: number[] = [];
          for (let x = Math.floor(width * 0.12); x < width * 0.98; x++) {
            const at = 4 * (y * width + x);
            if (
              data[at + 3]! > 200 &&
              Math.abs(data[at]! - r!) + Math.abs(data[at + 1]! - g!) + Math.abs(data[at + 2]! - b!) < 24
            )
              xs.push(x);
          }
          if (xs.length > 0) return { x: xs[Math.floor(xs.length / 2)]! / width, y: y / height };
        }
        return undefined;
      });
    assert.ok(top, 'the line is drawn');
    const box = (await panel().id('layer-canvas').boundingBox())!;
    // … the pointer finds the layer with the largest number.
    await panel()
      .id('layer-canvas')
      .hover({ position: { x: top.x * box.width, y: top.y * box.height + 3 } });
    const peak = cli.layers
      .map(({ depth }) => ({ depth, value: relativeOf(0, (one) => one === depth) }))
      .reduce((best, one) => (one.value > best.value ? one : best));
    const tip = await panel().id('tooltip').innerText();
    assert.match(tip, peak.depth > 0 ? new RegExp(`Language layer ${peak.depth - 1}\\b`) : /^(Vision block|Projector)/);
    assertShown(/ΔIN\s+(\S+)/.exec(tip)![1]!, peak.value, 'the tooltip');
    await panel().id('legend-1').click();
    await panel().id('floor-toggle').click();
    await panel().choose('metric', 'Energy ‖Δ‖');
  });

  it('metric, scale and axes repaint both figures and say what they show', async () => {
    const label = () => panel().id('layer-figure').getAttribute('aria-label');
    await panel().press('scale', 'Linear');
    await panel().press('axes', 'Own');
    for (const [metric, words] of [
      ['Relative ‖Δ‖ / ‖W‖', 'relative update ‖Δ‖ / ‖W‖'],
      ['Fraction changed', 'fraction of weights changed'],
      ['Cosine', 'cosine'],
      ['Energy ‖Δ‖', 'mean ‖Δ‖ per matrix'],
    ] as const) {
      const heat = await panel().drawing('heat-canvas');
      await panel().repaints('layer-canvas', () => panel().choose('metric', metric));
      assert.ok((await label())!.startsWith(`${words} over layers.`), (await label())!);
      assert.notEqual(await panel().drawing('heat-canvas'), heat, `the heat map shows ${metric}`);
    }
    await panel().repaints('layer-canvas', () => panel().press('scale', 'Log'));
    await panel().repaints('heat-canvas', () => panel().press('scale', 'Linear'));
    await panel().repaints('layer-canvas', () => panel().press('axes', 'Shared'));
    await panel().repaints('layer-canvas', () => panel().press('axes', 'Own'));
    await panel().repaints('heat-canvas', () => panel().press('heat-delta', 'ΔRL'));
    await panel().press('heat-delta', 'ΔIN');
  });

  it('cuts can be typed; the regions follow, and Thirds brings them back', async () => {
    const early = panel().id('summary-0').locator('tr[data-part="early"]');
    const wanted = cli.cuts[0] - 1;
    await panel().repaints('layer-canvas', async () => {
      await panel().id('cut-mid').fill(String(wanted));
      await panel().id('cut-mid').press('Enter');
    });
    await early.filter({ hasText: `layers 0–${wanted - 1}` }).waitFor();
    assertShown(
      await early.locator('.bar-number').innerText(),
      relativeOf(0, (depth) => depth > 0 && depth <= wanted),
      'early after the cut',
    );
    assert.match(await panel().id('provenance').innerText(), new RegExp(`cuts ${wanted}, ${cli.cuts[1]}`));
    // A cut that would leave a region empty stops before it.
    await panel().id('cut-late').fill('0');
    await panel().id('cut-late').press('Enter');
    await panel()
      .id('summary-0')
      .locator('tr[data-part="mid"]')
      .filter({ hasText: `layer ${wanted}` })
      .waitFor();
    assert.equal(await panel().id('cut-late').inputValue(), String(wanted + 1));
    await panel().id('cut-thirds').click();
    await early.filter({ hasText: `layers 0–${cli.cuts[0] - 1}` }).waitFor();
    await panel().id('cut-thirds').waitFor({ state: 'hidden' });
  });

  it('a layer chosen in the figure filters the table; by keyboard it is read out', async () => {
    const last = `Language layer ${layers() - 1}`;
    await panel().id('layer-figure').focus();
    await panel().id('layer-figure').press('End');
    const said = await panel().id('live').textContent();
    assert.ok(said!.startsWith(`${last}. ΔIN: `), said!);
    await panel().id('layer-figure').press('Enter');
    await panel()
      .id('depth-chip')
      .filter({ hasText: `Only ${last}` })
      .waitFor();
    const rows = await panel().rows();
    assert.equal(rows.length, cli.tensors.filter(({ depth }) => depth === layers()).length);
    for (const { tensor } of rows) assert.match(tensor, new RegExp(`layers\\.${layers() - 1}\\.`));
    // Escape takes the cursor away, then the choice.
    await panel().id('layer-figure').press('Escape');
    await panel().id('layer-figure').press('Escape');
    await panel().id('depth-chip').waitFor({ state: 'hidden' });
    // With the mouse: what the pointer names is what a click selects.
    const box = (await panel().id('layer-canvas').boundingBox())!;
    const position = { x: box.width * 0.7, y: box.height * 0.5 };
    await panel().id('layer-canvas').hover({ position });
    const named = (await panel().id('tooltip').locator('strong').first().innerText()).trim();
    assert.match(named, /^Language layer \d+$/);
    await panel().repaints('heat-canvas', () => panel().id('layer-canvas').click({ position }));
    await panel()
      .id('depth-chip')
      .filter({ hasText: `Only ${named}` })
      .waitFor();
    await panel().id('depth-clear').click();
    await panel().id('depth-chip').waitFor({ state: 'hidden' });
  });

  it('a row chosen in the table is marked in both figures, and its detail opens', async () => {
    const tensor = cli.tensors.find(
      ({ name, shape }) => /layers\.2\..*k_proj\.weight$/.test(name) && shape.length === 2,
    )!;
    await panel().search('layers.2. k_proj.weight');
    const row = panel().row(tensor.name);
    await panel().repaints('heat-canvas', () =>
      panel().repaints('layer-canvas', () => row.locator('[role=gridcell]').first().click()),
    );
    assert.equal(await row.getAttribute('aria-selected'), 'true');
    await panel().id('depth-chip').filter({ hasText: 'Language layer 2' }).waitFor();
    assert.equal(await panel().id('detail-name').innerText(), tensor.name);
    // The histogram counts what the bytes say did not move.
    await panel().id('histogram').waitFor();
    const elements = tensor.shape.reduce((product, one) => product * one, 1);
    const delta = deltaOf(tensor.name, 0);
    const zeros = Math.round(elements * (1 - delta.changed));
    await lab.page.waitForText(`${zeros} ${zeros === 1 ? 'element is' : 'elements are'} exactly unchanged`, {
      in: panel().id('detail'),
    });
    const facts = await panel().id('detail-facts').innerText();
    assertShown(/‖Δ‖\s+(\S+)/.exec(facts)![1]!, delta.fro, '‖Δ‖ of the detail');
    assert.ok((await panel().id('row-energy').count()) === 1 && (await panel().id('column-energy').count()) === 1);
    // The other update of the same tensor.
    await panel().press('detail-delta', 'ΔRL');
    const rl = deltaOf(tensor.name, 1);
    await lab.page.waitForText(`${Math.round(elements * (1 - rl.changed))} `, { in: panel().id('detail') });
    assertShown(/‖Δ‖\s+(\S+)/.exec(await panel().id('detail-facts').innerText())![1]!, rl.fro, '‖Δ‖ of ΔRL');
    // Bars can be walked by keyboard.
    await panel().id('histogram').focus();
    await panel().id('histogram').press('Home');
    await eventually(
      () => panel().id('live').textContent(),
      (said) => /^Δ \S+ to \S+: \d/.test(said ?? ''),
      'the first bar is read out',
    );
    await panel().id('detail-close').click();
    await panel().id('detail').waitFor({ state: 'hidden' });
    await panel().id('depth-clear').click();
    await panel().search('');
  });

  it('the table finds words and patterns, and says when a pattern is none', async () => {
    await panel().search('down layers.3.');
    await eventually(
      () => panel().count(),
      (count) => count === `1 of ${cli.tensors.length} tensors`,
      'one tensor is found',
    );
    assert.match((await panel().rows())[0]!.tensor, /layers\.3\.mlp\.down_proj\.weight$/);
    await panel().id('table-regex').click();
    await panel().search('layers\\.[01]\\..*(q|k)_proj\\.weight$');
    await eventually(
      () => panel().rows(),
      (rows) => rows.length === 4,
      'four tensors match',
    );
    await panel().search('(');
    await panel().frame.getByRole('alert').filter({ hasText: 'Not a regular expression' }).waitFor();
    await panel().id('table-regex').click();
    await panel().search('no such tensor');
    await lab.page.waitForText('No tensors match.', { in: panel().frame });
    await panel().search('');
    await eventually(
      () => panel().count(),
      (count) => count === `${cli.tensors.length} tensors`,
      'all are back',
    );
  });

  it('a heading sorts by the number itself, both ways, and the third click brings the order back', async () => {
    const heading = panel().id('tensor-grid').locator('[data-column="1.fro"]');
    const before = (await panel().rows()).map(({ tensor }) => tensor);
    // Some tensors may not have moved at all: equal numbers in any order.
    const sorted = cli.tensors.map(({ name }) => deltaOf(name, 1).fro).sort((a, b) => b - a);
    const shown = async () => (await panel().rows()).slice(0, 8).map(({ tensor }) => deltaOf(tensor, 1).fro);
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.deepEqual(await shown(), sorted.slice(0, 8));
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(await shown(), sorted.slice(-8).reverse());
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'none');
    assert.deepEqual(
      (await panel().rows()).map(({ tensor }) => tensor),
      before,
    );
  });

  it('only the rows in sight exist, and the keyboard reaches the last', async () => {
    const grid = panel().id('tensor-grid');
    assert.equal(await grid.getAttribute('aria-rowcount'), String(cli.tensors.length + 2));
    assert.ok((await panel().rows()).length < cli.tensors.length / 2);
    await grid.locator('[role=row][aria-rowindex="3"] [role=gridcell]').first().click();
    await grid.press('Control+End');
    const last = cli.tensors.at(-1)!.name;
    await panel().row(last).waitFor();
    const focused = await grid.evaluate(
      (element) => element.ownerDocument.activeElement?.closest<HTMLElement>('[role=row]')?.dataset['tensor'],
    );
    assert.equal(focused, last);
    await grid.press('Control+Home');
    await eventually(
      async () => (await panel().rows())[0]?.tensor,
      (first) => first === cli.tensors[0]!.name,
      'the first row is back',
    );
    await panel().id('detail-close').click();
    await panel().id('depth-clear').click();
  });

  it('a file that differs opens in VS Code’s own diff editor', async () => {
    const { file } = cli.files.find(({ from, kind }) => from === 0 && kind === 'changed')!;
    const entry = panel().id('files').locator(`li[data-file="${file}"][data-from="0"]`);
    await entry.locator('[data-testid="open-diff"]').click();
    await lab.page.tab(`${file} (base ↔ in)`).waitFor();
    await lab.page.page.locator('.monaco-diff-editor:visible').waitFor();
    await lab.page.runCommand('View: Close Editor');
    await panel().result();
  });

  it('a tensor of a checkpoint without an index is shown in the list of its tensors, at its line', async () => {
    await panel().search('layers.1. o_proj');
    await panel()
      .id('tensor-grid')
      .locator('.grid-body [role=row]:not([hidden])')
      .first()
      .locator('[role=gridcell]')
      .first()
      .click();
    await panel().id('reveal-2').click();
    await lab.page.tab(TENSORS).waitFor();
    assert.equal(
      await lab.page.page.locator('.part.editor .editor-group-container').count(),
      2,
      'the panel stays in sight',
    );
    const { onDisk } = cli.tensors.find(({ name }) => /layers\.1\..*o_proj\.weight$/.test(name))!;
    await lab.page.page
      .locator('.monaco-editor:visible .view-line')
      .filter({ hasText: `"${onDisk[2]!}": "model.safetensors"` })
      .waitFor();
    await lab.page.tab(TENSORS).click();
    await lab.page.runCommand('View: Close Editor');
    await panel().id('detail-close').click();
    await panel().id('depth-clear').click();
    await panel().search('');
  });

  describe('export', () => {
    const save = async (entry: string, name: string) => {
      const file = path.join(workspace, name);
      await panel().id('export').click();
      await panel().id(entry).click();
      await lab.page.fileDialog(file);
      await until(() => {
        try {
          return readFileSync(file).length > 0;
        } catch {
          return false;
        }
      }, `${name} is written`);
      await eventually(
        () => panel().id('live').textContent(),
        (said) => (said ?? '').startsWith('Saved '),
        'it is said to be saved',
      );
      return readFileSync(file);
    };

    it('CSV holds every tensor in full precision', async () => {
      const [head, ...lines] = (await save('export-tensors-csv', 'tensors.csv'))
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.split(','));
      assert.equal(lines.length, cli.tensors.length);
      const at = head!.indexOf('in -> rl fro');
      for (const line of lines) {
        const expected = deltaOf(line[0]!, 1).fro;
        assert.ok(Math.abs(Number(line[at]) - expected) <= 1e-6 * expected, `${line[0]}: ${line[at]}, ${expected}`);
      }
    });

    it('JSON is the documented result, the same as the headless command gives', async () => {
      const result = JSON.parse((await save('export-json', 'result.json')).toString()) as CompareResult;
      assert.equal(result.schema, 1);
      assert.deepEqual(Object.keys(result).sort(), Object.keys(cli).sort());
      assert.deepEqual(
        result.stages.map(({ fingerprint }) => fingerprint),
        cli.stages.map(({ fingerprint }) => fingerprint),
      );
      assert.deepEqual(result.cuts, cli.cuts);
      result.tensors.forEach((tensor, at) => {
        assert.equal(tensor.name, cli.tensors[at]!.name);
        tensor.deltas.forEach((delta, from) =>
          assert.ok(Math.abs(delta!.fro! - cli.tensors[at]!.deltas[from]!.fro!) <= 1e-9 * delta!.fro!),
        );
      });
    });

    it('SVG is a drawing of its own: title, axes, a line per update', async () => {
      const svg = (await save('export-layer-svg', 'figure.svg')).toString();
      const parsed = await lab.page.page.evaluate((text) => {
        const document = new DOMParser().parseFromString(text, 'image/svg+xml');
        return {
          error: document.querySelector('parsererror')?.textContent ?? null,
          root: document.documentElement.tagName,
          text: document.documentElement.textContent ?? '',
        };
      }, svg);
      assert.equal(parsed.error, null);
      assert.equal(parsed.root, 'svg');
      assert.match(parsed.text, PRODUCT);
      for (const words of ['base → in → rl', 'ΔIN', 'ΔRL', 'Early', 'Late', 'Projector'])
        assert.ok(parsed.text.includes(words), `${words} is in the drawing`);
      assert.doesNotMatch(svg, /https?:\/\/(?!www\.w3\.org)|<script|<image/);
    });

    it('PNG is the figure on a background', async () => {
      const { width, height, data } = PNG.sync.read(await save('export-layer-png', 'figure.png'));
      assert.ok(width > 400 && height > 250, `${width} × ${height}`);
      const colours = new Set<number>();
      let transparent = 0;
      for (let at = 0; at < data.length; at += 4) {
        colours.add(data.readUIntBE(at, 3));
        if (data[at + 3] !== 255) transparent++;
      }
      assert.equal(transparent, 0);
      assert.ok(colours.size > 50, `${colours.size} colours`);
    });

    it('the regions can be copied as Markdown', async () => {
      await lab.page.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await panel().id('export').click();
      await panel().id('copy-regions-md').click();
      const text = await eventually(
        () => lab.page.page.evaluate(() => navigator.clipboard.readText()),
        (copied) => copied.includes('| Part |'),
        'the table is on the clipboard',
      );
      assert.match(text, /\| Early \(layers 0–\d+\) \| \d/);
    });
  });

  describe('without a mouse, and for a screen reader', () => {
    it('Tab reaches every part in order, and nothing twice', async () => {
      await panel().frame.locator('h1').click();
      const reached: string[] = [];
      for (let presses = 0; presses < 60; presses++) {
        await lab.page.page.keyboard.press('Tab');
        const at = await panel().focused();
        if (reached.at(-1) !== at) reached.push(at);
        if (at === 'open-diff') break;
      }
      const path = [
        'export',
        'metric',
        'energy-over',
        'scale',
        'layer-figure',
        'cut-mid',
        'cut-late',
        'heat-map',
        'table-search',
        'tensor-grid',
        'open-diff',
      ];
      assert.deepEqual(
        reached.filter((at) => path.includes(at)),
        path,
        reached.join(' '),
      );
    });

    it('the export menu is a menu: arrows move in it, Escape gives the focus back', async () => {
      await panel().id('export').focus();
      await panel().id('export').press('Enter');
      assert.equal(await panel().focused(), 'export-tensors-csv');
      await lab.page.page.keyboard.press('ArrowDown');
      assert.equal(await panel().focused(), 'export-layers-csv');
      await lab.page.page.keyboard.press('End');
      assert.equal(await panel().focused(), 'copy-rows-csv');
      await lab.page.page.keyboard.press('Escape');
      await panel().id('export-menu').waitFor({ state: 'hidden' });
      assert.equal(await panel().focused(), 'export');
    });

    it('everything that takes the focus has a name, and the table and the figures have their roles', async () => {
      const nameless = await panel()
        .frame.locator(
          'button, input, vscode-button, vscode-dropdown, vscode-text-field, vscode-checkbox, [tabindex="0"], ' +
            '[role=radiogroup], [role=toolbar]',
        )
        .evaluateAll((elements) =>
          elements
            .filter(
              (element) =>
                (element as HTMLElement).offsetParent !== null && !(element.getRootNode() instanceof ShadowRoot),
            )
            .filter(
              (element) =>
                (
                  (element.getAttribute('aria-label') ?? '') +
                  (element.textContent ?? '') +
                  (element.getAttribute('title') ?? '')
                ).trim() === '',
            )
            .map((element) => element.outerHTML.slice(0, 160)),
        );
      assert.deepEqual(nameless, []);
      const grid = panel().frame.getByRole('grid', { name: 'Tensors' });
      assert.equal(await grid.getAttribute('aria-colcount'), '15');
      assert.equal(await grid.getByRole('columnheader', { name: /relative/ }).count(), 2);
      assert.match(
        (await panel().id('layer-figure').getAttribute('aria-label'))!,
        /ΔIN \(base → in\) peaks at .+ with \d/,
      );
      assert.match((await panel().id('heat-map').getAttribute('aria-label'))!, /by tensor kind and layer/);
      assert.equal(await panel().frame.locator('main').count(), 1);
      assert.equal(await panel().frame.locator('h1').count(), 1);
    });
  });

  describe('looks', () => {
    for (const theme of ['light', 'dark', 'hc-dark'] as const) {
      it(`in ${theme}`, async () => {
        const before = theme === 'dark' ? undefined : await panel().drawing('heat-canvas');
        await lab.page.setTheme(theme);
        if (before !== undefined)
          await until(
            async () => (await panel().drawing('heat-canvas')) !== before,
            'the canvases take the new colours',
          );
        await panel().frame.locator('h1').scrollIntoViewIfNeeded();
        await lab.page.screenshot(`panel-${theme}`);
        await panel().search('layers.5. mlp');
        await panel()
          .id('tensor-grid')
          .locator('.grid-body [role=row]:not([hidden])')
          .first()
          .locator('[role=gridcell]')
          .first()
          .click();
        await panel().id('histogram').waitFor();
        await panel().id('provenance').scrollIntoViewIfNeeded();
        await lab.page.screenshot(`panel-${theme}-detail`);
        await panel().id('detail-close').click();
        await panel().id('depth-clear').click();
        await panel().search('');
        const text = await panel()
          .frame.locator('h1')
          .evaluate((heading) => getComputedStyle(heading).color);
        const ground = await panel()
          .frame.locator('body')
          .evaluate((body) => getComputedStyle(body).backgroundColor);
        assert.ok(contrast(text, ground) >= 7, `${text} on ${ground}`);
      });
    }

    it('fits a column 360 pixels wide', async () => {
      await lab.page.runCommand('View: Toggle Primary Side Bar Visibility');
      const width = () =>
        panel()
          .frame.locator('body')
          .evaluate(() => innerWidth);
      // The workbench takes some for itself.
      for (let outer = 420, tries = 0; (await width()) !== 360; tries++) {
        assert.ok(tries < 10, `the panel is ${await width()} pixels wide`);
        await lab.page.resize({ width: outer, height: 900 });
        await until(async () => Math.abs((await width()) - 360) < 120, 'the panel is narrow');
        outer += 360 - (await width());
      }
      const over = await eventually(
        () =>
          panel()
            .frame.locator('body')
            .evaluate(() => {
              const inside = (element: Element | null): boolean =>
                element !== null &&
                (['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX) ||
                  inside(element.parentElement));
              return [
                document.documentElement.scrollWidth > innerWidth
                  ? `the page is ${document.documentElement.scrollWidth} wide`
                  : '',
                ...[...document.querySelectorAll('body *')]
                  .filter(
                    (element) =>
                      element.getBoundingClientRect().right > innerWidth + 0.5 && !inside(element.parentElement),
                  )
                  .map((element) => `${element.tagName}.${element.className.toString()}`),
              ].filter((text) => text !== '');
            }),
        (list) => list.length === 0,
        'nothing reaches out of the panel',
      );
      assert.deepEqual(over, []);
      await panel().frame.locator('h1').scrollIntoViewIfNeeded();
      await lab.page.screenshot('panel-narrow');
      await panel().id('layer-figure').scrollIntoViewIfNeeded();
      await lab.page.screenshot('panel-narrow-figure');
      await lab.page.resize({ width: 1700, height: 1000 });
      await lab.page.runCommand('View: Toggle Primary Side Bar Visibility');
    });
  });

  describe('in the end', () => {
    it('after a reload everything is as it was: result, metric, cuts, choice', async () => {
      await panel().choose('metric', 'Fraction changed');
      await panel().id('cut-mid').fill('2');
      await panel().id('cut-mid').press('Enter');
      await panel().id('summary-0').locator('tr[data-part="early"]').filter({ hasText: 'layers 0–1' }).waitFor();
      await panel().id('layer-figure').focus();
      await panel().id('layer-figure').press('Home');
      await panel().id('layer-figure').press('Enter');
      await panel().id('depth-chip').filter({ hasText: 'Only Vision block 0' }).waitFor();
      await lab.page.page.waitForTimeout(500); // the panel gathers what is to be remembered
      await lab.page.reloadWindow();
      await panel().result('base → in → rl');
      await panel().id('depth-chip').filter({ hasText: 'Only Vision block 0' }).waitFor();
      assert.ok(
        (await panel().id('layer-figure').getAttribute('aria-label'))!.startsWith('fraction of weights changed'),
      );
      await panel().id('summary-0').locator('tr[data-part="early"]').filter({ hasText: 'layers 0–1' }).waitFor();
      await panel().id('depth-clear').click();
      const { tensor, cells } = (
        await eventually(
          () => panel().rows(),
          (rows) => rows.length > 0,
          'the table is filled',
        )
      )[0]!;
      const column = (await panel().columns()).findIndex((id) => id.endsWith('.fro'));
      assertShown(cells[column]!, deltaOf(tensor, 0).fro, 'the first row after the reload');
    });

    it('nothing of this broke the rules of the page', () => {
      assert.deepEqual(lab.page.cspViolations, []);
      assert.deepEqual(lab.page.errors, []);
    });
  });
});

/** Of two CSS colours `rgb(…)` (WCAG). */
function contrast(one: string, other: string): number {
  const light = (colour: string) => {
    const [r, g, b] = colour
      .match(/[\d.]+/g)!
      .slice(0, 3)
      .map((part) => {
        const fraction = Number(part) / 255;
        return fraction <= 0.04045 ? fraction / 12.92 : ((fraction + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [a, b] = [light(one), light(other)];
  return Math.max(a, b) / Math.min(a, b);
}
