/** One training of an experiment at a time: who holds it, who is gone, what is said. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { LOCK_FILE, whileHeld } from './lock.js';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'freeze-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const file = () => path.join(folder, LOCK_FILE);
const work = () => whileHeld(folder, () => Promise.resolve('done'));

/** A process that does nothing until it is ended. */
function idle(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return child;
}

function write(lock: object): Promise<void> {
  return writeFile(
    file(),
    JSON.stringify({ host: os.hostname(), since: '2026-01-02T03:04:05.000Z', trainer: null, ...lock }),
  );
}

describe('an experiment that is being trained', () => {
  it('refuses a second training, and is free once the first ends, however that ends', async () => {
    await whileHeld(folder, async () => {
      await assert.rejects(work(), { code: 'in-use', message: new RegExp(`by process ${process.pid} since 20`) });
    });
    assert.ok(!existsSync(file()));
    await assert.rejects(
      whileHeld(folder, () => Promise.reject(new Error('failed'))),
      /failed/,
    );
    assert.equal(await work(), 'done');
  });

  it('is free once its process was killed, but not while the trainer that it started lives on', async () => {
    const [holder, trainer] = [idle(), idle()];
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
    await write({ holder: { pid: holder.pid, began: null }, trainer: { pid: trainer.pid, began: null } });
    await assert.rejects(work(), {
      code: 'in-use',
      message: new RegExp(`by process ${trainer.pid}, whose starter is gone`),
    });
    const ended = once(trainer, 'exit');
    trainer.kill('SIGKILL');
    await ended;
    assert.equal(await work(), 'done');
  });

  it.skipIf(process.platform !== 'linux')('is free where the number of its process is used again', async () => {
    const other = idle();
    await write({ holder: { pid: other.pid, began: '1' } });
    assert.equal(await work(), 'done');
  });

  it('on another machine cannot be asked: the sentence says what to delete', async () => {
    await write({ host: 'elsewhere', holder: { pid: 1, began: null } });
    await assert.rejects(work(), { code: 'in-use', message: /on elsewhere since .*delete .*\.training\.lock/ });
  });

  it('of a lock that is no lock is free', async () => {
    await writeFile(file(), 'half a lo');
    assert.equal(await work(), 'done');
  });

  it('names the trainer that runs', async () => {
    const trainer = idle();
    await whileHeld(folder, async ({ trains }) => {
      trains(trainer.pid!);
      const { trainer: named } = JSON.parse(await readFile(file(), 'utf8')) as { trainer: { pid: number } };
      assert.equal(named.pid, trainer.pid);
    });
  });

  it('lets one of many in', async () => {
    await write({ holder: { pid: 2 ** 30, began: null } });
    let [inside, most] = [0, 0];
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        whileHeld(folder, async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
        }),
      ),
    );
    assert.equal(most, 1);
    assert.ok(results.some(({ status }) => status === 'fulfilled'));
  });
});
