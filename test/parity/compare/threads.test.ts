/** The same numbers, to the last bit, from any number of threads and within any memory; and from a run that goes on. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createEngine } from '../../../src/engine/engine.js';
import { temporaryFolder, type TemporaryFolder, writeSafetensors } from '../../fixtures/checkpoints.js';

describe('a comparison on several threads', () => {
  const engine = createEngine(path.resolve('dist/worker.mjs'));
  let temporary: TemporaryFolder;
  let stages: { path: string }[];
  beforeAll(async () => {
    temporary = await temporaryFolder();
    // Pieces of one tensor, whole tensors and many small ones.
    const shapes = [[1030, 4096], [200, 4096], ...Array.from({ length: 600 }, (_, index) => [index + 1])];
    stages = [];
    for (const [stage, label] of ['before', 'after'].entries()) {
      const folder = path.join(temporary.path, label);
      await mkdir(folder);
      stages.push({ path: folder });
      await writeSafetensors(
        path.join(folder, 'model.safetensors'),
        shapes.map((shape, index) => {
          // Numbers of bf16 between 0.0078 and 2, from a generator of 32 bits.
          let state = index;
          const codes = Uint16Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
            return 0x3c00 + ((state >>> 20) & 0x3ff) + stage * (state >>> 31);
          });
          const data = new Uint8Array(codes.buffer);
          return { name: `model.layers.${index}.mlp.up_proj.weight`, shape, dtype: 'BF16' as const, data };
        }),
      );
    }
  });
  afterAll(() => temporary.remove());

  it('says the same', async () => {
    const runsFolder = path.join(temporary.path, 'runs');
    const first = await engine.compare({ stages, threads: 1, runsFolder });
    for (const [threads, memory] of [
      [2, 2 ** 31],
      [3, 2 ** 29],
      [1, 180 * 2 ** 20],
    ] as const) {
      const other = await engine.compare({ stages, threads, memory });
      assert.deepEqual(other.tensors, first.tensors);
      assert.deepEqual(other.layers, first.layers);
    }
    const folder = path.join(runsFolder, 'runs', first.provenance.runId);
    const journal = path.join(folder, 'journal.jsonl');
    const lines = (await readFile(journal, 'utf8')).split('\n');
    assert.deepEqual(first.missing, []);
    assert.equal(first.tensors.length, 602);
    assert.equal(lines.filter((line) => line !== '').length, 602);
    await writeFile(journal, `${lines.slice(0, 300).join('\n')}\n${lines[300]!.slice(0, 20)}`);
    await rm(path.join(folder, 'result.json'));
    const continued = await engine.compare({ stages, threads: 2, runsFolder });
    assert.deepEqual(continued.tensors, first.tensors);
  });
});
