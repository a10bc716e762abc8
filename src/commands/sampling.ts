/** Sampling: how many answers a question gets, and how their tokens are drawn. One entry of the options. */
import type { EvaluationQuestion } from '../protocol/hostApi.js';
import { askText } from '../services/screen.js';
import type { OptionItem } from './options.js';

export type SamplingChoice = Pick<EvaluationQuestion, 'answers' | 'temperature' | 'topP' | 'topK'>;

const NAMES = { answers: 'answers', temperature: 'temperature', topP: 'top-p', topK: 'top-k' } as const;
type Key = keyof typeof NAMES;

export function samplingItem(sampling: SamplingChoice): OptionItem<'sampling'> {
  return {
    label: 'Sampling',
    icon: 'symbol-numeric',
    description: describe(sampling) || 'off: one greedy answer',
    value: 'sampling',
  };
}

/** `8 answers, temperature 0.7, top-p 0.95` */
function describe({ answers, temperature, topP, topK }: SamplingChoice): string {
  if (temperature === undefined) return '';
  return [
    `${answers ?? 1} ${answers === undefined || answers === 1 ? 'answer' : 'answers'}`,
    `temperature ${temperature}`,
    ...(topP === undefined ? [] : [`top-p ${topP}`]),
    ...(topK === undefined ? [] : [`top-k ${topK}`]),
  ].join(', ');
}

/** Changes the choice in place. */
export async function askSampling(title: string, sampling: SamplingChoice): Promise<void> {
  const text = await askText({
    title,
    prompt: 'Such as "8 answers, temperature 0.7, top-p 0.95, top-k 50"; empty for one greedy answer',
    value: describe(sampling),
    refuse: (input) => {
      const read = samplingIn(input);
      return typeof read === 'string' ? read : undefined;
    },
  });
  if (text === undefined) return;
  const read = samplingIn(text);
  if (typeof read === 'string') return;
  for (const key of Object.keys(NAMES) as Key[]) delete sampling[key];
  Object.assign(sampling, read);
}

/** The choice that a text means, or what is wrong with it. */
export function samplingIn(text: string): SamplingChoice | string {
  const choice: SamplingChoice = {};
  for (const part of text.split(/[,;]/).map((one) => one.trim().toLowerCase())) {
    if (part === '') continue;
    const [, before, word, after] = /^([\d.]+)?\s*([a-z][a-z -]*?)\s*=?\s*([\d.]+)?$/.exec(part) ?? [];
    const key = (Object.keys(NAMES) as Key[]).find(
      (one) =>
        word !== undefined && (NAMES[one] === word.replaceAll(' ', '-') || (one === 'answers' && word === 'answer')),
    );
    const value = Number(before ?? after);
    if (key === undefined || (before === undefined) === (after === undefined) || Number.isNaN(value))
      return `"${part}" is none of answers, temperature, top-p and top-k with a number.`;
    if (choice[key] !== undefined) return `${NAMES[key]} is given twice.`;
    choice[key] = value;
  }
  return refusalOf(choice) ?? choice;
}

function refusalOf({ answers, temperature, topP, topK }: SamplingChoice): string | undefined {
  const isCount = (value: number | undefined) => value === undefined || (Number.isInteger(value) && value > 0);
  if (!isCount(answers) || !isCount(topK)) return 'Answers and top-k are whole numbers above zero.';
  if (temperature !== undefined && !(temperature > 0)) return 'The temperature is a number above 0.';
  if (topP !== undefined && !(topP > 0 && topP <= 1)) return 'Top-p is above 0 and at most 1.';
  if (temperature === undefined && (answers ?? topP ?? topK) !== undefined)
    return 'Without a temperature every answer is the same: give one, such as temperature 0.7.';
  return undefined;
}
