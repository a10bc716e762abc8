/** Reads a model's shape off its tensor names, with the config as a cross-check: names are what is there, configs drift. */
import { FrankensteinError } from '../errors.js';
import { type Family, UNKNOWN_FAMILY, familyByModelType, familyByNames } from './families.js';
import { canonicalNames } from './names.js';
import { type ModelShape, indexInStacks } from './place.js';

type Config = Readonly<Record<string, unknown>>;

export interface ModelDescription extends ModelShape {
  /** `model_type` of the config, or the layout's id. */
  family: string;
  /** Canonical name per name on disk. */
  names: Map<string, string>;
  /** Sentences for the user. */
  warnings: string[];
}

/** Describes the model whose tensors have these names on disk. Never throws: what fits no family is `unknown`. */
export function describeModel(onDisk: readonly string[], config: Config | undefined): ModelDescription {
  const warnings: string[] = [];
  const modelType = stringOf(config?.['model_type']);
  const family = chooseFamily(onDisk, modelType, warnings);
  const { names, clashes } = canonicalNames(onDisk, family);
  if (clashes.length > 0) {
    warnings.push(
      `${clashes.length === 1 ? 'A tensor is' : `${clashes.length} tensors are`} stored under two spellings of one name; the second is compared under its name on disk: ${clashes.slice(0, 3).join(', ')}${clashes.length > 3 ? ', …' : ''}.`,
    );
  }

  let layers = 0;
  const visionStacks = family.vision.stacks.map(() => 0);
  for (const name of names.values()) {
    const vision = indexInStacks(name, family.vision.stacks);
    if (vision !== null) {
      visionStacks[vision.stack] = Math.max(visionStacks[vision.stack] ?? 0, vision.index + 1);
      continue;
    }
    const language = indexInStacks(name, family.language.stacks);
    if (language !== null) layers = Math.max(layers, language.index + 1);
  }
  const visionLayers = visionStacks.reduce((sum, count) => sum + count, 0);

  if (config !== undefined) {
    const expected = configuredLayers(config);
    if (expected !== undefined && layers > 0 && expected !== layers) {
      warnings.push(`config.json says ${expected} language layers, the tensors have ${layers}; the tensors count.`);
    }
    const expectedVision = configuredVisionLayers(config);
    if (expectedVision !== undefined && visionLayers > 0 && expectedVision !== visionLayers) {
      warnings.push(
        `config.json says ${expectedVision} vision blocks, the tensors have ${visionLayers}; the tensors count.`,
      );
    }
    const tied = configuredTie(config);
    const headStored = [...names.values()].includes('lm_head.weight');
    if (tied === true && headStored) {
      warnings.push('config.json ties the head to the embedding, yet lm_head.weight is stored too; both are compared.');
    } else if (
      tied === false &&
      !headStored &&
      family !== UNKNOWN_FAMILY &&
      layers > 0 &&
      ![...names.values()].some((name) => /(?:^|\.)(?:output|embed_out)\.weight$/.test(name))
    ) {
      warnings.push('config.json says that the head is not tied to the embedding, yet no lm_head.weight is stored.');
    }
  }
  return { family: modelType ?? family.id, layout: family.id, layers, visionLayers, visionStacks, names, warnings };
}

function chooseFamily(onDisk: readonly string[], modelType: string | undefined, warnings: string[]): Family {
  const byNames = familyByNames(onDisk);
  const byType = modelType === undefined ? undefined : familyByModelType(modelType);
  if (byType === undefined) return byNames ?? UNKNOWN_FAMILY;
  if (byNames === undefined || byNames === byType || hasLayers(onDisk, byType)) return byType;
  warnings.push(
    `config.json says ${modelType}, but the tensor names are those of ${byNames.id}; they are read as ${byNames.id}.`,
  );
  return byNames;
}

/** Whether any tensor lies in the numbered language layers that `family` should have. */
function hasLayers(onDisk: readonly string[], family: Family): boolean {
  for (const name of canonicalNames(onDisk, family).names.values()) {
    if (indexInStacks(name, family.language.stacks) !== null) return true;
  }
  return false;
}

/** The config of the language model, wherever the family keeps it; the config itself when it is flat. */
export function textConfig(config: Config): Config {
  const thinker = objectOf(config['thinker_config']);
  return (
    objectOf(config['text_config']) ?? objectOf(config['llm_config']) ?? objectOf(thinker?.['text_config']) ?? config
  );
}

function configuredLayers(config: Config): number | undefined {
  // LLaVA-1.5's text_config has no count; its top level neither.
  return countOf(textConfig(config)['num_hidden_layers']) ?? countOf(config['num_hidden_layers']);
}

function configuredVisionLayers(config: Config): number | undefined {
  const vision = objectOf(config['vision_config']) ?? objectOf(objectOf(config['thinker_config'])?.['vision_config']);
  const blocks = countOf(vision?.['depth']) ?? countOf(vision?.['num_hidden_layers']);
  return blocks === undefined ? undefined : blocks + (countOf(vision?.['num_global_layers']) ?? 0);
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
    const bothKnown = familyByModelType(a.family) !== undefined && familyByModelType(b.family) !== undefined;
    if (!bothKnown && a.layout !== 'text' && a.layout !== UNKNOWN_FAMILY.id) return;
  }
  throw new FrankensteinError(
    'mismatch',
    `These are two different families and cannot be compared tensor by tensor: ${a.path} is ${a.family}, ${b.path} is ${b.family}.`,
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
