// The sample sets as plain data, and every answer recomputed from the stored scene: written apart
// from samples/training, so that a mistake there cannot hide here.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const SAMPLES = path.join(process.cwd(), 'samples');

export interface SceneObject {
  cell: string;
  color: string;
  shape: string;
}
export interface Scene {
  background: string;
  objects: SceneObject[];
  text: { cell: string; value: string } | null;
}

type Arg = string | number;
export interface EvalItem {
  id: string;
  task: string;
  prompt: string;
  answer: string;
  answer_type: 'number' | 'text' | 'choice' | 'box';
  choices?: string[];
  image?: string;
  description?: string;
  meta: { scene?: Scene; args: Record<string, Arg> & { items?: [string, string, number][] } };
}
export interface ProbeItem {
  id: string;
  task: string;
  target_image: string;
  source_image: string;
  prompt: string;
  meta: {
    attribute: string;
    key?: string;
    color?: string;
    shape?: string;
    iou_threshold?: number;
    target_answer?: string;
    source_answer?: string;
    target_text?: string;
    source_text?: string;
    target_bbox_xyxy?: number[];
    source_bbox_xyxy?: number[];
    target_scene: Scene;
    source_scene: Scene;
  };
}

export function jsonl<T>(file: string): T[] {
  return fs
    .readFileSync(path.join(SAMPLES, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

// ---- splits
export function sceneKey(scene: Scene): string {
  const objects = scene.objects.map((o) => [o.cell, o.color, o.shape]).sort((a, b) => (a.join() < b.join() ? -1 : 1));
  return JSON.stringify([scene.background, objects, scene.text ? [scene.text.cell, scene.text.value] : null]);
}

export function split(key: string): 'probe' | 'eval' | 'train' {
  const first = createHash('sha256').update(key).digest()[0] ?? 255;
  return first < 16 ? 'probe' : first < 48 ? 'eval' : 'train';
}

export const isBlank = (scene: Scene): boolean => scene.objects.length === 0 && scene.text === null;

// ---- what a scene holds
const CELLS = ['1', '2', '3', '4'].flatMap((row) => ['a', 'b', 'c', 'd'].map((column) => column + row));

/** What each of the 16 cells shows, in reading order; '' is empty. */
export function contents(scene: Scene): string[] {
  const held = new Map(scene.objects.map((o) => [o.cell, `${o.color} ${o.shape}`]));
  if (scene.text) {
    const first = CELLS.indexOf(scene.text.cell);
    [...scene.text.value].forEach((letter, i) => held.set(CELLS[first + i] ?? '', letter));
  }
  return CELLS.map((cell) => held.get(cell) ?? '');
}

export function count(scene: Scene, key: Arg | undefined): number {
  return scene.objects.filter((o) => key === 'objects' || o.color === key || o.shape === key).length;
}

export function box(cell: string): number[] {
  const i = CELLS.indexOf(cell);
  const x = (i % 4) * 28;
  const y = Math.floor(i / 4) * 28;
  return [x + 4, y + 4, x + 24, y + 24];
}

function only<T>(values: T[]): T {
  const [first, ...more] = values;
  if (first === undefined || more.length > 0) throw new Error(`${values.length} where one is meant`);
  return first;
}

export function describeScene(scene: Scene): string {
  const items = scene.objects.map((o) => ({ at: CELLS.indexOf(o.cell), text: `${o.cell} ${o.color} ${o.shape}` }));
  if (scene.text)
    items.push({ at: CELLS.indexOf(scene.text.cell), text: `${scene.text.cell} text ${scene.text.value}` });
  return `The image shows: ${
    items
      .sort((a, b) => a.at - b.at)
      .map((i) => i.text)
      .join(', ') || 'nothing'
  }.`;
}

// ---- answers
const noun = (key: Arg | undefined): string =>
  key === 'objects' ? 'objects' : /^(circle|square|triangle|star)$/.test(String(key)) ? `${key}s` : `${key} objects`;
const single = (key: Arg | undefined): string =>
  /^(circle|square|triangle|star)$/.test(String(key)) ? String(key) : `${key} object`;

/** The prompt and the answer that the arguments and the scene give. */
export function solve(item: EvalItem): { prompt: string; answer: string } {
  const a = item.meta.args;
  const n = (name: string): number => Number(a[name]);
  const scene = item.meta.scene ?? { background: '', objects: [], text: null };
  const named = (): SceneObject => only(scene.objects.filter((o) => o.color === a['color'] && o.shape === a['shape']));
  switch (item.task) {
    case 'count_all':
    case 'count_color':
    case 'count_shape':
      return { prompt: `How many ${noun(a['key'])} are there?`, answer: `${count(scene, a['key'])}` };
    case 'color_of':
      return {
        prompt: `What color is the ${a['key']}?`,
        answer: only(scene.objects.filter((o) => o.shape === a['key'])).color,
      };
    case 'shape_of':
      return {
        prompt: `What shape is the ${a['key']} object?`,
        answer: only(scene.objects.filter((o) => o.color === a['key'])).shape,
      };
    case 'what_at':
      return {
        prompt: `What is at ${a['cell']}?`,
        answer: contents(scene)[CELLS.indexOf(String(a['cell']))] || 'nothing',
      };
    case 'where':
      return { prompt: `Where is the ${a['color']} ${a['shape']}?`, answer: named().cell };
    case 'box':
      return {
        prompt: `Give the box of the ${a['color']} ${a['shape']}.`,
        answer: `[${box(named().cell).join(', ')}]`,
      };
    case 'text':
      return { prompt: 'What text is in the image?', answer: scene.text?.value ?? 'none' };
    case 'exists':
      return {
        prompt: `Is there a ${a['color']} ${a['shape']}?`,
        answer: scene.objects.some((o) => o.color === a['color'] && o.shape === a['shape']) ? 'yes' : 'no',
      };
    case 'difference':
      return {
        prompt: `How many more ${noun(a['a'])} than ${noun(a['b'])} are there?`,
        answer: `${count(scene, a['a']) - count(scene, a['b'])}`,
      };
    case 'cost':
      return {
        prompt:
          `Each ${single(a['a'])} costs ${n('pa')} and each ${single(a['b'])} costs ${n('pb')}. What do they ` +
          'cost together?',
        answer: `${count(scene, a['a']) * n('pa') + count(scene, a['b']) * n('pb')}`,
      };
    case 'change':
      return {
        prompt:
          `If ${n('out')} of the ${noun(a['key'])} are removed and ${n('add')} more are added, how many ` +
          `${noun(a['key'])} are there?`,
        answer: `${count(scene, a['key']) - n('out') + n('add')}`,
      };
    case 'weighted':
      return {
        prompt: `What is the number of ${noun(a['key'])} times ${n('k')} plus ${n('c')}?`,
        answer: `${count(scene, a['key']) * n('k') + n('c')}`,
      };
    case 'chain': {
      const sum = String(a['sum']);
      const terms = sum.replaceAll('- ', '-').replaceAll('+ ', '').split(' ').map(Number);
      return { prompt: `What is ${sum}?`, answer: `${terms.reduce((x, y) => x + y, 0)}` };
    }
    case 'bill': {
      const goods = /^A (\w+) costs .* a (\w+) costs/.exec(item.prompt);
      return {
        prompt:
          `A ${goods?.[1]} costs ${n('pa')} and a ${goods?.[2]} costs ${n('pb')}. What do ${n('na')} ` +
          `${goods?.[1]}s and ${n('nb')} ${goods?.[2]}s cost?`,
        answer: `${n('na') * n('pa') + n('nb') * n('pb')}`,
      };
    }
    case 'story': {
      const [, name, thing] = /^(\w+) has \d+ (\w+)s,/.exec(item.prompt) ?? [];
      return {
        prompt:
          `${name} has ${n('n')} ${thing}s, loses ${n('out')} and finds ${n('add')}. How many ${thing}s does ` +
          `${name} have?`,
        answer: `${n('n') - n('out') + n('add')}`,
      };
    }
    case 'listed': {
      const items = a.items ?? [];
      const held = items.filter(([color, shape]) => color === a['key'] || shape === a['key']);
      return {
        prompt:
          `A box holds ${items.map(([color, shape, k]) => `${k} ${color} ${shape}s`).join(', ')}. How many ` +
          `${noun(a['key'])} does it hold?`,
        answer: `${held.reduce((sum, [, , k]) => sum + k, 0)}`,
      };
    }
    default:
      throw new Error(`unknown kind ${item.task}`);
  }
}

// ---- grading and statistics, as the README's tables have them
export function isRight(text: string, item: Pick<EvalItem, 'answer' | 'answer_type'>): boolean {
  const tagged = [...text.matchAll(/<answer>(.*?)(?:<\/answer>|$)/gs)].at(-1)?.[1];
  const given = (tagged ?? text.replaceAll(/<think>.*?(?:<\/think>|$)/gs, '')).trim();
  if (item.answer_type === 'number') return /^-?\d+$/.test(given) && Number(given) === Number(item.answer);
  if (item.answer_type === 'box') {
    const [p, q] = [given, item.answer].map((t) => (t.match(/-?\d+/g) ?? []).map(Number));
    if (p?.length !== 4 || q?.length !== 4) return given.toLowerCase() === item.answer.toLowerCase();
    return iou(p, q) > 0.5;
  }
  return given.toLowerCase().replace(/\.+$/, '') === item.answer.toLowerCase();
}

function iou(p: number[], q: number[]): number {
  const side = (lo: number, hi: number): number =>
    Math.max(0, Math.min(p[hi] ?? 0, q[hi] ?? 0) - Math.max(p[lo] ?? 0, q[lo] ?? 0));
  const area = (r: number[]): number => Math.max(0, (r[2] ?? 0) - (r[0] ?? 0)) * Math.max(0, (r[3] ?? 0) - (r[1] ?? 0));
  const inter = side(0, 2) * side(1, 3);
  return inter / Math.max(area(p) + area(q) - inter, 1e-9);
}

export function followsFormat(text: string): boolean {
  const parts = /^<think>(.*)<\/think><answer>(.*)<\/answer>$/s.exec(text.trim());
  return parts !== null && !/<\/?(think|answer)>/.test(`${parts[1]} ${parts[2]}`);
}

export function wilson(k: number, n: number): [number, number] {
  const z = 1.959963984540054;
  const p = k / n;
  const mid = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, mid - half), Math.min(1, mid + half)];
}

export function mcnemar(a: boolean[], b: boolean[]): { lost: number; won: number; p: number } {
  const lost = a.filter((x, i) => x && !b[i]).length;
  const won = a.filter((x, i) => !x && b[i]).length;
  const n = lost + won;
  let logChoose = 0; // log C(n, i)
  let tail = 0;
  for (let i = 0; i <= Math.min(lost, won); i++) {
    tail += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log(n - i) - Math.log(i + 1);
  }
  return { lost, won, p: n === 0 ? 1 : Math.min(1, 2 * tail) };
}
