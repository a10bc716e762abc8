export function watchdog(limits?: {
  interval?: number;
  stillMinutes?: number;
  spinMinutes?: number;
}): (seen: { cpu: number | undefined; marker: string }) => string;
export function watch(pid: number | undefined, end: (why: string) => void, marker?: () => string): () => void;
export function cpuSeconds(pid: number): number | undefined;
