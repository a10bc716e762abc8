/** Stored tensors and settings that a model cannot do without, and the sentences where they are missing. */
import type { Checkpoint, Tensor } from '../checkpoint/checkpoint.js';
import { quoted, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import type { Activation } from '../families/family.js';
import { ACTIVATIONS } from './graphs/ops.js';

/** The tensor of that canonical name. @throws `malformed` */
export function tensorOf(checkpoint: Checkpoint, name: string): Tensor {
  const tensor = checkpoint.tensors.get(name);
  if (tensor === undefined)
    throw malformed(checkpoint, `has no tensor ${quoted(name)}, without which it cannot be run.`);
  return tensor;
}

/** Rows and columns of a matrix. @throws `malformed` for another shape */
export function matrixShape(checkpoint: Checkpoint, tensor: Tensor): [number, number] {
  const [rows, columns] = tensor.shape;
  if (rows === undefined || columns === undefined || tensor.shape.length !== 2)
    throw malformed(
      checkpoint,
      `has a tensor ${quoted(tensor.onDisk)} of shape [${tensor.shape.join(', ')}] where a matrix is expected.`,
    );
  return [rows, columns];
}

/** The activation of that name. @throws `unsupported` */
export function activationOf(checkpoint: Checkpoint, named: string): Activation {
  if (ACTIVATIONS.includes(named)) return named as Activation;
  throw new FrankensteinError(
    'unsupported',
    `${shown(checkpoint.path)} uses the activation ${quoted(named)}, which is not built here; these are: ` +
      `${ACTIVATIONS.join(', ')}.`,
  );
}

/** The error for a checkpoint, with the rest of the sentence after its path. */
export function malformed(checkpoint: Checkpoint, why: string): FrankensteinError {
  return new FrankensteinError('malformed', `${shown(checkpoint.path)} ${why}`);
}

/** A setting by the object that it stands in; empty for the whole file. */
export function keyAt(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`;
}
