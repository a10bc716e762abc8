/**
 * The engine in the process that asks (dist/local.mjs), for what maps no weights: `client.ts` says why the rest is
 * elsewhere.
 */
import { fileURLToPath } from 'node:url';
import { offered } from './offered.js';

export const engine = offered(fileURLToPath(new URL('worker.mjs', import.meta.url)));
