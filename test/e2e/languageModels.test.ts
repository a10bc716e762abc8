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
  /** What lmms-eval logged: two questions, one answered right. */
  let logged = '';
  const lab = useWorkbench(
    () => {
      const workspace = temporaryWorkspace();
      logged = path.join(workspace, 'logs', 'org__in', '20260301_120000_samples_gsm8k.jsonl');
      mkdirSync(path.dirname(logged), { recursive: true });
      const said = ['#### 7', 'It is 20'];
      const lines = ['Tom has 3 apples and buys 4. How many?', 'A train goes 60 km in 2 h. How fast?'].map(
        (question, doc_id) => ({
          doc_id,
          target: ['7', '30'][doc_id],
          filtered_resps: [said[doc_id]],
          input: question,
        }),
      );
      writeFileSync(logged, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      cpSync(path.join(SAMPLES, 'lineage', 'in'), path.join(workspace, 'models', 'in'), { recursive: true });
      mkdirSync(path.join(workspace, 'eval'));
      // Not right by the rules, so that the judge is asked.
      const questions = readFileSync(path.join(SAMPLES, 'eval', 'text.jsonl'), 'utf8')
        .split('\n')
        .slice(0, 3)
        .map((line) =>
          JSON.stringify({ ...(JSON.parse(line) as object), answer: 'forty-two and a half', answer_type: 'text' }),
        );
      writeFileSync(path.join(workspace, 'eval', 'text.jsonl'), questions.join('\n'));
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

  describe('a model behind an address', () => {
    let asked = 0;
    let address = '';
    const server = createServer((_, outgoing) => {
      asked++;
      outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ model: 'org/served', choices: [{ message: { content: '<answer>3</answer>' } }] }));
    });
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    });
    after(() => void server.close());

    async function named(): Promise<void> {
      for (const [prompt, text] of [
        ['Address of the endpoint', address],
        ['Name of the model there', 'org/served'],
        ['Key; empty for none', ''],
      ] as const) {
        const input = lab.page.quickInput.filter({ hasText: prompt }).locator('input:visible').last();
        await input.fill(text);
        await input.press('Enter');
      }
    }

    it('is asked as a checkpoint is', async function () {
      await lab.page.runCommand('Frankenstein: Evaluate Abilities…');
      await lab.page.quickInput
        .locator('.monaco-list-row')
        .filter({ hasText: /models\/in/ })
        .waitFor();
      await lab.page.quickInput.locator('.monaco-list-row .label-name').filter({ hasText: 'Endpoint…' }).click();
      await named();
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
    });

    it('has its answers judged again without being asked again', async function () {
      const before = asked;
      await lab.page.runCommand('Frankenstein: Regrade…');
      await lab.page.screenshot('regrade-how');
      await lab.page.quickPick(/Format rule/);
      await panel()
        .frame.getByText(/judged again/)
        .first()
        .waitFor();
      await lab.page.screenshot('regraded');
      assert.equal(asked, before);
    });

    it('is tried, and the panel says where the prompt goes', async function () {
      await lab.page.runCommand('Frankenstein: Try Checkpoint…');
      await lab.page.quickPick(/Endpoint…/);
      await named();
      await lab.page.quickPick(/alone/);
      await panel().id('try').locator('h1').filter({ hasText: 'Try · served' }).waitFor();
      assert.equal(await panel().id('try-sent').innerText(), `Prompts and images are sent to ${address}.`);
      const before = asked;
      await panel().id('try-prompt').fill('How many?');
      await panel().id('try-ask').click();
      await panel().id('answer-text-1-0').filter({ hasText: '<answer>3</answer>' }).waitFor();
      assert.equal(asked, before + 1);
      await lab.page.screenshot('endpoint-try');
    });
  });

  it('answers that lmms-eval wrote become an evaluation', async function () {
    await lab.page.runCommand('Frankenstein: Import Answers…');
    await lab.page.quickPick(/lmms-eval/);
    await lab.page.fileDialog(logged, { asksOn: true });
    await lab.page.quickPick(/As the files say them/);
    await panel()
      .id('transfer')
      .locator('h1')
      .filter({ hasText: /org__in|in/ })
      .waitFor();
    await panel()
      .frame.getByText(/answers from lmms-eval/)
      .first()
      .waitFor();
    await lab.page.screenshot('imported');
  });
});
