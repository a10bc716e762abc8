/** Which tensor goes into which shard, and where in it. */
import type { Checkpoint, Tensor } from '../../checkpoint/checkpoint.js';
import { FrankensteinError } from '../../errors.js';
import { bytesOf } from '../../tensors/elements.js';

export interface ShardPlan {
  name: string;
  header: Uint8Array;
  tensors: { tensor: Tensor; at: number }[];
  bytes: number;
}

/** Tensors in the owner's order, split where a shard would become too large, as the hub's libraries do. */
export function planShards(checkpoint: Checkpoint, most: number): ShardPlan[] {
  if (!(most >= 1)) throw new FrankensteinError('bad-request', 'A shard has at least one byte.');
  const groups: Tensor[][] = [[]];
  let size = 0;
  for (const tensor of checkpoint.tensors.values()) {
    const own = bytesOf(tensor);
    if (size + own > most && groups.at(-1)!.length > 0) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(tensor);
    size += own;
  }
  return groups.map((tensors, index) => {
    const name =
      groups.length === 1 ? 'model.safetensors' : `model-${number(index + 1)}-of-${number(groups.length)}.safetensors`;
    const entries: Record<string, unknown> = { __metadata__: { format: 'pt' } };
    let offset = 0;
    const placed = tensors.map((tensor) => {
      const begin = offset;
      offset += bytesOf(tensor);
      entries[tensor.onDisk] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, offset] };
      return { tensor, at: begin };
    });
    const header = headerOf(entries);
    return {
      name,
      header,
      tensors: placed.map(({ tensor, at }) => ({ tensor, at: at + header.length })),
      bytes: header.length + offset,
    };
  });
}

/** Length, JSON, and spaces up to a multiple of eight, so that tensors are aligned. */
function headerOf(entries: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, 0x20);
  header.writeBigUInt64LE(BigInt(length), 0);
  json.copy(header, 8);
  return header;
}

function number(value: number): string {
  return String(value).padStart(5, '0');
}
