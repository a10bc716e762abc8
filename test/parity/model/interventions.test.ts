/**
 * Interventions against their independent implementation in PyTorch, against each other, and branches against full
 * runs.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { decodeAll } from '../../../src/engine/models/generate.js';
import type { Intervention, Prefilled } from '../../../src/engine/models/state.js';
import type { Model, RunOptions } from '../../../src/engine/models/model.js';
import type { ProcessedPrompt } from '../../../src/engine/models/processor/processor.js';
import {
  distance,
  floats,
  FOLDER,
  type ModelExpectation,
  openStored,
  promptOf,
  readExpectations,
  type StoredIntervention,
} from './expectations.js';

const TOLERANCE = 1e-3;
const { models, stopTokens, newTokens } = readExpectations();
const LAYERS = 4;
const allLayers = Array.from({ length: LAYERS }, (_, layer) => layer);

async function resolve(stored: readonly StoredIntervention[], source: Prefilled | undefined): Promise<Intervention[]> {
  return Promise.all(
    stored.map(async ({ at, what }): Promise<Intervention> => {
      if (what.kind === 'swap')
        return { at, what: { kind: 'swap', mode: what.mode, source: { prefilled: source!, row: 0 } } };
      if (what.kind === 'stitch')
        return {
          at,
          what: { kind: 'stitch', checkpoint: await openCheckpoint(path.join(FOLDER, 'checkpoints', what.checkpoint)) },
        };
      return { at, what };
    }),
  );
}

async function answer(model: Model, prompt: ProcessedPrompt, prefilled: Prefilled): Promise<number[]> {
  const [found] = await decodeAll(model, prefilled, [{ prompt: 0, inputIds: prompt.inputIds }], {
    maxNewTokens: newTokens,
    stopTokens,
  });
  return found!.tokenIds;
}

/** The pair's prompts, and the source's states. */
async function pairOf(
  model: Model,
  expected: ModelExpectation,
  index: number,
): Promise<{ prompt: ProcessedPrompt; source: Prefilled | undefined }> {
  const { prompt, source } = expected.pairs![index]!;
  return {
    prompt: promptOf(model, prompt),
    source: source ? await model.prefill([promptOf(model, source)], { capture: { hidden: allLayers } }) : undefined,
  };
}

describe('interventions', () => {
  for (const [name, expected] of Object.entries(models)) {
    if (!expected.interventions) continue;
    describe(name, () => {
      let model: Model;
      beforeAll(async () => (model = await openStored(name)));
      afterAll(() => model.close());

      it('do what they do in PyTorch', async () => {
        for (const [index, stored] of expected.interventions!.entries()) {
          const { prompt, source } = await pairOf(model, expected, stored.pair);
          const prefilled = await model.prefill([prompt], {
            interventions: await resolve(stored.interventions, source),
          });
          const what = `${index}: ${JSON.stringify(stored.interventions)}`;
          const far = distance(prefilled.logits, floats(stored.logits));
          assert.ok(far < TOLERANCE, `${what}: logits are ${far} away`);
          // With two logits as close as rounding, either token is right.
          if (stored.gap > 2 * TOLERANCE) assert.deepEqual(await answer(model, prompt, prefilled), stored.tokens, what);
        }
      });

      it('change something', async () => {
        const { prompt, source } = await pairOf(model, expected, 0);
        const untouched = await model.prefill([prompt]);
        for (const { interventions, pair } of expected.interventions!) {
          if (pair !== 0) continue;
          const { logits } = await model.prefill([prompt], { interventions: await resolve(interventions, source) });
          assert.ok(distance(logits, untouched.logits) > 1e-2, JSON.stringify(interventions));
        }
      });

      if (expected.pairs![0]!.source === null) return;

      it('swapping hidden states at a layer equals swapping keys and values from it on', async () => {
        // One image: with text between two, the later one sees that text as the target made it, or as the source did.
        const { prompt, source } = await pairOf(model, expected, 0);
        assert.equal(prompt.images.length, 1);
        for (const at of allLayers) {
          const run = (mode: 'hidden' | 'from') =>
            model.prefill([prompt], {
              interventions: [{ at, what: { kind: 'swap', mode, source: { prefilled: source!, row: 0 } } }],
            });
          const [hidden, from] = [await run('hidden'), await run('from')];
          assert.ok(distance(hidden.logits, from.logits) < 1e-4, `layer ${at}`);
          assert.deepEqual(await answer(model, prompt, hidden), await answer(model, prompt, from));
        }
      });

      it('differ from row to row of one batch as in batches of one', async () => {
        const [first, second] = [await pairOf(model, expected, 0), await pairOf(model, expected, 1)];
        const swap = (at: number, mode: 'hidden' | 'from' | 'only', source: Prefilled, row: number): Intervention => ({
          at,
          what: { kind: 'swap', mode, source: { prefilled: source, row: 0 } },
          rows: [row],
        });
        const prompts = [first.prompt, second.prompt, first.prompt, second.prompt, first.prompt];
        const interventions: Intervention[] = [
          swap(1, 'hidden', first.source!, 0),
          swap(2, 'from', second.source!, 1),
          swap(0, 'only', first.source!, 2),
          { at: 2, what: { kind: 'skip', part: 'layer' }, rows: [3] },
          { at: 3, what: { kind: 'skip', part: 'attention' }, rows: [3, 4] },
          { at: 1, what: { kind: 'noise', tokens: 'visual', scale: 0.4, seed: 3 }, rows: [4] },
        ];
        const together = await model.prefill(prompts, { interventions });
        const answers = await decodeAll(
          model,
          together,
          prompts.map(({ inputIds }, prompt) => ({ prompt, inputIds })),
          { maxNewTokens: newTokens, stopTokens },
        );
        const { vocabulary } = model.spec.language;
        for (const [row, prompt] of prompts.entries()) {
          const own = interventions.filter(({ rows }) => rows!.includes(row)).map(({ at, what }) => ({ at, what }));
          const exclusive = await model.prefill([prompt], { interventions: own });
          assert.ok(
            distance(together.logits.subarray(row * vocabulary, (row + 1) * vocabulary), exclusive.logits) < TOLERANCE,
            `row ${row}`,
          );
          assert.deepEqual(answers[row]!.tokenIds, await answer(model, prompt, exclusive), `row ${row}`);
        }
      });

      it('give the same from a branch as from the start, at any depth, in one batch', async () => {
        const pairs = [await pairOf(model, expected, 0), await pairOf(model, expected, 1)];
        const base = await model.prefill(
          pairs.map(({ prompt }) => prompt),
          { capture: { hidden: allLayers } },
        );
        const modes = ['hidden', 'from', 'only', 'noise', 'skip'] as const;
        const branches = allLayers.flatMap((from) =>
          pairs.flatMap(({ source }, row) =>
            modes.map((mode) => {
              const what: Intervention['what'] =
                mode === 'skip'
                  ? { kind: 'skip', part: 'layer' }
                  : mode === 'noise'
                    ? { kind: 'noise', tokens: 'visual', scale: 0.5, seed: 9 }
                    : { kind: 'swap', mode, source: { prefilled: source!, row: 0 } };
              return { prefilled: base, row, from, mode, interventions: [{ at: from, what }] };
            }),
          ),
        );
        // Decoding the base must not change what branches read.
        await decodeAll(
          model,
          base,
          pairs.map(({ prompt: { inputIds } }, prompt) => ({ prompt, inputIds })),
          { maxNewTokens: newTokens, stopTokens: [] },
        );
        const { vocabulary } = model.spec.language;
        for (const chosen of [branches, ...modes.map((mode) => branches.filter((branch) => branch.mode === mode))]) {
          const branched = await model.branch(chosen);
          const answers = await decodeAll(
            model,
            branched,
            chosen.map(({ row }, prompt) => ({ prompt, inputIds: pairs[row]!.prompt.inputIds })),
            { maxNewTokens: newTokens, stopTokens },
          );
          for (const [index, { row, interventions }] of chosen.entries()) {
            const options: RunOptions = { interventions };
            const whole = await model.prefill([pairs[row]!.prompt], options);
            const far = distance(branched.logits.subarray(index * vocabulary, (index + 1) * vocabulary), whole.logits);
            assert.ok(far < TOLERANCE, `branch ${index} (${chosen[index]!.mode} at ${chosen[index]!.from}): ${far}`);
            assert.deepEqual(
              answers[index]!.tokenIds,
              await answer(model, pairs[row]!.prompt, whole),
              `branch ${index}`,
            );
          }
        }
      });
    });
  }
});
