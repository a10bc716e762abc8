/** Writes a report: reads the results, makes all files beside the folder that is asked for, and renames. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext, CountProgress } from '../engine/calls.js';
import { shown } from '../engine/checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled, writeFailure } from '../engine/errors.js';
import type { ReportRequest, WrittenReport } from '../protocol/report.js';
import { assemble } from './assemble.js';
import { figuresOf, type Report, tablesOf } from './document.js';
import { htmlOf } from './html.js';
import { readPaper } from './paper.js';
import { readSources } from './read.js';
import { csvOf, latexOf, markdownOf } from './tables.js';

export const REPORT_FILE = 'report.html';

/** @throws see `ReportApi` */
export async function createReport(
  { sources, runsFolder, out, title, paper, force = false }: ReportRequest,
  { signal, progress }: CallContext<CountProgress> = {},
): Promise<WrittenReport> {
  await checkFolder(out, force);
  const show = (phase: string, done: number, total: number) =>
    progress?.({ phase, done, total, remainingSeconds: null });
  show('Reading results', 0, 0);
  const found = await readSources(sources, runsFolder, signal);
  const published = paper === undefined ? undefined : await readPaper(paper, signal);
  throwIfCancelled(signal);
  const report = assemble(found, title, published);
  const beside = `${out}.${process.pid}.tmp`;
  try {
    const files = await explained(out, () => write(report, beside, signal, show));
    throwIfCancelled(signal);
    await explained(out, () => put(beside, out));
    return {
      folder: out,
      file: path.join(out, REPORT_FILE),
      files,
      runs: found.sources.length,
      figures: figuresOf(report).length,
      tables: tablesOf(report).length,
    };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Only an earlier report is ever replaced. @throws `bad-request` */
async function checkFolder(out: string, force: boolean): Promise<void> {
  const facts = await stat(out).catch(() => undefined);
  if (facts === undefined) return;
  const names = facts.isDirectory() ? await readdir(out) : null;
  if (names?.length === 0) return;
  if (names === null || !names.includes(REPORT_FILE))
    throw new FrankensteinError(
      'bad-request',
      `${shown(out)} exists, and is no report: name another folder, since nothing of it is overwritten.`,
    );
  if (!force) throw new FrankensteinError('bad-request', `${shown(out)} holds a report already: --force replaces it.`);
}

type Show = (phase: string, done: number, total: number) => void;

/** @returns names of all files, in order */
async function write(report: Report, folder: string, signal: AbortSignal | undefined, show: Show): Promise<string[]> {
  const { pdfOf } = await import('./pdf.js');
  const date = report.date === '' ? new Date(0) : new Date(report.date);
  const figures = figuresOf(report);
  const tables = tablesOf(report);
  const files: string[] = [];
  const keep = async (name: string, content: string | Uint8Array) => {
    await writeFile(path.join(folder, name), content, { flush: true });
    files.push(name);
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'figures'), { recursive: true });
  await mkdir(path.join(folder, 'tables'));
  for (const [index, { id, drawing }] of figures.entries()) {
    throwIfCancelled(signal);
    show('Drawing figures', index, figures.length);
    await keep(`figures/${id}.svg`, drawing.svg);
    await keep(`figures/${id}.pdf`, await pdfOf(drawing, `${report.title}: ${id}`, date));
    // The thread hears of a cancel between figures.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const table of tables) {
    throwIfCancelled(signal);
    await keep(`tables/${table.id}.csv`, csvOf(table));
    await keep(`tables/${table.id}.md`, markdownOf(table));
    await keep(`tables/${table.id}.tex`, latexOf(table));
  }
  await keep(REPORT_FILE, htmlOf(report));
  show('Drawing figures', figures.length, figures.length);
  return files.sort();
}

/** The earlier report goes once the new one is whole. */
async function put(beside: string, out: string): Promise<void> {
  const earlier = `${out}.${process.pid}.old`;
  await mkdir(path.dirname(out), { recursive: true });
  const had = await rename(out, earlier).then(
    () => true,
    () => false,
  );
  try {
    await rename(beside, out);
  } catch (error) {
    if (had) await rename(earlier, out);
    throw error;
  }
  await rm(earlier, { recursive: true, force: true });
}

/** What the system says of a folder that cannot be written, in a sentence. */
async function explained<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = writeFailure(error);
    if (why === undefined) throw error;
    const sentence =
      why === 'disk-full'
        ? `The disk is full: the report in ${shown(folder)} could not be written.`
        : (error as NodeJS.ErrnoException).code === 'EROFS'
          ? `The report could not be written: ${shown(folder)} is on a disk that is read-only.`
          : `The report could not be written: no permission for ${shown(folder)}.`;
    throw new FrankensteinError(why, sentence, { cause: error });
  }
}
