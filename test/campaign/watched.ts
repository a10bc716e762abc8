/**
 * Processes whose processor time and memory are bounded, so that an input that hangs or bloats them is a finding.
 * Linux.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpuSeconds } from '../../scripts/watchdog.mjs';

export interface Limits {
  /** Of processor time, for one input. */
  seconds: number;
  /** Resident at once, of any one process. */
  megabytes: number;
}

const INTERVAL = 200;

/**
 * Looks after a process and its children until the returned function is called, which gives the highest memory seen.
 * @param exceeded called once, with what is wrong; has to end the process
 */
export function watchLimits(pid: number, limits: Limits, exceeded: (why: string) => void): () => number {
  const before = cpuSeconds(pid) ?? 0;
  let highest = 0;
  let over = false;
  const timer = setInterval(() => {
    highest = Math.max(highest, ...familyOf(pid).map(residentMegabytes));
    const used = (cpuSeconds(pid) ?? 0) - before;
    if (over) return;
    over = highest > limits.megabytes || used > limits.seconds;
    if (highest > limits.megabytes) exceeded(`takes more than ${limits.megabytes} MB of memory`);
    else if (used > limits.seconds) exceeded(`takes more than ${limits.seconds} s of processor time`);
  }, INTERVAL);
  return () => {
    clearInterval(timer);
    return highest;
  };
}

/** A process and what it started, as far as it lives. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended
    }
  }
  const family = new Set([pid]);
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const [one, parent] of parents) if (family.has(parent)) family.add(one);
  }
  return [...family];
}

function residentMegabytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
