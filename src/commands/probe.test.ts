import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'vitest';
import { Functions, languageLayerOf } from '../inline/functions.js';
import { parseMemory } from '../panel/memory.js';
import type { SwapResult } from '../protocol/engineApi.js';
import type { ProbePanelRequest, ProbeQuestion } from '../protocol/hostApi.js';
import { mediaType, imageBelow } from '../services/images.js';
import { hintOf } from '../services/probeData.js';
import { RecentProbes } from '../services/recentQuestions.js';
import { overall } from '../services/queue.js';
import { keyOf, titleOf } from '../services/work.js';
import { oneSwap, smallProbes } from '../../webview/playground/probes.js';

const question = (own: Partial<ProbeQuestion> = {}): ProbeQuestion => ({
  kind: 'swap',
  checkpoints: [{ path: '/m/rl', label: 'RL' }],
  data: '/d/probes',
  mode: 'from',
  ...own,
});
const request = (...probes: ProbeQuestion[]): ProbePanelRequest => ({ kind: 'probe', probes });

describe('requests of probes', () => {
  it('are the same whatever labels and cuts say, and others with another mode', () => {
    assert.equal(
      keyOf(request(question())),
      keyOf(request(question({ checkpoints: [{ path: '/m/rl/config.json' }], cuts: [1, 2] }))),
    );
    assert.notEqual(keyOf(request(question())), keyOf(request(question({ mode: 'only' }))));
    assert.equal(titleOf(request(question(), question({ kind: 'skip' }))), 'Vision probe, Reasoning probe · RL');
  });

  it('come back from the memory of a panel, or not at all', () => {
    const full = {
      ...request(question({ samples: 10, depths: [0, 1], badLines: 'skip' })),
      runs: [{ runsFolder: '/r', runId: '0'.repeat(16) }],
    };
    assert.deepEqual(parseMemory({ request: full })?.request, full);
    assert.deepEqual(parseMemory({ request: { kind: 'try', checkpoints: [{ path: '/a', label: 'A' }] } })?.request, {
      kind: 'try',
      checkpoints: [{ path: '/a', label: 'A' }],
    });
    const training = { kind: 'training', title: 'exp', folders: ['/exp'] };
    assert.deepEqual(parseMemory({ request: { ...training, key: 'x' } })?.request, training);
    for (const broken of [
      { kind: 'probe' },
      { kind: 'probe', probes: [] },
      { kind: 'probe', probes: [{ kind: 'other', checkpoints: [{ path: '/a' }], data: 'x' }] },
      { kind: 'try', checkpoints: [] },
      { kind: 'training', title: 'exp', folders: [] },
      { kind: 'training', title: 'exp', folders: [7] },
    ]) {
      assert.equal(parseMemory({ request: broken })?.request, null);
    }
  });

  it('progress of several counts them all', () => {
    const two = [question(), question({ checkpoints: [{ path: '/m/in', label: 'IN' }] })].map(
      ({ checkpoints }) => checkpoints,
    );
    assert.deepEqual(overall({ phase: 'Answering', done: 30, total: 60, remainingSeconds: 30 }, 1, two), {
      phase: 'IN (2 of 2): Answering',
      done: 90,
      total: 120,
      remainingSeconds: 30,
    });
    assert.equal(overall({ phase: 'x', done: 30, total: 60, remainingSeconds: 30 }, 0, two).remainingSeconds, 90);
  });

  it('are remembered, the latest first, and found for a run that was interrupted', async () => {
    const kept = new Map<string, unknown>();
    const memory = new RecentProbes({
      get: <T>(key: string) => kept.get(key) as T | undefined,
      update: (key, value) => Promise.resolve(void kept.set(key, value)),
    });
    await memory.remember([question({ data: '/d/one' })]);
    await memory.remember([question({ data: '/d/two' })]);
    await memory.remember([question({ data: '/d/one' })]);
    assert.deepEqual(memory.data('swap'), ['/d/one', '/d/two']);
    assert.equal(memory.questionOf({ probe: 'swap', paths: ['/m/rl/'] })?.data, '/d/one');
    assert.equal(memory.questionOf({ probe: 'skip', paths: ['/m/rl'] }), undefined);
  });
});

describe('data files', () => {
  it('are known by what their first lines hold', () => {
    assert.deepEqual(hintOf('{"task":"ocr","target_image":"a.png"}\n{"task":"ocr","target_im', true), {
      format: 'pairs',
      tasks: ['ocr'],
      hasImages: true,
    });
    assert.deepEqual(hintOf('{"prompt":"1+1","answer":"2","answer_type":"number"}\n', false), {
      format: 'questions',
      tasks: [],
      hasImages: false,
    });
    assert.equal(hintOf('{"a":1}\nnot json\n', false), undefined);
  });
});

describe('images for the panel', () => {
  const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);

  it('only below the folder of the data, links followed', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'images-'));
    try {
      await mkdir(path.join(root, 'data', 'images'), { recursive: true });
      await writeFile(path.join(root, 'data', 'images', 'a.png'), PNG);
      await writeFile(path.join(root, 'secret.png'), PNG);
      await writeFile(path.join(root, 'data', 'text.png'), 'words');
      await symlink(path.join(root, 'secret.png'), path.join(root, 'data', 'link.png'));
      const data = path.join(root, 'data');
      assert.deepEqual(new Uint8Array((await imageBelow(data, 'images/a.png')).bytes), new Uint8Array(PNG));
      for (const name of ['../secret.png', path.join(root, 'secret.png'), 'link.png', '.'])
        await assert.rejects(imageBelow(data, name), /outside the folder/, name);
      await assert.rejects(imageBelow(data, 'text.png'), /no PNG, JPEG or WebP/);
      await assert.rejects(imageBelow(data, 'gone.png'), /not there any more/);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('are known by their bytes', () => {
    assert.equal(mediaType(Buffer.from('RIFF0000WEBPVP8 ')), 'image/webp');
    assert.equal(mediaType(Buffer.from('<svg xmlns=""/>')), undefined);
    assert.equal(mediaType(new Uint8Array()), undefined);
  });
});

describe('functions of a layer', () => {
  it('names the function that changes most, and the one that is read there', () => {
    const functions = new Functions(oneSwap().filter((result): result is SwapResult => result.kind === 'swap'));
    assert.match(functions.layerText(22)!, /^OCR \d+% changed · OCR is read here \(−\d+\)$/);
    assert.equal(functions.layerText(27), 'all functions 0% changed');
    assert.equal(functions.layerText(99), undefined);
    assert.match(functions.modelText()!, /Counting up to layer \d+ · OCR up to layer \d+/);
  });

  it('does not mix the two ways of swapping', () => {
    const results = smallProbes().filter((result): result is SwapResult => result.kind === 'swap');
    assert.match(new Functions([...results].reverse()).modelText()!, /^Recognition layer \d+/);
  });

  it('finds the language layer in a name', () => {
    assert.equal(languageLayerOf('model.language_model.layers.11.mlp.up_proj.weight'), 11);
    assert.equal(languageLayerOf('model.layers.0.self_attn.q_proj.bias'), 0);
    for (const name of [
      'model.visual.blocks.3.attn.qkv.weight',
      'vision_tower.vision_model.encoder.layers.3.x',
      'lm_head.weight',
    ])
      assert.equal(languageLayerOf(name), undefined);
  });
});
