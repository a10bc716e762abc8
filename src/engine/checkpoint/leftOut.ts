/** Weights of a checkpoint that cannot be read, for whoever needs one: never a value, always a sentence. */
import { FrankensteinError } from '../errors.js';
import type { Checkpoint, LeftOutTensor } from './checkpoint.js';
import { EMPTY } from './empty.js';
import { quoted, shown, thousands } from './failure.js';

/** By canonical name of the weight: the first stored tensor that stands for it, which says why it cannot be read. */
export function leftOutWeights(checkpoint: Checkpoint): Map<string, LeftOutTensor> {
  const weights = new Map<string, LeftOutTensor>();
  for (const tensor of checkpoint.leftOut ?? [])
    if (tensor.weight !== null && !weights.has(tensor.weight)) weights.set(tensor.weight, tensor);
  return weights;
}

/** Whether the checkpoint stores this weight, read or not. */
export function stores(checkpoint: Checkpoint, name: string): boolean {
  return checkpoint.tensors.has(name) || checkpoint.leftOut?.some(({ weight }) => weight === name) === true;
}

/**
 * For what needs every weight: running, merging and writing a model.
 * @param what cannot be done, as in "be run".
 * @throws `unsupported`, naming weights that cannot be read and why.
 */
export function refuseLeftOut(checkpoint: Checkpoint, what: string): void {
  const reason = whyIncomplete(checkpoint);
  if (reason !== undefined)
    throw new FrankensteinError('unsupported', `${shown(checkpoint.path)} cannot ${what}: ${reason}`);
}

/** Why a model of these tensors would lack weights; undefined where it has all of them. */
export function whyIncomplete(checkpoint: Checkpoint): string | undefined {
  const leftOut = [...leftOutWeights(checkpoint)].map(([name, { reason }]) => ({ name, reason }));
  const empty = [...checkpoint.tensors.values()].filter(({ size }) => size === 0);
  const weights = [...leftOut, ...empty.map(({ name }) => ({ name, reason: EMPTY }))].filter(({ name }) =>
    isWeight(name),
  );
  const [first] = weights;
  if (first === undefined) return undefined;
  const others = weights.length - 1;
  const subject = others > 0 ? ` and ${thousands(others)} other ${others === 1 ? 'weight' : 'weights'}` : '';
  const way = checkpoint.quantisation?.some(({ dequantised }) => !dequantised)
    ? ' Give the model as it was before quantisation.'
    : '';
  return `its ${quoted(first.name)}${subject} cannot be read. ${first.reason}${way}`;
}

/** Whether a model needs it, by its name: parameters end so, and tables that are computed from the config do not. */
function isWeight(name: string): boolean {
  return /(?:\.weight|\.bias|_proj|_bias)$/.test(name);
}
