#!/usr/bin/env node
// Sets up the test workbench (code-server, its Node, Chromium) once; later calls return at once.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setupBrowser, setupWorkbench, WorkbenchError } from './workbench/setup.mjs';

export { setupBrowser, setupWorkbench } from './workbench/setup.mjs';

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const from = Date.now();
  try {
    const browser = await setupBrowser({ root });
    const workbench = await setupWorkbench({ root });
    console.log(
      `workbench: ready in ${((Date.now() - from) / 1000).toFixed(1)} s: ${workbench.folder}, browser ${browser}`,
    );
  } catch (error) {
    console.error(error instanceof WorkbenchError ? error.message : error);
    process.exitCode = 1;
  }
}
