// Probe and evaluation sets: the answers are right, the pairs differ in one attribute, nothing overlaps.
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fs from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import {
  box,
  contents,
  count,
  describeScene,
  isBlank,
  jsonl,
  sceneKey,
  SAMPLES,
  solve,
  split,
  type EvalItem,
  type ProbeItem,
  type Scene,
} from './truth';

const TASKS = ['counting', 'ocr', 'grounding', 'recognition'] as const;
const EVALS = ['general', 'math', 'text'] as const;
const ATTRIBUTE = { counting: 'count', ocr: 'text', grounding: 'place', recognition: 'presence' };

function sizeOf(folder: string): number {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(file) : fs.statSync(file).size);
  }, 0);
}

/** The 16 cells of an image, as bytes. */
function cellsOf(file: string): string[] {
  const png = PNG.sync.read(fs.readFileSync(path.join(SAMPLES, file)));
  assert.equal(png.width, 112, file);
  assert.equal(png.height, 112, file);
  return [...Array(16).keys()].map((cell) => {
    const x = (cell % 4) * 28;
    const y = Math.floor(cell / 4) * 28;
    return Buffer.concat(
      [...Array(28).keys()].map((row) => png.data.subarray(((y + row) * 112 + x) * 4, ((y + row) * 112 + x + 28) * 4)),
    ).toString('latin1');
  });
}

/** Cells by what differs there: taken away, put there, or replaced. */
function changes(target: Scene, source: Scene): { gone: string[]; come: string[]; other: number } {
  const [a, b] = [contents(target), contents(source)];
  const at = [...a.keys()].filter((i) => a[i] !== b[i]);
  return {
    gone: at.filter((i) => b[i] === '').map((i) => a[i] ?? ''),
    come: at.filter((i) => a[i] === '').map((i) => b[i] ?? ''),
    other: at.filter((i) => a[i] !== '' && b[i] !== '').length,
  };
}

const hits = (content: string, key: string | undefined): boolean =>
  content.includes(' ') && (key === 'objects' || content.split(' ').includes(key ?? '?'));

describe('sample probe sets', () => {
  it('stay, with the evaluation sets, under 15 MB', () => {
    const bytes = sizeOf(path.join(SAMPLES, 'probes')) + sizeOf(path.join(SAMPLES, 'eval'));
    assert.ok(bytes > 1e5 && bytes < 15e6, `${bytes} bytes`);
  });

  for (const task of TASKS) {
    it(`${task}: 200 pairs, each differs in exactly one attribute, with the true answers`, () => {
      const items = jsonl<ProbeItem>(`probes/${task}.jsonl`);
      assert.equal(items.length, 200);
      assert.equal(new Set(items.map((i) => i.id)).size, 200);
      assert.equal(new Set(items.map((i) => `${sceneKey(i.meta.target_scene)}${i.prompt}`)).size, 200);
      for (const { id, task: own, prompt, meta } of items) {
        const { target_scene: target, source_scene: source } = meta;
        assert.equal(own, task, id);
        assert.equal(meta.attribute, ATTRIBUTE[task], id);
        assert.equal(target.background, source.background, id);
        const { gone, come, other } = changes(target, source);
        switch (task) {
          case 'counting': {
            assert.equal(Number(meta.target_answer), count(target, meta.key), id);
            assert.equal(Number(meta.source_answer), count(source, meta.key), id);
            assert.notEqual(meta.target_answer, meta.source_answer, id);
            assert.ok(other === 0 && (gone.length === 0 || come.length === 0), `${id}: one way only`);
            assert.ok(
              [...gone, ...come].every((c) => hits(c, meta.key)),
              `${id}: only what is counted`,
            );
            break;
          }
          case 'ocr': {
            assert.deepEqual(target.objects, source.objects, id);
            assert.equal(target.text?.cell, source.text?.cell, id);
            assert.equal(meta.target_text, target.text?.value, id);
            assert.equal(meta.source_text, source.text?.value, id);
            assert.notEqual(meta.target_text, meta.source_text, id);
            break;
          }
          case 'grounding': {
            const name = `${meta.color} ${meta.shape}`;
            assert.deepEqual({ gone, come, other }, { gone: [name], come: [name], other: 0 }, id);
            for (const [scene, bbox] of [
              [target, meta.target_bbox_xyxy],
              [source, meta.source_bbox_xyxy],
            ] as const) {
              const named = scene.objects.filter((o) => o.color === meta.color && o.shape === meta.shape);
              assert.equal(named.length, 1, id);
              assert.deepEqual(bbox, box(named[0]?.cell ?? ''), id);
            }
            assert.equal(meta.iou_threshold, 0.5, id);
            assert.ok(prompt.includes(name), id);
            break;
          }
          case 'recognition': {
            assert.ok(isBlank(source), id);
            assert.equal(target.text, null, id);
            assert.ok(
              target.objects.some((o) => o.color === meta.color && o.shape === meta.shape),
              id,
            );
            assert.deepEqual([meta.target_answer, meta.source_answer], ['yes', 'no'], id);
            break;
          }
        }
      }
    });
  }

  it('have images that differ exactly where the scenes do', () => {
    for (const task of TASKS)
      for (const item of jsonl<ProbeItem>(`probes/${task}.jsonl`)) {
        const [a, b] = [cellsOf(`probes/${item.target_image}`), cellsOf(`probes/${item.source_image}`)];
        const [x, y] = [contents(item.meta.target_scene), contents(item.meta.source_scene)];
        for (let cell = 0; cell < 16; cell++)
          assert.equal(a[cell] === b[cell], x[cell] === y[cell], `${item.id}: cell ${cell}`);
      }
  });

  it('keep no image that no item names', () => {
    const named = TASKS.flatMap((task) =>
      jsonl<ProbeItem>(`probes/${task}.jsonl`).flatMap((i) => [i.target_image, i.source_image]),
    );
    assert.deepEqual(
      fs
        .readdirSync(path.join(SAMPLES, 'probes/images'))
        .map((f) => `images/${f}`)
        .sort(),
      [...new Set(named)].sort(),
    );
    const shown = EVALS.flatMap((name) => jsonl<EvalItem>(`eval/${name}.jsonl`).flatMap((i) => i.image ?? []));
    assert.deepEqual(
      fs
        .readdirSync(path.join(SAMPLES, 'eval/images'))
        .map((f) => `images/${f}`)
        .sort(),
      [...new Set(shown)].sort(),
    );
  });
});

describe('sample evaluation sets', () => {
  for (const name of EVALS) {
    it(`${name}: 400 items whose prompts and answers follow from the scene`, () => {
      const items = jsonl<EvalItem>(`eval/${name}.jsonl`);
      assert.equal(items.length, 400);
      assert.equal(new Set(items.map((i) => i.id)).size, 400);
      for (const item of items) {
        assert.deepEqual(solve(item), { prompt: item.prompt, answer: item.answer }, item.id);
        assert.equal(item.image !== undefined, name !== 'text', item.id);
        if (item.meta.scene) assert.equal(item.description, describeScene(item.meta.scene), item.id);
        if (item.answer_type === 'choice') assert.ok(item.choices?.includes(item.answer), item.id);
      }
    });
  }

  it('show in the same image what the scene says: equal contents look equal, others do not', () => {
    const looks = new Map<string, string>();
    for (const item of jsonl<EvalItem>('eval/general.jsonl')) {
      const cells = cellsOf(`eval/${item.image}`);
      contents(item.meta.scene as Scene).forEach((content, i) => {
        const key = `${item.meta.scene?.background}/${content}`;
        const look = looks.get(key) ?? cells[i] ?? '';
        assert.equal(cells[i], look, `${item.id}: cell ${i}, ${key}`);
        looks.set(key, look);
      });
    }
    assert.equal(new Set(looks.values()).size, looks.size);
  });
});

describe('splits', () => {
  it('are disjoint by hash: probes, evaluation and training never share a scene or a sum', () => {
    for (const task of TASKS)
      for (const { id, meta } of jsonl<ProbeItem>(`probes/${task}.jsonl`))
        for (const scene of [meta.target_scene, meta.source_scene])
          assert.ok(isBlank(scene) || split(sceneKey(scene)) === 'probe', id);
    const scenes = new Set<string>();
    for (const name of ['general', 'math'])
      for (const { id, meta } of jsonl<EvalItem>(`eval/${name}.jsonl`)) {
        assert.equal(split(sceneKey(meta.scene as Scene)), 'eval', id);
        scenes.add(sceneKey(meta.scene as Scene));
      }
    assert.equal(scenes.size, 400);
    const prompts = jsonl<EvalItem>('eval/text.jsonl').map((i) => i.prompt);
    assert.equal(new Set(prompts).size, 400);
    for (const prompt of prompts) assert.equal(split(prompt), 'eval', prompt);
  });
});
