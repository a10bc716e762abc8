/** Folders that can be read in more than one way, against what transformers runs of them. */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readElements } from '../../../src/engine/tensors/elements.js';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import { openModel } from '../../../src/engine/models/model.js';
import { temporaryFolder, type TemporaryFolder, writeSafetensors } from '../../fixtures/checkpoints.js';
import { distance, floats, FOLDER as MODELS, promptOf } from '../model/expectations.js';

interface Case {
  /** Patterns of names per file; those that fit `doubled` are stored times two. */
  files: Record<string, { names?: string; doubled?: string }>;
  /** File per pattern, of which the first that fits counts; null: not listed. */
  index?: Record<string, string | null>;
  absent?: Record<string, string>;
  config?: Record<string, unknown>;
}

const FOLDER = path.resolve('test/parity/checkpoint');
/** On logits; they reach a few tens here. */
const TOLERANCE = 1e-3;

const read = (file: string): unknown => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'));
const { inputIds, base, cases } = read('cases.json') as {
  inputIds: number[];
  base: string;
  cases: Record<string, Case>;
};
const { logits: expected } = read('expectations.json') as { logits: Record<string, string> };

let temporary: TemporaryFolder;

async function write(folder: string, { files, index, absent, config }: Case): Promise<void> {
  const source = path.join(MODELS, 'checkpoints', base);
  const tensors = [...(await openCheckpoint(source)).tensors.values()];
  await mkdir(folder, { recursive: true });
  const own = JSON.parse(await readFile(path.join(source, 'config.json'), 'utf8')) as object;
  await writeFile(path.join(folder, 'config.json'), JSON.stringify({ ...own, ...config }));
  for (const [file, { names, doubled }] of Object.entries(files)) {
    const held = tensors.filter(({ onDisk }) => new RegExp(names ?? '').test(onDisk));
    await writeSafetensors(
      path.join(folder, file),
      await Promise.all(
        held.map(async (tensor) => {
          const data = new Float64Array(tensor.size);
          await readElements(tensor, 0, data);
          const scale = doubled !== undefined && new RegExp(doubled).test(tensor.onDisk) ? 2 : 1;
          return { ...tensor, name: tensor.onDisk, data: data.map((value) => value * scale) };
        }),
      ),
    );
  }
  if (index === undefined) return;
  const listed = tensors.flatMap(({ onDisk }) => {
    const [, file] = Object.entries(index).find(([pattern]) => new RegExp(pattern).test(onDisk))!;
    return file === null ? [] : [[onDisk, file] as const];
  });
  const weightMap = { ...Object.fromEntries(listed), ...absent };
  await writeFile(path.join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

describe('checkpoints against transformers', () => {
  beforeAll(async () => (temporary = await temporaryFolder()));
  afterAll(() => temporary.remove());

  for (const [name, content] of Object.entries(cases)) {
    it(`runs ${name}`, async () => {
      const folder = path.join(temporary.path, name);
      await write(folder, content);
      const checkpoint = await openCheckpoint(folder);
      assert.ok(checkpoint.warnings.length > 0, 'the choice is told');
      const model = openModel(checkpoint, { threads: 1 });
      const { logits } = await model.prefill([promptOf(model, { inputIds, images: [] })]);
      const far = distance(logits, floats(expected[name]!));
      assert.ok(far < TOLERANCE, `logits are ${far} away`);
      await model.close();
    });
  }

  it('covers choices that show: four cases run the model as it is, the others do not', () =>
    assert.equal(new Set(Object.values(expected)).size, Object.keys(cases).length - 3));
});
