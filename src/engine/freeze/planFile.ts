/** What a plan of frozen trainings is called. */
import path from 'node:path';

export const PLAN_FILE = 'freeze.frank.yaml';

export function isPlan(file: string): boolean {
  return path.basename(file) === PLAN_FILE;
}
