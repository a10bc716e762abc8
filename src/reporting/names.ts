/** What reports call things. */
import { ABILITY_NAMES } from '../protocol/evaluationReading.js';
import type { Kind } from './source.js';

export const MEASURE_NAMES = { ...ABILITY_NAMES, accuracy: 'Accuracy' } as const;

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  compare: 'Comparison of weights',
  spectrum: 'Spectra of updates',
  trajectory: 'Trajectory of a training',
  swap: 'Visual-token swap',
  skip: 'Layer skip',
  attention: 'Attention to visual tokens',
  evaluate: 'Evaluation of abilities',
  transfer: 'Transferability test',
  sweep: 'Sweep',
  freeze: 'Answers of a freeze experiment',
  verification: 'Verification of frozen weights',
};

/** For ids and file names: letters, digits and hyphens. */
export function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'x'
  );
}
