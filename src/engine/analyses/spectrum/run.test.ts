/** Runs of spectra: what comes out of odd matrices, what is kept, what goes on. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { recutSpectrum } from '../../../protocol/recut.js';
import { createEngine } from '../../engine.js';
import type { SpectrumProgress, SpectrumRequest } from './request.js';
import type { SpectrumResult, TensorSpectra } from './result.js';
import {
  temporaryFolder,
  writeCheckpoint,
  writeLineage,
  writeSafetensors,
  type TemporaryFolder,
  type WrittenTensor,
} from '../../../../test/fixtures/checkpoints.js';

const engine = createEngine(path.resolve('dist/worker.mjs'));
/** Without a worker no weight can be read. */
const blind = createEngine(path.resolve('dist/no-such-worker.mjs'));
const withoutProvenance = (result: SpectrumResult) => ({ ...result, provenance: null });
const at = (layer: number, rest: string) => `model.language_model.layers.${layer}.${rest}`;

/** Deterministic numbers around zero. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from(
    { length: count },
    () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5) * 0.04,
  );
}

describe('spectra of odd matrices', () => {
  let temporary: TemporaryFolder;
  let result: SpectrumResult;
  const weights = (
    name: string,
    shape: number[],
    change: (values: Float64Array) => void,
    dtype: WrittenTensor['dtype'] = 'F32',
  ): [WrittenTensor, WrittenTensor] => {
    const first = numbers(
      shape.reduce((product, size) => product * size, 1),
      name.length + shape[0]!,
    );
    const second = first.slice();
    change(second);
    const written = (data: Float64Array): WrittenTensor => ({ name, shape, dtype, data });
    return [written(first), written(second)];
  };
  const add = (seed: number) => (values: Float64Array) =>
    numbers(values.length, seed).forEach((value, index) => (values[index]! += value / 64));
  const find = (name: string, part: string | null = null): TensorSpectra =>
    result.tensors.find((tensor) => tensor.name === name && tensor.part === part)!;

  beforeAll(async () => {
    temporary = await temporaryFolder();
    const pairs = [
      weights(at(0, 'self_attn.q_proj.weight'), [60, 60], () => undefined),
      weights(at(0, 'self_attn.k_proj.weight'), [40, 60], (values) =>
        values.forEach(
          (_, index) => (values[index] = values[index]! + Math.fround(2 ** -8) * (1 + (index % 60 === 3 ? 1 : 0))),
        ),
      ),
      weights(at(0, 'self_attn.v_proj.weight'), [8, 8], (values) =>
        [3, 17, 63].forEach((index) => (values[index] = NaN)),
      ),
      weights(at(0, 'self_attn.o_proj.weight'), [1, 64], add(1)),
      weights(at(0, 'mlp.up_proj.weight'), [64, 1], add(2)),
      weights(at(0, 'mlp.down_proj.weight'), [0, 16], () => undefined),
      weights(at(0, 'input_layernorm.weight'), [16], add(3)),
      weights(
        at(0, 'mlp.gate_proj.weight'),
        [4, 4],
        (values) => values.forEach((value, index) => (values[index] = Math.round(value * 1000) + index)),
        'I8',
      ),
      weights(at(1, 'mlp.gate_up_proj.weight'), [24, 8], add(4)),
      weights(at(1, 'mlp.conv.weight'), [6, 2, 3, 1], add(5)),
      weights(at(1, 'mlp.experts.gate_up_proj'), [2, 6, 8], add(6)),
      weights(at(1, 'mlp.experts.down_proj'), [2, 4, 6], add(7)),
      weights(at(1, 'mlp.tiny.weight'), [20, 20], (values) =>
        values.forEach(
          (value, index) =>
            (values[index] = index % 7 === 0 ? Math.fround(value) * (1 + 2 ** -20) : Math.fround(value)),
        ),
      ),
      weights(at(1, 'self_attn.half.weight'), [3, 5], add(8), 'F8_E4M3'),
    ];
    for (const [stage, name] of ['before', 'after'].entries())
      await writeSafetensors(
        path.join(temporary.path, `${name}.safetensors`),
        pairs.map((pair) => pair[stage]!),
      );
    result = await engine.spectrum({
      stages: ['before', 'after'].map((name) => ({ path: path.join(temporary.path, `${name}.safetensors`) })),
    });
  });
  afterAll(() => temporary.remove());

  it('of an update that is all zero are zero, and what does not exist is null', () => {
    const [spectrum] = find(at(0, 'self_attn.q_proj.weight')).spectra;
    assert.deepEqual(
      [spectrum!.spectral, spectrum!.nuclear, spectrum!.fro, spectrum!.rank, spectrum!.count],
      [0, 0, 0, 0, 60],
    );
    assert.deepEqual(spectrum!.singularValues, new Array(50).fill(0));
    assert.deepEqual(
      [
        spectrum!.stableRank,
        spectrum!.effectiveRank,
        spectrum!.conditionNumber,
        spectrum!.logVolume,
        spectrum!.topEnergy['1'],
        spectrum!.corrected,
      ],
      [null, null, null, null, null, null],
    );
    assert.deepEqual(spectrum!.dominated, []);
    assert.equal(spectrum!.uncorrected, 'unchanged');
  });

  it('of an update of rank two have two values', () => {
    const [spectrum] = find(at(0, 'self_attn.k_proj.weight')).spectra;
    // Every row is (1 … 1) 2⁻⁸ with a 2 at column 3, but for float32 rounding.
    assert.ok(Math.abs(spectrum!.spectral / (2 ** -8 * Math.sqrt(40 * 63)) - 1) < 1e-5);
    assert.ok(Math.abs(spectrum!.stableRank! - 1) < 1e-5);
    assert.ok(Math.abs(spectrum!.topEnergy['1']! - 1) < 1e-5);
    // What float32 rounding adds is above its own floor here, and no direction all the same.
    assert.ok(
      spectrum!.corrected!.signalRank <= spectrum!.rank,
      `${spectrum!.corrected!.signalRank} of ${spectrum!.rank}`,
    );
    assert.equal(spectrum!.uncorrected, null);
  });

  it('with NaN are named with their number, and the others go on', () => {
    const tensor = find(at(0, 'self_attn.v_proj.weight'));
    assert.deepEqual([tensor.spectra, tensor.skipped], [[null], ['3 of its 64 values are NaN or infinite.']]);
    assert.ok(
      result.warnings.some(
        (warning) =>
          warning ===
          `No spectrum of ${tensor.name}, before.safetensors → after.safetensors: 3 of its 64 values are NaN ` +
            'or infinite.',
      ),
    );
  });

  it('of single rows and columns have one value, their length', () => {
    for (const name of [at(0, 'self_attn.o_proj.weight'), at(0, 'mlp.up_proj.weight')]) {
      const [spectrum] = find(name).spectra;
      assert.equal(spectrum!.singularValues.length, 1);
      assert.ok(Math.abs(spectrum!.spectral / spectrum!.fro - 1) < 1e-12);
      assert.deepEqual([spectrum!.count, spectrum!.rank], [1, 1]);
      for (const metric of [
        spectrum!.stableRank!,
        spectrum!.effectiveRank!,
        spectrum!.conditionNumber!,
        spectrum!.topEnergy['1']!,
      ])
        assert.ok(Math.abs(metric - 1) < 1e-12);
    }
  });

  it('of empty and of whole-number tensors are skipped with a sentence, vectors without one', () => {
    assert.deepEqual(find(at(0, 'mlp.down_proj.weight')).skipped, ['It is empty: 0 × 16.']);
    assert.match(find(at(0, 'mlp.gate_proj.weight')).skipped[0]!, /^It is stored as I8: /);
    assert.equal(
      result.tensors.some(({ name }) => name.includes('layernorm')),
      false,
    );
    assert.equal(result.warnings.filter((warning) => warning.startsWith('No spectrum of ')).length, 3);
  });

  it('of fused tensors and experts are there whole and in parts, and parts are rows of the whole', () => {
    const energy = (name: string, part: string | null) => find(name, part).spectra[0]!.fro ** 2;
    const fused = at(1, 'mlp.gate_up_proj.weight');
    assert.ok(Math.abs(energy(fused, 'gate') + energy(fused, 'up') - energy(fused, null)) < 1e-12);
    const experts = at(1, 'mlp.experts.gate_up_proj');
    assert.deepEqual(
      [find(experts, 'expert 1').rows, find(experts, 'expert 1').columns, find(experts, 'expert 1 up').rows],
      [8, 6, 4],
    );
    assert.ok(
      Math.abs(energy(experts, 'expert 1 gate') + energy(experts, 'expert 1 up') - energy(experts, 'expert 1')) < 1e-12,
    );
    const layer = result.layers.find(({ depth }) => depth === 2)!.spectra[0]!;
    assert.equal(layer.matrices, 2 + 1 + 4 + 2 + 1 + 1);
  });

  it('of kernels have their further axes as columns', () => {
    const tensor = find(at(1, 'mlp.conv.weight'));
    assert.deepEqual([tensor.rows, tensor.columns, tensor.spectra[0]!.singularValues.length], [6, 6, 6]);
  });

  it('have no number that JSON does not know', () => {
    const check = (value: unknown, where: string): void => {
      if (typeof value === 'number') assert.ok(Number.isFinite(value), where);
      else if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value)) check(inner, `${where}.${key}`);
    };
    check(result, 'result');
  });

  it('are the same in fast mode, where a small matrix is taken whole', async () => {
    const fast = await engine.spectrum({
      stages: result.stages.map(({ path: location }) => ({ path: location })),
      mode: 'fast',
      memory: 2 ** 30,
      threads: 1,
    });
    assert.equal(fast.mode, 'fast');
    for (const [index, { spectra, skipped }] of fast.tensors.entries()) {
      assert.deepEqual(skipped, result.tensors[index]!.skipped);
      spectra.forEach((spectrum, pair) =>
        assert.equal(
          spectrum?.stableRank?.toPrecision(6),
          result.tensors[index]!.spectra[pair]?.stableRank?.toPrecision(6),
        ),
      );
    }
  });
});

describe('a run of spectra', () => {
  let temporary: TemporaryFolder;
  let stages: SpectrumRequest['stages'];
  let whole: SpectrumResult;
  let count = 0;
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  const fresh = () => inside(`runs-${count++}`);
  const journalOf = async (runs: string) => {
    const [id] = await readdir(path.join(runs, 'runs'));
    const file = path.join(runs, 'runs', id!, 'journal.jsonl');
    return { id: id!, file, lines: (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '') };
  };

  beforeAll(async () => {
    temporary = await temporaryFolder();
    const lineage = await writeLineage(inside('lineage'), { hidden: 16, layers: 2, visionLayers: 1 });
    stages = [{ path: lineage.base }, { path: lineage.in }, { path: lineage.rl }];
    whole = await engine.spectrum({ stages });
  });
  afterAll(() => temporary.remove());

  it('is planned without reading weights', async () => {
    const plan = await blind.planSpectrum({ stages });
    assert.equal(plan.mode, 'exact');
    assert.equal(plan.matrices, whole.tensors.length);
    const bytes = whole.tensors.reduce((sum, { rows, columns }) => sum + 4 * 2 * rows * columns, 0);
    assert.equal(plan.bytes, bytes);
    assert.ok(plan.seconds > 0);
    assert.ok((await blind.planSpectrum({ stages: stages.slice(1) })).operations < plan.operations);
  });

  it('tells how far it is', async () => {
    const reports: SpectrumProgress[] = [];
    await engine.spectrum({ stages, filter: 'mlp' }, { progress: (progress) => reports.push(progress) });
    assert.equal(reports[0]!.phase, 'Reading headers');
    const last = reports.at(-1)!;
    assert.deepEqual(
      [last.doneMatrices, last.doneBytes, last.remainingSeconds],
      [last.totalMatrices, last.totalBytes, 0],
    );
    reports.reduce((before, report) => {
      assert.ok(report.doneMatrices >= before.doneMatrices && report.doneBytes >= before.doneBytes);
      return report;
    });
  });

  it('that is finished returns without reading a weight, with other cuts and labels too', async () => {
    const runsFolder = fresh();
    const first = await engine.spectrum({ stages, runsFolder });
    assert.deepEqual(withoutProvenance(first), withoutProvenance(whole));
    assert.deepEqual(await blind.spectrum({ stages, runsFolder }), first);
    const recut = await blind.spectrum({
      stages: stages.map((stage, index) => ({ ...stage, label: `s${index}` })),
      runsFolder,
      cuts: [0, 1],
    });
    assert.equal(recut.provenance.runId, first.provenance.runId);
    assert.deepEqual(recut.regions, recutSpectrum(first, [0, 1]).regions);
    assert.deepEqual(await blind.readSpectrum({ runsFolder, runId: first.provenance.runId }), recut);
    const [summary] = await blind.listRuns({ runsFolder });
    assert.deepEqual([summary!.kind, summary!.state, summary!.labels], ['spectrum', 'finished', ['base', 'in', 'rl']]);
    await assert.rejects(blind.readCompare({ runsFolder, runId: first.provenance.runId }), {
      code: 'not-found',
      message: /is no comparison/,
    });
  });

  it('is another one for another mode or filter', async () => {
    const runsFolder = fresh();
    const ids = new Set<string>();
    for (const more of [{ filter: 'q_proj' }, { filter: 'q_proj', mode: 'fast' as const }, { filter: 'k_proj' }])
      ids.add((await engine.spectrum({ stages, runsFolder, ...more })).provenance.runId);
    assert.equal(ids.size, 3);
    assert.equal(
      (await blind.spectrum({ stages, runsFolder, filter: 'q_proj', mode: 'exact' })).provenance.runId,
      [...ids][0],
    );
  });

  it('goes on where it was cancelled, to the same numbers', async () => {
    const runsFolder = fresh();
    const cancel = new AbortController();
    const first = engine.spectrum(
      { stages, runsFolder, threads: 1 },
      { signal: cancel.signal, progress: ({ doneMatrices }) => doneMatrices >= 5 && cancel.abort() },
    );
    await assert.rejects(first, { code: 'cancelled' });
    const { lines } = await journalOf(runsFolder);
    assert.ok(lines.length >= 5 && lines.length < whole.tensors.length, `${lines.length} lines`);
    const [summary] = await engine.listRuns({ runsFolder });
    assert.equal(summary!.state, 'interrupted');
    assert.ok(summary!.done > 0 && summary!.done < 1);
    const reports: SpectrumProgress[] = [];
    const second = await engine.spectrum(
      { stages, runsFolder, threads: 1 },
      { progress: (progress) => reports.push(progress) },
    );
    assert.deepEqual(withoutProvenance(second), withoutProvenance(whole));
    const started = reports.find(({ phase }) => phase !== 'Reading headers')!;
    assert.equal(started.doneMatrices, lines.length);
    assert.equal((await journalOf(runsFolder)).lines.length, whole.tensors.length);
  });

  it('ignores a line that a kill cut off', async () => {
    const runsFolder = fresh();
    await engine.spectrum({ stages, runsFolder });
    const { file, lines } = await journalOf(runsFolder);
    await writeFile(
      file,
      lines
        .slice(0, 3)
        .map((line) => `${line}\n`)
        .join(''),
    );
    await appendFile(file, lines[3]!.slice(0, 100));
    assert.deepEqual(withoutProvenance(await engine.spectrum({ stages, runsFolder })), withoutProvenance(whole));
  });

  describe('that was fast', () => {
    const name = at(1, 'mlp.up_proj.weight');
    let large: SpectrumRequest['stages'];
    beforeAll(async () => {
      // Large enough that an estimate is cheaper than all values.
      for (const [stage, updates] of [[], [{ seed: 5, relative: 1e-2 }]].entries())
        await writeCheckpoint(inside(`large-${stage}`), {
          hidden: 1152,
          layers: 2,
          visionLayers: 0,
          vocabulary: 8,
          updates,
          edit: (tensors) => tensors.filter(({ name: own }) => own.includes('mlp.up_proj')),
        });
      large = [{ path: inside('large-0') }, { path: inside('large-1') }];
    });

    it('is refined in place, and stays so', async () => {
      const runsFolder = fresh();
      const fast = await engine.spectrum({ stages: large, mode: 'fast', runsFolder });
      assert.ok(fast.tensors.every(({ spectra }) => spectra[0]!.mode === 'fast'));
      const before = (await journalOf(runsFolder)).lines;
      const refined = await engine.spectrum({ stages: large, mode: 'fast', refine: [name], runsFolder });
      assert.equal(refined.provenance.runId, fast.provenance.runId);
      const { id, lines } = await journalOf(runsFolder);
      assert.deepEqual(lines.slice(0, before.length), before);
      assert.equal(lines.length, before.length + 1);
      for (const [index, tensor] of refined.tensors.entries()) {
        if (tensor.name === name) assert.equal(tensor.spectra[0]!.mode, 'exact');
        else assert.deepEqual(tensor, fast.tensors[index]);
      }
      // The estimate's interval holds what is true.
      const [estimate, truth] = [fast, refined].map(
        ({ tensors }) => tensors.find((tensor) => tensor.name === name)!.spectra[0]!,
      ) as [NonNullable<TensorSpectra['spectra'][number]>, NonNullable<TensorSpectra['spectra'][number]>];
      for (const metric of ['spectral', 'nuclear', 'stableRank', 'effectiveRank'] as const) {
        assert.ok(
          Math.abs(estimate[metric]! - truth[metric]!) <= 2 * estimate.error[metric]!,
          `${metric}: ${estimate[metric]} ± ${estimate.error[metric]}, not ${truth[metric]}`,
        );
      }
      assert.deepEqual(await blind.spectrum({ stages: large, mode: 'fast', runsFolder }), refined);

      const full = await blind.fullSpectrum({ runsFolder, runId: id, name, part: null, from: 0 });
      assert.deepEqual(
        [full.mode, full.known, full.singularValues.length, full.floor.length],
        ['exact', 1152, 1152, 1152],
      );
      const other = await blind.fullSpectrum({
        runsFolder,
        runId: id,
        name: at(0, 'mlp.up_proj.weight'),
        part: null,
        from: 0,
      });
      assert.deepEqual([other.mode, other.known, other.singularValues.length], ['fast', 50, 1152]);
    });

    it('takes everything that fits into what it may use, and refuses less', async () => {
      await assert.rejects(
        engine.spectrum({ stages: large, mode: 'exact', memory: 100 * 2 ** 20 }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'bad-request');
          const [, least] = /need at least (\d+) MiB/.exec(error.message)!;
          return Number(least) > 100 && Number(least) < 1024;
        },
      );
      await assert.rejects(engine.spectrum({ stages: large, threads: 0 }), {
        code: 'bad-request',
        message: /number of threads/,
      });
    });
  });

  it('waits for its turn: what fills the budget runs one after the other', async () => {
    const order: string[] = [];
    const note = (what: string) => ({ progress: () => void order.push(what) });
    await Promise.all([
      engine.compare({ stages }, note('compare')),
      engine.spectrum({ stages, filter: 'q_proj' }, note('spectrum')),
      engine.fullSpectrum({ stages, name: at(1, 'self_attn.q_proj.weight'), part: null, from: 0 }, note('full')),
    ]);
    assert.deepEqual(
      order.filter((what, index) => what !== order[index - 1]),
      ['compare', 'spectrum', 'full'],
    );
  });

  describe('gives all values of one update', () => {
    const name = at(1, 'self_attn.q_proj.weight');
    const close = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b)) + 1e-15;

    it('from its folder, and computes them where there is none', async () => {
      const runsFolder = fresh();
      const {
        provenance: { runId },
        tensors,
      } = await engine.spectrum({ stages, runsFolder });
      const stored = await blind.fullSpectrum({ runsFolder, runId, name, part: null, from: 1 });
      const { singularValues, floor } = tensors.find((tensor) => tensor.name === name)!.spectra[1]!;
      assert.deepEqual(
        [stored.name, stored.part, stored.from, stored.mode, stored.known],
        [name, null, 1, 'exact', 16],
      );
      stored.singularValues.forEach((value, rank) => assert.ok(close(value, singularValues[rank]!)));
      stored.floor.forEach((value, rank) => assert.ok(close(value, floor.singularValues[rank]!)));
      assert.ok(
        stored.low.every((value, rank) => value <= stored.floor[rank]! && stored.floor[rank]! <= stored.high[rank]!),
      );
      const computed = await engine.fullSpectrum({ stages, name, part: null, from: 1 });
      computed.singularValues.forEach((value, rank) => assert.ok(close(value, stored.singularValues[rank]!)));
      await rm(path.join(runsFolder, 'runs'), { recursive: true });
      const again = await engine.fullSpectrum({ runsFolder, runId, stages, name, part: null, from: 1 });
      assert.deepEqual(again, computed);
      const part = await engine.fullSpectrum({
        stages,
        name: 'model.visual.blocks.0.attn.qkv.weight',
        part: 'k',
        from: 0,
      });
      assert.deepEqual([part.part, part.singularValues.length], ['k', 16]);
    });

    it('and says so where there are none', async () => {
      const runsFolder = fresh();
      const {
        provenance: { runId },
      } = await engine.spectrum({ stages, runsFolder, filter: 'q_proj' });
      for (const wrong of [{ name: 'lm_head.weight' }, { part: 'q' }, { from: 2 }, { from: -1 }]) {
        await assert.rejects(blind.fullSpectrum({ runsFolder, runId, name, part: null, from: 0, ...wrong }), {
          code: 'not-found',
          message: /There is no spectrum of "/,
        });
      }
      await assert.rejects(blind.fullSpectrum({ runsFolder, runId: '../..', name, part: null, from: 0 }), {
        code: 'bad-request',
      });
      await assert.rejects(blind.fullSpectrum({ stages, name: 'no.such.weight', part: null, from: 0 }), {
        code: 'bad-request',
      });
      await assert.rejects(blind.fullSpectrum({ name, part: null, from: 0 }), { code: 'not-found' });
    });
  });

  it('has what tells shapes that differ and weights that are missing', async () => {
    const folder = inside('other');
    await writeCheckpoint(folder, {
      hidden: 16,
      layers: 2,
      visionLayers: 1,
      updates: [{ seed: 9, relative: 1e-2 }],
      edit: (tensors) =>
        tensors
          .filter(({ name }) => !name.includes('layers.0.self_attn.o_proj'))
          .map((tensor) =>
            tensor.name.includes('embed_tokens') ? { ...tensor, shape: [16, 32], data: numbers(16 * 32, 4) } : tensor,
          ),
    });
    const result = await engine.spectrum({
      stages: [...stages.slice(0, 2), { path: folder }],
      filter: 'layers.0.self_attn|embed_tokens',
    });
    const [o, embedding] = ['o_proj.weight', 'embed_tokens.weight'].map((end) =>
      result.tensors.find(({ name }) => name.endsWith(end))!,
    ) as [TensorSpectra, TensorSpectra];
    assert.deepEqual(
      [o.spectra.map((spectrum) => spectrum !== null), o.skipped, o.overlaps],
      [[true, false], [null, 'The tensor is not in this checkpoint.'], [null]],
    );
    assert.deepEqual(
      [embedding.spectra.map((spectrum) => spectrum !== null), embedding.skipped],
      [
        [true, false],
        [null, 'The vocabulary has another size, so the tensor has another shape.'],
      ],
    );
    assert.deepEqual(
      result.missing.map(({ name }) => name.split('.').at(-2)),
      ['embed_tokens', 'o_proj'],
    );
  });
});
