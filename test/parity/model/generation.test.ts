/** Greedy answers under every setting of generation_config.json, against transformers' tokens. */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { generate } from '../../../src/engine/models/generate.js';
import {
  APPLIED,
  NOT_APPLIED,
  readGenerationDefaults,
  WHEN_DRAWN,
  WITHOUT_EFFECT,
} from '../../../src/engine/models/generation/settings.js';
import { openModel } from '../../../src/engine/models/model.js';
import { FOLDER } from './expectations.js';

interface Case {
  name: string;
  where: 'generation' | 'config';
  settings: Record<string, unknown>;
  /** Per prompt; missing where transformers refuses. */
  tokens?: number[][];
  /** Per prompt, the smallest gap between the best two scores; below a rounding error either may be chosen. */
  gaps?: number[];
  refused?: string;
}

interface Stored {
  keys: string[];
  prompts: number[][];
  newTokens: number;
  cases: Case[];
}

const LEAST_GAP = 1e-4;
const MODEL = path.join(FOLDER, 'checkpoints', 'qwen2-tied');
/**
 * Transformers runs these; a number that counts tokens may not be below 0 here, nor may a sampling setting be applied.
 */
const STRICTER = ['min_new_tokens negative'];
/** Refused by transformers, where what is meant is plain: a number without a point. */
const MILDER = ['sequence_bias whole', 'repetition_penalty whole'];

describe('generation settings against transformers', () => {
  const { keys, prompts, newTokens, cases } = JSON.parse(
    readFileSync(path.join(FOLDER, 'generation.json'), 'utf8'),
  ) as Stored;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'generation-'));
    await cp(MODEL, folder, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The checkpoint with these settings. */
  async function opened({ where, settings }: Pick<Case, 'where' | 'settings'>) {
    const config = JSON.parse(await readFile(path.join(MODEL, 'config.json'), 'utf8')) as object;
    const file = path.join(folder, 'generation_config.json');
    await rm(file, { force: true });
    if (where === 'generation') await writeFile(file, JSON.stringify(settings));
    await writeFile(
      path.join(folder, 'config.json'),
      JSON.stringify(where === 'config' ? { ...config, ...settings } : config),
    );
    return openCheckpoint(folder);
  }

  const ends = ({ settings }: Case) => [(settings['eos_token_id'] ?? 1) as number | number[]].flat();
  const isBuilt = ({ settings }: Case) => !NOT_APPLIED.some((key) => key in settings && settings[key] !== 'static');
  const named = (list: string[], { name }: Case) => list.some((part) => name.startsWith(part));

  it('gives the same tokens, alone and in a batch', async () => {
    let compared = 0;
    for (const one of cases.filter((each) => each.tokens !== undefined && isBuilt(each) && !named(STRICTER, each))) {
      const checkpoint = await opened(one);
      const { rules, notices } = await readGenerationDefaults(checkpoint);
      const model = openModel(checkpoint, { threads: 1 });
      const options = { maxNewTokens: newTokens, stopTokens: ends(one), rules };
      const inputs = prompts.map((ids) => ({ inputIds: Int32Array.from(ids), images: [] }));
      const together = await generate(model, inputs, options);
      for (const [index, input] of inputs.entries()) {
        if (one.gaps![index]! < LEAST_GAP) continue;
        compared++;
        const [exclusive] = await generate(model, [input], options);
        assert.deepEqual(exclusive!.tokenIds, one.tokens![index], `${one.name}, prompt ${index}`);
        assert.deepEqual(together[index]!.tokenIds, one.tokens![index], `${one.name}, prompt ${index} in a batch`);
      }
      assert.deepEqual(notices(false, []).length, one.name.startsWith('unknown') ? 1 : 0, one.name);
      await model.close();
    }
    assert.ok(compared > 150, `only ${compared} answers were compared`);
  });

  it('refuses what transformers refuses, naming the setting and its value', async () => {
    for (const one of cases.filter((each) => (each.refused !== undefined && isBuilt(each)) || named(STRICTER, each))) {
      if (named(MILDER, one)) continue;
      const checkpoint = await opened(one);
      const key = one.name.split(/[ ,]/)[0]!;
      await assert.rejects(
        readGenerationDefaults(checkpoint),
        { code: 'malformed', message: new RegExp(`"${key}[".]`) },
        `${one.name}: ${one.refused}`,
      );
    }
  });

  it('says by name what it does not apply', async () => {
    for (const one of cases.filter((each) => !isBuilt(each))) {
      const { notices } = await readGenerationDefaults(await opened(one));
      const key = one.name.split(/[ ,]/)[0]!;
      assert.match(notices(false, []).join('\n'), new RegExp(`"${key}" to .*not applied here`), one.name);
    }
    const { notices } = await readGenerationDefaults(
      await opened({ where: 'generation', settings: { min_p: 0.1, typical_p: 1, guidance_scale: 1, stop: ['x'] } }),
    );
    assert.equal(notices(false, []).length, 1);
    assert.match(notices(false, [])[0]!, /"stop" to \["x"\], which transformers does not know/);
    assert.match(notices(true, []).join('\n'), /"min_p" to 0.1, which is not applied/);
  });

  it('says where transformers would find no end', async () => {
    const said = async (one: Pick<Case, 'where' | 'settings'>, stops: number[]) =>
      (await readGenerationDefaults(await opened(one))).notices(false, stops);
    for (const settings of [{}, { eos_token_id: null }, { repetition_penalty: 1 }])
      assert.match((await said({ where: 'generation', settings }, [3, 7]))[0]!, /"eos_token_id".* token 3 or 7,/);
    assert.match(
      (await said({ where: 'config', settings: { eos_token_id: null } }, [3]))[0]!,
      /config\.json does not set "eos_token_id"/,
    );
    for (const eos of [0, 3, [3, 7]])
      for (const where of ['generation', 'config'] as const)
        assert.deepEqual(await said({ where, settings: { eos_token_id: eos } }, [3]), []);
    assert.deepEqual(await said({ where: 'generation', settings: {} }, []), []);
  });

  it("has every key of transformers' GenerationConfig in one of its lists", () => {
    const listed = [...APPLIED, ...WITHOUT_EFFECT, ...WHEN_DRAWN, ...NOT_APPLIED];
    assert.deepEqual([...listed].sort(), [...new Set(listed)].sort());
    assert.deepEqual(
      keys.filter((key) => !listed.includes(key)),
      [],
    );
    assert.deepEqual(
      listed.filter((key) => !keys.includes(key)),
      [],
    );
  });
});
