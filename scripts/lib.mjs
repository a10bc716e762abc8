// What the runner scripts share: child processes that are ended when they get nowhere, and the
// check whether node_modules is what the lockfile says. Node's built-ins only: this runs
// before anything is installed.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { watch } from './watchdog.mjs';

/** @type {Set<() => void>} */
const running = new Set();
const stopAll = () => {
  for (const stop of running) stop();
};
process.on('exit', stopAll);

/** Ends this process as an unhandled signal would, but not before its children. */
const onSignal = () => {
  stopAll();
  process.exit(130);
};
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a command to its end in its own process group, without input. It has no limit of time: it is
 * ended when it makes no progress any more (`watchdog.mjs`).
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd: string, env?: NodeJS.ProcessEnv, marker?: () => string, output?: 'inherit' | number}} options  `marker`
 *   gives a text that changes with every step of the command, where it has such; `output` is a file descriptor where
 *   what the command prints is not to be seen as it comes
 * @returns {Promise<string>} '' if it succeeded, else how it ended
 */
export function run(command, args, { cwd, env = process.env, marker = () => '', output = 'inherit' }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', output, output],
      detached: process.platform !== 'win32',
      shell: process.platform === 'win32',
    });
    const stop = () => {
      try {
        if (child.pid === undefined) return;
        if (process.platform === 'win32') child.kill('SIGKILL');
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // already gone
      }
    };
    if (running.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
    running.add(stop);
    let hopeless = '';
    const unwatch = watch(
      child.pid,
      (why) => {
        hopeless = why;
        stop();
      },
      marker,
    );
    const done = (/** @type {string} */ how) => {
      unwatch();
      stop(); // whatever it left behind
      running.delete(stop);
      if (running.size === 0) for (const signal of SIGNALS) process.off(signal, onSignal);
      resolve(how);
    };
    child.on('error', (error) => done(`could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      if (hopeless !== '') done(`${hopeless} and was ended`);
      else if (code === 0) done('');
      else done(signal ? `was ended by ${signal}` : `ended with code ${code}`);
    });
  });
}

/**
 * Why `npm ci` is needed, or '' if node_modules has what the lockfile says.
 * @param {string} root
 */
export function staleModules(root) {
  /** @type {(file: string) => Record<string, {version?: string, optional?: boolean, devOptional?: boolean, link?: boolean}>} */
  const packages = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages ?? {};
  let installed;
  try {
    installed = packages('node_modules/.package-lock.json');
  } catch {
    return 'nothing is installed';
  }
  for (const [name, wanted] of Object.entries(packages('package-lock.json'))) {
    if (name === '') continue;
    const has = installed[name];
    if (!has && (wanted.optional || wanted.devOptional)) continue; // for another platform
    if (!has || (has.version !== wanted.version && !wanted.link))
      return `${name.replace(/^.*node_modules\//, '')} ${wanted.version} is not installed`;
    if (!fs.existsSync(path.join(root, name))) return `${name} is not there`;
  }
  return '';
}

/**
 * @param {string} root
 * @returns {Promise<string>} '' or what went wrong
 */
export async function installModules(root) {
  const why = staleModules(root);
  if (why === '') return '';
  console.log(`npm ci (${why})`);
  const args = ['ci', '--no-audit', '--no-fund'];
  let how = await run('npm', args, { cwd: root });
  if (how !== '') {
    console.log(`npm ci ${how}; once more`);
    how = await run('npm', args, { cwd: root });
  }
  return how === '' ? '' : `npm ci ${how}`;
}

/**
 * The newest frankenstein-lab-*.vsix in the repository.
 * @param {string} root
 * @returns {string | undefined}
 */
export function newestVsix(root) {
  return fs
    .readdirSync(root)
    .filter((name) => name.startsWith('frankenstein-lab-') && name.endsWith('.vsix'))
    .map((name) => path.join(root, name))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs)[0];
}

/**
 * When anything below these paths was last changed, in ms; 0 if nothing is there.
 * @param {string} root
 * @param {string[]} names
 */
export function newestChange(root, names) {
  let newest = 0;
  const look = (/** @type {string} */ file) => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) for (const name of fs.readdirSync(file)) look(path.join(file, name));
    else newest = Math.max(newest, stat.mtimeMs);
  };
  for (const name of names) look(path.join(root, name));
  return newest;
}
