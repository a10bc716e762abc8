/** What is being written at a place of a YAML text: a key of a mapping, a value, or either. Pure. */
import type { Span } from '../recipe/problem.js';
import { type MapNode, parseTree, type TreeNode } from '../recipe/tree.js';

/** Keys and list indices from the root. */
export type Path = readonly (string | number)[];

export interface Cursor {
  /** The word that is being written, perhaps empty. */
  word: Span;
  /** The mapping in which the word would be a key. */
  key: { path: Path; map: MapNode } | undefined;
  /** Where the word would be a value. */
  value: { path: Path } | undefined;
  /** A key begins within braces. */
  flow: boolean;
  /** Spaces in front of a key, those of list dashes too. */
  indent: string;
}

/** Stands in the text where something is being written. */
const HERE = 'frankensteinCompletesHere';

/** Undefined inside a comment. */
export function cursorAt(text: string, offset: number): Cursor | undefined {
  const word = wordAt(text, offset);
  if (word === undefined) return undefined;
  const [before, after] = [text.slice(0, word.offset), text.slice(word.offset + word.length)];
  const startsEntry = /(?:^|\n)[ ]*(?:- +)*$|[{,]\s*$/.test(before);
  const hasColon = /^[^\S\n]*:/.test(after);
  const key = startsEntry ? findKey(treeOf(`${before}${HERE}${hasColon ? '' : ': 0'}${after}`), []) : undefined;
  const value = startsEntry && hasColon ? undefined : findValue(treeOf(`${before}${HERE}${after}`), []);
  return {
    word,
    key,
    value,
    flow: /[{,]\s*$/.test(before),
    indent: /(?:^|\n)([ ]*(?:- +)*)$/.exec(before)?.[1]?.replaceAll('-', ' ') ?? '',
  };
}

/** The word that is being written: up to what ends a plain scalar. Undefined inside a comment. */
function wordAt(text: string, offset: number): Span | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  if (/(?:^|\s)#/.test(line)) return undefined;
  const begin = /[^\s:,[\]{}"']*(?:(?<=\w):(?=\w)[^\s:,[\]{}"']*)*$/.exec(line)![0].length;
  const rest = /^[^\s:,[\]{}"'#]*/.exec(text.slice(offset))![0].length;
  return { offset: offset - begin, length: begin + rest };
}

function treeOf(text: string): TreeNode | undefined {
  return parseTree(text, () => undefined);
}

/** The mapping in which the placeholder is a key. */
function findKey(node: TreeNode | undefined, path: Path): { path: Path; map: MapNode } | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'map' && node.entries.some(({ key }) => key.value === HERE)) return { path, map: node };
  return search(node, path, findKey);
}

/** The scalar that is the placeholder. */
function findValue(node: TreeNode | undefined, path: Path): { path: Path } | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') return node.value === HERE ? { path } : undefined;
  return search(node, path, findValue);
}

function search<T>(node: TreeNode, path: Path, find: (node: TreeNode, path: Path) => T | undefined): T | undefined {
  const children =
    node.kind === 'map'
      ? node.entries.map(({ key, value }) => [key.value, value] as const)
      : node.kind === 'list'
        ? node.items.map((item, index) => [index, item] as const)
        : [];
  for (const [step, child] of children) {
    const found = find(child, [...path, step]);
    if (found !== undefined) return found;
  }
  return undefined;
}
