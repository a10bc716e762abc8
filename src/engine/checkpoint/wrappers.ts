/**
 * Names saved from inside a wrapper: torch.compile, DDP, FSDP, activation checkpointing, Lightning, TRL and PEFT keep
 * the model in an attribute of theirs, whose name stands in the state dict when nobody took it out.
 */
import { findsLayers } from '../topology/model.js';
import { counted, some } from './failure.js';
import type { Found, LeftOutTensor, Tensor } from './checkpoint.js';

type Config = Readonly<Record<string, unknown>>;

/** Attributes of wrappers, wherever they stand in a name. */
const SEGMENTS: ReadonlySet<string> = new Set([
  '_orig_mod',
  'module',
  '_forward_module',
  '_fsdp_wrapped_module',
  '_fpw_module',
  '_checkpoint_wrapped_module',
]);
/** PEFT's around a weight; in an adapter's own file it tells the base's weight from a copy. */
const BASE_LAYER = 'base_layer';
/** Attributes that hold the whole model: TRL's model with a value head, a trainer's checkpoint. */
const LEADING: readonly string[] = ['pretrained_model.', 'state_dict.'];
/** PEFT's around a model, or around its language model alone (InternVL's training code). */
const PEFT_MODEL = 'base_model.model';
/** The same attribute without the other: a trainer's own. */
const BASE_MODEL = 'base_model.';
/** Attributes that hold another copy of the model than the one that is trained. */
const OTHER_COPY =
  /(?:^|[._])(?:ref|reference|critic|reward|rm|value|ema|swa|shadow|teacher|target|old|initial|frozen)(?:[._]|$)/i;
/** Attributes in front of the model that are looked for, and how many of them are tried. */
const PREFIX_DEPTH = 2;
const PREFIX_LIMIT = 8;

export interface Unwrapped {
  found: Found[];
  /** What was taken out of names, each once. */
  wrappers: string[];
  warnings: string[];
  /**
   * Names of the file that mean one tensor without their wrappers, none of which is the model's own name for it:
   * nothing says which counts.
   */
  rivals: string[];
  /** A name of the file, also of a tensor that is not there, without its wrappers. */
  nameOf: (onDisk: string) => string;
}

/**
 * The tensors under the names that the model has for them. Known wrappers are taken out everywhere; an unknown
 * attribute in front is only where no layer of the model is found with it, and one attribute alone gives layers. A name
 * that another tensor has already stays as it is.
 */
export function unwrap(stored: readonly Found[], config: Config | undefined): Unwrapped {
  const wrappers = new Set<string>();
  const own = isOwnAttribute(stored, config);
  let clean = stored.map(({ onDisk }) => modelName(onDisk, own, wrappers));
  const { prefix, copies } = findsLayers(clean, config) ? { copies: [] } : unknownPrefix(clean, config);
  const unprefixed = (name: string) =>
    prefix !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  if (prefix !== undefined) {
    wrappers.add(prefix.slice(0, -1));
    clean = clean.map(unprefixed);
  }
  const nameOf = (onDisk: string) => unprefixed(modelName(onDisk, own));
  const plain = new Set(stored.flatMap(({ onDisk }, index) => (clean[index] === onDisk ? [onDisk] : [])));
  const taken = new Map([...plain].map((name) => [name, name]));
  const rivals = new Set<string>();
  let renamed = 0;
  const kept: string[] = [];
  const found = stored.map((tensor, index) => {
    const onDisk = clean[index]!;
    if (onDisk === tensor.onDisk) return tensor;
    const rival = taken.get(onDisk);
    if (rival !== undefined) {
      if (plain.has(rival)) kept.push(tensor.onDisk);
      else rivals.add(rival).add(tensor.onDisk);
      return tensor;
    }
    taken.set(onDisk, tensor.onDisk);
    renamed++;
    return { ...tensor, onDisk, inFile: tensor.onDisk };
  });
  const warnings = [
    ...(kept.length === 0
      ? []
      : [
          `${counted(kept.length, 'tensor', 'keeps', 'keep')} the name of a wrapper, since another ` +
            `one has the name without it, which is the model's: ${some(kept)}.`,
        ]),
    ...copiesSentence(prefix, copies),
  ];
  if (renamed === 0) return { found, wrappers: [], warnings, rivals: [], nameOf };
  const names = [...wrappers];
  return {
    found,
    wrappers: names,
    rivals: [...rivals],
    nameOf,
    warnings: [
      ...warnings,
      `${counted(renamed, 'tensor', 'was', 'were')} saved from inside ` +
        `${names.length === 1 ? 'a wrapper' : 'wrappers'}: names are read without ${some(names)}, with ` +
        'which transformers would not know them.',
    ],
  };
}

/** What every wrapped name has in it. Most names have none, and there may be 100,000. */
const WRAPPED = new RegExp([...SEGMENTS, BASE_LAYER, 'base_model', ...LEADING].map(escapeRegExp).join('|'));

function escapeRegExp(text: string): string {
  return text.replaceAll('.', '\\.');
}

/**
 * A name of a model without what wraps the model or a part of it.
 * @param own the model lies in an attribute `base_model` of a trainer, and `model` after it is the model's own.
 */
function modelName(onDisk: string, own: boolean, found?: Set<string>): string {
  if (!WRAPPED.test(onDisk)) return onDisk;
  const unwrapped = withoutWrappers(onDisk, found);
  let name = unwrapped;
  if (!own) {
    name = unwrapped.replace(/(^|\.)base_model\.model\./g, '$1');
    if (name !== unwrapped) found?.add(PEFT_MODEL);
  } else if (unwrapped.startsWith(BASE_MODEL)) {
    name = unwrapped.slice(BASE_MODEL.length);
    found?.add(BASE_MODEL.slice(0, -1));
  }
  for (let leading = leadingOf(name); leading !== undefined; leading = leadingOf(name)) {
    found?.add(leading.slice(0, -1));
    name = name.slice(leading.length);
  }
  return without(name, (segment) => segment === BASE_LAYER, found);
}

/** Whether `base_model` is an attribute of a trainer, and not PEFT's, in which the model is always called `model`. */
function isOwnAttribute(stored: readonly Found[], config: Config | undefined): boolean {
  const names = stored.map(({ onDisk }) => withoutWrappers(onDisk)).filter((name) => name.startsWith(BASE_MODEL));
  if (names.length === 0) return false;
  if (names.some((name) => !name.startsWith(`${PEFT_MODEL}.`))) return true;
  const finds = (prefix: string) =>
    findsLayers(
      names.map((name) => name.slice(prefix.length)),
      config,
    );
  return !finds(`${PEFT_MODEL}.`) && finds(BASE_MODEL);
}

/** What is said of several copies of the model in one checkpoint. */
function copiesSentence(prefix: string | undefined, copies: readonly string[]): string[] {
  if (copies.length < 2) return [];
  const list = some(copies.map((copy) => copy.slice(0, -1)));
  return [
    prefix === undefined
      ? `These are several copies of a model, in ${list}, and nothing says which counts: choose or save one of them.`
      : `These are several copies of a model, in ${list}: the one in ${some([prefix.slice(0, -1)])} is read, ` +
        'and tensors of the others are in no layer.',
  ];
}

/** What the tensor is called in its file; of a computed one, what its base or donor is called there. */
export function nameInFile(tensor: Tensor | LeftOutTensor): string {
  const expression = 'expression' in tensor ? tensor.expression : undefined;
  switch (expression?.kind) {
    case 'scaled':
      return expression.codes.inFile ?? expression.codes.onDisk;
    case 'view':
      return nameInFile(expression.source);
    case 'lora':
      return nameInFile(expression.base);
    default:
      return tensor.inFile ?? tensor.onDisk;
  }
}

function leadingOf(name: string): string | undefined {
  return LEADING.find((prefix) => name.startsWith(prefix));
}

/** A name, an adapter's too, without the attributes of wrappers; those are added to `found`. */
export function withoutWrappers(name: string, found?: Set<string>): string {
  return without(name, (segment) => SEGMENTS.has(segment), found);
}

/** The last segment is the tensor's own. */
function without(name: string, isWrapper: (segment: string) => boolean, found?: Set<string>): string {
  const segments = name.split('.');
  const isOwn = (segment: string, index: number) => index === segments.length - 1 || !isWrapper(segment);
  if (segments.every(isOwn)) return name;
  segments.forEach((segment, index) => {
    if (!isOwn(segment, index)) found?.add(segment);
  });
  return segments.filter(isOwn).join('.');
}

/**
 * `policy.`, where taking it off shows the layers of a model. Of several such prefixes, `copies`, the only one that is
 * not called after another copy of the model counts.
 */
function unknownPrefix(
  names: readonly string[],
  config: Config | undefined,
): { prefix?: string | undefined; copies: readonly string[] } {
  for (let depth = 1; depth <= PREFIX_DEPTH; depth++) {
    const prefixes = new Set<string>();
    for (const name of names) {
      if (!/\.\d+\./.test(name)) continue;
      const segments = name.split('.');
      if (segments.length > depth) prefixes.add(`${segments.slice(0, depth).join('.')}.`);
      if (prefixes.size > PREFIX_LIMIT) break;
    }
    const fitting = [...prefixes].filter((prefix) =>
      findsLayers(
        // A bare `layers` is a stack of any model, CLIP's too.
        names
          .filter((name) => name.startsWith(prefix))
          .map((name) => name.slice(prefix.length))
          .filter((name) => !/^(?:layers|h)\./.test(name)),
        config,
      ),
    );
    const trained = fitting.length === 1 ? fitting : fitting.filter((prefix) => !OTHER_COPY.test(prefix));
    if (fitting.length > 0) return { prefix: trained.length === 1 ? trained[0] : undefined, copies: fitting };
  }
  return { copies: [] };
}
