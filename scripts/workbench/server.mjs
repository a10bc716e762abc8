// Starts and stops one code-server with its own user data, extensions and home, so that
// nothing of the person's own VS Code is read or changed.

import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { URLSearchParams } from 'node:url';
import { setupWorkbench, WorkbenchError } from './setup.mjs';

/** Settings of every workbench; `settings` of a caller go on top. */
export const BASE_SETTINGS = Object.freeze({
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
});

/** What only a scripted workbench wants. */
export const TEST_SETTINGS = Object.freeze({
  'workbench.reduceMotion': 'on',
  'workbench.quickOpen.closeOnFocusLost': false,
  'workbench.tips.enabled': false,
  'git.enabled': false,
  'window.confirmBeforeClose': 'never',
  'explorer.compactFolders': false,
  'files.hotExit': 'off',
});

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param {string} url
 * @returns {Promise<boolean>}
 */
function answers(url) {
  return new Promise((resolve) => {
    const request = http.get(url, { timeout: 20_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
    request.on('timeout', () => request.destroy());
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
function output(command, args, env) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error)
        reject(
          new WorkbenchError(`${path.basename(command)} ${args.join(' ')} failed.\n${stdout}${stderr}${error.message}`),
        );
      else resolve(stdout + stderr);
    });
  });
}

/**
 * Installs a VSIX as a user does, the first time in this process; each further server gets what that made.
 * @param {string} vsix
 * @param {string} extensionsDir
 * @param {() => Promise<string>} run  installs into that folder; what it said
 */
async function install(vsix, extensionsDir, run) {
  const key = `${vsix} ${fs.statSync(vsix).mtimeMs}`;
  const known = installed.get(key);
  // VS Code finds an extension by its path relative to the list of extensions, which lies beside it.
  if (known !== undefined) return fs.cpSync(known, extensionsDir, { recursive: true });
  const said = await run();
  if (!/successfully installed/i.test(said)) throw new WorkbenchError(`The VSIX ${vsix} was not installed.\n${said}`);
  const copy = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'frankenstein-installed-'));
  process.once('exit', () => fs.rmSync(copy, { recursive: true, force: true }));
  fs.cpSync(extensionsDir, copy, { recursive: true });
  installed.set(key, copy);
}

/** Folders of installed extensions by VSIX. Test files are bundled each with a copy of this module, and share it. */
const INSTALLED = Symbol.for('frankenstein.installedExtensions');
/** @type {Map<string, string>} */
const installed = /** @type {Record<symbol, Map<string, string>>} */ (
  /** @type {unknown} */ (globalThis)[INSTALLED] ??= new Map()
);

/**
 * @typedef {object} ServerOptions
 * @property {string} root               the repository
 * @property {string} [vsix]             a VSIX to install
 * @property {Record<string, unknown>} [settings]  user settings on top of BASE_SETTINGS
 * @property {Record<string, string>} [env]        added to an otherwise nearly empty environment
 * @property {(line: string) => void} [log]
 */

/**
 * @typedef {object} Server
 * @property {number} port
 * @property {string} url                 `http://127.0.0.1:PORT/`
 * @property {string} folder              temporary folder of everything below; removed by stop()
 * @property {string} userSettings        path of the user's settings.json
 * @property {string} extensionsDir
 * @property {string} logFile             the server's stdout and stderr
 * @property {(folder: string, extra?: Record<string, string>) => string} urlFor  the URL that opens a folder or .code-workspace
 * @property {(settings: Record<string, unknown>) => void} writeSettings  replaces the caller's settings
 * @property {() => string} serverLog
 * @property {Promise<string>} exited     resolves, with how, if the server ends
 * @property {() => Promise<void>} stop
 */

/**
 * @param {ServerOptions} options
 * @returns {Promise<Server>}
 */
export async function startServer({ root, vsix, settings = {}, env: extraEnv = {}, log = () => {} }) {
  const workbench = await setupWorkbench({ root, log });
  if (vsix !== undefined && !fs.existsSync(vsix))
    throw new WorkbenchError(`The VSIX ${vsix} does not exist; run "npm run package" first.`);

  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'frankenstein-workbench-'));
  const userDataDir = path.join(folder, 'data');
  const extensionsDir = path.join(folder, 'extensions');
  const userSettings = path.join(userDataDir, 'User', 'settings.json');
  const config = path.join(folder, 'code-server.yaml');
  const logFile = path.join(folder, 'server.log');
  for (const dir of [path.dirname(userSettings), extensionsDir, path.join(folder, 'home'), path.join(folder, 'tmp')])
    fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(config, '');
  const writeSettings = (/** @type {Record<string, unknown>} */ own) => {
    fs.writeFileSync(userSettings, `${JSON.stringify({ ...BASE_SETTINGS, ...own }, null, 2)}\n`);
  };
  writeSettings(settings);

  /** @type {NodeJS.ProcessEnv} */
  const env = {
    PATH: `${path.dirname(workbench.node)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: path.join(folder, 'home'),
    TMPDIR: path.join(folder, 'tmp'),
    LANG: 'C.UTF-8',
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...(process.env.NODE_V8_COVERAGE ? { NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE } : {}),
    ...extraEnv,
  };
  const common = [
    workbench.entry,
    '--config',
    config,
    '--user-data-dir',
    userDataDir,
    '--extensions-dir',
    extensionsDir,
  ];
  const remove = () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

  try {
    if (vsix !== undefined)
      await install(vsix, extensionsDir, () => output(workbench.node, [...common, '--install-extension', vsix], env));
  } catch (error) {
    remove();
    throw error;
  }

  // The port may be taken between the probe and the bind, hence a few tries.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const logHandle = fs.openSync(logFile, 'a');
    const child = spawn(
      workbench.node,
      [
        ...common,
        ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check'],
        ...['--disable-workspace-trust', '--disable-getting-started-override', '--ignore-last-opened'],
      ],
      // Its own process group, so that stopping reaches everything it started, and Ctrl-C only us.
      { env, cwd: folder, stdio: ['ignore', logHandle, logHandle], detached: true },
    );
    fs.closeSync(logHandle);
    let ended = '';
    /** @type {Promise<string>} */
    const exited = new Promise((resolve) => {
      child.on('error', (error) => resolve((ended = error.message)));
      child.on('exit', (code, signal) => resolve((ended = `ended with ${signal ?? `code ${code}`}`)));
    });
    const signalGroup = (/** @type {NodeJS.Signals | 0} */ signal) => {
      try {
        if (child.pid === undefined) return false;
        process.kill(-child.pid, signal);
        return true;
      } catch {
        return false; // the group is gone
      }
    };
    const onExit = () => {
      signalGroup('SIGKILL');
      try {
        remove();
      } catch {
        // a temporary folder stays behind
      }
    };
    process.once('exit', onExit);
    const serverLog = () => (fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8') : '');
    /** @type {Promise<void> | undefined} */
    let stopping;
    const stop = () =>
      (stopping ??= (async () => {
        signalGroup('SIGTERM');
        for (let waited = 0; signalGroup(0) && waited < 5000; waited += 50)
          await new Promise((resolve) => setTimeout(resolve, 50));
        signalGroup('SIGKILL');
        process.removeListener('exit', onExit);
        remove();
      })());

    const url = `http://127.0.0.1:${port}/`;
    const deadline = Date.now() + 300_000;
    while (!ended && Date.now() < deadline && !(await answers(`${url}healthz`)))
      await new Promise((resolve) => setTimeout(resolve, 100));
    if (!ended && Date.now() < deadline) {
      const urlFor = (/** @type {string} */ target, /** @type {Record<string, string>} */ extra = {}) => {
        const query = new URLSearchParams({
          [target.endsWith('.code-workspace') ? 'workspace' : 'folder']: target,
          ...extra,
        });
        return `${url}?${query}`;
      };
      return {
        port,
        url,
        folder,
        userSettings,
        extensionsDir,
        logFile,
        urlFor,
        writeSettings,
        serverLog,
        exited,
        stop,
      };
    }
    const said = serverLog();
    const taken = /EADDRINUSE/.test(said);
    await (taken && attempt < 5 ? (signalGroup('SIGKILL'), process.removeListener('exit', onExit)) : stop());
    if (!taken || attempt >= 5)
      throw new WorkbenchError(`code-server did not start (${ended || 'no answer within five minutes'}).\n${said}`);
    fs.rmSync(logFile, { force: true });
  }
}
