/** Verdicts from a file: a line of JSON for each, as a person or a program outside judged stored answers. */
import path from 'node:path';
import * as v from 'valibot';
import { quoted, shown, thousands } from '../../checkpoint/failure.js';
import { hashOf } from '../../datasets/dataFiles.js';
import { readJsonl } from '../../datasets/jsonl.js';
import { LineError } from '../../datasets/lineError.js';
import { FrankensteinError } from '../../errors.js';
import { groupedBy } from '../../numerics/groupedBy.js';
import type { Given, SecondOpinion } from './judging.js';
import type { Regrade } from './result.js';

const line = v.object({
  /** Of the question: `set/id`, as the result has it. */
  id: v.union([v.string(), v.number()]),
  right: v.boolean(),
  /** A label, or a number from 0; may be left out where there is one checkpoint. */
  checkpoint: v.optional(v.union([v.string(), v.number()])),
  /** May be left out where the question was put in one setting. */
  setting: v.optional(v.picklist(['image', 'black', 'described', 'text'])),
  /** Of several answers, from 0. */
  answer: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
});

const keyOf = (id: string, setting: string, checkpoint: number, answer: number) =>
  JSON.stringify([id, setting, checkpoint, answer]);

/**
 * @param labels of the checkpoints @throws `bad-line` with the line's number for one that is none or names an answer
 * that is not there; `bad-request` for none at all; what reading throws
 */
export async function verdictsIn(
  given: string,
  givens: readonly Given[],
  labels: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ second: SecondOpinion; facts: NonNullable<Regrade['verdicts']> }> {
  const byId = groupedBy(givens, ({ id }) => id);
  const found = new Map<string, boolean>();
  const { file } = await readJsonl(
    given,
    (object) => {
      const { key, right } = verdictOf(object, byId, labels);
      if (found.has(key)) throw new LineError('judges an answer that an earlier line judges already.');
      found.set(key, right);
      return Promise.resolve(key);
    },
    { signal },
  );
  return {
    second: ({ id, setting }, checkpoint, answer) => found.get(keyOf(id, setting, checkpoint, answer)),
    facts: { file, sha256: await hashOf(file), count: found.size },
  };
}

/** @throws LineError */
function verdictOf(
  object: unknown,
  byId: ReadonlyMap<string, readonly Given[]>,
  labels: readonly string[],
): { key: string; right: boolean } {
  const read = v.safeParse(line, object, { abortEarly: true });
  if (!read.success) {
    const [issue] = read.issues;
    const name = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
    throw new LineError(`is no verdict: "${name}" is missing or not of its kind. One is {"id": …, "right": true}.`);
  }
  const { right, answer } = read.output;
  const id = String(read.output.id);
  const own = byId.get(id);
  if (own === undefined) throw new LineError(`judges ${quoted(id.slice(0, 80))}, which the run did not ask.`);
  const setting = settingOf(read.output.setting, own);
  const checkpoint = checkpointOf(read.output.checkpoint, labels);
  const there = own.find((one) => one.setting === setting)!.texts[checkpoint]!.length;
  if (answer >= there) throw new LineError(`judges answer ${answer}, and there are ${there}, from 0.`);
  return { key: keyOf(id, setting, checkpoint, answer), right };
}

function settingOf(given: string | undefined, own: readonly Given[]): string {
  const settings = own.map((one) => one.setting as string);
  if (given === undefined && settings.length === 1) return settings[0]!;
  if (given !== undefined && settings.includes(given)) return given;
  throw new LineError(
    given === undefined
      ? `does not say in which "setting": ${settings.join(', ')}.`
      : `judges the setting "${given}", in which the question was not put; there are ${settings.join(', ')}.`,
  );
}

function checkpointOf(given: string | number | undefined, labels: readonly string[]): number {
  if (given === undefined && labels.length === 1) return 0;
  const index = typeof given === 'number' ? given : labels.indexOf(given ?? '');
  if (labels[index] !== undefined) return index;
  const listed = labels.map(shown).join(', ');
  throw new LineError(
    given === undefined
      ? `does not say which "checkpoint": ${listed}.`
      : `judges the checkpoint ${quoted(String(given).slice(0, 80))}; there are ${listed}.`,
  );
}

/** What results call a file that judged. */
export function judgeName({ file, count }: NonNullable<Regrade['verdicts']>): string {
  return `${path.basename(file)} (${thousands(count)} ${count === 1 ? 'verdict' : 'verdicts'})`;
}

/** Two judges at once would have no order. @throws `bad-request` */
export function oneJudge(hasGrader: boolean, verdicts: string | undefined, rules: string): void {
  if (hasGrader && verdicts !== undefined)
    throw new FrankensteinError('bad-request', 'A file of verdicts and a grader are two judges: give one of the two.');
  if ((hasGrader || verdicts !== undefined) && rules === 'format')
    throw new FrankensteinError(
      'bad-request',
      'The format rule judges how an answer is written, and a second judge what it says: give one of the two.',
    );
}
