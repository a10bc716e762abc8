/** What one sample came out as. */
export interface SkipOutcome {
  kind: 'skip';
  baseline: string;
  answers: string[];
}
