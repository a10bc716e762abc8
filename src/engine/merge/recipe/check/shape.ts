/** Holds a tree against the schema: unknown keys, keys that are missing, values of another kind than they must be. */
import { spanOf } from '../nodes.js';
import type { RecipeProblem, Report } from '../problem.js';
import { alternatives, type Shape } from '../schema/shapes.js';
import type { MapNode, ScalarNode, TreeNode } from '../tree.js';
import { checkMap, checkRecord, checkSetting } from './map.js';
import { checkInteger, checkLayers, checkMethod, checkWord } from './values.js';

export function checkShape(node: TreeNode, shape: Shape, text: string, report: Report): void {
  const shapes = alternatives(shape);
  // The first of the right kind: no two alternatives of the language are of the same.
  const fitting = shapes.find((one) => isOfKind(node, one));
  if (fitting === undefined) {
    report({
      code: 'wrong-type',
      severity: 'error',
      ...spanOf(node),
      message: `${expected(shapes)} is expected here, not ${described(node)}.`,
      fix: quoting(node, shapes, text),
    });
    return;
  }
  switch (fitting.kind) {
    case 'map':
      checkMap(node as MapNode, fitting.map, checkShape, text, report);
      break;
    case 'list':
      for (const item of (node as { items: TreeNode[] }).items) checkShape(item, fitting.of, text, report);
      break;
    case 'record':
      checkRecord(node as MapNode, fitting, checkShape, text, report);
      break;
    case 'setting':
      checkSetting(node, checkShape, text, report);
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
          ...spanOf(node),
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
    case 'unsupported':
    case 'either':
      break;
  }
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
    case 'unsupported':
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
      return node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
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
      return 'text';
    case 'setting':
    case 'unsupported':
    case 'either':
      return 'a value';
  }
}

function described(node: TreeNode): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null || node.value === '') return 'nothing';
  if (typeof node.value === 'string') return `"${node.value.slice(0, 40)}"`;
  return typeof node.value === 'number' ? `the number ${node.value}` : `the truth value ${node.value}`;
}

/** A folder whose name is a number needs quotes, as with every reader of YAML: 007 is the number 7. */
function quoting(node: TreeNode, shapes: readonly Shape[], text: string): RecipeProblem['fix'] {
  const texts = shapes.some(({ kind }) => kind === 'text' || kind === 'checkpoint' || kind === 'location');
  if (!texts || node.kind !== 'scalar' || node.value === null || typeof node.value === 'string') return undefined;
  const quoted = JSON.stringify(text.slice(node.offset, node.offset + node.length));
  return { title: `Change to ${quoted}`, edits: [{ ...spanOf(node), text: quoted }] };
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
