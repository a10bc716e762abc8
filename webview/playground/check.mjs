// How the panel behaves in a real browser under the policy of a webview: node webview/playground/check.mjs
/* global document, Event, requestAnimationFrame -- inside page.evaluate */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import { folder } from './build.mjs';
import { withPlayground } from './serve.mjs';

const calls = (page, method) =>
  page.evaluate(
    (name) => globalThis.playground.calls.filter((call) => call.method === name).map((call) => call.request),
    method,
  );
const live = (page) => page.getByTestId('live').textContent();

const checks = {
  async 'selecting a depth in the figure filters the table, Escape unwinds'(page) {
    const figure = page.getByTestId('layer-figure');
    await figure.focus();
    await page.keyboard.press('End');
    assert.match(await live(page), /^Language layer 27\. ΔIN: /);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByTestId('depth-chip').textContent(), 'Only Language layer 26');
    assert.equal(await page.getByTestId('table-count').textContent(), '12 of 729 tensors');
    await page.keyboard.press('Escape'); // the cursor
    assert.equal(await page.getByTestId('depth-chip').count(), 1);
    await page.keyboard.press('Escape'); // the selection
    assert.equal(await page.getByTestId('depth-chip').count(), 0);
    assert.equal(await page.getByTestId('table-count').textContent(), '729 tensors');
  },

  async 'a row of the table selects its depth and opens the detail'(page) {
    const grid = page.getByTestId('tensor-grid');
    await page.getByTestId('table-search').locator('input').fill('layers.14. down');
    const row = grid.locator('[role=row][data-tensor]:visible');
    assert.equal(await row.count(), 1);
    await row.locator('[role=gridcell]').nth(9).click();
    await page.getByTestId('histogram').waitFor();
    assert.equal(
      await page.getByTestId('detail-name').textContent(),
      'model.language_model.layers.14.mlp.down_proj.weight',
    );
    assert.deepEqual(await calls(page, 'tensorDetail'), [
      { name: 'model.language_model.layers.14.mlp.down_proj.weight', from: 1 },
    ]);
    assert.equal(await page.getByTestId('depth-chip').textContent(), 'Language layer 14');
    await page.getByTestId('reveal-2').click();
    assert.deepEqual(await calls(page, 'revealTensor'), [
      { name: 'model.language_model.layers.14.mlp.down_proj.weight', stage: 2 },
    ]);
    await page.getByTestId('detail-close').click();
    assert.equal(await page.getByTestId('detail').isVisible(), false);
  },

  async 'the grid is walked by keyboard, rows far away included'(page) {
    const grid = page.getByTestId('tensor-grid');
    assert.equal(await grid.getAttribute('aria-rowcount'), '731');
    assert.equal(await grid.locator('[tabindex="0"]').count(), 1);
    await grid.locator('[role=columnheader][tabindex="0"]').focus();
    await page.keyboard.press('Control+End');
    let focus = await page.evaluate(() => [
      document.activeElement.closest('[role=row]').getAttribute('aria-rowindex'),
      document.activeElement.getAttribute('aria-colindex'),
    ]);
    assert.deepEqual(focus, ['731', '15']);
    await page.keyboard.press('Home');
    await page.keyboard.press('PageUp');
    await page.keyboard.press('ArrowUp');
    focus = await page.evaluate(() =>
      Number(document.activeElement.closest('[role=row]').getAttribute('aria-rowindex')),
    );
    assert.ok(focus < 725 && focus > 690, `row ${focus}`);
    await page.keyboard.press('Enter');
    assert.equal(await grid.locator('[aria-selected=true]').count(), 1);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'rowheader');
  },

  async 'headings sort and say so'(page) {
    const heading = page.locator('[data-column="1.relative"]');
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    const first = page.locator('[role=row][aria-rowindex="3"]');
    assert.match(await first.getAttribute('data-tensor'), /language_model\.layers\.1\d\./);
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    await heading.click();
    assert.equal(await heading.getAttribute('aria-sort'), 'none');
    assert.equal(await live(page), 'In model order.');
  },

  async 'a wrong regular expression is a sentence'(page) {
    await page.getByTestId('table-regex').click();
    await page.getByTestId('table-search').locator('input').fill('layers.(');
    assert.match(
      await page.locator('.field-error[role=alert]:visible').first().textContent(),
      /^Not a regular expression/,
    );
  },

  async 'the heat map is walked by keyboard and selects one tensor'(page) {
    await page.getByTestId('heat-map').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('End');
    assert.match(await live(page), /^q_proj, Language layer 27: /);
    await page.keyboard.press('Enter');
    assert.equal(
      await page.getByTestId('detail-name').textContent(),
      'model.language_model.layers.27.self_attn.q_proj.weight',
    );
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByTestId('detail').isVisible(), false);
  },

  async 'cuts are typed and dragged'(page) {
    await page.getByTestId('cut-mid').fill('8');
    await page.getByTestId('cut-mid').press('Enter');
    await page.waitForTimeout(150);
    assert.deepEqual(await calls(page, 'setCuts'), [{ cuts: [8, 18] }]);
    assert.match(await page.getByTestId('summary-0').textContent(), /layers 0–7/);
    const box = await page.getByTestId('layer-figure').boundingBox();
    // The grip of Late stands above depth 18.5; find it by the cursor it sets.
    let grip = null;
    for (let x = box.x + box.width * 0.6; x < box.x + box.width && grip === null; x += 3) {
      await page.mouse.move(x, box.y + 14);
      if (
        (await page.getByTestId('layer-figure').evaluate((node) => node.style.cursor)) === 'ew-resize' &&
        /Late/.test((await page.getByTestId('tooltip').textContent()) ?? '')
      )
        grip = x + 3;
    }
    assert.ok(grip !== null);
    await page.mouse.move(grip, box.y + 14);
    await page.mouse.down();
    await page.mouse.move(grip + 40, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForTimeout(150);
    const [, dragged] = await calls(page, 'setCuts');
    assert.equal(dragged.cuts[0], 8);
    assert.ok(dragged.cuts[1] > 19, String(dragged.cuts));
    assert.equal(await page.getByTestId('cut-late').inputValue(), String(dragged.cuts[1]));
    await page.getByTestId('cut-thirds').click();
    await page.waitForTimeout(150);
    assert.deepEqual((await calls(page, 'setCuts')).at(-1), { cuts: [9, 18] });
  },

  async 'every export has content'(page) {
    const kinds = [
      'export-tensors-csv',
      'export-layers-csv',
      'export-json',
      'export-layer-svg',
      'export-layer-png',
      'export-heat-svg',
      'export-heat-png',
      'copy-regions-md',
      'copy-layers-md',
      'copy-rows-csv',
    ];
    for (const kind of kinds) {
      await page.getByTestId('export').click();
      await page.getByTestId(kind).click();
      await page.waitForTimeout(120);
    }
    const saved = await page.evaluate(() =>
      globalThis.playground.calls
        .filter(({ method }) => method === 'save')
        .map(({ request }) => [
          request.suggestedName,
          typeof request.content === 'string' ? request.content : [...new Uint8Array(request.content)],
        ]),
    );
    assert.deepEqual(
      saved.map(([name]) => name),
      [
        'base-in-rl-tensors.csv',
        'base-in-rl-layers.csv',
        'base-in-rl-compare.json',
        'base-in-rl-layers.svg',
        'base-in-rl-layers.png',
        'base-in-rl-kinds.svg',
        'base-in-rl-kinds.png',
      ],
    );
    mkdirSync(path.join(folder, 'saved'), { recursive: true });
    for (const [name, content] of saved) {
      const bytes = typeof content === 'string' ? content : Buffer.from(content);
      writeFileSync(path.join(folder, 'saved', name), bytes);
      if (name.endsWith('.png')) {
        const image = PNG.sync.read(bytes);
        const colours = new Set();
        for (let at = 0; at < image.data.length; at += 4) {
          assert.equal(image.data[at + 3], 255, 'a background everywhere');
          colours.add(image.data.readUInt32BE(at));
        }
        assert.ok(colours.size > 50, `${name} shows ${colours.size} colours`);
      }
    }
    assert.equal(JSON.parse(saved[2][1]).schema, 1);
    assert.equal((await calls(page, 'copy')).length, 3);
  },

  async 'choices survive a reload'(page) {
    await page.getByTestId('scale').getByText('Log').click();
    await page.getByTestId('heat-delta').getByText('ΔRL').click();
    await page.getByTestId('table-search').locator('input').fill('up_proj');
    await page.waitForTimeout(300);
    await page.reload();
    await page.getByTestId('compare').waitFor();
    assert.equal(await page.getByTestId('scale').locator('[aria-checked=true]').textContent(), 'Log');
    assert.equal(await page.getByTestId('heat-delta').locator('[aria-checked=true]').textContent(), 'ΔRL');
    assert.match(await page.getByTestId('table-count').textContent(), /^\d+ of 729/);
    assert.equal((await calls(page, 'ready'))[0].memory.view.scale, 'log');
  },

  async 'the host can point at a depth and a tensor'(page) {
    await page.evaluate(() => globalThis.playground.panel.focus({ depth: 5, tensor: null }));
    assert.equal(await page.getByTestId('depth-chip').textContent(), 'Only Language layer 4');
    await page.evaluate(() => globalThis.playground.panel.focus({ depth: null, tensor: 'lm_head.weight' }));
    assert.equal(await page.getByTestId('detail-name').textContent(), 'lm_head.weight');
    assert.equal(await page.locator('[data-tensor="lm_head.weight"]').isVisible(), true);
  },

  async 'a refused call is a message that can be dismissed'(page) {
    await page.getByTestId('open-diff').first().click();
    assert.match(await page.getByTestId('message').textContent(), /no diff editor/);
    await page.getByTestId('message').locator('vscode-button').click();
    assert.equal(await page.getByTestId('message').count(), 0);
  },

  async 'canvases follow the theme'(page) {
    const pixels = () => page.getByTestId('layer-canvas').evaluate((canvas) => canvas.toDataURL());
    const before = await pixels();
    await page.evaluate(() => document.documentElement.style.setProperty('--vscode-charts-blue', '#ff00ff'));
    await page.waitForTimeout(200);
    assert.notEqual(await pixels(), before);
  },

  async 'a trajectory is walked by keyboard, follows a cell and is watched'(page, base) {
    await page.goto(`${base}/dark.html?state=trajectory`);
    await page.getByTestId('trajectory').waitFor();
    assert.match(await page.getByTestId('reading').textContent(), /^Most of the movement from start to checkpoint-600/);
    await page.getByTestId('step-map').focus();
    await page.keyboard.press('End');
    assert.match(await live(page), /^Language layer 27, checkpoint-50: /);
    await page.keyboard.press('Enter');
    assert.equal(await live(page), 'Language layer 27: its curve is in the figures.');
    assert.equal(await page.locator('.legend', { hasText: 'Language layer 27' }).count(), 2);
    await page.keyboard.press('Escape'); // the cursor
    await page.keyboard.press('Escape'); // the selection
    assert.equal(await page.locator('.legend', { hasText: 'Language layer 27' }).count(), 0);
    await page.getByTestId('size').getByText('Absolute').click();
    await page.getByTestId('against').getByText('Since previous').click();
    await page.getByRole('heading', { name: 'Update ‖Δ‖ since the previous checkpoint, by layer and step' }).waitFor();
    await page.getByTestId('trajectory-numbers').locator('summary').click();
    const rows = page.getByTestId('trajectory-numbers-table').locator('tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 12 * 6);
    await page.getByTestId('trajectory-left-out').locator('summary').click();
    assert.match(await page.getByTestId('trajectory-left-out').textContent(), /holds 2 of the 4 shards/);
    for (const kind of [
      'export-steps-csv',
      'export-trajectory-json',
      'export-trajectory-svg',
      'export-trajectory-png',
      'export-steps-svg',
      'export-steps-png',
      'copy-trajectory-md',
    ]) {
      await page.getByTestId('export').click();
      await page.getByTestId(kind).click();
    }
    await page.waitForFunction(
      () => globalThis.playground.calls.filter(({ method }) => method === 'save').length === 6,
    );
    assert.equal((await calls(page, 'copy')).length, 1);
    await page.getByTestId('follow').click();
    await page.getByText('watching for new checkpoints').waitFor();
    assert.deepEqual(await calls(page, 'followSteps'), [{ on: true }]);
    // What was chosen stays so when the state is shown anew.
    await page.getByRole('heading', { name: 'Update ‖Δ‖ since the previous checkpoint, by layer and step' }).waitFor();
  },

  async 'cancel and retry reach the host'(page, base) {
    await page.goto(`${base}/dark.html?state=running`);
    await page.getByTestId('running').waitFor();
    assert.equal(await page.getByTestId('progress').getAttribute('aria-valuenow'), '43');
    await page.evaluate(() =>
      globalThis.playground.panel.progress({
        progress: { phase: 'Comparing', doneBytes: 50, totalBytes: 100, remainingSeconds: 3, tensor: 'x' },
      }),
    );
    assert.equal(await page.getByTestId('progress').getAttribute('aria-valuenow'), '50');
    // What waits its turn says for what, without a bar that moves.
    const waiting = { phase: 'Waiting for Sweep of in, rl', doneBytes: 0, totalBytes: 0, remainingSeconds: null };
    await page.evaluate((progress) => globalThis.playground.panel.progress({ progress }), waiting);
    assert.equal(await page.getByTestId('phase').textContent(), waiting.phase);
    assert.equal(await page.getByTestId('progress').isVisible(), false);
    await page.getByTestId('cancel').click();
    assert.equal(await page.getByTestId('failed-message').textContent(), 'Cancelled.');
    assert.equal(await live(page), '');
    await page.getByTestId('retry').click();
    await page.getByTestId('compare').waitFor();
  },

  async '30,000 tensors scroll without a long task'(page, base) {
    await page.goto(`${base}/dark.html?data=experts`);
    await page.getByTestId('compare').waitFor();
    assert.match(await page.getByTestId('table-count').textContent(), /^30\d\d\d tensors$/);
    assert.ok((await page.locator('[role=grid] [role=row]').count()) < 80);
    const median = await page.getByTestId('tensor-grid').evaluate(async (grid) => {
      const times = [];
      for (let step = 0; step < 60; step++) {
        const started = performance.now();
        grid.scrollTop += 12_345;
        grid.dispatchEvent(new Event('scroll'));
        times.push(performance.now() - started);
        await new Promise(requestAnimationFrame);
      }
      return times.sort((a, b) => a - b)[30];
    });
    console.log(`    median update of all rows in sight: ${median.toFixed(1)} ms`);
    assert.ok(median < 50);
  },

  async 'probes: a point by keyboard, the samples behind it, and where the answer flips'(page, base) {
    await page.goto(`${base}/dark.html?state=probe&data=one`);
    await page.getByTestId('curves-0').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    assert.match(await live(page), /^Layer 1, Early\. Counting: \d+%/);
    await page.keyboard.press('ArrowDown');
    assert.match(await live(page), /^Layer 1, Early\. OCR: /);
    await page.keyboard.press('Enter');
    assert.equal(await page.getByTestId('behind-title').textContent(), 'OCR, layer 1');
    const count = /^(\d+) of 60 changed$/.exec(await page.getByTestId('behind-count').textContent());
    assert.equal(await page.locator('.sample-row').count(), Number(count[1]));
    await page.getByTestId('samples').focus();
    await page.keyboard.press('ArrowDown');
    await page.getByTestId('image').nth(1).waitFor();
    const asked = await calls(page, 'image');
    assert.deepEqual(
      asked.map(({ which }) => which),
      ['target', 'source'],
    );
    assert.equal(JSON.stringify(asked).includes('/'), false, 'no path is asked for');
    await page.getByTestId('strip').focus();
    await page.keyboard.press('End');
    assert.equal(await page.getByTestId('behind-title').textContent(), 'OCR, layer 27');
    assert.match(await page.getByTestId('strip').getAttribute('aria-valuetext'), /^layer 27: XSH, unchanged$/);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'slider');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByTestId('behind').isVisible(), false);
  },

  async 'probes: heat map, tabs, legend, numbers and exports'(page, base) {
    await page.goto(`${base}/dark.html?state=probe`);
    assert.equal(await page.locator('[data-testid^=curves-]:not(canvas):visible').count(), 4);
    await page.getByTestId('legend-checkpoint-0').click();
    await page.getByTestId('legend-ocr').click();
    assert.equal(await page.locator('[data-testid^=curves-]:not(canvas):visible').count(), 3);
    await page.getByTestId('surface').focus();
    await page.keyboard.press('ArrowRight');
    assert.match(await live(page), /^Counting, IN, layer 0: \d+%/);
    await page.keyboard.press('Enter');
    assert.equal(await page.getByTestId('behind-title').textContent(), 'Counting, IN, layer 0');
    await page.getByTestId('behind-close').click();
    await page.getByTestId('probe-numbers').locator('summary').click();
    await page.getByTestId('probe-numbers-table').locator('tbody tr').first().waitFor();
    assert.equal(await page.getByTestId('probe-numbers-table').locator('tbody tr').count(), 3 * 2 * 28);
    await page.getByTestId('study').getByText('Reasoning').click();
    assert.equal(await page.locator('[data-testid^=curves-]:not(canvas):visible').count(), 1);
    for (const kind of [
      'export-curves-csv',
      'export-samples-csv',
      'export-probe-json',
      'export-curves-svg',
      'export-curves-png',
      'export-surface-svg',
      'export-surface-png',
      'copy-probe-md',
    ]) {
      await page.getByTestId('export').click();
      await page.getByTestId(kind).click();
      await page.waitForTimeout(250);
    }
    assert.equal((await calls(page, 'save')).length, 7);
    await page.getByTestId('tab-attention').click();
    await page.getByTestId('attention-measure').getByText('Mass').click();
    assert.match(await page.getByTestId('attention-note').textContent(), /^Mass/);
    await page.locator('[data-testid=attention-samples] [role=option]').nth(2).click();
    await page.getByTestId('image').waitFor();
    await page.waitForTimeout(300);
    await page.reload();
    await page.getByTestId('attention-note').waitFor();
    assert.match(await page.getByTestId('attention-note').textContent(), /^Mass/);
  },

  async 'try: two answers stream, cancel keeps what is there, a failure is a sentence'(page, base) {
    await page.goto(`${base}/dark.html?state=try`);
    await page.getByTestId('try-choose').click();
    await page.getByTestId('image').waitFor();
    await page.getByTestId('try-prompt').fill('How many?');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-testid=answer-1-1][data-state=done]').waitFor();
    assert.equal(await page.getByTestId('answer-text-1-1').textContent(), 'There are two red objects, says RL.');
    assert.deepEqual(await calls(page, 'ask'), [{ prompt: 'How many?', image: 7, maxNewTokens: 128 }]);
    assert.equal(await page.getByTestId('try-prompt').inputValue(), '');
    await page.getByTestId('try-prompt').fill('Please fail.');
    await page.getByTestId('try-ask').click();
    await page.locator('[data-testid=answer-2-1][data-state=failed]').waitFor();
    assert.match(await page.getByTestId('answer-2-1').textContent(), /40,000 tokens/);
    await page.getByTestId('try-again-1').click();
    assert.equal(await page.getByTestId('try-prompt').inputValue(), 'How many?');
    await page.getByTestId('try-ask').click();
    await page.getByTestId('try-cancel').click();
    await page.locator('[data-testid=answer-3-1][data-state=cancelled]').waitFor();
  },

  async 'spectrum: what it will cost, a filter that is none, the run, cancel, and continue'(page, base) {
    await page.goto(`${base}/dark.html?spectrum=offer&slow=1`);
    await page.getByTestId('tab-comparison').focus();
    await page.keyboard.press('ArrowRight');
    await page.getByTestId('spectrum-plan').getByText('about 2 min with 8 threads').waitFor();
    assert.equal(await page.getByTestId('spectrum-mode').locator('[aria-checked=true]').textContent(), 'Fast');
    assert.equal(await page.getByTestId('compare').isVisible(), false);
    await page.getByTestId('spectrum-mode').getByText('Exact').click();
    await page.getByTestId('spectrum-plan').getByText('about 1 h 12 min with 8 threads').waitFor();
    await page.getByTestId('spectrum-filter').locator('input').fill('mlp.(');
    await page.getByTestId('spectrum-plan-error').waitFor();
    assert.match(
      await page.getByTestId('spectrum-plan-error').textContent(),
      /^The filter "mlp\.\(" is no regular expression/,
    );
    await page.getByTestId('spectrum-filter').locator('input').fill('mlp');
    await page.getByTestId('spectrum-plan').getByText('84').waitFor();
    await page.getByTestId('spectrum-compute').click();
    await page.getByTestId('spectrum-panel').getByTestId('running').waitFor();
    assert.deepEqual(await calls(page, 'computeSpectrum'), [{ mode: 'exact', filter: 'mlp' }]);
    assert.match(await page.getByTestId('progress-bytes').textContent(), /^121 of 458 matrices/);
    await page.getByTestId('cancel').click();
    await page.locator('[data-testid=spectrum-failed][data-code=cancelled]').waitFor();
    assert.equal(await page.getByTestId('spectrum-compute').getAttribute('aria-label'), 'Continue');
    await page.goto(`${base}/dark.html?spectrum=interrupted`);
    await page.getByTestId('spectrum-interrupted').waitFor(); // the tab is remembered
    await page.getByTestId('spectrum-plan').getByText('84').waitFor();
    await page.getByTestId('spectrum-compute').click();
    await page.getByTestId('spectrum').waitFor();
    assert.deepEqual(await calls(page, 'computeSpectrum'), [{ mode: 'fast', filter: 'mlp' }]);
  },

  async 'spectrum: figures by keyboard, a layer, its matrices, one matrix, and back'(page, base) {
    await page.goto(`${base}/dark.html?spectrum=fast&broken=1`);
    await page.getByTestId('tab-spectrum').click();
    await page.getByTestId('spectrum').waitFor();
    await page.getByTestId('metric-figure').focus();
    await page.keyboard.press('End');
    assert.match(await live(page), /^Language layer 27\. ΔIN: [\d.]+\. /);
    await page.keyboard.press('ArrowLeft');
    assert.match(await live(page), /^Language layer 26\. ΔIN: .* ΔRL: \d+, the rounding floor explains it/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByTestId('spectrum-depth').textContent(), 'Only Language layer 27');
    assert.equal(await page.getByTestId('matrix-count').textContent(), '7 of 457 matrices');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByTestId('spectrum-depth').count(), 0);
    await page.getByTestId('rank-surface-1').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowDown');
    assert.match(await live(page), /^Language layer 27, rank 2: log\(σᵢ \/ σ₁\) = −[\d.]+, rounding alone: /);
    await page.keyboard.press('Enter');
    assert.equal(await page.getByTestId('spectrum-depth').textContent(), 'Only Language layer 27');
    const names = page.locator('.matrix-name');
    await names.first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(
      await page.getByTestId('matrix-name').textContent(),
      'model.language_model.layers.27.self_attn.k_proj.weight',
    );
    await page
      .getByTestId('full-spectrum-state')
      .getByText(/^128 of \d+ singular values are computed, the others estimated\.$/)
      .waitFor();
    assert.deepEqual(await calls(page, 'fullSpectrum'), [
      { name: 'model.language_model.layers.27.self_attn.k_proj.weight', part: null, from: 0 },
    ]);
    await page.getByTestId('full-spectrum').focus();
    await page.keyboard.press('ArrowRight');
    assert.match(await live(page), /^Rank 1: σ = [\d.]+, rounding alone: /);
    assert.match(await page.getByTestId('metric-table').textContent(), /Stable rank[\d.]+± [\d.]+/);
    assert.equal(await page.getByTestId('angles-left').count(), 1);
    await page.getByTestId('refine').click();
    await page.getByTestId('refine').waitFor({ state: 'hidden' });
    assert.deepEqual(await calls(page, 'refineSpectrum'), [
      { key: 'model.language_model.layers.27.self_attn.k_proj.weight' },
    ]);
    assert.match(
      await page.getByTestId('spectrum-what').textContent(),
      /^Estimates with errors; 1 exact · 457 matrices/,
    );
    await page.getByTestId('matrix-close').click();
    assert.equal(await page.getByTestId('matrix-detail').isVisible(), false);
    await page.getByTestId('spectrum-depth-clear').click();
    assert.equal(
      await page.getByRole('textbox', { name: 'Filter matrices' }).count(),
      1,
      'the field says what it is for',
    );
    await page.getByTestId('matrix-search').locator('input').fill('layers.5. up_proj');
    await page.locator('tr[data-matrix$="layers.5.mlp.up_proj.weight"]').click();
    await page.getByTestId('detail-update').getByText('ΔRL').click();
    assert.equal(
      await page.getByTestId('matrix-skipped').textContent(),
      'No spectrum of ΔRL (in → rl): 3 elements of rl are NaN.',
    );
    assert.match(
      await page.getByTestId('spectrum-skipped').textContent(),
      /layers\.5\.mlp\.up_proj\.weight ΔRL: 3 elements of rl are NaN\./,
    );
    await page.getByTestId('matrix-search').locator('input').fill('layers.7. gate');
    await page.locator('tr[data-matrix$="layers.7.mlp.gate_proj.weight"]').click();
    await page
      .getByTestId('full-spectrum-state')
      .getByText('Only the largest 50 are shown: The run that has it is no longer on disk.')
      .waitFor();
    // Why there is no number floor-corrected.
    for (const [layer, why] of [
      [5, /^The update is not above the rounding floor\.$/],
      [19, /^The effect of rounding on this update is unknown: /],
    ]) {
      await page.getByTestId('matrix-search').locator('input').fill(`layers.${layer}. gate`);
      await page.locator(`tr[data-matrix$="layers.${layer}.mlp.gate_proj.weight"]`).click();
      assert.match(await page.getByTestId('uncorrected').textContent(), why);
    }
  },

  async 'spectrum: metrics, parts, sorting, numbers and every export'(page, base) {
    await page.goto(`${base}/light.html?spectrum=exact`);
    await page.getByTestId('tab-spectrum').click();
    await page.getByTestId('spectrum').waitFor();
    assert.match(
      await page.getByTestId('spectrum-reading').textContent(),
      /^ΔRL is more concentrated than ΔIN: median stable rank [\d.]+ against [\d.]+ floor-corrected .* In 36 of 61 layers the rounding floor explains/,
    );
    await page.getByTestId('rank-metric').click();
    await page.getByTestId('rank-metric').locator('vscode-option', { hasText: 'Energy in the first k' }).click();
    await page.getByTestId('top-k').getByText('16').click();
    assert.match(
      await page.getByTestId('metric-figure').getAttribute('aria-label'),
      /^Energy in the first 16 over layers\. /,
    );
    await page.getByTestId('spectrum-legend-0').click();
    assert.doesNotMatch(await page.getByTestId('metric-figure').getAttribute('aria-label'), /ΔIN/);
    await page.getByTestId('metric-numbers').locator('summary').click();
    // Filled when it opens.
    await page.getByTestId('metric-numbers-table').locator('tbody tr').first().waitFor();
    const numbered = await page.getByTestId('metric-numbers-table').locator('tbody tr').count();
    assert.ok(numbered > 50, `${numbered} rows`);
    await page.getByTestId('spectrum-part').click();
    await page.getByTestId('spectrum-part').locator('vscode-option', { hasText: 'MLP' }).click();
    assert.match(await page.getByTestId('matrix-count').textContent(), /^182 of 457/);
    await page.locator('.matrix-table [data-column="1.stableRank"]').click();
    const first = page.locator('.matrix-table tbody tr').first();
    const [most, second] = await page
      .locator('.matrix-table tbody tr')
      .evaluateAll((rows) => rows.slice(0, 2).map((row) => Number(row.children[11].textContent)));
    assert.ok(most >= second, `${most}, ${second}`);
    await first.locator('td').nth(9).click(); // a number of ΔRL
    await page.getByTestId('matrix-detail').waitFor();
    assert.equal(await page.getByTestId('detail-update').locator('[aria-checked=true]').textContent(), 'ΔRL');
    const kinds = [
      'export-spectra-csv',
      'export-depth-csv',
      'export-rank-csv',
      'export-spectrum-json',
      'export-metric-svg',
      'export-metric-png',
      'export-rank-svg',
      'export-rank-png',
      'export-tenth-svg',
      'export-overlap-svg',
      'export-matrix-svg',
      'copy-rank-md',
    ];
    for (const kind of kinds) {
      await page.getByTestId('export-spectrum').click();
      await page.getByTestId(kind).click();
      await page.waitForTimeout(250);
    }
    const saved = await page.evaluate(() =>
      globalThis.playground.calls
        .filter(({ method }) => method === 'save')
        .map(({ request }) => [
          request.suggestedName,
          typeof request.content === 'string' ? request.content : [...new Uint8Array(request.content)],
        ]),
    );
    assert.equal(saved.length, 13);
    mkdirSync(path.join(folder, 'saved'), { recursive: true });
    for (const [name, content] of saved) {
      const bytes = typeof content === 'string' ? content : Buffer.from(content);
      writeFileSync(path.join(folder, 'saved', name), bytes);
      if (name.endsWith('.png')) assert.ok(PNG.sync.read(bytes).width > 500, name);
      if (name.endsWith('.svg')) assert.match(content, /<title[^>]*>base → in → rl: /);
    }
    assert.equal((await calls(page, 'copy')).length, 1);
    await page.waitForTimeout(300);
    await page.reload();
    await page.getByTestId('spectrum').waitFor();
    assert.equal(await page.getByTestId('tab-spectrum').getAttribute('aria-selected'), 'true');
    assert.match(await page.getByTestId('metric-figure').getAttribute('aria-label'), /^Energy in the first 16/);
  },

  async 'nothing is wider than a narrow column'(page, base) {
    for (const [data, width] of [
      ['lineage', 300],
      ['lineage', 360],
      ['four', 360],
      ['text', 320],
      ['lineage&state=probe', 320],
      ['attention&state=probe', 320],
      ['small&state=probe', 300],
      ['lineage&state=try', 300],
      ['lineage&spectrum=fast&tab', 360],
      ['lineage&spectrum=offer&tab', 300],
      ['lineage&spectrum=failed&tab', 320],
    ]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${base}/light.html?data=${data}`);
      await page
        .locator('[data-testid=compare], [data-testid=probe], [data-testid=try]')
        .first()
        .waitFor({ state: 'attached' });
      if (data.endsWith('tab')) {
        await page.getByTestId('tab-spectrum').click();
        await page.waitForTimeout(500);
        if (await page.getByTestId('spectrum').isVisible()) await page.locator('.matrix-table tbody tr').last().click();
      }
      await page.waitForTimeout(200);
      const wide = await page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const inScroller = (node) =>
          node.closest('[role=grid], .missing ul, svg, vscode-dropdown, .numbers-scroll, .matrix-scroll') !== null;
        return [...document.querySelectorAll('#app *')]
          .filter(
            (node) =>
              !inScroller(node) &&
              node.getBoundingClientRect().right > room + 0.5 &&
              !node.classList.contains('visually-hidden'),
          )
          .map((node) => `${node.tagName}.${node.className}`);
      });
      assert.deepEqual(wide, [], `${data} at ${width}`);
    }
  },
};

const wanted = process.argv[2] ?? '';
let failed = 0;
await withPlayground(async (browser, base) => {
  for (const [name, check] of Object.entries(checks)) {
    if (!name.includes(wanted)) continue;
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
    page.on(
      'request',
      (request) =>
        /^(http:\/\/127\.0\.0\.1|data:|blob:)/.test(request.url()) || complaints.push(`asked for ${request.url()}`),
    );
    page.setDefaultTimeout(300_000); // for a machine that does other things too
    try {
      await page.goto(`${base}/dark.html`);
      await page.getByTestId('compare').waitFor();
      await check(page, base);
      assert.deepEqual(complaints, []);
      console.log(`  ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`  FAILED ${name}\n${error.stack}`);
    }
    await context.close();
  }
});
process.exitCode = failed > 0 ? 1 : 0;
