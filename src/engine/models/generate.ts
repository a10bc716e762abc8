/** Answers to prompts: prefill, then one token after another, in batches that fit the memory plan. */
import { thousands } from '../checkpoint/failure.js';
import { throwIfCancelled } from '../errors.js';
import { LogitsEditor, type LogitsRules } from './generation/logits.js';
import type { Intervention, GenerationState } from './state.js';
import type { Model } from './model.js';
import { checkRoom, promptBytes, rowsAtOnce } from './plan.js';
import type { ProcessedPrompt } from './processor/processor.js';
import { randomNumbers, sample, type Sampling, topLogits } from './sampling.js';

export interface GenerateOptions {
  maxNewTokens: number;
  /** Ids after which an answer ends. */
  stopTokens: readonly number[];
  /** Greedy when left out. */
  sampling?: Sampling | undefined;
  /** What the checkpoint's generation settings do to logits. */
  rules?: LogitsRules | undefined;
  /** `rows` are indices of prompts. */
  interventions?: readonly Intervention[] | undefined;
  /** So many of the first new token's largest logits are given. */
  topLogits?: number | undefined;
  /** Told every token as soon as it is there. */
  onToken?: ((prompt: number, token: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  /** New tokens; the stop token, where there was one, is the last. */
  tokenIds: number[];
  /** What ended it. */
  ended: 'stop' | 'length';
  topLogits: [id: number, logit: number][];
}

/**
 * Generates for all prompts; longest first, so that rows of a batch are of similar length and memory is asked for
 * early.
 * @returns answers in the order of the prompts.
 * @throws as `Model.prefill`; `bad-request` when a prompt alone is more than the memory plan has room for.
 */
export async function generate(
  model: Model,
  prompts: readonly ProcessedPrompt[],
  options: GenerateOptions,
): Promise<Answer[]> {
  const answers = new Array<Answer>(prompts.length);
  const order = prompts
    .map((_, index) => index)
    .sort((a, b) => prompts[b]!.inputIds.length - prompts[a]!.inputIds.length || a - b);
  for (let done = 0; done < order.length;) {
    const longest = prompts[order[done]!]!;
    checkRoom(
      model.plan,
      promptBytes(model.spec, longest, options.maxNewTokens),
      `a prompt of ${thousands(longest.inputIds.length)} tokens`,
    );
    const rows = rowsAtOnce(model.spec, model.plan, longest.inputIds.length, options.maxNewTokens);
    const members = order.slice(done, done + rows);
    const found = await generateBatch(model, members, prompts, options);
    members.forEach((prompt, index) => (answers[prompt] = found[index]!));
    done += members.length;
  }
  return answers;
}

async function generateBatch(
  model: Model,
  members: readonly number[],
  prompts: readonly ProcessedPrompt[],
  options: GenerateOptions,
): Promise<Answer[]> {
  const interventions = options.interventions?.flatMap((intervention): Intervention[] => {
    if (intervention.rows === undefined) return [intervention];
    const rows = members.flatMap((prompt, row) => (intervention.rows!.includes(prompt) ? [row] : []));
    return rows.length > 0 ? [{ ...intervention, rows }] : [];
  });
  // Not kept in a variable: its cache may go as soon as rows leave the batch.
  return decodeAll(
    model,
    await model.prefill(
      members.map((prompt) => prompts[prompt]!),
      { interventions, signal: options.signal },
    ),
    members.map((prompt) => ({ prompt, inputIds: prompts[prompt]!.inputIds })),
    options,
  );
}

interface Row {
  answer: Answer;
  prompt: number;
  random: () => number;
  editor: LogitsEditor | undefined;
}

/**
 * Continues from logits until every row has ended. Rows that have ended leave the batch once they are a quarter of it.
 * @param members which prompt each row is, for `onToken` and the seed (unless it has one of its own), and its tokens.
 */
export async function decodeAll(
  model: Model,
  { state, logits }: { state: GenerationState; logits: Float32Array },
  members: readonly { prompt: number; inputIds: Int32Array; seed?: number }[],
  options: GenerateOptions,
): Promise<Answer[]> {
  const { vocabulary } = model.spec.language;
  const { sampling = {}, rules, stopTokens } = options;
  const rows = members.map(({ prompt, inputIds, seed }, row): Row => ({
    answer: {
      tokenIds: [],
      ended: 'length',
      topLogits: topLogits(logits.subarray(row * vocabulary, (row + 1) * vocabulary), options.topLogits ?? 0),
    },
    prompt,
    random: randomNumbers(seed ?? (sampling.seed ?? 0) + prompt),
    editor: rules && new LogitsEditor(rules, inputIds, options),
  }));
  /** Rows of the batch as it is now; ended ones are still in it. */
  let batch = rows;
  const ended = new Set<Row>();
  for (let step = 0; step < options.maxNewTokens; step++) {
    throwIfCancelled(options.signal);
    const tokens = new Int32Array(batch.length);
    batch.forEach((row, index) => {
      // An ended row goes on with a token that nobody looks at.
      if (ended.has(row)) return void (tokens[index] = row.answer.tokenIds.at(-1)!);
      const own = logits.subarray(index * vocabulary, (index + 1) * vocabulary);
      row.editor?.apply(own);
      const token = sample(own, sampling, row.random);
      tokens[index] = token;
      row.editor?.push(token);
      row.answer.tokenIds.push(token);
      if (stopTokens.includes(token)) {
        row.answer.ended = 'stop';
        ended.add(row);
      }
      options.onToken?.(row.prompt, token);
    });
    const going = batch.flatMap((row, index) => (ended.has(row) ? [] : [index]));
    if (going.length === 0 || step + 1 === options.maxNewTokens) break;
    let appended = tokens;
    if (going.length <= 0.75 * batch.length) {
      state = model.narrow(state, going);
      appended = Int32Array.from(going, (index) => tokens[index]!);
      batch = going.map((index) => batch[index]!);
    }
    ({ logits } = await model.decode(state, appended, { signal: options.signal }));
  }
  return rows.map(({ answer }) => answer);
}
