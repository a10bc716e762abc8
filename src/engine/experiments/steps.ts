/** What an experiment comes to: one run after the other, each with its request as the engine takes it. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { typedText, type Worded } from '../analyses/declare/protocol.js';
import type { AnalysisName } from '../analyses/analyses.js';
import { endpointOf, isEndpointPath } from '../checkpoint/endpointPath.js';
import type { StageRequest } from '../checkpoint/stage.js';
import { FrankensteinError } from '../errors.js';
import type { Experiment, NamedCheckpoint, NamedPart, Values } from './document.js';
import { WORDED } from './kinds.js';

/** A run of an experiment. Plain data. */
export interface Step {
  /** `part`, with the set and the checkpoint where a part has several. */
  name: string;
  part: string;
  /** The name of its kind. */
  run: string;
  analysis: AnalysisName;
  /** Of a freeze experiment, beside what an analysis does: whether weights stayed, and what was necessary. */
  task: 'analysis' | 'verify' | 'report';
  /** What the analysis is asked, without the machine's settings. Checkpoints that are made of others are not in it. */
  request: Readonly<Record<string, unknown>>;
  /** What those are made of. */
  stages: (StageRequest & { role?: string | undefined })[];
  /** Folder of the freeze experiment. */
  experiment: string | null;
  /** Of equivalence, 0…1. */
  margin: number | null;
  /** Files of texts that were read. */
  files: string[];
  /** Of what is asked: the same key, and it is the same step. */
  key: string;
}

/** Models behind an address among the checkpoints of a request. */
export function servedIn(request: Readonly<Record<string, unknown>>): { url: string; model: string }[] {
  const { checkpoints } = request;
  if (!Array.isArray(checkpoints)) return [];
  return (checkpoints as { path: string }[]).flatMap(({ path: place }) =>
    isEndpointPath(place) ? [endpointOf(place)] : [],
  );
}

/** Commands that start servers, each once. */
export function commandsOf(steps: readonly Step[]): string[] {
  const all = steps.flatMap(({ request }) => (request['serve'] as { command: string } | undefined)?.command ?? []);
  return [...new Set(all)];
}

/** Whom answers or images are sent to. */
export function addressesOf(steps: readonly Step[]): string[] {
  const models = steps.flatMap(({ request }) => [request['grader'], request['describer'], ...servedIn(request)]);
  return [
    ...new Set(
      models.flatMap((model) =>
        typeof model === 'object' && model !== null && 'model' in model
          ? [`${String(model.model)}${'url' in model ? ` at ${String(model.url)}` : ", one of the editor's models"}`]
          : [],
      ),
    ),
  ];
}

/**
 * @throws `bad-request` for a part that does not go together, naming it; what reading prompts from files throws. `of`
 * says which part
 */
export function stepsOf(experiment: Experiment): Step[] {
  return experiment.parts.flatMap((part) => stepsOfPart(part, experiment));
}

/** The steps of one part. @throws as `stepsOf` */
export function stepsOfPart(part: NamedPart, experiment: Experiment): Step[] {
  const groups = groupsOf(part, experiment);
  const sets = part.data === undefined ? [undefined] : part.data.map((name) => setOf(name, experiment));
  return sets.flatMap((set) =>
    groups.flatMap((group) => {
      const names = [
        part.name,
        ...(sets.length > 1 ? [set!.name] : []),
        ...(groups.length > 1 ? [group.map(({ name }) => name).join('+')] : []),
      ];
      return stepsOfRun(names.join('/'), part, group, set?.values, experiment);
    }),
  );
}

function stepsOfRun(
  name: string,
  part: NamedPart,
  group: readonly NamedCheckpoint[],
  set: Values | undefined,
  experiment: Experiment,
): Step[] {
  const { kind } = part;
  const { values, files } = readWords(valuesFor(part, group, set, experiment));
  const request = { ...values, ...kind.declaration?.fixed };
  const stages = group.map(({ name: label, path: place, role }) => ({ path: place, label, ...(role && { role }) }));
  const base = { name, part: part.name, run: kind.name, analysis: kind.definition.name as AnalysisName, files };
  if (kind.declaration === undefined) {
    const { experiment: folder, margin, ...evaluation } = request as Record<string, unknown>;
    const own = {
      ...base,
      stages: [],
      experiment: folder as string,
      margin: margin === undefined ? null : (margin as number) / 100,
    };
    return [
      keyed({ ...own, name: `${name}/verify`, task: 'verify', request: {}, margin: null, files: [] }),
      keyed({ ...own, name: `${name}/report`, task: 'report', request: evaluation }),
    ];
  }
  const made = kind.declaration.prepare !== undefined;
  const asked = made || kind.noun === undefined ? request : { ...request, [kind.noun]: stages };
  return [
    keyed({ ...base, task: 'analysis', request: asked, stages: made ? stages : [], experiment: null, margin: null }),
  ];
}

function keyed(step: Omit<Step, 'key'>): Step {
  const { run, task, request, stages, experiment, margin } = step;
  const facts = JSON.stringify([run, task, request, stages, experiment, margin]);
  return { ...step, key: createHash('sha256').update(facts).digest('hex').slice(0, 16) };
}

/** The checkpoints of each run. @throws `bad-request` */
function groupsOf(part: NamedPart, experiment: Experiment): NamedCheckpoint[][] {
  const { kind, name } = part;
  if (kind.noun === undefined) return [[]];
  const chosen = part.checkpoints?.map((one) => experiment.checkpoints.find((known) => known.name === one)!);
  const all = chosen ?? usualOf(part, experiment);
  if (kind.most === 1) return all.map((one) => [one]);
  if (all.length < kind.least || all.length > kind.most)
    throw new FrankensteinError(
      'bad-request',
      `"${kind.name}" takes ${boundsText(kind.least, kind.most)}, and "${name}" has ${
        all.length === 0 ? 'none' : all.map((one) => one.name).join(', ')
      }.`,
    );
  return [all];
}

function boundsText(least: number, most: number): string {
  if (most === Infinity) return `at least ${least} checkpoints`;
  return least === most ? `${least} checkpoints` : `${least} to ${most} checkpoints`;
}

const ORDER = (role: string) =>
  (role === 'base' ? 0 : role.startsWith('in') ? 100 : 200) + Number(/\d+$/.exec(role)?.[0] ?? 1);

/** Those that a part takes where it names none. @throws `bad-request` */
function usualOf({ kind, name }: NamedPart, { checkpoints }: Experiment): NamedCheckpoint[] {
  const stages = checkpoints
    .filter(({ role, path: place }) => role !== undefined && role !== 'hybrid' && !isEndpointPath(place))
    .sort((a, b) => ORDER(a.role!) - ORDER(b.role!));
  if (kind.lineage) return stages;
  // A model behind an address is only asked.
  if (kind.most === Infinity)
    return kind.name === 'evaluate' ? checkpoints : checkpoints.filter(({ path: place }) => !isEndpointPath(place));
  if (kind.most === 1)
    throw new FrankensteinError('bad-request', `"${name}" does not say which checkpoints: each is probed on its own.`);
  const pair = ['in', 'rl'].flatMap((role) => stages.find((one) => one.role === role) ?? []);
  if (pair.length === 2) return pair;
  throw new FrankensteinError(
    'bad-request',
    `"${name}" needs two checkpoints: name them, or give two the roles in and rl.`,
  );
}

function setOf(name: string, { sets }: Experiment): { name: string; values: Values } {
  return (
    sets.find((set) => set.name === name) ?? {
      name: path.basename(name).replace(/\.[^.]+$/, ''),
      values: { data: name },
    }
  );
}

/** Of protocol, set and part, the last that has a field; only what the kind knows. */
function valuesFor(
  part: NamedPart,
  group: readonly NamedCheckpoint[],
  set: Values | undefined,
  experiment: Experiment,
): Record<string, unknown> {
  const given: Values = { ...experiment.protocol, ...set, ...part.values };
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(part.kind.fields)) if (given[name] !== undefined) values[name] = given[name];
  for (const name of WORDED) {
    if (!(name in part.kind.fields)) continue;
    const own = part.values[name] as Worded[] | undefined;
    const perCheckpoint = experiment.checkpoints.flatMap(({ name: checkpoint, words }) =>
      words[name] === undefined ? [] : [{ text: words[name], checkpoint }],
    );
    const all = own ?? [...((given[name] as Worded[] | undefined) ?? []), ...perCheckpoint];
    const words = wordsFor(all, part, [...group, ...basesOf(values, experiment)], group.length, experiment);
    if (words.length > 0) values[name] = words;
    else delete values[name];
  }
  return values;
}

/** With the texts of the files that are named. @throws `not-found`, `permission` */
function readWords(values: Record<string, unknown>): { values: Record<string, unknown>; files: string[] } {
  const files: string[] = [];
  const read = { ...values };
  for (const name of WORDED) {
    const words = values[name] as Worded[] | undefined;
    if (words === undefined) continue;
    read[name] = words.map((word) => ({ ...word, text: typedText(word.text) }));
    for (const { text } of words) if (text.startsWith('@')) files.push(text.slice(1));
  }
  return { values: read, files: [...new Set(files)] };
}

/** A checkpoint that stands beside those that stitches are made of. It has no label of its own. */
function basesOf({ base }: Values, { checkpoints }: Experiment): NamedCheckpoint[] {
  return checkpoints.filter(({ path: place }) => place === base);
}

/** The texts of the checkpoints that take part, by what the analysis calls them. */
function wordsFor(
  all: readonly Worded[],
  { kind }: NamedPart,
  group: readonly NamedCheckpoint[],
  labelled: number,
  { checkpoints }: Experiment,
): Worded[] {
  const words = all.flatMap(({ text, checkpoint }): Worded[] => {
    if (checkpoint === undefined) return [{ text }];
    // A report names what it evaluates by their roles alone.
    if (kind.declaration === undefined) {
      const role = checkpoints.find(({ name }) => name === checkpoint)?.role ?? checkpoint;
      return ['in', 'rl', 'hybrid'].includes(role) ? [{ text, checkpoint: role }] : [];
    }
    const named = group.flatMap(({ name, role, path: place }, index) =>
      name === checkpoint || role === checkpoint ? [index < labelled ? name : place] : [],
    );
    const made = checkpoint === 'hybrid' && kind.declaration.prepare !== undefined ? [{ text, checkpoint }] : [];
    return [...named.map((one) => ({ text, checkpoint: one })), ...made];
  });
  return words;
}

/** Steps that `--only` names: parts, or single steps. @throws `bad-request` for a name that is neither */
export function chosenSteps(steps: readonly Step[], only: readonly string[] | undefined): Step[] {
  if (only === undefined || only.length === 0) return [...steps];
  const known = [...new Set(steps.flatMap(({ name, part }) => [part, name]))];
  const stray = only.find((name) => !known.includes(name));
  if (stray !== undefined)
    throw new FrankensteinError('bad-request', `No part is called "${stray}"; there are ${known.join(', ')}.`);
  return steps.filter(({ name, part }) => only.includes(name) || only.includes(part));
}
