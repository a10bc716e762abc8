import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { barText, lensText, logFraction } from './figures.js';
import { layerName, Lookup } from './lookup.js';
import { formatNumber, formatFraction, formatTimes } from '../protocol/numbers.js';
import { bytesText, durationText, estimateText, progressText } from '../services/progressText.js';
import { delta, sampleResult } from '../../test/unit/host/sampleResult.js';

const warn = { roundingFloorWarnings: true };

describe('figures in words', () => {
  it('a lens has the number, its distance from the floor and the share that changed', () => {
    assert.equal(lensText('RL', delta(3.1e-4, 1 / 12), warn), 'ΔRL 3.10e-4 · 12.0× floor · 22.0% changed');
  });

  it('marks what is near the floor, unless switched off', () => {
    assert.equal(lensText('RL', delta(3.1e-4, 1 / 1.2), warn), 'ΔRL 3.10e-4 · $(warning) 1.20× floor · 22.0% changed');
    assert.equal(
      lensText('RL', delta(3.1e-4, 1 / 1.2), { roundingFloorWarnings: false }),
      'ΔRL 3.10e-4 · 1.20× floor · 22.0% changed',
    );
  });

  it('says unchanged, not finite, and leaves out what is not known', () => {
    assert.equal(lensText('RL', { ...delta(0), changed: 0 }, warn), 'ΔRL unchanged');
    assert.equal(
      lensText('RL', { ...delta(1e-3), floor: 0, nonFinite: 3 }, warn),
      'ΔRL 1.00e-3 · 22.0% changed · 3 not finite',
    );
    assert.equal(lensText('RL', { ...delta(1e-3), relative: null, fro: null, changed: null }, warn), 'ΔRL –');
  });

  it('a label is short and draws no icon', () => {
    assert.equal(lensText('$(bug)', { ...delta(0), changed: 0 }, warn), 'Δ$ (bug) unchanged');
    assert.ok(lensText('x'.repeat(500), delta(1), warn).length < 100);
  });

  it('numbers read as in the panel', () => {
    const text = lensText('RL', { ...delta(0.01234, 1 / 12.34), changed: 0.4123 }, warn);
    assert.equal(
      text,
      `ΔRL ${formatNumber(0.01234)} · ${formatTimes(12.34)} floor · ${formatFraction(0.4123)} changed`,
    );
    assert.match(text, /0\.0123 · 12\.3× floor · 41\.2% changed/);
  });

  it('a bar grows with its share and stays inside its width', () => {
    assert.deepEqual(
      [-1, 0, 0.5, 1, 9].map((fraction) => barText(fraction).length),
      [0, 0, 4, 8, 8],
    );
    assert.equal(barText(0.52), '████▏');
    const lengths = [1e-6, 1e-5, 1e-4, 1e-3].map((value) => logFraction(value, 1e-6, 1e-3));
    assert.deepEqual(
      lengths,
      [...lengths].sort((a, b) => a - b),
    );
    assert.ok(lengths[0]! > 0, 'the least still shows');
    assert.equal(logFraction(0, 1e-6, 1e-3), 0);
    assert.equal(logFraction(1e-4, 1e-4, 1e-4), 1);
  });

  it('layers are named as the tensors beside them count', () => {
    assert.equal(layerName({ section: 'language', layer: 11, region: 'mid' }), 'Language layer 11 · mid');
    assert.equal(layerName({ section: 'vision', layer: 0, region: null }), 'Vision block 0');
    assert.equal(layerName({ section: 'projector', layer: null, region: null }), 'Projector');
  });

  it('progress has share, bytes and what is left', () => {
    const progress = {
      phase: 'Comparing IN → RL',
      doneBytes: 43e8,
      totalBytes: 1e10,
      remainingSeconds: 72.4,
      tensor: null,
    };
    assert.equal(progressText(progress, 'short'), '43%, 1:12 min left');
    assert.equal(progressText(progress, 'long'), 'Comparing IN → RL, 4.30 GB of 10.0 GB (43%), 1:12 min left');
    assert.equal(progressText({ ...progress, totalBytes: 0, remainingSeconds: null }, 'long'), 'Comparing IN → RL');
    assert.deepEqual([0, 999, 1000, 999_499, 999_500, 7.5e9].map(bytesText), [
      '0 B',
      '999 B',
      '1.00 kB',
      '999 kB',
      '1.00 MB',
      '7.50 GB',
    ]);
    assert.deepEqual(
      [0.2, 54, 270].map((seconds) => estimateText(seconds, false)),
      ['under a second', 'about 54 s', 'about 4:30 min'],
    );
    assert.deepEqual(
      [54, 907, 5400].map((seconds) => estimateText(seconds, true)),
      ['up to about 54 s', 'up to about 15 min', 'up to about 1:30 h'],
    );
    assert.deepEqual([0, 59.4, 60, 3599, 3661].map(durationText), ['0 s', '59 s', '1:00 min', '59:59 min', '1:01 h']);
  });
});

describe('lookup', () => {
  it('finds tensors by the name in the document’s own files, and each layer’s first line', () => {
    const lookup = new Lookup(sampleResult(), 2);
    const names = [
      '{',
      'model.embed_tokens.weight',
      'model.layers.1.mlp.up_proj.weight',
      'model.layers.0.mlp.up_proj.weight',
      'model.layers.1.mlp.up_proj.weight',
      'unknown',
    ];
    assert.equal(lookup.tensor(names[2]!)?.depth, 2);
    assert.deepEqual(
      [...lookup.firstLines(names.length, (line) => names[line])],
      [
        [2, 2],
        [1, 3],
      ],
    );
  });

  it('a document’s own update is the one that made it', () => {
    assert.deepEqual(
      [0, 1, 2].map((stage) => new Lookup(sampleResult(), stage).ownDelta),
      [0, 0, 1],
    );
    assert.equal(new Lookup(sampleResult(), 2).label(1), 'RL');
  });

  it('hostile names are names', () => {
    const lookup = new Lookup(
      sampleResult({ tensorName: (layer) => ['__proto__', 'constructor', 'toString'][layer % 3]! }),
      0,
    );
    assert.equal(lookup.tensor('__proto__')?.component, 'mlp');
    assert.equal(lookup.tensor('hasOwnProperty'), undefined);
  });
});
