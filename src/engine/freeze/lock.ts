/**
 * One training of an experiment at a time. A file in its folder names the process that trains, and the trainer that it
 * started: a lock whose processes are gone is nobody's, so that a training that was killed can be started again.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';

export const LOCK_FILE = '.training.lock';

/** A process, and when it began where the system says so: numbers of processes are used again. */
const Process = v.object({ pid: v.number(), began: v.nullable(v.string()) });
type Process = v.InferOutput<typeof Process>;

const Lock = v.object({ host: v.string(), since: v.string(), holder: Process, trainer: v.nullable(Process) });
type Lock = v.InferOutput<typeof Lock>;

/** What the holder of a lock may say. */
export interface Held {
  /** The trainer that runs now: it may outlive its starter. */
  trains: (pid: number) => void;
}

/**
 * Does `work` while no other process trains the experiment.
 * @throws `in-use` where another does, or may
 */
export async function whileHeld<T>(folder: string, work: (held: Held) => Promise<T>): Promise<T> {
  const file = path.join(folder, LOCK_FILE);
  const own: Lock = {
    host: os.hostname(),
    since: new Date().toISOString(),
    holder: processOf(process.pid),
    trainer: null,
  };
  await acquire(file, own, folder);
  try {
    return await work({
      // At once: what the trainer says must find a listener.
      trains: (pid) => {
        const beside = `${file}.${process.pid}.tmp`;
        writeFileSync(beside, JSON.stringify({ ...own, trainer: processOf(pid) }));
        renameSync(beside, file);
      },
    });
  } finally {
    await rm(file, { force: true });
  }
}

/** @throws `in-use` where the experiment is being trained */
export async function refuseHeldElsewhere(folder: string): Promise<void> {
  const file = path.join(folder, LOCK_FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) refuseHeld(text, file, folder);
}

async function acquire(file: string, own: Lock, folder: string): Promise<void> {
  const beside = `${file}.${randomUUID()}.tmp`;
  await writeFile(beside, JSON.stringify(own));
  try {
    // A link is made with its content, or not at all.
    while (!(await linked(beside, file))) await removeIfLeft(file, folder);
  } finally {
    await rm(beside, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? false : Promise.reject(error)),
  );
}

/** Takes a lock away that nobody holds any more. @throws `in-use` where somebody does */
async function removeIfLeft(file: string, folder: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return;
  refuseHeld(text, file, folder);
  // Whoever else found it left may have taken it over meanwhile: then this is no longer the same file.
  const aside = `${file}.${randomUUID()}.left`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => undefined);
  if (moved !== undefined && moved !== text) await linked(aside, file);
  await rm(aside, { force: true });
}

function refuseHeld(text: string, file: string, folder: string): void {
  const lock = parsed(text);
  if (lock === undefined) return;
  const { host, since, holder, trainer } = lock;
  const where = `${shown(folder)} is being trained`;
  if (host !== os.hostname())
    throw new FrankensteinError(
      'in-use',
      `${where} on ${host} since ${since}: wait for it, or delete ${shown(file)} if that has ended.`,
    );
  if (isAlive(holder))
    throw new FrankensteinError('in-use', `${where} by process ${holder.pid} since ${since}: wait for it, or stop it.`);
  if (trainer !== null && isAlive(trainer))
    throw new FrankensteinError(
      'in-use',
      `${where} by process ${trainer.pid}, whose starter is gone, since ${since}: wait for it, or stop it.`,
    );
}

/** Undefined for what no version of this program writes: nobody holds it. */
function parsed(text: string): Lock | undefined {
  try {
    const result = v.safeParse(Lock, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function processOf(pid: number): Process {
  return { pid, began: factsOf(pid)?.began ?? null };
}

function isAlive({ pid, began }: Process): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = factsOf(pid);
  return now === undefined || (now.state !== 'Z' && (began === null || began === now.began));
}

/**
 * What Linux says of a process; undefined elsewhere. `state` Z: it has ended, and nobody asked how. `began`: ticks
 * since the machine's start.
 */
function factsOf(pid: number): { state: string; began: string } | undefined {
  try {
    // After the name in brackets, which may hold anything: the state is field 3, the begin field 22.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return { state: fields[0]!, began: fields[19]! };
  } catch {
    return undefined;
  }
}
