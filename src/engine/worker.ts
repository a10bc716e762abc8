/** A worker thread of the engine. Bundled on its own (`dist/worker.mjs`). */
import { serveJobs } from './runtime/thread.js';

// A thread parses nothing of the kinds it is not given.
serveJobs({
  answer: async () => (await import('./models/serve.js')).serveAnswer,
  pace: async () => (await import('./models/pace.js')).measureThroughput,
  lengths: async () => (await import('./analyses/evaluate/lengths.js')).measureLengths,
  probeLengths: async () => (await import('./analyses/probe/lengths.js')).measureProbeLengths,
  compare: async () => (await import('./analyses/compare/sums.js')).comparePieces,
  spectrum: async () => (await import('./analyses/spectrum/take.js')).computeSpectra,
  trajectory: async () => (await import('./analyses/trajectory/track.js')).trackDirections,
  probe: async () => (await import('./analyses/probe/compute.js')).compute,
  evaluate: async () => (await import('./analyses/evaluate/compute.js')).computeAnswers,
  write: async () => (await import('./merge/export/write.js')).writePart,
});
