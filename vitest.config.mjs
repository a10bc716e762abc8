/**
 * Unit, parity and fuzz tests, run from source: `npx vitest test/unit/x/y.test.ts` runs one file and watches it.
 * Tests that start the engine process or its workers use the bundles in dist/, which `test/bundles.mjs` keeps current.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { viteAssembly } from './scripts/assembly.mjs';

/** Python files as their text, as esbuild's loader gives them. */
const python = {
  name: 'python',
  transform: (/** @type {string} */ text, /** @type {string} */ id) =>
    id.endsWith('.py') ? { code: `export default ${JSON.stringify(text)}`, map: null } : undefined,
};

/** Fonts as their bytes. */
const fonts = {
  name: 'fonts',
  enforce: /** @type {const} */ ('pre'),
  load: (/** @type {string} */ id) =>
    id.endsWith('.ttf')
      ? `export default new Uint8Array(Buffer.from('${readFileSync(id).toString('base64')}', 'base64'));`
      : undefined,
};

export default defineConfig({
  plugins: [viteAssembly, python, fonts],
  test: {
    alias: { vscode: path.resolve('test/fixtures/vscodeModule.ts') },
    include: ['test/{unit,parity,fuzz,training,real}/**/*.test.ts', '{src,webview}/**/*.test.ts'],
    globalSetup: ['test/bundles.mjs'],
    reporters: ['default', './test/summaryReporter.mjs'],
    pool: 'forks',
    maxWorkers: '100%', // on two cores vitest would use one
    // A slow machine is no failure: `npm test` ends a suite that makes no progress.
    testTimeout: 0,
    hookTimeout: 0,
    teardownTimeout: 60_000,
  },
});
