/** Holds a tree against the schema: unknown keys, keys that are missing, values of another kind than they must be. */
import { METHOD_NAMES, METHODS } from '../../tensors/methods/list.js';
import { nearest, type Place, type Report, type TextEdit } from './problem.js';
import { alternatives, FORMS, MAPS, type MapName, type Shape } from './schema.js';
import { entryOf, type MapEntry, type MapNode, type ScalarNode, type TreeNode } from './tree.js';

/** A role must not look like a path. */
const ROLE = /^[A-Za-z_][\w-]*$/;

export function checkShape(node: TreeNode, shape: Shape, text: string, report: Report): void {
  const shapes = alternatives(shape);
  // The first of the right kind: no two alternatives of the language are of the same.
  const fitting = shapes.find((one) => isOfKind(node, one));
  if (fitting === undefined) {
    report({
      code: 'wrong-type',
      severity: 'error',
      ...placeOf(node),
      message: `${expected(shapes)} is expected here, not ${described(node)}.`,
    });
    return;
  }
  switch (fitting.kind) {
    case 'map':
      checkMap(node as MapNode, fitting.map, text, report);
      break;
    case 'list':
      for (const item of (node as { items: TreeNode[] }).items) checkShape(item, fitting.of, text, report);
      break;
    case 'record':
      checkRecord(node as MapNode, fitting, text, report);
      break;
    case 'setting':
      checkSetting(node, text, report);
      break;
    case 'layers':
      checkLayers(node, report);
      break;
    case 'integer':
      checkInteger(node as ScalarNode, fitting.min, report);
      break;
    case 'number':
      if (!Number.isFinite((node as ScalarNode).value))
        report({
          code: 'bad-value',
          severity: 'error',
          ...placeOf(node),
          message: 'A finite number is expected here.',
        });
      break;
    case 'word':
      checkWord(node as ScalarNode, fitting.of, shapes.length > 1, report);
      break;
    case 'method':
      checkMethod(node as ScalarNode, report);
      break;
    case 'text':
    case 'boolean':
    case 'checkpoint':
    case 'location':
    case 'either':
      break;
  }
}

function checkMap(node: MapNode, name: MapName, text: string, report: Report): void {
  const { keys } = MAPS[name];
  for (const { key, value } of node.entries) {
    const spec = Object.hasOwn(keys, key.value) ? keys[key.value] : undefined;
    if (spec !== undefined) {
      checkShape(value, spec.shape, text, report);
      continue;
    }
    const close = nearest(key.value, Object.keys(keys));
    const ignored = isIgnored(node, name);
    report({
      code: 'unknown-key',
      severity: ignored ? 'warning' : 'error',
      ...placeOf(key),
      message: ignored
        ? `"${key.value}" is ignored here, as mergekit ignores it${hintOn(name, key.value, close)}`
        : close === undefined
          ? `"${key.value}" means nothing here; these do: ${Object.keys(keys).join(', ')}.`
          : `"${key.value}" means nothing here; did you mean ${close}?`,
      fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...placeOf(key), text: close }] },
    });
  }
  for (const [key, { required }] of Object.entries(keys)) {
    if (required && entryOf(node, key) === undefined) {
      report({
        code: 'missing-key',
        severity: 'error',
        ...firstLine(node, text),
        message: `${key} is missing here: ${lowerFirst(keys[key]!.doc)}`,
      });
    }
  }
  if (name === 'recipe') checkForm(node, text, report);
  if (name === 'module') checkOneOf(node, ['models', 'slices'], 'A module', text, report);
  if (name === 'recipe' && entryOf(node, 'tokenizer') !== undefined) {
    const source = entryOf(node, 'tokenizer_source');
    if (source !== undefined)
      report({
        code: 'conflicting-keys',
        severity: 'error',
        ...placeOf(source.key),
        message: 'tokenizer_source and tokenizer say the same thing twice; one of them must go.',
        fix: { title: 'Remove tokenizer_source', edits: [removal(source, text)] },
      });
  }
}

/** Mappings that mergekit has too: it reads what it knows and passes over the rest, such as a name or a holder of anchors. */
const MERGEKIT_MAPS: ReadonlySet<MapName> = new Set([
  'model',
  'slice',
  'source',
  'module',
  'conditional',
  'tokenizer',
  'reference',
  'path',
]);

function hintOn(map: MapName, key: string, close: string | undefined): string {
  if (map === 'model' && key === 'layer_range')
    return ': under models, whole models are merged. Ranges of layers belong under slices.';
  const ofMethod = Object.values(METHODS).some(({ parameters }) => parameters.some(({ name }) => name === key));
  if (ofMethod && map !== 'recipe') return ': parameters of the method belong under parameters.';
  return close === undefined ? '.' : `; did you mean ${close}?`;
}

function isIgnored(node: MapNode, name: MapName): boolean {
  if (name === 'recipe') return ['models', 'slices', 'modules'].some((key) => entryOf(node, key) !== undefined);
  return MERGEKIT_MAPS.has(name);
}

function checkForm(node: MapNode, text: string, report: Report): void {
  checkOneOf(node, FORMS, 'A recipe', text, report);
  const method = entryOf(node, 'merge_method');
  const merged = ['models', 'slices', 'modules'].find((key) => entryOf(node, key) !== undefined);
  if (merged !== undefined && method === undefined) {
    const place = entryOf(node, merged)!.key;
    report({
      code: 'missing-key',
      severity: 'error',
      ...placeOf(place),
      message: `merge_method is missing: it says how ${merged} are merged.`,
      fix: {
        title: 'Add merge_method: linear',
        edits: [{ offset: place.offset, length: 0, text: 'merge_method: linear\n' }],
      },
    });
  }
  if (merged === undefined && FORMS.some((form) => entryOf(node, form) !== undefined)) {
    for (const key of ['merge_method', 'base_model', 'parameters', 'seed']) {
      const entry = entryOf(node, key);
      if (entry !== undefined)
        report({
          code: 'conflicting-keys',
          severity: 'warning',
          ...placeOf(entry.key),
          message: `${key} has no effect here: it belongs to models, slices and modules.`,
          fix: { title: `Remove ${key}`, edits: [removal(entry, text)] },
        });
    }
  }
}

function checkOneOf(node: MapNode, keys: readonly string[], what: string, text: string, report: Report): void {
  const there = keys.flatMap((key) => entryOf(node, key) ?? []);
  if (there.length === 0)
    report({
      code: 'conflicting-keys',
      severity: 'error',
      ...firstLine(node, text),
      message: `${what} has one of these, and none is here: ${keys.join(', ')}.`,
    });
  for (const entry of there.slice(1)) {
    report({
      code: 'conflicting-keys',
      severity: 'error',
      ...placeOf(entry.key),
      message: `${what} has one of ${keys.join(', ')}; ${there[0]!.key.value} is here already.`,
      fix: { title: `Remove ${entry.key.value}`, edits: [removal(entry, text)] },
    });
  }
}

function checkRecord(
  node: MapNode,
  { of, keys }: Extract<Shape, { kind: 'record' }>,
  text: string,
  report: Report,
): void {
  for (const { key, value } of node.entries) {
    if (keys === 'role' && !ROLE.test(key.value))
      report({
        code: 'bad-value',
        severity: 'error',
        ...placeOf(key),
        message: 'The name of a checkpoint is a word of letters, digits, - and _.',
      });
    checkShape(value, of, text, report);
  }
}

/** Lists are gradients or cases, never both. */
function checkSetting(node: TreeNode, text: string, report: Report): void {
  if (node.kind === 'map') checkMap(node, 'conditional', text, report);
  else if (node.kind === 'list') {
    const cases = node.items.some((item) => item.kind === 'map');
    for (const item of node.items) {
      if (item.kind === 'map') checkMap(item, 'conditional', text, report);
      else if (cases || item.kind === 'list' || item.value === null)
        report({
          code: 'wrong-type',
          severity: 'error',
          ...placeOf(item),
          message: cases
            ? 'This list mixes cases ({filter, value}) with plain values; it must be one or the other.'
            : 'A number is expected in a gradient.',
        });
    }
    if (node.items.length === 0)
      report({
        code: 'bad-value',
        severity: 'warning',
        ...placeOf(node),
        message: 'An empty list gives no value: the default counts.',
      });
  } else if (node.value === null)
    report({ code: 'wrong-type', severity: 'error', ...placeOf(node), message: 'A value is missing here.' });
}

/** What a range means, for those who took it otherwise. */
export const EXCLUDES_END = 'Ranges exclude their end: [0, 4] is layers 0 to 3.';

function checkLayers(node: TreeNode, report: Report): void {
  const items = node.kind === 'list' ? node.items : [];
  const numbers = items.map((item) =>
    item.kind === 'scalar' && Number.isInteger(item.value) ? (item.value as number) : undefined,
  );
  const [first, end] = numbers;
  if (items.length !== 2 || first === undefined || end === undefined) {
    report({
      code: 'wrong-type',
      severity: 'error',
      ...placeOf(node),
      message: 'A range of layers is two whole numbers, the first layer and the one after the last, such as [9, 18].',
    });
  } else if (first < 0 || end < 0) {
    report({
      code: 'layer-range',
      severity: 'error',
      ...placeOf(node),
      message: `Layers count from 0, and a negative number does not count from the end. ${EXCLUDES_END}`,
    });
  } else if (first > end) {
    report({
      code: 'layer-range',
      severity: 'error',
      ...placeOf(node),
      message: `This range runs backwards: layer ${first} comes after ${end}. ${EXCLUDES_END}`,
      fix: { title: `Change to [${end}, ${first}]`, edits: [{ ...placeOf(node), text: `[${end}, ${first}]` }] },
    });
  }
}

function checkInteger(node: ScalarNode, min: number | undefined, report: Report): void {
  const value = node.value as number;
  if (!Number.isSafeInteger(value) || (min !== undefined && value < min)) {
    report({
      code: 'bad-value',
      severity: 'error',
      ...placeOf(node),
      message: `A whole number${min === undefined ? '' : ` of at least ${min}`} is expected here.`,
    });
  }
}

function checkWord(node: ScalarNode, words: readonly string[], open: boolean, report: Report): void {
  const value = bare(String(node.value));
  if (words.includes(value) || open) return;
  const close = nearest(value, words);
  report({
    code: 'bad-value',
    severity: 'error',
    ...placeOf(node),
    message: `"${value}" is not one of ${words.join(', ')}.`,
    fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...placeOf(node), text: close }] },
  });
}

/** PyTorch's names of dtypes with or without its own. */
export function bare(word: string): string {
  return word.replace(/^torch\./, '');
}

function checkMethod(node: ScalarNode, report: Report): void {
  const value = String(node.value);
  if ((METHOD_NAMES as readonly string[]).includes(value)) return;
  const close = nearest(value, METHOD_NAMES);
  report({
    code: 'unknown-method',
    severity: 'error',
    ...placeOf(node),
    message:
      close === undefined
        ? `There is no method "${value}"; there are ${METHOD_NAMES.join(', ')}.`
        : `There is no method "${value}"; did you mean ${close}?`,
    fix: close === undefined ? undefined : { title: `Change to ${close}`, edits: [{ ...placeOf(node), text: close }] },
  });
}

function isOfKind(node: TreeNode, shape: Shape): boolean {
  switch (shape.kind) {
    case 'map':
    case 'record':
      return node.kind === 'map';
    case 'list':
    case 'layers':
      return node.kind === 'list';
    case 'setting':
      return true;
    case 'number':
    case 'integer':
      return node.kind === 'scalar' && typeof node.value === 'number';
    case 'boolean':
      return node.kind === 'scalar' && typeof node.value === 'boolean';
    case 'text':
    case 'word':
    case 'method':
    case 'checkpoint':
    case 'location':
      return node.kind === 'scalar' && node.value !== null && node.value !== '';
    case 'either':
      return shape.shapes.some((one) => isOfKind(node, one));
  }
}

function expected(shapes: readonly Shape[]): string {
  const names = [...new Set(shapes.map(nameOf))];
  const [first] = names;
  return names.length === 1 && first !== undefined
    ? upperFirst(first)
    : upperFirst(`${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
}

function nameOf(shape: Shape): string {
  switch (shape.kind) {
    case 'map':
    case 'record':
      return 'a mapping';
    case 'list':
      return 'a list';
    case 'layers':
      return 'a range such as [9, 18]';
    case 'number':
      return 'a number';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'checkpoint':
    case 'location':
      return 'a checkpoint';
    case 'method':
      return 'the name of a method';
    case 'word':
      return shape.of.join(', ');
    case 'text':
    case 'setting':
    case 'either':
      return 'a value';
  }
}

function described(node: TreeNode): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null || node.value === '') return 'nothing';
  return `"${String(node.value).slice(0, 40)}"`;
}

/** A mapping's own place may span the whole text; its first line is enough to mark. */
function firstLine(node: TreeNode, text: string): Place {
  const newline = text.indexOf('\n', node.offset);
  const end = Math.min(node.offset + node.length, newline < 0 ? text.length : newline);
  return { offset: node.offset, length: Math.max(0, end - node.offset) };
}

/** Takes an entry of a block mapping away with its line. */
function removal(entry: MapEntry, text: string): TextEdit {
  const begin = text.lastIndexOf('\n', entry.offset - 1) + 1;
  if (text.slice(begin, entry.offset).trim() !== '') return { offset: entry.offset, length: entry.length, text: '' };
  const after = text.indexOf('\n', entry.offset + entry.length);
  const end = after < 0 ? text.length : after + 1;
  return { offset: begin, length: end - begin, text: '' };
}

function placeOf({ offset, length }: Place): Place {
  return { offset, length };
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
