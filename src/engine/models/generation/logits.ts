/**
 * What a checkpoint's generation settings do to logits before a token is chosen: transformers' processors, in its
 * order.
 */

/** Plain data, with undefined for what a checkpoint does not set. */
export interface LogitsRules {
  /** A sequence's last token gains its bias where the tokens before it have just been written. */
  sequenceBias?: readonly Biased[] | undefined;
  /** Above 1, tokens of the prompt are made likelier. */
  encoderRepetitionPenalty?: number | undefined;
  /** Logits of tokens that are there already are divided by this when positive, multiplied when negative. */
  repetitionPenalty?: number | undefined;
  /** No stretch of so many tokens is written twice, prompt included. */
  noRepeatNgramSize?: number | undefined;
  /** No stretch of so many tokens is copied from the prompt. */
  encoderNoRepeatNgramSize?: number | undefined;
  badWords?: readonly (readonly number[])[] | undefined;
  /** Tokens before which an answer does not end: prompt and answer together, or of the answer. */
  minLength?: number | undefined;
  minNewTokens?: number | undefined;
  /** After a prompt of a single token. */
  forcedFirst?: number | undefined;
  /** As the last token of an answer that goes to its limit. */
  forcedLast?: readonly number[] | undefined;
  removeInvalid?: boolean | undefined;
  /** From so many new tokens on, the end becomes likelier by this factor to the power of the tokens since. */
  decay?: readonly [start: number, factor: number] | undefined;
  suppressed?: readonly number[] | undefined;
  suppressedFirst?: readonly number[] | undefined;
}

export interface Biased {
  tokens: readonly number[];
  bias: number;
}

export interface AnswerLimits {
  stopTokens: readonly number[];
  maxNewTokens: number;
}

/** Largest magnitude of fp32. */
const LARGEST = 3.4028234663852886e38;

/** The rules over one row: its tokens so far, and what they do to its next logits. */
export class LogitsEditor {
  private readonly tokens: number[];
  private readonly promptTokens: ReadonlySet<number>;
  private readonly seen: Set<number>;
  private readonly biases: readonly Biased[];
  private readonly bans: readonly Biased[];

  /** @param prompt its token ids, placeholders of images repeated as the model sees them. */
  constructor(
    private readonly rules: LogitsRules,
    private readonly prompt: Int32Array,
    private readonly limits: AnswerLimits,
  ) {
    this.tokens = [...prompt];
    this.promptTokens = new Set(prompt);
    this.seen = new Set(prompt);
    this.biases = distinct(rules.sequenceBias ?? []);
    // The end cannot be a bad word.
    this.bans = (rules.badWords ?? [])
      .filter((word) => word.length !== 1 || !limits.stopTokens.includes(word[0]!))
      .map((tokens) => ({ tokens, bias: -Infinity }));
  }

  /** Tells which token was chosen. */
  push(token: number): void {
    this.tokens.push(token);
    this.seen.add(token);
  }

  /** Changes the next token's logits in place. */
  apply(logits: Float32Array): void {
    const { rules, limits, tokens, prompt } = this;
    const written = tokens.length - prompt.length;
    this.addBiases(logits, this.biases);
    if (rules.encoderRepetitionPenalty !== undefined)
      penalise(logits, this.promptTokens, 1 / rules.encoderRepetitionPenalty);
    if (rules.repetitionPenalty !== undefined) penalise(logits, this.seen, rules.repetitionPenalty);
    if (rules.noRepeatNgramSize !== undefined) this.banRepeats(logits, tokens, rules.noRepeatNgramSize);
    if (rules.encoderNoRepeatNgramSize !== undefined) this.banRepeats(logits, prompt, rules.encoderNoRepeatNgramSize);
    this.addBiases(logits, this.bans);
    if (rules.minNewTokens !== undefined ? written < rules.minNewTokens : tokens.length < (rules.minLength ?? 0))
      ban(logits, limits.stopTokens);
    if (rules.forcedFirst !== undefined && tokens.length === 1) force(logits, [rules.forcedFirst]);
    if (rules.forcedLast !== undefined && written === limits.maxNewTokens - 1) force(logits, rules.forcedLast);
    if (rules.removeInvalid === true) removeInvalid(logits);
    if (rules.decay !== undefined) this.favourEnd(logits, written, rules.decay);
    if (rules.suppressed !== undefined) ban(logits, rules.suppressed);
    const first = prompt.length > 1 || rules.forcedFirst === undefined ? 0 : 1;
    if (rules.suppressedFirst !== undefined && written === first) ban(logits, rules.suppressedFirst);
  }

  private addBiases(logits: Float32Array, biases: readonly Biased[]): void {
    const sums = new Map<number, number>();
    for (const { tokens, bias } of biases) {
      const last = tokens.at(-1)!;
      if (this.endsWith(tokens.slice(0, -1))) sums.set(last, Math.fround((sums.get(last) ?? 0) + Math.fround(bias)));
    }
    for (const [id, sum] of sums) logits[id]! += sum;
  }

  private endsWith(tail: readonly number[]): boolean {
    const begin = this.tokens.length - tail.length;
    return begin >= 0 && tail.every((token, location) => this.tokens[begin + location] === token);
  }

  /** Bans what has followed the last `size` − 1 tokens anywhere in `source`. */
  private banRepeats(logits: Float32Array, source: ArrayLike<number>, size: number): void {
    const begin = this.tokens.length - (size - 1);
    if (begin < 0) return;
    for (let first = 0; first + size <= source.length; first++) {
      let location = 0;
      while (location < size - 1 && source[first + location] === this.tokens[begin + location]) location++;
      if (location === size - 1) ban(logits, [source[first + location]!]);
    }
  }

  private favourEnd(logits: Float32Array, written: number, [start, factor]: readonly [number, number]): void {
    if (written <= start) return;
    const growth = factor ** (written - start) - 1;
    for (const id of this.limits.stopTokens)
      if (Number.isFinite(logits[id])) logits[id]! += Math.fround(Math.abs(logits[id]!) * Math.fround(growth));
  }
}

/** Applies a repetition penalty in place, once per distinct token. */
export function penalise(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  for (const id of seen) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit < 0 ? logit * factor : logit / factor;
  }
}

/** Of equal sequences the last counts. */
function distinct(biases: readonly Biased[]): Biased[] {
  return [...new Map(biases.map((one) => [one.tokens.join(), one])).values()];
}

function ban(logits: Float32Array, ids: readonly number[]): void {
  for (const id of ids) if (id >= 0 && id < logits.length) logits[id] = -Infinity;
}

function force(logits: Float32Array, ids: readonly number[]): void {
  logits.fill(-Infinity);
  for (const id of ids) logits[id] = 0;
}

function removeInvalid(logits: Float32Array): void {
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    logits[id] = Number.isNaN(logit) ? 0 : Math.min(LARGEST, Math.max(-LARGEST, logit));
  }
}
