/**
 * Reads a model's shape off its config and tensor names: the config says how many layers run, names say what is there.
 */
import { FrankensteinError } from '../errors.js';
import { HEADS, UNKNOWN_LAYOUT, layoutById, layoutByModelType, layoutByNames, modelFamily } from '../families/list.js';
import type { Layout } from '../families/family.js';
import { canonicalName, canonicalNames, extraName, isExtra } from './names.js';
import { type ModelShape, indexInStacks, isUnder, locateTensor } from './place.js';

type Config = Readonly<Record<string, unknown>>;

export interface ModelDescription extends ModelShape {
  /** `model_type` of the config, or the layout's id. */
  family: string;
  /** Canonical name per name on disk. */
  names: Map<string, string>;
  /** What is wrong with it, as the end of a sentence: layers that the config counts and that are not stored. */
  missing: string | undefined;
  /** Sentences for the user. */
  warnings: string[];
}

/**
 * Describes the model whose tensors have these names on disk. As many layers as the config says run; what lies beyond
 * them is extra. A config without a count (LLaVA-1.5's), or none, leaves the count to the names: 1 + the highest index.
 * Never throws: what fits no family is `unknown`.
 */
export function describeModel(onDisk: readonly string[], config: Config | undefined): ModelDescription {
  const warnings: string[] = [];
  const modelType = stringOf(config?.['model_type']);
  const family = chooseFamily(onDisk, modelType, warnings);
  const { names, clashes } = canonicalNames(onDisk, family);
  if (config !== undefined) takeHeadForEmbedding(names, config, modelType, warnings);
  if (clashes.length > 0) {
    warnings.push(
      `${clashes.length === 1 ? 'A tensor is' : `${clashes.length} tensors are`} stored under two spellings of ` +
        'one name; the second is compared under its name on disk: ' +
        `${clashes.slice(0, 3).join(', ')}${clashes.length > 3 ? ', …' : ''}.`,
    );
  }

  const stored = new Set<number>();
  const storedVision = family.vision.stacks.map(() => new Set<number>());
  for (const name of names.values()) {
    const vision = indexInStacks(name, family.vision.stacks);
    if (vision !== null) storedVision[vision.stack]!.add(vision.index);
    else {
      const language = indexInStacks(name, family.language.stacks);
      if (language !== null) stored.add(language.index);
    }
  }
  const language = countLayers(stored, config && configuredLayers(config));
  const vision = family.vision.stacks.map((stack, index) =>
    countLayers(storedVision[index]!, config && configuredBlocks(config, family.vision.counts?.[stack])),
  );
  if (config !== undefined && countAbove(config) !== undefined && stored.size > 0)
    warnings.push(
      `config.json counts language layers (num_hidden_layers) above its text_config alone, where transformers does not ` +
        `look for them: it would take its default for the family, and here the ${language.count} that ` +
        'are stored count.',
    );
  const layers = language.count;
  const visionStacks = vision.map(({ count }) => count);
  const visionLayers = visionStacks.reduce((sum, count) => sum + count, 0);
  const missing = [
    ...(language.missing.length > 0 ? [missingSentence('language layers', language)] : []),
    ...vision.filter((one) => one.missing.length > 0).map((one) => missingSentence('vision blocks', one)),
  ][0];

  const extra = new Set<string>();
  const taken = new Set(names.values());
  for (const [disk, name] of names) {
    const inVision = indexInStacks(name, family.vision.stacks);
    const inLanguage = inVision === null ? indexInStacks(name, family.language.stacks) : null;
    const isBeyond =
      inVision !== null
        ? inVision.index >= visionStacks[inVision.stack]!
        : inLanguage !== null && inLanguage.index >= layers;
    if (!isBeyond || taken.has(extraName(name))) continue;
    taken.add(extraName(name));
    names.set(disk, extraName(name));
    extra.add(inVision !== null ? `vision block ${inVision.index}` : `layer ${inLanguage!.index}`);
  }
  if (extra.size > 0) {
    const list = [...extra];
    warnings.push(
      `Stored beyond the ${layers} language ` +
        `layers${visionLayers > 0 ? ` and ${visionLayers} vision blocks` : ''} that config.json counts, so not ` +
        'run and in no layer here: ' +
        `${list.slice(0, 4).join(', ')}${list.length > 4 ? ` and ${list.length - 4} more` : ''}; the names begin ` +
        `with "${extraName('')}".`,
    );
  }

  const shape = { layout: family.id, layers, visionLayers, visionStacks };
  const run = modelType === undefined ? undefined : modelFamily(modelType);
  if (run !== undefined && family === layoutByModelType(run.modelType))
    warnings.push(...besideModel(names.values(), shape, run.unused ?? []));
  if (config !== undefined) {
    const expected = configuredLayers(config);
    if (expected !== undefined && expected > 0 && stored.size === 0)
      warnings.push(
        `config.json says ${expected} language layers, but no tensor has the name of one: nothing is ` +
          'placed in a layer.',
      );
    const headStored = [...names.values()].includes('lm_head.weight');
    if (configuredTie(config) === true && headStored) {
      warnings.push('config.json ties the head to the embedding, yet lm_head.weight is stored too; both are compared.');
    } else if (
      tiesHead(config, modelType) === false &&
      !headStored &&
      family !== UNKNOWN_LAYOUT &&
      layers > 0 &&
      ![...names.values()].some((name) => /(?:^|\.)(?:output|embed_out)\.weight$/.test(name))
    ) {
      warnings.push(
        'By config.json the head is not tied to the embedding, yet no lm_head.weight is stored: ' +
          'transformers would start it at random.',
      );
    }
  }
  return {
    family: modelType ?? family.id,
    ...shape,
    names,
    missing,
    warnings,
  };
}

/**
 * Where the embedding is not stored and the head that is tied to it is, that one matrix is both, as in transformers; it
 * is known by the embedding's name.
 */
function takeHeadForEmbedding(
  names: Map<string, string>,
  config: Config,
  modelType: string | undefined,
  warnings: string[],
): void {
  const family = modelType === undefined ? undefined : modelFamily(modelType);
  if (family === undefined || tiesHead(config, modelType) !== true) return;
  const embedding = `${family.language.root}.embed_tokens.weight`;
  const head = [...names].find(([, name]) => name === HEAD)?.[0];
  if (head === undefined || [...names.values()].includes(embedding)) return;
  names.set(head, embedding);
  warnings.push(`The embedding is not stored, and the head that is tied to it is: ${HEAD} is read as both.`);
}

/** What a model of a family that is run here does not have: a value head, another copy, a head's bias. */
function besideModel(names: Iterable<string>, shape: ModelShape, unused: readonly string[]): string[] {
  const beside = [...names].filter((name) => {
    if (isExtra(name) || COMPUTED_BUFFER.test(name) || isUnder(name, unused)) return false;
    return isUnder(name, HEADS) ? name !== HEAD : locateTensor(name, shape, [0, 0]).section === 'other';
  });
  if (beside.length === 0) return [];
  const named = `${beside.slice(0, 3).join(', ')}${beside.length > 3 ? ', …' : ''}`;
  return [
    `${beside.length === 1 ? 'A tensor is' : `${beside.length} tensors are`} no part of the model as transformers runs it, ` +
      `and in no layer: ${named}.`,
  ];
}

const HEAD = 'lm_head.weight';

interface LayerCount {
  count: number;
  configured: number | undefined;
  /** Those that the config counts and nothing is stored of; the first few. */
  missing: number[];
}

/** @param stored indices that have tensors; none at all are no layers, whatever the config says. */
function countLayers(stored: ReadonlySet<number>, configured: number | undefined): LayerCount {
  if (stored.size === 0) return { count: 0, configured, missing: [] };
  if (configured === undefined) return { count: 1 + Math.max(...stored), configured, missing: [] };
  const missing: number[] = [];
  for (let index = 0; index < configured && missing.length < 4; index++) if (!stored.has(index)) missing.push(index);
  return { count: configured, configured, missing };
}

function missingSentence(what: string, { configured, missing }: LayerCount): string {
  return (
    `has a config.json that says ${configured} ${what}, but nothing is stored of ` +
    `${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}: transformers would start them ` +
    'at random.'
  );
}

/** Whether tensors of these names lie in the language layers of their family. */
export function findsLayers(onDisk: readonly string[], config: Config | undefined): boolean {
  return hasLayers(onDisk, chooseFamily(onDisk, stringOf(config?.['model_type']), []));
}

/** Buffers that older versions stored and that models compute themselves. */
const COMPUTED_BUFFER = /(?:^|\.)(?:inv_freq|original_inv_freq|position_ids|masked_bias)$/;

/**
 * Whether the model runs with the tensor of this name. Not: what is in no section of it, lies in a layer beyond its
 * count, is a buffer that it computes, or a head that it ties.
 */
export function isNeeded(onDisk: string, model: ModelShape, config: Config | undefined): boolean {
  const name = canonicalName(onDisk, layoutById(model.layout));
  if (COMPUTED_BUFFER.test(name)) return false;
  if (name === 'lm_head.weight' && config !== undefined && tiesHead(config, stringOf(config['model_type'])) === true)
    return false;
  const { section, layer } = locateTensor(name, model, [0, 0]);
  if (section === 'other') return false;
  return layer === null || layer < (section === 'vision' ? model.visionLayers : model.layers);
}

function chooseFamily(onDisk: readonly string[], modelType: string | undefined, warnings: string[]): Layout {
  const byNames = layoutByNames(onDisk);
  const byType = modelType === undefined ? undefined : layoutByModelType(modelType);
  if (byType === undefined) return byNames ?? UNKNOWN_LAYOUT;
  if (byNames === undefined || byNames === byType || hasLayers(onDisk, byType)) return byType;
  warnings.push(
    `config.json says ${modelType}, but the tensor names are those of ${byNames.id}; they are read as ${byNames.id}.`,
  );
  return byNames;
}

/** Whether any tensor lies in the numbered language layers that `family` should have. */
function hasLayers(onDisk: readonly string[], family: Layout): boolean {
  return onDisk.some((name) => indexInStacks(canonicalName(name, family), family.language.stacks) !== null);
}

/** The config of the language model, wherever the family keeps it; the config itself when it is flat. */
export function textConfig(config: Config): Config {
  const thinker = objectOf(config['thinker_config']);
  return (
    objectOf(config['text_config']) ?? objectOf(config['llm_config']) ?? objectOf(thinker?.['text_config']) ?? config
  );
}

/** LLaVA-1.5's text_config has no count. */
function configuredLayers(config: Config): number | undefined {
  return countOf(textConfig(config)['num_hidden_layers']);
}

/** A count that stands where transformers does not look, and nowhere else. */
function countAbove(config: Config): number | undefined {
  return configuredLayers(config) === undefined ? countOf(config['num_hidden_layers']) : undefined;
}

/** Blocks of a vision stack. @param key of their count, where the stack has one of its own */
function configuredBlocks(config: Config, key: string | undefined): number | undefined {
  const vision = objectOf(config['vision_config']) ?? objectOf(objectOf(config['thinker_config'])?.['vision_config']);
  if (key !== undefined) return countOf(vision?.[key]);
  return countOf(vision?.['depth']) ?? countOf(vision?.['num_hidden_layers']);
}

/**
 * Whether transformers 5.24 takes the embedding where no head is stored (it takes a stored one in any case). Undefined
 * where the config does not say it and the model's default is not known here.
 */
export function tiesHead(config: Config, modelType: string | undefined): boolean | undefined {
  const flags = [config['tie_word_embeddings'], textConfig(config)['tie_word_embeddings']];
  const family = modelType === undefined ? undefined : modelFamily(modelType);
  // Families that are run have a head of their own unless their config says otherwise.
  if (family === undefined) return configuredTie(config);
  const whole = flags[0] ?? family.tiedByDefault;
  return whole === true || (family.tiedByText === true && flags[1] === true);
}

/** What the config says about tying, where all its flags agree; some models' top level and text config differ. */
function configuredTie(config: Config): boolean | undefined {
  const flags = new Set(
    [config['tie_word_embeddings'], textConfig(config)['tie_word_embeddings']].filter(
      (flag) => typeof flag === 'boolean',
    ),
  );
  return flags.size === 1 ? [...flags][0] : undefined;
}

/** What `sameFamily` looks at. A `Checkpoint` is one. */
export interface FamilyMember {
  path: string;
  family: string;
  layout: string;
  config: Config | undefined;
}

/**
 * Whether two checkpoints may be compared: the same layout, and not two model types that are known to differ. Both
 * on-disk layouts of a family are one family, and so is a finetune whose config has other `architectures`.
 * @throws `mismatch`, naming both.
 */
export function sameFamily(a: FamilyMember, b: FamilyMember): void {
  if (a.layout === b.layout) {
    const bothConfigured =
      stringOf(a.config?.['model_type']) !== undefined && stringOf(b.config?.['model_type']) !== undefined;
    if (a.family === b.family || !bothConfigured) return;
    // A private model_type over a known layout is a finetune; among text models the layout alone tells nothing.
    const bothKnown = layoutByModelType(a.family) !== undefined && layoutByModelType(b.family) !== undefined;
    if (!bothKnown && a.layout !== 'text' && a.layout !== UNKNOWN_LAYOUT.id) return;
  }
  throw new FrankensteinError(
    'mismatch',
    `These are two different families and cannot be compared tensor by tensor: ${a.path} is ` +
      `${a.family}, ${b.path} is ${b.family}.`,
  );
}

function objectOf(value: unknown): Config | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
