/** A reading as text and as CSV. */
import { csv, type Cell } from '../report/csv.js';
import { formatBytes, formatCount, formatNumber, table } from '../report/text.js';
import type { TrainingReading, TrainingRun } from './result.js';
import { SERIES } from './series.js';

const OURS = new Set(SERIES.map(({ key }) => key));

/** The last values of every run, what was read, and what could not be. */
export function trainingReport({ runs, files, notices }: TrainingReading): string {
  const parts = [lastValues(runs), otherSeries(runs), seams(runs), fileTable(files), problems(files, notices)];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Our series and reward functions as rows, runs as columns. */
function lastValues(runs: readonly TrainingRun[]): string {
  const shown = runs.flatMap(({ series }) =>
    series.filter(({ key, source }) => OURS.has(key) || key !== source).map(({ key, label }) => ({ key, label })),
  );
  const keys = new Map(shown.map(({ key, label }) => [key, label]));
  const ordered = [...keys].sort(([a], [b]) => place(a) - place(b));
  const rows = ordered.map(([key, label]) => [
    label,
    ...runs.map(({ series }) => {
      const found = series.find((one) => one.key === key);
      return found === undefined ? '' : formatNumber(found.last);
    }),
  ]);
  const right = [false, ...runs.map(() => true)];
  return table(
    [
      ['last value', ...runs.map(({ name }) => name)],
      ['step', ...runs.map(({ lastStep }) => (lastStep === null ? '' : String(lastStep)))],
      ...rows,
    ],
    right,
  );
}

function place(key: string): number {
  const at = SERIES.findIndex((one) => one.key === key);
  return at === -1 ? SERIES.length : at;
}

function otherSeries(runs: readonly TrainingRun[]): string {
  const others = new Set(
    runs.flatMap(({ series }) => series.filter((one) => one.key === one.source && !OURS.has(one.key))),
  );
  const names = new Set([...others].map(({ key }) => key));
  return names.size === 0 ? '' : `${formatCount(names.size)} other series; --csv and --json have them all.`;
}

function seams(runs: readonly TrainingRun[]): string {
  return runs.flatMap(seamsOf).join('\n');
}

function seamsOf({ name, seams: own, series }: TrainingRun): string[] {
  const gaps = series.reduce((sum, one) => sum + one.gaps, 0);
  const restarts = own.length === 0 ? [] : [`restarted at step ${own.map((step) => String(step)).join(', ')}`];
  const missing = gaps === 0 ? [] : [`${formatCount(gaps)} values that are no numbers`];
  const facts = [...restarts, ...missing];
  return facts.length === 0 ? [] : [`${name}: ${facts.join('; ')}.`];
}

function fileTable(files: TrainingReading['files']): string {
  return table(
    [
      ['run', 'format', 'records', 'size', 'file'],
      ...files.map(({ file, format, runs, records, bytes }) => [
        runs.join(', '),
        format,
        formatCount(records),
        bytes === 0 ? '' : formatBytes(bytes),
        file,
      ]),
    ],
    [false, false, true, true, false],
  );
}

function problems(files: TrainingReading['files'], notices: readonly string[]): string {
  const said = [...files.flatMap(({ problem }) => problem ?? []), ...notices];
  return said.length === 0 ? '' : ['Not as it should be:', ...said.map((text) => `  ${text}`)].join('\n');
}

/** A row per run, series and step; empty where there is no number. */
export function trainingCsv({ runs }: TrainingReading): string {
  const rows: Cell[][] = [['run', 'series', 'source', 'step', 'value', 'before_restart']];
  for (const { name, series } of runs)
    for (const { key, source, points, earlier } of series) {
      const old = new Set(earlier);
      for (const [step, value] of points) rows.push([name, key, source, step, value, old.has(step) ? 1 : 0]);
    }
  return csv(rows);
}
