/** What the campaign damages: for every kind of file that users are sent, a valid one and what reads it. */
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from '../../src/engine/merge/checkpoint.js';
import { createEngine } from '../../src/engine/engine.js';
import { readProbeSet } from '../../src/engine/datasets/probeSet.js';
import { readSets } from '../../src/engine/analyses/evaluate/sets.js';
import { readImage } from '../../src/engine/models/processor/decodeImage.js';
import { TrainingReader } from '../../src/engine/training/reader.js';
import { userMessage } from '../../src/engine/models/processor/messages.js';
import { createProcessor } from '../../src/engine/models/processor/processor.js';
import { readSpec } from '../../src/engine/models/spec.js';
import { pair, writeAdapter } from '../fixtures/adapter.js';
import { writeCheckpoint } from '../fixtures/checkpoints.js';
import { damageBytes, damageFile, damageText, type Dice } from './damage.js';

export interface Subject {
  kind: string;
  /** Writes a valid input into an empty folder. */
  write(folder: string): Promise<unknown>;
  /** Files of it, one of which is damaged; relative. */
  files: readonly string[] | ((folder: string) => Promise<string[]>);
  damage(bytes: Buffer, dice: Dice): Buffer;
  /** Reads it in this process. @throws `FrankensteinError` and nothing else */
  read(folder: string): Promise<unknown>;
  /** Reads it by the command. */
  command(folder: string, dice: Dice): string[];
}

const LINEAGE = path.resolve('samples/lineage');
const TRL_COMPLETIONS = 'trl/completions/completions_00002.parquet';
const engine = createEngine(path.resolve('dist/worker.mjs'));

/** Text that is damaged as bytes once in a while, or replaced. */
const inText =
  (own: readonly string[] = []): Subject['damage'] =>
  (bytes, dice) => {
    if (dice.below(8) === 0) return damageBytes(bytes, dice);
    if (own.length > 0 && dice.below(16) === 0) return Buffer.from(dice.pick(own));
    let text = bytes.toString();
    for (let edits = 1 + dice.below(3); edits > 0; edits--) text = damageText(text, dice, own);
    return Buffer.from(text);
  };

const inBytes: Subject['damage'] = (bytes, dice) => {
  let damaged = bytes;
  for (let edits = 1 + dice.below(3); edits > 0; edits--) damaged = damageBytes(damaged, dice);
  return damaged;
};

/** A checkpoint of the sample lineage that can be asked, with its weights. */
const copyOf = (stage: string) => async (folder: string) => {
  for (const name of await readdir(path.join(LINEAGE, stage)))
    await copyFile(path.join(LINEAGE, stage, name), path.join(folder, name));
};

/** What an answer needs of a checkpoint's text files. */
async function prompt(folder: string): Promise<void> {
  const processor = await createProcessor(await openCheckpoint(folder));
  const input = { messages: [userMessage('How many red squares?')] };
  const { inputIds } = await Promise.resolve(processor.process({ input }));
  processor.decode(inputIds);
}

const REGULAR_EXPRESSIONS = [
  '(a+)+$',
  '(a*)*b',
  '(?:.|..|...)',
  'a{1,99999}',
  '(?<!a)b',
  '[',
  '\\\\p{Letter',
  '(?i)x',
  '',
];

const images = (kind: string, files: readonly string[]): Subject => ({
  kind,
  write: async (folder) => {
    for (const name of files)
      await copyFile(path.resolve('test/parity/processor/fixtures/pictures', name), path.join(folder, name));
    await cp(path.join(LINEAGE, 'in'), path.join(folder, 'model'), { recursive: true });
  },
  files,
  damage: inBytes,
  read: async (folder) => Promise.all(files.map((name) => readImage(path.join(folder, name)))),
  command: (folder, { pick }) => [
    ...['generate', path.join(folder, 'model'), '--prompt', 'What is it?', '--max-new-tokens', '2'],
    ...['--memory', '600MB', '--image', path.join(folder, pick(files))],
  ],
});

const inspect = (folder: string, { below }: Dice) => ['inspect', folder, ...(below(2) === 0 ? ['--tensors'] : [])];
const questions = (file: string) => (folder: string) => [
  ...['evaluate', path.join(LINEAGE, 'in'), '--data', path.join(folder, file), '--samples', '3', '--no-runs'],
  ...['--max-new-tokens', '2', '--memory', '600MB'],
];
const setsOf = (folder: string, file: string) =>
  readSets({ data: path.join(folder, file), badLines: 'stop' }, { reading: {}, choosing: { seed: 0 } }, undefined);

export const SUBJECTS: readonly Subject[] = [
  {
    kind: 'header',
    write: (folder) =>
      writeCheckpoint(folder, { family: 'qwen2_5_vl', layers: 2, visionLayers: 1, hidden: 4, vocabulary: 4 }),
    files: ['model.safetensors'],
    damage: damageFile,
    read: openCheckpoint,
    command: inspect,
  },
  {
    kind: 'index',
    write: (folder) => writeCheckpoint(folder, { family: 'llama', layers: 2, hidden: 4, vocabulary: 4, shards: 3 }),
    files: ['model.safetensors.index.json'],
    damage: inText(),
    read: openCheckpoint,
    command: inspect,
  },
  {
    kind: 'config',
    write: copyOf('in'),
    files: ['config.json'],
    damage: inText(['"1e-2"', '-3', '1e30', '27', 'qwen3_vl', 'yarn', 'float8', '"window_size": 27,']),
    read: async (folder) => readSpec(await openCheckpoint(folder)),
    command: (folder) => [...['generate', folder, '--prompt', 'One?', '--max-new-tokens', '2', '--memory', '600MB']],
  },
  {
    kind: 'tokenizer',
    write: copyOf('in'),
    files: ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'preprocessor_config.json'],
    damage: inText([...REGULAR_EXPRESSIONS, 'Sequence', 'FixedLength', 'Replace', 'Unigram', '"length": 0,', '[[]]']),
    read: prompt,
    command: (folder) => [...['generate', folder, '--prompt', 'One?', '--max-new-tokens', '2', '--memory', '600MB']],
  },
  {
    kind: 'template',
    write: copyOf('in'),
    files: ['chat_template.jinja'],
    damage: inText([
      '{{ raise_exception("\u001b[2J") }}',
      '{% for i in range(1000000000) %}x{% endfor %}',
      '{{ range(400000000)|length }}',
      '{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}',
      '{{ messages.constructor.constructor("return process")() }}',
      '{% include "/etc/passwd" %}',
      "{{ 'x' * 1000000000 }}",
      '{% if %}',
      '{{ messages[0]["content"] | tojson }}',
    ]),
    read: prompt,
    command: (folder) => [...['generate', folder, '--prompt', 'One?', '--max-new-tokens', '2', '--memory', '600MB']],
  },
  {
    kind: 'adapter',
    write: async (folder) => {
      await writeCheckpoint(path.join(folder, 'base'), { family: 'llama', layers: 2, hidden: 8, vocabulary: 4 });
      await writeAdapter(path.join(folder, 'adapter'), {
        config: { rank_pattern: { 'layers.0.mlp.*': 2 }, alpha_pattern: { q_proj: 8 }, target_modules: ['q_proj'] },
        tensors: [...pair('model.layers.0.self_attn.q_proj', 8, 8, 2, 1)],
      });
    },
    files: ['adapter/adapter_config.json'],
    damage: inText([...REGULAR_EXPRESSIONS, '.?'.repeat(40) + '!', 'a?'.repeat(900), 'DORA', '"use_dora": true,']),
    read: (folder) => openCheckpoint(path.join(folder, 'base') + '+' + path.join(folder, 'adapter')),
    command: (folder) => ['inspect', `${path.join(folder, 'base')}+${path.join(folder, 'adapter')}`],
  },
  {
    kind: 'jsonl',
    write: async (folder) => {
      const lines = (await readFile('samples/eval/math.jsonl', 'utf8')).split('\n').slice(0, 12);
      await writeFile(path.join(folder, 'math.jsonl'), `${lines.join('\n')}\n`);
      await mkdir(path.join(folder, 'images'), { recursive: true });
      for (const line of lines) {
        const { image } = JSON.parse(line) as { image: string };
        await copyFile(path.join('samples/eval', image), path.join(folder, image));
      }
    },
    files: ['math.jsonl'],
    damage: inText(['images/../../x.png', 'box', 'choice', '<image><image>', '"image": null,', '[1, 2, 3, 4]']),
    read: (folder) => setsOf(folder, 'math.jsonl'),
    command: questions('math.jsonl'),
  },
  {
    kind: 'probes',
    write: async (folder) => {
      const lines = (await readFile('samples/probes/counting.jsonl', 'utf8')).split('\n').slice(0, 6);
      await writeFile(path.join(folder, 'counting.jsonl'), `${lines.join('\n')}\n`);
      await cp('samples/probes/images', path.join(folder, 'images'), { recursive: true });
    },
    files: ['counting.jsonl'],
    damage: inText(['../x.png', 'grounding', 'recognition', '"meta": {},', '[0, 0, 0, 0]']),
    read: (folder) => readProbeSet(path.join(folder, 'counting.jsonl')),
    command: (folder) => [
      ...['probe', 'swap', path.join(LINEAGE, 'in'), '--data', path.join(folder, 'counting.jsonl'), '--depths', '3'],
      ...['--samples', '2', '--no-runs', '--max-new-tokens', '2', '--memory', '600MB'],
    ],
  },
  {
    kind: 'parquet',
    write: async (folder) => {
      for (const name of ['gsm8k', 'mathvista', 'ours'])
        await copyFile(`test/parity/evaluate/parquet/${name}.parquet`, path.join(folder, `${name}.parquet`));
    },
    files: ['gsm8k.parquet', 'mathvista.parquet', 'ours.parquet'],
    damage: inBytes,
    read: async (folder) => {
      for (const name of ['gsm8k', 'mathvista', 'ours']) await setsOf(folder, `${name}.parquet`);
    },
    command: (folder, { pick }) => questions(pick(['gsm8k.parquet', 'mathvista.parquet', 'ours.parquet']))(folder),
  },
  {
    kind: 'recipe',
    write: async (folder) => {
      for (const stage of ['in', 'rl'])
        await writeCheckpoint(path.join(folder, stage), {
          ...{ family: 'qwen2_5_vl', layers: 3, visionLayers: 1, hidden: 4, vocabulary: 4 },
        });
      await writeFile(
        path.join(folder, 'a.frank.yaml'),
        'checkpoints: {in: in, rl: rl}\nstitch: {early: in, mid: rl, late: in, cuts: [1, 2]}\n',
      );
      await writeFile(
        path.join(folder, 'b.frank.yaml'),
        'merge_method: ties\nbase_model: in\nmodels:\n  - model: rl\n    parameters: {weight: 0.5, density: ' +
          '[0.1, 1]}\ndtype: bfloat16\n',
      );
    },
    files: ['a.frank.yaml', 'b.frank.yaml'],
    damage: inText([
      '&a',
      '*a',
      '<<: *a\n',
      '- [',
      '|\n',
      '!!js/function x',
      'layer_range: [0, 0]\n',
      '\u001b[31m',
      '? ',
    ]),
    read: async (folder) => {
      for (const name of ['a.frank.yaml', 'b.frank.yaml']) {
        const file = path.join(folder, name);
        await engine.checkRecipe({ file, text: await readFile(file, 'utf8') });
      }
    },
    command: (folder, { pick, below }) => {
      const file = path.join(folder, pick(['a.frank.yaml', 'b.frank.yaml']));
      return below(2) === 0 ? ['merge', '--check', file] : ['merge', file, '--out', path.join(folder, 'out')];
    },
  },
  images('png', ['rgb.png', 'palette.png', '16-bit.png', 'interlaced.png']),
  images('jpeg', ['420.jpg', 'progressive.jpg', 'turned-6.jpg']),
  images('webp', ['lossy.webp', 'lossless.webp', 'alpha.webp']),
  {
    kind: 'run',
    write: async (folder) => {
      for (const stage of ['in', 'rl'])
        await writeCheckpoint(path.join(folder, stage), { family: 'llama', layers: 1, hidden: 4, vocabulary: 4 });
      await engine.compare({
        stages: [{ path: path.join(folder, 'in') }, { path: path.join(folder, 'rl') }],
        runsFolder: folder,
      });
    },
    files: runFiles,
    damage: inText(['{"kind":"compare"}', '"kind": "probe",', '{}', 'null', '{"startedAt":5}', '"sums": {},']),
    read: async (folder) => {
      const [file] = await runFiles(folder);
      await engine.listRuns({ runsFolder: folder });
      await engine.readCompare({ runsFolder: folder, runId: file!.split('/')[1]! });
    },
    command: (folder) => ['compare', path.join(folder, 'in'), path.join(folder, 'rl'), '--runs', folder],
  },
  {
    kind: 'training',
    write: copyLogs,
    files: [
      'trl/checkpoint-4/trainer_state.json',
      'swift/v0-20260101-000000/logging.jsonl',
      'swift/v0-20260101-000000/completions.jsonl',
      'verl/project/experiment.jsonl',
      'verl/rollouts/2.jsonl',
    ],
    damage: inText(['NaN', '-Infinity', '"step": [', '"1/2"', '{"step":1,"data":{', '\n', '\n{', '"role": "user"']),
    read: readLogs,
    command: (folder, { pick }) => ['training', folder, ...pick([[], ['--json', '-'], ['--csv', '-']])],
  },
  {
    kind: 'trackio',
    write: copyLogs,
    files: ['trackio/sample.db', 'trackio/live/sample.db', 'trackio/live/sample.db-wal', TRL_COMPLETIONS],
    damage: inBytes,
    read: readLogs,
    command: (folder) => ['training', path.join(folder, 'trackio')],
  },
];

async function copyLogs(folder: string): Promise<void> {
  await cp(path.resolve('test/parity/training/logs'), folder, { recursive: true });
}

/** What is wrong with one log leaves the others alone, so that it is said beside them. */
async function readLogs(folder: string): Promise<void> {
  const reader = new TrainingReader([folder]);
  const { files, runs } = (await reader.look())!;
  const odd = files.find(({ problem }) => problem !== null && (/\p{Cc}/u.test(problem) || problem.length > 2000));
  if (odd !== undefined) throw new Error(`no sentence: ${JSON.stringify(odd.problem)}`);
  for (const { name, completions } of runs) for (const step of completions) await reader.completions(name, step);
}

async function runFiles(folder: string): Promise<string[]> {
  const [run] = await readdir(path.join(folder, 'runs'));
  return ['request.json', 'journal.jsonl', 'result.json'].map((name) => `runs/${run!}/${name}`);
}
