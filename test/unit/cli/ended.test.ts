/** Commands that are told to end, or killed, leave no process and no half-written folder behind. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { SIGNALS } from '../../../src/cli/exit.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { enginePid, isAlive, start, type Started, TENSORS, writeHeavyPair } from './cli.js';

/** Preloaded: the engine's main thread goes round in circles once its watchdog has been started, and says so. */
const SPIN = `
const { isMainThread } = require('node:worker_threads');
if (isMainThread && /engine\\.mjs$/.test(process.argv[1]))
  process.once('worker', () => setImmediate(() => {
    require('node:fs').writeFileSync(process.env.SPINNING, String(process.pid));
    for (;;);
  }));
`;

describe.skipIf(process.platform !== 'linux')('a command that is ended', () => {
  let temporary: TemporaryFolder;
  let pair: { before: string; after: string };
  beforeAll(async () => {
    temporary = await temporaryFolder();
    const files = await writeHeavyPair(temporary.path);
    pair = { before: path.join(temporary.path, 'a'), after: path.join(temporary.path, 'b') };
    for (const stage of ['before', 'after'] as const) {
      await mkdir(pair[stage]);
      await rename(files[stage], path.join(pair[stage], 'model.safetensors'));
      await writeFile(
        path.join(pair[stage], 'config.json'),
        JSON.stringify({ model_type: 'qwen2', num_hidden_layers: TENSORS }),
      );
    }
  });
  afterAll(() => temporary?.remove());

  /** A command whose engine's main thread spins. */
  async function spinning(): Promise<{ command: Started; engine: number }> {
    const hook = path.join(temporary.path, 'spin.cjs');
    const sign = path.join(temporary.path, `spinning-${process.hrtime.bigint()}`);
    await writeFile(hook, SPIN);
    const env = { ...process.env, NODE_OPTIONS: `--require ${hook}`, SPINNING: sign };
    const command = start(['spectrum', pair.before, pair.after, '--no-runs'], { env });
    while (!(await readdir(temporary.path)).includes(path.basename(sign))) await sleep(20);
    return { command, engine: enginePid(command) };
  }

  it('takes an engine with it whose main thread spins for ever, when it is killed', async () => {
    const { command, engine } = await spinning();
    await sleep(500);
    assert.ok(isAlive(engine));
    command.child.kill('SIGKILL');
    await command.finished;
    const killed = Date.now();
    try {
      while (isAlive(engine) && Date.now() - killed < 5000) await sleep(20);
      assert.ok(!isAlive(engine), 'the engine is gone within five seconds');
    } finally {
      if (isAlive(engine)) process.kill(engine, 'SIGKILL');
    }
  });

  for (const [signal, code] of Object.entries(SIGNALS)) {
    it(`ends an engine whose main thread spins for ever by ${signal}`, async () => {
      const { command, engine } = await spinning();
      command.child.kill(signal as NodeJS.Signals);
      assert.equal((await command.finished).code, code);
      assert.ok(!isAlive(engine));
    });

    for (const times of [1, 2])
      it(`leaves nothing of a merge after ${signal}${times > 1 ? ', twice' : ''}`, async () => {
        const folder = path.join(temporary.path, `${signal}-${times}`);
        const recipe = path.join(temporary.path, `${signal}-${times}.yaml`);
        await mkdir(folder);
        await writeFile(
          recipe,
          `merge_method: linear\nmodels:\n${[pair.before, pair.after]
            .map((model) => `  - model: ${model}\n    parameters: {weight: 0.5}\n`)
            .join('')}dtype: bfloat16\n`,
        );
        const command = start(['merge', recipe, '--out', path.join(folder, 'out'), '--threads', '1']);
        while (command.child.exitCode === null && (await readdir(folder)).length === 0) await sleep(2);
        assert.match((await readdir(folder)).join(), /partial$/, 'it is being written');
        for (let time = 0; time < times; time++) {
          command.child.kill(signal as NodeJS.Signals);
          await sleep(5);
        }
        const ended = await command.finished;
        // The second may meet a process that has done all and is on its way out: a shell gives that the same code.
        const byShell = ended.signal === null ? ended.code : 128 + constants.signals[ended.signal];
        assert.equal(byShell, code, ended.stderr);
        assert.deepEqual(await readdir(folder), []);
      });
  }
});
