/**
 * Verifies a result against IN: what should have stayed frozen did, and how far everything else moved. A run like any
 * other.
 */
import type { CallContext } from '../../calls.js';
import type { Checkpoint, Tensor } from '../../checkpoint/checkpoint.js';
import { shown } from '../../checkpoint/failure.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { FrankensteinError, throwIfCancelled } from '../../errors.js';
import { type AlignedTensor, alignTensors } from '../../lineage/align.js';
import { identitiesOf, labelsOf, readAs, summariesOf } from '../../lineage/stages.js';
import { createBytesReporter } from '../../runs/bytesProgress.js';
import { drive, finishedResult, type RunPlan } from '../../runs/drive.js';
import type { Recall } from '../../runs/recall.js';
import { isLike, type Run } from '../../runs/store.js';
import { bytesOf } from '../../tensors/elements.js';
import { sameFamily } from '../../topology/model.js';
import { identityOf } from '../declare/identity.js';
import { questionOf } from '../declare/question.js';
import { guardOf } from '../declare/shape.js';
import { compareBits, DTYPE_RULE, type HeldState, movedTensor, type Movement, movementOf } from './bits.js';
import { heldGroups, movedGroups } from './groups.js';
import { type Parameter, parametersOf } from './parameters.js';
import { type VerifyRequest, verifyRequest } from './request.js';
import type { MovedTensor, Verification } from './result.js';
import { verifyResult } from './schema.js';

/** Changes whenever a tensor would be judged otherwise: nothing older is reused. */
const RULES_VERSION = 1;

export interface VerifyOf {
  model: Checkpoint;
  result: Checkpoint;
  /** Canonical names of the parameters that should have stayed. */
  frozen: ReadonlySet<string>;
  cuts: [number, number];
  /** What is kept as asked, with the folder for runs. */
  request: VerifyRequest;
  recall?: Recall<Verification> | undefined;
  /** Nothing is read anew. */
  storedOnly?: boolean | undefined;
}

/** A parameter in both checkpoints; one that should have stayed and is not in the result has a reason. */
interface Pair {
  parameter: Parameter;
  stored: readonly [Tensor, Tensor] | null;
  reason: string;
}

/** A line of the journal: what became of a tensor. */
type Entry = Held | Free;
interface Held {
  name: string;
  state: HeldState;
  moved: MovedTensor | null;
}
interface Free {
  name: string;
  movement: Movement;
}

/**
 * Reads every weight of both once. With a runs folder, what was read before a kill or cancel is taken from the journal,
 * and what was verified before is returned as it is stored, without reading a weight.
 * @throws `mismatch` for two families, `not-found` with `storedOnly` for what was not verified before, `changed` where
 * a file changes meanwhile, and what reading throws
 */
export async function verify(
  { model, result, frozen, cuts, request, recall, storedOnly }: VerifyOf,
  context: CallContext = {},
): Promise<Verification> {
  const checkpoints = [model, result];
  const pairs = pairsOf(model, result);
  const labels = labelsOf(request.stages, checkpoints);
  const prints = await Promise.all(checkpoints.map((checkpoint) => fingerprint(checkpoint, context.signal)));
  const facts = {
    kind: 'verify',
    rules: RULES_VERSION,
    dtypes: DTYPE_RULE,
    stages: identitiesOf(checkpoints, prints),
    frozen: [...frozen].sort(),
    cuts,
  };
  const plan: RunPlan<Verification> = {
    runsFolder: request.runsFolder,
    identity: identityOf(verifyRequest, request, facts, ['frozen', 'also', 'cuts']),
    says: { labels, stages: checkpoints.map(readAs) },
    ...(recall && { recall }),
    request: () => ({
      kind: 'verify',
      labels,
      fingerprints: prints,
      question: questionOf(verifyRequest, request, labels),
      tasks: pairs.filter(({ stored }) => stored !== null).length,
    }),
    checkpoints,
    startedAt: new Date(),
    isResult: guardOf(verifyResult),
  };
  if (storedOnly === true) return (await finishedResult(plan)) ?? notStored(result);
  return drive<Verification, Map<string, Entry>>(
    plan,
    (run) => entriesOf(pairs, frozen, run, context),
    (entries, provenance) => ({
      schema: 1,
      kind: 'verification',
      stages: summariesOf(checkpoints, labels, prints),
      cuts,
      in: model.path,
      result: result.path,
      madeOf: result.virtual?.summary ?? null,
      ...summed(pairs, { frozen, entries, cuts, result }),
      provenance,
    }),
  );
}

function notStored({ path }: Checkpoint): never {
  throw new FrankensteinError('not-found', `${shown(path)} has not been verified, or has changed since.`);
}

/** The parameters of IN with their counterparts, in the order of the file. @throws `mismatch` for two families */
export function pairsOf(model: Checkpoint, result: Checkpoint): Pair[] {
  sameFamily(model, result);
  const alignment = alignTensors([model, result]);
  const aligned = new Map(alignment.tensors.map((tensor) => [tensor.name, tensor]));
  const reasons = new Map(alignment.missing.map(({ name, reason }) => [name, reason]));
  return parametersOf(model).map((parameter) => ({
    parameter,
    stored: bothOf(aligned.get(parameter.name)),
    reason: reasons.get(parameter.name) ?? 'The tensor is not in this checkpoint.',
  }));
}

function bothOf(tensor: AlignedTensor | undefined): Pair['stored'] {
  return tensor === undefined ? null : [tensor.stored[0]!, tensor.stored[1]!];
}

/** Bytes of both. */
export function bytesToRead(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { stored }) => sum + bytesOfPair(stored), 0);
}

function bytesOfPair(stored: Pair['stored']): number {
  return (stored ?? []).reduce((sum, tensor) => sum + bytesOf(tensor), 0);
}

const NUMBERS = { squares: 0, floorSquares: 0, changed: 0 } satisfies Partial<Movement>;

function isEntry(value: unknown): value is Entry {
  if (!isLike(value, { name: '' })) return false;
  return isLike(value, { state: '' }) || isLike(value, { movement: NUMBERS });
}

/** What became of every tensor, by its name: from the journal where it has it, else read and journalled. */
async function entriesOf(
  pairs: readonly Pair[],
  frozen: ReadonlySet<string>,
  run: Run | undefined,
  { signal, progress }: CallContext,
): Promise<Map<string, Entry>> {
  const entries = new Map((await run?.entries(isEntry))?.map((entry) => [entry.name, entry]));
  const left = pairs.filter(({ parameter }) => !entries.has(parameter.name));
  const total = bytesToRead(pairs);
  const reporter = createBytesReporter('Verifying', total, total - bytesToRead(left), progress);
  for (const { parameter, stored } of left) {
    throwIfCancelled(signal);
    if (stored === null) continue;
    const entry = await entryOf(parameter.name, stored, frozen, signal);
    entries.set(entry.name, entry);
    await run?.append(entry);
    reporter.add(bytesOfPair(stored), parameter.name);
  }
  return entries;
}

async function entryOf(
  name: string,
  [before, after]: readonly [Tensor, Tensor],
  frozen: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  if (!frozen.has(name)) return { name, movement: await movementOf(before, after) };
  const state = await compareBits(before, after, signal);
  return { name, state, moved: state === 'moved' ? await movedTensor(before, after, signal) : null };
}

/** What is said of all tensors together. */
function summed(
  pairs: readonly Pair[],
  {
    frozen,
    entries,
    cuts,
    result,
  }: Pick<VerifyOf, 'frozen' | 'cuts' | 'result'> & { entries: ReadonlyMap<string, Entry> },
): Pick<Verification, 'passed' | 'frozen' | 'moved' | 'missing' | 'held' | 'groups' | 'warnings'> {
  const stayed = pairs.filter(({ parameter }) => frozen.has(parameter.name));
  const kept = stayed.map(({ parameter, stored }) => ({
    parameter,
    state: stored === null ? ('missing' as const) : (entries.get(parameter.name) as Held).state,
  }));
  const moved = stayed.flatMap(({ parameter }) => (entries.get(parameter.name) as Held | undefined)?.moved ?? []);
  const missing = stayed.flatMap(({ parameter: { name }, stored, reason }) =>
    stored === null ? [{ name, reason }] : [],
  );
  const free = pairs.filter(({ parameter, stored }) => stored !== null && !frozen.has(parameter.name));
  const groups = movedGroups(
    free.map(({ parameter }) => ({ parameter, movement: (entries.get(parameter.name) as Free).movement })),
    cuts,
  );
  const rounded = kept.filter(({ state }) => state === 'rounded').length;
  return {
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
