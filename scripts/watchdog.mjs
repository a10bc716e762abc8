// When a child process is hopeless: a machine that is busy with other things makes everything slow, so elapsed time
// says nothing. What counts is work: tests that end, and processor time that is used. Node's built-ins only.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** Between two looks at a child, in ms. */
const INTERVAL = 10_000;

/**
 * So long, and no test started or ended and hardly any processor time used: it waits for what never comes. Counted in
 * looks, so that a machine that slept, or this process if it was starved, does no harm.
 */
const STILL_MINUTES = 10;
/** Of one core: what a workbench uses that nobody touches lies below, what a process gets that wants to work above. */
const STILL_LOAD = 0.1;
/** So much processor time, and no test started or ended: it goes round in circles. */
const SPIN_MINUTES = 30;

/**
 * Judges one child by what is seen of it at every look.
 * @param {{interval?: number, stillMinutes?: number, spinMinutes?: number}} [limits]  `interval` between looks, in ms
 * @returns {(seen: {cpu: number | undefined, marker: string}) => string}  from the processor time used so far in
 *   seconds (undefined where it cannot be told) and a text that changes as tests start and end, to '' or what is wrong
 */
export function watchdog({ interval = INTERVAL, stillMinutes = STILL_MINUTES, spinMinutes = SPIN_MINUTES } = {}) {
  /** @type {string | undefined} */
  let last;
  let highest = 0; // a process that ends takes its time with it
  let atMarker = 0;
  let atRest = 0;
  let looks = 0;
  return ({ cpu = 0, marker }) => {
    highest = Math.max(highest, cpu);
    looks++;
    const step = marker !== last;
    if (step) atMarker = highest;
    if (step || highest - atRest > STILL_LOAD * stillMinutes * 60) {
      last = marker;
      atRest = highest;
      looks = 0;
    }
    if (highest - atMarker > spinMinutes * 60)
      return `used ${spinMinutes} minutes of processor time without an end in sight`;
    if (looks * interval >= stillMinutes * 60_000) return `stood still for ${stillMinutes} minutes`;
    return '';
  };
}

/**
 * Looks after a process and all that it started, until the function that is returned is called.
 * @param {number | undefined} pid
 * @param {(why: string) => void} end  called when it gets nowhere any more; has to end it
 * @param {() => string} [marker]  a text that changes with every step of the work, where it has such
 */
export function watch(pid, end, marker = () => '') {
  const judge = watchdog();
  const timer = setInterval(() => {
    const why = pid === undefined ? '' : judge({ cpu: cpuSeconds(pid), marker: marker() });
    if (why !== '') end(why);
  }, INTERVAL);
  return () => clearInterval(timer);
}

/**
 * Processor time in seconds that a process and all that it started have used, as far as they live or were waited for;
 * undefined where it cannot be told (Windows).
 * @param {number} pid
 */
export function cpuSeconds(pid) {
  const processes = process.platform === 'linux' ? fromProc() : fromPs();
  if (processes.length === 0) return undefined;
  const family = new Set([pid]);
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const one of processes) if (family.has(one.parent) || family.has(one.group)) family.add(one.pid);
  }
  return processes.reduce((sum, one) => sum + (family.has(one.pid) ? one.seconds : 0), 0);
}

/** @typedef {{pid: number, parent: number, group: number, seconds: number}} Process */

/** @returns {Process[]} */
function fromProc() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name, in parentheses, may hold anything. Behind it: state, parent, group, … and at 11 the times of the
        // process and of its children that were waited for, in ticks of which every Linux has 100 a second.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
        return [{ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), seconds: ticks / 100 }];
      } catch {
        return []; // it has ended
      }
    });
}

/** @returns {Process[]} */
function fromPs() {
  if (process.platform === 'win32') return [];
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,time='], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length === 4)
    .map(([pid, parent, group, time = '']) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      // [[days-]hours:]minutes:seconds
      seconds: time.split(/[-:]/).reduceRight((sum, part, index, all) => {
        const unit = /** @type {number} */ ([1, 60, 3600, 86400][all.length - 1 - index]);
        return sum + Number(part) * unit;
      }, 0),
    }));
}
