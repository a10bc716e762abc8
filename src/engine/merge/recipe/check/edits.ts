/** Spans to mark, and edits that mend. */
import type { Span, TextEdit } from '../problem.js';
import type { MapEntry, TreeNode } from '../tree.js';

/** A mapping's own place may span the whole text; its first line is enough to mark. */
export function firstLine(node: TreeNode, text: string): Span {
  const newline = text.indexOf('\n', node.offset);
  const end = Math.min(node.offset + node.length, newline < 0 ? text.length : newline);
  return { offset: node.offset, length: Math.max(0, end - node.offset) };
}

/** Takes an entry of a block mapping away with its line. */
export function removal(entry: MapEntry, text: string): TextEdit {
  const begin = text.lastIndexOf('\n', entry.offset - 1) + 1;
  if (text.slice(begin, entry.offset).trim() !== '') return { offset: entry.offset, length: entry.length, text: '' };
  const after = text.indexOf('\n', entry.offset + entry.length);
  const end = after < 0 ? text.length : after + 1;
  return { offset: begin, length: end - begin, text: '' };
}
