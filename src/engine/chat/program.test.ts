/** A server that a command starts ends with everything in it, even where the process that started it is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { describe, it } from 'vitest';
import { temporaryFolder } from '../../../test/fixtures/checkpoints.js';

/** Whether it runs: who was ended and not yet waited for is still listed. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const until = async (is: () => boolean) => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.skipIf(process.platform === 'win32')('a program', () => {
  it('is gone with its children when the process that started it is killed', async () => {
    const temporary = await temporaryFolder();
    try {
      const [entry, pids] = ['main.mjs', 'pids'].map((name) => path.join(temporary.path, name)) as [string, string];
      await build({
        stdin: {
          contents:
            "import { startProgram } from './program.ts';\n" +
            'startProgram(process.argv[2], process.argv[3]);\nsetInterval(() => {}, 1000);',
          resolveDir: import.meta.dirname,
        },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile: entry,
      });
      const command = `sh -c 'sleep 1000 & echo $! $$ > "${pids}.part"; mv "${pids}.part" "${pids}"; wait'`;
      const starter = spawn(process.execPath, [entry, command, path.join(temporary.path, 'log')], { stdio: 'ignore' });
      let listed = '';
      while (listed === '') {
        listed = await readFile(pids, 'utf8').catch(() => '');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const all = listed.trim().split(' ').map(Number);
      assert.ok(all.length === 2 && all.every(runs));
      starter.kill('SIGKILL');
      await until(() => !all.some(runs));
    } finally {
      await temporary.remove();
    }
  });
});
