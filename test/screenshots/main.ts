/**
 * Images of the README, taken of the extension as it is, in a workbench on the sample lineage:
 * `npm run screenshots [NAME…]` writes `docs/images/NAME.png`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Panel } from '../e2e/support.js';
import { packagedVsix, root, startWorkbench, temporaryWorkspace, type Theme, type WorkbenchPage } from '../workbench';

const IMAGES = path.join(root, 'docs', 'images');
const WINDOW = { width: 1700, height: 1000 };
const LINEAGE = ['base', 'in', 'rl'];
const RECIPE = `checkpoints:
  in: in
  rl: rl

# Early: layers 0–3, Mid: 4–7, Late: 8–11
stitch: {early: in, mid: rl, late: rl, cuts: [4, 8]}
`;

interface Shot {
  theme: Theme;
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

const SHOTS: Readonly<Record<string, Shot>> = {
  'compare-dark': { theme: 'dark', arrange: compare },
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

/** A workspace as a person has one: the sample lineage with an index, data beside it, and a recipe. */
function workspace(): string {
  const folder = path.join(temporaryWorkspace(), 'demo');
  for (const stage of LINEAGE)
    cpSync(path.join(root, 'samples', 'lineage', stage), path.join(folder, stage), { recursive: true });
  for (const data of ['eval', 'probes'])
    cpSync(path.join(root, 'samples', data), path.join(folder, data), { recursive: true });
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
  // The comparison is on disk before: it opens at once.
  execFileSync(
    process.execPath,
    [path.join(root, 'dist', 'cli.cjs'), 'compare', ...LINEAGE, '--runs', '.frankenstein'],
    {
      cwd: folder,
    },
  );
  const workbench = await startWorkbench({
    workspace: folder,
    vsix: packagedVsix(),
    settings: { 'editor.minimap.enabled': false, 'workbench.editor.enablePreview': false },
  });
  try {
    mkdirSync(IMAGES, { recursive: true });
    for (const [name, { theme, arrange, clip }] of Object.entries(SHOTS)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const page = await workbench.openPage({ theme, viewport: WINDOW });
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
