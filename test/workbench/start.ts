// A real VS Code workbench for one test file: a server with its own user data, the
// extension installed from its VSIX, and browser pages that may talk to nobody else.
// What it is not: a mock. Everything a test sees went through VS Code.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { addDevelopmentOptions, BROWSER_FLAGS, guardRequests } from '../../scripts/workbench/browser.mjs';
import { startServer, TEST_SETTINGS, type Server } from '../../scripts/workbench/server.mjs';
import { setupBrowser } from '../../scripts/workbench/setup.mjs';
import { WorkbenchPage, type Theme, THEMES } from './page';

/** Tests are bundled, so the repository is where they are started, not where they lie. */
export const root = path.resolve(process.env['FRANKENSTEIN_ROOT'] ?? process.cwd());

export interface WorkbenchOptions {
  /** Folder or .code-workspace the pages open. */
  workspace: string;
  /** VSIX to install; see `packagedVsix()`. */
  vsix?: string;
  /** Or an extension's folder, loaded as under development. */
  extensionDevelopmentPath?: string;
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
}

export interface PageOptions {
  viewport?: { width: number; height: number };
  theme?: Theme;
  /** Opens this instead of the workspace. */
  workspace?: string;
}

export interface Workbench {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  readonly workspace: string;
  readonly pages: readonly WorkbenchPage[];
  openPage(options?: PageOptions): Promise<WorkbenchPage>;
  /** Adds to the user's settings (`undefined` takes one away), in effect from the next page or reload on. */
  changeSettings(change: Record<string, unknown>): void;
  /** Replaces the workspace's .vscode/settings.json, which open pages follow at once. */
  writeWorkspaceSettings(settings: Record<string, unknown>): void;
  /** Throws if any page so far asked for anything outside this machine. */
  assertNoForeignRequests(): void;
  /** Writes a screenshot of each page and the logs to test-results/. */
  saveEvidence(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** The VSIX that `npm run package` made, or the one FRANKENSTEIN_VSIX names. */
export function packagedVsix(): string {
  const named = process.env['FRANKENSTEIN_VSIX'];
  if (named) return path.resolve(named);
  const [newest] = fs
    .readdirSync(root)
    .filter((name) => name.startsWith('frankenstein-lab-') && name.endsWith('.vsix'))
    .map((name) => ({ file: path.join(root, name), time: fs.statSync(path.join(root, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  if (!newest) throw new Error('There is no frankenstein-lab-*.vsix in the repository; run "npm run package" first.');
  return newest.file;
}

const made: string[] = [];
process.once('exit', () => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

/** A folder for one test, with a copy of `from` in it; removed when the process ends. */
export function temporaryWorkspace(from?: string): string {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'frankenstein-workspace-'));
  made.push(folder);
  if (from !== undefined) fs.cpSync(from, folder, { recursive: true });
  return folder;
}

export async function startWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const { vsix, env, extensionDevelopmentPath } = options;
  const workspace = path.resolve(options.workspace);
  const log = (line: string) => process.stderr.write(`${line}\n`);
  // A tooltip under the resting mouse covers the row that is clicked next.
  let settings: Record<string, unknown> = { ...TEST_SETTINGS, 'workbench.hover.delay': 600_000, ...options.settings };
  const executablePath = await setupBrowser({ root, log });
  const server = await startServer({ root, vsix, settings, env, log });
  let browser: Browser | undefined;
  const pages: WorkbenchPage[] = [];
  const foreign: string[][] = [];

  const changeSettings = (change: Record<string, unknown>) => {
    settings = { ...settings, ...change };
    server.writeSettings(settings);
  };

  return {
    port: server.port,
    url: server.url,
    server,
    workspace,
    pages,
    changeSettings,

    writeWorkspaceSettings(own) {
      const file = path.join(workspace, '.vscode', 'settings.json');
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(own));
    },

    async openPage({ viewport = { width: 1440, height: 900 }, theme, workspace: other }: PageOptions = {}) {
      if (theme !== undefined) changeSettings({ 'workbench.colorTheme': THEMES[theme].id });
      browser ??= await chromium.launch({ executablePath, args: [...BROWSER_FLAGS] });
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce', acceptDownloads: true });
      foreign.push(await guardRequests(context));
      if (extensionDevelopmentPath !== undefined) {
        await addDevelopmentOptions(context, {
          port: server.port,
          extensions: [path.resolve(extensionDevelopmentPath)],
        });
      }
      const page = new WorkbenchPage(await context.newPage(), {
        resultsDir: path.join(root, 'test-results'),
        themeChanged: (to) => (settings = { ...settings, 'workbench.colorTheme': THEMES[to].id }),
      });
      pages.push(page);
      await page.goto(server.urlFor(other === undefined ? workspace : path.resolve(other)));
      if (theme !== undefined) await page.waitForTheme(theme);
      return page;
    },

    assertNoForeignRequests() {
      const all = foreign.flat();
      if (all.length > 0)
        throw new Error(`The workbench asked for ${all.length} things outside this machine:\n${all.join('\n')}`);
    },

    async saveEvidence(name: string) {
      const saved: string[] = [];
      for (const [index, page] of pages.entries()) {
        if (page.page.isClosed()) continue;
        const stem = pages.length > 1 ? `${name}-${index + 1}` : name;
        saved.push(
          await page.screenshot(`failures/${stem}`).catch((error: unknown) => `no screenshot: ${String(error)}`),
        );
        saved.push(page.writeLog(`failures/${stem}`));
      }
      const logFile = path.join(root, 'test-results', 'failures', `${name}.server.log`);
      fs.mkdirSync(path.dirname(logFile), { recursive: true });
      fs.writeFileSync(
        logFile,
        server.serverLog() + extensionHostLogs(path.dirname(path.dirname(server.userSettings))),
      );
      return [...saved, logFile];
    },

    async stop() {
      await browser?.close().catch(() => undefined);
      await server.stop();
    },
  };
}

/** The tail of each log VS Code keeps: extension host, its extensions, remote agent. */
function extensionHostLogs(userData: string): string {
  const logs = path.join(userData, 'logs');
  if (!fs.existsSync(logs)) return '';
  return fs
    .readdirSync(logs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .map((name) => {
      const text = fs.readFileSync(path.join(logs, name), 'utf8');
      return text.trim() === '' ? '' : `\n===== ${name}\n${text.slice(-20_000)}`;
    })
    .join('');
}
