// What verification finds of the sample lineage's frozen runs is what torch finds (verify.json, by make_verify.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { OUTSIDE } from '../../../src/engine/analyses/verify/request.js';
import { verifyFrozen } from '../../../src/engine/freeze/verifyExperiment.js';

interface Case {
  result: string;
  frozen: string[];
  moved: [name: string, changed: number, maxAbs: number][];
  groups: Record<
    string,
    { tensors: number; parameters: number; fro: number; floor: number; changed: number; unmoved: number }
  >;
}

const cases = JSON.parse(readFileSync(path.resolve('test/parity/freeze/verify.json'), 'utf8')) as Case[];
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

describe('verification of the sample lineage', () => {
  for (const { result, frozen, moved, groups } of cases)
    it(`${result} with ${frozen.join(' and ')} taken as frozen`, async () => {
      const { passed, runs } = await verifyFrozen({
        in: path.resolve('samples/lineage/in'),
        result: path.resolve('samples/lineage', result),
        frozen: frozen.filter((name) => !(OUTSIDE as readonly string[]).includes(name)),
        also: OUTSIDE.filter((name) => frozen.includes(name)),
      });
      const found = runs[0]!.verification!;
      assert.equal(passed, moved.length === 0);
      assert.deepEqual(
        found.moved.map(({ name, changed, maxAbs }) => [name, changed, maxAbs]).sort(),
        [...moved].sort(),
      );
      assert.deepEqual(new Set(found.groups.map(({ group }) => group)), new Set(Object.keys(groups)));
      for (const { group, tensors, parameters, fro, floor, changed, unmoved } of found.groups) {
        const expected = groups[group]!;
        assert.deepEqual({ tensors, parameters, changed, unmoved, fro, floor }, { ...expected, fro, floor });
        assert.ok(close(fro!, expected.fro) && close(floor, expected.floor), `${group}: ${fro} ${floor}`);
      }
    });
});
