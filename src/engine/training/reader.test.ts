/** Logs that are damaged, still being written, restarted, or hostile: each is read as far as it goes, and says so. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { TrainingReader } from './reader.js';
import type { TrainingReading, TrainingSeries } from './result.js';
import { withDatabase } from './database.js';
import { withLog } from './wal.js';
import { scratch, stateOf, swiftLines, write } from '../../../test/unit/training/support.js';

const LOGS = path.resolve('test/parity/training/logs');
let root: string;
let made = 0;
beforeAll(async () => {
  root = await scratch();
});

async function folderWith(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = path.join(root, `run${made++}`);
  await mkdir(folder);
  await write(folder, files);
  return folder;
}

async function look(reader: TrainingReader): Promise<TrainingReading> {
  const reading = await reader.look();
  assert.ok(reading !== null);
  return reading;
}

function seriesOf({ runs }: TrainingReading, key: string, run = runs[0]!.name): TrainingSeries {
  const found = runs.find(({ name }) => name === run)?.series.find((one) => one.key === key);
  assert.ok(found !== undefined, `${run} has ${key}`);
  return found;
}

const problems = ({ files }: TrainingReading) => files.flatMap(({ problem }) => problem ?? []);

describe('a log of lines', () => {
  it('is read on from where the last look ended', async () => {
    const folder = await folderWith({ 'logging.jsonl': swiftLines([[1, { loss: 3 }]]) });
    const file = path.join(folder, 'logging.jsonl');
    const reader = new TrainingReader([folder]);
    const first = await look(reader);
    assert.equal(await reader.look(first.version), null, 'nothing is new');
    await appendFile(file, swiftLines([[2, { loss: 2 }]]));
    const second = await look(reader);
    assert.notEqual(second.version, first.version);
    assert.deepEqual(seriesOf(second, 'loss').points, [
      [1, 3],
      [2, 2],
    ]);
    assert.equal(second.files[0]!.records, 2, 'the first line was not read again');
  });

  it('keeps a cut last line for the next look', async () => {
    const [whole, half] = [swiftLines([[1, { loss: 3 }]]), swiftLines([[2, { loss: 2 }]])];
    const folder = await folderWith({ 'logging.jsonl': whole + half.slice(0, 9) });
    const reader = new TrainingReader([folder]);
    const cut = await look(reader);
    assert.deepEqual(seriesOf(cut, 'loss').points, [[1, 3]]);
    assert.deepEqual(problems(cut), ['The last line of logging.jsonl is cut off, or still being written.']);
    await appendFile(path.join(folder, 'logging.jsonl'), half.slice(9));
    const later = await look(reader);
    assert.deepEqual(seriesOf(later, 'loss').points.at(-1), [2, 2]);
    assert.deepEqual(problems(later), []);
  });

  it('needs no end after its last line, and takes that line once', async () => {
    const folder = await folderWith({ 'logging.jsonl': swiftLines([[1, { loss: 3 }]]).trim() });
    const reader = new TrainingReader([folder]);
    assert.equal((await look(reader)).files[0]!.records, 1);
    await appendFile(path.join(folder, 'logging.jsonl'), `\n${swiftLines([[2, { loss: 2 }]])}`);
    const { files } = await look(reader);
    assert.deepEqual([files[0]!.records, files[0]!.problem], [2, null]);
  });

  it('leaves out lines that are no objects, and counts them', async () => {
    const bad = `no json\n[1]\n{"loss": 1}\n`;
    const folder = await folderWith({
      'logging.jsonl': `${swiftLines([[1, { loss: 3 }]])}${bad}\n${swiftLines([[2, { loss: 2 }]])}`,
    });
    const reading = await look(new TrainingReader([folder]));
    assert.equal(seriesOf(reading, 'loss').total, 2);
    assert.deepEqual(problems(reading), [
      '3 lines of logging.jsonl (the first is 2) are left out: it is not valid JSON.',
    ]);
  });

  it('leaves out a line that is too long, whole or not', async () => {
    const long = `{"x": "${'x'.repeat(5 * 1024 * 1024)}"}`;
    const folder = await folderWith({
      'logging.jsonl': `${swiftLines([[1, { loss: 3 }]])}${long}\n${swiftLines([[2, { loss: 2 }]])}${long}`,
    });
    const reader = new TrainingReader([folder]);
    const reading = await look(reader);
    assert.equal(seriesOf(reading, 'loss').total, 2);
    assert.match(problems(reading)[0]!, /^2 lines of logging\.jsonl \(the first is 2\) are left out: it has more than/);
    await appendFile(path.join(folder, 'logging.jsonl'), `more\n${swiftLines([[3, { loss: 1 }]])}`);
    assert.equal(seriesOf(await look(reader), 'loss').last, 1);
  });

  it('is read from its beginning where it was written anew', async () => {
    const folder = await folderWith({
      'logging.jsonl': swiftLines([
        [1, { loss: 3 }],
        [2, { loss: 2 }],
      ]),
    });
    const file = path.join(folder, 'logging.jsonl');
    const reader = new TrainingReader([folder]);
    await look(reader);
    await truncate(file, 0);
    await appendFile(file, swiftLines([[1, { loss: 9 }]]));
    assert.deepEqual(seriesOf(await look(reader), 'loss').points, [[1, 9]]);
    await writeFile(
      `${file}.new`,
      swiftLines([
        [1, { loss: 7 }],
        [2, { loss: 7 }],
        [3, { loss: 7 }],
      ]),
    );
    await rename(`${file}.new`, file);
    assert.deepEqual(
      seriesOf(await look(reader), 'loss').points.map(([, value]) => value),
      [7, 7, 7],
    );
  });

  it('has gaps for what is no number, and numbers in text', async () => {
    const folder = await folderWith({
      'logging.jsonl':
        '{"loss": NaN, "kl": "0.5", "note": "NaN is a word", "global_step/max_steps": "1/9"}\n' +
        '{"loss": -Infinity, "kl": "nan", "note": "x", "global_step/max_steps": "2/9"}\n' +
        '{"loss": 1.5, "kl": null, "ok": true, "global_step/max_steps": "3/9"}\n',
    });
    const reading = await look(new TrainingReader([folder]));
    assert.deepEqual(seriesOf(reading, 'loss').points, [
      [1, null],
      [2, null],
      [3, 1.5],
    ]);
    assert.equal(seriesOf(reading, 'loss').gaps, 2);
    assert.deepEqual(
      seriesOf(reading, 'kl').points.map(([, value]) => value),
      [0.5, null, null],
    );
    assert.deepEqual(
      reading.runs[0]!.series.map(({ key }) => key),
      ['kl', 'loss'],
    );
    assert.deepEqual(problems(reading), []);
  });

  it('marks a restart: later values win, and what it has not reached yet is from before', async () => {
    const steps = [1, 2, 3, 4, 5, 3, 4].map((step, at) => [step, { loss: 10 * step + at }] as const);
    const folder = await folderWith({ 'logging.jsonl': swiftLines(steps) });
    const reading = await look(new TrainingReader([folder]));
    assert.deepEqual(seriesOf(reading, 'loss').points, [
      [1, 10],
      [2, 21],
      [3, 35],
      [4, 46],
      [5, 54],
    ]);
    assert.deepEqual(seriesOf(reading, 'loss').earlier, [5]);
    assert.equal(seriesOf(reading, 'loss').last, 46);
    assert.deepEqual(reading.runs[0]!.seams, [3]);
  });

  it('has no restart where two series have steps of their own', async () => {
    const folder = await folderWith({
      'logging.jsonl': swiftLines([
        [1, { loss: 3 }],
        [10, { eval_loss: 2 }],
        [2, { loss: 2 }],
        [20, { eval_loss: 1 }],
      ]),
    });
    assert.deepEqual((await look(new TrainingReader([folder]))).runs[0]!.seams, []);
  });
});

describe('a history that is written whole', () => {
  it('keeps what was read while it is being written', async () => {
    const folder = await folderWith({ 'trainer_state.json': stateOf([{ step: 1, loss: 3 }]) });
    const file = path.join(folder, 'trainer_state.json');
    const reader = new TrainingReader([folder]);
    await look(reader);
    await writeFile(
      file,
      stateOf([
        { step: 1, loss: 3 },
        { step: 2, loss: 2 },
      ]).slice(0, 60),
    );
    const during = await look(reader);
    assert.deepEqual(seriesOf(during, 'loss').points, [[1, 3]]);
    assert.match(
      problems(during)[0]!,
      /trainer_state\.json is not valid JSON: it is damaged, or still being written\.$/,
    );
    await writeFile(
      file,
      stateOf([
        { step: 1, loss: 3 },
        { step: 2, loss: 2 },
      ]),
    );
    const after = await look(reader);
    assert.equal(seriesOf(after, 'loss').total, 2);
    assert.deepEqual(problems(after), []);
  });

  it('is taken from the newest checkpoint by number, the one before it where that is not whole', async () => {
    const state = (last: number) => stateOf(Array.from({ length: last }, (_, at) => ({ step: at + 1, loss: last })));
    const folder = await folderWith({
      'checkpoint-8/trainer_state.json': state(8),
      'checkpoint-9/trainer_state.json': state(9),
      'checkpoint-10/trainer_state.json': '{"log_history": [',
    });
    const reading = await look(new TrainingReader([folder]));
    assert.equal(reading.runs[0]!.lastStep, 9);
    assert.equal(reading.files.length, 2, 'older checkpoints are not read');
    await write(folder, { 'checkpoint-10/trainer_state.json': state(10) });
    const whole = await look(new TrainingReader([folder]));
    assert.ok(seriesOf(whole, 'loss').points.every(([, value]) => value === 10));
  });

  it('without a history, or with entries that have no step, says so', async () => {
    const folder = await folderWith({
      'a/trainer_state.json': '{}',
      'b/trainer_state.json': stateOf([{ loss: 1 }, { step: 1, loss: 2 }]),
    });
    const reading = await look(new TrainingReader([folder]));
    assert.match(problems(reading).join(' '), /a\/trainer_state\.json has no log_history\./);
    assert.match(problems(reading).join(' '), /1 entries of log_history in .* have no step, and are left out\./);
  });
});

describe('a database', () => {
  const database = () => readFileSync(path.join(LOGS, 'trackio/live/sample.db'));
  const log = () => readFileSync(path.join(LOGS, 'trackio/live/sample.db-wal'));
  const count = (bytes: Uint8Array) =>
    withDatabase('x.db', bytes, (query) => [...query('SELECT count(*) FROM metrics')][0]![0] as number);

  it('has the transactions of its log that are whole', async () => {
    const all = await count(withLog(database(), log()));
    assert.equal(all, (await count(withLog(database(), new Uint8Array()))) + 6);
    const cut = log().subarray(0, log().length - 100);
    assert.equal(await count(withLog(database(), cut)), all - 1, 'the last transaction is cut');
    const damaged = Buffer.from(log());
    damaged[damaged.length - 9]! ^= 1;
    assert.equal(await count(withLog(database(), damaged)), all - 1, 'a checksum tells');
    const stale = Buffer.from(log());
    stale[16]! ^= 1;
    assert.equal(await count(withLog(database(), stale)), all - 6, 'a log of other salts is none');
  });

  it('is read again where it has changed, also while trackio writes', async () => {
    const folder = await folderWith({ 'sample.db': database() });
    const reader = new TrainingReader([folder]);
    const first = await look(reader);
    assert.equal(seriesOf(first, 'loss', 'diverged').total, 4);
    await write(folder, { 'sample.db-wal': log() });
    const second = await look(reader);
    assert.equal(seriesOf(second, 'loss', 'diverged').total, 10);
    await write(folder, { 'sample.db-journal': 'a write is under way' });
    const during = await look(reader);
    assert.match(problems(during)[0]!, /sample\.db is being written; it is read at the next look\.$/);
    assert.equal(seriesOf(during, 'loss', 'diverged').total, 10, 'what was read stays');
  });

  it('of something else is passed over in a folder, and refused by name', async () => {
    const folder = await folderWith({ 'logging.jsonl': swiftLines([[1, { loss: 3 }]]), 'other.db': 'no database' });
    const reading = await look(new TrainingReader([folder]));
    assert.equal(reading.files.length, 1);
    const named = await look(new TrainingReader([path.join(folder, 'other.db')]));
    assert.match(problems(named)[0]!, /other\.db is no SQLite database, whatever its name\.$/);
  });

  it.each([
    [
      'a view that never ends',
      'CREATE VIEW metrics AS WITH RECURSIVE t(run_name, step, metrics) AS (SELECT 1, 2, 3 UNION ALL SELECT * ' +
        'FROM t) SELECT * FROM t',
    ],
    ['a column that is computed', 'CREATE TABLE metrics (run_name, step, metrics AS (hex(zeroblob(900000000))))'],
    ['other columns', 'CREATE TABLE metrics (run_name, value)'],
  ])('with %s is refused, and nothing of it runs', async (_, sql) => {
    const folder = await folderWith({ 'sample.db': await databaseOf(sql, 'CREATE TABLE other (x)') });
    const reading = await look(new TrainingReader([path.join(folder, 'sample.db')]));
    assert.match(problems(reading)[0]!, /sample\.db is no database of trackio: it has no table metrics/);
  });

  it('with rows that hold no numbers, or too many, is read as far as it goes', async () => {
    const row = (metrics: string) => `INSERT INTO metrics VALUES ('a', 1, ${metrics})`;
    const folder = await folderWith({
      'sample.db': await databaseOf(
        'CREATE TABLE metrics (run_name TEXT, step INTEGER, metrics TEXT)',
        ...['\'{"loss": 2}\'', "'no json'", 'NULL', "'[1]'", '\'{"x": "\' || hex(zeroblob(600000)) || \'"}\''].map(row),
        "INSERT INTO metrics VALUES ('a', -4, '{}')",
      ),
    });
    const reading = await look(new TrainingReader([path.join(folder, 'sample.db')]));
    assert.equal(seriesOf(reading, 'loss', 'a').last, 2);
    assert.match(problems(reading)[0]!, /^5 rows of .*sample\.db hold no JSON object with a step, and are left out\.$/);
  });

  it('is read anew where a run was renamed or deleted', async () => {
    const table = 'CREATE TABLE metrics (run_name TEXT, step INTEGER, metrics TEXT)';
    const row = (run: string, step: number) => `INSERT INTO metrics VALUES ('${run}', ${step}, '{"loss": ${step}}')`;
    const folder = await folderWith({ 'sample.db': await databaseOf(table, row('a', 1), row('b', 1)) });
    const reader = new TrainingReader([folder]);
    const names = async () => (await look(reader)).runs.map(({ name, lastStep }) => [name, lastStep]);
    assert.deepEqual(await names(), [
      ['a', 1],
      ['b', 1],
    ]);
    await write(folder, { 'sample.db': await databaseOf(table, row('a', 1), row('c', 1), row('c', 2)) });
    assert.deepEqual(await names(), [
      ['a', 1],
      ['c', 2],
    ]);
    await write(folder, {
      'sample.db': await databaseOf(table, row('a', 1), row('c', 1), row('c', 2), row('c', 3), row('d', 1)),
    });
    assert.deepEqual(await names(), [
      ['a', 1],
      ['c', 3],
      ['d', 1],
    ]);
  });

  it('that is damaged anywhere is read or refused with a sentence', async () => {
    for (let at = 0; at < 40; at++) {
      const damaged = Buffer.from(database());
      damaged.fill(at * 37, at * 4096 + 100, at * 4096 + 1100);
      const folder = await folderWith({ 'sample.db': damaged });
      const reading = await look(new TrainingReader([path.join(folder, 'sample.db')]));
      for (const problem of problems(reading)) assert.match(problem, /sample\.db .*\.$/s);
    }
  });
});

type SqlJs = () => Promise<{ Database: new () => { run(sql: string): void; export(): Uint8Array } }>;

/** A database made by these statements. */
async function databaseOf(...statements: string[]): Promise<Uint8Array> {
  const { Database } = await (createRequire(import.meta.url)('sql.js') as SqlJs)();
  const database = new Database();
  for (const statement of statements) database.run(statement);
  return database.export();
}

describe('folders', () => {
  it('of an experiment open with all of its runs, by the names of the plan', async () => {
    const folder = await folderWith({
      'freeze.frank.yaml': '',
      'data/train.jsonl': '{"prompt": "x"}\n',
      'runs/control/output/checkpoint-2/trainer_state.json': stateOf([
        { step: 1, reward: 1 },
        { step: 2, reward: 2 },
      ]),
      'runs/control/result/finished.json': '{}',
      'runs/mid/output/checkpoint-1/trainer_state.json': stateOf([{ step: 1, reward: 3 }]),
      'runs/mid/result/trainer_state.json': stateOf([
        { step: 1, reward: 3 },
        { step: 2, reward: 4 },
      ]),
      'runs/late/output/v0/logging.jsonl': swiftLines([[1, { reward: 5 }]]),
    });
    const names = async (...given: string[]) =>
      (await look(new TrainingReader(given))).runs.map(({ name, lastStep }) => [name, lastStep]);
    const all = [
      ['control', 2],
      ['late/v0', 1],
      ['mid', 2],
    ];
    assert.deepEqual(await names(folder), all);
    assert.deepEqual(await names(path.join(folder, 'runs')), all);
    assert.deepEqual(await names(path.join(folder, 'runs/control/result')), [['control', 2]]);
    assert.deepEqual(await names(path.join(folder, 'runs/mid/output'), path.join(folder, 'runs/control')), [
      ['control', 2],
      ['mid', 1],
    ]);
  });

  it('that hold no log, or are not there, are refused in a sentence', async () => {
    const folder = await folderWith({ 'notes.jsonl': '{"a": 1}\n' });
    await assert.rejects(new TrainingReader([folder]).look(), /holds no log of a training: no trainer_state\.json/);
    await assert.rejects(new TrainingReader([path.join(folder, 'nowhere')]).look(), /does not exist\.$/);
    await assert.rejects(
      new TrainingReader([path.join(folder, 'notes.jsonl')]).look(),
      /is no log of a trainer that is read here\.$/,
    );
  });

  it("hold EasyR1's log, with nested names, and a log of verl that has only begun", async () => {
    const folder = await folderWith({
      'easy/experiment_log.jsonl':
        '{"step": 1, "reward": {"overall": 0.5, "format": 1.0}, "actor": {"pg_loss": 0.1}}\n',
      'verl/grpo.jsonl': '{"step": 1, "da',
    });
    const reader = new TrainingReader([folder]);
    const { runs } = await look(reader);
    assert.deepEqual(
      runs.map(({ name, series }) => [name, series.map(({ key, last }) => [key, last])]),
      [
        [
          'easy',
          [
            ['reward', 0.5],
            ['format', 1],
            ['loss', 0.1],
          ],
        ],
      ],
    );
    await appendFile(path.join(folder, 'verl/grpo.jsonl'), 'ta": {"critic/score/mean": 2}}\n');
    const later = await look(reader);
    assert.equal(seriesOf(later, 'reward', 'verl/grpo').last, 2);
  });

  it('are not left through links', async () => {
    const other = await folderWith({ 'logging.jsonl': swiftLines([[1, { loss: 3 }]]) });
    const folder = await folderWith({ 'own/logging.jsonl': swiftLines([[1, { loss: 1 }]]) });
    await symlink(other, path.join(folder, 'link'));
    await symlink('.', path.join(folder, 'loop'));
    assert.deepEqual(
      (await look(new TrainingReader([folder]))).runs.map(({ name }) => name),
      ['own'],
    );
  });

  it('may lose a log, and win one', async () => {
    const folder = await folderWith({ 'a/logging.jsonl': swiftLines([[1, { loss: 3 }]]) });
    const reader = new TrainingReader([folder]);
    await look(reader);
    await write(folder, { 'b/logging.jsonl': swiftLines([[1, { loss: 1 }]]) });
    assert.deepEqual(
      (await look(reader)).runs.map(({ name }) => name),
      ['a', 'b'],
    );
    await rm(path.join(folder, 'a'), { recursive: true });
    assert.deepEqual(
      (await look(reader)).runs.map(({ name }) => name),
      ['b'],
    );
  });
});

describe('completions', () => {
  const line = (step: number, text: string) =>
    `${JSON.stringify({ step: [String(step)], prompt: ['p'], completion: [text], Correct: [1], advantages: [0.5] })}\n`;

  it('of a step that was written again are the later ones', async () => {
    const folder = await folderWith({ 'completions.jsonl': line(1, 'a') + line(2, 'b') + line(1, 'c') + line(1, 'd') });
    const reader = new TrainingReader([folder]);
    const name = (await look(reader)).runs[0]!.name;
    const { rows } = await reader.completions(name, 1);
    assert.deepEqual(
      rows.map(({ completion }) => completion),
      [[{ text: 'c' }], [{ text: 'd' }]],
    );
    await assert.rejects(reader.completions(name, 7), /has no completions of step 7\.$/);
  });

  it('are cut where they are long, and many', async () => {
    const many = {
      step: Array(300).fill('1'),
      prompt: Array(300).fill('p'),
      completion: Array(300).fill('y'.repeat(30_000)),
    };
    const folder = await folderWith({ 'completions.jsonl': `${JSON.stringify(many)}\n` });
    const reader = new TrainingReader([folder]);
    const { rows, total } = await reader.completions((await look(reader)).runs[0]!.name, 1);
    assert.deepEqual([rows.length, total], [256, 300]);
    const [part] = rows[0]!.completion;
    assert.equal('text' in part! && part.text.length, 20_001);
  });

  it('that are damaged say so, and leave the rest of the run alone', async () => {
    const folder = await folderWith({
      'checkpoint-1/trainer_state.json': stateOf([{ step: 1, reward: 1 }]),
      'completions/completions_00001.parquet': 'PAR1 is cut off here',
    });
    const reader = new TrainingReader([folder]);
    const { runs } = await look(reader);
    assert.deepEqual(runs[0]!.completions, [1]);
    await assert.rejects(reader.completions(runs[0]!.name, 1), /completions_00001\.parquet is cut short/);
    assert.equal(seriesOf(await look(reader), 'reward').last, 1);
  });
});
