/** What a request means: its checkpoints, its samples, its depths. Nothing is computed yet. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { shown, thousands } from '../../checkpoint/failure.js';
import { openStage } from '../../merge/checkpoint.js';
import { labelsOf } from '../../lineage/stages.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { factsOfPicture } from '../../datasets/dataFiles.js';
import { PROBE_TASKS, type ProbeSample, readProbeSet } from '../../datasets/probeSet.js';
import { readQuestionSet } from '../../datasets/questionSet.js';
import { type Question } from '../../datasets/question.js';
import { sampleOf, sampleOfEach } from '../../numerics/sample.js';
import { type MemoryPlan, planMemory } from '../../models/plan.js';
import { type ModelSpec, readSpec } from '../../models/spec.js';
import { sameFamily } from '../../topology/model.js';
import { resolveCuts } from '../../topology/cuts.js';
import { folderOf, readSampleFiles } from './data.js';
import type { Unit } from './job.js';
import type { ParsedProbe, ProbeProgress } from './request.js';

export type Samples = { kind: 'swap'; items: ProbeSample[] } | { kind: 'skip' | 'attention'; items: Question[] };

export interface ProbeSetup {
  kind: ParsedProbe['kind'];
  mode: 'from' | 'only';
  part: 'layer' | 'attention' | 'mlp';
  checkpoints: Checkpoint[];
  labels: string[];
  specs: ModelSpec[];
  plans: MemoryPlan[];
  /** Ascending. */
  depths: number[];
  layers: number;
  cuts: [number, number];
  /** File or folder, absolute. */
  data: string;
  dataFingerprint: string;
  /** Pictures are named from here in the result. */
  folder: string;
  /** Size and time of every picture in use: a picture that was replaced makes another run. */
  pictures: string;
  samples: Samples;
  /** What is computed: samples that ask the same are one. */
  units: Unit[];
  maxNewTokens: number;
  seed: number;
  badLines: 'stop' | 'skip';
  warnings: string[];
}

/**
 * Opens and reads everything but weights and pictures.
 * @throws `bad-request` for what does not fit together, and what opening checkpoints and reading data sets throw.
 */
export async function setUp(
  request: ParsedProbe,
  { signal, progress }: CallContext<ProbeProgress>,
): Promise<ProbeSetup> {
  const { kind, mode, part, maxNewTokens, seed, badLines } = request;
  const most = kind === 'attention' ? 2 : 1;
  if (request.checkpoints.length < 1 || request.checkpoints.length > most) {
    throw new FrankensteinError(
      'bad-request',
      kind === 'attention'
        ? `Attention is measured in one checkpoint, or compared between two; ${request.checkpoints.length} given.`
        : `The ${kind} probe takes one checkpoint; ${request.checkpoints.length} given.`,
    );
  }
  progress?.({ phase: 'Reading headers', done: 0, total: 0, remainingSeconds: null });
  const checkpoints: Checkpoint[] = [];
  for (const stage of request.checkpoints) checkpoints.push(await openStage(stage, { signal }));
  for (const other of checkpoints.slice(1)) sameFamily(checkpoints[0]!, other);
  const specs = checkpoints.map(readSpec);
  const { layers } = specs[0]!.language;
  const odd = specs.findIndex(({ language }) => language.layers !== layers);
  if (odd > 0)
    throw new FrankensteinError(
      'mismatch',
      `The two checkpoints cannot be compared layer by layer: ${shown(checkpoints[0]!.path)} has ${layers} language layers, ${shown(checkpoints[odd]!.path)} ${specs[odd]!.language.layers}.`,
    );
  const blind = checkpoints.find((_, index) => specs[index]!.vision === undefined);
  if (kind !== 'skip' && blind !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(blind.path)} is a text-only model: there are no visual tokens to ${kind === 'swap' ? 'swap' : 'look at'}.`,
    );
  const depths = depthsOf(request.depths, layers);
  const plans = checkpoints.map((checkpoint, index) =>
    planMemory(checkpoint, specs[index]!, request.memory, request.threads),
  );

  progress?.({ phase: 'Reading samples', done: 0, total: 0, remainingSeconds: null });
  const data = path.resolve(request.data);
  const { samples, fingerprint, warnings } = await readSamples(request, data, signal);
  const units = unitsOf(samples);
  return {
    kind,
    mode,
    part,
    checkpoints,
    labels: labelsOf(request.checkpoints, checkpoints),
    specs,
    plans,
    depths,
    layers,
    cuts: resolveCuts(request.cuts, layers),
    data,
    dataFingerprint: fingerprint,
    folder: await folderOf(data),
    pictures: await hashPictures(units, signal),
    samples,
    units,
    maxNewTokens,
    seed,
    badLines,
    warnings: [...checkpoints.flatMap(({ warnings: own }) => own), ...warnings],
  };
}

function depthsOf(given: readonly number[] | undefined, layers: number): number[] {
  if (given === undefined) return Array.from({ length: layers }, (_, layer) => layer);
  if (given.length === 0) throw new FrankensteinError('bad-request', 'No depth is given.');
  const stray = given.find((depth) => !Number.isInteger(depth) || depth < 0 || depth >= layers);
  if (stray !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `There is no depth ${stray}: the model has the language layers 0 to ${layers - 1}.`,
    );
  return [...new Set(given)].sort((a, b) => a - b);
}

interface ReadSamples {
  samples: Samples;
  fingerprint: string;
  warnings: string[];
}

async function readSamples(request: ParsedProbe, data: string, signal: AbortSignal | undefined): Promise<ReadSamples> {
  const { kind, samples: count, seed, badLines } = request;
  if (kind === 'swap') {
    const tasks = tasksOf(request.tasks);
    const { items, fingerprint, warnings } = await readSampleFiles(data, readProbeSet, { badLines, signal });
    const wanted = items.filter(({ task }) => tasks.includes(task));
    if (wanted.length === 0)
      throw new FrankensteinError('bad-request', `${shown(data)} has no sample of ${tasks.join(' or ')}.`);
    return {
      samples: { kind, items: count === undefined ? wanted : sampleOfEach(wanted, ({ task }) => task, count, seed) },
      fingerprint,
      warnings,
    };
  }
  if (request.tasks !== undefined)
    throw new FrankensteinError('bad-request', 'Tasks are chosen for the swap probe only.');
  const { items, fingerprint, warnings } = await readSampleFiles(data, readQuestionSet, { badLines, signal });
  const usable = kind === 'attention' ? items.filter(({ images }) => images.length > 0) : items;
  if (usable.length === 0)
    throw new FrankensteinError(
      'bad-request',
      `${shown(data)} has no question with a picture, and attention to visual tokens needs one.`,
    );
  const left = items.length - usable.length;
  if (left > 0)
    warnings.push(
      `${thousands(left)} ${left === 1 ? 'question has' : 'questions have'} no picture and ${left === 1 ? 'was' : 'were'} left out.`,
    );
  return {
    samples: { kind, items: count === undefined ? usable : sampleOf(usable, count, seed) },
    fingerprint,
    warnings,
  };
}

function tasksOf(given: readonly string[] | undefined): string[] {
  if (given === undefined) return [...PROBE_TASKS];
  const stray = given.find((task) => !PROBE_TASKS.some((known) => known === task));
  if (stray !== undefined || given.length === 0)
    throw new FrankensteinError(
      'bad-request',
      `${stray === undefined ? 'No task is given' : `There is no task "${shown(stray)}"`}; there are ${PROBE_TASKS.join(', ')}.`,
    );
  return [...given];
}

function unitsOf(samples: Samples): Unit[] {
  const units = new Map<string, Unit>();
  const add = (id: string, unit: Omit<Unit, 'ids'>) => {
    const key = JSON.stringify([unit.prompt, unit.images, unit.source ?? null]);
    const known = units.get(key);
    if (known) known.ids.push(id);
    else units.set(key, { ids: [id], ...unit });
  };
  if (samples.kind === 'swap')
    for (const { id, prompt, targetImage, sourceImage } of samples.items)
      add(id, { prompt, images: [targetImage], source: sourceImage });
  else for (const { id, prompt, images } of samples.items) add(id, { prompt, images, source: undefined });
  return [...units.values()];
}

async function hashPictures(units: readonly Unit[], signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  const files = [...new Set(units.flatMap(({ images, source }) => [...images, source]))]
    .filter((file) => file !== undefined)
    .sort();
  for (const file of files) {
    throwIfCancelled(signal);
    hash.update(`${await factsOfPicture(file)}\n`);
  }
  return hash.digest('hex');
}
