/** What a config says of quantisation, wherever the method that wrote it keeps that. */
import type { BlockSize } from './scaleGrid.js';

type Config = Readonly<Record<string, unknown>>;

export interface QuantisationSettings {
  /** `quant_method`. */
  method: string | undefined;
  /** Sizes of blocks that share a scale. */
  blocks: BlockSize[];
  /** Whether the weight of this name may be quantised: its module is not among those that the settings leave out. */
  quantises: (weight: string) => boolean;
}

/** The last is MLX's. */
const KEYS = ['quantization_config', 'compression_config', 'quantization'] as const;
/** Files beside the config in which AutoGPTQ, AutoAWQ and ModelOpt keep their settings. */
export const QUANTISATION_FILES: readonly string[] = [
  'quantize_config.json',
  'quant_config.json',
  'hf_quant_config.json',
];
/** Lists of modules that stay as they are. */
const LEFT_ALONE = ['modules_to_not_convert', 'ignore', 'ignored_layers', 'llm_int8_skip_modules', 'exclude_modules'];

/**
 * The settings at the top of a config or in one of its parts (`text_config`), or in files of their own; undefined where
 * there are none.
 * @param beside contents of those of `QUANTISATION_FILES` that are there
 */
export function quantisationSettings(
  config: Config | undefined,
  beside: readonly Config[] = [],
): QuantisationSettings | undefined {
  const inConfig = partsOf(config).flatMap((part) => KEYS.flatMap((key) => (isObject(part[key]) ? [part[key]] : [])));
  const inFiles = beside.map((file) => (isObject(file['quantization']) ? file['quantization'] : file));
  const found = [...inConfig, ...inFiles];
  if (found.length === 0) return undefined;
  const methods = found
    .flatMap((one) => [one['quant_method'], one['quant_algo']])
    .filter((name) => typeof name === 'string');
  const patterns = found.flatMap(leftAlone);
  return {
    method: methods[0],
    blocks: found.flatMap(blocksOf),
    quantises: (weight) => !patterns.some((fits) => fits(weight.replace(/\.weight$/, ''))),
  };
}

/**
 * Patterns of modules that are not quantised, as transformers and compressed-tensors match them: a name, its beginning
 * or its end, or a regular expression from the beginning on. They come from an untrusted file: of expressions, only
 * names with `.*` and `*` in them are understood. With any other, a module counts as quantised.
 */
function leftAlone(settings: Config): ((module: string) => boolean)[] {
  const names = LEFT_ALONE.flatMap((key) => (Array.isArray(settings[key]) ? (settings[key] as unknown[]) : []));
  return names.flatMap((name) => {
    if (typeof name !== 'string' || name === '') return [];
    const pattern = name.replace(/^re:/, '').replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
    const pieces = pattern.split(/\.?\*/);
    if (pieces.some((piece) => !/^[\w.-]*$/.test(piece))) return [];
    const [first, ...rest] = pieces as [string, ...string[]];
    if (rest.length > 0)
      return [(module: string) => module.startsWith(first) && isInOrder(module.slice(first.length), rest)];
    return [(module: string) => `${module}.`.startsWith(`${pattern}.`) || `.${module}`.endsWith(`.${pattern}`)];
  });
}

/** Whether the pieces stand in the text one after the other, with anything between them. */
function isInOrder(text: string, pieces: readonly string[]): boolean {
  let from = 0;
  return pieces.every((piece) => {
    const at = text.indexOf(piece, from);
    from = at + piece.length;
    return at >= 0;
  });
}

/** The config without its settings of quantisation: that of a model whose weights are plain numbers. */
export function withoutQuantisation(config: Config): Record<string, unknown> {
  const kept = Object.entries(config).filter(([key]) => !(KEYS as readonly string[]).includes(key));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, key.endsWith('_config') && isObject(value) ? withoutQuantisation(value) : value]),
  );
}

/** The config and the configs in it. */
function partsOf(config: Config | undefined): Config[] {
  if (config === undefined) return [];
  const inner = Object.entries(config).flatMap(([key, value]) =>
    key.endsWith('_config') && !(KEYS as readonly string[]).includes(key) && isObject(value) ? partsOf(value) : [],
  );
  return [config, ...inner];
}

/** FP8's `weight_block_size`; compressed-tensors' `block_structure` and `group_size`, per group. */
function blocksOf(settings: Config): BlockSize[] {
  const groups = isObject(settings['config_groups']) ? Object.values(settings['config_groups']) : [];
  const weights = groups.flatMap((group) => (isObject(group) && isObject(group['weights']) ? [group['weights']] : []));
  return [
    ...sizesOf(settings['weight_block_size']),
    ...sizesOf([1, settings['group_size']]),
    ...weights.flatMap((weight) => [...sizesOf(weight['block_structure']), ...sizesOf([1, weight['group_size']])]),
  ];
}

function sizesOf(value: unknown): BlockSize[] {
  const isSize = (one: unknown): one is number => typeof one === 'number' && Number.isSafeInteger(one) && one > 0;
  return Array.isArray(value) && value.length === 2 && isSize(value[0]) && isSize(value[1])
    ? [[value[0], value[1]]]
    : [];
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
