/** Mixtures of experts that stages store in different layouts, shown in one, so that the same weights meet. */
import type { Checkpoint, Tensor } from './checkpoint.js';
import { hasInterleavedExperts } from '../families/list.js';
import { isFloat } from './encode.js';
import { viewOf } from './viewOf.js';
import { inputsFirst, SINGLE, STACK } from '../topology/experts.js';

/** The stacks of one layer's experts. */
interface Stacks {
  gateUp: Tensor | undefined;
  down: Tensor | undefined;
  /** Undefined where nothing tells. */
  inputsFirst: boolean | undefined;
}

export interface MatchedExperts {
  /** Per stage, by canonical name: what the stage's own tensors are shown as. */
  tensors: ReadonlyMap<string, Tensor>[];
  /** Why a tensor is not compared although every stage has it, by canonical name. */
  reasons: ReadonlyMap<string, string>;
}

const UNKNOWN_AXES =
  'Its last two axes have the same length and nothing tells which of them are the inputs, ' +
  'so it could be compared turned.';

/** The stages' tensors, with experts in one layout: per expert where any stage has them so, else outputs × inputs. */
export function matchExperts(checkpoints: readonly Checkpoint[]): MatchedExperts {
  const stacks = checkpoints.map((checkpoint) => stacksOf(checkpoint));
  const singles = checkpoints.map((checkpoint) => modulesOfSingles(checkpoint));
  const tensors = checkpoints.map((checkpoint) => new Map(checkpoint.tensors));
  const reasons = new Map<string, string>();
  for (const module of new Set(stacks.flatMap((stage) => [...stage.keys()]))) {
    const own = stacks.map((stage) => stage.get(module));
    if (singles.some((stage) => stage.has(module)))
      own.forEach((one, stage) => takeApart(one, module, tensors[stage]!));
    else turn(own, tensors, reasons);
  }
  return { tensors, reasons };
}

/** One expert's matrix, out of the stack that the checkpoint has; undefined where it has none of that name. */
export function expertOf(checkpoint: Checkpoint, name: string): Tensor | undefined {
  const module = SINGLE.exec(name)?.[1];
  const own = module === undefined ? undefined : stacksOf(checkpoint).get(module);
  if (own === undefined) return undefined;
  const tensors = new Map<string, Tensor>();
  takeApart(own, module!, tensors);
  return tensors.get(name);
}

/** A module whose stacks two checkpoints store in different orders of axes, or may; undefined where there is none. */
export function turnedExperts(a: Checkpoint, b: Checkpoint): string | undefined {
  const others = stacksOf(b);
  for (const [module, own] of stacksOf(a)) {
    const other = others.get(module);
    if (other === undefined || (own.inputsFirst !== undefined && own.inputsFirst === other.inputsFirst)) continue;
    const known = own.inputsFirst !== undefined && other.inputsFirst !== undefined;
    if (known || [own.gateUp, own.down].some(isSquare)) return module;
  }
  return undefined;
}

function stacksOf({ tensors, config }: Checkpoint): Map<string, Stacks> {
  const stacks = new Map<string, Stacks>();
  if (hasInterleavedExperts(config)) return stacks;
  for (const tensor of tensors.values()) {
    const [, module, projection] = STACK.exec(tensor.name) ?? [];
    if (module === undefined || tensor.shape.length !== 3 || tensor.size === 0 || !isFloat(tensor.dtype)) continue;
    const known = stacks.get(module) ?? { gateUp: undefined, down: undefined, inputsFirst: undefined };
    const which = projection === 'down_proj' ? 'down' : 'gateUp';
    // transformers knows stacks without ".weight" only.
    if (known[which] === undefined || !tensor.name.endsWith('.weight')) known[which] = tensor;
    stacks.set(module, known);
  }
  for (const one of stacks.values()) one.inputsFirst = inputsFirst(one.gateUp?.shape, one.down?.shape, config);
  return stacks;
}

function modulesOfSingles({ tensors }: Checkpoint): Set<string> {
  return new Set([...tensors.keys()].flatMap((name) => SINGLE.exec(name)?.[1] ?? []));
}

/** Puts every expert's matrices in place of the stacks, where it is known how these lie. */
function takeApart(stacks: Stacks | undefined, module: string, tensors: Map<string, Tensor>): void {
  if (stacks?.inputsFirst === undefined) return;
  const { gateUp, down } = stacks;
  if (gateUp !== undefined && outputsOf(gateUp, stacks.inputsFirst) % 2 === 0) {
    tensors.delete(gateUp.name);
    for (let expert = 0; expert < gateUp.shape[0]!; expert++)
      for (const [half, name] of ['gate_proj', 'up_proj'].entries())
        put(tensors, gateUp, `${module}.${expert}.${name}.weight`, stacks.inputsFirst, expert, [half, 2]);
  }
  if (down !== undefined) {
    tensors.delete(down.name);
    for (let expert = 0; expert < down.shape[0]!; expert++)
      put(tensors, down, `${module}.${expert}.down_proj.weight`, stacks.inputsFirst, expert, [0, 1]);
  }
}

function outputsOf({ shape }: Tensor, isTurned: boolean): number {
  return shape[isTurned ? 2 : 1]!;
}

/** Part `part` of `parts` of an expert's outputs, as outputs × inputs. */
function put(
  tensors: Map<string, Tensor>,
  stack: Tensor,
  name: string,
  isTurned: boolean,
  expert: number,
  [part, parts]: readonly [number, number],
): void {
  const [, second, third] = stack.shape as [number, number, number];
  const [outputs, columns] = isTurned ? [third, second] : [second, third];
  const rows = outputs / parts;
  const [rowStride, columnStride] = isTurned ? [1, third] : [third, 1];
  const first = expert * second * third + part * rows * rowStride;
  tensors.set(
    name,
    viewOf(stack, name, [rows, columns], {
      rows,
      columns,
      first,
      matrixStride: second * third,
      rowStride,
      columnStride,
    }),
  );
}

/** Shows stacks that are inputs × outputs the other way round, where not all stages agree. */
function turn(
  own: readonly (Stacks | undefined)[],
  tensors: readonly Map<string, Tensor>[],
  reasons: Map<string, string>,
): void {
  const present = own.filter((one) => one !== undefined);
  const orders = new Set(present.map((one) => one.inputsFirst));
  if (present.length < 2 || (orders.size === 1 && !orders.has(undefined))) return;
  if (orders.has(undefined))
    for (const tensor of present.flatMap(({ gateUp, down }) => [gateUp, down]))
      if (isSquare(tensor)) {
        for (const stage of tensors) stage.delete(tensor.name);
        reasons.set(tensor.name, UNKNOWN_AXES);
      }
  own.forEach((one, stage) => {
    if (one?.inputsFirst !== true) return;
    for (const tensor of [one.gateUp, one.down]) {
      if (tensor === undefined || !tensors[stage]!.has(tensor.name)) continue;
      const [experts, columns, rows] = tensor.shape as [number, number, number];
      const turned = { rows, columns, first: 0, matrixStride: rows * columns, rowStride: 1, columnStride: rows };
      tensors[stage]!.set(tensor.name, viewOf(tensor, tensor.name, [experts, rows, columns], turned));
    }
  });
}

function isSquare(tensor: Tensor | undefined): tensor is Tensor {
  return tensor !== undefined && tensor.shape[1] === tensor.shape[2];
}
