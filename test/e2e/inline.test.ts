// The figures inside editors: lenses, bars, hovers, figures pinned between the lines, and the way from them to the
// panel.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import type { CompareResult, LayerResult } from '../../src/protocol/engineApi.js';
import { writeCheckpoint, writeLineage, type CheckpointOptions } from '../fixtures/checkpoints.js';
import { insist, packagedVsix, temporaryWorkspace, useWorkbench } from '../workbench';
import { cliCompare, eventually, Panel, shownNumber, until } from './support.js';

const SIZE: CheckpointOptions = { layers: 6, visionLayers: 3, hidden: 32, shards: 2 };
const INDEX = 'rl/model.safetensors.index.json';
const LARGE = 'rl/large.safetensors.index.json';
const LARGE_LINES = 50_000;

describe('inline figures', () => {
  let workspace = '';
  let cli: CompareResult;
  const lab = useWorkbench(
    async () => {
      workspace = temporaryWorkspace();
      const { base, in: cold, rl } = await writeLineage(workspace, SIZE);
      await writeCheckpoint(path.join(workspace, 'alone'), { ...SIZE, seed: 9 });
      cli = await cliCompare([base, cold, rl]);
      return {
        workspace,
        vsix: packagedVsix(),
        settings: { 'editor.minimap.enabled': false, 'workbench.editor.enablePreview': false },
      };
    },
    { theme: 'light', viewport: { width: 1700, height: 1000 } },
  );
  const panel = () => new Panel(lab.page);
  const layer = (depth: number): LayerResult => cli.layers.find((one) => one.depth === depth)!;
  const lineOf = (text: string, file = INDEX) =>
    readFileSync(path.join(workspace, file), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1;

  before('compare the lineage beside the index', async function () {
    await lab.page.openFile(INDEX);
    await lab.page.explorerContextMenu(['rl', 'base', 'in'], ['Frankenstein', 'Compare Lineage…']);
    await panel().result('base → in → rl');
    await focusIndex();
  });

  async function focusIndex(): Promise<void> {
    await lab.page.openFile(INDEX);
  }

  /** Block characters before a tensor's line and the words after it, as drawn; undefined when there are none. */
  async function barOf(text: string): Promise<{ bar: string; words: string } | undefined> {
    const line = lab.page.page
      .locator('.editor-group-container.active .monaco-editor .view-lines .view-line')
      .filter({ hasText: text })
      .first();
    return line.evaluate((element) => {
      const content = (side: string, wanted: RegExp) =>
        [...element.querySelectorAll('span')]
          .map((span) => getComputedStyle(span, side).content.replace(/^"|"$/g, ''))
          .find((drawn) => wanted.test(drawn));
      const bar = content('::before', /[█-▏]/);
      const words = content('::after', /\d|unchanged/);
      return bar === undefined ? undefined : { bar, words: words ?? '' };
    });
  }
  const lenses = async () =>
    (await lab.page.codeLenses().allInnerTexts()).map((text) => text.replace(/[\s\u00a0]+/g, ' ').trim());

  /** Clicks a lens. VS Code draws lenses anew whenever there are others; a click in that very moment goes nowhere. */
  async function followLens(text: string | RegExp, effect: Locator): Promise<void> {
    await insist(async (timeout) => {
      await lab.page.clickCodeLens(text);
      await effect.waitFor({ timeout });
    });
  }

  /** Two digits are shown at least. */
  function assertRoughly(text: string, expected: number, what: string): void {
    assert.ok(
      Math.abs(shownNumber(text) - expected) <= 0.051 * Math.abs(expected),
      `${what}: ${text} is shown for ${expected}`,
    );
  }

  /** `ΔIN 0.0103 · 6.20× floor · 83.1% changed` against an aggregate. */
  function assertLens(
    text: string,
    label: string,
    delta: { relative: number | null; fro: number | null; floor: number; changed: number | null },
  ): void {
    const [, relative, ratio, changed] =
      new RegExp(`Δ${label} (\\S+) · (\\S+)× floor · (\\S+%) changed`).exec(text) ??
      assert.fail(`no numbers of ${label} in "${text}"`);
    assertRoughly(relative!, delta.relative!, text);
    assertRoughly(ratio!, delta.fro! / delta.floor, text);
    assert.ok(Math.abs(shownNumber(changed!) - delta.changed!) < 0.0051, `${text} is shown for ${delta.changed}`);
  }

  it('an index has a lens above every layer, with its numbers', async () => {
    await lab.page.gotoLine(lineOf('layers.2.'));
    const texts = await eventually(
      lenses,
      (all) => all.some((text) => text.startsWith('Language layer 2')),
      'the lens of layer 2 is there',
    );
    const at = texts.findIndex((text) => text.startsWith('Language layer 2 · '));
    assert.match(texts[at]!, /^Language layer 2 · (early|mid|late): ΔIN /);
    assertLens(texts[at]!, 'IN', layer(3).deltas[0]!);
    assertLens(texts[at + 1]!, 'RL', layer(3).deltas[1]!);
    assert.equal(texts[at - 1], 'Pin');
  });

  it('a bar stands before every tensor, longer where training went further', async () => {
    await lab.page.gotoLine(lineOf('layers.2.'));
    const tensor = cli.tensors.find(({ name }) => name.endsWith('layers.2.mlp.up_proj.weight'))!;
    const drawn = await eventually(
      () => barOf(tensor.onDisk[2]!),
      (bar) => bar !== undefined,
      'the bar is drawn',
    );
    assertRoughly(drawn!.words.split(' · ')[0]!, tensor.deltas[1]!.relative!, 'the words after the bar');
    const lengths: { length: number; relative: number }[] = [];
    for (const { name, onDisk, deltas } of cli.tensors.filter(({ name }) => /layers\.2\./.test(name))) {
      const bar = await barOf(onDisk[2]!).catch(() => undefined);
      if (bar !== undefined)
        lengths.push({
          length:
            8 * bar.bar.replace(/[^█]/g, '').length +
            (bar.bar.match(/[▉-▏]/g) ?? []).reduce((sum, one) => sum + 0x2590 - one.codePointAt(0)!, 0),
          relative: deltas[1]!.relative!,
        });
      else assert.ok(name !== tensor.name);
    }
    assert.ok(lengths.length > 5, `${lengths.length} bars`);
    lengths.sort((a, b) => a.relative - b.relative);
    for (let i = 1; i < lengths.length; i++)
      assert.ok(lengths[i]!.length >= lengths[i - 1]!.length, JSON.stringify(lengths));
    await lab.page.screenshot('inline-index');
  });

  it('the hover has the figure, the table and two links', async () => {
    const tensor = cli.tensors.find(({ name }) => name.endsWith('layers.2.mlp.down_proj.weight'))!;
    await lab.page.gotoLine(lineOf(tensor.onDisk[2]!));
    const hover = await lab.page.hover('layers.2.mlp.down_proj');
    const image = hover.locator('img').first();
    await image.waitFor();
    await until(
      () => image.evaluate((element) => (element as HTMLImageElement).naturalWidth === 460),
      'the figure is loaded',
    );
    const svg = Buffer.from(
      (await image.getAttribute('src'))!.replace('data:image/svg+xml;base64,', ''),
      'base64',
    ).toString();
    assert.ok(svg.includes('ΔIN') && svg.includes('ΔRL'));
    assert.equal(svg.match(/<rect/g)!.length >= 2 * cli.layers.length, true);
    for (const [row, from] of [
      ['ΔIN', 0],
      ['ΔRL', 1],
    ] as const) {
      const cells = await hover.locator('tr').filter({ hasText: row }).locator('td').allInnerTexts();
      assertRoughly(cells[1]!, tensor.deltas[from]!.relative!, `${row} relative`);
      assertRoughly(cells[2]!, tensor.deltas[from]!.fro!, `${row} ‖Δ‖`);
      assertRoughly(cells[6]!, tensor.deltas[from]!.maxAbs!, `${row} max`);
    }
    assert.deepEqual(await hover.locator('a').allInnerTexts(), ['Pin', 'Open']);
    await lab.page.screenshot('inline-hover');
  });

  it('Pin keeps the layer’s figure between the lines; its button takes it away', async () => {
    await lab.page.gotoLine(lineOf('layers.2.mlp.down_proj'));
    const hover = await lab.page.hover('layers.2.mlp.down_proj');
    await hover.locator('a').filter({ hasText: 'Pin' }).click();
    const pin = lab.page.pinned('Language layer 2');
    await pin.waitFor();
    await until(
      () =>
        pin
          .locator('img')
          .first()
          .evaluate((element) => (element as HTMLImageElement).naturalWidth === 460),
      'the figure is loaded',
    );
    const cells = await pin.locator('tr').filter({ hasText: 'ΔRL' }).first().locator('td').allInnerTexts();
    assertRoughly(cells[1]!, layer(3).deltas[1]!.relative!, 'the layer’s relative update');
    await lab.page.page.keyboard.press('Escape');
    await lab.page.screenshot('inline-pinned');
    await pin.hover();
    await pin.getByRole('button', { name: 'Unpin Figure' }).click();
    await pin.waitFor({ state: 'hidden' });
  });

  it('Open brings the panel to that layer, also when it was closed', async () => {
    await lab.page.gotoLine(lineOf('layers.4.'));
    const chip = () => panel().id('depth-chip').filter({ hasText: 'Only Language layer 4' });
    await followLens(/^Language layer 4/, chip());
    await lab.page.tab('base → in → rl').click();
    await lab.page.runCommand('View: Close Editor');
    await lab.page.page.locator('iframe.webview').waitFor({ state: 'detached' });
    await followLens(/^Language layer 4/, chip());
    assert.equal(await panel().result(), 'base → in → rl');
    assert.equal((await panel().rows()).length, cli.tensors.filter(({ depth }) => depth === 5).length);
  });

  it('the panel shows a tensor in the index', async () => {
    const tensor = cli.tensors.find(({ name }) => name.endsWith('visual.blocks.1.attn.qkv.weight'))!;
    await panel().id('depth-clear').click();
    await panel().search('blocks.1. qkv.weight');
    await panel().row(tensor.name).locator('[role=gridcell]').first().click();
    await panel().id('reveal-2').click();
    await lab.page.statusBarItem(new RegExp(`Ln ${lineOf(`${tensor.onDisk[2]!}"`)}, `)).waitFor();
    await lab.page.locationOf('blocks.1.attn.qkv.weight');
    await panel().search('');
  });

  it('a config has lenses at the keys of its parts, and the regions', async () => {
    await lab.page.openFile('rl/config.json');
    const texts = await eventually(
      lenses,
      (all) => all.some((text) => text.startsWith('language: ')),
      'the lenses are there',
    );
    const section = (name: string) => cli.sections.find((one) => one.section === name)!;
    for (const [name, label, from] of [
      ['language', 'IN', 0],
      ['language', 'RL', 1],
      ['vision', 'RL', 1],
    ] as const) {
      assertLens(
        texts.find((text) => text.startsWith(`${name}: Δ${label}`))!,
        label,
        section(name).deltas[from]!,
      );
    }
    const [, early, mid, late] = /^ΔRL early (\S+) · mid (\S+) · late (\S+)$/.exec(
      texts.find((text) => text.startsWith('ΔRL early'))!,
    )!;
    [early, mid, late].forEach((text, at) =>
      assertRoughly(text!, cli.regions[at]!.deltas[1]!.relative!, `region ${at}`),
    );
    assert.ok(texts[0]!.includes('base → in → rl'));
    await followLens(/Pin$/, lab.page.pinned('Language layers'));
    await lab.page.screenshot('inline-config');
  });

  it('switched off, everything goes: lenses, bars, pins; switched on, lenses and bars come back', async () => {
    assert.equal(await lab.page.pinned('Language layers').count(), 1);
    await lab.page.runCommand('Frankenstein: Toggle Inline Figures');
    await until(async () => (await lab.page.codeLenses().count()) === 0, 'the lenses are gone');
    await until(async () => (await lab.page.pinned('Language layers').count()) === 0, 'the pin is gone');
    await focusIndex();
    await lab.page.gotoLine(lineOf('layers.2.mlp.up_proj'));
    await until(async () => (await barOf('layers.2.mlp.up_proj')) === undefined, 'the bars are gone');
    // VS Code shows the lenses it remembers of a file that comes to the front until it has asked again.
    await until(async () => (await lab.page.codeLenses().count()) === 0, 'the lenses stay gone');
    await lab.page.runCommand('Frankenstein: Toggle Inline Figures');
    await until(async () => (await barOf('layers.2.mlp.up_proj')) !== undefined, 'the bars are back');
    await until(async () => (await lab.page.codeLenses().count()) > 0, 'the lenses are back');
  });

  it('bars alone can be switched off', async () => {
    try {
      lab.workbench.writeWorkspaceSettings({ 'frankenstein.inline.bars': false });
      await until(async () => (await barOf('layers.2.mlp.up_proj')) === undefined, 'the bars are gone');
      await until(async () => (await lab.page.codeLenses().count()) > 0, 'the lenses stay');
    } finally {
      lab.workbench.writeWorkspaceSettings({});
    }
    await until(async () => (await barOf('layers.2.mlp.up_proj')) !== undefined, 'the bars are back');
  });

  it('a checkpoint that was never compared offers to be', async () => {
    await lab.page.openFile('alone/config.json');
    assert.deepEqual(await eventually(lenses, (all) => all.length > 0, 'there are lenses'), [
      'Compare with…',
      'Inspect',
    ]);
    await followLens('Compare with…', lab.page.quickInput);
    assert.ok((await lab.page.quickPickItems()).includes('base'));
    await lab.page.closeQuickInput();
  });

  it('an index of 50,000 lines: what is typed arrives while it is read, and figures follow where one looks', async function () {
    const names = cli.tensors.filter(({ depth }) => depth !== null).map(({ onDisk }) => onDisk[2]!);
    const lines = Array.from(
      { length: LARGE_LINES },
      (_, at) => `    "${names[at % names.length]!}": "model-00001-of-00002.safetensors"`,
    );
    writeFileSync(path.join(workspace, LARGE), `{\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`);
    await lab.page.openFile(LARGE);
    // At once, while the lines are still being looked at: every key must arrive, in order.
    await lab.page.gotoLine(2);
    await lab.page.page.keyboard.press('End');
    await lab.page.page.keyboard.press('Enter');
    const typed = '"typed while it was read": "0123456789 0123456789 0123456789",';
    await lab.page.page.keyboard.insertText(typed.slice(0, 10));
    for (const letter of typed.slice(10, 40)) await lab.page.page.keyboard.press(letter === ' ' ? 'Space' : letter);
    await until(async () => {
      const line = lab.page.page
        .locator('.editor-group-container.active .monaco-editor .view-lines .view-line')
        .filter({ hasText: 'typed while it was read' });
      return ((await line.first().textContent()) ?? '').replace(/\u00a0/g, ' ').includes(typed.slice(0, 40));
    }, 'what was typed is there, in order');
    // Figures at the top, deep down, and at the end.
    for (const line of [100, 40_000, LARGE_LINES]) {
      await lab.page.gotoLine(line);
      const name = names[(line - 4 + names.length) % names.length]!; // one line was added, two stand before
      await until(
        async () =>
          (await lab.page.page
            .locator('.editor-group-container.active .monaco-editor .view-lines .view-line')
            .filter({ hasText: name })
            .count()) > 0,
        `line ${line} is on screen`,
      );
      await eventually(
        () => barOf(name),
        (bar) => bar !== undefined,
        `there are bars at line ${line}`,
      );
    }
    await lab.page.gotoLine(1);
    await eventually(lenses, (all) => all.some((text) => text.includes('base → in → rl')), 'the lenses are there');
    await lab.page.runCommand('File: Revert File');
    await lab.page.runCommand('View: Close Editor');
  });

  it('nothing of this broke the rules of the page', () => {
    assert.deepEqual(lab.page.cspViolations, []);
    assert.deepEqual(lab.page.errors, []);
  });
});
