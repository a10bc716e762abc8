/** A text file that differs between two stages. */

export interface FileDifference {
  /** File name inside the checkpoint folder. */
  file: string;
  /** Between stage `from` and `from + 1`. */
  from: number;
  kind: 'changed' | 'added' | 'removed';
  /** For JSON files: dotted keys whose values differ, at most 50. */
  keys: string[];
}
