#!/usr/bin/env node
// `npm start`: compares the sample lineage on the command line, then opens that comparison in VS Code, in a
// workspace with data to probe and evaluate: desktop VS Code if there is one, else a workbench in the browser.
//   node scripts/start.mjs [--headless] [--browser] [--no-open] [--full]
// `--full` runs everything that samples/paper.experiment.yaml says instead, and continues where it was interrupted.
// Node's built-ins only: this runs in a clone where nothing is installed yet.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installModules, newestChange, newestVsix, run } from './lib.mjs';
import { startServer } from './workbench/server.mjs';
import { onPath, WorkbenchError } from './workbench/setup.mjs';

const SOURCES = [
  'src',
  'webview',
  'media',
  'syntaxes',
  'package.json',
  'package.nls.json',
  'package-lock.json',
  'esbuild.mjs',
];

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    headless: { type: 'boolean', default: false }, // stop after the table
    browser: { type: 'boolean', default: false }, // the browser workbench even if desktop VS Code is there
    'no-open': { type: 'boolean', default: false }, // print the URL, start no browser
    full: { type: 'boolean', default: false }, // the whole paper, and stop
  },
});

/** The folder to open and, below it, the lineage to compare, in order, and where VS Code looks for its runs. */
const FOLDER = 'samples';
const STAGES = ['base', 'in', 'rl'].map((stage) => path.join(FOLDER, 'lineage', stage));
const RUNS = path.join(FOLDER, '.frankenstein');
/** The whole result, for the run's id. */
const RESULT = path.join(RUNS, 'printed.json');

/**
 * @param {string} command
 * @param {string[]} args
 */
async function must(command, args) {
  const how = await run(command, args, { cwd: root });
  if (how !== '') throw new WorkbenchError(`${[path.basename(command), ...args].join(' ')} ${how}.`);
}

/** The extension shows the run that this file names when it starts, once. */
function askToShow() {
  const { provenance } = JSON.parse(fs.readFileSync(path.join(root, RESULT), 'utf8'));
  fs.writeFileSync(path.join(root, RUNS, 'open.json'), JSON.stringify({ runId: provenance.runId }));
}

async function openDesktop() {
  console.log(`\nOpening ${FOLDER} in desktop VS Code, with the extension from this repository.`);
  await must('code', [`--extensionDevelopmentPath=${root}`, path.join(root, FOLDER)]);
}

async function serveBrowser() {
  let vsix = newestVsix(root);
  if (!vsix || fs.statSync(vsix).mtimeMs < newestChange(root, SOURCES)) {
    await must('npm', ['run', '--silent', 'package']);
    vsix = newestVsix(root);
    if (!vsix) throw new WorkbenchError('npm run package made no frankenstein-lab-*.vsix.');
  }
  // The rest of the home stays out of it, but checkpoints downloaded earlier are worth offering.
  const hub =
    process.env.HF_HOME ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'huggingface');
  /** @type {Record<string, string>} */
  const env = { HF_HOME: hub };
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE'])
    if (process.env[name]) env[name] = process.env[name] ?? '';

  /** @type {Promise<string>} */
  const interrupted = new Promise((resolve) => {
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => resolve(''));
  });
  const starting = startServer({ root, vsix, env, log: console.log });
  const server = await Promise.race([starting, interrupted]);
  if (typeof server === 'string') return;
  const url = server.urlFor(path.join(root, FOLDER));
  console.log(`\nVS Code with the extension is at\n  ${url}\nPress Ctrl-C to stop it.`);
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const seen = process.platform === 'darwin' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!values['no-open'] && !process.env.CI && seen && onPath(opener)) {
    spawn(opener, [url], { stdio: 'ignore', detached: true })
      .on('error', () => undefined)
      .unref();
  }
  const ended = await Promise.race([server.exited, interrupted]);
  const said = ended === '' ? '' : server.serverLog();
  await server.stop();
  if (ended !== '') throw new WorkbenchError(`The workbench stopped by itself (${ended}).\n${said}`);
  console.log('\nStopped.');
}

try {
  const problem = await installModules(root);
  if (problem !== '') throw new WorkbenchError(problem);
  const cli = path.join('dist', 'cli.cjs');
  const built = fs.statSync(path.join(root, cli), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newestChange(root, SOURCES)) await must('npm', ['run', '--silent', 'build']);

  if (values.full) {
    await must(process.execPath, [cli, 'run', path.join(FOLDER, 'paper.experiment.yaml'), '--runs', RUNS]);
    process.exit(0);
  }
  await must(process.execPath, [cli, 'compare', ...STAGES, '--runs', RUNS, '--json', RESULT]);
  if (!values.headless) {
    askToShow();
    if (!values.browser && onPath('code')) await openDesktop();
    else await serveBrowser();
  }
  process.exit(0);
} catch (error) {
  console.error(error instanceof WorkbenchError ? error.message : error);
  process.exit(1);
}
