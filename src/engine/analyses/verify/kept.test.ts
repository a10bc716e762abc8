/** A verification is a run: kept, found again, continued, and made anew where a file has changed. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { run as command } from '../../../../test/unit/cli/cli.js';
import { planExperiment } from '../../freeze/experiment.js';
import { runsOf } from '../../freeze/matrix.js';
import { reportStages } from '../../freeze/reportStages.js';
import { type FrozenRequest, verifyFrozen } from '../../freeze/verifyExperiment.js';
import { listRuns, readResult } from '../list.js';
import { run as verifyStages } from './analysis.js';
import { definition } from './definition.js';
import type { Verification } from './result.js';

const IN = path.resolve('samples/lineage/in');
let root: string;
/** The result of a training with Early frozen, where it may be changed. */
let result: string;
let runsFolder: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'verify-kept-'));
  result = await copied('samples/lineage/rl-frozen-early', path.join(root, 'rl-frozen-early'));
});
beforeEach(() => {
  runsFolder = path.join(root, `runs-${count++}`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function copied(from: string, to: string): Promise<string> {
  await mkdir(to, { recursive: true });
  for (const file of await readdir(from)) await copyFile(path.join(from, file), path.join(to, file));
  return to;
}

type Pair = Extract<FrozenRequest, { in: string }>;
const pair = async (more: Partial<Pair> = {}): Promise<Verification> => {
  const found = await verifyFrozen({ in: IN, result, frozen: ['early'], runsFolder, ...more });
  return found.runs[0]!.verification!;
};
const fileOf = ({ provenance: { runId } }: Verification) => path.join(runsFolder, 'runs', runId, 'result.json');
/** Writes what no reading of weights could give. */
const mark = async (found: Verification) =>
  writeFile(fileOf(found), JSON.stringify({ ...found, frozen: { ...found.frozen, parameters: 17 } }));
const planned = async (name: string, method: 'full' | 'lora' = 'full') => {
  const out = path.join(root, name);
  const data = path.resolve('samples/eval/text.jsonl');
  await planExperiment({
    settings: { model: IN, data, trainer: 'trl', method, runs: runsOf(['early'], []) },
    out,
  });
  await copied('samples/lineage/rl-frozen-early', path.join(out, 'runs', 'early', 'result'));
  return out;
};

describe('a verification that is kept', () => {
  it('is returned as it is stored, without reading a weight, in both forms of asking', async () => {
    const first = await pair();
    assert.ok(first.passed);
    await mark(first);
    await rm(path.join(path.dirname(fileOf(first)), 'journal.jsonl'));
    assert.equal((await pair()).frozen.parameters, 17);
    const same = await verifyStages({
      stages: [{ path: IN }, { path: result }],
      frozen: [String.raw`/^model\.language_model\.layers\.[0-3]\./`],
      runsFolder,
    });
    assert.equal(same.frozen.parameters, 17);
    assert.equal((await listRuns(runsFolder)).length, 1);
  });

  it('is another run for other frozen tensors and other cuts', async () => {
    const found = [
      await pair(),
      await pair({ frozen: ['mid'] }),
      await pair({ frozen: ['early'], also: ['vision'] }),
      await pair({ frozen: ['0-3'], cuts: [4, 9] }),
    ];
    assert.equal(new Set(found.map(({ provenance }) => provenance.runId)).size, 4);
    assert.deepEqual(
      found.map(({ passed }) => passed),
      [true, false, false, true],
    );
  });

  it('is made anew where a file has changed', async () => {
    const changed = await copied('samples/lineage/rl-frozen-early', path.join(root, 'changed'));
    const first = await pair({ result: changed });
    const file = path.join(changed, 'model.safetensors');
    await writeFile(file, await readFile('samples/lineage/rl-frozen-mid/model.safetensors'));
    const second = await pair({ result: changed });
    assert.notEqual(first.provenance.runId, second.provenance.runId);
    assert.deepEqual([first.passed, second.passed], [true, false]);
  });

  it('continues where it was killed, and comes to the same', async () => {
    const whole = await pair();
    const journal = path.join(path.dirname(fileOf(whole)), 'journal.jsonl');
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    const done = lines.slice(0, Math.floor(lines.length / 2));
    await writeFile(journal, `${done.join('\n')}\n${lines.at(-1)!.slice(0, 9)}`);
    await rm(fileOf(whole));
    const [interrupted] = await listRuns(runsFolder);
    assert.equal(interrupted!.state, 'interrupted');
    assert.ok(Math.abs(interrupted!.done - 0.5) < 0.01, String(interrupted!.done));
    const continued = await pair();
    assert.deepEqual({ ...continued, provenance: null }, { ...whole, provenance: null });
    const after = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(after.slice(0, done.length), done);
    // What was done is not done again, and the line that was cut is.
    assert.equal(after.length, lines.length + 1);
  });

  it('is listed as a run with its question, and says what is wrong where it is damaged or of another version', async () => {
    const found = await pair({ also: ['projector'], frozen: ['mid'] });
    const [listed] = await listRuns(runsFolder);
    assert.deepEqual(
      [listed!.kind, listed!.labels, listed!.state, listed!.runId],
      ['verify', ['in', 'rl-frozen-early'], 'finished', found.provenance.runId],
    );
    assert.deepEqual(listed!.question, {
      frozen: ['mid'],
      also: ['projector'],
      stages: [
        { path: IN, label: 'in' },
        { path: result, label: 'rl-frozen-early' },
      ],
    });
    const location = { runsFolder, runId: found.provenance.runId };
    assert.deepEqual(await readResult(definition, location), found);
    await writeFile(fileOf(found), JSON.stringify({ ...found, held: undefined }));
    await assert.rejects(readResult(definition, location), {
      code: 'malformed',
      message: /cannot be read as a result: it is damaged, or of another version/,
    });
    assert.deepEqual((await pair({ also: ['projector'], frozen: ['mid'] })).held, found.held);
  });
});

describe('the verification of an experiment that is kept', () => {
  it('is found by its runs, and nothing is read where only what is stored is asked for', async () => {
    const experiment = await planned('kept');
    await assert.rejects(verifyFrozen({ experiment, runsFolder, storedOnly: true }), { code: 'not-found' });
    assert.deepEqual(await listRuns(runsFolder), []);
    const first = await verifyFrozen({ experiment, runsFolder });
    assert.deepEqual(await verifyFrozen({ experiment, runsFolder, storedOnly: true }), first);
    const [listed] = await listRuns(runsFolder);
    assert.deepEqual(listed!.labels, ['in', 'early']);
  });

  it('is warned of adapters in a copy: what is stored is of the weights', async () => {
    const experiment = await planned('adapters', 'lora');
    const { runs } = await verifyFrozen({ experiment, runsFolder });
    const { verification } = runs.find(({ run }) => run === 'early')!;
    assert.match(verification!.warnings.join(), /The plan trains adapters, and this is a whole model/);
    const stored = JSON.parse(await readFile(fileOf(verification!), 'utf8')) as Verification;
    assert.ok(!stored.warnings.join().includes('adapters'));
  });

  it('is what a report looks at: it says of which runs frozen weights were not shown to have stayed', async () => {
    const experiment = await planned('reported');
    await copied('samples/lineage/rl', path.join(experiment, 'runs', 'control', 'result'));
    const doubts = async () => (await reportStages({ experiment, runsFolder })).doubts;
    assert.match((await doubts()).join(), /^early has not been verified/);
    await verifyFrozen({ experiment, runsFolder });
    assert.deepEqual(await doubts(), []);
    await copied('samples/lineage/rl', path.join(experiment, 'runs', 'early', 'result'));
    await verifyFrozen({ experiment, runsFolder });
    assert.match((await doubts()).join(), /What early says is not about frozen weights: 4\d of 48 tensors/);
  });

  it('says on a terminal when it was made, keeps nothing where that is asked, and fails again where it failed', async () => {
    const verifyCommand = (...more: string[]) =>
      command(['freeze', 'verify', IN, result, '--frozen', 'early', ...more]);
    assert.equal((await verifyCommand('--no-runs')).code, 0);
    const first = await verifyCommand('--runs', runsFolder);
    assert.match(first.stdout, /^ {2}verified 20\d\d-\d\d-\d\d \d\d:\d\d UTC$/m);
    const [listed] = await listRuns(runsFolder);
    const file = path.join(listed!.folder, 'result.json');
    const stored = JSON.parse(await readFile(file, 'utf8')) as Verification;
    stored.provenance.finishedAt = '2026-01-02T03:04:05.000Z';
    await writeFile(file, JSON.stringify({ ...stored, passed: false, missing: [{ name: 'lost', reason: 'Gone.' }] }));
    const second = await verifyCommand('--runs', runsFolder);
    assert.deepEqual([second.code, /verified 2026-01-02 03:04 UTC/.test(second.stdout)], [9, true], second.stderr);
  });
});
