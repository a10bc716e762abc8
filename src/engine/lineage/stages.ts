/** The stages of a lineage, opened and matched: where every analysis of updates begins. */
import { rolesOf } from './order.js';
import type { CallContext } from '../calls.js';
import type { StageRequest } from '../checkpoint/stage.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { bytesOf } from '../tensors/elements.js';
import { contentsOf } from '../checkpoint/auxiliary.js';
import { fileIdentities, filesOf } from '../checkpoint/fingerprint.js';
import { checkpointLabel } from '../checkpoint/hub.js';
import { openStage } from '../merge/checkpoint.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { sameFamily } from '../topology/model.js';
import { alignTensors, type Alignment } from './align.js';
import type { StageSummary } from './stageSummary.js';
import type { TensorLocation } from '../topology/tensorPlace.js';

export interface Stages {
  labels: string[];
  checkpoints: Checkpoint[];
  alignment: Alignment;
}

/**
 * Opens every stage and matches their tensors. Headers are read, weights are not.
 * @throws as `openCheckpoints` and `matchStages`
 */
export async function openStages(request: { stages: StageRequest[] }, context: CallContext): Promise<Stages> {
  const opened = await openCheckpoints(request, context);
  return { ...opened, alignment: matchStages(opened.checkpoints) };
}

/**
 * Opens every stage.
 * @throws `bad-request` for fewer than two stages, `mismatch` for two families, and what opening throws.
 */
export async function openCheckpoints(
  request: { stages: StageRequest[] },
  { signal, progress }: CallContext,
): Promise<Omit<Stages, 'alignment'>> {
  if (request.stages.length < 2)
    throw new FrankensteinError('bad-request', 'A comparison needs at least two checkpoints, in lineage order.');
  progress?.({ phase: 'Reading headers', doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null });
  const checkpoints: Checkpoint[] = [];
  for (const stage of request.stages) {
    throwIfCancelled(signal);
    checkpoints.push(await openStage(stage, { signal }));
  }
  for (const checkpoint of checkpoints.slice(1)) sameFamily(checkpoints[0]!, checkpoint);
  return { labels: labelsOf(request.stages, checkpoints), checkpoints };
}

/** Which tensors of the stages belong together. @throws `mismatch` for nothing in common */
export function matchStages(checkpoints: readonly Checkpoint[]): Alignment {
  const alignment = alignTensors(checkpoints);
  if (alignment.tensors.length === 0) {
    const [leftOut] = checkpoints.flatMap((checkpoint) => checkpoint.leftOut ?? []);
    throw new FrankensteinError(
      'mismatch',
      `${checkpoints[0]!.path} and ${checkpoints[1]!.path} have no tensor of the same name and shape in common.${leftOut === undefined ? '' : ` ${leftOut.name}: ${leftOut.reason}`}`,
    );
  }
  return alignment;
}

/** Labels as given, else what people call the checkpoint; numbered where two would be the same. */
export function labelsOf(stages: readonly Pick<StageRequest, 'label'>[], checkpoints: readonly Checkpoint[]): string[] {
  const wanted = stages.map(({ label }, index) => label ?? labelOf(checkpoints[index]!));
  return wanted.map((label, index) =>
    wanted.indexOf(label) === wanted.lastIndexOf(label) ? label : `${label} (${index + 1})`,
  );
}

/** A file that stands alone is called by its own name, everything else as its folder is. */
function labelOf({ config, folder, shards, virtual }: Checkpoint): string {
  if (virtual !== undefined) return virtual.label;
  return config === undefined && shards.length === 1 ? shards[0]!.name : checkpointLabel(folder);
}

/**
 * What makes a model that runs the same model for stored answers: its weights, its config, and the files beside them
 * (tokenizer, chat template, processor), by content.
 */
export async function runningIdentityOf(checkpoint: Checkpoint, print: string, signal?: AbortSignal): Promise<object> {
  const { config, virtual, files } = checkpoint;
  return {
    ...identityOf(checkpoint, print),
    config,
    chatTemplate: virtual?.chatTemplate,
    files: await contentsOf(files, signal),
  };
}

/** What makes a stage the same stage for a stored run. Contents are sampled by the fingerprint, so times count too. */
function identityOf(checkpoint: Checkpoint, print: string): object {
  return { fingerprint: print, shards: fileIdentities(checkpoint) };
}

/** Of every stage, in order. @param prints their fingerprints */
export function identitiesOf(checkpoints: readonly Checkpoint[], prints: readonly string[]): object[] {
  return checkpoints.map((checkpoint, index) => identityOf(checkpoint, prints[index]!));
}

/** What a result says of a checkpoint beside its weights, and what says how these are read. */
export function readAs({ path, config, layout, reading, warnings, virtual }: Checkpoint): object {
  return { path, config, layout, reading, warnings, ...virtual, sources: virtual?.sources.map(readAs) };
}

/** The stage with the most language layers: its shape places the tensors. */
export function deepestOf(checkpoints: readonly Checkpoint[]): Checkpoint {
  return checkpoints.reduce((deepest, checkpoint) => (checkpoint.layers > deepest.layers ? checkpoint : deepest));
}

/** Depth order; what has no depth comes last. Tensors of one depth keep the order of the file. */
export function byDepth(a: TensorLocation, b: TensorLocation): number {
  return (a.depth ?? Infinity) === (b.depth ?? Infinity) ? 0 : (a.depth ?? Infinity) - (b.depth ?? Infinity);
}

/** What a result says of each stage, in their order. */
export function summariesOf(
  checkpoints: readonly Checkpoint[],
  labels: readonly string[],
  prints: readonly string[],
): StageSummary[] {
  const roles = rolesOf(checkpoints.map(({ path }) => path));
  return checkpoints.map((checkpoint, index) => ({
    ...summarise(checkpoint, labels[index]!, prints[index]!),
    role: roles[index]!,
  }));
}

function summarise(checkpoint: Checkpoint, label: string, print: string): StageSummary {
  const stored = [...checkpoint.tensors.values()];
  const perDtype = new Map<string, number>();
  for (const { dtype, size } of stored) perDtype.set(dtype, (perDtype.get(dtype) ?? 0) + size);
  return {
    label,
    path: checkpoint.path,
    family: checkpoint.family,
    layers: checkpoint.layers,
    visionLayers: checkpoint.visionLayers,
    dtype: [...perDtype].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'none',
    parameters: stored.reduce((sum, { size }) => sum + size, 0),
    // What is computed has no bytes of its own: then those of the files it is made of.
    bytes:
      checkpoint.virtual === undefined && checkpoint.quantisation === undefined
        ? stored.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
        : filesOf(checkpoint).reduce((sum, { bytes }) => sum + bytes, 0),
    ...(checkpoint.virtual === undefined
      ? {}
      : {
          madeOf: {
            summary: checkpoint.virtual.summary,
            sources: checkpoint.virtual.sources.map((source) => source.path),
          },
        }),
    fingerprint: print,
  };
}
