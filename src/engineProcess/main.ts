/**
 * Entry of the engine's own process (dist/engine.mjs). `InferenceSession.run` blocks its thread and a native crash
 * takes the process down: neither may happen to the extension host, which every other extension shares.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { EngineApi, EngineHost } from '../protocol/engineApi.js';
import type { ReportApi } from '../protocol/report.js';
import { connect, type Transport } from '../protocol/rpc.js';
import { offered } from './offered.js';

/** Its words for "gone": another parent (POSIX), or no process of that id (Windows). The parent may be gone already. */
const WATCHDOG = `
const { workerData: parent } = require('node:worker_threads');
setInterval(() => {
  let gone = process.ppid !== parent;
  try {
    process.kill(parent, 0);
  } catch (error) {
    gone ||= error.code === 'ESRCH';
  }
  if (gone) process.kill(process.pid, 'SIGKILL');
}, 1000);
`;

const transport: Transport = {
  send: (message) => {
    // After the host has gone there is nobody to tell; `disconnect` below ends the process.
    if (process.connected) process.send?.(message);
  },
  receive: (listener) => void process.on('message', listener),
};

process.on('disconnect', () => process.exit(0));
// This thread may be busy, or the host killed: a second one sees that the host is gone, and ends the process from
// outside.
new Worker(WATCHDOG, {
  eval: true,
  workerData: Number(process.argv[2] ?? process.ppid),
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
}).unref();
// Sockets and pipes of a host that was killed raise EPIPE on the next write; that is the same as `disconnect`.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const host: EngineHost = {
  complete: (request, context) => connection.remote.complete(request, context),
  languageModelKey: (request) => connection.remote.languageModelKey(request),
};
const connection = connect<EngineApi & ReportApi, EngineHost>(
  transport,
  offered(fileURLToPath(new URL('worker.mjs', import.meta.url)), host),
);
