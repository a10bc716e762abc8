#!/usr/bin/env node
// The integration suite in the extension host of the browser workbench.
//   node scripts/run-integration.mjs [--grep TEXT] [--summary FILE]
// With `npm run build` and `npm run build:test` done before.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runExtensionTests } from './workbench/extension-tests.mjs';
import { WorkbenchError } from './workbench/setup.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    grep: { type: 'string' },
    summary: { type: 'string' },
    extension: { type: 'string', default: root },
    tests: { type: 'string', default: path.join(root, 'dist-test', 'integration', 'index.cjs') },
  },
});

const workspace = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'frankenstein-workspace-'));
const summary = path.resolve(values.summary ?? path.join(workspace, '..', `${path.basename(workspace)}.json`));
try {
  const fixture = path.join(root, 'test', 'integration', 'workspace');
  if (fs.existsSync(fixture)) fs.cpSync(fixture, workspace, { recursive: true });
  if (!fs.existsSync(values.tests))
    throw new WorkbenchError(`${path.relative(root, values.tests)} does not exist; run "npm run build:test" first.`);
  /** @type {Record<string, string>} */
  const env = { FRANKENSTEIN_ROOT: root, FRANKENSTEIN_TEST_SUMMARY: summary };
  if (values.grep) env['FRANKENSTEIN_TEST_GREP'] = values.grep;
  const code = await runExtensionTests({
    root,
    extensions: [path.resolve(values.extension), path.join(root, 'test', 'integration', 'models')],
    tests: path.resolve(values.tests),
    workspace,
    env,
    evidence: path.join(root, 'test-results', 'failures'),
  });
  const result = fs.existsSync(summary) ? JSON.parse(fs.readFileSync(summary, 'utf8')) : undefined;
  if (!result?.done) console.error('The suite in the extension host did not run to its end.');
  process.exitCode = code === 0 && result?.done && result.failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof WorkbenchError ? error.message : error);
  process.exitCode = 1;
} finally {
  fs.rmSync(workspace, { recursive: true, force: true });
  if (!values.summary) fs.rmSync(summary, { force: true });
}
