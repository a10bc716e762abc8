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
import type { EvaluateResult, Setting } from './result.js';

const rate = { ...interval, hits: amount, value: amount, checkpoint: amount };
export const evaluateResult: v.GenericSchema<unknown, EvaluateResult> = v.object({
  ...overData,
  kind: v.picklist(['evaluate', 'transfer', 'sweep']),
  checkpoints: v.array(v.object({ ...model, recipe: v.nullable(text), role: v.nullable(word<Role>()) })),
  sets: v.array(v.object({ name: text, questions: amount, abilities: wordList<AbilityName>() })),
  grader: v.nullable(text),
  describer: v.nullable(text),
  questions: v.array(
    v.object({
      id: text,
      set: text,
      task: v.nullable(text),
      prompt: text,
      truth: text,
      answerType: word<AnswerType>(),
      image: v.nullable(text),
      images: v.exactOptional(texts),
      description: v.nullable(text),
      answers: perName<Setting, string[]>(texts),
      right: perName<Setting, boolean[]>(flags),
      counts: perName<AbilityName, boolean[]>(flags),
      regraded: v.exactOptional(texts),
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
  axis: v.nullable(v.object({ name: v.picklist(['cut', 'alpha']), values: maybes })),
});
