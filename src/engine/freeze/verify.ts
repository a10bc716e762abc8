/**
 * Whether what should have stayed frozen did, bit for bit, and how far everything else moved.
 *
 * A frozen tensor of the same dtype has the same bytes. Where the result is stored more finely (F32 of a BF16 IN), it
 * holds
 * exactly IN's values: a weight that trained by less than half a step of BF16 would still round to them. Where the
 * result is
 * stored more coarsely, it holds IN's values rounded once.
 */
import type { CallContext } from '../calls.js';
import { deltaOf } from '../analyses/compare/partial.js';
import { exactPairSums } from '../analyses/compare/sums.js';
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { DTYPE_BYTES } from '../checkpoint/decode.js';
import { encodeInto, isFloat, roundTo } from '../checkpoint/encode.js';
import { shown } from '../checkpoint/failure.js';
import { checkUnchanged } from '../checkpoint/fingerprint.js';
import { isSameTensor } from '../checkpoint/sameTensor.js';
import { nameInFile } from '../checkpoint/wrappers.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { type AlignedTensor, alignTensors } from '../lineage/align.js';
import { openCheckpoint } from '../merge/checkpoint.js';
import { createBytesReporter } from '../runs/bytesProgress.js';
import { bytesOf, readElements, readInto } from '../tensors/elements.js';
import { sameFamily } from '../topology/model.js';
import { regionOfLayer } from '../topology/cuts.js';
import { REGIONS, type Region } from '../topology/topology.js';
import { type Parameter, type Part, parametersOf, PARTS } from './parameters.js';

/** Regions of the language layers, and parts outside them. */
export type Group = Region | Exclude<Part, 'layers'>;

export interface Verification {
  schema: 1;
  /** Absolute. */
  in: string;
  result: string;
  /** Of the result, for people: "LoRA of rank 16 on …"; null for a folder of weights. */
  madeOf: string | null;
  /** Nothing that should have stayed has moved, and nothing of it is missing. */
  passed: boolean;
  frozen: {
    tensors: number;
    parameters: number;
    /** Tensors stored more coarsely than in IN, equal once IN is rounded: less than a proof bit for bit. */
    rounded: number;
  };
  /** Frozen tensors that are not what they were. */
  moved: MovedTensor[];
  /** Frozen tensors that the result does not have, with a reason. */
  missing: { name: string; reason: string }[];
  /** What should have stayed, by region and part; absent in results of earlier versions. */
  held?: HeldGroup[];
  /** What was free to move, by region and part. */
  groups: GroupMovement[];
  warnings: string[];
}

export interface MovedTensor {
  /** Canonical. */
  name: string;
  /** In the result's file. */
  onDisk: string;
  elements: number;
  changed: number;
  maxAbs: number | null;
  /** It moved by less than half a step of IN's dtype everywhere: rounded to that, nothing would show. */
  belowStep: boolean;
}

export interface HeldGroup {
  group: Group;
  tensors: number;
  parameters: number;
  /** Tensors that are not what they were, that are not there, and that are equal only once IN is rounded. */
  moved: number;
  missing: number;
  rounded: number;
}

export interface GroupMovement {
  group: Group;
  tensors: number;
  parameters: number;
  /** ‖Δ‖_F over all of the group as one vector, and what one rounding to the result's dtype would give. */
  fro: number;
  floor: number;
  /** `fro / floor`; null where nothing is rounded (adapters). */
  timesFloor: number | null;
  /** Fraction of the weights that differ. */
  changed: number;
  /** Tensors of which no weight differs. */
  unmoved: number;
}

export interface VerifyOf {
  model: Checkpoint;
  result: Checkpoint;
  /** Canonical names of the parameters that should have stayed. */
  frozen: ReadonlySet<string>;
  cuts: readonly [number, number];
}

/** The result of a run as a checkpoint; an adapter whose base is not where it says is put on IN. */
export async function openResult(given: string, model: Checkpoint, signal?: AbortSignal): Promise<Checkpoint> {
  try {
    return await openCheckpoint(given, { signal });
  } catch (error) {
    if (!(error instanceof FrankensteinError) || error.code !== 'no-base') throw error;
    return openCheckpoint(`${model.path}+${given}`, { signal });
  }
}

/**
 * Reads every weight of both once.
 * @throws `mismatch` for two families, `changed` where a file changes meanwhile, and what reading throws
 */
export async function verify(
  { model, result, frozen, cuts }: VerifyOf,
  { signal, progress }: CallContext = {},
): Promise<Verification> {
  sameFamily(model, result);
  const parameters = parametersOf(model);
  const alignment = alignTensors([model, result]);
  const pairs = new Map(alignment.tensors.map((tensor) => [tensor.name, tensor]));
  const reasons = new Map(alignment.missing.map(({ name, reason }) => [name, reason]));
  const moved: MovedTensor[] = [];
  const missing: Verification['missing'] = [];
  const movements: { parameter: Parameter; movement: Movement }[] = [];
  const kept: { parameter: Parameter; state: HeldState }[] = [];
  const total = [...pairs.values()].reduce((sum, pair) => sum + bytesOfPair(pair), 0);
  const reporter = createBytesReporter('Verifying', total, 0, progress);
  for (const parameter of parameters) {
    throwIfCancelled(signal);
    const pair = pairs.get(parameter.name);
    const isFrozen = frozen.has(parameter.name);
    if (pair === undefined) {
      if (isFrozen) kept.push({ parameter, state: 'missing' });
      if (isFrozen)
        missing.push({
          name: parameter.name,
          reason: reasons.get(parameter.name) ?? 'The tensor is not in this checkpoint.',
        });
      continue;
    }
    const [before, after] = [pair.stored[0]!, pair.stored[1]!];
    if (isFrozen) {
      const state = await compareBits(before, after, signal);
      kept.push({ parameter, state });
      if (state === 'moved') moved.push(await movedTensor(before, after, signal));
    } else {
      movements.push({ parameter, movement: await movementOf(before, after) });
    }
    reporter.add(bytesOfPair(pair), parameter.name);
  }
  for (const checkpoint of [model, result]) await checkUnchanged(checkpoint);
  const rounded = kept.filter(({ state }) => state === 'rounded').length;
  const groups = groupsOf(movements, cuts);
  return {
    schema: 1,
    in: model.path,
    result: result.path,
    madeOf: result.virtual?.summary ?? null,
    passed: moved.length === 0 && missing.length === 0,
    frozen: {
      tensors: kept.length,
      parameters: kept.reduce((sum, { parameter }) => sum + parameter.size, 0),
      rounded,
    },
    moved,
    missing,
    held: heldGroups(kept, cuts),
    groups,
    warnings: [
      ...result.warnings.map((warning) => `${shown(result.path)}: ${warning}`),
      ...(rounded > 0
        ? [
            `${rounded} frozen tensors are stored more coarsely than in IN: they are equal once IN is ` +
              `rounded, and nothing finer can be said.`,
          ]
        : []),
      ...groups
        .filter(({ unmoved, tensors }) => unmoved === tensors)
        .map(
          ({ group }) =>
            `${group}: no weight moved, though it was free to: it was frozen, or all steps were lost in rounding.`,
        ),
    ],
  };
}

function bytesOfPair({ stored }: AlignedTensor): number {
  return stored.reduce((sum, tensor) => sum + (tensor === undefined ? 0 : bytesOf(tensor)), 0);
}

/** Elements compared at once. */
const STEP = 1 << 20;

/** `same`: the result holds IN's values. `rounded`: IN's values rounded to the result's coarser dtype. */
async function compareBits(before: Tensor, after: Tensor, signal?: AbortSignal): Promise<'same' | 'rounded' | 'moved'> {
  if (isSameTensor(before, after)) return 'same';
  if (after.expression !== undefined || !isFloat(after.dtype) || !isFloat(before.dtype))
    return (await movementOf(before, after)).changed === 0 ? 'same' : 'moved';
  const [from, to] = [before.dtype, after.dtype];
  let isRounded = false;
  for (let first = 0; first < before.size; first += STEP) {
    const count = Math.min(STEP, before.size - first);
    const [expected, found] = [new Uint8Array(count * DTYPE_BYTES[to]), new Uint8Array(count * DTYPE_BYTES[to])];
    await readInto(after, first, found, signal);
    if (from === to && before.expression === undefined) await readInto(before, first, expected, signal);
    else {
      const values = new Float64Array(count);
      await readElements(before, first, values, signal);
      const exact = values.slice();
      roundTo(to, exact);
      isRounded ||= exact.some((value, index) => value !== values[index] && !Number.isNaN(value));
      encodeInto(to, values, expected);
    }
    if (!Buffer.from(expected.buffer).equals(Buffer.from(found.buffer))) return 'moved';
  }
  return isRounded ? 'rounded' : 'same';
}

interface Movement {
  squares: number;
  floorSquares: number;
  changed: number;
  maxAbs: number | null;
}

async function movementOf(before: Tensor, after: Tensor): Promise<Movement> {
  if (isSameTensor(before, after)) return { squares: 0, floorSquares: 0, changed: 0, maxAbs: 0 };
  const delta = deltaOf(await exactPairSums(before, after), before.size);
  return {
    squares: (delta.fro ?? Infinity) ** 2,
    floorSquares: delta.floor ** 2,
    // What became NaN, or infinite, has moved too.
    changed: delta.changedCount + (await nonFiniteChanges(before, after, delta.nonFinite)),
    maxAbs: delta.maxAbs,
  };
}

/** Of the weights that are not finite before or after, those that are not the same. */
async function nonFiniteChanges(before: Tensor, after: Tensor, nonFinite: number): Promise<number> {
  if (nonFinite === 0) return 0;
  let changed = 0;
  for (let first = 0; first < before.size; first += STEP) {
    const [a, b] = [
      new Float64Array(Math.min(STEP, before.size - first)),
      new Float64Array(Math.min(STEP, before.size - first)),
    ];
    await readElements(before, first, a);
    await readElements(after, first, b);
    a.forEach((value, index) => {
      if ((!Number.isFinite(value) || !Number.isFinite(b[index])) && !Object.is(value, b[index])) changed++;
    });
  }
  return changed;
}

async function movedTensor(before: Tensor, after: Tensor, signal?: AbortSignal): Promise<MovedTensor> {
  const { changed, maxAbs } = await movementOf(before, after);
  let belowStep = isFloat(before.dtype);
  for (let first = 0; belowStep && first < before.size; first += STEP) {
    const count = Math.min(STEP, before.size - first);
    const [a, b] = [new Float64Array(count), new Float64Array(count)];
    await readElements(before, first, a, signal);
    await readElements(after, first, b, signal);
    roundTo(before.dtype, b);
    belowStep = a.every((value, index) => Object.is(value, b[index]));
  }
  return { name: before.name, onDisk: nameInFile(after), elements: before.size, changed, maxAbs, belowStep };
}

/** What became of a tensor that should have stayed. */
type HeldState = 'same' | 'rounded' | 'moved' | 'missing';

/** Regions first, then the other parts. */
const ORDER: readonly Group[] = [...REGIONS, ...PARTS.filter((part) => part !== 'layers')];

function groupOf({ part, layer }: Parameter, cuts: readonly [number, number]): Group {
  return part === 'layers' ? regionOfLayer(layer!, cuts) : part;
}

function heldGroups(
  kept: readonly { parameter: Parameter; state: HeldState }[],
  cuts: readonly [number, number],
): HeldGroup[] {
  return ORDER.flatMap((group): HeldGroup[] => {
    const own = kept.filter(({ parameter }) => groupOf(parameter, cuts) === group);
    if (own.length === 0) return [];
    const count = (wanted: HeldState) => own.filter(({ state }) => state === wanted).length;
    return [
      {
        group,
        tensors: own.length,
        parameters: own.reduce((sum, { parameter }) => sum + parameter.size, 0),
        moved: count('moved'),
        missing: count('missing'),
        rounded: count('rounded'),
      },
    ];
  });
}

function groupsOf(
  movements: readonly { parameter: Parameter; movement: Movement }[],
  cuts: readonly [number, number],
): GroupMovement[] {
  return ORDER.flatMap((group): GroupMovement[] => {
    const own = movements.filter(({ parameter }) => groupOf(parameter, cuts) === group);
    if (own.length === 0) return [];
    const sum = (value: (of: (typeof own)[number]) => number) => own.reduce((all, one) => all + value(one), 0);
    const parameters = sum(({ parameter }) => parameter.size);
    const [fro, floor] = [
      Math.sqrt(sum(({ movement }) => movement.squares)),
      Math.sqrt(sum(({ movement }) => movement.floorSquares)),
    ];
    return [
      {
        group,
        tensors: own.length,
        parameters,
        fro,
        floor,
        timesFloor: floor > 0 ? fro / floor : null,
        changed: parameters === 0 ? 0 : sum(({ movement }) => movement.changed) / parameters,
        unmoved: own.filter(({ movement }) => movement.changed === 0).length,
      },
    ];
  });
}
