/** A comparison as CSV (RFC 4180): one row per tensor, the figures of each update side by side. */
import type { CompareResult } from './result.js';

const FIGURES = ['fro', 'relative', 'cosine', 'maxAbs', 'changed', 'floor', 'nonFinite'] as const;

export function toCsv({ stages, tensors }: CompareResult): string {
  const pairs = stages.slice(1).map((stage, index) => ({ index, name: `${stages[index]!.label}→${stage.label}` }));
  const header = ['name', 'section', 'layer', 'depth', 'component', 'region', 'shape', 'dtypes', ...pairs.flatMap(({ name }) => FIGURES.map((figure) => `${figure} ${name}`))];
  const rows = tensors.map((tensor) => [
    tensor.name, tensor.section, tensor.layer, tensor.depth, tensor.component, tensor.region,
    tensor.shape.join('x'), tensor.dtypes.map((dtype) => dtype ?? '').join('/'),
    ...pairs.flatMap(({ index }) => FIGURES.map((figure) => tensor.deltas[index]?.[figure] ?? null)),
  ]);
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Quoted where the format needs it. Text that a spreadsheet would run as a formula is defused: names come from files. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
