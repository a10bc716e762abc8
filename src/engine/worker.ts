/**
 * A worker thread of the engine: does one piece of a comparison at a time, or the whole job that it was started
 * with, or answers questions. Bundled on its own (`dist/worker.mjs`).
 */
import { parentPort } from 'node:worker_threads';
import type { Piece } from './analyses/compare/piece.js';
import type { WriteJob } from './merge/export/write.js';
import { serveAnswers } from './models/thread.js';
import type { SpectrumJob } from './analyses/spectrum/job.js';
import { serveJob } from './runtime/thread.js';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread');

const jobs = {
  pace: async () => (await import('./models/pace.js')).measurePace,
  lengths: async () => (await import('./analyses/evaluate/lengths.js')).measureLengths,
  probeLengths: async () => (await import('./analyses/probe/lengths.js')).measureProbeLengths,
  probe: async () => (await import('./analyses/probe/compute.js')).compute,
  evaluate: async () => (await import('./analyses/evaluate/compute.js')).computeAnswers,
};

/** Loads what it needs with the first one: a thread of one kind of job parses nothing of the others. */
async function doPiece(job: Piece | SpectrumJob | WriteJob): Promise<unknown> {
  if (!('kind' in job)) return (await import('./analyses/compare/piece.js')).comparePiece(job);
  if (job.kind === 'write') return (await import('./merge/export/write.js')).writePart(job);
  return (await import('./analyses/spectrum/take.js')).takeSpectra(job, (progress) => port!.postMessage({ progress }));
}

if (!serveAnswers() && !serveJob(jobs)) {
  port.on('message', (job: Piece | SpectrumJob | WriteJob) => {
    doPiece(job).then(
      (value) => port.postMessage({ value }),
      (error: unknown) => {
        const { name, message, code } = error as NodeJS.ErrnoException;
        port.postMessage({ error: { name, message, code } });
      },
    );
  });
}
