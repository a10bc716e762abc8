import type { Tensor } from './checkpoint.js';

/**
 * Whether two tensors are the same bytes of the same file, or the same computation: what an adapter or a recipe leaves
 * as it was. Their difference is zero without a look at a value. Equal bytes in two files are not the same tensor.
 */
export function isSameTensor(a: Tensor, b: Tensor): boolean {
  if (a.expression !== undefined || b.expression !== undefined)
    return a.expression !== undefined && b.expression !== undefined && a.id === b.id;
  return (
    a.shard.realPath === b.shard.realPath &&
    a.shard.inode === b.shard.inode &&
    a.shard.modifiedNs === b.shard.modifiedNs &&
    a.begin === b.begin &&
    a.dtype === b.dtype &&
    a.size === b.size
  );
}
