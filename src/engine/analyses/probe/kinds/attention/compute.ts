/** Attention from reasoning tokens to visual tokens, layer by layer, while the model answers. */
import { throwIfCancelled } from '../../../../errors.js';
import { LogitsEditor } from '../../../../models/generation/logits.js';
import type { Model } from '../../../../models/model.js';
import { greedy } from '../../../../models/sampling.js';
import { checkLogits, type AnswerOptions } from '../../answers.js';
import type { AttentionOutcome } from './outcome.js';
import type { PreparedUnit } from '../../prompts.js';
import { reasoningTokens } from '../../thinking.js';

interface Answering {
  unit: number;
  tokens: number[];
  /** Per token, per depth. */
  masses: number[][];
  editor: LogitsEditor;
}

/**
 * Every answer is generated greedily, and every token of it looked at as it is fed: what it gives to the visual tokens,
 * mean over heads.
 * @param options `decode` leaves special tokens out; `decodeAll` does not.
 */
export async function attendUnits(
  model: Model,
  units: readonly PreparedUnit[],
  depths: readonly number[],
  options: Omit<AnswerOptions, 'onEnd' | 'rows'> & {
    decodeAll: (ids: readonly number[]) => string;
    onDepths: (count: number) => void;
  },
): Promise<AttentionOutcome[]> {
  const { maxNewTokens, stopTokens, signal } = options;
  const {
    vocabulary,
    layer: { heads },
  } = model.spec.language;
  const prefilled = await model.prefill(
    units.map(({ prompt }) => prompt),
    { signal },
  );
  checkLogits(prefilled.logits);
  const visual = prefilled.prompts.map((prompt) => prompt.visual);
  const answers = units.map(({ prompt }, unit): Answering => ({
    unit,
    tokens: [],
    masses: [],
    editor: new LogitsEditor(options.rules, prompt.inputIds, options),
  }));
  let going = answers;
  let { state, logits }: { state: typeof prefilled.state; logits: Float32Array } = prefilled;
  for (let step = 0; step < maxNewTokens; step++) {
    throwIfCancelled(signal);
    const kept: number[] = [];
    going.forEach((answer, row) => {
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
      answer.editor.apply(own);
      const token = greedy(own);
      if (stopTokens.includes(token)) return void options.onDepths(depths.length);
      answer.tokens.push(token);
      answer.editor.push(token);
      kept.push(row);
    });
    if (kept.length === 0) return finish();
    if (kept.length < going.length) {
      state = model.narrow(state, kept);
      going = kept.map((row) => going[row]!);
    }
    // The last token is fed too: its attention counts like the others'.
    const result = await model.decode(
      state,
      Int32Array.from(going, ({ tokens }) => tokens.at(-1)!),
      { capture: { attention: depths }, signal },
    );
    const { capacity } = state.cache;
    going.forEach((answer, row) => {
      const first = state.starts[row]!;
      answer.masses.push(
        depths.map((depth) => {
          const weights = result.attention.get(depth)!;
          let sum = 0;
          for (let head = 0; head < heads; head++)
            for (const token of visual[answer.unit]!) sum += weights[(row * heads + head) * capacity + first + token]!;
          return sum / heads;
        }),
      );
    });
    ({ logits } = result);
  }
  going.forEach(() => options.onDepths(depths.length));
  return finish();

  function finish(): AttentionOutcome[] {
    return answers.map(({ tokens, masses, unit }) => {
      const reasoning = reasoningTokens(tokens, options.decodeAll);
      return {
        kind: 'attention',
        answer: options.decode(tokens),
        reasoningTokens: reasoning.length,
        visualTokens: visual[unit]!.length,
        mass: depths.map((_, depth) =>
          reasoning.length === 0
            ? 0
            : reasoning.reduce((sum, token) => sum + masses[token]![depth]!, 0) / reasoning.length,
        ),
      };
    });
  }
}
