/** What may stand at a place of a plan: keys and words from its schema, layers of its model, checkpoints around it. */
import path from 'node:path';
import type { CallContext } from '../../calls.js';
import { defaultCuts } from '../../topology/cuts.js';
import { REGIONS } from '../../topology/topology.js';
import { escaped, plain } from '../../merge/language/completeValues.js';
import type { RecipeCompletion } from '../../merge/language/completion.js';
import { type Cursor, cursorAt, type Path } from '../../merge/language/cursor.js';
import type { Span } from '../../merge/recipe/problem.js';
import { parseFreeze } from '../document.js';
import type { Outside } from '../../analyses/verify/request.js';
import { RUN_DOCS } from '../schema.js';
import { factsOf, isKey, type KeyFacts, KEYS } from './keys.js';
import { modelOf } from './sketch.js';

export interface PlanSurroundings {
  /** As a plan in that place would write them. */
  checkpoints: readonly { path: string; label: string }[];
  /** Language layers of IN; undefined where it does not open. */
  layers: number | undefined;
}

/**
 * @param request.checkpoints absolute paths of those that are known.
 * @param request.file where the text is, or will be, saved
 */
export async function completePlanInPlace(
  request: { file: string; text: string; offset: number; checkpoints: readonly { path: string; label: string }[] },
  { signal }: CallContext<never> = {},
): Promise<RecipeCompletion[]> {
  const { file, text, offset, checkpoints } = request;
  const folder = path.dirname(path.resolve(file));
  const model = await modelOf(file, parseFreeze(text).tree, signal);
  return completePlan(text, offset, {
    checkpoints: checkpoints.map(({ path: place, label }) => ({
      path: path.relative(folder, place).replaceAll(path.sep, '/'),
      label,
    })),
    layers: model?.layers,
  });
}

export function completePlan(text: string, offset: number, around: PlanSurroundings): RecipeCompletion[] {
  const cursor = cursorAt(text, offset);
  if (cursor === undefined) return [];
  return [...keysFor(cursor), ...(cursor.value === undefined ? [] : valuesFor(cursor.value.path, cursor.word, around))];
}

function keysFor({ key, word: replace }: Cursor): RecipeCompletion[] {
  if (key === undefined) return [];
  const there = new Set(key.map.entries.map((entry) => entry.key.value));
  if (key.path.length === 0)
    return KEYS.filter((name) => !there.has(name)).map((name) => {
      const facts = factsOf(name);
      return {
        label: name,
        kind: 'key',
        detail: detailOf(facts),
        doc: docOf(facts),
        insert: `${name}:${startOf(name, facts)}`,
        replace,
      };
    });
  if (key.path.length === 1 && key.path[0] === 'runs')
    return there.has('control')
      ? []
      : [
          {
            label: 'control',
            kind: 'key',
            detail: 'the run without anything frozen',
            doc: 'In the control all language layers train: it is your RL, and every other run is read against it.',
            insert: 'control: {}',
            replace,
          },
        ];
  if (key.path.length !== 2 || key.path[0] !== 'runs') return [];
  return Object.entries(RUN_DOCS)
    .filter(([name]) => !there.has(name))
    .map(([name, doc]) => ({
      label: name,
      kind: 'key',
      detail: undefined,
      doc,
      insert: name === 'result' ? `${name}: $0` : `${name}: [$0]`,
      replace,
    }));
}

function detailOf({ isRequired, usual }: KeyFacts): string | undefined {
  return isRequired ? 'must be given' : usual === undefined ? undefined : `default ${usual}`;
}

function docOf({ doc, range }: KeyFacts): string {
  return range === '' ? doc : `${doc}\n\nIt is ${range}.`;
}

function startOf(name: string, { words, isList, usual }: KeyFacts): string {
  if (name === 'runs') return '\n  control: {}\n  $0';
  if (isList) return ' [$0]';
  return words.length > 0 || usual === undefined ? ' $0' : ` \${1:${usual}}`;
}

function valuesFor(at: Path, replace: Span, around: PlanSurroundings): RecipeCompletion[] {
  const [first, , third] = at;
  if (first === 'runs')
    return third === 'freeze' || third === 'train_only'
      ? selectorsFor(replace, around)
      : third === 'result'
        ? checkpointsFor(replace, around)
        : [];
  if (first === 'model') return checkpointsFor(replace, around);
  if (first === 'cuts') return cutsFor(at, replace, around);
  if (!isKey(first)) return [];
  const { words, usual } = factsOf(first);
  const all = words.length > 0 ? words : usual === undefined || usual.startsWith('[') ? [] : [usual];
  return all.map((label) => ({
    label,
    kind: 'word',
    detail: label === usual ? 'default' : undefined,
    doc: first === 'also' ? OUTSIDE_DOCS[label as Outside] : undefined,
    insert: label,
    replace,
  }));
}

/** What each part outside the language layers is. */
export const OUTSIDE_DOCS: Readonly<Record<Outside, string>> = {
  vision: 'The vision tower.',
  projector: 'What turns outputs of the vision tower into tokens of the language model.',
  embeddings: 'The embedding of tokens; where the head is tied to it, that too.',
  head: 'The output head, where it is a matrix of its own.',
  norms: 'The norm after the last language layer.',
};

function checkpointsFor(replace: Span, { checkpoints }: PlanSurroundings): RecipeCompletion[] {
  return checkpoints.map(({ path: place, label }) => ({
    label: place,
    kind: 'checkpoint',
    detail: label,
    doc: undefined,
    insert: escaped(plain(place)),
    replace,
  }));
}

function selectorsFor(replace: Span, { layers }: PlanSurroundings): RecipeCompletion[] {
  const said = (label: string, detail: string | undefined, doc: string, insert = label): RecipeCompletion => ({
    label,
    kind: 'layers',
    detail,
    doc,
    insert,
    replace,
  });
  const cuts = layers === undefined ? undefined : defaultCuts(layers);
  const bounds = cuts === undefined ? undefined : [0, ...cuts, layers!];
  const span = (index: number) =>
    bounds === undefined ? undefined : `layers ${bounds[index]!}–${bounds[index + 1]! - 1}, unless cuts says otherwise`;
  return [
    ...REGIONS.map((region, index) => said(region, span(index), 'A region of the language layers.')),
    ...REGIONS.flatMap((region) =>
      ['attention', 'mlp'].map((part) =>
        said(`${region}.${part}`, undefined, `Only the ${part === 'mlp' ? 'MLP' : part} of these layers.`),
      ),
    ),
    said('all', layers === undefined ? undefined : `layers 0–${layers - 1}`, 'All language layers.'),
    ...(bounds === undefined
      ? []
      : [
          said(
            `${bounds[1]}-${bounds[2]! - 1}`,
            'layers by number',
            'First and last layer, counted from 0. Join several with +, as in early+9.',
          ),
        ]),
    said('/q_proj/', 'pattern', 'A regular expression, found anywhere in the names of parameters.', '"/${1:q_proj}/"'),
  ];
}

function cutsFor(at: Path, replace: Span, { layers }: PlanSurroundings): RecipeCompletion[] {
  if (layers === undefined) return [];
  const cuts = defaultCuts(layers);
  const [label, doc] =
    at.length === 1
      ? [`[${cuts.join(', ')}]`, 'First layer of Mid and first layer of Late: thirds.']
      : [String(cuts[Number(at[1])] ?? cuts[0]), at[1] === 1 ? 'First layer of Late.' : 'First layer of Mid.'];
  return [{ label, kind: 'layers', detail: 'thirds', doc, insert: label, replace }];
}
