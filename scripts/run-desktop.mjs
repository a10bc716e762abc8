#!/usr/bin/env node
// The integration suite in desktop VS Code: the one that VSCODE_TEST_EXECUTABLE or
// FRANKENSTEIN_VSCODE names, else one that @vscode/test-electron downloads.
//   node scripts/run-desktop.mjs [--grep TEXT] [--summary FILE]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { downloadAndUnzipVSCode, runTests, SilentReporter } from '@vscode/test-electron';
import { onPath } from './workbench/setup.mjs';

const DOWNLOAD_MINUTES = 10;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { grep: { type: 'string' }, summary: { type: 'string' } } });

/** @param {string} sentence @returns {never} */
function giveUp(sentence) {
  console.error(sentence);
  process.exit(1);
}

const named = process.env.VSCODE_TEST_EXECUTABLE || process.env.FRANKENSTEIN_VSCODE;
if (named && !fs.existsSync(named)) giveUp(`There is no VS Code at ${named}.`);
const tests = path.join(root, 'dist-test', 'integration', 'index.cjs');
if (!fs.existsSync(tests))
  giveUp('dist-test/integration/index.cjs does not exist; run "npm run build" and "npm run build:test" first.');

/** @type {string} */
let executable;
try {
  const cachePath = path.join(root, '.cache', 'vscode-test');
  executable =
    named ||
    (await Promise.race([
      downloadAndUnzipVSCode({ version: 'stable', cachePath, reporter: new SilentReporter(), timeout: 30_000 }),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error('it took too long')), DOWNLOAD_MINUTES * 60_000).unref(),
      ),
    ]));
} catch (error) {
  giveUp(
    `Desktop VS Code could not be downloaded (${error instanceof Error ? error.message : error}); name an ` +
      'installed one in VSCODE_TEST_EXECUTABLE, or run "npm test", which uses the browser workbench.',
  );
}

// Electron wants a display.
if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
  const xvfb = onPath('xvfb-run');
  if (!xvfb) giveUp('Desktop VS Code needs a display: set DISPLAY, or install xvfb (which has xvfb-run).');
  const again = spawnSync(xvfb, ['-a', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, VSCODE_TEST_EXECUTABLE: executable },
  });
  process.exit(again.status ?? 1);
}

const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'frankenstein-desktop-'));
const workspace = path.join(folder, 'workspace');
const summary = path.resolve(values.summary ?? path.join(folder, 'summary.json'));
try {
  fs.mkdirSync(workspace);
  const fixture = path.join(root, 'test', 'integration', 'workspace');
  if (fs.existsSync(fixture)) fs.cpSync(fixture, workspace, { recursive: true });
  const code = await runTests({
    vscodeExecutablePath: executable,
    extensionDevelopmentPath: [root, path.join(root, 'test', 'integration', 'models')],
    extensionTestsPath: tests,
    extensionTestsEnv: {
      FRANKENSTEIN_ROOT: root,
      FRANKENSTEIN_TEST_SUMMARY: summary,
      FRANKENSTEIN_TEST_GREP: values.grep,
    },
    launchArgs: [
      workspace,
      ...['--user-data-dir', path.join(folder, 'data'), '--extensions-dir', path.join(folder, 'extensions')],
      '--enable-proposed-api=frankenstein-lab-tests.stand-in-models',
      ...['--disable-workspace-trust', '--disable-telemetry', '--skip-welcome', '--skip-release-notes'],
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  process.exitCode = code;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
