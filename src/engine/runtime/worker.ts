/**
 * A worker thread of the engine: does one piece of a comparison at a time, or the whole job that it was started
 * with, or answers questions. Bundled on its own (`dist/worker.cjs`).
 */
import { parentPort } from 'node:worker_threads';
import { comparePiece, type Piece } from '../diff/piece.js';
import { computeAnswers } from '../evaluate/compute.js';
import { writePart, type WriteJob } from '../merge/write.js';
import { measurePace } from '../model/pace.js';
import { serveAnswers } from '../model/thread.js';
import { compute } from '../probe/compute.js';
import type { SpectrumJob } from '../spectrum/job.js';
import { takeSpectra } from '../spectrum/take.js';
import { serveJob } from './thread.js';

export interface WorkerReply<R> {
  value?: R;
  error?: { name: string; message: string; code: string | undefined };
  /** Share of the job that is done, 0…1; the job goes on. */
  progress?: number;
}

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread');

if (!serveAnswers() && !serveJob({ pace: measurePace, probe: compute, evaluate: computeAnswers })) {
  port.on('message', (job: Piece | SpectrumJob | WriteJob) => {
    const work: Promise<unknown> = !('kind' in job) ? comparePiece(job) : job.kind === 'write' ? writePart(job) : takeSpectra(job, (progress) => port.postMessage({ progress }));
    work.then(
      (value) => port.postMessage({ value }),
      (error: unknown) => {
        const { name, message, code } = error as NodeJS.ErrnoException;
        port.postMessage({ error: { name, message, code } });
      },
    );
  });
}
