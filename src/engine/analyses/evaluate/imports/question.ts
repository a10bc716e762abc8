/** What a question is judged by, where only an answer's line says it; and whether a line is about a question of a set. */
import { trueChoice } from '../../../answers/choice.js';
import { normalised } from '../../../answers/answer.js';
import type { Question } from '../../../datasets/question.js';
import type { Judgeable } from '../judging.js';

/** Options as a list, as Python's text of one, or lettered on lines of the prompt; undefined where there are none. */
export function choicesIn(given: unknown, prompt: string): string[] | undefined {
  if (Array.isArray(given) && given.length > 1 && given.every((one) => typeof one === 'string')) return given;
  if (typeof given === 'string' && /^\[.*\]$/s.test(given.trim())) {
    const listed = [...given.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(
      ([, one, other]) => one ?? other!,
    );
    if (listed.length > 1) return listed;
  }
  const lettered = [...prompt.matchAll(/^\s*\(?([A-H])[.):]\s*(\S.*)$/gm)];
  const inOrder = lettered.every(([, letter], index) => letter === String.fromCharCode(65 + index));
  return lettered.length > 1 && inOrder ? lettered.map(([, , option]) => option!.trim()) : undefined;
}

/** The truth with its type, as it looks. */
export function answerOfText(
  answer: string,
  choices: string[] | undefined,
  prompt: string,
): Pick<Judgeable, 'answer' | 'answerType' | 'choices'> {
  if (choices !== undefined && trueChoice(answer, choices) !== undefined)
    return { answer, answerType: 'choice', choices };
  const bare = answer.trim();
  if (/^\(?[A-H]\)?$/.test(bare) && /\b[A-H][.):]/.test(prompt))
    return { answer, answerType: 'choice', choices: undefined };
  if (/^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/.test(bare))
    return { answer, answerType: 'number', choices: undefined };
  return { answer, answerType: /[\\^_={}]|\d/.test(bare) ? 'math' : 'text', choices: undefined };
}

/** Letters and digits alone: templates differ in the rest. */
const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');

/** Characters of a question that are looked for. */
const LOOKED_FOR = 200;

/** Whether a line is about this question: its longest line stands in what the line says; else the truths are the same. */
export function isAbout(
  { said, question }: { said: string; question: Pick<Judgeable, 'answer'> },
  { prompt, answer }: Pick<Question, 'prompt' | 'answer'>,
): boolean {
  if (plain(said) === '') return normalised(question.answer) === normalised(answer);
  const lines = prompt.replaceAll('<image>', '').split('\n').map(plain);
  const needle = lines.reduce((longest, line) => (line.length > longest.length ? line : longest), '');
  return plain(said).includes(needle.slice(0, LOOKED_FOR));
}
