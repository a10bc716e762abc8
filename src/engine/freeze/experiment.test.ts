/** Experiments on disk: what is written for each trainer, and what is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parse } from 'yaml';
import { openExperiment, planExperiment } from './experiment.js';
import { runsOf } from './matrix.js';
import { TRAINERS } from './schema.js';
import { verifyFrozen } from './verifyExperiment.js';
import { pair, writeAdapter } from '../../../test/fixtures/adapter.js';

const IN = path.resolve('samples/lineage/in');
let root: string;
let data: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'freeze-'));
  data = path.join(root, 'questions');
  await mkdir(path.join(data, 'images'), { recursive: true });
  await copyFile('test/parity/evaluate/parquet/images/one.png', path.join(data, 'images', 'a.png'));
  await copyFile('test/parity/evaluate/parquet/images/one.png', path.join(data, 'images', 'b.png'));
  await copyFile('test/parity/evaluate/parquet/ours.parquet', path.join(data, 'ours.parquet'));
  const lines = [
    { id: 'q1', prompt: 'How many?', answer: '3', answer_type: 'number', image: 'images/a.png' },
    {
      id: 'q2',
      prompt: 'Which <image>?',
      answer: 'B',
      answer_type: 'choice',
      choices: ['x', 'y'],
      image: 'images/b.png',
    },
    { id: 'q3', prompt: '1 + 1?', answer: '2', answer_type: 'number' },
  ];
  await writeFile(path.join(data, 'a.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const plan = (trainer: (typeof TRAINERS)[number], out: string, more: object = {}) =>
  planExperiment({
    settings: { model: IN, data, trainer, runs: runsOf(['early', '/\\.q_proj\\./'], []), ...more },
    out: path.join(root, out),
  });

describe('an experiment', () => {
  for (const method of ['full', 'lora'] as const)
    for (const trainer of TRAINERS)
      it(`has data, rewards and a launch script per run for ${trainer}, ${method}`, async () => {
        const out = path.join(root, `${trainer}-${method}`);
        const { questions, plan: made } = await plan(trainer, path.basename(out), { method });
        assert.deepEqual((await readdir(path.join(out, 'runs'))).sort(), ['control', 'early', 'frozen']);
        const rows = (await readFile(path.join(out, 'data', 'train.jsonl'), 'utf8')).trimEnd().split('\n');
        assert.equal(rows.length, questions);
        for (const row of rows.map((line) => JSON.parse(line) as { images: string[] }))
          for (const image of row.images) assert.ok((await stat(path.join(out, image))).size > 0);
        for (const run of made.runs) {
          const folder = path.join(out, 'runs', run.name);
          const files = await readdir(folder);
          const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
          const python = texts[files.findIndex((file) => file.endsWith('.py'))]!;
          assert.match(python, new RegExp(`^FROZEN_PARAMETERS = ${run.frozen.parameters}$`, 'm'));
          const trained = run.adapters?.parameters ?? run.trains.parameters;
          assert.match(python, new RegExp(`^TRAINED_PARAMETERS = ${trained}$`, 'm'));
          assert.ok(python.includes('def check(model):') && !/^# --- /m.test(python));
          if (process.platform !== 'win32')
            for (const script of [path.join(folder, 'launch.sh'), path.join(out, 'slurm.sh')])
              assert.equal(spawnSync('bash', ['-n', script]).status, 0, script);
        }
        const opened = await openExperiment(out);
        assert.deepEqual(
          opened.plan.runs.map(({ name, frozen }) => [name, frozen]),
          made.runs.map(({ name, frozen }) => [name, frozen]),
        );
      });

  it('keeps an image once, and places it where the prompt says', async () => {
    await plan('verl', 'images');
    const rows = (await readFile(path.join(root, 'images', 'data', 'train.jsonl'), 'utf8')).trimEnd().split('\n');
    const [first, second, third] = rows.map(
      (line) => JSON.parse(line) as { prompt: { content: string }[]; images: string[] },
    );
    assert.equal(first!.prompt[0]!.content, '<image>How many?');
    assert.equal(second!.prompt[0]!.content, 'Which <image>?');
    assert.deepEqual(first!.images, second!.images);
    assert.deepEqual(third!.images, []);
  });

  it('is not written over another', async () => {
    await plan('trl', 'taken');
    await assert.rejects(plan('trl', 'taken'), /taken is not empty: name a folder that does not exist yet/);
  });

  it('leaves nothing where the plan does not fit', async () => {
    await assert.rejects(plan('trl', 'bad', { runs: runsOf(['nothing-like-it'], []) }), /matches no parameter/);
    assert.ok(!(await readdir(root)).some((name) => name.includes('bad')));
  });

  it('starts from weights, not from an adapter', async () => {
    const adapter = await writeAdapter(path.join(root, 'adapter'), {
      config: { base_model_name_or_path: IN },
      tensors: pair('model.language_model.layers.0.self_attn.q_proj', 96, 96, 2, 1),
    });
    await assert.rejects(
      plan('trl', 'from-adapter', { model: adapter }),
      /is an adapter: trl loads a folder of weights/,
    );
  });

  it('knows when its IN has changed', async () => {
    const model = path.join(root, 'model');
    await mkdir(model);
    for (const name of await readdir(IN)) await copyFile(path.join(IN, name), path.join(model, name));
    await plan('trl', 'changed', { model });
    await copyFile('samples/lineage/rl/model.safetensors', path.join(model, 'model.safetensors'));
    await assert.rejects(openExperiment(path.join(root, 'changed')), /is no longer the checkpoint/);
  });
});

describe.skipIf(process.platform === 'win32')('an experiment that moves', () => {
  /** Starts a run's script; what stands for Python says which model it was given. */
  const launch = (out: string, env: NodeJS.ProcessEnv = {}) => {
    const clean = { ...process.env };
    delete clean['FREEZE_MODEL'];
    return spawnSync('bash', [path.join(out, 'runs', 'control', 'launch.sh')], {
      encoding: 'utf8',
      env: { ...clean, PYTHON: path.join(root, 'says.sh'), ...env },
    });
  };
  beforeAll(() =>
    writeFile(path.join(root, 'says.sh'), '#!/usr/bin/env bash\necho "IN=$FREEZE_MODEL"; exit 7\n', {
      mode: 0o755,
    }),
  );

  for (const trainer of TRAINERS)
    it(`finds IN beside it, or where the variable says, with ${trainer}`, async () => {
      const home = path.join(root, `home-${trainer}`);
      await cp(IN, path.join(home, "o'in"), { recursive: true });
      await plan(trainer, `home-${trainer}/exp/one`, { model: path.join(home, "o'in") });
      const moved = path.join(root, `moved-${trainer}`);
      await rename(home, moved);
      const out = path.join(moved, 'exp', 'one');
      const { stdout } = launch(out);
      assert.match(stdout, new RegExp(`^IN=.*/moved-${trainer}/o'in$`, 'm'));
      assert.ok((await openExperiment(out)).model.path.endsWith(`moved-${trainer}/o'in`));
      const entries = await readdir(path.join(out, 'runs', 'control'), { withFileTypes: true });
      const text = entries
        .filter((entry) => entry.isFile())
        .map(({ name }) => readFile(path.join(out, 'runs', 'control', name), 'utf8'));
      for (const one of await Promise.all(text)) assert.ok(!one.includes(`home-${trainer}`));
      await rename(path.join(moved, "o'in"), path.join(root, `elsewhere-${trainer}`));
      const lost = launch(out);
      assert.equal(lost.status, 1);
      assert.match(lost.stderr, /^freeze: IN is not in .*: name its folder in FREEZE_MODEL\.$/m);
      const named = launch(out, { FREEZE_MODEL: path.join(root, `elsewhere-${trainer}`) });
      assert.match(named.stdout, new RegExp(`^IN=.*/elsewhere-${trainer}$`, 'm'));
    });

  it('gives Axolotl a config that says the same, with IN as it is here', async () => {
    const home = path.join(root, "it's here");
    await cp(IN, path.join(home, 'in'), { recursive: true });
    await plan('axolotl', "it's here/exp", { model: path.join(home, 'in') });
    launch(path.join(home, 'exp'));
    const read = async (name: string) =>
      parse(await readFile(path.join(home, 'exp', 'runs', 'control', name), 'utf8')) as Record<string, unknown>;
    const [written, here] = [await read('config.yaml'), await read('config.here.yaml')];
    assert.equal(written['base_model'], '../in');
    assert.deepEqual(here, { ...written, base_model: await realpath(path.join(home, 'in')) });
  });
});

describe('a run that was trained elsewhere', () => {
  it('is read from where the plan says, is not trained here, and has one seed', async () => {
    const named = { control: {}, mid: { freeze: ['mid'], result: path.resolve('samples/lineage/rl-frozen-mid') } };
    await plan('trl', 'named', { runs: named });
    const { runs, passed } = await verifyFrozen({ experiment: path.join(root, 'named') });
    assert.ok(passed);
    assert.deepEqual(
      runs.map(({ run, verification }) => [run, verification === null]),
      [
        ['control', true],
        ['mid', false],
      ],
    );
    await assert.rejects(plan('trl', 'seeds', { runs: named, seeds: [0, 1] }), {
      code: 'bad-request',
      message: /names one result, but the plan has 2 seeds/,
    });
  });
});
