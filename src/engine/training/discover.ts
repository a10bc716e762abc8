/** Finds the logs of every run below folders, by their names, and by the first line where a name says nothing. */
import { opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, shown, thousands } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import type { FirstLines } from './firstLine.js';
import type { LineFormat } from './sources.js';

export type FoundLog = { file: string; run: string; folder: string } & (
  | { kind: 'state' }
  | { kind: 'lines'; format: LineFormat }
  | { kind: 'completions' }
  | { kind: 'steps'; format: 'TRL completions' | 'verl rollouts'; files: { step: number; name: string }[] }
  | { kind: 'trackio'; given: boolean }
);

export interface Found {
  logs: FoundLog[];
  notices: string[];
}

/** Folders below the one that is named. An experiment's logs lie four below it. */
const DEEPEST = 8;
const MOST_ENTRIES = 200_000;
const MOST_LOGS = 2000;
const SKIPPED = new Set(['node_modules', '__pycache__', 'venv', 'site-packages', 'wandb']);
/** Names of folders that say nothing about a run. */
const GENERIC = /^(?:runs|outputs?|results?|logs?|completions|rollouts?|rollout_data|checkpoints)$/;

interface Walk {
  root: string;
  firstLines: FirstLines;
  found: Found;
  entries: number;
  signal: AbortSignal | undefined;
}

/**
 * Links inside the folders are not followed. @throws `not-found`, `permission`, `cancelled`; `malformed` for a file of
 * no known format
 */
export async function findLogs(
  folders: readonly string[],
  firstLines: FirstLines,
  signal?: AbortSignal,
): Promise<Found> {
  const found: Found = { logs: [], notices: [] };
  for (const given of folders) {
    const root = path.resolve(given);
    const walk: Walk = { root, firstLines, found, entries: 0, signal };
    try {
      if ((await stat(root)).isDirectory()) await walkFolder(walk, await wholeRun(root), 0);
      else await addFile(walk, root);
    } catch (error) {
      throw fileError(error, root);
    }
    if (walk.entries > MOST_ENTRIES)
      found.notices.push(
        `${shown(root)} holds more than ${thousands(MOST_ENTRIES)} files: only the first were looked ` +
          'at. Name a folder inside.',
      );
  }
  if (found.logs.length > MOST_LOGS) {
    found.logs.length = MOST_LOGS;
    found.notices.push(`There are more than ${thousands(MOST_LOGS)} logs: only the first are read.`);
  }
  return found;
}

/** A result of a freeze plan has its logs beside it. */
async function wholeRun(folder: string): Promise<string> {
  const beside = path.join(path.dirname(folder), 'output');
  const isResult = path.basename(folder) === 'result' && (await stat(beside).catch(() => null))?.isDirectory();
  return isResult === true ? path.dirname(folder) : folder;
}

async function addFile(walk: Walk, file: string): Promise<void> {
  const folder = path.dirname(file);
  const name = path.basename(file);
  const own = { file, folder, run: runOf(walk.root, folder) };
  const isCheckpoint = /^checkpoint-\d+$/.test(path.basename(folder));
  if (name === 'trainer_state.json' && isCheckpoint) own.run = runOf(path.dirname(folder), path.dirname(folder));
  const log = knownByName(own, name) ?? (name.endsWith('.jsonl') ? await knownByLine(walk, own) : undefined);
  if (log !== undefined) walk.found.logs.push({ ...log, ...(log.kind === 'trackio' && { given: true }) });
  else if (COMPLETIONS.test(name))
    walk.found.logs.push({
      ...own,
      file: folder,
      kind: 'steps',
      format: 'TRL completions',
      files: stepsIn([name], COMPLETIONS),
    });
  else throw new FrankensteinError('malformed', `${shown(file)} is no log of a trainer that is read here.`);
}

function knownByName(own: Pick<FoundLog, 'file' | 'run' | 'folder'>, name: string): FoundLog | undefined {
  if (name === 'trainer_state.json') return { ...own, kind: 'state' };
  if (name === 'logging.jsonl') return { ...own, kind: 'lines', format: 'ms-swift logging.jsonl' };
  if (name === 'completions.jsonl') return { ...own, kind: 'completions' };
  if (name.endsWith('.db')) return { ...own, kind: 'trackio', given: false };
  return undefined;
}

const COMPLETIONS = /^completions_(\d{1,12})\.parquet$/;
const ROLLOUT = /^(\d{1,12})\.jsonl$/;

function stepsIn(names: readonly string[], pattern: RegExp): { step: number; name: string }[] {
  return names
    .flatMap((name) => {
      const [, step] = pattern.exec(name) ?? [];
      return step === undefined ? [] : [{ step: Number(step), name }];
    })
    .sort((a, b) => a.step - b.step);
}

async function walkFolder(walk: Walk, folder: string, depth: number): Promise<void> {
  throwIfCancelled(walk.signal);
  const { folders, files } = await entriesOf(walk, folder);
  await addLogs(walk, folder, files);
  const checkpoints = folders
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]));
  // The newest, and the one before it, which holds where the newest is still being written.
  for (const name of checkpoints.slice(0, 2).toReversed()) await addState(walk, folder, name);
  for (const name of folders) {
    const isTree = !checkpoints.includes(name) && !SKIPPED.has(name) && !name.startsWith('.');
    if (isTree && depth < DEEPEST && walk.entries <= MOST_ENTRIES)
      await walkFolder(walk, path.join(folder, name), depth + 1).catch((error: unknown) => skipUnreadable(walk, error));
  }
}

/** A folder that vanished or may not be read hides its own logs only. */
function skipUnreadable({ found }: Walk, error: unknown): void {
  if (!(error instanceof FrankensteinError) || error.code === 'cancelled') throw error;
  if (error.code !== 'not-found') found.notices.push(error.message);
}

async function entriesOf(walk: Walk, folder: string): Promise<{ folders: string[]; files: string[] }> {
  const folders: string[] = [];
  const files: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (++walk.entries > MOST_ENTRIES) break;
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.isFile()) files.push(entry.name);
    }
  } catch (error) {
    throw fileError(error, folder);
  }
  return { folders: folders.sort(), files: files.sort() };
}

async function addLogs(walk: Walk, folder: string, files: readonly string[]): Promise<void> {
  const { logs } = walk.found;
  const own = (name: string) => ({ file: path.join(folder, name), folder, run: runOf(walk.root, folder) });
  const whole = (format: 'TRL completions' | 'verl rollouts', pattern: RegExp) => {
    logs.push({ ...own('.'), file: folder, kind: 'steps', format, files: stepsIn(files, pattern) });
  };
  let numbered = false;
  for (const name of files) {
    const known = knownByName(own(name), name);
    if (known !== undefined) logs.push(known);
    else if (name.endsWith('.jsonl')) {
      // One of a folder's rollouts tells what the others are.
      if (ROLLOUT.test(name) && numbered) continue;
      const log = await knownByLine(walk, own(name));
      if (log?.kind === 'steps') {
        numbered = true;
        whole('verl rollouts', ROLLOUT);
      } else if (log !== undefined) logs.push(log);
    }
  }
  if (files.some((name) => COMPLETIONS.test(name))) whole('TRL completions', COMPLETIONS);
}

async function addState(walk: Walk, folder: string, checkpoint: string): Promise<void> {
  const file = path.join(folder, checkpoint, 'trainer_state.json');
  if ((await stat(file).catch(() => null))?.isFile() === true)
    walk.found.logs.unshift({ file, folder, run: runOf(walk.root, folder), kind: 'state' });
}

/** What the first line says; undefined for data that is none of a trainer's logs. */
async function knownByLine(
  { firstLines }: Walk,
  own: Pick<FoundLog, 'file' | 'run' | 'folder'>,
): Promise<FoundLog | undefined> {
  const kind = await firstLines.kindOf(own.file);
  const name = path.basename(own.file, '.jsonl');
  // verl calls the file after the experiment.
  const run = [own.run, ...(GENERIC.test(name) ? [] : [name])].filter((part) => part !== '').join('/');
  if (kind === 'verl log') return { ...own, run, kind: 'lines', format: kind };
  if (kind === 'EasyR1 log' && name === 'experiment_log') return { ...own, kind: 'lines', format: kind };
  if (kind !== 'verl rollouts' || !ROLLOUT.test(path.basename(own.file))) return undefined;
  return { ...own, file: own.folder, kind: 'steps', format: kind, files: stepsIn([path.basename(own.file)], ROLLOUT) };
}

/** `control` for `exp/runs/control/output`: what tells a folder from others, without what says nothing. */
function runOf(root: string, folder: string): string {
  const inside = path.relative(root, folder).split(path.sep);
  const telling = inside.filter((part) => part !== '' && part !== '..' && !GENERIC.test(part));
  if (telling.length > 0) return telling.join('/');
  let above = root;
  while (GENERIC.test(path.basename(above)) && path.dirname(above) !== above) above = path.dirname(above);
  return path.basename(above);
}
