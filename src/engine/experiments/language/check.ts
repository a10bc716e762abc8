/** What an editor shows of an experiment that is being written: what is wrong with it, and what it comes to. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { definition as evaluation } from '../../analyses/evaluate/definition.js';
import { parseRequest } from '../../analyses/declare/request.js';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { isEndpointPath } from '../../checkpoint/endpointPath.js';
import { FrankensteinError } from '../../errors.js';
import { placeAt } from '../../freeze/document.js';
import { openExperiment } from '../../freeze/experiment.js';
import { openCheckpoint } from '../../merge/checkpoint.js';
import type { RecipeFeedback } from '../../merge/language/feedback.js';
import { hasErrors, type ProblemCode, type RecipeProblem, type Span } from '../../merge/recipe/problem.js';
import { entryOf, type TreeNode } from '../../merge/recipe/tree.js';
import { type Experiment, type NamedPart, parseExperiment } from '../document.js';
import { DATA_FIELDS } from '../kinds.js';
import { type Step, stepsOfPart } from '../steps.js';

export interface ExperimentFeedback extends RecipeFeedback {
  /** An experiment makes no checkpoint. */
  made: null;
  /** Null while there are errors. */
  experiment: ExperimentSketch | null;
}

export interface ExperimentSketch {
  parts: { name: string; run: string; /** Of its key. */ place: Span; steps: Step[] }[];
}

type ReportAt = (code: ProblemCode, at: readonly (string | number)[], message: string) => void;

/** @param request.file where the text is, or will be, saved: what it names is relative to its folder. */
export async function checkExperiment(
  { file, text }: { file: string; text: string },
  { signal }: CallContext<never> = {},
): Promise<ExperimentFeedback> {
  const { tree, experiment, problems } = parseExperiment(file, text);
  if (tree === undefined || experiment === undefined) return { problems, made: null, experiment: null };
  const found: RecipeProblem[] = [...problems];
  const report: ReportAt = (code, at, message) =>
    found.push({
      code,
      severity: 'error',
      ...placeAt(tree, at, at.length > 1 && at[0] === 'parts' ? 'key' : 'value'),
      message,
    });
  const opened = await openAll(experiment, report, signal);
  const parts: ExperimentSketch['parts'] = [];
  for (const part of experiment.parts) {
    const at = ['parts', part.name];
    const steps = await attempt(
      () => Promise.resolve(stepsOfPart(part, experiment)),
      (error) => report(error.code === 'not-found' ? 'no-checkpoint' : 'bad-value', at, error.message),
    );
    if (steps === undefined) continue;
    parts.push({ name: part.name, run: part.kind.name, place: placeAt(tree, at, 'key'), steps });
    checkFamilies(part, steps, experiment, opened, report);
    await checkRead(part, steps, experiment, tree, report, signal);
  }
  found.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { problems: found, made: null, experiment: hasErrors(found) ? null : { parts } };
}

/** What each checkpoint is, by its path. */
async function openAll(
  { checkpoints }: Experiment,
  report: ReportAt,
  signal: AbortSignal | undefined,
): Promise<Map<string, Checkpoint>> {
  const opened = new Map<string, Checkpoint>();
  for (const { name, path: place } of checkpoints) {
    if (isEndpointPath(place)) continue;
    const checkpoint = await attempt(
      () => openCheckpoint(place, { signal }),
      (error) => report('no-checkpoint', ['checkpoints', name], error.message),
    );
    if (checkpoint !== undefined) opened.set(place, checkpoint);
  }
  return opened;
}

/** Lineages, stitches and sweeps need checkpoints of one family. */
function checkFamilies(
  { name, kind }: NamedPart,
  steps: readonly Step[],
  { checkpoints }: Experiment,
  opened: ReadonlyMap<string, Checkpoint>,
  report: ReportAt,
): void {
  if (!kind.lineage && kind.declaration?.prepare === undefined) return;
  for (const { request, stages } of steps) {
    const listed = (kind.noun === undefined ? undefined : request[kind.noun]) ?? stages;
    const families = (listed as { path: string; label?: string }[]).flatMap((stage) => {
      const checkpoint = opened.get(stage.path);
      const called = checkpoints.find(({ path: place }) => place === stage.path)?.name ?? stage.path;
      return checkpoint === undefined ? [] : [{ called, family: checkpoint.family }];
    });
    const [first] = families;
    const other = families.find(({ family }) => family !== first?.family);
    if (other !== undefined)
      report(
        'family-mismatch',
        ['parts', name, ...(kind.noun === undefined ? [] : [kind.noun])],
        `"${kind.name}" needs checkpoints of one family: ${first!.called} is ${first!.family}, ` +
          `${other.called} is ${other.family}.`,
      );
  }
}

/** Holds what a part reads against the files: sets, filters, ids, freeze experiments. */
async function checkRead(
  part: NamedPart,
  steps: readonly Step[],
  experiment: Experiment,
  tree: TreeNode,
  report: ReportAt,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const step of steps) {
    if (step.task === 'verify') {
      await attempt(
        () => openExperiment(step.experiment!, signal),
        (error) => report('bad-value', ['parts', part.name, 'experiment'], error.message),
      );
      continue;
    }
    if (typeof step.request['data'] !== 'string') continue;
    const why = await whyUnread(step, signal);
    if (why !== undefined) report('bad-value', placeOfData(why, part, step, experiment, tree), why);
  }
}

/**
 * Where it is said: in the filter or list of the part, of its set, or of the protocol; else where the data is named.
 */
function placeOfData(
  why: string,
  part: NamedPart,
  { request }: Step,
  { sets }: Experiment,
  tree: TreeNode,
): (string | number)[] {
  const set = sets.find(({ name, values }) => (part.data ?? []).includes(name) && values['data'] === request['data']);
  const blocks = [['parts', part.name], ...(set === undefined ? [] : [['sets', set.name]]), ['protocol']];
  const about = /no (?:column|row)|condition/.test(why)
    ? ['where', 'promptColumn', 'mapping']
    : /\bids?\b/.test(why)
      ? ['ids']
      : [];
  for (const key of [...about, 'where', 'ids', 'draw'].filter((one) => about.length === 0 || about.includes(one)))
    for (const block of blocks) if (hasAt(tree, [...block, key]) && about.length > 0) return [...block, key];
  return set === undefined
    ? ['parts', part.name, 'data']
    : ['sets', set.name, ...(hasAt(tree, ['sets', set.name, 'data']) ? ['data'] : [])];
}

function hasAt(tree: TreeNode, at: readonly string[]): boolean {
  let node: TreeNode | undefined = tree;
  for (const key of at) node = node?.kind === 'map' ? entryOf(node, key)?.value : undefined;
  return node !== undefined;
}

/** Sets that were read, by what was read of them and by their files' sizes and times. */
const known = new Map<string, string | undefined>();
const KNOWN = 64;

/** Why a set cannot be asked, in a sentence; undefined where it can. */
async function whyUnread(step: Step, signal: AbortSignal | undefined): Promise<string | undefined> {
  const { request, analysis } = step;
  const own = Object.entries(request).filter(([name]) => name in DATA_FIELDS && name !== 'system' && name !== 'prefix');
  const asked = Object.fromEntries([...own, ['kind', request['kind']]]);
  const data = request['data'] as string;
  const files = [data, request['ids'], request['mapping']].filter((one) => typeof one === 'string');
  const key = JSON.stringify([analysis, asked, await Promise.all(files.map(stampOf))]);
  if (known.has(key)) return known.get(key);
  let why: string | undefined;
  await attempt(
    () => (analysis === 'probe' ? readProbe(asked, signal) : readQuestions(asked, signal)),
    (error) => (why = error.message),
  );
  known.set(key, why);
  for (const oldest of known.keys()) if (known.size > KNOWN) known.delete(oldest);
  return why;
}

/** Of a file, or of the files of a folder. */
async function stampOf(place: string): Promise<unknown> {
  const facts = await stat(place).catch(() => undefined);
  if (facts?.isDirectory() !== true) return [place, facts?.size, facts?.mtimeMs];
  const names = (await readdir(place)).filter((name) => /\.(?:jsonl|parquet)$/.test(name)).sort();
  return Promise.all(names.map((name) => stampOf(path.join(place, name))));
}

async function readQuestions(asked: object, signal: AbortSignal | undefined): Promise<unknown> {
  const [{ readSets }, { setUpProtocol }] = await Promise.all([
    import('../../analyses/evaluate/sets.js'),
    import('../../analyses/protocol.js'),
  ]);
  const request = parseRequest(evaluation.request, {
    ...asked,
    kind: undefined,
    checkpoints: [{ path: '-' }],
  });
  return readSets(request, await setUpProtocol(request, [], signal), signal);
}

async function readProbe(asked: object, signal: AbortSignal | undefined): Promise<unknown> {
  const [{ probeKind }, { setUpProtocol }, { definition }] = await Promise.all([
    import('../../analyses/probe/kinds/list.js'),
    import('../../analyses/protocol.js'),
    import('../../analyses/probe/definition.js'),
  ]);
  const request = parseRequest(definition.request, { ...asked, checkpoints: [{ path: '-' }] });
  const { reading, choosing } = await setUpProtocol(request, [], signal);
  const { tasks, badLines, ids } = request;
  return probeKind(request.kind).readSamples(path.resolve(request.data), {
    choosing,
    idsFile: ids,
    tasks,
    badLines,
    ...reading,
    signal,
  });
}

/** A failure that is meant for people is told; any other is ours. @throws `cancelled` */
async function attempt<T>(work: () => Promise<T>, tell: (error: FrankensteinError) => void): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FrankensteinError) || error.code === 'cancelled') throw error;
    tell(error);
    return undefined;
  }
}
