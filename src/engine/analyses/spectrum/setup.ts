/** What a request means: its stages, its matrices, how each is taken. No weight is read yet. */
import type { CallContext } from '../../calls.js';
import type { Checkpoint, Dtype, Tensor } from '../../checkpoint/checkpoint.js';
import { quoted, said, thousands } from '../../checkpoint/failure.js';
import type { AlignedTensor, MissingTensor } from '../../lineage/align.js';
import { openStages } from '../../lineage/stages.js';
import { FrankensteinError } from '../../errors.js';
import { LimitError } from '../../runtime/bounded.js';
import { DEFAULT_MEMORY } from '../../runtime/budget.js';
import { firstMatches } from '../../runtime/matching.js';
import { EXACT_LIMIT, exactOperations, fastOperations, operationsOf } from './cost.js';
import { factorsOf, totalRank } from './lowRank.js';
import type { MatrixSource } from './matrix.js';
import { type Part, partsOf, wholeOf } from './parts.js';
import type { SpectrumRequest } from './request.js';
import type { SpectrumMode } from './result.js';

/** One matrix in neighbouring stages: the unit of work, and a line of the journal. */
export interface Matrix {
  /** Canonical. */
  name: string;
  part: Part;
  /** First of the stages that hold it. */
  from: number;
  tensors: Tensor[];
  mode: SpectrumMode;
  /** Rank of the factors, where every update is known as a product of two (an adapter's) or is zero; null else. */
  rank: number | null;
  /** Why it cannot be taken, known before it is read. */
  skipped: string | null;
}

export interface SpectrumSetup {
  labels: string[];
  checkpoints: Checkpoint[];
  mode: SpectrumMode;
  filter: string | null;
  /** The tensors that are looked at, in the order in which the stages list them. */
  tensors: AlignedTensor[];
  matrices: Matrix[];
  missing: MissingTensor[];
}

/**
 * Opens the stages and lists the matrices. Throws `bad-request` for what does not fit together, and what opening
 * throws.
 */
export async function setUp(request: SpectrumRequest, context: CallContext): Promise<SpectrumSetup> {
  checkFilter(request.filter);
  const { labels, checkpoints, alignment } = await openStages(request, context);
  const weights = alignment.tensors.filter(({ segments }) =>
    segments.some(({ stored }) => stored[0]!.shape.length >= 2),
  );
  const chosen = await namesMatching(
    request.filter,
    [...weights, ...alignment.missing].map(({ name }) => name),
    context.signal,
  );
  const tensors = weights.filter(({ name }) => chosen.has(name));
  if (tensors.length === 0) {
    throw new FrankensteinError(
      'bad-request',
      request.filter === undefined
        ? 'There is no matrix to take a spectrum of: all tensors that the stages share are vectors.'
        : `No weight has a name that matches ${quoted(request.filter)}, out of ` +
            `${thousands(weights.length)}; names are such as ${quoted(weights[0]?.name ?? '')}.`,
    );
  }
  const aligned = new Map(alignment.tensors.map((tensor) => [tensor.name, tensor]));
  const all = tensors.flatMap((tensor) => matricesOf(tensor, checkpoints, aligned));
  const mode = request.mode ?? (exactOperationsOf(all) <= EXACT_LIMIT ? 'exact' : 'fast');
  const refined = refinedOf(request.refine ?? [], all);
  const memory = request.memory ?? DEFAULT_MEMORY;
  const matrices = all.map((matrix): Matrix => ({
    ...matrix,
    mode: mode === 'exact' || refined.has(matrix) || isExactQuicker(matrix, memory) ? 'exact' : 'fast',
  }));
  return {
    labels,
    checkpoints,
    mode,
    filter: request.filter ?? null,
    tensors,
    matrices,
    missing: alignment.missing.filter(
      ({ name, shapes }) => chosen.has(name) && shapes.some((shape) => shape !== null && shape.length >= 2),
    ),
  };
}

/** @throws `bad-request` for a filter that is no regular expression */
function checkFilter(filter: string | undefined): void {
  try {
    new RegExp(filter ?? '');
  } catch (error) {
    throw new FrankensteinError(
      'bad-request',
      `The filter ${quoted(filter!)} is no regular expression: ` +
        `${said((error as Error).message.replace(/^.*\/[a-z]*: /s, ''))}`,
      { cause: error },
    );
  }
}

/** The names that the filter finds; all of them without one. */
async function namesMatching(
  filter: string | undefined,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  if (filter === undefined) return new Set(names);
  try {
    const sentence = () => `The filter ${quoted(filter)} takes too long to be tried.`;
    const found = await firstMatches([filter], names, sentence, signal);
    return new Set(names.filter((_, index) => found[index]! >= 0));
  } catch (error) {
    if (error instanceof LimitError) throw new FrankensteinError('bad-request', error.message, { cause: error });
    throw error;
  }
}

/** Rounding, and with it every floor, exists for these only. */
const FLOATS: ReadonlySet<Dtype> = new Set(['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2']);

export type Candidate = Omit<Matrix, 'mode'>;

/** The matrices of a tensor in its runs of stages: whole ones first, then their parts. */
export function matricesOf(
  { name, segments }: AlignedTensor,
  checkpoints: readonly Checkpoint[],
  aligned: ReadonlyMap<string, AlignedTensor>,
): Candidate[] {
  return segments.flatMap(({ from, stored }): Candidate[] => {
    const [{ shape }] = stored as [Tensor];
    if (shape.length < 2) return [];
    const { config, tensors } = checkpoints[from]!;
    const integer = stored.find(({ dtype }) => !FLOATS.has(dtype));
    // A quantised tensor is named once, not part by part.
    if (integer !== undefined)
      return [
        {
          name,
          part: wholeOf(shape),
          from,
          tensors: stored,
          rank: null,
          skipped: `It is stored as ${integer.dtype}: whole numbers stand for weights only together with their scales.`,
        },
      ];
    const parts = partsOf({
      name,
      shape,
      config,
      shapeOf: (other) => (aligned.get(other)?.stored[from] ?? tensors.get(other))?.shape,
    });
    return parts.map((part) => ({
      name,
      part,
      from,
      tensors: stored,
      rank: factoredRank(part, stored),
      skipped: part.rows * part.columns === 0 ? `It is empty: ${part.rows} × ${part.columns}.` : null,
    }));
  });
}

/** The updates of a matrix. */
export function sourcesOf({
  part: { rows, columns, first, rowStride, columnStride },
  tensors,
}: Pick<Matrix, 'part' | 'tensors'>): MatrixSource[] {
  const lies = { first, rowStride, columnStride };
  return tensors.slice(1).map((after, index) => ({
    rows,
    columns,
    before: { tensor: tensors[index]!, ...lies },
    after: { tensor: after, ...lies },
  }));
}

/** The largest of its updates; null where one is not known as factors. */
function factoredRank(part: Part, tensors: Tensor[]): number | null {
  const ranks = sourcesOf({ part, tensors })
    .map((source) => factorsOf(source))
    .map((terms) => (terms === undefined ? null : totalRank(terms)));
  return ranks.includes(null) ? null : Math.max(...(ranks as number[]));
}

/** Updates of a matrix. */
export function pairsOf({ tensors }: Pick<Matrix, 'tensors'>): number {
  return tensors.length - 1;
}

function exactOperationsOf(matrices: readonly Candidate[]): number {
  return matrices.reduce(
    (sum, matrix) => sum + (matrix.skipped === null ? operationsOf(matrix, 'exact', pairsOf(matrix)) : 0),
    0,
  );
}

/**
 * Whether all values cost no more than an estimate of them: where Δ is small, or the memory does not hold it and a
 * single update is asked for.
 */
function isExactQuicker(matrix: Candidate, memory: number): boolean {
  const {
    part: { rows, columns },
    rank,
  } = matrix;
  const estimate = fastOperations(rows, columns, pairsOf(matrix) > 1 ? Infinity : memory);
  return rank !== null || exactOperations(rows, columns) <= estimate;
}

/** `name` with all its parts, or `name#part`. Throws `bad-request` for what there is not. */
function refinedOf(refine: readonly string[], matrices: readonly Candidate[]): Set<Candidate> {
  const refined = new Set<Candidate>();
  for (const wanted of refine) {
    const found = matrices.filter(
      ({ name, part: { part } }) => wanted === name || (part !== null && wanted === `${name}#${part}`),
    );
    if (found.length === 0)
      throw new FrankensteinError('bad-request', `There is no matrix ${quoted(wanted)} to refine.`);
    for (const matrix of found) refined.add(matrix);
  }
  return refined;
}
