/** What a file is called that says a whole experiment. */
import path from 'node:path';

const ENDING = /\.experiment\.ya?ml$/i;

export function isExperiment(file: string): boolean {
  return ENDING.test(file);
}

/** `paper` for `…/paper.experiment.yaml`. */
export function experimentName(file: string): string {
  return path.basename(file).replace(ENDING, '');
}
