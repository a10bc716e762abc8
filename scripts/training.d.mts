export const PACKAGES: readonly string[];
export function trainingPython(root: string): string;
export function setupTraining(options: {
  root: string;
  log: (line: string) => void;
  install: boolean;
}): Promise<string>;
