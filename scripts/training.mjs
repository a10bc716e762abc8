// The Python of the training suite: a virtual environment in .cache with TRL from PyPI, made once and kept.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run } from './lib.mjs';

/** As src/engine/freeze/trainers/trl.ts pins them. */
export const PACKAGES = ['trl==1.16.0', 'transformers==5.24.0', 'accelerate', 'datasets', 'pillow', 'regex', 'peft'];
/** A processor is enough, and its wheel is a tenth of the other; where the index has none, the other does. */
const TORCH = [
  ['torch==2.15.0+cpu', 'torchvision==0.29.2+cpu'],
  ['torch==2.15.0', 'torchvision==0.29.2'],
];

const windows = process.platform === 'win32';

/** @param {string} root */
export function trainingPython(root) {
  const given = process.env.FRANKENSTEIN_TRAINING_PYTHON;
  if (given) return given;
  const name = createHash('sha256')
    .update(JSON.stringify([PACKAGES, TORCH]))
    .digest('hex')
    .slice(0, 12);
  const folder = path.join(root, '.cache', 'training', name);
  return path.join(folder, ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));
}

/**
 * @param {{root: string, log: (line: string) => void, install: boolean}} options  `install`: what is missing, several
 *   gigabytes with torch
 * @returns {Promise<string>} '' where the suite can run, else why it cannot
 */
export async function setupTraining({ root, log, install }) {
  const python = trainingPython(root);
  if (process.env.FRANKENSTEIN_TRAINING_PYTHON) return '';
  const folder = path.dirname(path.dirname(python));
  const whole = path.join(folder, 'whole');
  if (fs.existsSync(whole)) return '';
  if (!install) return 'TRL is not installed; npm run test:training installs it, several gigabytes';
  const base = ['python3', 'python'].find((name) => isNewEnough(name));
  if (base === undefined) return 'there is no Python 3.10 or newer';
  log('setting up Python for the training suite');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  /** @param {string} command @param {string[]} args */
  const step = (command, args) => run(command, args, { cwd: root });
  if ((await step(base, ['-m', 'venv', folder])) !== '') return 'no virtual environment could be made';
  const pip = ['-m', 'pip', 'install', '--quiet'];
  let how = '';
  for (const torch of TORCH) if ((how = await step(python, [...pip, ...torch])) === '') break;
  if (how === '') how = await step(python, [...pip, ...PACKAGES]);
  if (how !== '') return 'pip could not install TRL and torch';
  fs.writeFileSync(whole, '');
  return '';
}

/** @param {string} python */
function isNewEnough(python) {
  try {
    execFileSync(python, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
