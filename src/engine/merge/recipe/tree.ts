/**
 * YAML as a tree of plain nodes with the place of each in the text. Aliases are followed within a bound, so that a few
 * lines cannot become millions of nodes; everything past this module is finite and small.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from 'yaml';
import { said } from '../../checkpoint/failure.js';
import type { Span, Report } from './problem.js';

export interface ScalarNode extends Span {
  kind: 'scalar';
  /** Null where nothing is written. */
  value: string | number | boolean | null;
}
export interface ListNode extends Span {
  kind: 'list';
  items: TreeNode[];
}
export interface MapNode extends Span {
  kind: 'map';
  entries: MapEntry[];
}
/** Its place reaches from the key to the end of the value. */
export interface MapEntry extends Span {
  key: ScalarNode & { value: string };
  value: TreeNode;
}
export type TreeNode = ScalarNode | ListNode | MapNode;

/** UTF-16 code units. Recipes have a few hundred. */
export const TEXT_LIMIT = 1 << 18;
/** Nodes, those of followed aliases included. */
const NODE_LIMIT = 20_000;
const DEPTH_LIMIT = 32;

/** The YAML document, with its errors reported; undefined where there is none that could be read. */
function readDocument(text: string, report: Report): Document.Parsed | undefined {
  if (text.length > TEXT_LIMIT) {
    report({
      code: 'too-large',
      severity: 'error',
      offset: 0,
      length: 0,
      message:
        `A recipe has at most ${TEXT_LIMIT.toLocaleString('en-US')} characters; ` +
        `this text has ${text.length.toLocaleString('en-US')}.`,
    });
    return undefined;
  }
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { merge: true, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the stack: brackets in brackets in brackets
    report({
      code: 'too-large',
      severity: 'error',
      offset: 0,
      length: 0,
      message: `A recipe is nested at most ${DEPTH_LIMIT} deep.`,
    });
    return undefined;
  }
  for (const {
    pos: [begin, end],
    message,
    code,
  } of document.errors) {
    if (code === 'MULTIPLE_DOCS') {
      report({
        code: 'yaml',
        severity: 'error',
        offset: begin,
        length: Math.max(0, Math.min(end, text.length) - begin),
        message:
          'A recipe is one YAML document, and another begins here, after ---. mergekit-yaml refuses that too: ' +
          'give each merge a file of its own, and name the file of one in the other.',
      });
      continue;
    }
    report({
      code: 'yaml',
      severity: 'error',
      offset: begin,
      length: Math.max(0, Math.min(end, text.length) - begin),
      message: `This is no YAML: ${sentence(message)}`,
    });
  }
  return document;
}

/** The root; undefined for an empty text and for one that is no YAML. */
export function parseTree(text: string, report: Report): TreeNode | undefined {
  const root = readDocument(text, report)?.contents ?? null;
  if (root === null) return undefined;
  let nodes = 0;
  let overflow = false;
  const refuse = (node: Node, message: string) => {
    if (!overflow) report({ code: 'too-large', severity: 'error', ...spanOf(node), message });
    overflow = true;
    return empty(spanOf(node));
  };
  const anchors = new Map<string, Node>();
  let following = 0;
  const convert = (node: Node | null, depth: number, within: Span): TreeNode => {
    if (node === null) return empty(within);
    const location = spanOf(node);
    if (++nodes > NODE_LIMIT)
      return refuse(
        node,
        `A recipe has at most ${NODE_LIMIT.toLocaleString('en-US')} values, those behind aliases included.`,
      );
    if (depth > DEPTH_LIMIT) return refuse(node, `A recipe is nested at most ${DEPTH_LIMIT} deep.`);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) return empty(location);
      following++;
      const content = convert(target, depth + 1, location);
      following--;
      // What is behind an alias stands elsewhere; what is wrong with it is shown where it is used.
      return moveTo(content, location);
    }
    if (following === 0 && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const { value } = node;
      const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
      return { kind: 'scalar', value: plain, ...location };
    }
    if (isSeq(node))
      return {
        kind: 'list',
        items: node.items.map((item) => convert(item as Node | null, depth + 1, location)),
        ...location,
      };
    if (isMap(node))
      return { kind: 'map', entries: entriesOf(node.items as Pair<Node, Node | null>[], depth, location), ...location };
    return empty(location);
  };
  const entriesOf = (pairs: readonly Pair<Node, Node | null>[], depth: number, within: Span): MapEntry[] => {
    const own: MapEntry[] = [];
    const merged: MapEntry[] = [];
    for (const { key, value } of pairs) {
      const keyLocation = spanOf(key);
      const converted = convert(value, depth + 1, { offset: keyLocation.offset + keyLocation.length, length: 0 });
      if (isScalar(key) && typeof key.value === 'symbol') {
        // `<<`: keys of other mappings, which those written here go before.
        for (const source of converted.kind === 'list' ? converted.items : [converted])
          if (source.kind === 'map') merged.push(...source.entries);
        continue;
      }
      if (
        !isScalar(key) ||
        (typeof key.value !== 'string' && typeof key.value !== 'number' && typeof key.value !== 'boolean')
      ) {
        report({ code: 'wrong-type', severity: 'error', ...keyLocation, message: 'A key is a word.' });
        continue;
      }
      const name = String(key.value);
      if (own.some((entry) => entry.key.value === name)) {
        report({ code: 'duplicate-key', severity: 'error', ...keyLocation, message: `"${name}" stands here twice.` });
        continue;
      }
      const end = Math.max(keyLocation.offset + keyLocation.length, converted.offset + converted.length);
      own.push({
        key: { kind: 'scalar', value: name, ...keyLocation },
        value: converted,
        offset: keyLocation.offset,
        length: end - keyLocation.offset,
      });
    }
    for (const entry of merged)
      if (!own.some(({ key }) => key.value === entry.key.value)) own.push(moveEntry(entry, within));
    return own;
  };
  return convert(root, 0, { offset: 0, length: 0 });
}

/** The entry called `key`. */
export function entryOf(map: MapNode, key: string): MapEntry | undefined {
  return map.entries.find((entry) => entry.key.value === key);
}

/** Keys and list indices from the root to the innermost node that `offset` touches; ends inside a key with that key. */
export function pathAt(
  root: TreeNode,
  offset: number,
): { path: (string | number)[]; on: 'key' | 'value'; node: TreeNode } {
  const path: (string | number)[] = [];
  const touches = (location: Span) => offset >= location.offset && offset <= location.offset + location.length;
  for (let node = root; ;) {
    if (node.kind === 'map') {
      const entry = node.entries.find(touches);
      if (entry === undefined) return { path, on: 'value', node };
      path.push(entry.key.value);
      if (touches(entry.key)) return { path, on: 'key', node: entry.key };
      node = entry.value;
    } else if (node.kind === 'list') {
      const index = node.items.findIndex(touches);
      if (index < 0) return { path, on: 'value', node };
      path.push(index);
      node = node.items[index]!;
    } else return { path, on: 'value', node };
  }
}

function spanOf(node: Node): Span {
  const [begin, end] = node.range ?? [0, 0];
  return { offset: begin, length: end - begin };
}

function empty(location: Span): ScalarNode {
  return { kind: 'scalar', value: null, offset: location.offset, length: location.length };
}

function moveTo(node: TreeNode, location: Span): TreeNode {
  const { offset, length } = location;
  switch (node.kind) {
    case 'scalar':
      return { ...node, offset, length };
    case 'list':
      return { ...node, offset, length, items: node.items.map((item) => moveTo(item, location)) };
    case 'map':
      return { ...node, offset, length, entries: node.entries.map((entry) => moveEntry(entry, location)) };
  }
}

function moveEntry(entry: MapEntry, { offset, length }: Span): MapEntry {
  return { key: { ...entry.key, offset, length }, value: moveTo(entry.value, { offset, length }), offset, length };
}

function sentence(message: string): string {
  return said(message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
}
