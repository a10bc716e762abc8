/**
 * Which matrices a tensor holds: itself, the parts of a fused one, one per expert of a stack. A part is told by
 * strides,
 * so that nothing is copied to take it apart.
 *
 * Layouts are those of transformers: `chunk(2)` and `split` for what is fused, `[experts, …]` for stacks.
 */
import { hasInterleavedExperts } from '../../families/list.js';
import { inputsFirst } from '../../topology/experts.js';
import { textConfig } from '../../topology/model.js';

type Config = Readonly<Record<string, unknown>>;

/** A matrix inside a tensor, outputs × inputs: element (r, c) is number `first + r · rowStride + c · columnStride`. */
export interface Part {
  /** As in `TensorSpectra`. */
  part: string | null;
  rows: number;
  columns: number;
  first: number;
  rowStride: number;
  columnStride: number;
}

/** What is needed to tell how a tensor is put together. */
export interface TensorAround {
  /** Canonical name. */
  name: string;
  shape: readonly number[];
  /** Shape of another tensor of the checkpoint, by canonical name. */
  shapeOf: (name: string) => readonly number[] | undefined;
  config: Config | undefined;
}

/** More are no experts, and a hostile shape must not make a million matrices. */
const MOST_EXPERTS = 1024;

/** The matrices of a tensor of two or more dimensions: the whole first, then its parts. */
export function partsOf(tensor: TensorAround): Part[] {
  const { name, shape } = tensor;
  const [first, second, third] = shape as [number, number, number | undefined];
  const size = shape.reduce((product, length) => product * length, 1);
  const isStack = shape.length === 3 && /(?:^|\.)experts\./.test(name) && size > 0 && first <= MOST_EXPERTS;
  if (!isStack) {
    const whole = wholeOf(shape);
    return size > 0 && shape.length === 2 ? [whole, ...fusedRows(tensor, whole)] : [whole];
  }
  const { inputsFirst, halves } = expertLayout(tensor);
  const lies = inputsFirst
    ? { rows: third!, columns: second, rowStride: 1, columnStride: third! }
    : { rows: second, columns: third!, rowStride: third!, columnStride: 1 };
  return Array.from({ length: first }, (_, expert): Part[] => {
    const whole: Part = { part: `expert ${expert}`, ...lies, first: expert * second * third! };
    return halves
      ? [
          whole,
          ...split(whole, [
            ['gate', lies.rows / 2],
            ['up', lies.rows / 2],
          ]),
        ]
      : [whole];
  }).flat();
}

/** All of a tensor as one matrix: further axes are flattened into columns. */
export function wholeOf([rows, ...rest]: readonly number[]): Part {
  const columns = rest.reduce((product, length) => product * length, 1);
  return { part: null, rows: rows!, columns, first: 0, rowStride: columns, columnStride: 1 };
}

/** Rows of a fused matrix, in the order in which they are stored; none where it is not fused, or nothing says how. */
function fusedRows({ name, config }: TensorAround, whole: Part): Part[] {
  const { rows } = whole;
  if (/(?:^|[._])gate_up_proj(?:\.weight)?$/.test(name))
    return rows % 2 === 0
      ? split(whole, [
          ['gate', rows / 2],
          ['up', rows / 2],
        ])
      : [];
  if (/\.linear_attn\.in_proj_qkv\.weight$/.test(name)) {
    const key = product(config, 'linear_num_key_heads', 'linear_key_head_dim');
    return key !== undefined && 2 * key < rows
      ? split(whole, [
          ['q', key],
          ['k', key],
          ['v', rows - 2 * key],
        ])
      : [];
  }
  if (/\.qkv_proj\.weight$/.test(name) && /(?:^|\.)layers\.\d+\.self_attn\./.test(name) && config !== undefined) {
    const heads = numberOf(config, 'num_attention_heads');
    const kvHeads = numberOf(config, 'num_key_value_heads') ?? heads;
    if (heads === undefined || kvHeads === undefined) return [];
    const head = rows / (heads + 2 * kvHeads);
    return Number.isInteger(head)
      ? split(whole, [
          ['q', heads * head],
          ['k', kvHeads * head],
          ['v', kvHeads * head],
        ])
      : [];
  }
  // Vision towers: as many heads for keys and values as for queries. InternLM2's wqkv, grouped by head, is no block of
  // rows.
  const isQkv =
    /\.(?:attn|self_attn|attention)\.qkv\.weight$|\.in_proj_weight$/.test(name) ||
    (/\.wqkv\.weight$/.test(name) && rows === 3 * whole.columns);
  return isQkv && rows % 3 === 0
    ? split(whole, [
        ['q', rows / 3],
        ['k', rows / 3],
        ['v', rows / 3],
      ])
    : [];
}

/**
 * How a stack of experts is stored: `[E, in, out]`, as before transformers 5, or `[E, out, in]`; and whether the halves
 * of
 * its outputs are gate and up. The projection back to the hidden size beside it tells; without one, it is taken as it
 * lies.
 */
function expertLayout({ name, shape, shapeOf, config }: TensorAround): { inputsFirst: boolean; halves: boolean } {
  const kind = /^(.*\.experts\.)(gate_up_proj|down_proj)((?:\.weight)?)$/.exec(name);
  const other =
    kind === null
      ? undefined
      : shapeOf(`${kind[1]!}${kind[2] === 'down_proj' ? 'gate_up_proj' : 'down_proj'}${kind[3]!}`);
  if (kind === null || other?.length !== 3) return { inputsFirst: false, halves: false };
  const isDown = kind[2] === 'down_proj';
  const order = isDown ? inputsFirst(other, shape, config) : inputsFirst(shape, other, config);
  return {
    inputsFirst: order === true,
    halves: !isDown && order !== undefined && !hasInterleavedExperts(config),
  };
}

/** Neighbouring rows of a matrix, named. */
function split(whole: Part, lengths: readonly (readonly [string, number])[]): Part[] {
  let done = 0;
  return lengths.map(([name, rows]) => {
    const first = whole.first + done * whole.rowStride;
    done += rows;
    return { ...whole, part: whole.part === null ? name : `${whole.part} ${name}`, rows, first };
  });
}

function product(config: Config | undefined, a: string, b: string): number | undefined {
  const [first, second] = config === undefined ? [] : [numberOf(config, a), numberOf(config, b)];
  return first === undefined || second === undefined ? undefined : first * second;
}

/** A positive whole number of the language model's config. */
function numberOf(config: Config, key: string): number | undefined {
  const value = textConfig(config)[key];
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}
