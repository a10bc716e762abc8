/**
 * Starting trainings: what is checked first, what is said of each failure, what is not done twice. A script stands for
 * Python.
 */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { planExperiment } from './experiment.js';
import { runsOf } from './matrix.js';
import { inspectTraining, trainRuns } from './run.js';
import { run as command } from '../../../test/unit/cli/cli.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'freeze-run-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function experiment(name: string, device: 'cpu' | 'cuda' = 'cpu'): Promise<string> {
  const out = path.join(root, name);
  await planExperiment({
    settings: {
      model: path.resolve('samples/lineage/in'),
      data: path.resolve('samples/eval/text.jsonl'),
      trainer: 'trl',
      device,
      runs: runsOf(['mid'], []),
    },
    out,
  });
  return out;
}

const ALL = {
  trl: '1.16.0',
  transformers: '5.24.0',
  torch: '2.15.0',
  torchvision: '0.29.2',
  accelerate: '1',
  datasets: '5',
  pillow: '13',
  regex: '2026',
};

/** @param training what it does when it is asked to train; `$1` is the script. */
async function python(name: string, training = 'true', packages: object = ALL, version = [3, 11, 7]): Promise<string> {
  const file = path.join(root, name);
  const facts = JSON.stringify({
    version,
    packages: { ...Object.fromEntries(Object.keys(ALL).map((one) => [one, null])), ...packages },
  });
  await writeFile(
    file,
    `#!/usr/bin/env bash
if [ "$1" = -c ] && [[ "$2" == *cuda* ]]; then echo False; exit; fi
if [ "$1" = -c ]; then echo '${facts}'; exit; fi
OUT="$(dirname "$1")"
${training}
`,
  );
  await chmod(file, 0o755);
  return file;
}

const FINISH = 'mkdir -p "$OUT/result"; echo "{}" > "$OUT/result/finished.json"; echo trained';

describe.skipIf(process.platform === 'win32')('a training', () => {
  it('runs what is not finished, keeps its output, and trains nothing twice', async () => {
    const out = await experiment('good');
    const lines: string[] = [];
    const request = { experiment: out, python: await python('good.sh', FINISH) };
    const first = await trainRuns(
      { ...request, only: ['mid'] },
      { progress: ({ run, line }) => lines.push(`${run}: ${line}`) },
    );
    assert.deepEqual(first.runs, [{ run: 'mid', state: 'trained' }]);
    assert.deepEqual(lines, ['mid: trained']);
    assert.equal(await readFile(path.join(out, 'runs', 'mid', 'log.txt'), 'utf8'), 'trained\n');
    assert.deepEqual((await trainRuns(request)).runs, [
      { run: 'control', state: 'trained' },
      { run: 'mid', state: 'finished before' },
    ]);
  });

  it('is ended by a cancel, children and all, and can be started again', async () => {
    const out = await experiment('cancelled');
    const stop = new AbortController();
    const slow = await python('slow.sh', 'echo started; sleep 600 & wait');
    await assert.rejects(
      trainRuns({ experiment: out, python: slow }, { signal: stop.signal, progress: () => stop.abort() }),
      /Cancelled/,
    );
    await trainRuns({ experiment: out, python: await python('good2.sh', FINISH) });
  });

  const failures: [string, string, string, RegExp][] = [
    [
      'other parameters than planned',
      'echo "freeze: the patterns match 0 parameters." >&2; exit 1',
      'mismatch',
      /^The run control ended before its first step: the patterns match 0/,
    ],
    [
      'a full disk',
      'echo "OSError: [Errno 28] No space left on device"; exit 1',
      'disk-full',
      /continues from its last whole checkpoint/,
    ],
    [
      'a GPU without room',
      'echo "torch.OutOfMemoryError: CUDA out of memory."; exit 1',
      'bad-request',
      /ran out of GPU memory: plan fewer prompts/,
    ],
    [
      'anything else',
      'echo "ValueError: no such thing"; exit 3',
      'bad-request',
      /ended with code 3: ValueError: no such thing\. All of it is in .*log\.txt/,
    ],
    [
      'what was raised, before a launcher and a progress bar end',
      'printf "ValueError: no such thing\\ntorch.errors.ChildFailedError: \\n=====\\nTrain:   0%%|     | ' +
        '0/2\\n"; exit 1',
      'bad-request',
      /ended with code 1: ValueError: no such thing\. All of it/,
    ],
  ];
  for (const [what, training, code, sentence] of failures)
    it(`says in a sentence what went wrong: ${what}`, async () => {
      const out = await experiment(`fails ${what}`);
      const broken = await python(`fails ${what}.sh`, training);
      await assert.rejects(trainRuns({ experiment: out, python: broken }), (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, sentence);
        return true;
      });
    });

  it('needs packages of the pinned versions, and says the one command that installs them', async () => {
    const out = await experiment('lacking');
    const old = await python('lacking.sh', FINISH, { ...ALL, trl: '0.9.0', datasets: null });
    const { lacking, install } = await inspectTraining({ experiment: out, python: old });
    assert.deepEqual(lacking, [
      { name: 'trl', wanted: '1.16.0', found: '0.9.0' },
      { name: 'datasets', wanted: null, found: null },
    ]);
    await assert.rejects(
      trainRuns({ experiment: out, python: old }),
      /lacks trl 1\.16\.0 \(it has 0\.9\.0\), datasets\. This installs it beside the plan: /,
    );
    assert.equal(
      install,
      `${old} -m venv ${out}/.venv && ${out}/.venv/bin/python -m pip install -r ${out}/requirements.txt`,
    );
    const { code, stderr } = await command(['freeze', 'run', out, '--python', old]);
    assert.equal(code, 3);
    assert.match(stderr, /lacks trl/);
  });

  it('needs a Python that is new enough', async () => {
    const out = await experiment('python');
    await assert.rejects(
      trainRuns({ experiment: out, python: path.join(root, 'nothing') }),
      /is no Python that can be run/,
    );
    const old = await python('old.sh', FINISH, ALL, [3, 9, 1]);
    await assert.rejects(
      trainRuns({ experiment: out, python: old }),
      /is Python 3\.9\.1; training needs 3\.10 or newer/,
    );
  });

  it('needs CUDA where the plan does', async () => {
    const out = await experiment('cuda', 'cuda');
    await assert.rejects(
      trainRuns({ experiment: out, python: await python('nocuda.sh', FINISH) }),
      /trains on CUDA, and torch finds no such device/,
    );
  });

  it('knows the runs of its plan', async () => {
    const out = await experiment('names');
    await assert.rejects(
      trainRuns({ experiment: out, python: await python('names.sh'), only: ['middle'] }),
      /has no run "middle"; there are control, mid\./,
    );
  });
});
