// Ties a workbench to a mocha suite: started before it, stopped after it, evidence kept
// of each failure.

import { startWorkbench, type PageOptions, type Workbench, type WorkbenchOptions } from './start';
import type { WorkbenchPage } from './page';

export interface Lab {
  readonly workbench: Workbench;
  /** The page opened before the first test. */
  readonly page: WorkbenchPage;
}

/**
 * Call inside `describe`. Options may be a function, evaluated in `before`. After the
 * suite it also fails if any page asked for anything outside this machine.
 */
export function useWorkbench(
  options: WorkbenchOptions | (() => WorkbenchOptions | Promise<WorkbenchOptions>),
  pageOptions: PageOptions = {},
): Lab {
  let workbench: Workbench | undefined;
  let page: WorkbenchPage | undefined;

  before('start the workbench', async function () {
    workbench = await startWorkbench(typeof options === 'function' ? await options() : options);
    try {
      page = await workbench.openPage(pageOptions);
    } catch (error) {
      await keepEvidence(workbench, 'start');
      throw error;
    }
  });

  afterEach('keep evidence of a failure', async function () {
    const test = this.currentTest;
    if (test?.state === 'failed' && workbench) await keepEvidence(workbench, test.fullTitle());
  });

  after('stop the workbench', async function () {
    const last = workbench;
    workbench = undefined;
    page = undefined;
    await last?.stop();
    last?.assertNoForeignRequests();
  });

  return {
    get workbench() {
      if (!workbench) throw new Error('The workbench exists only inside hooks and tests.');
      return workbench;
    },
    get page() {
      if (!page) throw new Error('The page exists only inside hooks and tests.');
      return page;
    },
  };
}

async function keepEvidence(workbench: Workbench, title: string): Promise<void> {
  const name = title.replace(/[^\w.-]+/g, '-').slice(0, 120);
  const files = await workbench.saveEvidence(name);
  process.stderr.write(`${files.map((file) => `    saved ${file}\n`).join('')}`);
}
