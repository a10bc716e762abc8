/** From answers to verdicts: what the rules say, what a second judge says, and how far the two agree. */
import { createHash } from 'node:crypto';
import type { CallContext } from '../../calls.js';
import { type Contested, judge, verdictKey } from '../../grading/grader.js';
import type { LanguageModel, LanguageModelRequest } from '../../grading/languageModel.js';
import type { Question } from '../../datasets/question.js';
import { StoredAnswers } from '../../runs/answers.js';
import { agreementOf } from '../../statistics/agreement.js';
import type { EvaluateProgress } from './request.js';
import type { EvaluatedQuestion, GraderAgreement, Setting } from './result.js';

/** What judges of an answer need to know of its question. */
export type Judgeable = Pick<Question, 'prompt' | 'answer' | 'answerType' | 'choices' | 'precision'>;

/** The answers to a question in one setting, with what the rules say of each: `[checkpoint][answer]`. */
export interface Given {
  /** Of the question: `set/id`. */
  id: string;
  setting: Setting;
  question: Judgeable;
  texts: string[][];
  byRules: boolean[][];
}

/** What another judge says of an answer; undefined where it says nothing, and the rules stand. */
export type SecondOpinion = (given: Given, checkpoint: number, answer: number) => boolean | undefined;

export interface Grading {
  grader: LanguageModelRequest;
  /** `all`: what the rules call right is judged too, and verdicts replace the rules both ways. */
  scope: 'wrong' | 'all';
  runsFolder: string | undefined;
}

/** Boxes overlap or do not: a language model has nothing to add. */
const isContestable = ({ question }: Given) => question.answerType !== 'box';

/** Every answer that the language model is shown. */
export function contestedIn(givens: readonly Given[], scope: Grading['scope']): Map<string, Contested> {
  const contested = new Map<string, Contested>();
  for (const { question, texts, byRules } of givens.filter(isContestable))
    for (const [checkpoint, answers] of texts.entries())
      for (const [answer, text] of answers.entries()) {
        if (scope === 'wrong' && byRules[checkpoint]![answer]!) continue;
        const one = { question, text };
        contested.set(verdictKey(one), one);
      }
  return contested;
}

/**
 * Verdicts of a language model. Each is kept in the folder for runs, so that the same answer is judged once.
 * @throws what the model throws; `cancelled`
 */
export async function opinionOf(
  model: LanguageModel,
  givens: readonly Given[],
  { grader, scope, runsFolder }: Grading,
  { signal, progress }: CallContext<EvaluateProgress>,
): Promise<SecondOpinion> {
  const contested = contestedIn(givens, scope);
  const stored =
    runsFolder === undefined
      ? undefined
      : await StoredAnswers.open(runsFolder, { verdicts: 1, grader: addressOf(grader) });
  try {
    const verdicts = new Map(
      [...contested.keys()].flatMap((key) =>
        stored?.texts.has(key) ? [[key, stored.texts.get(key) === 'right'] as const] : [],
      ),
    );
    const left = [...contested].filter(([key]) => !verdicts.has(key));
    let done = 0;
    await judge(
      model,
      left.map(([, one]) => one),
      async (index, right) => {
        const [key] = left[index]!;
        progress?.({
          phase: `Second opinion of ${model.name}`,
          done: ++done,
          total: left.length,
          remainingSeconds: null,
        });
        if (right === undefined) return; // no verdict: what the rules say stands
        verdicts.set(key, right);
        await stored?.add(key, right ? 'right' : 'wrong');
      },
      signal,
    );
    return (given, checkpoint, answer) =>
      isContestable(given) && (scope === 'all' || !given.byRules[checkpoint]![answer]!)
        ? verdicts.get(verdictKey({ question: given.question, text: given.texts[checkpoint]![answer]! }))
        : undefined;
  } finally {
    await stored?.close();
  }
}

/** What a model is, without its key. */
export function addressOf(request: LanguageModelRequest): object {
  return request.kind === 'endpoint' ? { url: request.url, model: request.model } : { editor: request.model };
}

/** Names an answer within its question: `setting/checkpoint`, and its number where it is not the first. */
export function markOf(setting: Setting, checkpoint: number, answer: number): string {
  return `${setting}/${checkpoint}${answer > 0 ? `/${answer}` : ''}`;
}

/** Writes answers and verdicts into a question of the result. */
export function settle(own: EvaluatedQuestion, given: Given, second: SecondOpinion | undefined): void {
  const { setting, texts, byRules } = given;
  const right = byRules.map((flags, checkpoint) =>
    flags.map((rule, answer) => {
      const verdict = second?.(given, checkpoint, answer) ?? rule;
      if (verdict !== rule) (own.regraded ??= []).push(markOf(setting, checkpoint, answer));
      return verdict;
    }),
  );
  own.answers[setting] = texts.map(([first]) => first!);
  own.right[setting] = right.map(([first]) => first!);
  if (texts[0]!.length > 1) own.sampled = { ...own.sampled, [setting]: { answers: texts, right } };
}

/** Rules and second judge over the answers that both judged: of all checkpoints together (null), then of each. */
export function agreementsOf(givens: readonly Given[], second: SecondOpinion, checkpoints: number): GraderAgreement[] {
  const pairs = givens.flatMap((given) =>
    given.byRules.flatMap((flags, checkpoint) =>
      flags.flatMap((first, answer) => {
        const verdict = second(given, checkpoint, answer);
        return verdict === undefined ? [] : [{ cluster: given.id, checkpoint, first, second: verdict }];
      }),
    ),
  );
  const all = Array.from({ length: checkpoints }, (_, index) => index);
  const of = (checkpoint: number | null): GraderAgreement => {
    const own = pairs.filter((pair) => checkpoint === null || pair.checkpoint === checkpoint);
    const { n, clusters, both, onlyFirst, onlySecond, neither, observed, kappa, low, high } = agreementOf(own);
    return {
      checkpoint,
      n,
      questions: clusters,
      bothRight: both,
      rulesOnly: onlyFirst,
      graderOnly: onlySecond,
      bothWrong: neither,
      observed,
      kappa,
      low,
      high,
    };
  };
  const groups = checkpoints > 1 ? [null, ...all] : [null];
  return groups.map(of).filter(({ n }) => n > 0);
}

/** SHA-256 over answers, hex: two runs that have the same were answered alike. */
export function answersHash(givens: readonly Given[]): string {
  const hash = createHash('sha256');
  for (const { id, setting, texts } of givens) hash.update(JSON.stringify([id, setting, texts]));
  return hash.digest('hex');
}
