// What every scripted browser of a workbench shares: flags, the guard against foreign
// requests, and the switch that makes the web workbench load an extension from a folder
// or run a test suite in its extension host.

/* global Element -- the init script runs in the page */
/** @import { BrowserContext } from 'playwright-core' */

export const BROWSER_FLAGS = Object.freeze([
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
]);

const LOCAL_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * True for a request that stays on this machine.
 * @param {string} url
 */
export function isLocal(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return false;
  }
  if (['data:', 'blob:', 'about:', 'chrome-extension:', 'vscode-webview:', 'devtools:'].includes(parsed.protocol))
    return true;
  return LOCAL_HOSTS.has(parsed.hostname);
}

/**
 * Aborts and records each request to another host.
 * @param {BrowserContext} context
 * @returns {Promise<string[]>} the list that grows
 */
export async function guardRequests(context) {
  /** @type {string[]} */
  const foreign = [];
  await context.route(
    (url) => !isLocal(url.href),
    (route) => {
      foreign.push(`${route.request().method()} ${route.request().url()}`);
      return route.abort('blockedbyclient');
    },
  );
  // Only listened to: routing web sockets would put a copy of each message between the
  // workbench and its server, which reorders them. BROWSER_FLAGS keep them from connecting.
  context.on('page', (page) =>
    page.on('websocket', (socket) => {
      if (!isLocal(socket.url())) foreign.push(`WS ${socket.url()}`);
    }),
  );
  return foreign;
}

/**
 * Gives the workbench development options, which its URL cannot carry.
 * @param {BrowserContext} context
 * @param {{port: number, extensions?: readonly string[], tests?: string}} options  absolute paths on the server
 */
export async function addDevelopmentOptions(context, { port, extensions, tests }) {
  const uri = (/** @type {string} */ path) => ({ scheme: 'vscode-remote', authority: `127.0.0.1:${port}`, path });
  await context.addInitScript(
    (options) => {
      const original = Element.prototype.getAttribute;
      Element.prototype.getAttribute = function (/** @type {string} */ name) {
        const value = original.call(this, name);
        if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration' || value === null)
          return value;
        return JSON.stringify({ ...JSON.parse(value), developmentOptions: options });
      };
    },
    {
      ...(extensions === undefined ? {} : { extensions: extensions.map(uri) }),
      ...(tests === undefined ? {} : { extensionTestsPath: uri(tests) }),
    },
  );
}
