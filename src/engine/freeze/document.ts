/** `freeze.frank.yaml`: read with the place of whatever is wrong, written as a person would. */
import * as v from 'valibot';
import { stringify } from 'yaml';
import { FrankensteinError } from '../errors.js';
import { hasErrors, nearest, type Span, type RecipeProblem } from '../merge/recipe/problem.js';
import { entryOf, parseTree, type TreeNode } from '../merge/recipe/tree.js';
import { FreezeSchema, type FreezeSettings, KEY_DOCS, RUN_DOCS } from './schema.js';

export interface ParsedFreeze {
  /** Undefined where the text is no YAML. */
  tree: TreeNode | undefined;
  /** Undefined while there are errors. */
  settings: FreezeSettings | undefined;
  /** In the order of their places. */
  problems: RecipeProblem[];
}

/** Never throws: what is wrong is a problem with its place. */
export function parseFreeze(text: string): ParsedFreeze {
  const problems: RecipeProblem[] = [];
  const tree = parseTree(text, (problem) => problems.push(problem));
  if (tree === undefined) {
    if (problems.length === 0)
      problems.push({ code: 'missing-key', severity: 'error', offset: 0, length: 0, message: 'The plan is empty.' });
    return { tree, settings: undefined, problems };
  }
  const result = v.safeParse(FreezeSchema, valueOf(tree));
  for (const issue of result.issues ?? []) problems.push(problemOf(issue, tree));
  problems.sort((a, b) => a.offset - b.offset || a.length - b.length);
  return { tree, settings: result.success && !hasErrors(problems) ? result.output : undefined, problems };
}

/** @throws `malformed`, with file, line and column of the first error. */
export function readFreeze(text: string, file: string): FreezeSettings {
  const { settings, problems } = parseFreeze(text);
  if (settings !== undefined) return settings;
  const first = problems.find(({ severity }) => severity === 'error')!;
  const before = text.slice(0, first.offset).split('\n');
  throw new FrankensteinError(
    'malformed',
    `${file}:${before.length}:${before.at(-1)!.length + 1}: ` +
      `${first.message}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}`,
  );
}

/** Plain data, without places. */
export function valueOf(node: TreeNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(valueOf);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key.value, valueOf(value)]));
}

function problemOf(issue: v.BaseIssue<unknown>, tree: TreeNode): RecipeProblem {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const name = path.join('.');
  const given = JSON.stringify(issue.input)?.slice(0, 60) ?? 'nothing';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const key = String(path.at(-1));
    const near = nearest(key, Object.keys(path.length === 1 ? KEY_DOCS : RUN_DOCS));
    const place = placeAt(tree, path, 'key');
    return {
      code: 'unknown-key',
      severity: 'error',
      ...place,
      message: `"${key}" means nothing here${near === undefined ? '.' : `; did you mean ${near}?`}`,
      fix: near === undefined ? undefined : { title: `Change to ${near}`, edits: [{ ...place, text: near }] },
    };
  }
  if (issue.input === undefined)
    return {
      code: 'missing-key',
      severity: 'error',
      ...placeAt(tree, path.slice(0, -1), 'value'),
      length: 0,
      message: `"${name}" is missing. ${KEY_DOCS[name as keyof typeof KEY_DOCS] ?? ''}`.trim(),
    };
  return {
    code: issue.kind === 'schema' ? 'wrong-type' : 'bad-value',
    severity: 'error',
    ...placeAt(tree, path, 'value'),
    message: `${name === '' ? 'The plan' : `"${name}"`} must be ${expectedOf(issue)}, not ${given}.`,
  };
}

/** The expectation as words: `>=1` becomes `at least 1`. */
function expectedOf({ expected, type }: v.BaseIssue<unknown>): string {
  if (type === 'integer') return 'a whole number';
  const text = (expected ?? 'something else')
    .replace(/^\((.*)\)$/, '$1')
    .replaceAll('"', '')
    .replaceAll(' | ', ', ');
  return text
    .replace(/^>=/, 'at least ')
    .replace(/^<=/, 'at most ')
    .replace(/^>/, 'more than ')
    .replace(/^!0$/, 'not empty')
    .replace(/^Array$/, 'a list')
    .replace(/^Object$/, 'a mapping')
    .replace(/^\/.*\/$/, 'a name of letters, digits, dots and dashes');
}

/** The place of what lies at `path`, or of the last part of it that is there. */
export function placeAt(tree: TreeNode, path: readonly (string | number)[], on: 'key' | 'value'): Span {
  let node = tree;
  let place: Span = tree;
  for (const key of path) {
    if (node.kind === 'map') {
      const entry = entryOf(node, String(key));
      if (entry === undefined) break;
      place = on === 'key' ? entry.key : entry.value;
      node = entry.value;
    } else if (node.kind === 'list' && typeof key === 'number' && node.items[key] !== undefined) {
      node = node.items[key];
      place = node;
    } else break;
  }
  return { offset: place.offset, length: place.length };
}

/** The file's text, each key below what it means. */
export function writeFreeze(settings: FreezeSettings): string {
  const keys = (Object.keys(KEY_DOCS) as (keyof FreezeSettings)[]).filter((key) => settings[key] !== undefined);
  return [
    '# Freeze and retrain: the same training, with layers frozen. `frankenstein freeze run` trains what this says.',
    ...keys.map(
      (key) => `# ${KEY_DOCS[key]}\n${key}:${key === 'runs' ? runsText(settings.runs) : ` ${flow(settings[key])}`}`,
    ),
    '',
  ].join('\n');
}

function runsText(runs: FreezeSettings['runs']): string {
  return Object.entries(runs)
    .map(([name, run]) => `\n  ${flow(name)}: ${flow(run)}`)
    .join('');
}

/** On one line. */
function flow(value: unknown): string {
  if (typeof value === 'string' && value.includes('\n')) return JSON.stringify(value); // which YAML reads too
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
