/** Damaged inputs, given to the command: its exit code, what it prints, its time and memory. */
import { rm } from 'node:fs/promises';
import { EXIT_CODES_HELP } from '../../src/cli/exit.js';
import { start } from '../unit/cli/cli.js';
import { dice } from './damage.js';
import { Damaged } from './input.js';
import { SUBJECTS } from './subjects.js';
import { type Limits, watchLimits } from './watched.js';

/** The memory is what `--memory` allows, and what the process itself takes. */
const LIMITS: Limits = { seconds: 90, megabytes: 1000 };
/** 1 is a defect of ours, 7 an engine that was killed by what it read. */
const DOCUMENTED = new Set(
  [...EXIT_CODES_HELP.matchAll(/^ +(\d+) /gm)]
    .map(([, code]) => Number(code))
    .filter((code) => code !== 1 && code !== 7),
);

/** @param folder for the input; removed. @returns what the command was and how it ended, or what is wrong with that */
export async function runCommand(folder: string, seed: number): Promise<{ outcome?: string; failure?: string }> {
  const { kind } = dice(seed).pick(SUBJECTS);
  try {
    const input = await Damaged.of(kind, folder);
    const random = await input.damage(seed);
    const args = input.subject.command(input.folder, random);
    const command = start(args);
    let why = '';
    const unwatch = watchLimits(command.child.pid!, LIMITS, (what) => {
      why = what;
      command.child.kill('SIGKILL');
    });
    const { code, signal, stdout, stderr } = await command.finished;
    unwatch();
    const shown = `${kind}: ${args.join(' ')}`;
    if (why !== '') return { failure: `${shown}: ${why}` };
    if (code === null || !DOCUMENTED.has(code))
      return { failure: `${shown}: exit code ${signal ?? code}: ${stderr.trim().slice(-600)}` };
    if ((stdout + stderr).includes('\u001b')) return { failure: `${shown}: an escape byte in its output` };
    if (code !== 0 && stderr.trim().split('\n').length > 3)
      return { failure: `${shown}: not one sentence: ${stderr.trim().slice(0, 600)}` };
    return { outcome: `${kind} ${code}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
