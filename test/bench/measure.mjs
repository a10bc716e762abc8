// Runs a program as a whole: wall time, and memory of it and its descendants.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { assembly } from '../../scripts/assembly.mjs';

/** Milliseconds between looks at memory. */
const SAMPLE = 5;

/**
 * @typedef {{program: string, args: string[], env?: NodeJS.ProcessEnv}} Command
 * @typedef {{total: number, anonymous: number}} Memory bytes; `anonymous` leaves out mapped file pages
 */

/**
 * Wall time in seconds, and what it printed. Throws when it fails.
 * @param {Command} command
 */
export async function run({ program, args, env }) {
  const from = performance.now();
  const { child, ended } = start({ program, args, env });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  await ended;
  return { seconds: (performance.now() - from) / 1000, output: Buffer.concat(chunks).toString() };
}

/**
 * Peak of the process tree's memory. A run of its own: looking costs time.
 * @param {Command} command
 * @returns {Promise<Memory | undefined>} undefined where there is no /proc
 */
export async function peakMemory(command) {
  if (process.platform !== 'linux') return undefined;
  const { child, ended } = start(command);
  child.stdout.resume();
  /** @type {Memory} */
  const peak = { total: 0, anonymous: 0 };
  const timer = setInterval(() => {
    const now = { total: 0, anonymous: 0 };
    for (const pid of descendants(child.pid)) {
      const status = read(`/proc/${pid}/status`);
      now.total += kilobytes(status, 'VmRSS') * 1024;
      now.anonymous += kilobytes(status, 'RssAnon') * 1024;
    }
    peak.total = Math.max(peak.total, now.total);
    peak.anonymous = Math.max(peak.anonymous, now.anonymous);
  }, SAMPLE);
  await ended;
  clearInterval(timer);
  return peak;
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A Python with torch and safetensors, if there is one. */
export function findPython() {
  return [process.env.FRANKENSTEIN_PYTHON, 'python3']
    .filter((candidate) => candidate !== undefined && candidate !== '')
    .find((candidate) => spawnSync(candidate, ['-c', 'import torch, safetensors']).status === 0);
}

/** @param {Command} command */
function start({ program, args, env }) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0
        ? resolve(undefined)
        : reject(new Error(`${program} ${args.join(' ')} ended with ${signal ?? code}: ${complaint.trim()}`)),
    );
  });
  return { child, ended };
}

/** @param {number | undefined} pid @returns {number[]} */
function descendants(pid) {
  if (pid === undefined) return [];
  let children = '';
  // A child belongs to the thread that started it.
  for (const thread of list(`/proc/${pid}/task`)) children += `${read(`/proc/${pid}/task/${thread}/children`)} `;
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => descendants(Number(child))),
  ];
}

/** @param {string} status @param {string} key */
function kilobytes(status, key) {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

/** Processes end while one looks. @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} folder */
function list(folder) {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * A program of this folder with what it needs of the engine, in one file. It lies inside the repository, where it finds
 * onnxruntime-node.
 * @param {string} root of the repository
 * @param {string} name of the source, without its ending
 */
export async function bundled(root, name) {
  const outfile = path.join(root, '.cache', 'bench', `${name}.cjs`);
  await build({
    entryPoints: [path.join(root, 'test', 'bench', `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['onnxruntime-node'],
    plugins: [assembly],
    keepNames: true,
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}
