/** Answers per depth, in the order of the job's depths. */
export interface SwapOutcome {
  kind: 'swap';
  source: 'same-grid' | 'resized';
  /** What a pixel of the source file is in the coordinates of an answer's boxes, by column and row. */
  boxScale: [number, number];
  baseline: string;
  sourceAnswer: string;
  answers: string[];
}
