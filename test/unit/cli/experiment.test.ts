/** `frankenstein run` on the sample lineage: killed, continued, and the same numbers as without. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { run, start } from './cli.js';

let temporary: TemporaryFolder;
let file: string;
const SAMPLES = path.resolve('samples');
const TEXT = `checkpoints:
  base: ${SAMPLES}/lineage/base
  in: ${SAMPLES}/lineage/in
  rl: ${SAMPLES}/lineage/rl
protocol: {maxNewTokens: 8}
sets:
  text: {data: ${SAMPLES}/eval/text.jsonl, draw: "numpy:123", samples: 6}
parts:
  updates: {run: compare}
  reasoning: {run: probe skip, checkpoints: [in, rl], data: text, samples: 4, depths: 0-3}
  abilities: {run: evaluate, data: text}
`;

beforeAll(async () => {
  temporary = await temporaryFolder();
  file = path.join(temporary.path, 'one.experiment.yaml');
  await writeFile(file, TEXT);
});
afterAll(() => temporary?.remove());

const STEPS = ['updates', 'reasoning/in', 'reasoning/rl', 'abilities'];
const args = (runs: string, ...more: string[]) => ['run', file, '--runs', path.join(temporary.path, runs), ...more];

/** Every stored result without when and how it was made, by the run's id. */
async function results(runs: string): Promise<Map<string, unknown>> {
  const folder = path.join(temporary.path, runs, 'runs');
  const all = new Map<string, unknown>();
  for (const id of readdirSync(folder).sort()) {
    const text = await readFile(path.join(folder, id, 'result.json'), 'utf8');
    all.set(id, { ...(JSON.parse(text) as object), provenance: null, seconds: null, cost: null });
  }
  return all;
}

const linesOf = (text: string) => text.trim().split('\n');

describe('an experiment on the command line', () => {
  it('plans with time and memory, and does nothing', async () => {
    const { code, stdout } = await run(args('planned', '--plan', '--only', 'updates'));
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^updates \(compare\): \d+ tensors: .* of memory.*\n {2}reads .*base\n[\s\S]*1 run in all: about .*, within .* of memory\.\n$/,
    );
    assert.throws(() => readdirSync(path.join(temporary.path, 'planned', 'runs')));
  });

  it('continues after kill -9 and Ctrl-C, does nothing twice, and has the same numbers', async () => {
    const whole = await run(args('whole'));
    assert.equal(whole.code, 0, whole.stderr);
    assert.deepEqual(
      linesOf(whole.stdout).map((line) => line.split(/\s{2,}/)[0]!.trim()),
      STEPS,
    );

    const killed = start(args('killed'));
    await new Promise<void>((resolve) => {
      let said = '';
      killed.child.stderr!.on('data', (text: string) => {
        said += text;
        if (said.includes('2 of 4  reasoning/in (probe skip)')) resolve();
      });
      killed.child.on('close', () => resolve());
    });
    killed.child.kill('SIGKILL');
    assert.equal((await killed.finished).signal, 'SIGKILL');

    const interrupted = start(args('killed'));
    await new Promise<void>((resolve) => {
      let said = '';
      interrupted.child.stderr!.on('data', (text: string) => {
        said += text;
        if (said.includes('3 of 4  reasoning/rl (probe skip)')) resolve();
      });
      interrupted.child.on('close', () => resolve());
    });
    interrupted.child.kill('SIGINT');
    const stopped = await interrupted.finished;
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(stopped.stderr, /1 of 4 {2}updates: was done before/);
    assert.match(stopped.stderr, /Left: (?:reasoning\/rl, )?abilities\. The next start continues from there\./);

    const rest = await run(args('killed'));
    assert.equal(rest.code, 0, rest.stderr);
    assert.match(rest.stdout, /reasoning\/in +probe skip +done before/);
    assert.deepEqual(await results('killed'), await results('whole'));

    const again = await run(args('killed'));
    assert.equal(again.stdout.match(/done before/g)?.length, STEPS.length, again.stdout);
  });

  it('does the others where one part fails, says it at the end, and ends with its code', async () => {
    const broken = path.join(temporary.path, 'broken.experiment.yaml');
    await writeFile(
      broken,
      TEXT.replace('depths: 0-3', 'depths: 90').replace(
        'abilities: {run: evaluate, data: text}',
        'more: {run: spectrum, mode: fast, filter: "layers.3.*q_proj"}',
      ),
    );
    const { code, stdout, stderr } = await run(['run', broken, '--runs', path.join(temporary.path, 'whole')]);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /updates +compare +done before[\s\S]*reasoning\/in +probe skip +failed[\s\S]*more +spectrum +done/,
    );
    assert.match(stderr, /frankenstein: 2 of 4 runs failed: reasoning\/in, reasoning\/rl\.\n$/);
  });

  it('refuses a file with the place of what is wrong', async () => {
    const wrong = path.join(temporary.path, 'wrong.experiment.yaml');
    await writeFile(wrong, TEXT.replace('run: compare', 'run: compair'));
    const bad = await run(['run', wrong]);
    assert.equal(bad.code, 3);
    assert.match(bad.stderr, /wrong\.experiment\.yaml:9:18: There is no "compair" to run/);
    const other = await run(['run', file, '--only', 'nothing']);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /No part is called "nothing"; there are updates, reasoning/);
    assert.equal((await run(['run', path.join(temporary.path, 'x.yaml')])).code, 2);
  });
});
