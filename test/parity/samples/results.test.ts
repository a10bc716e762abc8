// The numbers in samples/README.md are those of the stored answers, graded and counted anew here.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fs from 'node:fs';
import path from 'node:path';
import { followsFormat, isRight, jsonl, mcnemar, SAMPLES, wilson, type EvalItem, type ProbeItem } from './truth';

type Answers = Record<string, Record<string, Record<string, string>>>;
interface Share {
  k: number;
  n: number;
  value: number;
  interval: [number, number];
  against_in?: { lost: number; won: number; p: number };
}
interface Summary {
  checkpoints: Record<
    string,
    { abilities: Record<'vis' | 'v2r' | 'rea', Share>; format: Share; accuracy: Record<string, Share> }
  >;
}

const LINEAGE = ['base', 'in', 'rl', 'rl-frozen-early', 'rl-frozen-mid', 'rl-frozen-late'];
const SPLICES = ['in:rl:rl', 'in:in:rl', 'rl:rl:in', 'rl:in:in', 'in:rl:in', 'rl:in:rl'];
const file = (name: string): string => path.join(SAMPLES, name);
const summary = JSON.parse(fs.readFileSync(file('results/summary.json'), 'utf8')) as Summary;
const readme = fs.readFileSync(file('README.md'), 'utf8');
const answersOf = (name: string): Answers =>
  (JSON.parse(fs.readFileSync(file(`results/${name.replaceAll(':', '-')}.json`), 'utf8')) as { answers: Answers })
    .answers;

const [general, math, text] = ['general', 'math', 'text'].map((name) => jsonl<EvalItem>(`eval/${name}.jsonl`)) as [
  EvalItem[],
  EvalItem[],
  EvalItem[],
];

function told(answers: Answers, set: string, item: { id: string }, setting: string): string {
  const found = answers[set]?.[item.id]?.[setting];
  assert.ok(found !== undefined, `${set}/${item.id}/${setting} was not answered`);
  return found;
}

function abilities(a: Answers): Record<'vis' | 'v2r' | 'rea', boolean[]> {
  return {
    vis: general.map((i) => isRight(told(a, 'general', i, 'image'), i) && !isRight(told(a, 'general', i, 'black'), i)),
    v2r: math.map((i) => isRight(told(a, 'math', i, 'image'), i) && isRight(told(a, 'math', i, 'described'), i)),
    rea: text.map((i) => isRight(told(a, 'text', i, 'prompt'), i)),
  };
}

function same(fraction: Share | undefined, hits: boolean[], what: string): Share {
  const k = hits.filter(Boolean).length;
  const [lo, hi] = wilson(k, hits.length);
  assert.ok(fraction, what);
  assert.deepEqual([fraction.k, fraction.n, fraction.value], [k, hits.length, k / hits.length], what);
  assert.ok(Math.abs(fraction.interval[0] - lo) < 1e-9 && Math.abs(fraction.interval[1] - hi) < 1e-9, what);
  return fraction;
}

const tenth = (v: number): string => (Math.floor(1000 * v + 0.5 + 1e-9) / 10).toFixed(1); // half up
const cell = (s: Share): string => `${tenth(s.value)} (${tenth(s.interval[0])}–${tenth(s.interval[1])})`;

/** The cells of the README's row that starts with this label, inside the block of this name. */
function row(block: string, label: string): string[] {
  const body = readme.split(`<!-- ${block} -->`)[1]?.split(`<!-- /${block} -->`)[0] ?? '';
  const line = body.split('\n').find((l) => l.startsWith(`| ${label} |`));
  assert.ok(line, `${block}: no row ${label}`);
  return line
    .split('|')
    .slice(2, -1)
    .map((c) => c.trim());
}

describe('sample results', () => {
  const start = abilities(answersOf('in'));

  for (const name of [...LINEAGE, ...SPLICES]) {
    it(`${name}: the README and summary.json say what the stored answers give`, () => {
      const answers = answersOf(name);
      const entry = summary.checkpoints[name];
      assert.ok(entry);
      const hits = abilities(answers);
      const cells = row(
        name.includes(':') ? 'splices' : 'abilities',
        `\`${name.includes(':') ? name.toUpperCase() : name}\``,
      );
      (['vis', 'v2r', 'rea'] as const).forEach((ability, i) => {
        const fraction = same(entry.abilities[ability], hits[ability], `${name} ${ability}`);
        assert.equal(cells[2 * i], cell(fraction), `${name} ${ability}`);
        if (name === 'base' || name === 'in') return;
        const test = mcnemar(start[ability], hits[ability]);
        assert.deepEqual([fraction.against_in?.lost, fraction.against_in?.won], [test.lost, test.won]);
        assert.ok(Math.abs((fraction.against_in?.p ?? -1) - test.p) < 1e-9 + 1e-6 * test.p, `${name} ${ability}: p`);
        const p = test.p < 1e-4 ? 'p < 0.0001' : `p = ${test.p.toFixed(4)}`;
        assert.equal(cells[2 * i + 1], `+${test.won} −${test.lost}, ${p}`, `${name} ${ability}`);
      });
      const texts = ['general', 'math', 'text'].flatMap((set) =>
        Object.values(answers[set] ?? {}).flatMap((settings) => Object.values(settings)),
      );
      assert.equal(cells[6], cell(same(entry.format, texts.map(followsFormat), `${name} format`)));
    });
  }

  it('the four functions: direct answers of every checkpoint', () => {
    for (const task of ['counting', 'recognition', 'grounding', 'ocr']) {
      const cells = row('functions', task);
      LINEAGE.forEach((name, i) => {
        const answers = answersOf(name);
        const hits = jsonl<ProbeItem>(`probes/${task}.jsonl`).flatMap((item) =>
          (['target', 'source'] as const).map((side) => {
            const { meta } = item;
            const [answer, answer_type] =
              task === 'ocr'
                ? [meta[`${side}_text`] ?? '', 'text' as const]
                : task === 'grounding'
                  ? [`[${(meta[`${side}_bbox_xyxy`] ?? []).join(', ')}]`, 'box' as const]
                  : [meta[`${side}_answer`] ?? '', task === 'counting' ? ('number' as const) : ('choice' as const)];
            return isRight(told(answers, task, item, side), { answer, answer_type });
          }),
        );
        assert.equal(
          cells[i + 1],
          cell(same(summary.checkpoints[name]?.accuracy[`probe/${task}`], hits, `${name} ${task}`)),
        );
      });
    }
  });

  it('accuracy by set, and what was meant to be shown', () => {
    const sets = [
      ['general VQA, image', 'general', 'image', general],
      ['general VQA, black image', 'general', 'black', general],
      ['math VQA, image', 'math', 'image', math],
      ['math VQA, black image + description', 'math', 'described', math],
      ['text-only maths', 'text', 'prompt', text],
    ] as const;
    for (const [label, set, setting, items] of sets) {
      const cells = row('accuracy', label);
      LINEAGE.forEach((name, i) => {
        const answers = answersOf(name);
        const hits = items.map((item) => isRight(told(answers, set, item, setting), item));
        assert.equal(
          cells[i + 1],
          cell(same(summary.checkpoints[name]?.accuracy[`${set}/${setting}`], hits, `${name} ${label}`)),
        );
      });
    }
    for (const task of ['counting', 'recognition', 'grounding', 'ocr']) {
      const fraction = summary.checkpoints['base']?.accuracy[`probe/${task}`];
      assert.ok(fraction);
      assert.deepEqual(row('targets', `base, ${task}: at least 90 %`), [
        cell(fraction),
        fraction.value >= 0.9 ? 'yes' : 'no',
      ]);
    }
    for (const ability of ['v2r', 'rea'] as const) {
      const [before, after] = ['in', 'rl'].map((name) => summary.checkpoints[name]?.abilities[ability]) as [
        Share,
        Share,
      ];
      const [measured, met] = row('targets', `rl better than in, M_${ability}, p < 0.01`);
      assert.ok(measured?.startsWith(`${cell(before)} → ${cell(after)}; `), measured);
      assert.equal(met, after.value > before.value && (after.against_in?.p ?? 1) < 0.01 ? 'yes' : 'no');
    }
  });
});

describe('stored expectations of transformers', () => {
  interface Case {
    checkpoint: string;
    id: string;
    text: string;
    input_ids: number[];
    positions: number[][];
    logits: number[];
    greedy_ids: number[];
    greedy_text: string;
  }
  const cases = ['base', 'in', 'rl'].flatMap(
    (name) =>
      (
        JSON.parse(
          fs.readFileSync(path.join(process.cwd(), `test/parity/samples/expectations-${name}.json`), 'utf8'),
        ) as { cases: Case[] }
      ).cases,
  );

  it('cover at least 50 prompts for each stage', () => {
    for (const name of ['base', 'in', 'rl'])
      assert.ok(new Set(cases.filter((c) => c.checkpoint === name).map((c) => c.id)).size >= 50, name);
  });

  it('agree with themselves: the first greedy token is the highest logit', () => {
    for (const c of cases) {
      assert.equal(c.logits.length, 512, c.id);
      assert.equal(c.positions.length, 3, c.id);
      assert.ok(
        c.positions.every((p) => p.length === c.input_ids.length),
        c.id,
      );
      assert.equal(c.logits.indexOf(Math.max(...c.logits)), c.greedy_ids[0], `${c.checkpoint}/${c.id}`);
    }
  });

  it('agree with the stored evaluation where both answered the same question', () => {
    let compared = 0;
    for (const c of cases) {
      const [id = '', setting = 'image'] = c.id.split('/');
      const set = id.split('-')[0] ?? '';
      const stored = answersOf(c.checkpoint)[set]?.[id]?.[set === 'text' ? 'prompt' : setting];
      if (stored === undefined || c.greedy_ids.length >= 64) continue;
      compared++;
      assert.equal(c.greedy_text, stored, `${c.checkpoint}/${c.id}`);
    }
    assert.ok(compared >= 60, `${compared} compared`);
  });
});
