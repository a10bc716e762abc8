/** The answers to a question as a result holds them, one or several per checkpoint. */
import { type EvaluatedQuestion, type Setting, SETTINGS } from './result.js';

/** The answers in a setting: `[checkpoint][answer]`. */
export function textsOf(question: EvaluatedQuestion, setting: Setting): string[][] {
  return question.sampled?.[setting]?.answers ?? question.answers[setting]!.map((text) => [text]);
}

/** The verdicts on those. */
export function rightOf(question: EvaluatedQuestion, setting: Setting): boolean[][] {
  return question.sampled?.[setting]?.right ?? question.right[setting]!.map((right) => [right]);
}

export function settingsIn(question: EvaluatedQuestion): Setting[] {
  return SETTINGS.filter((setting) => question.answers[setting] !== undefined);
}
