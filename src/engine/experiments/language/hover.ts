/** What a key, a name or a value of an experiment means. */
import path from 'node:path';
import type { RecipeHover } from '../../merge/language/hover.js';
import { pathAt } from '../../merge/recipe/tree.js';
import { CHECKPOINT_DOCS, type Experiment, parseExperiment, PART_DOCS, TOP_DOCS } from '../document.js';
import { factsOf } from '../fields.js';
import { DATA_FIELDS, type Field, kindNamed, WORDED } from '../kinds.js';
import { stepsOfPart } from '../steps.js';
import { fieldsAt } from './complete.js';

/** @param request.file where the text is, or will be, saved. @returns null where there is nothing to say */
export function hoverExperiment({
  file,
  text,
  offset,
}: {
  file: string;
  text: string;
  offset: number;
}): RecipeHover | null {
  const { tree, experiment } = parseExperiment(file, text);
  if (tree === undefined || experiment === undefined) return null;
  const { path: at, on, node } = pathAt(tree, offset);
  if (node.kind !== 'scalar' || at.length === 0) return null;
  const value = String(node.value ?? '');
  const found = on === 'key' ? ofKey(at, text, experiment) : ofValue(at, value, experiment);
  if (found === undefined) return null;
  const [title, ...paragraphs] = found;
  return { offset: node.offset, length: node.length, title: title!, paragraphs, formula: undefined, paper: undefined };
}

type Said = string[] | undefined;

function ofKey(at: readonly (string | number)[], text: string, experiment: Experiment): Said {
  const [block, name, third] = at;
  const key = String(at.at(-1));
  if (at.length === 1) return key in TOP_DOCS ? [key, TOP_DOCS[key as keyof typeof TOP_DOCS]] : undefined;
  if (at.length === 2 && block === 'checkpoints') return ofCheckpoint(key, experiment);
  if (at.length === 2 && block === 'sets') return ofSet(key, experiment);
  if (at.length === 2 && block === 'parts') return ofPart(key, experiment);
  if (block === 'checkpoints') {
    if (key in CHECKPOINT_DOCS) return [key, CHECKPOINT_DOCS[key]!];
    return WORDED.includes(key) ? [key, ...fieldText(DATA_FIELDS[key]!, 'evaluate')] : undefined;
  }
  if (block === 'parts' && third === 'run' && at.length === 3) return ['run', PART_DOCS.run];
  const kind = experiment.parts.find((part) => part.name === name)?.kind;
  if (block === 'parts' && at.length === 3 && key === kind?.noun) return [key, PART_DOCS.checkpoints];
  const found = fieldsAt(at, text);
  if (found === undefined || at.length !== found.depth + 1) return undefined;
  const entry = found.fields[key] ?? (key === 'data' ? DATA_FIELDS['data'] : undefined);
  return entry === undefined ? undefined : [key, ...fieldText(entry, found.word)];
}

function fieldText(entry: Field, word: string): string[] {
  const { doc, words, usual, isRequired } = factsOf(entry, word);
  return [
    doc,
    ...(words.length === 0 ? [] : [`One of ${words.join(', ')}.`]),
    ...(isRequired ? ['It must be given.'] : usual === undefined ? [] : [`Default: ${usual}.`]),
  ];
}

function ofCheckpoint(name: string, { checkpoints }: Experiment): Said {
  const found = checkpoints.find((one) => one.name === name);
  if (found === undefined) return undefined;
  return [
    name,
    found.role === undefined ? 'It has no role.' : `Role: ${found.role}.`,
    found.path,
    ...Object.entries(found.words).map(([key, text]) => `${key}: ${text}`),
  ];
}

function ofSet(name: string, { sets }: Experiment): Said {
  const found = sets.find((one) => one.name === name);
  if (found === undefined) return undefined;
  const { data, ...more } = found.values;
  return [name, String(data), ...Object.entries(more).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)];
}

function ofPart(name: string, experiment: Experiment): Said {
  const part = experiment.parts.find((one) => one.name === name);
  if (part === undefined) return undefined;
  try {
    const steps = stepsOfPart(part, experiment);
    return [
      name,
      part.kind.doc,
      `It comes to ${steps.length === 1 ? 'one run' : `${steps.length} runs`}: ` +
        `${steps.map((step) => step.name).join(', ')}.`,
    ];
  } catch (error) {
    return [name, part.kind.doc, (error as Error).message];
  }
}

function ofValue(at: readonly (string | number)[], value: string, experiment: Experiment): Said {
  const [block, , third] = at;
  if (block !== 'parts') return undefined;
  if (third === 'run') {
    const kind = kindNamed(value);
    return kind === undefined ? undefined : [value, kind.doc];
  }
  if (third === 'data')
    return ofSet(value, experiment) ?? (value === '' ? undefined : [value, path.resolve(experiment.folder, value)]);
  return third === 'checkpoints' || third === 'stages' ? ofCheckpoint(value, experiment) : undefined;
}
