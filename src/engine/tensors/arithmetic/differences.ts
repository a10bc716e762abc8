/**
 * Methods that add sparse differences to the base: task arithmetic, TIES, DARE, DELLA, Breadcrumbs. They are one method
 * with two choices: which differences are kept, and whether models vote on the sign. Source: mergekit's generalized
 * task arithmetic and the papers in `methods/papers.ts`.
 */
import { FrankensteinError } from '../../errors.js';
import { uniforms } from './random.js';
import {
  argsort,
  countTies,
  magnitudes,
  type Ranked,
  RankSearch,
  type RankWindow,
  selectWindow,
  TIE_STRIDE,
  topOf,
  windowOf,
} from './select.js';
import { type Block, type Kernel, type MergeTask, numberOf, othersOf, type Parameters, type Passes } from './task.js';

/** Which differences are kept. */
type Sparsity = 'none' | 'magnitude' | 'outliers' | 'random' | 'ranked';

/** What is kept of one model's differences. */
type Kept =
  | { kind: 'all' }
  | { kind: 'none' }
  | { kind: 'window'; window: RankWindow; factor: number }
  | { kind: 'random'; density: number; factor: number }
  | { kind: 'ranked'; density: number; epsilon: number; factor: number };

/** One per model that is not the base. */
type State = readonly Kept[];

/** Sums of magnitudes below this are nothing to scale by. */
const NOTHING = 1e-7;

/** Whether element `index` of the model `ordinal` (0-based) among the others is kept. */
type Mask = (ordinal: number, index: number) => boolean;

/** @param mask stands in for the random numbers: tests give the masks that mergekit drew. */
export function differences(sparsity: Sparsity, election: boolean, mask?: Mask): Kernel<State> {
  return {
    unit: (task) => {
      if (sparsity === 'ranked') return ranking(task).count * ranking(task).stride;
      return sparsity === 'magnitude' || sparsity === 'outliers' ? TIE_STRIDE : 1;
    },
    async prepare(task, passes) {
      const kept = await findWindows(sparsity, task, passes);
      return task.shared['rescale'] === true ? findFactors(task, kept, passes, mask) : kept;
    },
    merge(task, state, block, first) {
      const others = othersOf(task);
      const base = block[task.base!]!;
      const weights = others.map((input) => numberOf(task.models[input], 'weight'));
      const deltas = others.map((input, ordinal) => {
        const delta = differenceOf(block, task.base!, input);
        const sparse = sparsify(delta, state[ordinal]!, task, ordinal, first, mask);
        for (let index = 0; index < sparse.length; index++) sparse[index]! *= weights[ordinal]!;
        return sparse;
      });
      const lambda = numberOf(task.shared, 'lambda');
      const normalize = task.shared['normalize'] === true;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const result = new Float64Array(base.length);
      for (let index = 0; index < result.length; index++) {
        let sum = 0;
        for (const delta of deltas) sum += delta[index]!;
        let divisor = total;
        if (election) {
          const positive = sum >= 0;
          [sum, divisor] = [0, 0];
          for (let ordinal = 0; ordinal < deltas.length; ordinal++) {
            const value = deltas[ordinal]![index]!;
            // A zero has no sign, and agrees with nothing.
            if (positive ? value > 0 : value < 0) {
              sum += value;
              divisor += weights[ordinal]!;
            }
          }
          if (divisor === 0) divisor = 1;
        } else if (Math.abs(divisor) < 1e-8) divisor = 1;
        if (normalize) sum /= divisor;
        result[index] = base[index]! + lambda * sum;
      }
      return result;
    },
  };
}

/** Why these chances are none, without a full stop; undefined when they are. */
export function chancesRefusal(model: Parameters): string | undefined {
  const [density, epsilon] = [numberOf(model, 'density'), numberOf(model, 'epsilon')];
  return density > 0 && density < 1 && (density + epsilon >= 1 || density - epsilon <= 0)
    ? `DELLA keeps differences with chances from density − epsilon to density + epsilon, and ${density} ` +
        `± ${epsilon} leaves the range between 0 and 1`
    : undefined;
}

/** What is kept of a model's differences, as far as it follows from the parameters alone. */
function keptOf(sparsity: Sparsity, { models, size }: MergeTask, input: number): Kept | { kind: 'to find' } {
  const density = numberOf(models[input], 'density');
  if (sparsity === 'none' || density >= 1) return { kind: 'all' };
  switch (sparsity) {
    case 'random':
      return { kind: 'random', density, factor: 1 };
    case 'ranked': {
      if (density <= 0) return { kind: 'none' };
      const epsilon = numberOf(models[input], 'epsilon');
      const refusal = chancesRefusal(models[input]!);
      if (refusal !== undefined) throw new FrankensteinError('bad-request', `${refusal}.`);
      return { kind: 'ranked', density, epsilon, factor: 1 };
    }
    case 'magnitude':
      return density <= 0 || size === 0 ? { kind: 'none' } : { kind: 'to find' };
    case 'outliers':
      return Math.floor(density * size) === 0 ? { kind: 'none' } : { kind: 'to find' };
  }
}

/** The windows of the differences that are kept by their rank. */
async function findWindows(sparsity: Sparsity, task: MergeTask, passes: Passes): Promise<Kept[]> {
  const others = othersOf(task);
  const kept = others.map((input) => keptOf(sparsity, task, input));
  const searches = kept.flatMap((one, ordinal) => {
    if (one.kind !== 'to find') return [];
    const [low, end] = rankRange(sparsity, task, others[ordinal]!);
    return [{ ordinal, low, end, search: new RankSearch([low, end - 1], 32) }];
  });
  const each = (visit: (ordinal: number, keys: Float32Array, first: number) => void) =>
    passes((block, first) => {
      for (const { ordinal } of searches)
        visit(ordinal, magnitudes(differenceOf(block, task.base!, others[ordinal]!)), first);
    });
  const found = new Map<number, RankWindow>();
  if (searches.length > 0) {
    const searchOf = new Map(searches.map(({ ordinal, search }) => [ordinal, search]));
    while (!searches[0]!.search.done) {
      await each((ordinal, keys) => searchOf.get(ordinal)!.add(keys));
      for (const { search } of searches) search.next();
    }
    for (const { ordinal, low, end, search } of searches) {
      const [lowest, highest] = search.results() as [Ranked, Ranked];
      found.set(
        ordinal,
        sparsity === 'magnitude'
          ? topOf(end - low, lowest, task.size)
          : windowOf(low, end, [lowest, highest], task.size),
      );
    }
    await each((ordinal, keys, first) => countTies(found.get(ordinal)!, keys, first));
  }
  return kept.map((one, ordinal) =>
    one.kind === 'to find' ? { kind: 'window', window: found.get(ordinal)!, factor: 1 } : one,
  );
}

/** Ranks that are kept, ascending, the end exclusive. */
function rankRange(sparsity: Sparsity, { models, size }: MergeTask, input: number): [low: number, end: number] {
  const density = numberOf(models[input], 'density');
  if (sparsity === 'magnitude') return [size - Math.max(1, Math.floor(density * size)), size];
  const target = Math.floor(density * size);
  // Fewer outliers go where that many would leave less than the density asks for.
  const low = Math.max(0, size - target - Math.floor(numberOf(models[input], 'gamma') * size));
  return [low, low + target];
}

/** Scales what is kept to the sum of magnitudes of all the differences. */
async function findFactors(
  task: MergeTask,
  kept: readonly Kept[],
  passes: Passes,
  mask: Mask | undefined,
): Promise<Kept[]> {
  const others = othersOf(task);
  const sums = kept.map(() => ({ before: 0, after: 0 }));
  if (kept.some(isPartial)) {
    await passes((block, first) => {
      kept.forEach((one, ordinal) => {
        if (!isPartial(one)) return;
        const delta = differenceOf(block, task.base!, others[ordinal]!);
        sums[ordinal]!.before += sumOfMagnitudes(delta);
        sums[ordinal]!.after += sumOfMagnitudes(sparsify(delta, one, task, ordinal, first, mask));
      });
    });
  }
  return kept.map((one, ordinal) => {
    const { before, after } = sums[ordinal]!;
    return isPartial(one) && before >= NOTHING && after >= NOTHING ? { ...one, factor: before / after } : one;
  });
}

function isPartial(kept: Kept): kept is Exclude<Kept, { kind: 'all' | 'none' }> {
  return kept.kind !== 'all' && kept.kind !== 'none';
}

/** The differences that are kept, scaled; zero elsewhere. `delta` is used up. */
function sparsify(
  delta: Float64Array,
  kept: Kept,
  task: MergeTask,
  ordinal: number,
  first: number,
  mask: Mask | undefined,
): Float64Array {
  if (kept.kind === 'all') return delta;
  if (kept.kind === 'none') return delta.fill(0);
  const { factor } = kept;
  if (kept.kind === 'window') {
    const result = new Float64Array(delta.length);
    selectWindow(kept.window, magnitudes(delta), first, (index) => (result[index] = factor * delta[index]!));
    return result;
  }
  const uniform = uniforms(`${task.stream}/${ordinal}`);
  const chances = kept.kind === 'ranked' ? chancesByRank(delta, kept, task) : undefined;
  for (let index = 0; index < delta.length; index++) {
    const keep = mask?.(ordinal, first + index) ?? uniform(first + index) < (chances?.[index] ?? kept.density);
    delta[index] = keep ? factor * delta[index]! : 0;
  }
  return delta;
}

/**
 * The chance of each element to be kept: from density − ε for the smallest of its group to density + ε for the
 * largest.
 */
function chancesByRank(
  delta: Float64Array,
  { density, epsilon }: { density: number; epsilon: number },
  task: MergeTask,
): Float64Array {
  const chances = new Float64Array(delta.length);
  const { count, stride } = ranking(task);
  const group = new Float64Array(count);
  for (let slice = 0; slice < delta.length; slice += count * stride) {
    for (let offset = 0; offset < stride; offset++) {
      for (let index = 0; index < count; index++) group[index] = delta[slice + offset + index * stride]!;
      argsort(group).forEach((index, rank) => {
        // A group of one has no ranks: it is kept with the density itself.
        const position = count > 1 ? rank / (count - 1) : 0.5;
        chances[slice + offset + index * stride] = density - epsilon + 2 * epsilon * position;
      });
    }
  }
  return chances;
}

/** Elements are ranked along the second dimension, `stride` apart; those of a vector among each other. */
function ranking({ shape, size }: MergeTask): { count: number; stride: number } {
  if (shape.length < 2) return { count: Math.max(1, size), stride: 1 };
  return {
    count: Math.max(1, shape[1]!),
    stride: Math.max(
      1,
      shape.slice(2).reduce((product, dimension) => product * dimension, 1),
    ),
  };
}

function differenceOf(block: Block, base: number, input: number): Float64Array {
  const [origin, values] = [block[base]!, block[input]!];
  const result = new Float64Array(values.length);
  for (let index = 0; index < result.length; index++) result[index] = values[index]! - origin[index]!;
  return result;
}

function sumOfMagnitudes(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum;
}
