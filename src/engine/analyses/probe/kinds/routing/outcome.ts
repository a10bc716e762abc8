/** What one sample came out as. */
export interface RoutingOutcome {
  kind: 'routing';
  /** Of the prompt, and how many of them are visual. */
  tokens: number;
  visualTokens: number;
  /**
   * Per depth: a number of 32 bits per token (base64, little-endian) that stands for the set of its experts; tokens of
   * text first, then visual ones. Two sets that differ have the same number once in four thousand million.
   */
  sets: string[];
}
