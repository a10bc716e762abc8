/** What files put into names must stay text on a terminal, and every ending has its own exit code. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { exitCodeOf, sentenceOf as told } from '../../../src/cli/exit.js';
import { printable, printableLine } from '../../../src/engine/report/text.js';
import { FrankensteinError } from '../../../src/engine/errors.js';
import { temporaryFolder, writeSafetensors, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { copyCheckpoint } from '../probe/support.js';
import { enginePid, run, sentenceOf, start, startShell, type Started, writeHeavyPair } from './cli.js';

const ESCAPE = '\u001b]0;PWNED\u0007\u001b[2J\u009b31m\u202e';
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Before its engine runs, a command is ended by a signal as any program is. */
async function untilEngine(command: Started): Promise<void> {
  for (;;) {
    try {
      return void enginePid(command);
    } catch {
      await sleep(20);
    }
  }
}

describe('a command that reads hostile files', () => {
  let temporary: TemporaryFolder;
  let named = '';
  beforeAll(async () => {
    temporary = await temporaryFolder();
    named = path.join(temporary.path, 'named');
    await mkdir(named);
    const tensor = { shape: [2], dtype: 'F32' as const, data: new Uint8Array(8) };
    await writeSafetensors(path.join(named, 'model.safetensors'), [
      { ...tensor, name: `x${ESCAPE}` },
      { ...tensor, name: 'model.layers.0.input_layernorm.weight' },
    ]);
    const config = { model_type: `m${ESCAPE}`, architectures: [`A${ESCAPE}\nline`], num_hidden_layers: 1 };
    await writeFile(path.join(named, 'config.json'), JSON.stringify(config));
  });
  afterAll(() => temporary.remove());

  it('prints no control character of a file, in tables, errors and JSON', async () => {
    const recipe = path.join(temporary.path, 'recipe.frank.yaml');
    await writeFile(
      recipe,
      `stitch: 1\n"mode${ESCAPE.replaceAll('\u001b', '\\e').replaceAll('\u0007', '\\a')}ls": 1\n`,
    );
    const raising = await copyCheckpoint(path.join(temporary.path, 'raising'), 'in');
    await writeFile(path.join(raising, 'chat_template.jinja'), `{{ raise_exception('${ESCAPE}') }}`);
    for (const args of [
      ['inspect', named, '--tensors'],
      ['inspect', named, '--json', '-'],
      ['compare', named, named, '--no-runs'],
      ['compare', named, named, '--no-runs', '--json', '-'],
      ['inspect', path.join(temporary.path, `absent${ESCAPE}`)],
      ['generate', raising, 'hello'],
      ['merge', recipe, '--check'],
    ]) {
      const { stdout, stderr } = await run(args);
      assert.doesNotMatch(stdout + stderr, CONTROL, args.join(' '));
      if (args.at(-1) === '-')
        assert.ok(JSON.stringify(JSON.parse(stdout)).includes('\\u001b]0;PWNED'), 'means the same');
    }
  });

  it('opens no pipe', async ({ skip }) => {
    if (process.platform === 'win32') return skip();
    const pipes = ['pipe.parquet', 'pipe.jsonl', 'pipe.yaml'].map((name) => path.join(temporary.path, name));
    execFileSync('mkfifo', pipes);
    const checkpoint = path.resolve('samples/lineage/in');
    for (const args of [
      ['evaluate', checkpoint, '--data', pipes[0]!, '--plan'],
      ['evaluate', checkpoint, '--data', pipes[1]!, '--plan'],
      ['merge', '--check', pipes[2]!],
    ]) {
      const ended = await run(args);
      assert.equal(ended.code, 3, args.join(' '));
      assert.match(sentenceOf(ended), /is not a regular file\./);
    }
  });

  it('says in a moment that JSON has too many elements', async () => {
    const folder = path.join(temporary.path, 'elements');
    await mkdir(folder);
    const many = '[],'.repeat(3_000_000);
    await writeFile(path.join(folder, 'model.safetensors.index.json'), `{"weight_map":{"a":"b"},"x":[${many}[]]}`);
    await writeFile(path.join(folder, 'b'), '');
    const ended = await run(['inspect', folder]);
    assert.equal(ended.code, 3);
    assert.match(sentenceOf(ended), /index with more than 1100000 elements/);
  });

  it('refuses a budget in which a merge cannot be computed', async () => {
    const recipe = path.join(temporary.path, 'budget.frank.yaml');
    await writeFile(recipe, '');
    const ended = await run(['merge', recipe, '--out', path.join(temporary.path, 'none'), '--memory', '64MB']);
    assert.equal(ended.code, 2);
    assert.match(sentenceOf(ended), /memory budget is too small: writing a merge needs at least \d+ MiB/);
  });

  it('ends by SIGTERM and SIGHUP as by Ctrl-C: no half export, no engine, its own exit code', async ({ skip }) => {
    if (process.platform !== 'linux') return skip();
    const pair = await writeHeavyPair(temporary.path);
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
    ] as const) {
      const command = start(['spectrum', pair.before, pair.after, '--no-runs', '--threads', '1']);
      await untilEngine(command);
      command.child.kill(signal);
      const ended = await command.finished;
      if (ended.code !== 0) assert.equal(ended.code, code, ended.stderr);
    }
    assert.deepEqual(
      (await readdir(temporary.path)).filter((name) => name.includes('partial')),
      [],
    );
  });

  it('tells limits of the system in sentences', async ({ skip }) => {
    if (process.platform !== 'linux') return skip();
    const full = await startShell('"$@" > /dev/full', ['inspect', path.resolve('samples/lineage/in')]).finished;
    assert.deepEqual([full.code, sentenceOf(full)], [6, 'The disk is full: the output could not be written.']);
    const system = (code: string) => Object.assign(new Error(`${code}: open '/chunks/x'`), { code });
    assert.deepEqual(
      [exitCodeOf(system('EMFILE')), exitCodeOf(system('ENFILE')), exitCodeOf(system('EFBIG'))],
      [3, 3, 6],
    );
    assert.match(told(system('EMFILE')), /Too many files are open at once: raise the limit/);
    assert.equal(exitCodeOf(new FrankensteinError('unavailable', 'No answer.')), 8);
    assert.equal((await run(['merge', 'recipe.frank.yaml'])).code, 2, 'options that a command finds missing');
    const help = (await run(['--help'])).stdout;
    for (const code of [8, 130, 143, 129]) assert.ok(help.includes(String(code)));
    assert.ok((await readFile('docs/json.md', 'utf8')).length > 0);
  });
});

describe('text for a terminal', () => {
  it('keeps layout and letters, and spells out the rest', () => {
    assert.equal(printable('ä\t漢\n'), 'ä\t漢\n');
    assert.equal(printable('a\u001b[2J\r\u0085'), 'a\\u001b[2J\\u000d\\u0085');
    assert.equal(printableLine('a\nb'), 'a\\u000ab');
    assert.equal(JSON.parse(printable(JSON.stringify('\u009b\u202e'))), '\u009b\u202e');
  });
});
