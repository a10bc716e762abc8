// A model of the editor as a judge, as a person chooses it: the stand-ins of the integration tests are its vendor.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packagedVsix, root, temporaryWorkspace, useWorkbench } from '../workbench';
import { eventually, Panel } from './support.js';

const SAMPLES = path.join(root, 'samples');

describe('a second opinion', () => {
  const lab = useWorkbench(
    () => {
      const workspace = temporaryWorkspace();
      cpSync(path.join(SAMPLES, 'lineage', 'in'), path.join(workspace, 'models', 'in'), { recursive: true });
      mkdirSync(path.join(workspace, 'eval'));
      // Not right by the rules, so that the judge is asked.
      const lines = readFileSync(path.join(SAMPLES, 'eval', 'text.jsonl'), 'utf8')
        .split('\n')
        .slice(0, 3)
        .map((line) =>
          JSON.stringify({ ...(JSON.parse(line) as object), answer: 'forty-two and a half', answer_type: 'text' }),
        );
      writeFileSync(path.join(workspace, 'eval', 'text.jsonl'), lines.join('\n'));
      return {
        workspace,
        vsix: packagedVsix(),
        extensionDevelopmentPath: path.join(root, 'test', 'integration', 'models'),
      };
    },
    { theme: 'dark' },
  );
  const panel = () => new Panel(lab.page);

  /** The last step of the quick pick, once it says what the run will cost. */
  async function estimate(): Promise<string> {
    const run = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Run/ }).first();
    return eventually(
      () => run.innerText().catch(() => ''),
      (text) => /Run/.test(text) && !/estimating/.test(text),
      'the estimate is there',
    );
  }

  it('a model of the editor is asked only when the user allows it', async function () {
    await lab.page.runCommand('Frankenstein: Evaluate Abilities…');
    await lab.page.quickPick([/models\/in/]);
    await lab.page.quickPick(/text\.jsonl/);
    await estimate();
    await lab.page.quickPick(/Max new tokens/);
    await lab.page.typeInput('40');
    await estimate();
    await lab.page.quickPick(/LLM judge/);
    await lab.page.screenshot('language-models');
    await lab.page.quickPick(/Stand-in Guarded/);
    await estimate();
    await lab.page.quickPick(/Run/);
    await lab.page.page.locator('.monaco-dialog-box').waitFor();
    await lab.page.screenshot('language-model-consent');
    assert.match(await lab.page.dialog('Cancel'), /Frankenstein Lab.*language models.*judge answers/s);
    assert.equal(
      await panel().failure('unavailable'),
      'Frankenstein Lab may not use the language model Stand-in Guarded: allow it when VS Code asks, or choose ' +
        'another one.',
    );
    await panel().id('retry').click();
    await lab.page.dialog('Allow');
    await panel()
      .id('transfer')
      .locator('h1')
      .filter({ hasText: /Abilities · in/ })
      .waitFor();
    await panel()
      .frame.getByText(/rule-based grading, then LLM judge stand-in\/guarded/)
      .waitFor();
  });

  it('how questions are put, and which, is asked in the options, shown with the result, and remembered', async function () {
    await lab.page.runCommand('Frankenstein: Evaluate Abilities…');
    await lab.page.quickPick([/models\/in/]);
    await lab.page.quickPick(/text\.jsonl/);
    await estimate();
    await lab.page.quickPick(/Max new tokens/);
    await lab.page.typeInput('8');
    await estimate();
    await lab.page.quickPick(/Sampling/);
    await lab.page.typeInput('2 answers, temperature 0.7');
    await estimate();
    await lab.page.quickPick(/Protocol…/);
    await lab.page.quickPick(/System prompt/);
    await lab.page.typeInput('Answer in one word.');
    await lab.page.quickPick(/Rows/);
    await lab.page.typeInput('task != nothing');
    await lab.page.quickPick(/First questions/);
    await lab.page.typeInput('2');
    await lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: 'Question ids' }).waitFor();
    await lab.page.screenshot('protocol');
    await lab.page.quickPick(/Done/);
    assert.match(await estimate(), /2 questions · 4 answers/);
    await lab.page.screenshot('protocol-options');
    await lab.page.quickPick(/Run/);
    const shown = panel().id('protocol');
    await shown.waitFor();
    await shown.locator('summary').click();
    const text = await shown.innerText();
    for (const said of [/Answer in one word\./, /task != nothing/, /2 answers per question, temperature 0\.7/])
      assert.match(text, said);

    await lab.page.runCommand('Frankenstein: Evaluate Abilities…');
    await lab.page.quickPick([/models\/in/]);
    await lab.page.quickPick(/text\.jsonl/);
    await estimate();
    const entry = lab.page.quickInput.locator('.monaco-list-row').filter({ hasText: /Protocol…/ });
    assert.match(await entry.innerText(), /system prompt/);
    await lab.page.page.keyboard.press('Escape');
  });

  it('a model behind an address is asked as a checkpoint is', async function () {
    let asked = 0;
    const server = createServer((_, outgoing) => {
      asked++;
      outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ model: 'org/served', choices: [{ message: { content: '<answer>3</answer>' } }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    await lab.page.runCommand('Frankenstein: Evaluate Abilities…');
    await lab.page.quickInput
      .locator('.monaco-list-row')
      .filter({ hasText: /models\/in/ })
      .waitFor();
    await lab.page.quickInput.locator('.monaco-list-row .label-name').filter({ hasText: 'Endpoint…' }).click();
    for (const [prompt, text] of [
      ['Address of the endpoint', address],
      ['Name of the model there', 'org/served'],
      ['Key; empty for none', ''],
    ] as const) {
      const input = lab.page.quickInput.filter({ hasText: prompt }).locator('input:visible').last();
      await input.fill(text);
      await input.press('Enter');
    }
    await lab.page.screenshot('endpoint');
    await lab.page.quickPick([/^served/]);
    await lab.page.quickPick(/text\.jsonl/);
    assert.match(await estimate(), /3 asked over the network/);
    assert.equal(asked, 0);
    await lab.page.quickPick(/Run/);
    await panel()
      .id('transfer')
      .locator('h1')
      .filter({ hasText: /Abilities · .*served/ })
      .waitFor();
    await lab.page.screenshot('endpoint-result');
    assert.ok(asked > 0);
    server.close();
  });
});
