// Runs a test bundle inside the extension host of the browser workbench: the page is told
// to load the extension from its folder and to call the bundle's run() there.

import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { addDevelopmentOptions, BROWSER_FLAGS, guardRequests } from './browser.mjs';
import { startServer, TEST_SETTINGS } from './server.mjs';
import { setupBrowser } from './setup.mjs';

/**
 * @typedef {object} ExtensionTests
 * @property {string} root
 * @property {string[]} extensions folders of the extension, and of those that it is tested with
 * @property {string} tests       the bundle that exports run()
 * @property {string} workspace   folder to open
 * @property {Record<string, string>} env  for the extension host
 * @property {string} evidence    folder for logs and a screenshot if it fails
 */

/**
 * @param {ExtensionTests} options
 * @returns {Promise<number>} the code the test run ended with
 */
export async function runExtensionTests({ root, extensions, tests, workspace, env, evidence }) {
  const executablePath = await setupBrowser({ root });
  const server = await startServer({ root, settings: { ...TEST_SETTINGS }, env, log: console.log });
  const browser = await chromium.launch({ executablePath, args: [...BROWSER_FLAGS] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    const foreign = await guardRequests(context);
    await addDevelopmentOptions(context, { port: server.port, extensions, tests });
    const page = await context.newPage();
    /** @type {string[]} */
    const said = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));

    /** @type {Promise<number>} */
    const exit = new Promise((resolve, reject) => {
      void page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => resolve(code));
      void page.exposeFunction('codeAutomationLog', (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
        const line = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' ');
        // The test index marks what is for people; the rest is the workbench talking to itself.
        if (line.startsWith('[test] ')) console.log(line.slice('[test] '.length));
        else said.push(`extension host ${type}: ${line}`);
      });
      page.on('crash', () => reject(new Error('The browser page crashed.')));
      void server.exited.then((how) => reject(new Error(`code-server ${how}.\n${server.serverLog()}`)));
    });
    exit.catch(() => undefined);
    let code = 1;
    try {
      await page.goto(server.urlFor(workspace), { waitUntil: 'domcontentloaded' });
      code = Number(await exit);
      if (foreign.length > 0)
        throw new Error(`The workbench asked for things outside this machine:\n${foreign.join('\n')}`);
      return code;
    } catch (error) {
      code = 1;
      throw error;
    } finally {
      if (code !== 0) {
        fs.mkdirSync(evidence, { recursive: true });
        await page.screenshot({ path: path.join(evidence, 'extension-host.png') }).catch(() => undefined);
        fs.writeFileSync(path.join(evidence, 'extension-host.console.log'), said.join('\n'));
        fs.writeFileSync(path.join(evidence, 'extension-host.server.log'), server.serverLog());
        console.error(`logs and a screenshot are in ${path.relative(root, evidence)}`);
      }
    }
  } finally {
    await browser.close().catch(() => undefined);
    await server.stop();
  }
}
