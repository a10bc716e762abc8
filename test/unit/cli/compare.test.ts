/** `frankenstein compare` as scripts see it: what is on stdout, what on stderr, which exit code. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CompareResult } from '../../../src/engine/analyses/compare/result.js';
import { temporaryFolder, writeCheckpoint, writeLineage, type TemporaryFolder } from '../../fixtures/checkpoints.js';
import { run, sentenceOf, startShell } from './cli.js';

const ROOT = process.getuid?.() === 0;
/** Permissions mean nothing to root; this one has none. */
const NOBODY = ROOT ? { uid: 65_534, gid: 65_534 } : {};

describe('frankenstein compare', () => {
  let temporary: TemporaryFolder;
  let lineage: { base: string; in: string; rl: string };
  const inside = (...parts: string[]) => path.join(temporary.path, ...parts);
  beforeAll(async () => {
    temporary = await temporaryFolder();
    await chmod(temporary.path, 0o755);
    lineage = await writeLineage(inside('lineage'), { hidden: 32 });
  });
  afterAll(() => temporary.remove());

  const pair = () => [lineage.base, lineage.in];
  const quick = () => ['compare', ...pair(), '--no-runs'];

  describe('output', () => {
    it('is a table for people, and nothing on stderr', async () => {
      const { code, stdout, stderr } = await run(['compare', lineage.base, lineage.in, lineage.rl, '--no-runs']);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      assert.match(stdout, /^layer 3 +late .*█/m);
      assert.match(stdout, /^late \(2–3\) /m);
      assert.match(stdout, /base → in/);
    });

    it('is JSON and nothing else with --json -', async () => {
      const { code, stdout, stderr } = await run([...quick(), '--json', '-']);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      const result = JSON.parse(stdout) as CompareResult;
      assert.equal(result.schema, 1);
      assert.deepEqual(
        result.stages.map(({ label }) => label),
        ['base', 'in'],
      );
    });

    it('is CSV and nothing else with --csv -', async () => {
      const { code, stdout } = await run([...quick(), '--csv', '-', '--json', inside('beside.json')]);
      assert.equal(code, 0);
      const rows = stdout.trimEnd().split('\n');
      const { tensors } = JSON.parse(await readFile(inside('beside.json'), 'utf8')) as CompareResult;
      assert.equal(rows.length, 1 + tensors.length);
      assert.match(rows[0]!, /^name,section,layer,component,region,shape,base on disk,.*,base -> in fro,/);
      assert.ok(rows.every((row) => row.split(',').length === rows[0]!.split(',').length));
    });

    it('writes files whole, beside the table', async () => {
      const { code, stdout } = await run([
        ...quick(),
        '--json',
        inside('out.json'),
        '--csv',
        inside('out.csv'),
        '--labels',
        'B,I',
      ]);
      assert.equal(code, 0);
      assert.match(stdout, /B → I/);
      assert.deepEqual(
        (JSON.parse(await readFile(inside('out.json'), 'utf8')) as CompareResult).stages.map(({ label }) => label),
        ['B', 'I'],
      );
      assert.deepEqual(
        (await readdir(temporary.path)).filter((name) => name.endsWith('.tmp')),
        [],
      );
    });

    it('follows a link, and never replaces a device', async ({ skip }) => {
      await writeFile(inside('target.json'), '');
      await symlink('target.json', inside('link.json'));
      assert.equal((await run([...quick(), '--json', inside('link.json')])).code, 0);
      assert.ok((await stat(inside('target.json'))).size > 0);
      if (process.platform === 'win32') return skip();
      assert.equal((await run([...quick(), '--json', '/dev/null'])).code, 0);
      assert.ok((await stat('/dev/null')).isCharacterDevice());
    });

    it('ends quietly when its reader goes away', async ({ skip }) => {
      if (process.platform === 'win32') return skip();
      for (const more of ['', ' --json -']) {
        const { stdout, stderr } = await startShell(`"$@"${more} | head -c 20; echo; echo "\${PIPESTATUS[0]}"`, quick())
          .finished;
        assert.equal(stderr, '');
        assert.equal(stdout.trimEnd().split('\n').at(-1), '0');
      }
    });

    it('has the cuts asked for, in every place', async () => {
      const { stdout } = await run([...quick(), '--cuts', '1,4', '--json', '-']);
      const { cuts, regions } = JSON.parse(stdout) as CompareResult;
      assert.deepEqual(cuts, [1, 4]);
      assert.deepEqual(
        regions.map(({ region, first, last }) => [region, first, last]),
        [
          ['early', 0, 0],
          ['mid', 1, 3],
        ],
      );
    });
  });

  describe('wrong use', () => {
    const cases: [string, () => string[], RegExp][] = [
      ['one stage', () => ['compare', lineage.base], /at least two checkpoints/],
      ['no stage', () => ['compare'], /missing required argument/],
      ['an unknown option', () => [...quick(), '--nope'], /unknown option '--nope'/],
      ['an unknown command', () => ['collate'], /unknown command 'collate'/],
      ['cuts that are no numbers', () => [...quick(), '--cuts', 'a,b'], /two layer numbers such as 8,20/],
      [
        'cuts outside the model',
        () => [...quick(), '--cuts', '1,99'],
        /outside the model, which has 4 language layers/,
      ],
      ['cuts that descend', () => [...quick(), '--cuts', '3,1'], /must not exceed/],
      ['a size that is none', () => [...quick(), '--memory', 'much'], /size such as 2GB or 512MiB/],
      ['too little memory', () => [...quick(), '--memory', '64MiB'], /needs at least \d+ MiB/],
      ['no threads', () => [...quick(), '--threads', '0'], /at least 1/],
      ['labels that do not fit', () => [...quick(), '--labels', 'a,b,c'], /--labels names 3 stages, but 2 are given/],
      ['two results on one stdout', () => [...quick(), '--json', '-', '--csv', '-'], /Only one of --json and --csv/],
      [
        'a result in no folder',
        () => [...quick(), '--json', inside('no', 'such', 'x.json')],
        /its folder does not exist/,
      ],
      ['a folder for a result', () => [...quick(), '--csv', temporary.path], /is a folder/],
      [
        'a file for a folder of runs',
        () => ['compare', ...pair(), '--runs', path.join(lineage.base, 'config.json')],
        /is a file, not a folder/,
      ],
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

  describe('what cannot be compared', () => {
    it('a checkpoint that is not there is exit code 3', async () => {
      const finished = await run(['compare', lineage.base, inside('nowhere'), '--no-runs']);
      assert.equal(finished.code, 3);
      assert.match(sentenceOf(finished), /nowhere does not exist\.$/);
    });

    it('a truncated shard is exit code 3, and nothing is written', async () => {
      const { shards } = await writeCheckpoint(inside('cut'), { hidden: 32 });
      const file = inside('cut', shards[0]!);
      await writeFile(file, (await readFile(file)).subarray(0, -10));
      const finished = await run([
        'compare',
        lineage.base,
        inside('cut'),
        '--runs',
        inside('none'),
        '--json',
        inside('none.json'),
      ]);
      assert.equal(finished.code, 3);
      assert.match(sentenceOf(finished), /truncated|past the end/);
      await assert.rejects(stat(inside('none')));
      await assert.rejects(stat(inside('none.json')));
    });

    it('two families are exit code 4', async () => {
      await writeCheckpoint(inside('llama'), { family: 'llama' });
      const finished = await run(['compare', lineage.base, inside('llama'), '--no-runs']);
      assert.equal(finished.code, 4);
      assert.match(sentenceOf(finished), /two different families/);
    });

    it('a folder without read permission is exit code 3', async ({ skip }) => {
      if (process.platform === 'win32') return skip();
      await writeCheckpoint(inside('closed'), { hidden: 16 });
      await chmod(inside('closed'), 0);
      try {
        const finished = await run(['compare', lineage.base, inside('closed'), '--no-runs'], NOBODY);
        assert.equal(finished.code, 3);
        assert.match(sentenceOf(finished), /permission/);
      } finally {
        await chmod(inside('closed'), 0o755);
      }
    });

    it('a folder for runs without write permission is exit code 3', async ({ skip }) => {
      if (process.platform === 'win32') return skip();
      await mkdir(inside('sealed'), { mode: 0o555 });
      const finished = await run(['compare', ...pair(), '--runs', inside('sealed')], NOBODY);
      assert.equal(finished.code, 3);
      assert.match(sentenceOf(finished), /no permission for .*Choose another folder for runs/);
    });
  });

  describe.skipIf(process.platform !== 'linux')('a full disk', () => {
    it('is exit code 6 where the result goes', async () => {
      const finished = await run([...quick(), '--json', '/dev/full']);
      assert.equal(finished.code, 6);
      assert.match(sentenceOf(finished), /disk is full/);
    });

    it('is exit code 6 where the run is kept; with space again it is done', async ({ skip }) => {
      // A disk of its own, in a namespace of its own: it goes with the command.
      const script =
        `mount -t tmpfs -o size=20k tmpfs ${inside('small')} || exit 99; "$@"; echo $? >&2; mount -o ` +
        `remount,size=10m ${inside('small')}; "$@" >/dev/null; echo $? >&2`;
      await mkdir(inside('small'));
      const unshare = `unshare ${ROOT ? '-m' : '-rm'} bash -c '${script}' bash "$@"`;
      const { code, stdout, stderr } = await startShell(unshare, ['compare', ...pair(), '--runs', inside('small')])
        .finished;
      if (code === 99 || /unshare|mount:/.test(stderr)) return skip(); // not allowed here
      assert.match(
        stderr,
        /^frankenstein: The disk is full: .* is kept; free some space and start it again\.\n6\n0\n$/,
      );
      assert.equal(stdout, '');
    });
  });
});
