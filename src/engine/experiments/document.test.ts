/** Experiment files: what they come to, and what is wrong with them, each in a sentence at its place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { registry } from '../analyses/registry.js';
import { parseExperiment, readExperimentText } from './document.js';
import { KINDS } from './kinds.js';
import { experimentText } from './write.js';
import { placesOf } from './run.js';
import { addressesOf, chosenSteps, commandsOf, stepsOf } from './steps.js';

let root: string;
let file: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'experiment-'));
  file = path.join(root, 'one.experiment.yaml');
  await writeFile(path.join(root, 'think.txt'), 'Think first.\n');
  await writeFile(path.join(root, 'set.jsonl'), '');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const CHECKPOINTS = 'checkpoints:\n  base: b\n  in: i\n  rl: r\n';
const steps = (text: string) => stepsOf(readExperimentText(file, text));
const problems = (text: string) =>
  parseExperiment(file, text).problems.map(
    ({ code, message, offset, length }) => `${code} [${text.slice(offset, offset + length)}] ${message}`,
  );
/** The only problem of a text. */
function wrong(text: string): string {
  const all = problems(text);
  assert.equal(all.length, 1, all.join('\n'));
  return all[0]!;
}
const part = (body: string, more = '') => `${CHECKPOINTS}${more}parts:\n  one: {${body}}\n`;

describe('what an experiment comes to', () => {
  it('has a kind for every command of the registry, and for freeze experiments', () => {
    assert.deepEqual(
      KINDS.map(({ name }) => name),
      [...Object.values(registry).flatMap(({ commands }) => commands.map(({ name }) => name)), 'freeze'],
    );
  });

  it('keeps the order of the file, and names runs by part, set and checkpoint', () => {
    const text = `${CHECKPOINTS}sets:\n  a: {data: set.jsonl, where: x=1}\n  b: set.jsonl\nparts:
  z: {run: compare}
  y: {run: probe swap, checkpoints: [in, rl], data: a}
  x: {run: evaluate, data: [a, b]}
  w: {run: freeze, experiment: frozen, data: b, margin: 4}\n`;
    assert.deepEqual(
      steps(text).map(({ name, run, task }) => [name, run, task]),
      [
        ['z', 'compare', 'analysis'],
        ['y/in', 'probe swap', 'analysis'],
        ['y/rl', 'probe swap', 'analysis'],
        ['x/a', 'evaluate', 'analysis'],
        ['x/b', 'evaluate', 'analysis'],
        ['w/verify', 'freeze', 'verify'],
        ['w/report', 'freeze', 'report'],
      ],
    );
    const [compare, swap, , first, , , report] = steps(text);
    const stage = (label: string, place: string, role: string) => ({ path: path.join(root, place), label, role });
    assert.deepEqual(compare!.request, {
      stages: [stage('base', 'b', 'base'), stage('in', 'i', 'in'), stage('rl', 'r', 'rl')],
    });
    assert.deepEqual(swap!.request, {
      kind: 'swap',
      data: path.join(root, 'set.jsonl'),
      where: ['x=1'],
      checkpoints: [stage('in', 'i', 'in')],
    });
    assert.deepEqual(first!.request['where'], ['x=1']);
    assert.deepEqual([report!.experiment, report!.margin], [path.join(root, 'frozen'), 0.04]);
  });

  it('takes what a part says before what its set and the protocol say, and only what its analysis knows', () => {
    const text = part(
      'run: probe skip, checkpoints: in, data: a, samples: 3, depths: 0-2',
      'protocol: {maxNewTokens: 7, answers: 4, temperature: 0.5, seed: 1}\nsets:\n  a: {data: set.jsonl, ' +
        'samples: 9, seed: 2}\n',
    );
    const { request } = steps(text)[0]!;
    assert.deepEqual(request, {
      kind: 'skip',
      checkpoints: request['checkpoints'],
      data: path.join(root, 'set.jsonl'),
      samples: 3,
      depths: [0, 1, 2],
      seed: 2,
      maxNewTokens: 7,
    });
  });

  it('puts prompts of a file, a role and a checkpoint where they belong', () => {
    const text = `checkpoints:\n  start: {path: b, role: base, prefix: Look.}\n  in: i\n  rl: r
protocol: {system: {in: "@think.txt", hybrid: Both.}}\nparts:
  all: {run: evaluate, data: set.jsonl}
  made: {run: transfer, base: start, data: set.jsonl}
  seen: {run: probe swap, checkpoints: start, data: set.jsonl}\n`;
    const [all, made, seen] = steps(text);
    assert.deepEqual(all!.request['system'], [{ text: 'Think first.', checkpoint: 'in' }]);
    assert.ok(placesOf(all!).includes(path.join(root, 'think.txt')), 'files of texts are told');
    assert.deepEqual(all!.request['prefix'], [{ text: 'Look.', checkpoint: 'start' }]);
    assert.deepEqual(made!.request['system'], [
      { text: 'Think first.', checkpoint: 'in' },
      { text: 'Both.', checkpoint: 'hybrid' },
    ]);
    assert.deepEqual(made!.request['prefix'], [{ text: 'Look.', checkpoint: path.join(root, 'b') }]);
    assert.equal(made!.request['base'], path.join(root, 'b'));
    assert.deepEqual(
      made!.stages.map(({ label }) => label),
      ['in', 'rl'],
    );
    assert.equal(seen!.request['system'], undefined);
  });

  it('has the same key for the same work, and another for other work', () => {
    const of = (body: string) => steps(part(body))[0]!.key;
    assert.equal(of('run: spectrum'), of('stages: [base, in, rl], run: spectrum'));
    assert.notEqual(of('run: spectrum'), of('run: spectrum, mode: fast'));
    assert.notEqual(of('run: spectrum'), of('run: compare'));
  });

  it('names whom answers are sent to, and takes no key', () => {
    const grader = (more: string) =>
      part(
        'run: evaluate, data: set.jsonl',
        `protocol: {grader: {kind: endpoint, url: "http://h/v1", model: m${more}}}\n`,
      );
    assert.deepEqual(addressesOf(steps(grader(''))), ['m at http://h/v1']);
    assert.match(
      wrong(grader(', keyVariable: SECRET')),
      /^bad-value \[keyVariable\] A key is no part of an experiment/,
    );
  });

  it('has models behind an address as checkpoints of evaluations alone', () => {
    const at = 'endpoint:http://h/v1#org/m';
    const text = (body: string) =>
      `checkpoints:\n  in: i\n  rl: r\n  served: ${at}\nparts:\n  a: {run: evaluate, data: set.jsonl}\n  b: ` +
      `{run: compare}\n${body}`;
    const [asked, compared] = steps(text(''));
    const isIn = (step: typeof asked) => JSON.stringify(step!.request).includes(at);
    assert.deepEqual([isIn(asked), isIn(compared)], [true, false]);
    assert.deepEqual(addressesOf([asked!]), ['org/m at http://h/v1']);
    assert.match(wrong(text('').replace(at, 'endpoint:http://h/v1')), /write endpoint:URL#MODEL/);
    assert.match(
      wrong(part(`run: evaluate, data: "${at}"`)),
      /is a model behind an address, and a file is wanted here/,
    );
  });

  it('does a part or a single run alone', () => {
    const all = steps(
      `${CHECKPOINTS}parts:\n  a: {run: compare}\n  p: {run: probe skip, checkpoints: [in, rl], data: set.jsonl}\n`,
    );
    const names = (only: string[]) => chosenSteps(all, only).map(({ name }) => name);
    assert.deepEqual(names(['p']), ['p/in', 'p/rl']);
    assert.deepEqual(names(['p/rl', 'a']), ['a', 'p/rl']);
    assert.throws(() => names(['q']), /No part is called "q"; there are a, p, p\/in, p\/rl\./);
  });
});

describe('the files that are shown', () => {
  const shown = (name: string) => readFileSync(path.resolve(name), 'utf8');
  const whole = (text: string, at: string) =>
    assert.deepEqual(
      parseExperiment(at, text).problems.map(({ message }) => message),
      [],
    );
  it('have no problem: the sample, the example and the paper of the documentation', () => {
    whole(shown('samples/paper.experiment.yaml'), path.resolve('samples/paper.experiment.yaml'));
    const blocks = [...shown('docs/experiments.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);
    assert.equal(blocks.length, 2);
    for (const text of blocks) whole(text, path.resolve('samples/shown.experiment.yaml'));
  });
  it('come to all kinds of runs, on the sample lineage', () => {
    const all = stepsOf(
      readExperimentText(path.resolve('samples/paper.experiment.yaml'), shown('samples/paper.experiment.yaml')),
    );
    assert.deepEqual(
      new Set(all.map(({ run }) => run)),
      // The sample lineage has no steps of a training, and no experts.
      new Set(KINDS.map(({ name }) => name).filter((name) => name !== 'trajectory' && name !== 'probe routing')),
    );
  });
  it('are written so that they are read again', () => {
    const text = experimentText({
      checkpoints: [
        { label: 'My base!', role: 'base', path: 'm/b' },
        { label: 'in', role: 'in', path: 'm: i' },
        { label: 'rl', role: 'rl', path: 'r' },
      ],
      data: 'q.jsonl',
      parts: ['compare', 'probe skip', 'evaluate', 'transfer'],
    });
    whole(text, file);
    const all = stepsOf(readExperimentText(file, text));
    assert.deepEqual(
      all.map(({ name }) => name),
      ['compare', 'skip/My-base-', 'skip/in', 'skip/rl', 'evaluate', 'transfer'],
    );
    assert.equal(all[2]!.request['data'], path.join(root, 'q.jsonl'));
  });
});

describe('what is wrong with an experiment', () => {
  it('says it of keys, names and kinds, with what was meant', () => {
    assert.match(
      wrong(part('run: compare, cutz: [1, 2]')),
      /^unknown-key \[cutz\] "cutz" means nothing here; did you mean cuts\?/,
    );
    assert.match(
      wrong(part('run: compair')),
      /^bad-value \[compair\] There is no "compair" to run; there are compare, spectrum/,
    );
    assert.match(wrong(part('stages: [in, rl]')), /^missing-key \[one\] The part "one" does not say what it runs\./);
    assert.match(
      wrong(part('run: compare, stages: [in, lr]')),
      /^no-checkpoint \[lr\] No checkpoint is called "lr"; there are base, in, rl\./,
    );
    assert.match(wrong(part('run: compare, stages: [in, in]')), /"in" stands here twice/);
    assert.match(wrong(part('run: compare, data: set.jsonl')), /"compare" reads no data/);
    assert.match(
      wrong(part('run: evaluate, data: generale', 'sets:\n  general: set.jsonl\n')),
      /^bad-value \[generale\] No set is called "generale", and there is no such file; there are general\./,
    );
    assert.match(wrong(part('run: evaluate')), /The part "one" has no data/);
    assert.match(wrong(part('run: freeze, data: set.jsonl')), /The part "one" has no experiment/);
    assert.match(
      wrong(part('run: evaluate, data: set.jsonl, system: {lr: x}')),
      /No checkpoint has the name or role "lr"/,
    );
    const { problems: found } = parseExperiment(file, part('run: compair'));
    assert.deepEqual(
      found[0]!.fix?.edits.map(({ text }) => text),
      ['compare'],
    );
  });

  it('says it of values, with what would do', () => {
    assert.match(
      wrong(part('run: probe swap, checkpoints: in, data: set.jsonl, mode: onto')),
      /^bad-value \[onto\] "mode": it must be one of from, only, not "onto"\./,
    );
    assert.match(
      wrong(part('run: evaluate, data: set.jsonl, maxNewTokens: -1')),
      /must be a whole number of at least 1; -1 given/,
    );
    assert.match(wrong(part('run: compare, cuts: mid')), /"cuts": Give two layer numbers such as 8,20/);
    assert.match(wrong(part('run: evaluate, data: set.jsonl, sets: [vis]')), /"sets": it must be a mapping, not/);
  });

  it('says it of checkpoints: a role twice, itself, another machine, no path', () => {
    const named = (lines: string) => wrong(`checkpoints:\n${lines}parts:\n  one: {run: trajectory, stages: [a]}\n`);
    assert.match(
      named('  a: x\n  in: i\n  sft: {path: s, role: in}\n'),
      /^conflicting-keys \[sft\] The role in is that of "in" already/,
    );
    assert.match(named('  a: x\n  in: {path: i, role: boss}\n'), /There is no role "boss"/);
    assert.match(named('  a: x\n  in: {role: in}\n'), /The checkpoint "in" has no path/);
    assert.match(
      wrong('checkpoints:\n  a: x\n  me: one.experiment.yaml\nparts:\n  one: {run: trajectory, stages: [a]}\n'),
      /^cycle .* is this experiment itself/,
    );
    assert.match(named('  a: x\n  in: "https://h/m"\n'), /leads to another machine/);
    assert.match(named('  a: x\n  "a b!": i\n'), /"a b!" is no name/);
  });

  it('says it of YAML, aliases without end, and texts that are no experiment', () => {
    assert.match(problems('')[0]!, /The experiment is empty/);
    assert.match(problems('- a\n')[0]!, /An experiment is a mapping/);
    assert.match(problems('checkpoints: {a: [}\n')[0]!, /^yaml .*This is no YAML/);
    assert.match(
      wrong('checkpoints:\n  a: x\n  a: y\nparts:\n  one: {run: trajectory, stages: [a]}\n'),
      /^duplicate-key \[a\] "a" stands here twice/,
    );
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(', ')}]`),
    ];
    assert.ok(problems(bomb.join('\n')).some((one) => /An experiment has at most 20,000 values/.test(one)));
    assert.ok(problems(`checkpoints: ${'['.repeat(5000)}`).length > 0);
    assert.ok(problems(`# ${'x'.repeat(300_000)}`).some((one) => /at most 262,144 characters/.test(one)));
  });

  it('has servers of checkpoints, with the folder from the file and the command told', () => {
    const serve = 'serve: {command: "vllm serve {folder} --port {port}", folder: scratch, wait: 900}';
    const [evaluated, compared] = steps(
      `${CHECKPOINTS}protocol: {${serve}}\nparts: {a: {run: evaluate, data: set.jsonl}, b: {run: compare}}\n`,
    );
    assert.deepEqual(evaluated!.request['serve'], {
      command: 'vllm serve {folder} --port {port}',
      folder: path.join(root, 'scratch'),
      wait: 900,
    });
    assert.equal(compared!.request['serve'], undefined);
    assert.deepEqual(commandsOf([evaluated!, compared!]), ['vllm serve {folder} --port {port}']);
    assert.match(wrong(part('run: evaluate, data: set.jsonl, serve: {folder: x}')), /"serve\.command": it is missing/);
  });

  it('refuses what does not go together, naming the part', () => {
    assert.throws(() => steps(part('run: probe skip, data: set.jsonl')), /"one" does not say which checkpoints/);
    assert.throws(
      () => steps(part('run: compare, stages: [in]')),
      /"compare" takes at least 2 checkpoints, and "one" has in\./,
    );
    assert.throws(
      () => steps(part('run: transfer, checkpoints: [base, in, rl], data: set.jsonl')),
      /"transfer" takes 2 checkpoints/,
    );
    assert.throws(() => steps(part('run: evaluate, data: set.jsonl, system: "@none.txt"')), /cannot be read as a text/);
    assert.throws(() => steps('checkpoints: {a: x}\nparts: {}\n'), /one\.experiment\.yaml:2:1: "parts" has none/);
  });
});
