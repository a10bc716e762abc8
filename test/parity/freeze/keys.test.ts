// Every setting that a launch script gives its trainer is one that the trainer's package knows (keys.json, by
// make_keys.py).
// EasyR1 is in no registry: its settings are those of the commit that a plan names.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { beforeAll, describe, it } from 'vitest';
import { parse } from 'yaml';
import { planFreeze } from '../../../src/engine/freeze/plan.js';
import { FreezeSchema, type TrainerName } from '../../../src/engine/freeze/schema.js';
import { TRAINER_LIST } from '../../../src/engine/freeze/trainers/list.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint.js';

const stored = JSON.parse(readFileSync(path.resolve('test/parity/freeze/keys.json'), 'utf8')) as Record<
  string,
  string[]
>;
const IN = path.resolve('samples/lineage/in');
let model: Checkpoint;
beforeAll(async () => {
  model = await openCheckpoint(IN);
});

/** Files of a frozen run. */
async function filesOf(trainer: TrainerName, method: 'full' | 'lora'): Promise<Record<string, string>> {
  const plan = await planFreeze(
    v.parse(FreezeSchema, {
      model: IN,
      data: 'x',
      trainer,
      method,
      runs: { control: {}, early: { freeze: ['early'] } },
    }),
    model,
  );
  return TRAINER_LIST[trainer].files(plan.runs[1]!, plan, '../in');
}

const unknown = (trainer: string, keys: readonly string[]) => {
  assert.ok(keys.length > 10, `${keys.length} settings`);
  const known = new Set(stored[trainer]);
  return keys.filter((key) => !known.has(key));
};

describe('the settings of a launch script', () => {
  for (const method of ['full', 'lora'] as const) {
    it(`are known to TRL, ${method}`, async () => {
      const script = (await filesOf('trl', method))['train.py']!;
      const config = /args=GRPOConfig\(([\s\S]*?)\n {8}\)/.exec(script)![1]!;
      assert.deepEqual(
        unknown(
          'trl',
          [...config.matchAll(/^ {12}(\w+)=/gm)].map(([, key]) => key!),
        ),
        [],
      );
    });
    it(`are known to ms-swift, ${method}`, async () => {
      const script = (await filesOf('ms-swift', method))['launch.sh']!;
      assert.deepEqual(
        unknown(
          'ms-swift',
          [...script.matchAll(/--(\w+) /g)].map(([, key]) => key!),
        ),
        [],
      );
    });
    it(`are known to Axolotl, ${method}`, async () => {
      const config = parse((await filesOf('axolotl', method))['config.yaml']!) as Record<string, unknown>;
      const keys = [...Object.keys(config), ...Object.keys(config['trl'] as object)];
      assert.deepEqual(unknown('axolotl', keys), []);
    });
    it(`are known to verl, ${method}`, async () => {
      const script = (await filesOf('verl', method))['launch.sh']!;
      const keys = [...script.matchAll(/(?:^|[ '])([a-z_]+(?:\.[a-z_]+)+)=/gm)].map(([, key]) => key!);
      assert.deepEqual(unknown('verl', keys), []);
    });
    it(`are known to EasyR1, ${method}`, async () => {
      const script = (await filesOf('easyr1', method))['launch.sh']!;
      const keys = [...script.matchAll(/(?:^|[ '])([a-z_]+(?:\.[a-z_]+)+)=/gm)].map(([, key]) => key!);
      assert.deepEqual(unknown('easyr1', keys), []);
    });
  }
});
