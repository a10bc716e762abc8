/** The comparison against PyTorch float64: `make_expectations.py` wrote the numbers, this holds the engine to them. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type {
  Aggregate,
  CompareResult,
  Delta,
  LayerResult,
  RegionResult,
  SectionResult,
  TensorResult,
} from '../../../src/engine/analyses/compare/result.js';
import { recut } from '../../../src/protocol/recut.js';
import { createEngine } from '../../../src/engine/engine.js';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { writeStage, type Case } from './hashed.js';

/** A delta of the reference; it knows 1 − cosine without cancellation. */
type ExpectedDelta = Delta & { oneMinusCosine: number | null };
interface ExpectedGroups {
  layers: LayerResult[];
  regions: RegionResult[];
  sections: SectionResult[];
}
interface Expectation extends ExpectedGroups {
  /** SHA-256 per weight file, per stage. */
  files: Record<string, string>[];
  layers: LayerResult[];
  cuts: [number, number];
  tensors: (Omit<TensorResult, 'deltas'> & { deltas: (ExpectedDelta | null)[] })[];
  missing: { name: string; shapes: (number[] | null)[] }[];
  recuts: (ExpectedGroups & { cuts: [number, number] })[];
}

const FOLDER = path.resolve('test/parity/compare');
const SAMPLES = path.resolve('samples/lineage');
const RELATIVE = 1e-6;
/** Smallest budget the engine takes: tensors are walked in many pieces. */
const SMALL_MEMORY = 180 * 2 ** 20;

const engine = createEngine(path.resolve('dist/worker.mjs'));
const readJson = <T>(file: string) => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as T;

describe('parity with PyTorch float64', () => {
  const cases = readJson<Record<string, Case>>('cases.json');
  const expected = readJson<{ cases: Record<string, Expectation> }>('expectations.json').cases;
  for (const [name, testCase] of Object.entries(cases)) {
    describe(name, () => {
      let temporary: TemporaryFolder;
      let folders: string[];
      beforeAll(async () => {
        temporary = await temporaryFolder();
        folders = [];
        for (const stage of testCase.stages.keys()) folders.push(await writeStage(temporary.path, testCase, stage));
      });
      afterAll(() => temporary.remove());
      holdsTo(expected[name]!, () => folders);
    });
  }
});

describe('parity on the sample lineage', () => {
  const stages = ['base', 'in', 'rl'].map((stage) => path.join(SAMPLES, stage));
  const file = 'expectations.samples.json';
  if (existsSync(path.join(FOLDER, file)))
    holdsTo(readJson<Expectation>(file), () => stages, 'run make_expectations.py --samples again');
  else it('has expectations', () => assert.ok(!existsSync(SAMPLES), 'run make_expectations.py --samples'));
});

function holdsTo(expected: Expectation, folders: () => string[], remedy = 'the generators differ') {
  const request = () => ({ stages: folders().map((folder) => ({ path: folder })) });
  let result: CompareResult;

  it('reads the same bytes', async () => {
    for (const [stage, folder] of folders().entries()) {
      const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort();
      const hashes = await Promise.all(
        files.map(async (name) => [
          name,
          createHash('sha256')
            .update(await readFile(path.join(folder, name)))
            .digest('hex'),
        ]),
      );
      assert.deepEqual(
        Object.fromEntries(hashes),
        expected.files[stage],
        `the weights are not those of the expectations: ${remedy}`,
      );
    }
  });

  it('finds and places the same tensors', async () => {
    result = await engine.compare(request());
    assert.deepEqual(result.cuts, expected.cuts);
    const locationOf = ({
      name,
      section,
      layer,
      depth,
      component,
      region,
      shape,
      onDisk,
      dtypes,
    }: Omit<TensorResult, 'deltas'>) => ({ name, section, layer, depth, component, region, shape, onDisk, dtypes });
    assert.deepEqual(byName(result.tensors.map(locationOf)), byName(expected.tensors.map(locationOf)));
    assert.deepEqual(byName(result.missing.map(({ name, shapes }) => ({ name, shapes }))), byName(expected.missing));
  });

  it('measures every tensor the same', () => assertTensors(result.tensors, expected.tensors));
  it('adds up layers, regions and sections the same', () => assertGroups(result, expected));

  it('measures the same in small pieces', async () => {
    const pieces = await engine.compare({ ...request(), memory: SMALL_MEMORY, threads: 1 });
    assertTensors(pieces.tensors, expected.tensors);
  });

  it('adds up the same with other cuts, asked for at once or later', async () => {
    for (const { cuts, ...groups } of expected.recuts) {
      const moved = recut(result, cuts);
      assertGroups(moved, groups);
      const direct = await engine.compare({ ...request(), cuts });
      assert.deepEqual({ ...moved, provenance: null }, { ...direct, provenance: null });
    }
  });
}

function assertTensors(actual: readonly TensorResult[], expected: Expectation['tensors']) {
  const found = new Map(actual.map((tensor) => [tensor.name, tensor]));
  for (const { name, dtypes, norms, deltas } of expected) {
    const tensor = found.get(name)!;
    norms.forEach((norm, stage) => assertClose(tensor.norms[stage]!, norm, `‖W‖ of ${name}, stage ${stage}`));
    assert.equal(tensor.deltas.length, deltas.length);
    deltas.forEach((wanted, pair) => {
      const delta = tensor.deltas[pair] ?? null;
      const what = `${name} (${dtypes.join(' → ')}), update ${pair}`;
      if (wanted === null || delta === null) return assert.equal(delta, wanted, what);
      for (const figure of ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'floor'] as const)
        assertClose(delta[figure], wanted[figure], `${figure} of ${what}`);
      // What cosine says of a small update is its distance from 1; float64 sums keep that to about 1e-14.
      if (delta.cosine !== null && wanted.oneMinusCosine !== null)
        assertClose(1 - delta.cosine, wanted.oneMinusCosine, `1 − cosine of ${what}`, 1e-5, 1e-13);
      assert.equal(delta.changedCount, wanted.changedCount, `changedCount of ${what}`);
      assert.equal(delta.nonFinite, wanted.nonFinite, `nonFinite of ${what}`);
    });
  }
}

function assertGroups(actual: ExpectedGroups, expected: ExpectedGroups) {
  const facts = ({ weights, tensors, parameters, ...location }: Aggregate) => {
    const { section, layer, depth, region, first, last } = location as Partial<LayerResult> & Partial<RegionResult>;
    return { section, layer, depth, region, first, last, weights, tensors, parameters };
  };
  for (const kind of ['layers', 'regions', 'sections'] as const) {
    assert.deepEqual(
      actual[kind].map((group: Aggregate) => facts(group)),
      expected[kind].map((group: Aggregate) => facts(group)),
    );
    expected[kind].forEach((wanted, index) => assertAggregate(actual[kind][index]!, wanted, `${kind} ${index}`));
  }
  expected.layers.forEach(({ components }, index) => {
    const own = actual.layers[index]!.components;
    assert.deepEqual(Object.keys(own).sort(), Object.keys(components).sort());
    for (const [component, wanted] of Object.entries(components)) {
      const aggregate = own[component as keyof typeof own]!;
      assert.deepEqual(facts(aggregate), facts(wanted));
      assertAggregate(aggregate, wanted, `${component} of layers ${index}`);
    }
  });
}

function assertAggregate(actual: Aggregate, expected: Aggregate, what: string) {
  expected.deltas.forEach((wanted, pair) => {
    const delta = actual.deltas[pair] ?? null;
    if (wanted === null || delta === null) return assert.equal(delta, wanted, what);
    for (const figure of Object.keys(wanted) as (keyof typeof wanted)[]) {
      // Groups are made from results, whose norms leave out what is not finite in one stage, not in either.
      const loose = wanted.nonFinite > 0 && (figure === 'relative' || figure === 'cosine');
      assertClose(delta[figure], wanted[figure], `${figure} of ${what}, update ${pair}`, loose ? 1e-3 : RELATIVE);
    }
  });
}

function assertClose(actual: number | null, expected: number | null, what: string, relative = RELATIVE, absolute = 0) {
  if (actual === null || expected === null) return assert.equal(actual, expected, what);
  const error = Math.abs(actual - expected);
  assert.ok(
    error <= relative * Math.abs(expected) + absolute,
    `${what}: ${actual} instead of ${expected}, off by ${(error / Math.abs(expected)).toExponential(1)}`,
  );
}

function byName<T extends { name: string }>(entries: readonly T[]): T[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
}
