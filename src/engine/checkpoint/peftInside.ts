/**
 * A PEFT model whose whole state was saved as a model: weights called `…base_layer.weight` beside the factors of their
 * updates, and two copies of what `modules_to_save` trains.
 */
import type { Found } from './checkpoint.js';

/** Parts of an update: LoRA's factors, DoRA's magnitudes, what other kinds of adapters train. */
const PART = /\.(?:lora_\w+|trainable_tokens\w*|(?:ia3|hada|lokr|oft|vera|boft|adalora|loha)_\w+)(?:\.|$)/i;
const COPY = /\.modules_to_save\.[^.]+\./;
const BASE_LAYER = '.base_layer.';
const ORIGINAL = /\.original_module\./;

/**
 * The tensors by what they are: the `model`'s own, with the trained copy in place of an original; and the parts of the
 * adapter `inside` it. All are the model's where no name is PEFT's. `rivals`: copies of one tensor, where several
 * adapters have one each, or one lies beside the model's own, and nothing says which counts.
 */
export function splitPeft(found: readonly Found[]): { model: Found[]; inside: Found[]; rivals: string[] } {
  const wrapped = new Set(found.flatMap((tensor) => wrappedModule(tensor) ?? []));
  const isPart = (tensor: Found) =>
    PART.test(tensor.onDisk) ||
    (wrapped.size > 0 &&
      wrappedModule(tensor) === undefined &&
      // A bias may have stayed where the module's own is.
      parentsOf(tensor.onDisk).some((at) => wrapped.has(at) && tensor.onDisk !== `${at}.bias`));
  const inside = found.filter(isPart);
  const copied = new Set(found.flatMap(({ onDisk }) => (COPY.test(onDisk) ? [onDisk.replace(COPY, '.')] : [])));
  const model: Found[] = [];
  // A tensor that lies there without a wrapper is a copy too.
  const copyOf = new Map(found.flatMap(({ onDisk }) => (copied.has(onDisk) ? [[onDisk, onDisk] as const] : [])));
  const rivals = new Set<string>();
  for (const tensor of found) {
    const { onDisk } = tensor;
    if (isPart(tensor)) continue;
    const plain = onDisk.replace(ORIGINAL, '.');
    if (plain !== onDisk && copied.has(plain)) continue;
    const name = plain.replace(COPY, '.');
    if (name !== plain) {
      const rival = copyOf.get(name);
      if (rival !== undefined) rivals.add(rival).add(onDisk);
      copyOf.set(name, onDisk);
    }
    model.push(name === onDisk ? tensor : { ...tensor, onDisk: name, inFile: tensor.inFile ?? onDisk });
  }
  return { model, inside, rivals: [...rivals] };
}

/**
 * A module whose own weights lie in a `base_layer` of the file: what else lies in it belongs to an adapter, of any
 * kind.
 */
function wrappedModule({ onDisk, inFile }: Found): string | undefined {
  const at = inFile?.lastIndexOf(BASE_LAYER) ?? -1;
  return at < 0 ? undefined : onDisk.slice(0, -(inFile!.length - at - BASE_LAYER.length + 1));
}

/** `a.b` and `a` of `a.b.c`. */
function parentsOf(name: string): string[] {
  const segments = name.split('.');
  return segments.slice(1).map((_, index) => segments.slice(0, segments.length - 1 - index).join('.'));
}
