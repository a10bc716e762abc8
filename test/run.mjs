#!/usr/bin/env node
// `npm test`: installs what is missing, builds, and runs every suite, each in its own
// process. Suites that mostly wait for a screen run beside those that compute. A suite that crashes,
// gets nowhere or runs nothing is a failure; one that is slow is none. Ends with one line, "N passed, M failed".
//   node test/run.mjs [--only unit,e2e] [--grep TEXT]
// Node's built-ins only: this runs in a clone where nothing is installed yet.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installModules, newestVsix, run } from '../scripts/lib.mjs';
import { setupReal } from '../scripts/real.mjs';
import { setupTraining } from '../scripts/training.mjs';
import { setupBrowser, setupWorkbench } from '../scripts/workbench/setup.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const results = path.join(root, 'test-results');

/**
 * `kind`: check = reads the sources, beside everything that is prepared; vitest = computes, with every core; the others
 * drive one screen each and leave most of the processor idle. `needs`: built = the bundles; workbench = VS
 * Code and a browser; vsix = the packaged extension. `named`: runs only where it is named.
 * @typedef {{name: string, kind: 'check' | 'npm' | 'vitest' | 'mocha' | 'host', needs: ('built' | 'workbench' | 'vsix')[], named?: true}} Suite
 */
/** @type {Suite[]} */
const SUITES = [
  { name: 'format:check', kind: 'check', needs: [] },
  { name: 'lint', kind: 'check', needs: [] },
  { name: 'typecheck', kind: 'check', needs: [] },
  { name: 'unit', kind: 'vitest', needs: ['built'] },
  { name: 'parity', kind: 'vitest', needs: ['built'] },
  { name: 'fuzz', kind: 'vitest', needs: ['built'] },
  { name: 'training', kind: 'vitest', needs: ['built'] }, // trains for real; in `npm test` where TRL is installed
  { name: 'real', kind: 'vitest', needs: ['built'], named: true }, // real models; only where it is named
  { name: 'panel', kind: 'npm', needs: ['workbench'] }, // in a browser, without VS Code around it
  { name: 'integration', kind: 'host', needs: ['built', 'workbench'] },
  { name: 'e2e', kind: 'mocha', needs: ['built', 'workbench', 'vsix'] },
];

/** Where vitest looks: unit tests stand beside the sources that they test, too. @param {string} name */
const foldersOf = (name) => [`test/${name}/`, ...(name === 'unit' ? ['src/', 'webview/'] : [])];

const { values } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });
const only = values.only?.split(',').map((name) => name.trim());
const unknown = only?.filter((name) => !SUITES.some((suite) => suite.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}; there are ${SUITES.map((suite) => suite.name).join(', ')}.`);
  process.exit(2);
}
// Tests chosen by name: lint, types and the panel have none.
const chosen = SUITES.filter((suite) =>
  only ? only.includes(suite.name) : !suite.named && !(values.grep && ['npm', 'check'].includes(suite.kind)),
);

const started = Date.now();
const total = { passed: 0, failed: 0, pending: 0 };
/** @type {string[]} */
const problems = [];
/** @type {{name: string, seconds: number, passed: number, failed: number}[]} */
const table = [];
/** @type {Map<string, Promise<{how: string, seconds: number}>>} */
const checks = new Map();

/** @param {string} text */
const heading = (text) => console.log(`\n=== ${text}`);

/**
 * @param {string} what
 * @param {string} why
 */
function fail(what, why) {
  total.failed++;
  problems.push(`${what}: ${why}`);
  console.error(`${what}: ${why}`);
}

/** @returns {never} */
function finish() {
  const order = SUITES.map(({ name }) => name);
  table.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  fs.mkdirSync(results, { recursive: true });
  fs.writeFileSync(
    path.join(results, 'summary.json'),
    `${JSON.stringify({ ...total, problems, suites: table }, null, 2)}\n`,
  );
  console.log('');
  for (const { name, seconds, passed, failed } of table)
    console.log(
      `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ` +
        `${seconds.toFixed(1).padStart(7)} s`,
    );
  console.log(`${'all'.padEnd(31)} ${((Date.now() - started) / 1000).toFixed(1).padStart(12)} s`);
  if (problems.length > 0) console.log(`\n${problems.map((problem) => `✘ ${problem}`).join('\n')}\n`);
  if (total.passed + total.failed === 0) total.failed = 1; // nothing ran: nothing is proven
  console.log(`${total.passed} passed, ${total.failed} failed${total.pending > 0 ? `, ${total.pending} skipped` : ''}`);
  process.exit(total.failed === 0 ? 0 : 1);
}

/**
 * The bundled test files of a suite.
 * @param {string} name
 */
function testFiles(name) {
  const folder = path.join(root, 'dist-test', name);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.cjs'))
    .map((file) => path.join(folder, file))
    .sort();
}

/**
 * What the suites write as they go; `running` is the test or hook that was started last.
 * @typedef {{done: boolean, running: string, passed: number, failed: number, pending: number, failures: {title: string, error: string}[]}} Summary
 * @param {string} file
 * @returns {Summary | undefined}
 */
function readSummary(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined; // it never got that far
  }
}

/** @param {string} name */
const logOf = (name) => path.join(results, `${name.replace(':', '-')}.log`);

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @param {number} [output]
 */
async function npmSuite(name, env, output) {
  const from = Date.now();
  const how = await run('npm', ['run', '--silent', name], { cwd: root, env, output });
  return { how, seconds: (Date.now() - from) / 1000 };
}

/** Starts what only reads the sources; what each prints goes to its log. */
function startChecks() {
  for (const { name } of chosen.filter(({ kind }) => kind === 'check'))
    checks.set(name, npmSuite(name, process.env, fs.openSync(logOf(name), 'w')));
}

/**
 * What a suite came to.
 * @typedef {{passed: number, failed: number, pending: number, problems: string[], seconds: number}} Outcome
 */

/**
 * @param {Suite} suite
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} alone  whether nothing runs beside it: then what it prints is seen as it comes, else at its end
 */
async function runSuite({ name, kind }, env, alone) {
  const check = checks.get(name);
  if (alone && !check) heading(name);
  else if (!check) console.log(`\n… ${name}`);
  const output = alone || check ? undefined : fs.openSync(logOf(name), 'w');
  const outcome =
    kind === 'npm' || kind === 'check'
      ? await runScript(name, env, output)
      : await runTests(name, kind, { ...env, FRANKENSTEIN_TEST_SUMMARY: path.join(results, `${name}.json`) }, output);
  if (output !== undefined) fs.closeSync(output);
  if (check || output !== undefined) {
    heading(name);
    process.stdout.write(fs.readFileSync(logOf(name), 'utf8'));
  }
  const { passed, failed, pending, seconds } = outcome;
  for (const problem of outcome.problems) console.error(problem);
  problems.push(...outcome.problems);
  total.passed += passed;
  total.failed += failed;
  total.pending += pending;
  table.push({ name, seconds, passed, failed });
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @param {number | undefined} output
 * @returns {Promise<Outcome>}
 */
async function runScript(name, env, output) {
  const { how, seconds } = await (checks.get(name) ?? npmSuite(name, env, output));
  const good = how === '';
  return {
    passed: Number(good),
    failed: Number(!good),
    pending: 0,
    problems: good ? [] : [`${name}: ${how}`],
    seconds,
  };
}

/**
 * @param {string} name
 * @param {'vitest' | 'mocha' | 'host'} kind
 * @param {NodeJS.ProcessEnv & {FRANKENSTEIN_TEST_SUMMARY: string}} env
 * @param {number | undefined} output
 * @returns {Promise<Outcome>}
 */
async function runTests(name, kind, env, output) {
  const from = Date.now();
  const file = env.FRANKENSTEIN_TEST_SUMMARY;
  fs.rmSync(file, { force: true });
  const files = testFiles(name);
  if (kind === 'mocha' && files.length === 0)
    return { passed: 0, failed: 1, pending: 0, problems: [`${name}: there is no test in test/${name}`], seconds: 0 };
  const grep = values.grep ? ['--grep', values.grep] : [];
  const args = {
    vitest: ['node_modules/vitest/vitest.mjs', 'run', ...foldersOf(name), ...(values.grep ? ['-t', values.grep] : [])],
    mocha: ['--enable-source-maps', 'test/mocha-child.mjs', '--summary', file, ...grep, ...files],
    host: ['scripts/run-integration.mjs', '--summary', file, ...grep],
  }[kind];
  const marker = () => String(fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs);
  const how = await run(process.execPath, args, { cwd: root, env, marker, output });
  const { done = false, running = '', failures = [], ...counts } = readSummary(file) ?? {};
  const outcome = { passed: 0, failed: 0, pending: 0, ...counts, seconds: (Date.now() - from) / 1000 };
  const found = failures.map(({ title, error }) => `${name}: ${title}: ${error.split('\n')[0]}`);
  let wrong = '';
  if (!done) wrong = `the suite ${how || 'stopped'} in ${running || 'its first hook'}`;
  else if (how !== '' && outcome.failed === 0) wrong = `the suite ${how}`;
  else if (outcome.passed + outcome.failed === 0 && !values.grep) wrong = 'the suite ran no test';
  if (wrong === '') return { ...outcome, problems: found };
  return { ...outcome, failed: outcome.failed + 1, problems: [...found, `${name}: ${wrong}`] };
}

fs.rmSync(results, { recursive: true, force: true });
fs.mkdirSync(results, { recursive: true });

const problem = await installModules(root);
if (problem !== '') {
  fail('install', problem);
  finish();
}

/** @param {Suite['needs'][number]} need */
const needed = (need) => chosen.some((suite) => suite.needs.includes(need));

startChecks();
const log = (/** @type {string} */ line) => console.log(line);
const workbench = needed('workbench')
  ? (async () => {
      await setupBrowser({ root, log });
      await setupWorkbench({ root, log });
      return '';
    })().catch((error) => (error instanceof Error ? error.message : String(error)))
  : Promise.resolve('');
/** Why the suite of real models cannot run, or ''. */
const real = chosen.some(({ name }) => name === 'real') ? setupReal({ root, log }).catch(String) : Promise.resolve('');
/** Why the training suite cannot run, or ''. */
const training = chosen.some(({ name }) => name === 'training')
  ? // Beside the build and what runs before it.
    setupTraining({ root, log, install: only?.includes('training') === true }).catch(String)
  : Promise.resolve('');

/** @type {Map<string, string>} */
const broken = new Map();
/**
 * @param {string} script
 * @param {'built' | 'vsix'} need
 */
async function prepare(script, need) {
  const from = Date.now();
  const how = await run('npm', ['run', '--silent', script], { cwd: root });
  console.log(`npm run ${script}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
  if (how === '') return;
  broken.set(need, `npm run ${script} ${how}`);
  fail(script, how);
}

if (needed('built')) {
  heading('build');
  await prepare('build', 'built');
  await prepare('build:test', 'built');
}
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, FRANKENSTEIN_ROOT: root };
if (needed('vsix') && !broken.has('built')) {
  await prepare('package', 'vsix');
  const vsix = newestVsix(root);
  if (vsix) env.FRANKENSTEIN_VSIX = vsix;
  else if (!broken.has('vsix')) {
    broken.set('vsix', 'npm run package made no VSIX');
    fail('package', 'there is no frankenstein-lab-*.vsix');
  }
}

/**
 * Runs suites one after the other.
 * @param {Suite[]} suites
 * @param {boolean} alone
 */
async function runInOrder(suites, alone) {
  for (const suite of suites) {
    if (suite.needs.includes('workbench') && !broken.has('workbench')) {
      const why = await workbench;
      if (why !== '') {
        broken.set('workbench', why);
        fail('workbench', why);
      }
    }
    const missing = suite.needs.find((need) => broken.has(need));
    const unmade = { training, real }[suite.name];
    const unready = unmade !== undefined && !missing ? await unmade : '';
    if (missing) fail(suite.name, `not run: ${broken.get(missing)?.split('\n')[0]}`);
    else if (unready !== '') {
      heading(suite.name);
      console.log(`skipped: ${unready}`);
      total.pending++;
    } else await runSuite(suite, env, alone);
  }
}

const lanes = [
  chosen.filter(({ kind }) => kind === 'vitest'),
  chosen.filter(({ kind }) => ['npm', 'host', 'mocha'].includes(kind)),
  chosen.filter(({ kind }) => kind === 'check'),
].filter((lane) => lane.length > 0);
await Promise.all(lanes.map((lane) => runInOrder(lane, lanes.length === 1)));
finish();
