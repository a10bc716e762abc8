/**
 * The order of a lineage, guessed: from what people call their checkpoints, and where names say nothing, from which
 * are close to each other (supervised training moves weights much further than reinforcement learning does).
 */
import path from 'node:path';
import { throwIfCancelled } from '../errors.js';
import { numbered, type StageRole } from './roles.js';
import { cachedSnapshot, checkpointLabel } from '../checkpoint/hub.js';

/** A distance of two checkpoints given by path; larger is further, any scale. */
export type Closeness = (a: string, b: string) => Promise<number>;

export interface GuessedOrder {
  /** Indices into the given paths, first stage first. */
  order: number[];
  /** One per stage, in that order: what people call each, its folder's name. */
  labels: string[];
  /** One per stage, in that order, where the names tell them apart; else null. */
  roles: (StageRole | null)[];
  /** A sentence for the user. */
  reason: string;
}

/** Beyond this many, all orders (n!) are too many to weigh. */
const PERMUTATION_LIMIT = 6;

/**
 * Words in names, by how late in a lineage they stand. The last word of a name that is in the table counts:
 * `R1-Coldstart` is a cold start, `Instruct-GRPO` is reinforced.
 */
const WORDS: readonly (readonly [stage: number, words: readonly string[]])[] = [
  [0, ['base', 'pt', 'pretrain', 'pretrained', 'foundation']],
  // A lineage may start from an instruct model or end its supervised stage with one.
  [1, ['instruct', 'chat', 'it']],
  [
    2,
    [
      'in',
      'sft',
      'coldstart',
      'cold',
      'cs',
      'distill',
      'distilled',
      'finetune',
      'finetuned',
      'ft',
      'instruction',
      'supervised',
    ],
  ],
  [
    3,
    [
      'rl',
      'rlvr',
      'rlhf',
      'grpo',
      'dapo',
      'gspo',
      'ppo',
      'dpo',
      'rloo',
      'reinforce',
      'reinforced',
      'zero',
      'r1',
      'rft',
    ],
  ],
];

/** A further stage of a kind. */
const AGAIN = /^(in|sft|rl|grpo|dpo)([2-9])$/;

/** Folder names that say nothing, whose parent's name counts instead. */
const MEANINGLESS =
  /^(?:actor|huggingface|hf|hf_model|model|models|final|last|latest|best|weights|merged|checkpoints?|ckpts?|snapshots?)$/i;
const STEP = /(?:^|[-_])(?:checkpoint|ckpt|global_?step|step|iter(?:ation)?|epoch)[-_]?(\d+)$/i;

interface Named {
  label: string;
  stage: number | undefined;
  /** Of several stages of a kind, which: `rl2` is the second. 1 where the name has no number. */
  nth: number;
  /** Steps trained, of a trainer's own folders. */
  step: number | undefined;
  /** What is trained, without the step: steps compare only inside one run. */
  run: string;
}

/**
 * @param paths two or more checkpoints, as the user named them.
 * @param closeness asked only when the names leave the order open.
 */
export async function guessOrder(
  paths: readonly string[],
  closeness?: Closeness,
  signal?: AbortSignal,
): Promise<GuessedOrder> {
  const named = paths.map(readName);
  const candidates =
    paths.length <= PERMUTATION_LIMIT
      ? permutations(paths.length).filter((order) => agrees(order, named))
      : [paths.map((_, index) => index).sort((a, b) => precedence(named[a]!, named[b]!) || a - b)];
  const given = paths.map((_, index) => index);
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) return describe(first, named, 'Ordered by name.');
  if (candidates.length === 0 || first === undefined)
    return describe(given, named, 'The names contradict each other; this is the order in which they were chosen.');
  if (closeness === undefined || paths.length < 3) {
    const byNames = candidates.length < permutations(paths.length).length;
    return describe(
      first,
      named,
      byNames
        ? 'Ordered by name as far as the names tell.'
        : 'The names tell no order; this is the order in which they were chosen.',
    );
  }

  const distances = new Map<string, number>();
  for (let a = 0; a < paths.length; a++) {
    for (let b = a + 1; b < paths.length; b++) {
      throwIfCancelled(signal);
      const distance = await closeness(paths[a]!, paths[b]!);
      distances.set(`${a},${b}`, distance);
    }
  }
  const between = (a: number, b: number) => distances.get(a < b ? `${a},${b}` : `${b},${a}`) ?? Infinity;
  const steps = (order: readonly number[]) => order.slice(1).map((to, index) => between(order[index]!, to));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  // The shortest way through all of them is the lineage or its reverse; of the two, the one whose first step is larger.
  const best = [...candidates].sort((left, right) => {
    const [a, b] = [steps(left), steps(right)];
    const shorter = sum(a) - sum(b);
    return Math.abs(shorter) > 1e-9 * (sum(a) + sum(b)) ? shorter : (b[0] ?? 0) - (a[0] ?? 0);
  })[0]!;
  const [from, to] = closestPair(best, between);
  return describe(
    best,
    named,
    `Ordered by how close the weights are: ${named[from]!.label} and ${named[to]!.label} are the closest pair.`,
  );
}

function closestPair(order: readonly number[], between: (a: number, b: number) => number): [number, number] {
  let closest: [number, number] = [order[0]!, order[1]!];
  for (let index = 1; index + 1 < order.length; index++) {
    if (between(order[index]!, order[index + 1]!) < between(...closest)) closest = [order[index]!, order[index + 1]!];
  }
  return closest;
}

/** Whether every checkpoint comes after those that its name puts before it. */
function agrees(order: readonly number[], named: readonly Named[]): boolean {
  return order.every((later, index) =>
    order.slice(0, index).every((earlier) => precedence(named[earlier]!, named[later]!) <= 0),
  );
}

/** Negative: `a` comes first. Zero: the names do not tell. */
function precedence(a: Named, b: Named): number {
  if (a.run === b.run && a.step !== undefined && b.step !== undefined) return a.step - b.step;
  if (a.stage === undefined || b.stage === undefined) return 0;
  return a.stage === b.stage ? a.nth - b.nth : a.stage - b.stage;
}

function describe(order: readonly number[], named: readonly Named[], reason: string): GuessedOrder {
  const inOrder = order.map((index) => named[index]!);
  return { order: [...order], labels: inOrder.map(({ label }) => label), roles: rolesIn(inOrder), reason };
}

/** The roles of the stages of a lineage, by what people call them; null where the names do not tell them apart. */
export function rolesOf(paths: readonly string[]): (StageRole | null)[] {
  return rolesIn(paths.map(readName));
}

function rolesIn(named: readonly Named[]): (StageRole | null)[] {
  const stages = named.map(({ stage }) => stage);
  const none = named.map(() => null);
  if (stages.some((stage) => stage === undefined)) return none;
  if (stages.length > 3 || named.some(({ nth }) => nth > 1)) return rolesOfMany(named);
  const roles = stages.map((stage, position): StageRole => {
    if (stage === 3) return 'rl';
    // An instruct model is where a lineage starts when a cold start follows, and its IN when a base comes before.
    return position === 0 && (stage === 0 || stages.length === 3 || stages[1] !== 3) ? 'base' : 'in';
  });
  return new Set(roles).size === roles.length && new Set(stages).size === stages.length ? roles : none;
}

/** The same for any number of stages, where each name says that it comes after the one before. */
function rolesOfMany(named: readonly Named[]): (StageRole | null)[] {
  const told = named.every(({ stage, nth }, index) => {
    const before = named[index - 1];
    return before === undefined || before.stage! < stage! || (before.stage === stage && before.nth < nth);
  });
  if (!told) return named.map(() => null);
  return numbered(
    named.map(({ stage }, position) => (stage === 3 ? 'rl' : stage! < 2 && position === 0 ? 'base' : 'in')),
  );
}

function readName(given: string): Named {
  const own = readFolderName(given);
  return /^adapter_/.test(path.basename(given)) ? { ...own, label: `${own.label} (adapter)` } : own;
}

function readFolderName(given: string): Named {
  let folder = path.resolve(given);
  if (/\.(?:json|safetensors)$/.test(folder)) {
    const file = path.basename(folder);
    // A lone weight file is named by itself, the files of a checkpoint by their folder.
    if (/^(?:config|model|adapter_model)\b/.test(file) || file.endsWith('.json')) folder = path.dirname(folder);
    else folder = folder.replace(/\.safetensors$/, '');
  }
  const cached = cachedSnapshot(folder);
  if (cached !== undefined)
    return {
      label: checkpointLabel(folder),
      ...stageOf(cached.repository),
      step: undefined,
      run: cached.repository,
    };

  let step: number | undefined;
  let at = folder;
  const parts: string[] = [];
  for (let up = 0; up < 4; up++) {
    const name = path.basename(at);
    if (name === '') break;
    const found = STEP.exec(name);
    if (found?.[1] !== undefined) step ??= Number(found[1]);
    const rest = found === null ? name : name.slice(0, found.index);
    parts.unshift(name);
    if (rest !== '' && !MEANINGLESS.test(rest)) {
      return {
        label: parts.length === 1 ? name : parts.filter((part) => !MEANINGLESS.test(part)).join('/'),
        ...stageOf(rest),
        step,
        run: path.join(path.dirname(at), rest),
      };
    }
    at = path.dirname(at);
  }
  return { label: path.basename(folder), stage: undefined, nth: 1, step, run: at };
}

function stageOf(name: string): Pick<Named, 'stage' | 'nth'> {
  const words = name
    .replace(/([a-z])([A-Z][a-z])/g, '$1 $2') // ColdStart → Cold Start
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  for (const word of words.reverse()) {
    const [, kind = word, nth = '1'] = AGAIN.exec(word) ?? [];
    const entry = WORDS.find(([, list]) => list.includes(kind));
    if (entry !== undefined) return { stage: entry[0], nth: Number(nth) };
  }
  return { stage: undefined, nth: 1 };
}

function permutations(count: number): number[][] {
  let orders: number[][] = [[]];
  for (let next = 0; next < count; next++) {
    // Appending comes first, so that the given order leads.
    orders = orders.flatMap((order) =>
      Array.from({ length: order.length + 1 }, (_, gap) => order.toSpliced(order.length - gap, 0, next)),
    );
  }
  return orders;
}
