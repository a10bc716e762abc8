/** The stored expectations of `make_expectations.py`, and its inputs made again from their seeds. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openCheckpoint } from '../../../src/engine/merge/checkpoint.js';
import type { Intervention } from '../../../src/engine/models/state.js';
import { type Model, openModel, type ModelSettings } from '../../../src/engine/models/model.js';
import type { ProcessedPrompt } from '../../../src/engine/models/processor/processor.js';

/** Tests run from the repository's root. */
export const FOLDER = path.resolve('test/parity/model');

/** Id of the image token in all models. */
const IMAGE_TOKEN = 2;

export interface StoredPrompt {
  inputIds: number[];
  images: { grid: [number, number, number]; seed: number }[];
}

export type StoredIntervention =
  | { at: number; what: Exclude<Intervention['what'], { kind: 'swap' } | { kind: 'stitch' }> }
  | { at: number; what: { kind: 'swap'; mode: 'hidden' | 'from' | 'only' } }
  | { at: number; what: { kind: 'stitch'; checkpoint: string } };

export interface ModelExpectation {
  prompts: (StoredPrompt & { tokens: number[]; logits: string })[];
  states: { prompt: number; hidden: Record<string, string>; attention: Record<string, string> };
  /** Of a prompt, by layer that has experts: those of every token, ascending. */
  routing?: { prompt: number; chosen: Record<string, number[][]> };
  pairs?: { prompt: StoredPrompt; source: StoredPrompt | null }[];
  interventions?: {
    pair: number;
    interventions: StoredIntervention[];
    tokens: number[];
    logits: string;
    gap: number;
  }[];
}

export interface Expectations {
  transformers: string;
  stopTokens: number[];
  newTokens: number;
  models: Record<string, ModelExpectation>;
}

/** Those of all families: one file of the first ones, and one each of later ones. */
export function readExpectations(): Expectations {
  const later = readdirSync(path.join(FOLDER, 'expectations')).map((name) => path.join('expectations', name));
  const [first, ...rest] = ['expectations.json', ...later].map(
    (name) => JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as Expectations,
  );
  return {
    ...first!,
    models: Object.assign({}, first!.models, ...rest.map(({ models }) => models)) as Expectations['models'],
  };
}

export function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

export async function openStored(name: string, settings: ModelSettings = {}): Promise<Model> {
  return openModel(await openCheckpoint(path.join(FOLDER, 'checkpoints', name)), { threads: 1, ...settings });
}

/** Uniform numbers in (0, 1), as `mulberry` of the script. */
function* mulberry(seed: number): Generator<number> {
  let state = seed >>> 0;
  for (;;) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  }
}

export function promptOf(model: Model, { inputIds, images }: StoredPrompt): ProcessedPrompt {
  const patchValues = model.spec.vision?.patchValues ?? 0;
  return {
    inputIds: Int32Array.from(inputIds),
    imageToken: IMAGE_TOKEN,
    images: images.map(({ grid, seed }) => {
      const random = mulberry(seed);
      return {
        grid,
        pixelValues: Float32Array.from(
          { length: grid[0] * grid[1] * grid[2] * patchValues },
          () => 3 * random.next().value! - 1.5,
        ),
      };
    }),
  };
}

/** Largest absolute difference; NaN counts as infinitely far. */
export function distance(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < actual.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  return largest;
}
