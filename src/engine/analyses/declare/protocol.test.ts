/** Protocols of evaluations and probes: what is asked, of whom, with which words; and several answers per question. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { protocolLines } from './protocolText.js';
import { typedWords } from './protocol.js';
import type { EvaluateRequest } from '../evaluate/request.js';
import { report } from '../evaluate/report.js';
import { openStage } from '../../merge/checkpoint.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { runningIdentityOf } from '../../lineage/stages.js';
import { runIdOf } from '../../runs/store.js';
import { chosen, readIds } from '../../datasets/choose.js';
import { conditionOf } from '../../datasets/condition.js';
import { prefixed } from '../../models/processor/framing.js';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/fixtures/checkpoints.js';
import { copyCheckpoint, copyData, engine } from '../../../../test/unit/probe/support.js';

let temporary: TemporaryFolder;
let [first, second, text, pairs] = ['', '', '', ''];
beforeAll(async () => {
  temporary = await temporaryFolder();
  first = await copyCheckpoint(path.join(temporary.path, 'in'), 'in');
  second = await copyCheckpoint(path.join(temporary.path, 'rl'), 'rl');
  text = await copyData(path.join(temporary.path, 'text'), 'eval', ['text.jsonl'], 8);
  pairs = await copyData(path.join(temporary.path, 'pairs'), 'probes', ['counting.jsonl'], 6);
});
afterAll(() => temporary.remove());

const request = (more: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
  checkpoints: [
    { path: first, role: 'in' },
    { path: second, role: 'rl' },
  ],
  data: text,
  maxNewTokens: 6,
  threads: 1,
  ...more,
});

describe('conditions', () => {
  it('are read as they are typed', () => {
    assert.deepEqual(conditionOf('level >= 4'), { text: 'level >= 4', column: 'level', operator: '>=', values: ['4'] });
    assert.deepEqual(conditionOf('a.b!="x y"').values, ['x y']);
    assert.deepEqual(conditionOf('subject in (Algebra, "Number Theory")').values, ['Algebra', 'Number Theory']);
    for (const wrong of ['level', 'level >= high', 'in (a)', '= 3', 'a in ()'])
      assert.throws(() => conditionOf(wrong), /is no condition: write a column, an operator and a value/, wrong);
  });
});

describe('words around a question', () => {
  it('stand behind images that come first', () => {
    assert.equal(prefixed('<image>\nHow many?', { prefix: 'Think.\n\n' }), '<image>\nThink.\n\nHow many?');
    assert.equal(prefixed('In <image> and <image>?', { prefix: 'Think.' }), 'Think.\n\nIn <image> and <image>?');
    assert.equal(prefixed('How many?', {}), 'How many?');
  });

  it('come from the command line or a file, for all or for one', async () => {
    const file = path.join(temporary.path, 'system.txt');
    await writeFile(file, 'Think.\n\n');
    assert.deepEqual(typedWords(`rl=@${file}`, typedWords('Be brief.')), [
      { text: 'Be brief.' },
      { text: 'Think.\n', checkpoint: 'rl' },
    ]);
    assert.deepEqual(typedWords('Solve x = 3.'), [{ text: 'Solve x = 3.' }]);
    assert.throws(() => typedWords('@no-such-file'), /no-such-file cannot be read as a text\.$/);
  });
});

describe('lists of ids', () => {
  it('are lines, a JSON list, or objects with an id', async () => {
    const file = path.join(temporary.path, 'ids');
    for (const [written, ids] of [
      ['a\nb\n\na\n', ['a', 'b']],
      ['["a", 3]', ['a', '3']],
      ['{"id": "a"}\n{"id": 3, "more": 1}\n', ['a', '3']],
    ] as const) {
      await writeFile(file, written);
      assert.deepEqual(await readIds(file), ids);
    }
    await writeFile(file, '{"id": "a"}\n{"name": "b"}\n');
    await assert.rejects(readIds(file), /ids names no id in line 2\.$/);
    const items = ['a', 'b', 'c'].map((id) => ({ id }));
    assert.deepEqual(chosen(items, { first: 2, seed: 0 }), items.slice(0, 2));
  });
});

describe('the protocol of an evaluation', () => {
  it('names questions and words per checkpoint, is told in result and report, and leaves other runs alone', async () => {
    const runs = path.join(temporary.path, 'runs');
    const all = await engine.evaluate(request({ runsFolder: runs }));
    const [, , third] = all.questions.map(({ id }) => id);
    const list = path.join(temporary.path, 'split.jsonl');
    await writeFile(
      list,
      `${JSON.stringify({ id: third })}\n${JSON.stringify({ id: all.questions[4]!.id.split('/').at(-1) })}\n`,
    );
    const asked = request({ runsFolder: runs, ids: list, system: [{ text: 'Be brief.', checkpoint: 'RL' }] });
    const own = await engine.evaluate(asked);
    assert.deepEqual(
      own.questions.map(({ id }) => id),
      [third, all.questions[4]!.id],
    );
    // IN has no words of its own: its answers are those that it has given.
    assert.deepEqual(
      own.questions.map(({ answers }) => answers.text![0]),
      [all.questions[2]!, all.questions[4]!].map(({ answers }) => answers.text![0]),
    );
    assert.deepEqual(own.protocol!.system, [null, 'Be brief.']);
    assert.deepEqual(protocolLines(own.protocol!, ['in', 'rl']).slice(0, 2), [
      ['System prompt, in', 'none given'],
      ['System prompt, rl', 'Be brief.'],
    ]);
    assert.match(report(own), /Protocol\n.*System prompt, rl\s+Be brief\./s);
    assert.doesNotMatch(report(all), /Protocol/);
    assert.equal(all.protocol, undefined);
    assert.notEqual(own.provenance.runId, all.provenance.runId);
    assert.deepEqual(await engine.evaluate(request({ runsFolder: runs })), all);
  });

  it('by default names answers as they were named before there were protocols', async () => {
    const runs = path.join(temporary.path, 'runs-before');
    await engine.evaluate(request({ runsFolder: runs, checkpoints: [{ path: first }] }));
    const checkpoint = await openStage({ path: first });
    const facts = {
      answers: 2,
      maxNewTokens: 6,
      checkpoint: await runningIdentityOf(checkpoint, await fingerprint(checkpoint), undefined),
    };
    assert.deepEqual(await readdir(path.join(runs, 'answers')), [`${runIdOf(facts)}.jsonl`]);
  });

  it('refuses what does not fit, by name', async () => {
    const list = path.join(temporary.path, 'strangers.txt');
    await writeFile(list, 'nobody\nsamples.jsonl/noone\n');
    const cases: [Partial<EvaluateRequest>, RegExp][] = [
      [
        { ids: list },
        /has no questions with the ids "nobody", "samples\.jsonl\/noone", which .*strangers\.txt names\.$/,
      ],
      [{ ids: list, draw: 'numpy:1', samples: 2 }, /--ids names the questions and --draw draws them/],
      [{ draw: 'numpy:1' }, /--draw needs --samples/],
      [{ draw: 'torch:1', samples: 2 }, /"torch:1" is no draw: write numpy: and a seed from 0/],
      [{ first: 2, samples: 2 }, /--first and --samples both say which questions/],
      [{ system: [{ text: 'x', checkpoint: 'sft' }] }, /No checkpoint is called "sft"; there are in, rl\./],
      [{ where: ['topic=x'] }, /has no column "topic"; there are id, /],
      [{ promptColumn: 'ask' }, /line 1 has no "ask"\./],
      [{ answers: 2 }, /without a temperature: give --temperature\.$/],
      [{ topP: 0.5 }, /--top-p and --top-k need --temperature\.$/],
      [{ temperature: 0 }, /The temperature is a number above 0\./],
    ];
    for (const [more, message] of cases) await assert.rejects(engine.evaluate(request(more)), message);
  });

  it('asks several times, the same for a seed whatever is asked beside it', async () => {
    const runs = path.join(temporary.path, 'runs-sampled');
    const sampling = { temperature: 1.5, topP: 0.95, answers: 3, seed: 7, checkpoints: [{ path: first }] };
    const all = await engine.evaluate(request(sampling));
    const some = await engine.evaluate(request({ ...sampling, first: 3, threads: 2, runsFolder: runs }));
    const answersOf = ({ questions }: typeof all) => questions.map(({ sampled }) => sampled!.text!.answers[0]!);
    assert.deepEqual(answersOf(some), answersOf(all).slice(0, 3));
    assert.ok(
      answersOf(all).some((own) => new Set(own).size > 1),
      'answers are drawn',
    );
    // More answers go on from those that are there; another seed draws others.
    const more = await engine.evaluate(request({ ...sampling, first: 3, answers: 5, runsFolder: runs }));
    assert.deepEqual(
      answersOf(more).map((own) => own.slice(0, 3)),
      answersOf(some),
    );
    const [answers] = await readdir(path.join(runs, 'answers'));
    const lines = (await readFile(path.join(runs, 'answers', answers!), 'utf8')).trim().split('\n');
    assert.equal(lines.length, 15);
    const other = await engine.evaluate(request({ ...sampling, seed: 8 }));
    assert.notDeepEqual(answersOf(other), answersOf(all));
    assert.deepEqual(
      all.passes!.map(({ k, n }) => [k, n]),
      [1, 2, 3].map((k) => [k, 8]),
    );
    assert.equal(all.scores[0]!.value, all.passes![0]!.value);
    assert.match(report(all), /3 answers per question, temperature 1\.5, top-p 0\.95, seed 7/);
    assert.match(report(all), /pass@3/);
  });
});

describe('variants of a question', () => {
  it('give their mean and the worst case', async () => {
    const { variants, questions } = await engine.evaluate(
      request({
        checkpoints: [{ path: first }],
        data: path.resolve('test/parity/datasets/sets/dynamath'),
        maxNewTokens: 2,
        sets: { rea: [] },
      }),
    );
    assert.equal(questions.length, 6);
    assert.deepEqual(
      variants!.map(({ of, setting, questions: count, n }) => [of, setting, count, n]),
      [['DynaMath', 'image', 2, 6]],
    );
  });
});

describe('the protocol of a probe', () => {
  it('names samples and words, and judges by texts without asking again', async () => {
    const runs = path.join(temporary.path, 'runs-probe');
    const swap = {
      kind: 'swap' as const,
      checkpoints: [{ path: first }],
      data: pairs,
      depths: [0, 6],
      maxNewTokens: 3,
      runsFolder: runs,
    };
    const plain = await engine.probe({ ...swap, first: 2 });
    const byText = await engine.probe({ ...swap, first: 2, change: 'text' });
    assert.ok(plain.kind === 'swap' && byText.kind === 'swap');
    assert.equal(plain.samples.length, 2);
    assert.equal(byText.change, 'text');
    assert.deepEqual(
      byText.samples.map(({ answers }) => answers),
      plain.samples.map(({ answers }) => answers),
    );
    assert.equal((await readdir(path.join(runs, 'runs'))).length, 1);
    const framed = await engine.probe({
      ...swap,
      first: 1,
      prefix: [{ text: 'Look.' }],
      where: ['meta.target_answer >= 0'],
    });
    assert.deepEqual(framed.protocol, { prefix: ['Look.'], where: ['meta.target_answer >= 0'], first: 1 });
    await assert.rejects(
      engine.probe({ ...swap, where: ['meta.colour=red'] }),
      /has no column "meta\.colour"; there are .*meta\.target_answer/,
    );
    const skip = await engine.probe({
      kind: 'skip',
      checkpoints: [{ path: first }],
      data: path.resolve('test/parity/datasets/sets/math500.parquet'),
      where: ['level>=4'],
      depths: [3],
      maxNewTokens: 2,
    });
    assert.deepEqual(
      skip.samples.map(({ id }) => id),
      ['test/precalculus/807.json', 'test/algebra/2.json'],
    );
  });
});
