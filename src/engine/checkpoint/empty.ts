/** Tensors without elements: what DeepSpeed ZeRO-3 leaves where each process holds only its part of a weight. */

/** Where empty tensors come from, and the way out. */
export const FROM_ZERO3 =
  'DeepSpeed ZeRO-3 leaves this when weights are saved without gathering them. ' +
  'Save with stage3_gather_16bit_weights_on_model_save (zero3_save_16bit_model in Accelerate), ' +
  'or restore the weights with the zero_to_fp32.py beside the training checkpoint.';

/** Why a tensor without elements is no weight. */
export const EMPTY = `It has no elements: ${FROM_ZERO3}`;

/**
 * Whether a tensor stands for a weight that another process held: a vector without elements, whatever the weight was.
 */
export function isPlaceholder({ shape }: { shape: readonly number[] }): boolean {
  return shape.length === 1 && shape[0] === 0;
}
