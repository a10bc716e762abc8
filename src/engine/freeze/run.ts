/**
 * Trains the runs of an experiment on this machine, one after the other. The trainer keeps the state: a run that was
 * stopped
 * continues from its last checkpoint, and a finished one is not trained again.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '../calls.js';
import { said, shown } from '../checkpoint/failure.js';
import { FrankensteinError, throwIfCancelled } from '../errors.js';
import { changedSince, type Experiment, openExperiment } from './experiment.js';
import { type Held, refuseHeldElsewhere, whileHeld } from './lock.js';
import type { PlannedRun } from './plan.js';
import { environmentOf, installSteps, lookAtPython, pythonOf, type PythonState } from './python.js';
import { MODEL_VARIABLE, RESULT } from './trainers/trainer.js';

export interface RunRequest {
  /** Folder of the experiment, or its plan's file. */
  experiment: string;
  /** The interpreter; found when left out (`python.ts`). */
  python?: string | undefined;
  /** Names of runs; all when left out. */
  only?: readonly string[] | undefined;
}

/** A line that the trainer, or pip, writes. */
export interface RunProgress {
  /** Empty while packages are installed. */
  run: string;
  line: string;
}

export interface RunResult {
  runs: { run: string; state: 'trained' | 'finished before' }[];
}

/**
 * What a run of the experiment would use, before anything is started.
 * @throws `in-use` where it is being trained already; as `openExperiment` and `lookAtPython`
 */
export async function inspectTraining(
  { experiment, python }: RunRequest,
  { signal }: CallContext<never> = {},
): Promise<PythonState> {
  const opened = await openExperiment(experiment, signal);
  await refuseHeldElsewhere(opened.folder);
  return lookAtPython(opened, python, signal);
}

/**
 * Makes a virtual environment beside the plan and installs what the trainer needs.
 * @throws `unavailable` where pip fails, `disk-full`, `in-use`, `cancelled`
 */
export async function installTraining(
  { experiment: given, python }: RunRequest,
  context: CallContext<RunProgress> = {},
): Promise<PythonState> {
  const experiment = await openExperiment(given, context.signal);
  return whileHeld(experiment.folder, () => install(experiment, python, context));
}

async function install(
  experiment: Experiment,
  python: string | undefined,
  { signal, progress }: CallContext<RunProgress>,
): Promise<PythonState> {
  const state = await lookAtPython(experiment, python, signal);
  for (const [program, ...args] of installSteps(experiment, state.python)) {
    const { code, tail } = await execute(
      { program: program!, args, cwd: experiment.folder, log: path.join(experiment.folder, 'install.log'), env: {} },
      { signal, progress: (line) => progress?.({ run: '', line }), started: () => undefined },
    );
    if (code !== 0)
      throw new FrankensteinError(
        isDiskFull(tail) ? 'disk-full' : 'unavailable',
        `${[program, ...args].join(' ')} failed: ${said(tail.trim().split('\n').at(-1) ?? `code ${code}`)}`,
      );
  }
  return lookAtPython(experiment, pythonOf(environmentOf(experiment)), signal);
}

/**
 * @throws `not-found` for a run that is not in the plan, and without Python or packages; `unsupported` where the plan
 * needs CUDA and there is none; `in-use` where the experiment is being trained already;
 * `changed` where its scripts were written by another plan; `disk-full`; `mismatch` where
 * the trainer would have trained other parameters than planned; `cancelled`
 */
export async function trainRuns(request: RunRequest, context: CallContext<RunProgress> = {}): Promise<RunResult> {
  const { signal } = context;
  const experiment = await openExperiment(request.experiment, signal);
  const { plan, folder } = experiment;
  const stray = request.only?.find((name) => !plan.runs.some((run) => run.name === name));
  if (stray !== undefined)
    throw new FrankensteinError(
      'not-found',
      `The plan has no run "${stray}"; there are ${plan.runs.map(({ name }) => name).join(', ')}.`,
    );
  const changed = await changedSince(folder, plan.settings, signal);
  if (changed.length > 0)
    throw new FrankensteinError(
      'changed',
      `The plan says otherwise than the launch scripts beside it (${changed.join(', ')}): write it anew with ` +
        `"frankenstein freeze plan", or take the change back.`,
    );
  return whileHeld(folder, async (held) => {
    const state = await lookAtPython(experiment, request.python, signal);
    refuseUnready(state);
    const result: RunResult = { runs: [] };
    for (const run of plan.runs) {
      throwIfCancelled(signal);
      if (request.only !== undefined && !request.only.includes(run.name)) continue;
      const isFinished =
        run.result !== null || (await exists(path.join(folder, 'runs', run.name, RESULT, 'finished.json')));
      if (!isFinished) await train(experiment, run, state.python, held, context);
      result.runs.push({ run: run.name, state: isFinished ? 'finished before' : 'trained' });
    }
    return result;
  });
}

/** One run, to its end. */
async function train(
  experiment: Experiment,
  run: PlannedRun,
  python: string,
  held: Held,
  { signal, progress }: CallContext<RunProgress>,
): Promise<void> {
  await checkRoom(experiment, run);
  const log = path.join(experiment.folder, 'runs', run.name, 'log.txt');
  const { code, tail } = await execute(
    {
      program: 'bash',
      args: [path.join('runs', run.name, 'launch.sh')],
      cwd: experiment.folder,
      log,
      env: { PYTHON: python, PYTHONUNBUFFERED: '1', [MODEL_VARIABLE]: experiment.model.path },
    },
    { signal, progress: (line) => progress?.({ run: run.name, line }), started: (pid) => held.trains(pid) },
  );
  if (code !== 0) throw failureOf(run, code, tail, log);
}

/** `trl 1.16.0 (it has 0.9.0)` */
function lackText({ name, wanted, found }: PythonState['lacking'][number]): string {
  return [name, wanted, found === null ? null : `(it has ${found})`].filter((part) => part !== null).join(' ');
}

/** @throws one sentence with the way out */
function refuseUnready({ python, lacking, cuda, install }: PythonState): void {
  if (lacking.length > 0)
    throw new FrankensteinError(
      'not-found',
      `${shown(python)} lacks ${lacking.map(lackText).join(', ')}. This installs it beside the plan: ${install}`,
    );
  if (cuda === false)
    throw new FrankensteinError(
      'unsupported',
      `The plan trains on CUDA, and torch finds no such device here: run it where there is one, or ` +
        `plan with --device cpu.`,
    );
}

/** Bytes per parameter: weights in float32, and two moments of AdamW. */
const [WEIGHT, MOMENTS] = [4, 8];

/** A checkpoint and the result must fit: a trainer that runs out of room leaves half a checkpoint. */
async function checkRoom({ folder, plan }: Experiment, run: PlannedRun): Promise<void> {
  const trained = run.adapters?.parameters ?? run.trains.parameters;
  const saved = run.adapters?.parameters ?? plan.model.total.parameters;
  const needed = 2 * saved * WEIGHT + trained * MOMENTS;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed)
    throw new FrankensteinError(
      'disk-full',
      `The run ${run.name} needs about ${(needed / 1e9).toFixed(1)} GB for a checkpoint and its ` +
        `result; ${shown(folder)} has ${((bavail * bsize) / 1e9).toFixed(1)} GB left.`,
    );
}

/** Bytes of output that are kept to say what went wrong. */
const TAIL = 64 * 1024;
/** Milliseconds between asking a trainer to end and ending it. */
const GRACE = 10_000;

/** Runs a program in its own process group, with its output in a log and line by line to `progress`. */
async function execute(
  of: { program: string; args: readonly string[]; cwd: string; log: string; env: NodeJS.ProcessEnv },
  {
    signal,
    progress,
    started,
  }: {
    signal?: AbortSignal | undefined;
    progress: (line: string) => void;
    started: (pid: number) => void;
  },
): Promise<{ code: number; tail: string }> {
  throwIfCancelled(signal);
  const child = spawn(of.program, of.args, {
    cwd: of.cwd,
    env: { ...process.env, ...of.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  if (child.pid !== undefined) started(child.pid);
  const log = createWriteStream(of.log, { flags: 'a' });
  log.on('error', () => undefined); // a full disk: the trainer will say so itself
  let [tail, partial] = ['', ''];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      tail = (tail + text).slice(-TAIL);
      const lines = (partial + text).split(/[\r\n]+/);
      partial = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') progress(line);
    });
  const end = (how: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, how);
      else child.kill(how);
    } catch {
      // already gone
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const cancel = () => {
    end('SIGTERM');
    killer = setTimeout(() => end('SIGKILL'), GRACE);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(
          new FrankensteinError(
            'not-found',
            error.code === 'ENOENT' ? `There is no ${of.program} here, which starts the run.` : said(error),
            { cause: error },
          ),
        ),
      );
      child.on('close', (status) => resolve(status ?? 1));
    });
    throwIfCancelled(signal);
    return { code, tail };
  } finally {
    clearTimeout(killer);
    signal?.removeEventListener('abort', cancel);
    end('SIGKILL'); // whatever it left behind
    log.end();
  }
}

function isDiskFull(tail: string): boolean {
  return /No space left on device|ENOSPC|Disk quota exceeded/i.test(tail);
}

/** What the trainer's last lines say, in one sentence. */
function failureOf({ name }: PlannedRun, code: number, tail: string, log: string): FrankensteinError {
  const where = `All of it is in ${shown(log)}.`;
  const planned = /^freeze: (.*)$/gm;
  const refusal = [...tail.matchAll(planned)].map(([, line]) => line!).find((line) => !line.endsWith('as planned.'));
  if (refusal !== undefined)
    return new FrankensteinError('mismatch', `The run ${name} ended before its first step: ${said(refusal)} ${where}`);
  if (isDiskFull(tail))
    return new FrankensteinError(
      'disk-full',
      `The disk became full while ${name} was trained. Make room and run it again: it continues from ` +
        `its last whole checkpoint. ${where}`,
    );
  if (/CUDA out of memory|OutOfMemoryError/.test(tail))
    return new FrankensteinError(
      'bad-request',
      `${name} ran out of GPU memory: plan fewer prompts, shorter completions or --method lora, or use ` +
        `more GPUs. ${where}`,
    );
  const last = telling(tail.trim().split(/[\r\n]+/));
  return new FrankensteinError(
    'bad-request',
    `The training of ${name} ended with code ` +
      `${code}${last === undefined || last === '' ? '.' : `: ${said(last)}`} ${where}`,
  );
}

/**
 * What Python raised first; launchers and progress bars write more after it. The last line where nothing was raised.
 */
function telling(lines: readonly string[]): string | undefined {
  return lines.find((line) => /^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit): ./.test(line)) ?? lines.at(-1);
}

/** Whether the file is there and holds something. */
async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}
