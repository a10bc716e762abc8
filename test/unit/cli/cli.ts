/** Runs the built command (`npm run build`) as a person would. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../../fixtures/checkpoints.js';

export const CLI = path.resolve('dist/cli.cjs');

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  finished: Promise<Finished>;
}

export function start(args: readonly string[], options: SpawnOptions = {}): Started {
  return collect(spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options }));
}

/** The same through a shell: `"$@"` is the command. */
export function startShell(line: string, args: readonly string[] = [], options: SpawnOptions = {}): Started {
  return collect(
    spawn('bash', ['-c', line, 'bash', process.execPath, CLI, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    }),
  );
}

export async function run(args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  return start(args, options).finished;
}

function collect(child: ChildProcess): Started {
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (chunk: string) => (output[stream] += chunk));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, finished };
}

/** What the command says on stderr when it fails: one sentence, without a stack trace. */
export function sentenceOf({ stderr }: Finished): string {
  const lines = stderr.trim().split('\n');
  if (lines.length !== 1 || !lines[0]!.startsWith('frankenstein: ')) throw new Error(`not one sentence: ${stderr}`);
  return lines[0]!.slice('frankenstein: '.length);
}

export const TENSORS = 96;

/**
 * Two checkpoints large enough to be interrupted, cheap to make: every tensor is another window on the same numbers.
 */
export async function writeHeavyPair(root: string): Promise<{ before: string; after: string }> {
  const pair = { before: path.join(root, 'before.safetensors'), after: path.join(root, 'after.safetensors') };
  const shape = [512, 1024];
  const size = shape[0]! * shape[1]!;
  const stride = 64;
  for (const [stage, file] of [pair.before, pair.after].entries()) {
    const bits = new Uint16Array(size + TENSORS * stride);
    for (let index = 0, state = 1; index < bits.length; index++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      // Weights between 2^-7 and 2^-5 of either sign; the update moves the lowest bits of the mantissa.
      bits[index] = 0x3c00 | ((state >>> 16) & 0x80f8) | (stage * (index % 5));
    }
    await writeSafetensors(
      file,
      Array.from({ length: TENSORS }, (_, layer) => ({
        name: `model.language_model.layers.${layer}.mlp.up_proj.weight`,
        shape,
        dtype: 'BF16' as const,
        data: new Uint8Array(bits.buffer, 2 * layer * stride, 2 * size),
      })),
    );
  }
  return pair;
}

/** The same in 8 bits, of which each weight takes its time: a comparison lasts for seconds. */
export async function writeSlowPair(root: string): Promise<{ before: string; after: string }> {
  const pair = { before: path.join(root, 'before.safetensors'), after: path.join(root, 'after.safetensors') };
  const size = 1024 * 1024;
  for (const [stage, file] of [pair.before, pair.after].entries()) {
    // Weights between 1 and 2 of either sign; the update moves the lowest bit of the mantissa.
    const codes = new Uint8Array(size + TENSORS);
    for (let index = 0, state = 1; index < codes.length; index++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      codes[index] = 0x38 | ((state >>> 16) & 0x86) | (stage * (index % 2));
    }
    await writeSafetensors(
      file,
      Array.from({ length: TENSORS }, (_, layer) => ({
        name: `model.language_model.layers.${layer}.mlp.up_proj.weight`,
        shape: [1024, 1024],
        dtype: 'F8_E4M3' as const,
        data: codes.subarray(layer, layer + size),
      })),
    );
  }
  return pair;
}

/** The journal of the only run in a runs folder; empty until there is one. */
export async function readJournal(runs: string): Promise<string> {
  try {
    const [run] = readdirSync(path.join(runs, 'runs'));
    return run === undefined ? '' : await readFile(path.join(runs, 'runs', run, 'journal.jsonl'), 'utf8');
  } catch {
    return '';
  }
}

/** Waits until a run has journalled `lines` tensors, or has ended. */
export async function untilJournalled(runs: string, lines: number, { child }: Started): Promise<void> {
  while (
    child.exitCode === null &&
    child.signalCode === null &&
    (await readJournal(runs)).split('\n').length <= lines
  ) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Process id of the engine that a running command has started (Linux). */
export function enginePid({ child }: Started): number {
  for (const thread of readdirSync(`/proc/${child.pid!}/task`)) {
    const [first] = readFileSync(`/proc/${child.pid!}/task/${thread}/children`, 'utf8').trim().split(' ');
    if (first !== undefined && first !== '') return Number(first);
  }
  throw new Error('no engine process');
}

/** Whether a process still runs (Linux); one that waits to be collected by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
