/**
 * A slice of the campaign (`npm run campaign`): a few damaged inputs of every kind, commands, kills. Every failure
 * names its seed.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import path from 'node:path';
import { runCommand } from '../campaign/command.js';
import { InProcess } from '../campaign/inProcess.js';
import { kill } from '../campaign/kills.js';
import { SUBJECTS } from '../campaign/subjects.js';
import { temporaryFolder, type TemporaryFolder } from '../fixtures/checkpoints.js';

/** Other than the campaign's own. */
const FIRST = 1_000_001;

describe('a slice of the campaign', () => {
  let temporary: TemporaryFolder;
  let inProcess: InProcess;
  beforeAll(async () => {
    temporary = await temporaryFolder();
    inProcess = new InProcess(path.join(temporary.path, 'inputs'));
  });
  afterAll(async () => {
    await inProcess.stop();
    await temporary.remove();
  });

  const seeds = (count: number) => Array.from({ length: count }, (_, index) => FIRST + index);
  const check = (kind: string, seed: number, failure: string | undefined) =>
    assert.equal(failure, undefined, `npm run campaign -- --only ${kind} --seed ${seed}`);

  for (const { kind } of SUBJECTS) {
    it(`reads or refuses damaged inputs: ${kind}`, async () => {
      for (const seed of seeds(20)) check(kind, seed, (await inProcess.read(kind, seed)).failure);
    });
  }

  it('ends commands with a documented exit code, a sentence, and no escape byte', async () => {
    for (const seed of seeds(4))
      check('command', seed, (await runCommand(path.join(temporary.path, 'command'), seed)).failure);
  });

  it('finds equal numbers after a kill', async () => {
    for (const seed of seeds(2)) check('kill', seed, (await kill(path.join(temporary.path, 'kill'), seed)).failure);
  });
});
