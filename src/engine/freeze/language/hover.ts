/** What a key or a value of a plan means, and what a selector matches in its IN. */
import type { CallContext } from '../../calls.js';
import { thousands } from '../../checkpoint/failure.js';
import { FrankensteinError } from '../../errors.js';
import type { RecipeHover } from '../../merge/language/hover.js';
import { pathAt } from '../../merge/recipe/tree.js';
import { parseFreeze } from '../document.js';
import { countOf } from '../../analyses/verify/parameters.js';
import { groundOf } from '../plan.js';
import { RUN_DOCS } from '../schema.js';
import { parseSelector, select } from '../../analyses/verify/selector.js';
import { TRAINER_LIST } from '../trainers/list.js';
import { OUTSIDE_DOCS } from './complete.js';
import { factsOf, isKey } from './keys.js';
import { modelOf } from './sketch.js';

/** @param request.file where the text is, or will be, saved. @returns null where there is nothing to say */
export async function hoverPlan(
  { file, text, offset }: { file: string; text: string; offset: number },
  { signal }: CallContext<never> = {},
): Promise<RecipeHover | null> {
  const { tree } = parseFreeze(text);
  if (tree === undefined) return null;
  const { path, on, node } = pathAt(tree, offset);
  if (node.kind !== 'scalar' || path.length === 0) return null;
  const say = (title: string, ...paragraphs: string[]): RecipeHover => ({
    offset: node.offset,
    length: node.length,
    title,
    paragraphs: paragraphs.filter((one) => one !== ''),
    formula: undefined,
    paper: undefined,
  });
  const [first, run, third] = path;
  if (on === 'key') {
    if (path.length === 1 && isKey(first)) return say(first, ...keyParagraphs(first));
    if (first === 'runs' && path.length === 3 && Object.hasOwn(RUN_DOCS, String(third)))
      return say(String(third), RUN_DOCS[third as keyof typeof RUN_DOCS]);
    return null;
  }
  const value = String(node.value ?? '');
  if (first === 'trainer' && Object.hasOwn(TRAINER_LIST, value)) {
    const { title, needsCuda, scaling } = TRAINER_LIST[value as keyof typeof TRAINER_LIST];
    return say(title, needsCuda ? 'It trains on CUDA only.' : 'It trains on CUDA, or on a processor.', scaling);
  }
  if (first === 'also' && Object.hasOwn(OUTSIDE_DOCS, value))
    return say(value, OUTSIDE_DOCS[value as keyof typeof OUTSIDE_DOCS], 'Frozen in every run, the control too.');
  if (first !== 'runs' || run === undefined || (third !== 'freeze' && third !== 'train_only')) return null;
  return say(value, ...(await matched(value, { file, text }, signal)));
}

function keyParagraphs(key: Parameters<typeof factsOf>[0]): string[] {
  const { doc, words, usual, isRequired, range } = factsOf(key);
  return [
    doc,
    words.length === 0 || doc.includes(words[0]!) ? '' : `One of ${words.join(', ')}.`,
    range === '' ? '' : `It is ${range}.`,
    isRequired ? 'It must be given.' : usual === undefined ? '' : `Default: ${usual}.`,
  ];
}

/** What a selector matches in IN, or why it cannot be said. */
async function matched(
  value: string,
  { file, text }: { file: string; text: string },
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { tree, settings } = parseFreeze(text);
  const model = await modelOf(file, tree, signal);
  if (settings === undefined || model === undefined)
    return ['What it matches can be said once the plan has no errors.'];
  try {
    const { parameters, within } = groundOf(settings, model);
    const found = await select(parseSelector(value, within), parameters, within, signal);
    const { tensors, parameters: elements } = countOf(found.parameters);
    const layers = [...new Set(found.parameters.flatMap(({ layer }) => layer ?? []))].sort((a, b) => a - b);
    return [
      `It matches ${thousands(elements)} parameters in ${thousands(tensors)} tensors.`,
      layers.length === 0 ? '' : `Language layers: ${rangesOf(layers)} of 0–${within.layers - 1}.`,
      `Pattern: ${found.pattern}`,
    ];
  } catch (error) {
    if (!(error instanceof FrankensteinError) || error.code === 'cancelled') throw error;
    return [error.message];
  }
}

/** `0–3, 9`. */
function rangesOf(layers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const layer of layers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === layer - 1) last[1] = layer;
    else ranges.push([layer, layer]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
