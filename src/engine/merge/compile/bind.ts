/**
 * Second pass: every slot of a layout becomes a tensor of the result, stored or computed, with its dtype, its shape
 * and its name on disk. Reads no weight.
 */
import type { Dtype, Tensor } from '../../checkpoint/checkpoint.js';
import { computedTensor } from '../../checkpoint/computedTensor.js';
import { isFloat } from '../../checkpoint/encode.js';
import { METHODS } from '../../tensors/methods/list.js';
import type { Recipe } from '../recipe/ast.js';
import { EMBEDDING, isHead } from '../sections.js';
import type { Layout, MergedBinding, Slot, StoredBinding, Trouble } from './layout.js';
import { expectedShape, sameShape, spellingOf } from './names.js';

const DTYPE_OF: Readonly<Record<string, Dtype>> = { float64: 'F64', float32: 'F32', bfloat16: 'BF16', float16: 'F16' };

/**
 * @returns the tensors by canonical name, and what is wrong with any. Origins that values decide are put into the
 * layout.
 */
export function bind(
  layout: Layout,
  { dtype, seed }: Pick<Recipe, 'dtype' | 'seed'>,
): { tensors: Map<string, Tensor>; troubles: Trouble[] } {
  const tensors = new Map<string, Tensor>();
  const troubles: Trouble[] = [];
  const report = (trouble: Trouble) => void troubles.push(trouble);
  const context: BindContext = { layout, dtype: dtype && DTYPE_OF[dtype.value], seed, report };
  for (const slot of layout.slots) {
    if (!('bind' in slot)) {
      report(slot);
      continue;
    }
    const binding = slot.bind(report);
    if (binding === undefined) continue;
    if (binding.origin !== undefined) layout.layers[binding.origin.layer] = binding.origin.of;
    const tensor = 'tensor' in binding ? storedTensor(slot, binding, context) : mergedTensor(slot, binding, context);
    if (tensor !== undefined) tensors.set(slot.name, tensor);
  }
  return { tensors, troubles };
}

interface BindContext {
  layout: Layout;
  /** Of the result, where the recipe says. */
  dtype: Dtype | undefined;
  seed: number;
  report: (trouble: Trouble) => void;
}

/** A tensor of a source as it is, or cast. */
function storedTensor(
  { name }: Slot,
  { tensor, reference }: StoredBinding,
  { layout: { owner }, dtype, report }: BindContext,
): Tensor | undefined {
  const expected = expectedShape(name, owner.checkpoint);
  if (expected !== undefined && !sameShape(tensor.shape, expected)) {
    report({
      code: 'shape-mismatch',
      span: reference ?? { offset: 0, length: 0 },
      name,
      say: (names) =>
        `${reference?.value ?? 'This model'} has tensors of shape [${tensor.shape.join(', ')}] where ` +
        `${owner.label} has [${expected.join(', ')}], so the two fit into no model together: ${names}.`,
    });
    return undefined;
  }
  const facts = { name, onDisk: spellingOf(name, tensor, owner.checkpoint) };
  if (dtype === undefined || dtype === tensor.dtype || !isFloat(tensor.dtype)) return { ...tensor, ...facts };
  return computedTensor(
    { ...facts, dtype, shape: tensor.shape },
    { kind: 'merge', method: 'passthrough', inputs: [tensor], base: null, models: [{}], shared: {}, stream: '' },
  );
}

/** A tensor as an expression over those of the sources. */
function mergedTensor(
  { name }: Slot,
  { method, inputs, base, models, shared, reference, seed }: MergedBinding,
  { layout: { owner }, dtype, seed: standard, report }: BindContext,
): Tensor | undefined {
  const [first] = inputs;
  const odd = inputs.find(({ shape }) => !sameShape(shape, first!.shape));
  if (odd !== undefined) {
    const vocabulary = isHead(name) || EMBEDDING.test(name);
    const shapes = [first!, odd].map(({ shape }) => `[${shape.join(', ')}]`);
    report({
      code: vocabulary ? 'vocabulary' : 'shape-mismatch',
      span: reference,
      name,
      say: (names) =>
        vocabulary
          ? `The models have vocabularies of different sizes (${shapes.join(' and ')}), and tokens are ` +
            `not moved to other rows here: ${names}.`
          : `The models have tensors of different shapes, such as ${shapes.join(' and ')}: ${names}.`,
    });
    return undefined;
  }
  const quantised =
    inputs.find((input) => input.dtype.startsWith('F8')) ?? inputs.find((input) => !isFloat(input.dtype));
  if (quantised !== undefined) {
    report({
      code: 'unsupported',
      span: reference,
      name,
      say: (names) =>
        `Weights that are stored quantised (${quantised.dtype}) cannot be merged; ` +
        `give the models as they were before: ${names}.`,
    });
    return undefined;
  }
  const random = method === 'noise' || METHODS[method].random;
  return computedTensor(
    {
      name,
      onDisk: spellingOf(name, first!, owner.checkpoint),
      dtype: dtype ?? promoted(inputs.map((input) => input.dtype)),
      shape: first!.shape,
    },
    {
      kind: 'merge',
      method,
      inputs,
      base: base ?? null,
      models,
      shared,
      stream: random ? `${seed ?? standard}/${name}` : '',
    },
  );
}

/** The dtype that holds all of them, as PyTorch promotes. */
function promoted(dtypes: readonly Dtype[]): Dtype {
  const [first, ...rest] = dtypes;
  if (rest.every((dtype) => dtype === first)) return first!;
  return dtypes.includes('F64') ? 'F64' : 'F32';
}
