/**
 * Images of the README, taken of the extension as it is, in a workbench on the sample lineage:
 * `npm run screenshots [NAME…]` writes `docs/images/NAME.png`. What they show is computed once, in
 * `.cache/screenshots`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Panel, until } from '../e2e/support.js';
import { packagedVsix, root, startWorkbench, type Theme, type WorkbenchPage } from '../workbench';

const IMAGES = path.join(root, 'docs', 'images');
const WINDOW = { width: 1700, height: 1000 };
const LINEAGE = ['base', 'in', 'rl'];
const RECIPE = `checkpoints:
  in: in
  rl: rl

# Early: layers 0–3, Mid: 4–7, Late: 8–11
stitch: {early: in, mid: rl, late: rl, cuts: [4, 8]}
`;

/** What the images show, as commands; a run that is there is not computed again. */
const RUNS = [
  ['compare', ...LINEAGE],
  ['spectrum', ...LINEAGE, '--mode', 'exact'],
  ['probe', 'swap', 'in', '--data', 'probes', '--samples', '4'],
  ['transfer', 'in', 'rl', '--base', 'base', '--data', 'eval', '--samples', '100'],
];

interface Shot {
  theme: Theme;
  viewport?: { width: number; height: number };
  /** Brings the page to what is to be seen. */
  arrange: (page: WorkbenchPage, panel: Panel) => Promise<void>;
  /** A part of the page; the whole page when left out. Pixels. */
  clip?: { x: number; y: number; width: number; height: number };
}

async function compare(page: WorkbenchPage, panel: Panel): Promise<void> {
  await page.explorerContextMenu(['rl', 'base', 'in'], ['Frankenstein', 'Compare Lineage…']);
  await panel.result('base → in → rl');
  await panel.press('scale', 'Log');
  await panel.press('axes', 'Shared');
}

async function openRun(page: WorkbenchPage, title: RegExp): Promise<void> {
  await page.runCommand('Frankenstein: Open Run');
  await page.quickPick(title);
}

const SHOTS: Readonly<Record<string, Shot>> = {
  'compare-dark': { theme: 'dark', arrange: compare },
  'compare-light': {
    theme: 'light',
    async arrange(page, panel) {
      await page.openFile('rl/model.safetensors.index.json');
      await compare(page, panel);
      await page.runCommand('View: Focus First Editor Group');
      await page.gotoLine(5);
      const hover = await page.hover('layers.0.input_layernorm');
      await hover.locator('a').filter({ hasText: 'Pin' }).click();
      const pin = page.pinned('Language layer 0');
      await pin.waitFor();
      await page.page.keyboard.press('Escape');
    },
  },
  'spectrum-dark': {
    theme: 'dark',
    async arrange(page, panel) {
      await compare(page, panel);
      await panel.id('tab-spectrum').click();
      await panel.id('spectrum').waitFor();
    },
  },
  'probe-light': {
    theme: 'light',
    async arrange(page, panel) {
      await openRun(page, /Vision probe · in/i);
      const canvas = panel.id('curves-0-canvas');
      const box = (await canvas.boundingBox())!;
      await canvas.click({ position: { x: box.width * 0.12, y: box.height * 0.2 } });
      await panel.id('samples').locator('.sample-row').first().click();
      const images = panel.id('sample').getByTestId('image');
      await until(async () => (await images.count()) === 2, 'both images are shown');
      await panel.id('sample').scrollIntoViewIfNeeded();
    },
  },
  'transfer-dark': {
    theme: 'dark',
    viewport: { width: 1500, height: 900 },
    async arrange(page, panel) {
      await openRun(page, /Transferability · /i);
      await page.runCommand('View: Toggle Primary Side Bar Visibility');
      await panel.id('forest').waitFor();
    },
  },
  'recipe-dark': {
    theme: 'dark',
    clip: { x: 340, y: 36, width: 900, height: 205 },
    async arrange(page) {
      await page.openFile('merge.frank.yaml');
      await page.waitForText(/tensors, none computed/);
      await page.page.locator('.view-line').filter({ hasText: 'stitch:' }).waitFor();
    },
  },
};

/** A workspace as a person has one: the sample lineage with an index, data beside it, and a recipe. Runs stay in it. */
function workspace(): string {
  const folder = path.join(root, '.cache', 'screenshots', 'demo');
  const parts = [...LINEAGE.map((stage) => path.join('lineage', stage)), 'eval', 'probes'];
  for (const part of parts) {
    const to = path.join(folder, path.basename(part));
    // Once: the times of files are part of what a run was of.
    if (!existsSync(to)) cpSync(path.join(root, 'samples', part), to, { recursive: true, preserveTimestamps: true });
  }
  const weights = readFileSync(path.join(folder, 'rl', 'model.safetensors'));
  const header = JSON.parse(weights.toString('utf8', 8, 8 + Number(weights.readBigUInt64LE(0)))) as object;
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  writeFileSync(
    path.join(folder, 'rl', 'model.safetensors.index.json'),
    JSON.stringify(
      { metadata: {}, weight_map: Object.fromEntries(names.sort().map((name) => [name, 'model.safetensors'])) },
      null,
      2,
    ),
  );
  writeFileSync(path.join(folder, 'merge.frank.yaml'), RECIPE);
  return folder;
}

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in SHOTS));
  if (unknown.length > 0)
    throw new Error(`There is no image ${unknown.join(', ')}; there are ${Object.keys(SHOTS).join(', ')}.`);
  const folder = workspace();
  for (const command of RUNS)
    execFileSync(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...command, '--runs', '.frankenstein'], {
      cwd: folder,
    });
  const workbench = await startWorkbench({
    workspace: folder,
    vsix: packagedVsix(),
    settings: { 'editor.minimap.enabled': false, 'workbench.editor.enablePreview': false },
  });
  try {
    mkdirSync(IMAGES, { recursive: true });
    for (const [name, { theme, viewport = WINDOW, arrange, clip }] of Object.entries(SHOTS)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const page = await workbench.openPage({ theme, viewport });
      await arrange(page, new Panel(page));
      await page.page.mouse.move(2, 2);
      const file = path.join(IMAGES, `${name}.png`);
      await page.page.screenshot({ path: file, animations: 'disabled', caret: 'hide', ...(clip && { clip }) });
      console.log(path.relative(root, file));
      await page.close();
    }
    workbench.assertNoForeignRequests();
  } finally {
    await workbench.stop();
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  },
);
