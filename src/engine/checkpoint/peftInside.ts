/**
 * A PEFT model whose whole state was saved as a model: weights called `…base_layer.weight` beside the factors of their
 * updates, and two copies of what `modules_to_save` trains.
 */
import type { Found } from './checkpoint.js';

/** Parts of an update: LoRA's factors, DoRA's magnitudes, what other kinds of adapters train. */
const PART = /\.(?:lora_\w+|trainable_tokens\w*|(?:ia3|hada|lokr|oft|vera|boft|adalora|loha)_\w+)(?:\.|$)/i;
const COPY = /\.modules_to_save\.[^.]+\./;
const ORIGINAL = /\.original_module\./;

/**
 * The tensors by what they are: the `model`'s own, with the trained copy in place of an original; and the parts of the
 * adapter `inside` it. All are the model's where no name is PEFT's.
 */
export function splitPeft(found: readonly Found[]): { model: Found[]; inside: Found[] } {
  const inside = found.filter(({ onDisk }) => PART.test(onDisk));
  const copied = new Set(found.flatMap(({ onDisk }) => (COPY.test(onDisk) ? [onDisk.replace(COPY, '.')] : [])));
  const model: Found[] = [];
  for (const tensor of found) {
    const { onDisk } = tensor;
    if (PART.test(onDisk)) continue;
    const plain = onDisk.replace(ORIGINAL, '.');
    if (plain !== onDisk && copied.has(plain)) continue;
    model.push({ ...tensor, onDisk: plain.replace(COPY, '.') });
  }
  return { model, inside };
}
