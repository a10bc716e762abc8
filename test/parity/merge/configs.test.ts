/** Which configs are recipes, held to mergekit: every key of its schema with every kind of value. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';
import { parseRecipe } from '../../../src/engine/merge/recipe/parse.js';

interface Config {
  /** Key and value, as JSON. */
  what: string;
  /** Of mergekit: its schema refuses it; it passes the schema and the merge fails; a model is written. */
  verdict: 'refused' | 'fails' | 'merges';
  config: unknown;
}

const CONFIGS = JSON.parse(readFileSync(path.resolve('test/parity/merge/configs.json'), 'utf8')) as Config[];

/** The method of these configs never looks at the base, so mergekit does not notice that it has no name. */
const STRICTER: ReadonlySet<string> = new Set(['slices.0.base_model: ""']);
/** Names of checkpoints: whether there are any is seen when they are opened. */
const NAMES = /(?:model|base_model|path|lora|source|tokenizer_source): "(?:word|5)"$/;
/**
 * mergekit fails on an empty list though the parameter has no other value; a range is checked when layers are known.
 */
const LATER: ReadonlySet<string> = new Set(['models.0.parameters.weight: []']);

const errorsOf = (config: unknown) =>
  parseRecipe(JSON.stringify(config)).problems.filter(({ severity }) => severity === 'error');
const verdicts = (verdict: Config['verdict']) => CONFIGS.filter((one) => one.verdict === verdict);

describe('configs of mergekit', () => {
  it('has some of every verdict', () => {
    for (const [verdict, least] of [
      ['refused', 600],
      ['fails', 60],
      ['merges', 130],
    ] as const)
      assert.ok(verdicts(verdict).length > least, verdict);
  });

  it('accepts what mergekit merges, or names what is not supported', () => {
    for (const { what, config } of verdicts('merges')) {
      const errors = errorsOf(config);
      if (errors.length === 0 || STRICTER.has(what)) continue;
      assert.deepEqual(errors.map(({ code }) => code), ['unsupported'], `${what}: ${errors.map(({ message }) => message).join(' ')}`); // prettier-ignore
    }
  });

  it("refuses what mergekit's schema refuses", () => {
    for (const { what, config } of verdicts('refused')) assert.notDeepEqual(errorsOf(config), [], what);
  });

  it('refuses what mergekit fails on, where no file is needed to know', () => {
    for (const { what, config } of verdicts('fails'))
      if (!NAMES.test(what) && !LATER.has(what)) assert.notDeepEqual(errorsOf(config), [], what);
  });

  it('says one sentence about one wrong value', () => {
    for (const { what, config } of CONFIGS) {
      const errors = errorsOf(config);
      // Where one of two that exclude each other is wrong as well, there are two faults.
      const faults = errors.some(({ code }) => code === 'conflicting-keys') ? 2 : 1;
      assert.ok(errors.length <= faults, `${what}: ${errors.map(({ message }) => message).join(' ')}`);
    }
  });
});
