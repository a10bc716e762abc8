/** `frankenstein training` as a person runs it: once, into files, and again whenever something new was logged. */
import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import type { TrainingReading } from '../../../src/engine/training/result.js';
import { scratch, swiftLines, write } from '../training/support.js';
import { run, start } from './cli.js';

let folder: string;
const log = () => path.join(folder, 'runs/mid/output/logging.jsonl');
beforeAll(async () => {
  folder = await scratch();
  await write(folder, { 'runs/mid/output/logging.jsonl': swiftLines([[1, { reward: 0.25, own: 3 }]]) });
});

describe('frankenstein training', () => {
  it('shows the last values of every run, and what was read', async () => {
    const { code, stdout, stderr } = await run(['training', folder]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^last value +mid\nstep +1\nReward +0\.250\n/);
    assert.match(stdout, /1 other series; --csv and --json have them all\./);
    assert.ok(stdout.includes(log()));
  });

  it('writes JSON and CSV', async () => {
    const file = path.join(folder, 'series.csv');
    const { code, stdout } = await run(['training', folder, '--json', '-', '--csv', file]);
    assert.equal(code, 0);
    const reading = JSON.parse(stdout) as TrainingReading;
    assert.deepEqual([reading.schema, reading.runs[0]!.series[0]!.points], [1, [[1, 0.25]]]);
    assert.equal(
      await readFile(file, 'utf8'),
      'run,series,source,step,value,before_restart\nmid,reward,reward,1,0.25,0\nmid,own,own,1,3,0\n',
    );
  });

  it('ends with a sentence where there is nothing to read', async () => {
    const { code, stderr } = await run(['training', path.join(folder, 'nowhere')]);
    assert.equal(code, 3);
    assert.match(stderr, /^frankenstein: .*nowhere does not exist\.\n$/);
  });

  it('with --watch prints a line per change, until it is interrupted', async () => {
    const { child, finished } = start(['training', folder, '--json', '-', '--watch']);
    const lines: string[] = [];
    let rest = '';
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => reject(new Error(`it ended after ${lines.length} lines`)));
      child.stdout!.on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop()!;
        lines.push(...parts);
        if (lines.length === 1) void appendFile(log(), swiftLines([[2, { reward: 0.5 }]]));
        if (lines.length === 2) resolve();
      });
    });
    child.kill('SIGINT');
    const { code } = await finished;
    assert.equal(code, 130);
    const [first, second] = lines.map((line) => JSON.parse(line) as TrainingReading);
    assert.deepEqual([first!.runs[0]!.lastStep, second!.runs[0]!.lastStep], [1, 2]);
  });
});
