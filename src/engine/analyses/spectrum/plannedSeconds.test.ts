/** Plans say how long runs take: as earlier ones went, else as a sample goes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { planCompare } from '../compare/compare.js';
import { throughputOf as throughputOfCompare } from '../compare/cost.js';
import { planSentence } from '../compare/report.js';
import { throughputOf as throughputOfSpectrum, planSpectrum } from './plan.js';
import { recordThroughput, type ThroughputOf } from '../../runs/throughput.js';

const stages = ['in', 'rl'].map((name) => ({ path: path.resolve('samples/lineage', name) }));

describe('the seconds of a plan', () => {
  let runsFolder: string;
  beforeEach(async () => void (runsFolder = await mkdtemp(path.join(os.tmpdir(), 'frankenstein-test-'))));
  afterEach(() => rm(runsFolder, { recursive: true, force: true }));

  /** An earlier run of so much work in so many seconds. */
  async function ran(of: ThroughputOf, work: number, seconds: number): Promise<void> {
    let now = 0;
    await recordThroughput(
      of,
      work,
      () => Promise.resolve(void (now = 1000 * seconds)),
      () => now,
    );
  }

  it('are there for a comparison that no other came before', async () => {
    const plan = await planCompare({ stages, runsFolder, threads: 1 });
    assert.ok(plan.seconds > 0 && Number.isFinite(plan.seconds), String(plan.seconds));
    assert.match(planSentence(plan), /^\d+ tensors: [\d.]+ MB to read, within .+ on 1 thread, about \d+ s on this machine\.$/); // prettier-ignore
  });

  it('are those of earlier comparisons, by their work', async () => {
    const pace = (seconds: number) => ran(throughputOfCompare(runsFolder, 1), 1e9, seconds);
    await pace(100);
    const { seconds, bytes } = await planCompare({ stages, runsFolder, threads: 1 });
    // Every piece counts as some bytes too.
    assert.ok(seconds > (100 * bytes) / 1e9, `${seconds} s for ${bytes} bytes`);
    await pace(400);
    const slower = await planCompare({ stages, runsFolder, threads: 1 });
    assert.ok(Math.abs(slower.seconds / seconds - 2) < 1e-9);
  });

  it('are those of earlier spectra of the same mode', async () => {
    const setup = { mode: 'exact' as const };
    const plan = () => planSpectrum({ stages, runsFolder, threads: 1, mode: 'exact' });
    const measured = await plan();
    assert.ok(measured.seconds > 0);
    await ran(
      throughputOfSpectrum(setup, { memory: 0, threads: 1, limits: { memory: 0, threads: 1 } }, runsFolder),
      1e9,
      50,
    );
    assert.equal((await plan()).seconds, (await plan()).operations / (1e9 / 50));
  });
});
