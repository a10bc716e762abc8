/** Talking to a terminal: progress on stderr, tables on stdout, errors as one sentence. */
import type { CountProgress, Progress } from '../engine/calls.js';
import { bar, formatBytes, formatCount, formatSeconds, printable, printableLine } from '../engine/report/text.js';
import { sentenceOf } from './exit.js';

/** One line on stderr. */
export function note(text: string): void {
  process.stderr.write(`${printableLine(text)}\n`);
}

/**
 * Shows one line that is drawn over, and only where somebody watches.
 * @param unit of progress that is counted
 */
function createProgressLine(unit = ''): { show(progress: Progress | CountProgress): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  const draw = (text: string) => stderr.write(`\r\x1b[K${printableLine(text).slice(0, (stderr.columns || 80) - 1)}`);
  return {
    show: (progress) => {
      const { phase, remainingSeconds } = progress;
      const bytes = 'totalBytes' in progress;
      const [done, total] = bytes ? [progress.doneBytes, progress.totalBytes] : [progress.done, progress.total];
      if (total === 0) return void draw(`${phase} …`);
      const left = remainingSeconds === null ? '' : ` · ${formatSeconds(remainingSeconds)} left`;
      const amount = bytes
        ? `${formatBytes(done)} of ${formatBytes(total)}${left}  ${progress.tensor ?? ''}`
        : `${formatCount(done)} of ${formatCount(total)} ${unit}${left}`;
      draw(`${phase} ${bar(done / total, 20)} ${amount}`);
    },
    clear: () => void draw(''),
  };
}

/**
 * Shows the progress of `work` while it runs, and takes the line away before anything else is printed.
 * @param unit of progress that is counted
 */
export async function withProgress<Result>(
  work: (progress: (now: Progress | CountProgress) => void) => Promise<Result>,
  unit?: string,
): Promise<Result> {
  const line = createProgressLine(unit);
  try {
    return await work((now) => line.show(now));
  } finally {
    line.clear();
  }
}

export function showError(error: unknown): void {
  note(`frankenstein: ${sentenceOf(error)}`);
}

/** Writes all of `text` before the process may end. A reader that went away (`| head`) is no error. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The stream reports a failure twice, here and to the callback; unheard, the first would end the program.
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
    process.stdout.write(printable(text), (error) =>
      error && (error as NodeJS.ErrnoException).code !== 'EPIPE' ? reject(error) : resolve(),
    );
  });
}
