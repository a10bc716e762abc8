/** What a run had logged before it was stopped outlives a trainer that begins its log anew. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { readTraining } from '../../training/training.js';
import { keepLog } from './trainer.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'keep-log-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const LOGS = {
  verl: { file: 'output/log.jsonl', line: (step: number) => ({ step, data: { 'critic/score/mean': step / 10 } }) },
  EasyR1: {
    file: 'output/experiment_log.jsonl',
    line: (step: number) => ({ step, reward: { overall: step / 10 }, actor: { pg_loss: 1 } }),
  },
};

describe('the log of a training that was stopped and goes on', () => {
  for (const [trainer, { file, line }] of Object.entries(LOGS))
    it(`is that of one run, with ${trainer}`, async () => {
      const run = path.join(root, 'runs', 'early');
      const start = () =>
        promisify(execFile)('bash', ['-c', ['set -euo pipefail', ...keepLog(file)].join('\n')], {
          env: { ...process.env, RUN: run },
        });
      const write = (from: number, to: number, cut = '') =>
        writeFile(
          path.join(run, file),
          Array.from({ length: to - from + 1 }, (_, at) => `${JSON.stringify(line(from + at))}\n`).join('') + cut,
        );
      await mkdir(run, { recursive: true });
      await start();
      await write(1, 7, '{"step": 8, "da');
      await start();
      await write(5, 6);
      await start();
      await write(7, 9);
      const reading = (await readTraining({ folders: [root] }))!;
      assert.deepEqual(
        reading.runs.map(({ name, lastStep }) => [name, lastStep]),
        [['early', 9]],
      );
      const steps = reading.runs[0]!.series.map(({ points }) => points.map(([step]) => step));
      for (const own of steps) assert.deepEqual(own, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.match(reading.files.map(({ problem }) => problem ?? '').join(), /not valid JSON/);
    });
});
