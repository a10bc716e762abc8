/** What one sample came out as. */
export interface AttentionOutcome {
  kind: 'attention';
  answer: string;
  /** Tokens that the mean is over; 0 when nothing was generated. */
  reasoningTokens: number;
  visualTokens: number;
  /** Per depth: what a reasoning token gives to all visual tokens, mean over heads and reasoning tokens. */
  mass: number[];
}
