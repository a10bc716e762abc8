/** What makes a run the same run is derived from what is asked: nothing that is computed otherwise can be forgotten. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import * as v from 'valibot';
import { compareRequest } from '../compare/request.js';
import { checkpoints, cuts, defaulting, machine, optional, samples, seed, text } from './field.js';
import { identityOf } from './identity.js';
import { spectrumRequest } from '../spectrum/request.js';

const schema = v.object({
  checkpoints: checkpoints('checkpoints', {}, [], { least: 1, fewer: 'None.' }),
  samples: samples('so many'),
  seed: seed(),
  cuts: cuts(),
  prompt: optional(text, { flags: [] }),
  part: defaulting(v.picklist(['layer', 'mlp']), 'layer', { flags: [] }),
  ...machine(),
});

const FACTS = { kind: 'toy', journal: 1, samples: ['a', 'b'], checkpoints: [{ fingerprint: 'f' }] };
const REQUEST = { checkpoints: [{ path: '/m/in' }], samples: 2, seed: 3 };
const identity = (more: object = {}) =>
  JSON.stringify(identityOf(schema, { ...REQUEST, ...more }, FACTS, ['samples', 'seed']));

describe('the identity of a run', () => {
  it('is what is computed, as earlier versions wrote it, where nothing else is asked', () => {
    assert.equal(identity(), JSON.stringify(FACTS));
    assert.equal(identity({ part: 'layer' }), identity());
  });

  it('does not hang on the machine or on how the result is looked at', () => {
    assert.equal(identity({ memory: 1e9, threads: 3, runsFolder: '/r', cuts: [1, 2] }), identity());
    assert.equal(identity({ checkpoints: [{ path: '/m/in', label: 'other' }] }), identity());
  });

  it('changes with every other field of the request', () => {
    const all = [identity(), identity({ prompt: 'p' }), identity({ prompt: 'q' }), identity({ part: 'mlp' })];
    assert.equal(new Set(all).size, 4);
  });

  it('of a comparison and of spectra has nothing beside the facts', () => {
    const stages = [{ path: '/a' }, { path: '/b' }];
    const facts = { kind: 'x', stages: [] };
    assert.deepEqual(identityOf(compareRequest, { stages, cuts: [1, 2] }, facts, []), facts);
    assert.deepEqual(
      identityOf(spectrumRequest, { stages, refine: ['w'] }, facts, ['mode', 'filter', 'refine']),
      facts,
    );
  });
});
