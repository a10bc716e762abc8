/** The schema of an evaluation's result. */
import * as v from 'valibot';
import {
  amount,
  flags,
  interval,
  maybe,
  maybes,
  model,
  perName,
  overData,
  text,
  texts,
  word,
  wordList,
} from '../declare/shape.js';
import type { AnswerType } from '../../datasets/answerType.js';
import type { AbilityName, Role } from './request.js';
import { protocolSchema } from '../declare/protocol.js';
import type { EvaluateResult, Sampled, Setting } from './result.js';

const rate = { ...interval, hits: amount, value: amount, checkpoint: amount };
export const evaluateResult: v.GenericSchema<unknown, EvaluateResult> = v.object({
  ...overData,
  protocol: v.exactOptional(protocolSchema),
  kind: v.picklist(['evaluate', 'transfer', 'sweep']),
  checkpoints: v.array(v.object({ ...model, recipe: v.nullable(text), role: v.nullable(word<Role>()) })),
  sets: v.array(v.object({ name: text, questions: amount, abilities: wordList<AbilityName>() })),
  grader: v.nullable(text),
  graderScope: v.exactOptional(v.picklist(['wrong', 'all'])),
  rules: v.exactOptional(v.picklist(['task', 'format'])),
  agreement: v.exactOptional(
    v.array(
      v.object({
        checkpoint: maybe,
        n: amount,
        questions: amount,
        bothRight: amount,
        rulesOnly: amount,
        graderOnly: amount,
        bothWrong: amount,
        observed: amount,
        kappa: maybe,
        low: maybe,
        high: maybe,
      }),
    ),
  ),
  regrade: v.exactOptional(
    v.object({
      runId: text,
      grading: amount,
      grader: v.nullable(text),
      rules: v.picklist(['task', 'format']),
      finishedAt: text,
      verdicts: v.nullable(v.object({ file: text, sha256: text, count: amount })),
      answers: amount,
      changed: amount,
    }),
  ),
  describer: v.nullable(text),
  questions: v.array(
    v.object({
      id: text,
      set: text,
      task: v.nullable(text),
      prompt: text,
      truth: text,
      answerType: word<AnswerType>(),
      choices: v.exactOptional(v.nullable(texts)),
      precision: v.exactOptional(maybe),
      image: v.nullable(text),
      images: v.exactOptional(texts),
      description: v.nullable(text),
      answers: perName<Setting, string[]>(texts),
      right: perName<Setting, boolean[]>(flags),
      counts: perName<AbilityName, boolean[]>(flags),
      regraded: v.exactOptional(texts),
      changed: v.exactOptional(texts),
      sampled: v.exactOptional(perName<Setting, Sampled>(v.object({ answers: v.array(texts), right: v.array(flags) }))),
      variantOf: v.exactOptional(text),
    }),
  ),
  scores: v.array(v.object({ ...rate, ability: word<AbilityName>() })),
  accuracies: v.array(v.object({ ...rate, set: text, setting: word<Setting>() })),
  comparisons: v.array(
    v.object({
      ...interval,
      ability: word<AbilityName>(),
      checkpoint: amount,
      against: amount,
      difference: amount,
      tt: amount,
      tf: amount,
      ft: amount,
      ff: amount,
      sideEffect: maybe,
      lift: maybe,
      p: amount,
      exact: v.boolean(),
      adjusted: amount,
    }),
  ),
  passes: v.exactOptional(
    v.array(v.object({ ...interval, ability: word<AbilityName>(), checkpoint: amount, k: amount, value: amount })),
  ),
  served: v.exactOptional(
    v.array(
      v.object({ checkpoint: amount, answers: amount, promptTokens: maybe, answerTokens: maybe, seconds: amount }),
    ),
  ),
  variants: v.exactOptional(
    v.array(
      v.object({
        of: text,
        setting: word<Setting>(),
        checkpoint: amount,
        questions: amount,
        n: amount,
        mean: amount,
        meanLow: amount,
        meanHigh: amount,
        worst: amount,
        worstLow: amount,
        worstHigh: amount,
      }),
    ),
  ),
  axis: v.nullable(v.object({ name: v.picklist(['cut', 'alpha']), values: maybes })),
});
