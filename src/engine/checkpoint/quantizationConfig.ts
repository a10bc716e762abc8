/** What a config says of quantisation, wherever the method that wrote it keeps that. */
import type { BlockSize } from './scaleGrid.js';

type Config = Readonly<Record<string, unknown>>;

export interface QuantisationSettings {
  /** `quant_method`. */
  method: string | undefined;
  /** Sizes of blocks that share a scale. */
  blocks: BlockSize[];
}

const KEYS = ['quantization_config', 'compression_config'] as const;

/** The settings at the top of a config or in one of its parts (`text_config`); undefined where there are none. */
export function quantisationSettings(config: Config | undefined): QuantisationSettings | undefined {
  const found = partsOf(config).flatMap((part) => KEYS.flatMap((key) => (isObject(part[key]) ? [part[key]] : [])));
  if (found.length === 0) return undefined;
  const methods = found.flatMap(({ quant_method: method }) => (typeof method === 'string' ? [method] : []));
  return { method: methods[0], blocks: found.flatMap(blocksOf) };
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
