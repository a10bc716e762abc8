// Every view of a stored result, in two themes, to hold a change against what was before:
//   node webview/playground/views.mjs before
//   … change the panel …
//   node webview/playground/views.mjs after before
// Writes .cache/views/NAME/VIEW-THEME.png; with a second name also VIEW-THEME.diff.png where pixels differ, and says
// how many. The results are those in test/fixtures/runs. Paint times come from the page's own performance entries.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import { withPlayground } from './serve.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const RUNS = path.join(root, 'test', 'fixtures', 'runs', '0.1', 'runs');
const THEMES = ['dark', 'light'];
const WINDOW = { width: 1200, height: 900 };
/** Of a channel, 0…255: antialiasing differs by less. */
const SAME = 8;

const [name, against] = process.argv.slice(2);
if (name === undefined || !/^[\w-]+$/.test(name) || !/^[\w-]+$/.test(against ?? 'none')) {
  console.error('Usage: node webview/playground/views.mjs NAME [NAME OF AN EARLIER SET]');
  process.exit(2);
}
const folderOf = (set) => path.join(root, '.cache', 'views', set);
if (against !== undefined && !existsSync(folderOf(against))) {
  console.error(`There is no set "${against}" in .cache/views.`);
  process.exit(2);
}

/** The state that shows a result. */
function stateOf(result) {
  const kind = result.kind ?? 'compare';
  if (kind === 'compare') return { kind: 'compare', title: kind, result };
  if (['swap', 'skip', 'attention'].includes(kind)) return { kind: 'probe', title: kind, results: [result] };
  return { kind: 'evaluation', title: kind, result };
}

/** Shows a stored result in the page; resolves to milliseconds until it is painted. */
async function show(page, result) {
  return page.evaluate(
    async ({ state, spectrum }) => {
      const { panel } = globalThis.playground;
      const frame = () => new Promise((resolve) => globalThis.requestAnimationFrame(resolve));
      performance.mark('asked');
      if (spectrum) await panel.spectrum({ state: spectrum, front: true });
      else await panel.show({ state, request: null });
      // The first frame draws; the second begins when the first is painted.
      await frame();
      await frame();
      return performance.measure('painted', 'asked').duration;
    },
    result.kind === 'spectrum'
      ? { spectrum: { kind: 'result', title: 'spectrum', result } }
      : { state: stateOf(result) },
  );
}

/** Pixels that differ by more than antialiasing, painted red on the later image; undefined where the sizes differ. */
function difference(before, after) {
  if (before.width !== after.width || before.height !== after.height) return undefined;
  const drawn = new PNG({ width: after.width, height: after.height });
  let count = 0;
  for (let at = 0; at < after.data.length; at += 4) {
    const differs = [0, 1, 2].some((channel) => Math.abs(before.data[at + channel] - after.data[at + channel]) > SAME);
    if (differs) count++;
    for (const [channel, mark] of [255, 0, 0].entries())
      drawn.data[at + channel] = differs ? mark : 255 - (255 - after.data[at + channel]) / 4;
    drawn.data[at + 3] = 255;
  }
  return { count, drawn };
}

function compareWith(file) {
  const earlier = path.join(folderOf(against), path.basename(file));
  if (!existsSync(earlier)) return 'new';
  const found = difference(PNG.sync.read(readFileSync(earlier)), PNG.sync.read(readFileSync(file)));
  if (found === undefined) return 'another size';
  if (found.count === 0) return 'the same';
  const shown = file.replace(/\.png$/, '.diff.png');
  writeFileSync(shown, PNG.sync.write(found.drawn));
  return `${found.count} pixels differ: ${path.relative(root, shown)}`;
}

await withPlayground(async (browser, base) => {
  mkdirSync(folderOf(name), { recursive: true });
  for (const theme of THEMES)
    for (const run of readdirSync(RUNS).sort()) {
      const result = JSON.parse(readFileSync(path.join(RUNS, run, 'result.json'), 'utf8'));
      const view = result.kind ?? 'compare';
      const page = await browser.newPage({ viewport: WINDOW, reducedMotion: 'reduce' });
      page.on('pageerror', (error) => console.log(`${view} ${theme}: ${error.stack}`));
      await page.goto(`${base}/${theme}.html?state=${view === 'spectrum' ? 'compare' : 'empty'}`);
      await page.locator('[data-testid=panel] > *').first().waitFor();
      const painted = await show(page, result);
      const file = path.join(folderOf(name), `${view}-${theme}.png`);
      await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
      const verdict = against === undefined ? '' : ` · ${compareWith(file)}`;
      console.log(`${path.relative(root, file)} · painted in ${painted.toFixed(0)} ms${verdict}`);
      await page.close();
    }
});
