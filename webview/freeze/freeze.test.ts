/** The views of a freeze experiment, without a DOM: what they say is what the report and the verification hold. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import type { FreezeReport, Verification } from '../../src/protocol/engineApi.js';
import { PAPER } from '../exporters/palette.js';
import { contrastsSvg } from './contrastsSvg.js';
import { contrastsCsv, regionsCsv } from './exports.js';
import { contrastText, forestOf, groupRows, QUESTIONS, reading } from './model.js';

const report = JSON.parse(readFileSync('samples/freeze/report.json', 'utf8')) as FreezeReport;

describe('the report of a freeze experiment in the panel', () => {
  it('has a row per run and measure, on tracks that hold every interval and the band', () => {
    const { rows, extent, margin } = forestOf(report);
    assert.equal(rows.length, report.rows.length);
    assert.equal(margin, report.margin);
    for (const { contrasts } of rows)
      for (const { key } of QUESTIONS) {
        const { low, high } = contrasts[key]!.equivalence;
        assert.ok(low >= -extent && high <= extent && margin <= extent, `${low} ${high} ${extent}`);
      }
  });

  it('says in sentences what is shown, and what is open', () => {
    const sentences = reading(report);
    assert.match(sentences[0]!, /Vision −3\.2 \(not shown\), Vision to reasoning \+8\.0, Reasoning \+12\.5/);
    assert.ok(sentences.includes('No region is shown to be necessary.'));
    assert.match(sentences.join(' '), /better than RL: early for Vision to reasoning \(\+6\.3\)/);
    const open = report.rows.filter(({ necessary }) => necessary.verdict === 'open').length;
    assert.ok(open > 0 && sentences.some((one) => one.startsWith(`Open: ${open} of ${report.rows.length} `)));
    const needed = structuredClone(report);
    needed.rows[0]!.necessary.verdict = 'yes';
    assert.ok(reading(needed).some((one) => one.startsWith('Necessary: early for Vision (')));
  });

  it('reads a cell aloud, and names what was not asked', () => {
    const [row] = forestOf(report).rows;
    assert.equal(
      contrastText(row!, 'necessary'),
      'early, Vision, Necessary: equivalent. +2.2 points, 90% interval −0.4 to +5.0, p = ' +
        `${report.rows[0]!.necessary.adjusted.toFixed(3)}.`,
    );
    const without = { ...row!, contrasts: { ...row!.contrasts, transferable: null } };
    assert.match(contrastText(without, 'transferable'), /not asked, since no stitch takes these layers/);
    assert.match(contrastText({ ...row!, run: 'early, seed 1' }, 'necessary'), /^early, seed 1, /);
  });

  it('is exported as it is shown', () => {
    const lines = contrastsCsv(report).trimEnd().split('\n');
    assert.equal(lines.length, 1 + 3 * report.rows.length);
    const { necessary } = report.rows[0]!;
    assert.ok(lines[1]!.startsWith(`early,7272,vis,necessary,${necessary.verdict},${necessary.difference},`));
    const { svg } = contrastsSvg(forestOf(report), { title: 'A & B', description: 'd', caption: 'c' }, PAPER);
    assert.equal(svg.match(/<circle /g)!.length, 3 * report.rows.length);
    assert.equal(svg.match(/fill-opacity="0\.18"/g)!.length, 3, 'a band per question');
    assert.ok(svg.includes('A &amp; B'));
  });
});

describe('a verification in the panel', () => {
  const verification = {
    held: [
      { group: 'early', tensors: 4, parameters: 40, moved: 0, missing: 0, rounded: 0 },
      { group: 'vision', tensors: 3, parameters: 30, moved: 2, missing: 1, rounded: 0 },
      { group: 'norms', tensors: 2, parameters: 8, moved: 0, missing: 0, rounded: 1 },
    ],
    groups: [
      { group: 'mid', tensors: 4, parameters: 40, fro: 1, floor: 0.1, timesFloor: 10, changed: 0.5, unmoved: 0 },
      { group: 'late', tensors: 4, parameters: 40, fro: 0, floor: 0.1, timesFloor: 0, changed: 0, unmoved: 4 },
      { group: 'head', tensors: 4, parameters: 40, fro: 1, floor: 0.1, timesFloor: 10, changed: 0.5, unmoved: 1 },
    ],
  } as unknown as Verification;

  it('says of each region whether it stayed, or how far it moved', () => {
    assert.deepEqual(
      groupRows(verification).map(({ group, state, ok }) => [group, state, ok]),
      [
        ['early', 'bit-identical', true],
        ['vision', '2 moved, 1 missing', false],
        ['norms', 'identical, 1 of 2 once IN is rounded', true],
        ['mid', 'moved', null],
        ['late', 'did not move', null],
        ['head', '1 of 4 did not move', null],
      ],
    );
  });

  it('is exported as it is shown', () => {
    const lines = regionsCsv({
      schema: 1,
      passed: false,
      runs: [
        { run: 'mid', verification },
        { run: 'late', verification: null },
      ],
    })
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 7);
    assert.equal(lines[4], 'mid,mid,moved,4,40,1,10,0.5');
  });
});
