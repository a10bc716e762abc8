/** Greedy answers of branches: rows that differ in where they leave the untouched prompt's states. */
import { FrankensteinError } from '../../errors.js';
import { decodeAll } from '../../models/generate.js';
import type { LogitsRules } from '../../models/generation/logits.js';
import type { Branch, Model } from '../../models/model.js';

export interface AnswerOptions {
  maxNewTokens: number;
  stopTokens: readonly number[];
  rules: LogitsRules;
  decode: (ids: readonly number[]) => string;
  /** Rows that may be decoded together. */
  rows: number;
  /** Told whenever a row has ended, by its index. */
  onEnd: (row: number) => void;
  signal: AbortSignal | undefined;
}

export interface Row {
  branch: Branch;
  /** Of the prompt. */
  inputIds: Int32Array;
}

/** The text that each row goes on with. Rows of any depth share batches. */
export async function answerRows(model: Model, rows: readonly Row[], options: AnswerOptions): Promise<string[]> {
  const { maxNewTokens, stopTokens, rules, signal } = options;
  const texts = new Array<string>(rows.length);
  const order = rows.map((_, index) => index).sort((a, b) => rows[a]!.branch.from - rows[b]!.branch.from || a - b);
  const lengths = new Map<number, number>();
  const onToken = (row: number, token: number) => {
    const length = (lengths.get(row) ?? 0) + 1;
    lengths.set(row, length);
    if (length === maxNewTokens || stopTokens.includes(token)) options.onEnd(row);
  };
  for (let first = 0; first < order.length; first += options.rows) {
    const members = order.slice(first, first + options.rows);
    const start = await model.branch(
      members.map((row) => rows[row]!.branch),
      { signal },
    );
    checkLogits(start.logits);
    const found = await decodeAll(
      model,
      start,
      members.map((row) => ({ prompt: row, inputIds: rows[row]!.inputIds })),
      { maxNewTokens, stopTokens, rules, onToken, signal },
    );
    members.forEach((row, index) => (texts[row] = options.decode(found[index]!.tokenIds)));
  }
  return texts;
}

/** Broken states are found layer by layer while a prompt is processed; what is left is the head. @throws `malformed` */
export function checkLogits(logits: Float32Array): void {
  let sum = 0;
  for (const logit of logits) sum += logit;
  if (!Number.isFinite(sum))
    throw new FrankensteinError(
      'malformed',
      "The model's logits are not finite (NaN or infinite) although all layers are: " +
        'a weight of its final norm or output head is broken.',
    );
}
