/** `frankenstein spectrum` as scripts see it: what is on stdout, what on stderr, which exit code. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SpectrumPlan } from '../../../src/engine/analyses/spectrum/request.js';
import type { SpectrumResult } from '../../../src/engine/analyses/spectrum/result.js';
import { temporaryFolder, writeCheckpoint, writeLineage, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { enginePid, isAlive, readJournal, run, sentenceOf, start, untilJournalled } from './cli.js';

describe('frankenstein spectrum', () => {
  let temporary: TemporaryFolder;
  let lineage: { base: string; in: string; rl: string };
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  beforeAll(async () => {
    temporary = await temporaryFolder();
    lineage = await writeLineage(inside('lineage'), { hidden: 32, layers: 3, visionLayers: 1 });
  });
  afterAll(() => temporary.remove());

  const pair = () => [lineage.base, lineage.in];
  const quick = () => ['spectrum', ...pair(), '--no-runs'];

  it('is a table for people, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await run(['spectrum', lineage.base, lineage.in, lineage.rl, '--no-runs']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, / {2}base → in .* {2}in → rl\n.* {2}stable rank .* {2}stable rank .* same out .* in/);
    assert.match(stdout, /^layer 2 +late +\d/m);
    assert.match(stdout, /^vision 0 /m);
    assert.match(stdout, /^late \(2–2\) /m);
    assert.doesNotMatch(stdout, /^layer .*\*/m);
  });

  it('has a mark where an update is mostly rounding', async () => {
    const options = { hidden: 128, layers: 2 };
    await writeCheckpoint(inside('still'), options);
    await writeCheckpoint(inside('moved'), { ...options, updates: [{ seed: 7, relative: 5e-4 }] });
    const { stdout } = await run(['spectrum', inside('still'), inside('moved'), '--no-runs', '--filter', 'layers']);
    assert.equal(
      stdout
        .split('\n')
        .filter((line) => /^layer \d +\w+ +[\d.]+ +\([\d.]+\) +\* +[\d.]+ +\([\d.]+\) +\* +[\d.]+% +\*/.test(line))
        .length,
      2,
      stdout,
    );
  });

  it('is JSON and nothing else with --json -', async () => {
    const { code, stdout, stderr } = await run([...quick(), '--json', '-', '--filter', 'q_proj']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const result = JSON.parse(stdout) as SpectrumResult;
    assert.deepEqual(
      [result.schema, result.kind, result.mode, result.filter, result.tensors.length],
      [1, 'spectrum', 'exact', 'q_proj', 3],
    );
    const [spectrum] = result.tensors[0]!.spectra;
    for (const field of [
      'spectral',
      'nuclear',
      'stableRank',
      'effectiveRank',
      'conditionNumber',
      'logVolume',
      'topEnergy',
      'singularValues',
      'floor',
      'error',
    ])
      assert.ok(field in spectrum!, field);
    assert.equal(spectrum!.singularValues.length, 32);
  });

  it('is CSV and nothing else with --csv -, and files are written beside a table', async () => {
    const { code, stdout } = await run([...quick(), '--csv', '-', '--json', inside('beside.json'), '--labels', 'B,=I']);
    assert.equal(code, 0);
    const { tensors } = JSON.parse(await readFile(inside('beside.json'), 'utf8')) as SpectrumResult;
    const rows = stdout.trimEnd().split('\n');
    assert.equal(rows.length, 1 + tensors.length);
    assert.match(rows[0]!, /^name,part,section,layer,component,region,rows,columns,B -> =I mode,/);
    const table = await run([...quick(), '--csv', inside('out.csv')]);
    assert.equal(await readFile(inside('out.csv'), 'utf8'), stdout.replaceAll('B -> =I', 'base -> in'));
    assert.match(table.stdout, /stable rank/);
    assert.deepEqual(
      (await readdir(temporary.path)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('says what it would cost', async () => {
    const sentence = await run([...quick(), '--plan']);
    assert.match(
      sentence.stdout,
      /^\d+ matrices, exact mode: .* to read, within 2\.15 GB of memory on \d+ threads?, about \d+ s on this machine\.\n$/,
    );
    const plan = JSON.parse(
      (await run([...quick(), '--plan', '--json', '-', '--threads', '1', '--mode', 'fast'])).stdout,
    ) as SpectrumPlan;
    assert.deepEqual([plan.mode, plan.threads], ['fast', 1]);
    assert.ok(plan.seconds > 0 && plan.operations > 0 && plan.bytes > 0 && plan.matrices > 0);
  });

  it('keeps a run, and does not compute it twice', async () => {
    const args = ['spectrum', ...pair(), '--runs', inside('runs'), '--json', '-'];
    const [first, second] = [await run(args), await run(args)];
    assert.equal(first.stdout, second.stdout);
    const [id] = await readdir(inside('runs', 'runs'));
    assert.deepEqual((await readdir(inside('runs', 'runs', id!))).map((name) => name.replace(/-.*\./, '-x.')).sort(), [
      'curves-x.f32',
      'journal.jsonl',
      'request.json',
      'result.json',
    ]);
  });

  it('goes on after kill -9 of the command or its engine, to the same numbers, and does nothing twice', async ({
    skip,
  }) => {
    if (process.platform !== 'linux') return skip();
    const stages = [lineage.base, lineage.in, lineage.rl];
    const withoutProvenance = (json: string) => ({ ...(JSON.parse(json) as SpectrumResult), provenance: null });
    const runs = inside('killed');
    const linesOf = (journal: string) => journal.split('\n').filter((line) => line !== '');
    for (const [victim, lines] of [
      ['command', 3],
      ['engine', 9],
    ] as const) {
      const command = start(['spectrum', ...stages, '--runs', runs, '--json', '-', '--threads', '1']);
      await untilJournalled(runs, lines, command);
      const engine = enginePid(command);
      process.kill(victim === 'engine' ? engine : command.child.pid!, 'SIGKILL');
      const { code } = await command.finished;
      if (victim === 'engine') assert.equal(code, 7);
      while (isAlive(engine)) await new Promise((resolve) => setTimeout(resolve, 5)); // an orphan must not go on writing
    }
    const kept = linesOf(await readJournal(runs));
    assert.ok(kept.length >= 9, `${kept.length} matrices were done`);
    const finished = await run(['spectrum', ...stages, '--runs', runs, '--json', '-']);
    const whole = await run(['spectrum', ...stages, '--no-runs', '--json', '-', '--threads', '1']);
    assert.deepEqual(withoutProvenance(finished.stdout), withoutProvenance(whole.stdout));
    const lines = linesOf(await readJournal(runs));
    assert.deepEqual(lines.slice(0, kept.length), kept);
    const names = lines.map((line) => {
      const { name, part } = JSON.parse(line) as { name: string; part: string | null };
      return `${name}#${part}`;
    });
    assert.equal(new Set(names).size, names.length);
    assert.equal(names.length, (JSON.parse(whole.stdout) as SpectrumResult).tensors.length);
  });

  describe('wrong use', () => {
    const cases: [string, () => string[], RegExp][] = [
      ['one checkpoint', () => ['spectrum', lineage.base], /at least two checkpoints/],
      ['an unknown mode', () => [...quick(), '--mode', 'slow'], /Allowed choices are exact, fast/],
      [
        'a filter that is no regular expression',
        () => [...quick(), '--filter', '(['],
        /The filter "\(\[" is no regular expression: Unterminated/,
      ],
      [
        'a filter that nothing matches',
        () => [...quick(), '--filter', 'nothing'],
        /No weight has a name that matches "nothing", out of \d+; names are such as "model\./,
      ],
      [
        'a matrix to refine that is not there',
        () => [...quick(), '--mode', 'fast', '--refine', 'lm_head'],
        /There is no matrix "lm_head" to refine/,
      ],
      [
        'cuts outside the model',
        () => [...quick(), '--cuts', '1,99'],
        /outside the model, which has 3 language layers/,
      ],
      ['too little memory', () => [...quick(), '--memory', '64MiB'], /these spectra need at least \d+ MiB/],
      ['labels that do not fit', () => [...quick(), '--labels', 'a,b,c'], /--labels names 3 stages, but 2 are given/],
      ['two results on one stdout', () => [...quick(), '--json', '-', '--csv', '-'], /Only one of --json and --csv/],
    ];
    for (const [what, args, sentence] of cases) {
      it(`${what} is exit code 2 and a sentence`, async () => {
        const { code, stdout, stderr } = await run(args());
        assert.equal(code, 2, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, sentence);
        assert.doesNotMatch(stderr, /^\s+at /m);
      });
    }
  });

  it('of two families is exit code 4', async () => {
    await writeCheckpoint(inside('llama'), { family: 'llama' });
    const finished = await run(['spectrum', lineage.base, inside('llama'), '--no-runs']);
    assert.equal(finished.code, 4);
    assert.match(sentenceOf(finished), /two different families/);
  });

  it('of a checkpoint that is not there is exit code 3', async () => {
    const finished = await run(['spectrum', lineage.base, inside('nowhere'), '--no-runs']);
    assert.equal(finished.code, 3);
    assert.match(sentenceOf(finished), /nowhere does not exist\.$/);
  });
});
