// Runs inside the extension host, of the browser workbench as well as of desktop VS Code:
// a mocha suite with the real `vscode` API. Each result goes to the JSON file that
// FRANKENSTEIN_TEST_SUMMARY names as it happens, so that a crash loses none.

import fs from 'node:fs';
import path from 'node:path';
import type Mocha from 'mocha';

export async function run(): Promise<void> {
  const folder = __dirname; // dist-test/integration
  const grep = process.env['FRANKENSTEIN_TEST_GREP'];
  const file = process.env['FRANKENSTEIN_TEST_SUMMARY'];
  const { default: MochaClass } = await import('mocha');
  const mocha = new MochaClass({
    ui: 'bdd',
    timeout: 0, // as in mocha-child.mjs
    reporter: MochaClass.reporters.Base,
    ...(grep ? { grep } : {}),
  });
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('.test.cjs')) mocha.addFile(path.join(folder, name));
  }

  const summary = {
    done: false,
    running: '',
    passed: 0,
    failed: 0,
    pending: 0,
    failures: [] as { title: string; error: string }[],
  };
  const write = () => {
    if (file) fs.writeFileSync(file, JSON.stringify(summary));
  };
  // The workbench's own console is noisy; the runner shows only what is marked.
  const say = (line: string) => console.log(`[test] ${line}`);
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('suite', (suite) => {
      if (suite.title) say(`${'  '.repeat(suite.titlePath().length)}${suite.title}`);
    });
    const indent = (test: Mocha.Runnable) => '  '.repeat(test.titlePath().length);
    const started = (one: Mocha.Runnable) => {
      summary.running = one.titlePath().join(' › ');
      write();
    };
    runner.on('test', started).on('hook', started);
    runner.on('pass', (test) => {
      summary.passed++;
      write();
      say(`${indent(test)}✔ ${test.title}${(test.duration ?? 0) > 500 ? ` (${test.duration}ms)` : ''}`);
    });
    runner.on('pending', (test) => {
      summary.pending++;
      write();
      say(`${indent(test)}- ${test.title}`);
    });
    runner.on('fail', (test: Mocha.Runnable, reason: unknown) => {
      const error = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
      summary.failed++;
      summary.failures.push({ title: test.titlePath().join(' › '), error });
      write();
      say(`${indent(test)}✘ ${test.title}`);
      for (const line of error.split('\n')) say(`${indent(test)}    ${line}`);
    });
  });
  summary.done = true;
  write();
  if (summary.failed > 0) throw new Error(`${summary.failed} tests failed.`);
}
