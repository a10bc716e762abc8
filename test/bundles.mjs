/** Builds what tests start as processes, where a source is newer: dist/ and the few bundles of dist-test/. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { newestChange } from '../scripts/lib.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = ['src', 'webview', 'scripts/assembly.mjs', 'esbuild.mjs', 'package-lock.json'];

export function setup() {
  build('dist/engine.mjs', SOURCES, []);
  build('dist-test/campaign/child.cjs', [...SOURCES, 'test/campaign', 'test/unit/host/fakeEngine.ts'], ['--test']);
}

/**
 * @param {string} result
 * @param {string[]} sources
 * @param {string[]} args
 */
function build(result, sources, args) {
  const built = statSync(path.join(ROOT, result), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newestChange(ROOT, sources))
    execFileSync(process.execPath, ['esbuild.mjs', ...args], { cwd: ROOT, stdio: 'inherit' });
}
