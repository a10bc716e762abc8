/** Whether two checkpoints share tensors. */
import { turnedExperts } from '../../checkpoint/experts.js';
import { FrankensteinError } from '../../errors.js';
import { sameFamily } from '../../topology/model.js';
import type { Reference } from '../recipe/ast.js';
import type { Compilation } from './context.js';
import type { Source } from './types.js';

/** Reports why not. */
export function areRelated(reference: Reference, source: Source, owner: Source, compilation: Compilation): boolean {
  try {
    sameFamily(owner.checkpoint, source.checkpoint);
    const turned = source === owner ? undefined : turnedExperts(owner.checkpoint, source.checkpoint);
    if (turned === undefined) return true;
    compilation.fail(
      'shape-mismatch',
      reference,
      `${source.label} and ${owner.label} may store the experts of ${turned} with different axes last, ` +
        'so their weights do not meet: save both with the same version of transformers.',
    );
    return false;
  } catch (error) {
    compilation.fail(
      'family-mismatch',
      reference,
      `${source.label} is ${source.checkpoint.family} and ${owner.label} is ${owner.checkpoint.family}: ` +
        'two families share no tensors.',
    );
    if (!(error instanceof FrankensteinError)) throw error;
    return false;
  }
}
