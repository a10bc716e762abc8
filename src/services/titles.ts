/** What analyses and runs are called, one way while they run and when they are done: the kind, then the checkpoints. */
import path from 'node:path';
import { ANALYSES } from '../engine/analyses/analyses.js';
import type { RunSummary } from '../protocol/engineApi.js';
import { labelsOf } from './checkpointPath.js';

/**
 * `Comparison · base → in → rl`, `Abilities, regraded · in, rl`. @param kinds of requests or runs, as definitions name
 * them @param answers where those of an evaluation come from
 */
export function titleText(
  kinds: readonly string[],
  labels: readonly string[],
  answers?: RunSummary['answers'],
): string {
  const owner = (kind: string) => ANALYSES.find(({ titles }) => kind in titles);
  const titles = [...new Set(kinds)].map((kind) => owner(kind)?.titles[kind] ?? kind);
  return (
    `${[...titles, ...(answers === undefined ? [] : [answers])].join(', ')} · ` +
    `${labels.join(owner(kinds[0] ?? '')?.joint ?? ', ')}`
  );
}

/** A checkpoint that is no folder: a recipe's text of an evaluation, named by its content. */
const STITCHED = /[\\/]recipe-[0-9a-f]{8}$/;

/** Where it was stitched: the folder that an evaluation's request names for a stitch. */
export function locationOf(checkpoint: string): string {
  return checkpoint.replace(STITCHED, '');
}

/** The checkpoints of a run that lie on disk, each once. */
export function pathsOnDisk(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((one) => !STITCHED.test(one)))];
}

/** What a run is called. Stitches are many, and made of the others, which give the name. */
export function runTitle({
  kind,
  probe,
  labels,
  paths,
  answers,
}: Pick<RunSummary, 'kind' | 'probe' | 'labels' | 'paths' | 'answers'>): string {
  const own = labels.filter((_, index) => !STITCHED.test(paths[index] ?? ''));
  return titleText([probe ?? kind], own.length > 0 ? own : labels, answers);
}

/** Roles, as earlier versions wrote them in the place of names. */
const ROLES = new Set(['Base', 'IN', 'RL']);

/** Labels of stages, each by its own name: where a stored result has roles for names, the folders' names. */
export function ownLabels(labels: readonly string[], paths: readonly string[]): string[] {
  if (!labels.some((label) => ROLES.has(label)) || labels.length !== paths.length) return [...labels];
  const own = labelsOf(paths);
  return labels.map((label, index) => (ROLES.has(label) ? own[index]! : label));
}

/**
 * For each of several things with a title and places on disk: the shortest end of its folder's path that tells it from
 * those of the same title. Undefined where no other has its title, or they lie in the same folder.
 */
export function distinguishing(all: readonly { title: string; paths: readonly string[] }[]): (string | undefined)[] {
  const folders = all.map(({ paths }) => commonFolder(paths));
  return all.map(({ title }, index) => {
    const own = folders[index]!;
    const others = folders.filter((folder, other) => all[other]!.title === title && folder !== own);
    if (others.length === 0) return undefined;
    for (let length = 1; length <= own.split(path.sep).length; length++) {
      const end = endOf(own, length);
      if (others.every((other) => endOf(other, length) !== end)) return end;
    }
    return own;
  });
}

function endOf(folder: string, length: number): string {
  return folder.split(path.sep).slice(-length).join(path.sep);
}

/** The folder that holds them all. */
function commonFolder(paths: readonly string[]): string {
  const parents = paths.map((one) => path.dirname(one).split(path.sep));
  const [first = []] = parents;
  let length = 0;
  while (length < first.length && parents.every((parts) => parts[length] === first[length])) length++;
  return first.slice(0, length).join(path.sep);
}

/** `just now`, `5 min ago`, `3 h ago`, `yesterday`, `4 days ago`; beyond a week the date. */
export function agoText(then: Date, now = new Date()): string {
  const minutes = Math.floor((now.getTime() - then.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  if (days < 7) return days === 1 ? 'yesterday' : `${days} days ago`;
  return then.toLocaleDateString();
}
