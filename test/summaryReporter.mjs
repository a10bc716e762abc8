// A vitest reporter that writes what run.mjs reads: each result as it happens, so that a crash loses none, and the test
// that was started last, so that the watchdog can name the one that hangs.
import fs from 'node:fs';

/** @implements {import('vitest/reporters').Reporter} */
export default class SummaryReporter {
  #file = process.env.FRANKENSTEIN_TEST_SUMMARY;
  /** @type {{done: boolean, running: string, passed: number, failed: number, pending: number, failures: {title: string, error: string}[]}} */
  #summary = { done: false, running: '', passed: 0, failed: 0, pending: 0, failures: [] };

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseReady(test) {
    this.#summary.running = titleOf(test);
    this.#write();
  }

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    if (state === 'passed') this.#summary.passed++;
    else if (state === 'skipped') this.#summary.pending++;
    else this.#fail(titleOf(test), errors);
    this.#write();
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    // What fails outside a test: an import, a hook of the file.
    if (module.errors().length > 0) this.#fail(module.relativeModuleId, module.errors());
    for (const suite of module.children.allSuites())
      if (suite.errors().length > 0) this.#fail(suite.fullName, suite.errors());
    this.#write();
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} _modules
   * @param {readonly import('vitest/node').SerializedError[]} errors
   */
  onTestRunEnd(_modules, errors) {
    if (errors.length > 0) this.#fail('outside every test', errors);
    this.#summary.done = true;
    this.#write();
  }

  /**
   * @param {string} title
   * @param {readonly {message?: string}[] | undefined} errors
   */
  #fail(title, errors) {
    this.#summary.failed++;
    this.#summary.failures.push({ title, error: errors?.[0]?.message ?? 'failed' });
  }

  #write() {
    if (this.#file) fs.writeFileSync(this.#file, JSON.stringify(this.#summary));
  }
}

/** @param {import('vitest/node').TestCase} test */
function titleOf(test) {
  return `${test.module.relativeModuleId} › ${test.fullName}`;
}
