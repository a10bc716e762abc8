/** From right and wrong answers to abilities, with intervals and paired tests (method.md §5). */
import { pairedDifference } from '../../statistics/paired.js';
import { compareSampled, type Counted, countedFor, countedIn, meanOfRight } from './sampled.js';
import { ABILITIES, type Accuracy, type Comparison, type EvaluatedQuestion, type Score, SETTINGS } from './result.js';
import type { AbilityName, Role } from './request.js';
import { holm, mcnemar, wilson } from '../../statistics/statistics.js';

type Judged = Pick<EvaluatedQuestion, 'set' | 'right' | 'counts' | 'sampled'>;

/**
 * Whether a question counts for each of the abilities, per checkpoint; without those whose settings it was not put in.
 */
export function countsOf(
  { image, black, described, text }: EvaluatedQuestion['right'],
  abilities: readonly AbilityName[],
): EvaluatedQuestion['counts'] {
  const all: Record<AbilityName, boolean[] | undefined> = {
    vis: image && black && image.map((right, checkpoint) => right && !black[checkpoint]!),
    v2r: image && described && image.map((right, checkpoint) => right && described[checkpoint]!),
    rea: text,
    accuracy: image ?? text,
  };
  return Object.fromEntries(abilities.flatMap((ability) => (all[ability] ? [[ability, all[ability]]] : [])));
}

/** Flags of the questions that an ability is measured on: `[checkpoint][question]`. Empty where there are none. */
function flagsOf(ability: AbilityName, questions: readonly Judged[], checkpoints: number): boolean[][] {
  const rows = questions.flatMap(({ counts }) => (counts[ability] ? [counts[ability]] : []));
  return rows.length === 0
    ? []
    : Array.from({ length: checkpoints }, (_, checkpoint) => rows.map((row) => row[checkpoint]!));
}

/** Every ability that the sets allow, per checkpoint. */
export function scoresOf(questions: readonly Judged[], checkpoints: number, seed = 0): Score[] {
  return ABILITIES.flatMap((ability): Score[] => {
    const counted = countedOf(ability, questions, checkpoints);
    if (counted !== undefined)
      return counted.map((own, checkpoint) => ({ ability, checkpoint, ...meanOfRight(own, seed) }));
    return flagsOf(ability, questions, checkpoints).map((flags, checkpoint): Score => ({
      ability,
      checkpoint,
      ...fraction(flags),
    }));
  });
}

/** Right answers of questions that have several, `[checkpoint][question]`; undefined where they have one each. */
function countedOf(ability: AbilityName, questions: readonly Judged[], checkpoints: number): Counted[][] | undefined {
  const rows = questions.flatMap((question) => {
    const counted = countedFor(ability, question);
    return counted === undefined ? [] : [counted];
  });
  return rows.length === 0
    ? undefined
    : Array.from({ length: checkpoints }, (_, checkpoint) => rows.map((row) => row[checkpoint]!));
}

/** Plain accuracy per set and setting. */
export function accuraciesOf(
  questions: readonly Judged[],
  sets: readonly string[],
  checkpoints: number,
  seed = 0,
): Accuracy[] {
  return sets.flatMap((name) =>
    SETTINGS.flatMap((setting) => {
      const own = questions.filter(({ set, right }) => set === name && right[setting] !== undefined);
      if (own.length === 0) return [];
      const rows = own.map(({ right }) => right[setting]!);
      const counted = own.flatMap((question) => {
        const found = countedIn(setting, question);
        return found === undefined ? [] : [found];
      });
      return Array.from({ length: checkpoints }, (_, checkpoint): Accuracy => ({
        checkpoint,
        set: name,
        setting,
        ...(counted.length > 0
          ? meanOfRight(
              counted.map((row) => row[checkpoint]!),
              seed,
            )
          : fraction(rows.map((row) => row[checkpoint]!))),
      }));
    }),
  );
}

/**
 * Each checkpoint against IN and against RL; without those roles, against the first.
 * @param roles per checkpoint.
 */
export function comparisonsOf(questions: readonly Judged[], roles: readonly (Role | null)[], seed = 0): Comparison[] {
  const named = roles.flatMap((role, index) => (role === 'in' || role === 'rl' ? [index] : []));
  const references = named.length > 0 ? named : [0];
  return ABILITIES.flatMap((ability) => {
    const flags = flagsOf(ability, questions, roles.length);
    if (flags.length === 0) return [];
    const counted = countedOf(ability, questions, roles.length);
    return references.flatMap((against) => {
      // Two references are compared once: the later with the earlier.
      const others = roles
        .map((_, checkpoint) => checkpoint)
        .filter((checkpoint) => checkpoint !== against && !(checkpoint < against && references.includes(checkpoint)));
      return adjust(
        others.map((checkpoint) => ({
          ...compare(ability, checkpoint, against, flags),
          ...(counted && compareSampled(counted[against]!, counted[checkpoint]!, seed)),
        })),
      );
    });
  });
}

function compare(
  ability: AbilityName,
  checkpoint: number,
  against: number,
  flags: readonly boolean[][],
): Omit<Comparison, 'adjusted'> {
  const [before, after] = [flags[against]!, flags[checkpoint]!];
  const { lost: tf, won: ft, p, exact } = mcnemar(before, after);
  const tt = before.filter((right, index) => right && after[index]!).length;
  const ff = before.length - tt - tf - ft;
  return {
    ability,
    checkpoint,
    against,
    n: before.length,
    ...pairedDifference(before, after),
    tt,
    tf,
    ft,
    ff,
    sideEffect: tt + tf === 0 ? null : tf / (tt + tf),
    lift: ff + ft === 0 ? null : ft / (ff + ft),
    p,
    exact,
  };
}

function adjust(comparisons: readonly Omit<Comparison, 'adjusted'>[]): Comparison[] {
  const adjusted = holm(comparisons.map(({ p }) => p));
  return comparisons.map((comparison, index) => ({ ...comparison, adjusted: adjusted[index]! }));
}

function fraction(flags: readonly boolean[]): { n: number; hits: number; value: number; low: number; high: number } {
  const count = flags.filter(Boolean).length;
  return {
    n: flags.length,
    hits: count,
    value: flags.length === 0 ? 0 : count / flags.length,
    ...wilson(count, flags.length),
  };
}
