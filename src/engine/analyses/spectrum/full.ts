/** One spectrum with all its values: from the run that has it, else computed. */
import type { CallContext } from '../../calls.js';
import { quoted } from '../../checkpoint/failure.js';
import { checkUnchanged } from '../../checkpoint/fingerprint.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { readJournal, runFolder } from '../../runs/store.js';
import { ThreadPool } from '../../runtime/pool.js';
import { readCurves } from './curves.js';
import type { Curves, SpectrumJob, SpectrumOutcome } from './job.js';
import { budgetFor, schedule, totalOf } from './plan.js';
import { createSpectrumReporter } from './progress.js';
import type { FullSpectrumRequest, SpectrumProgress } from './request.js';
import type { FullSpectrum, SpectrumMode } from './result.js';
import { setUp } from './setup.js';
import { headersOnly, jobOf, isEntry } from './spectrum.js';

/**
 * @param exclusive does computing in its turn; what a run has is read at once.
 * @throws `not-found` where neither a run nor the stages have the matrix, and what computing throws.
 */
export async function fullSpectrum(
  request: FullSpectrumRequest,
  workerFile: string,
  exclusive: <T>(work: () => Promise<T>) => Promise<T>,
  context: CallContext<SpectrumProgress> = {},
): Promise<FullSpectrum> {
  const { name, part, from } = request;
  const stored = await fromRun(request).catch((error: unknown) => {
    if (request.stages === undefined) throw error;
    return undefined; // the stages have it all the same
  });
  const found = stored ?? (await exclusive(() => compute(request, workerFile, context)));
  if (found === undefined)
    throw new FrankensteinError(
      'not-found',
      `There is no spectrum of ${quoted(part === null ? name : `${name} (${part})`)} for update number ${from}.`,
    );
  const {
    mode,
    curves: { known, values, floor, low, high },
  } = found;
  return {
    name,
    part,
    from,
    mode,
    known,
    singularValues: [...values],
    floor: [...floor],
    low: [...low],
    high: [...high],
  };
}

interface Found {
  mode: SpectrumMode;
  curves: Curves;
}

/** The exact one, where the run has both. */
async function fromRun({ runsFolder, runId, name, part, from }: FullSpectrumRequest): Promise<Found | undefined> {
  if (runsFolder === undefined || runId === undefined) return undefined;
  const folder = runFolder(runsFolder, runId);
  const entries = (await readJournal(folder))
    .filter(isEntry)
    .filter(
      (entry) =>
        entry.name === name && entry.part === part && entry.from <= from && from < entry.from + entry.spectra.length,
    );
  const entry = entries.find(({ mode }) => mode === 'exact') ?? entries[0];
  const location = entry?.curves[from - entry.from];
  if (!entry || !location) return undefined;
  return { mode: entry.mode, curves: await readCurves(folder, location) };
}

async function compute(
  { stages, name, part, from, mode = 'exact', memory, threads }: FullSpectrumRequest,
  workerFile: string,
  context: CallContext<SpectrumProgress>,
): Promise<Found | undefined> {
  const pair = stages?.slice(from, from + 2);
  if (pair?.length !== 2) return undefined;
  const setup = await setUp(
    { stages: pair, mode, filter: `^${name.replace(/[^\w]/g, '\\$&')}$` },
    headersOnly(context),
  );
  const matrix = setup.matrices.find((other) => other.part.part === part && other.skipped === null);
  if (matrix === undefined) return undefined;
  const budget = budgetFor([matrix], memory, threads);
  const [{ need }] = schedule([matrix], budget) as [ReturnType<typeof schedule>[number]];
  const work = totalOf([matrix]);
  const reporter = createSpectrumReporter(work, { matrices: 0, bytes: 0, operations: 0 }, context.progress);
  const pool = ThreadPool.start<SpectrumJob, SpectrumOutcome>(workerFile, 'spectrum', 1);
  const stop = () => void pool.close();
  context.signal?.addEventListener('abort', stop, { once: true });
  try {
    reporter.advance(name, work, 0);
    const { spectra, curves, skipped } = await pool.runOn(0, jobOf(matrix, need), (fraction) =>
      reporter.advance(name, work, fraction),
    );
    for (const checkpoint of setup.checkpoints) await checkUnchanged(checkpoint);
    reporter.add(name, work);
    if (!spectra[0] || !curves[0])
      throw new FrankensteinError('malformed', `There is no spectrum of ${quoted(name)}: ${skipped[0] ?? ''}`);
    return { mode: spectra[0].mode, curves: curves[0] };
  } catch (error) {
    throwIfCancelled(context.signal);
    throw error;
  } finally {
    context.signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}
