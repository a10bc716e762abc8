/** What a request means: its checkpoints, its samples, its depths. Nothing is computed yet. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import type { Checkpoint } from '../../checkpoint/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { openStage } from '../../merge/checkpoint.js';
import { labelsOf } from '../../lineage/stages.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { factsOfImage } from '../../datasets/dataFiles.js';
import { expertLayers } from '../../models/experts.js';
import { layersWith } from '../../models/mixers.js';
import { type MemoryPlan, planMemory } from '../../models/plan.js';
import { type ModelSpec, readSpec } from '../../models/spec.js';
import { sameFamily } from '../../topology/model.js';
import { resolveCuts } from '../../topology/cuts.js';
import { setUpProtocol } from '../protocol.js';
import type { Protocol } from '../declare/protocolText.js';
import type { Framing } from '../../models/processor/framing.js';
import type { PixelBounds } from '../../models/processor/imageSettings.js';
import { folderOf } from './data.js';
import type { Unit } from './job.js';
import type { ProbeKind } from './kinds/kind.js';
import { probeKind } from './kinds/list.js';
import type { SkipPart } from './kinds/skip/parts.js';
import type { ParsedProbe, ProbeProgress } from './request.js';

export interface ProbeSetup {
  kind: ParsedProbe['kind'];
  mode: 'from' | 'only';
  part: SkipPart;
  experts: number[] | undefined;
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
  /** Images are named from here in the result. */
  folder: string;
  /** Size and time of every image in use: an image that was replaced makes another run. */
  imageFingerprint: string;
  /** As the kind of probe has them. */
  samples: { items: { id: string }[] };
  /** What is computed: samples that ask the same are one. */
  units: Unit[];
  maxNewTokens: number;
  seed: number;
  badLines: 'stop' | 'skip';
  warnings: string[];
  change: 'task' | 'text';
  /** Per checkpoint. */
  framings: Framing[];
  pixels: PixelBounds;
  protocol: Protocol | undefined;
}

/**
 * Opens and reads everything but weights and images.
 * @throws `bad-request` for what does not fit together, and what opening checkpoints and reading data sets throw.
 */
export async function setUp(
  request: ParsedProbe,
  { signal, progress }: CallContext<ProbeProgress>,
): Promise<ProbeSetup> {
  const { kind, mode, part, experts, maxNewTokens, seed, badLines, change } = request;
  const probe = probeKind(kind);
  const given = request.checkpoints.length;
  if (given < (probe.leastCheckpoints ?? 1) || given > probe.checkpoints)
    throw new FrankensteinError('bad-request', probe.wrongCount(given));
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
      `The two checkpoints cannot be compared layer by layer: ${shown(checkpoints[0]!.path)} has ` +
        `${layers} language layers, ${shown(checkpoints[odd]!.path)} ${specs[odd]!.language.layers}.`,
    );
  const blind = checkpoints.find((_, index) => specs[index]!.vision === undefined);
  if (probe.visual !== undefined && blind !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(blind.path)} is a text-only model: there are no visual tokens to ${probe.visual}.`,
    );
  const asked = depthsOf(request.depths, layers);
  const routes = probe.routes?.({ mode, part, experts }) ?? false;
  checkExperts(experts, routes, specs[0]!);
  const depths = probe.attends ? attendingDepths(asked, specs) : routes ? routedDepths(asked, specs) : asked;
  const plans = checkpoints.map((checkpoint, index) =>
    planMemory(checkpoint, specs[index]!, request.memory, request.threads),
  );

  progress?.({ phase: 'Reading samples', done: 0, total: 0, remainingSeconds: null });
  const data = path.resolve(request.data);
  const labels = labelsOf(request.checkpoints, checkpoints);
  const named = checkpoints.map(({ path: location }, index) => ({ label: labels[index]!, path: location }));
  const { reading, choosing, framings, pixels, protocol } = await setUpProtocol(request, named, signal);
  const { tasks } = request;
  const { items, fingerprint, warnings } = await probe.readSamples(data, {
    choosing,
    idsFile: request.ids,
    tasks,
    badLines,
    ...reading,
    signal,
  });
  const units = unitsOf(items, probe);
  return {
    kind,
    mode,
    part,
    experts,
    checkpoints,
    labels,
    change,
    framings,
    pixels,
    protocol,
    specs,
    plans,
    depths,
    layers,
    cuts: resolveCuts(request.cuts, layers),
    data,
    dataFingerprint: fingerprint,
    folder: await folderOf(data),
    imageFingerprint: await hashImages(units, signal),
    samples: { items },
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

/**
 * Those of the depths that have attention. @throws `bad-request` where none has, `mismatch` where checkpoints differ in
 * it
 */
function attendingDepths(asked: readonly number[], specs: readonly ModelSpec[]): number[] {
  const [first, ...others] = specs.map(({ language }) => layersWith(language.mixers, 'attention'));
  if (others.some((own) => own.join() !== first!.join()))
    throw new FrankensteinError(
      'mismatch',
      'The two checkpoints cannot be compared layer by layer: they have attention in different layers.',
    );
  const depths = asked.filter((depth) => first!.includes(depth));
  if (depths.length === 0)
    throw new FrankensteinError(
      'bad-request',
      'None of these layers has attention: they carry a recurrent state in its place. Layers with ' +
        `attention: ${first!.join(', ')}.`,
    );
  return depths;
}

/** @throws `bad-request` for experts that are not skipped, or not there */
function checkExperts(experts: readonly number[] | undefined, routes: boolean, { language, family }: ModelSpec): void {
  if (experts === undefined) return;
  const { experts: shape } = language.layer;
  if (!routes)
    throw new FrankensteinError('bad-request', 'Experts are named for what skips experts only: --part experts.');
  if (experts.length === 0) throw new FrankensteinError('bad-request', 'No expert is given.');
  const stray = experts.find((expert) => !Number.isInteger(expert) || expert < 0 || expert >= (shape?.count ?? 0));
  if (shape !== null && stray !== undefined)
    throw new FrankensteinError(
      'bad-request',
      `There is no expert ${stray}: layers of this ${family.name} have the experts 0 to ${shape.count - 1}.`,
    );
}

/** Those of the depths that have experts. @throws `bad-request` where none has, `mismatch` where checkpoints differ */
function routedDepths(asked: readonly number[], specs: readonly ModelSpec[]): number[] {
  const [first, ...others] = specs.map(({ language }) => ({
    layers: expertLayers(language.mlps),
    shape: language.layer.experts,
  }));
  if (others.some((own) => JSON.stringify(own) !== JSON.stringify(first)))
    throw new FrankensteinError(
      'mismatch',
      'The two checkpoints cannot be compared expert by expert: they have other experts.',
    );
  const depths = asked.filter((depth) => first!.layers.includes(depth));
  if (depths.length === 0)
    throw new FrankensteinError(
      'bad-request',
      first!.layers.length === 0
        ? 'This model has no experts: its MLPs are dense.'
        : `None of these layers has experts: their MLPs are dense. Layers with experts: ${first!.layers.join(', ')}.`,
    );
  return depths;
}

/** Samples that ask the same are one unit. */
function unitsOf(items: readonly { id: string }[], { unitOf }: ProbeKind): Unit[] {
  const units = new Map<string, Unit>();
  for (const item of items) {
    const unit = unitOf(item);
    const key = JSON.stringify([unit.prompt, unit.images, unit.source ?? null]);
    const known = units.get(key);
    if (known) known.ids.push(item.id);
    else units.set(key, { ids: [item.id], ...unit });
  }
  return [...units.values()];
}

async function hashImages(units: readonly Unit[], signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  const files = [...new Set(units.flatMap(({ images, source }) => [...images, source]))]
    .filter((file) => file !== undefined)
    .sort();
  for (const file of files) {
    throwIfCancelled(signal);
    hash.update(`${await factsOfImage(file)}\n`);
  }
  return hash.digest('hex');
}
