/** A computed tensor is plain data: this makes one. What evaluates it stands in `tensors/`. */
import { createHash } from 'node:crypto';
import type { ComputedTensor, Dtype, TensorExpression } from './checkpoint.js';

/** A tensor that `expression` gives. */
export function computedTensor(
  facts: { onDisk: string; name: string; dtype: Dtype; shape: number[] },
  expression: TensorExpression,
): ComputedTensor {
  const { onDisk, name, dtype, shape } = facts;
  // Shards carry what tells a file from its successor: real path, length, time, header.
  const content = JSON.stringify([dtype, shape, expression], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  const id = createHash('sha256').update(content).digest('hex');
  return { onDisk, name, dtype, shape, size: shape.reduce((product, size) => product * size, 1), expression, id };
}
