/**
 * A worker thread of the engine: does one piece of a comparison at a time, or the whole job that it was started
 * with. Bundled on its own (`dist/worker.cjs`).
 */
import { parentPort } from 'node:worker_threads';
import { comparePiece, type Piece } from '../diff/piece.js';
import { computeAnswers } from '../evaluate/compute.js';
import { compute } from '../probe/compute.js';
import { serveJob } from './thread.js';

export interface WorkerReply<R> {
  value?: R;
  error?: { name: string; message: string; code: string | undefined };
}

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread');

if (!serveJob({ probe: compute, evaluate: computeAnswers })) {
  port.on('message', (piece: Piece) => {
    comparePiece(piece).then(
      (value) => port.postMessage({ value }),
      (error: unknown) => {
        const { name, message, code } = error as NodeJS.ErrnoException;
        port.postMessage({ error: { name, message, code } });
      },
    );
  });
}
