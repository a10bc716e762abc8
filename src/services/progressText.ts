/** Progress in words: bytes, share, remaining time. */
import { formatProgress } from '../protocol/numbers.js';
import type { PanelProgress } from '../protocol/hostApi.js';

export function progressText(progress: PanelProgress, form: 'short' | 'long'): string {
  const { remainingSeconds, phase } = progress;
  const bytes = 'totalBytes' in progress;
  const [done, total] = bytes ? [progress.doneBytes, progress.totalBytes] : [progress.done, progress.total];
  const fraction = total > 0 ? formatProgress(done, total) : phase;
  const left = remainingSeconds === null ? '' : `, ${durationText(remainingSeconds)} left`;
  if (form === 'short' || total === 0) return fraction + left;
  const amount =
    'totalMatrices' in progress && progress.totalMatrices > 0
      ? `${progress.doneMatrices.toLocaleString('en')} of ${progress.totalMatrices.toLocaleString('en')} matrices`
      : bytes
        ? `${bytesText(done)} of ${bytesText(total)}`
        : `${done.toLocaleString('en')} of ${total.toLocaleString('en')} answers`;
  return `${phase}, ${amount} (${fraction})${left}`;
}

/** Decimal units, as disks and checkpoints are sold. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]!}`;
}

export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${String(whole % 60).padStart(2, '0')} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}

/** An estimate: `about 54 s`, `about 4:30 min`; an upper bound has no seconds to a quarter of an hour. */
export function estimateText(seconds: number, bound: boolean): string {
  if (!bound) return seconds < 0.5 ? 'under a second' : `about ${durationText(seconds)}`;
  const minutes = Math.round(seconds / 60);
  return (
    'up to about ' +
    `${minutes < 2 ? durationText(seconds) : minutes < 60 ? `${minutes} min` : durationText(60 * minutes)}`
  );
}

/** `1234567890` → `1.23 B`. Parameters, not bytes. */
export function countText(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  if (count >= 1e4) return `${(count / 1e3).toFixed(1)} k`;
  return String(count);
}
