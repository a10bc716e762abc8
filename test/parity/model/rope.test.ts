/** Position settings under old, new and both keys, nested and on top, against what transformers makes of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MODEL_FAMILIES } from '../../../src/engine/families/list.js';
import { readRope, type Rope } from '../../../src/engine/models/rope.js';
import { textConfig } from '../../../src/engine/topology/model.js';
import { FOLDER, floats } from './expectations.js';

interface Case {
  name: string;
  config: Record<string, unknown>;
  /** Missing where transformers does not load or run it. */
  expected?: { type: string; frequencies: string; scale: number; axes: number[] };
  refused?: string;
}

const HEAD_DIM = 32;
/** What transformers runs and what is refused here: scalings that are not built, and settings that it quietly misreads. */
const NOT_BUILT = ['longrope', 'proportional'];
const STRICTER = [': by layer type', ': sections negative'];

function read({ config }: Case): Rope {
  const family = MODEL_FAMILIES.find(({ modelType }) => modelType === config['model_type'])!;
  return readRope(config, textConfig(config), family.language, HEAD_DIM, 'config.json');
}

describe('position settings against transformers', () => {
  const { cases } = JSON.parse(readFileSync(path.join(FOLDER, 'rope.json'), 'utf8')) as { cases: Case[] };
  const families = [...new Set(cases.map(({ name }) => name.slice(0, name.indexOf(':'))))];

  for (const family of families) {
    const own = cases.filter(({ name }) => name.startsWith(`${family}:`));

    it(`gives the same frequencies, scale and axes for every recipe of ${family}`, () => {
      for (const one of own) {
        const { name, expected } = one;
        if (expected === undefined || NOT_BUILT.includes(expected.type) || STRICTER.some((part) => name.includes(part)))
          continue;
        const { rotation, axes } = read(one);
        floats(expected.frequencies).forEach((frequency, pair) => {
          const found = rotation.inverseFrequencies[pair]!;
          assert.ok(Math.abs(found - frequency) <= 1e-6 * frequency, `${name}: pair ${pair}, ${found}, ${frequency}`);
        });
        assert.ok(Math.abs(rotation.scale - expected.scale) < 1e-12, `${name}: scale ${rotation.scale}`);
        assert.deepEqual([...axes], expected.axes, name);
      }
    });

    it(`refuses by name what transformers refuses, and scalings that are not built, for ${family}`, () => {
      for (const one of own) {
        const { name, expected } = one;
        if (expected !== undefined && NOT_BUILT.includes(expected.type))
          assert.throws(() => read(one), { code: 'unsupported', message: new RegExp(expected.type) }, name);
        else if (expected === undefined || STRICTER.some((part) => name.includes(part)))
          assert.throws(
            () => read(one),
            ({ code, message }: { code?: string; message: string }) =>
              (code === 'malformed' || code === 'unsupported') &&
              message.includes('config.json') &&
              message.includes('"'),
            `${name}: ${one.refused}`,
          );
      }
    });
  }

  it('says that sections outside the settings of the rotation have no effect', () => {
    const { config, ...rest } = cases.find(({ name }) => name === 'qwen2_5_vl: yarn')!;
    const plain = read({ config, ...rest });
    const text = { ...(config['text_config'] as object), mrope_section: [1, 1, 14] };
    for (const moved of [
      { ...config, text_config: text },
      { ...config, mrope_section: [1, 1, 14] },
    ]) {
      const { notices, axes } = read({ ...rest, config: moved });
      assert.match(notices.join(), /"mrope_section" outside its settings of the rotation; it has no effect/);
      assert.deepEqual(axes, plain.axes);
    }
  });

  it('says that settings above a text_config have no effect', () => {
    const found = (name: string) => read(cases.find((one) => one.name === `qwen2_5_vl: ${name}`)!).notices;
    assert.match(found('top linear').join(), /"rope_scaling" above its text_config; it has no effect/);
    assert.match(found('top theta').join(), /"rope_theta" above its text_config/);
    assert.deepEqual(found('top null'), []);
    assert.deepEqual(found('yarn'), []);
  });
});
