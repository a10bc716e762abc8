// Runs one mocha suite in this process. Each result is written to the summary as it
// happens, so that a crash loses none. Started by run.mjs.
//   node test/mocha-child.mjs [--summary FILE] [--grep TEXT] TEST…
// No test has a limit of time: on a machine that does other things too it would be a limit on those. The watchdog of
// run.mjs ends a suite that gets nowhere, and names the test.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { summary: { type: 'string' }, grep: { type: 'string' } },
});

// Every file is a bundle of its own, which clears up when the process ends.
process.setMaxListeners(process.getMaxListeners() + positionals.length);

const mocha = new Mocha({
  ui: 'bdd',
  reporter: 'spec',
  timeout: 0,
  forbidOnly: true,
  ...(values.grep ? { grep: values.grep } : {}),
});
for (const file of positionals) mocha.addFile(path.resolve(file));

/** @type {{done: boolean, running: string, passed: number, failed: number, pending: number, failures: {title: string, error: string}[]}} */
const summary = { done: false, running: '', passed: 0, failed: 0, pending: 0, failures: [] };
const write = () => {
  if (values.summary) fs.writeFileSync(values.summary, JSON.stringify(summary));
};
write();

const runner = mocha.run(() => {
  summary.done = true;
  write();
  process.exitCode = summary.failed === 0 ? 0 : 1;
  // A suite that leaves a process, a server or a timer behind is a broken suite.
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe)Wrap$/.test(kind));
    const error = `The suite left something running: ${left.join(', ') || 'a pipe'}.`;
    summary.failed++;
    summary.failures.push({ title: 'after the last test', error });
    write();
    console.error(error);
    process.exit(1);
  }, 60_000).unref();
});
for (const event of /** @type {const} */ (['test', 'hook'])) {
  runner.on(event, (one) => {
    summary.running = one.titlePath().join(' › ');
    write();
  });
}
runner.on('pass', () => {
  summary.passed++;
  write();
});
runner.on('pending', () => {
  summary.pending++;
  write();
});
runner.on('fail', (test, error) => {
  summary.failed++;
  summary.failures.push({ title: test.titlePath().join(' › '), error: error?.message ?? String(error) });
  write();
});
