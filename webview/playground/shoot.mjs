// Screenshots of the panel: node webview/playground/shoot.mjs [theme,…] [width,…] [query] [step,…] →
// .cache/playground/*.png A step is a word of `steps` below, done before the image is taken.
import path from 'node:path';
import { folder } from './build.mjs';
import { withPlayground } from './serve.mjs';

const [themeList = 'dark', widthList = '1200', query = '', stepList = '', name = ''] = process.argv.slice(2);

const steps = {
  log: (page) => page.getByTestId('scale').getByText('Log').click(),
  shared: (page) => page.getByTestId('axes').getByText('Shared').click(),
  hover: async (page) => {
    const box = await page.getByTestId('layer-figure').boundingBox();
    await page.mouse.move(box.x + box.width * 0.72, box.y + box.height * 0.5);
  },
  heathover: async (page) => {
    const box = await page.getByTestId('heat-map').boundingBox();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 50);
  },
  layer: async (page) => {
    const box = await page.getByTestId('layer-figure').boundingBox();
    await page.mouse.click(box.x + box.width * 0.72, box.y + box.height * 0.5);
  },
  rl: (page) => page.getByTestId('heat-delta').getByText('ΔRL').click(),
  minor: (page) => page.getByTestId('heat-minor').click(),
  row: async (page) => {
    await page.locator('[role=grid] [role=rowheader]:visible').nth(4).click();
    await page.getByTestId('histogram').waitFor();
  },
  sort: (page) => page.locator('[data-column="0.relative"]').click(),
  menu: (page) => page.getByTestId('export').click(),
  help: (page) => page.locator('.summary .help').last().hover(),
  relative: (page) => pick(page, 'Relative'),
  changed: (page) => pick(page, 'Fraction'),
  cosine: (page) => pick(page, 'Cosine'),
  missing: (page) => page.getByTestId('missing').locator('summary').click(),
  error: (page) => page.getByTestId('open-diff').first().click(),
  point: async (page) => {
    const box = await page.getByTestId('curves-0').boundingBox();
    await page.mouse.click(box.x + box.width * 0.45, box.y + box.height * 0.5);
    await page.mouse.move(4, 4);
  },
  curvehover: async (page) => {
    const box = await page.getByTestId('curves-0').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  },
  sample: (page) => page.locator('.sample-row:visible').nth(3).click(),
  attention: (page) => page.getByTestId('tab-attention').click(),
  reasoning: (page) => page.getByTestId('study').getByText('Reasoning').click(),
  together: (page) => page.getByTestId('layout').getByText('Together').click(),
  numbers: (page) => page.getByTestId('probe-numbers').locator('summary').click(),
  stepcell: async (page) => {
    const box = await page.getByTestId('step-map').boundingBox();
    await page.mouse.click(box.x + box.width * 0.8, box.y + 60);
  },
  loggedcursor: async (page) => {
    const figure = page.getByTestId('logged-figure-reward');
    await figure.focus();
    await page.keyboard.press('End');
    for (let at = 0; at < 12; at++) await page.keyboard.press('PageUp');
  },
  asked: async (page) => {
    await page.getByTestId('try-choose').click();
    await page.getByTestId('try-prompt').fill('How many red objects are there?');
    await page.getByTestId('try-ask').click();
    await page.waitForTimeout(900);
    await page.getByTestId('try-prompt').fill('Please fail.');
    await page.getByTestId('try-ask').click();
    await page.waitForTimeout(900);
  },
  dropdown: (page) => page.getByTestId('metric').click(),
  spectrum: (page) => page.getByTestId('tab-spectrum').click(),
  depth: async (page) => {
    const box = await page.getByTestId('metric-figure').boundingBox();
    await page.mouse.click(box.x + box.width * 0.8, box.y + box.height * 0.5);
    await page.mouse.move(4, 4);
  },
  metrichover: async (page) => {
    const box = await page.getByTestId('metric-figure').boundingBox();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.5);
  },
  matrix: async (page) => {
    await page.locator('.matrix-table tbody tr').nth(4).click();
    await page.waitForTimeout(200);
  },
  energy: (page) => pickIn(page, 'rank-metric', 'Energy'),
  effective: (page) => pickIn(page, 'rank-metric', 'Effective'),
  volume: (page) => pickIn(page, 'rank-metric', 'Log-volume'),
  nuclear: (page) => pickIn(page, 'rank-metric', 'Nuclear'),
  logscale: (page) => page.getByTestId('spectrum-scale').getByText('Log').click(),
  cell: (page) => page.getByTestId('cell-3-v2r').click(),
  question: (page) => page.locator('.sample-row:visible').nth(2).click(),
  transfernumbers: (page) => page.getByTestId('transfer-numbers').locator('summary').click(),
  sweeppoint: async (page) => {
    const box = await page.getByTestId('sweep-figure').boundingBox();
    await page.mouse.click(box.x + box.width * 0.6, box.y + box.height * 0.4);
    await page.mouse.move(4, 4);
  },
  traininghover: async (page) => {
    const box = await page.getByTestId('figure-reward').boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
  },
  smooth: (page) => pickIn(page, 'training-smoothing', 'Medium'),
  metricnumbers: (page) => page.getByTestId('metric-numbers').locator('summary').click(),
};
const pick = (page, label) => pickIn(page, 'metric', label);
async function pickIn(page, id, label) {
  await page.getByTestId(id).click();
  await page.getByTestId(id).locator('vscode-option', { hasText: label }).click();
}

await withPlayground(async (browser, base) => {
  for (const theme of themeList.split(',')) {
    for (const width of widthList.split(',').map(Number)) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, reducedMotion: 'reduce' });
      page.on(
        'console',
        (message) =>
          ['error', 'warning'].includes(message.type()) && console.log(`${theme} ${width}: ${message.text()}`),
      );
      page.on('pageerror', (error) => console.log(`${theme} ${width}: ${error.stack}`));
      const started = Date.now();
      await page.goto(`${base}/${theme}.html?${query}`);
      await page.locator('[data-testid=panel] > *').first().waitFor();
      await page.waitForTimeout(250);
      for (const step of stepList.split(',').filter(Boolean)) {
        await steps[step](page);
        await page.waitForTimeout(200);
      }
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflow > 0) console.log(`${theme} ${width}: ${overflow} px too wide`);
      const file = path.join(
        folder,
        `${name || [theme, width, query.replace(/\W+/g, '-'), stepList.replace(/,/g, '-')].filter(Boolean).join('-')}.png`,
      );
      await page.screenshot({
        path: file,
        fullPage:
          !stepList.includes('hover') &&
          !stepList.includes('menu') &&
          !stepList.includes('help') &&
          !stepList.includes('dropdown'),
      });
      console.log(`${path.relative(process.cwd(), file)} (${Date.now() - started} ms)`);
      await page.close();
    }
  }
});
