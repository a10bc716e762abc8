/** Progress of a probe on one line of stderr that is drawn over, and only where somebody watches. */
import type { ProbeProgress } from '../engine/analyses/probe/request.js';
import { bar, formatCount, printableLine } from './terminal.js';
import { formatSeconds } from './probeReport.js';

/** @param unit of `done` and `total`. */
export function createProbeLine(unit = 'samples × layers'): { show(progress: ProbeProgress): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  const draw = (text: string) => stderr.write(`\r\x1b[K${printableLine(text).slice(0, (stderr.columns || 80) - 1)}`);
  return {
    show: ({ phase, done, total, remainingSeconds }) => {
      if (total === 0) return void draw(`${phase} …`);
      const left = remainingSeconds === null ? '' : ` · ${formatSeconds(remainingSeconds)} left`;
      draw(`${phase} ${bar(done / total, 20)} ${formatCount(done)} of ${formatCount(total)} ${unit}${left}`);
    },
    clear: () => void draw(''),
  };
}
