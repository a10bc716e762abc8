/** Damaged inputs, read by the engine in a child process that is replaced when one hangs or kills it. */
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Answer } from './child.js';
import { type Limits, watchLimits } from './watched.js';

const LIMITS: Limits = { seconds: 20, megabytes: 1500 };

export class InProcess {
  private child: ChildProcess | undefined;

  /** @param folder for the inputs; removed by `stop` */
  constructor(private readonly folder: string) {}

  /** @returns the outcome, or what is wrong */
  async read(kind: string, seed: number): Promise<Pick<Answer, 'outcome' | 'failure'>> {
    this.child ??= fork(path.resolve('dist-test/campaign/child.cjs'), [this.folder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps'],
    });
    const { child } = this;
    let said = '';
    const listen = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000));
    child.stderr?.on('data', listen);
    let why = '';
    const unwatch = watchLimits(child.pid!, LIMITS, (what) => {
      why = what;
      child.kill('SIGKILL');
    });
    try {
      return await new Promise((resolve) => {
        child.once('message', resolve as (answer: unknown) => void);
        child.once('exit', (code, signal) => {
          this.child = undefined;
          resolve({ failure: why || `ended the process (${signal ?? code}): ${said.trim()}` });
        });
        child.send({ kind, seed });
      });
    } finally {
      unwatch();
      child.removeAllListeners();
      child.stderr?.off('data', listen);
    }
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
