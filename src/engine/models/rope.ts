/**
 * Rotary position embedding: frequencies per family and config, positions of text and images, tables of cos and sin.
 */
import { malformed, quoted, shown } from '../checkpoint/failure.js';
import { FrankensteinError } from '../errors.js';
import {
  checked,
  finite,
  index,
  isEmpty,
  isRecord,
  type JsonObject,
  listOf,
  outOfRange,
  positive,
  valueOf,
} from './config/check.js';
import type { LanguageFamily } from '../families/family.js';

export interface Rotation {
  /** Radians per position for each pair of a head's dimensions, fp32 as transformers computes them. */
  inverseFrequencies: Float32Array;
  /** By what cos and sin are multiplied. */
  scale: number;
}

/** How a config turns positions into angles. */
export interface Rope {
  rotation: Rotation;
  /** Which coordinate (0 time, 1 height, 2 width) turns each pair. */
  axes: Uint8Array;
  /** Sentences about settings that have no effect. */
  notices: string[];
}

/** Scalings for which transformers looks for the context length beside them, and finds none above a text_config. */
const SCALED_BY_CONTEXT = ['llama3', 'yarn', 'longrope'];
/** `dynamic` changes nothing within the context, beyond which no prompt is taken. */
const BUILT = ['default', 'linear', 'dynamic', 'llama3', 'yarn'];

/**
 * The rotation of the language model, from the settings that count where a config has several, as transformers decides:
 * `rope_scaling` in place of all of `rope_parameters`, a theta inside before one beside, nothing above a `text_config`.
 * @param config the whole config, `text` the language model's part of it, which may be the same object.
 * @param file names the file in messages.
 * @throws `unsupported` for a scaling that is not built here; `malformed` for values that transformers would not run.
 */
export function readRope(
  config: JsonObject,
  text: JsonObject,
  family: LanguageFamily,
  headDim: number,
  file: string,
): Rope {
  const at = text === config ? '' : config['text_config'] === text ? 'text_config.' : 'llm_config.';
  const key = isEmpty(text['rope_scaling']) ? 'rope_parameters' : 'rope_scaling';
  for (const name of ['rope_scaling', 'rope_parameters']) {
    if (!isEmpty(text[name]) && !isRecord(text[name])) throw outOfRange(file, at + name, text[name], 'an object');
  }
  const given = isRecord(text[key]) ? text[key] : {};
  const settings: RopeSettings = { file, at: `${at}${key}`, family, ...standardised(given, config, text, family) };
  const layered = ['full_attention', 'sliding_attention'].find((type) => isRecord(given[type]));
  if (layered !== undefined)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} gives each type of layer a rotation of its own (${quoted(`${settings.at}.${layered}`)}), ` +
        'which is not built here.',
    );
  const rotation = rotationOf(settings, headDim);
  return {
    rotation,
    axes: axesOf(settings, rotation.inverseFrequencies.length),
    notices: [
      ...(text === config ? [] : aboveText(config, settings.values['rope_theta'], file)),
      ...[config, ...(text === config ? [] : [text])].flatMap((part) =>
        isEmpty(part['mrope_section']) ? [] : [outside(file)],
      ),
    ],
  };
}

/** Transformers looks for the sections among the settings of the rotation alone. */
function outside(file: string): string {
  return (
    `${shown(file)} sets "mrope_section" outside its settings of the rotation; it has no effect there, ` +
    'as in transformers.'
  );
}

interface RopeSettings {
  file: string;
  /** Where the settings stand, for messages. */
  at: string;
  family: LanguageFamily;
  kind: unknown;
  values: JsonObject;
  /** `max_position_embeddings` as the config has it. */
  context: unknown;
}

/** The settings with what stands beside them filled in. */
function standardised(
  given: JsonObject,
  config: JsonObject,
  text: JsonObject,
  family: LanguageFamily,
): Pick<RopeSettings, 'kind' | 'values' | 'context'> {
  const kind = 'rope_type' in given ? given['rope_type'] : 'type' in given ? given['type'] : 'default';
  const values: Record<string, unknown> = { ...given };
  if (!('rope_theta' in given)) values['rope_theta'] = 'rope_theta' in text ? text['rope_theta'] : family.ropeTheta;
  // A vision-language config without text_config hands its language model the keys that model declares, not these two.
  const declared = family.axes === 'text' || text !== config;
  const partial = 'partial_rotary_factor' in text ? text['partial_rotary_factor'] : family.partialRotary;
  if (declared && !('partial_rotary_factor' in given) && !isEmpty(partial)) values['partial_rotary_factor'] = partial;
  const context = 'original_max_position_embeddings';
  if (declared && context in text) values[context] = text[context];
  else if (!(context in given)) values[context] = text['max_position_embeddings'];
  return {
    kind: kind === 'mrope' && family.axes === 'sections' ? 'default' : kind,
    values,
    context: text['max_position_embeddings'],
  };
}

/** Transformers ignores these, or fails over them. @throws `malformed` */
function aboveText(config: JsonObject, theta: unknown, file: string): string[] {
  const notices: string[] = [];
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = config[key];
    if (!isRecord(value) || isEmpty(value)) continue;
    const kind = value['rope_type'] ?? value['type'] ?? 'default';
    if (typeof kind === 'string' && SCALED_BY_CONTEXT.includes(kind))
      throw malformed(
        file,
        `sets ${quoted(key)} to ${quoted(kind)} above its text_config, where transformers refuses it: ` +
          'move it into text_config.',
      );
    if (kind !== 'default' && kind !== 'mrope') notices.push(key);
  }
  if (!isEmpty(config['rope_theta']) && config['rope_theta'] !== theta) notices.push('rope_theta');
  return notices.map(
    (key) => `${shown(file)} sets ${quoted(key)} above its text_config; it has no effect there, as in transformers.`,
  );
}

function rotationOf(settings: RopeSettings, headDim: number): Rotation {
  const { kind, file, at } = settings;
  if (kind === 'mrope')
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} scales its positions by "mrope" (${quoted(at)}), ` +
        'which transformers does not know for this family.',
    );
  if (typeof kind !== 'string' || !BUILT.includes(kind))
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} scales its positions by ${valueOf(kind)}, which is not built here; default, linear, ` +
        `dynamic, llama3, yarn and mrope are (${quoted(at)}).`,
    );
  const theta = numberIn(settings, 'rope_theta', positive);
  const plain = axialFrequencies(rotatedOf(settings, headDim), theta);
  const inverseFrequencies = frequencies(settings, plain, theta);
  if (!inverseFrequencies.every(Number.isFinite))
    throw malformed(file, `has settings in ${quoted(at)} that make its rotation infinite.`);
  return { inverseFrequencies, scale: kind === 'yarn' ? yarnScale(settings) : 1 };
}

/** Dimensions of a head that are rotated, an even number. @throws `malformed`, `unsupported` */
function rotatedOf(settings: RopeSettings, headDim: number): number {
  const { kind, file, at, family, values } = settings;
  const partial =
    values['partial_rotary_factor'] === undefined ? 1 : numberIn(settings, 'partial_rotary_factor', positive);
  const rotated = Math.trunc(headDim * partial);
  if (family.partialRotary !== undefined) {
    if (rotated < 2 || rotated % 2 !== 0 || rotated > headDim)
      throw outOfRange(
        file,
        `${at}.partial_rotary_factor`,
        partial,
        `a fraction that rotates an even number of a head's ${headDim} dimensions`,
      );
    return rotated;
  }
  // Without scaling, transformers' classes of these families do not look at it.
  if (kind !== 'default' && rotated !== headDim)
    throw new FrankensteinError(
      'unsupported',
      `${shown(file)} sets "partial_rotary_factor" to ${partial}; models of this family do not run a ` +
        `rotation of part of a head scaled by ${String(kind)}.`,
    );
  return headDim;
}

function frequencies(settings: RopeSettings, plain: Float32Array, theta: number): Float32Array {
  switch (settings.kind) {
    case 'linear': {
      const factor = numberIn(settings, 'factor', positive);
      return plain.map((frequency) => frequency / factor);
    }
    case 'llama3':
      return llama3(settings, plain);
    case 'yarn':
      return yarn(settings, plain, theta);
    default:
      return plain;
  }
}

/** 1 / theta^(2i / dim) for i in 0 … dim / 2. */
export function axialFrequencies(dim: number, theta: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, index) => 1 / Math.fround(theta ** Math.fround((2 * index) / dim)));
}

/** A number that the scaling cannot do without. @throws `malformed` */
function numberIn(
  { values, kind, file, at }: RopeSettings,
  key: string,
  schema: typeof positive | typeof finite,
): number {
  if (values[key] === undefined)
    throw malformed(file, `scales its positions by ${quoted(String(kind))} but gives no ${quoted(`${at}.${key}`)}.`);
  return checked(schema, values[key], file, `${at}.${key}`);
}

/** A number that may be missing or null. @throws `malformed` */
function optionalIn(
  settings: RopeSettings,
  key: string,
  schema: typeof positive | typeof finite = finite,
): number | undefined {
  return settings.values[key] === undefined || settings.values[key] === null
    ? undefined
    : numberIn(settings, key, schema);
}

/** Long wavelengths are stretched by `factor`, short ones kept, those between interpolated. */
function llama3(settings: RopeSettings, plain: Float32Array): Float32Array {
  const need = (key: string) => numberIn(settings, key, positive);
  const [factor, low, high, context] = [
    need('factor'),
    need('low_freq_factor'),
    need('high_freq_factor'),
    need('original_max_position_embeddings'),
  ];
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < context / high) return frequency;
    if (wavelength > context / low) return frequency / factor;
    const smooth = (context / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** By how much the context is stretched: as given, or as the lengths before and after say where it is null. */
function yarnFactor(settings: RopeSettings): number {
  if (settings.values['factor'] !== null) return numberIn(settings, 'factor', positive);
  const context = checked(positive, settings.context, settings.file, 'max_position_embeddings');
  return context / numberIn(settings, 'original_max_position_embeddings', positive);
}

/**
 * Pairs that turn often within the trained context keep their frequency, those that turn less than once are stretched
 * by `factor`, those between are mixed by a ramp over their index. Source: arXiv 2309.00071, as transformers has it.
 */
function yarn(settings: RopeSettings, plain: Float32Array, theta: number): Float32Array {
  const factor = yarnFactor(settings);
  const trained = numberIn(settings, 'original_max_position_embeddings', positive);
  if (theta === 1)
    throw outOfRange(settings.file, `${settings.at}.rope_theta`, theta, 'a number other than 1 with yarn');
  const dim = 2 * plain.length;
  const { truncate = true } = settings.values;
  /** Index of the pair that turns so many times within the trained context. */
  const pairOf = (mutex: number) => (dim * Math.log(trained / (mutex * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [
    pairOf(optionalIn(settings, 'beta_fast') || 32),
    pairOf(optionalIn(settings, 'beta_slow') || 1),
  ];
  const low = Math.max(isEmpty(truncate) ? fast : Math.floor(fast), 0);
  const high = Math.min(isEmpty(truncate) ? slow : Math.ceil(slow), dim - 1);
  const width = low === high ? 0.001 : high - low;
  return plain.map((frequency, pair) => {
    const stretched = Math.fround(Math.min(1, Math.max(0, (pair - low) / width)));
    return (frequency / factor) * stretched + frequency * (1 - stretched);
  });
}

function yarnScale(settings: RopeSettings): number {
  const given = optionalIn(settings, 'attention_factor');
  if (given !== undefined) return given;
  const factor = yarnFactor(settings);
  const grown = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [scale, all] = [optionalIn(settings, 'mscale'), optionalIn(settings, 'mscale_all_dim')];
  return scale && all ? grown(scale) / grown(all) : grown(1);
}

const SECTIONS = listOf(index, 'a list of whole numbers');

/** Which coordinate turns each of `pairs` pairs. @throws `malformed` */
function axesOf({ values, family, file, at }: RopeSettings, pairs: number): Uint8Array {
  const axes = new Uint8Array(pairs);
  if (family.axes === 'text') return axes;
  const key = `${at}.mrope_section`;
  const sections =
    'mrope_section' in values ? checked(SECTIONS, values['mrope_section'], file, key) : [...family.sections];
  if (family.axes === 'interleaved') {
    if (sections.length < 3) throw outOfRange(file, key, sections, 'three whole numbers: time, height, width');
    const [, height, width] = sections as [number, number, number];
    for (let pair = 1; pair < 3 * height && pair < pairs; pair += 3) axes[pair] = 1;
    for (let pair = 2; pair < 3 * width && pair < pairs; pair += 3) axes[pair] = 2;
    return axes;
  }
  const sum = sections.reduce((total, section) => total + section, 0);
  if (sum !== pairs)
    throw malformed(
      file,
      `has mrope sections ${sections.join(' + ')} (${quoted(key)}), which do not add up to ${pairs}, half a head.`,
    );
  let begin = 0;
  sections.forEach((section, location) => axes.fill(location % 3, begin, (begin += section)));
  return axes;
}

/** Positions of a prompt's tokens, and the one that follows. */
export interface Positions {
  /** [3, tokens]: time, height, width. */
  values: Int32Array;
  next: number;
}

/**
 * Text counts up on all three axes; an image's tokens share one time, count rows and columns from there, and the
 * text after it goes on past the larger of the two. Source: `get_rope_index` of transformers.
 * @param images where each begins, and its grid after merging: [t, rows, columns].
 */
export function ropePositions(
  tokens: number,
  images: readonly { start: number; grid: readonly [number, number, number] }[],
): Positions {
  const values = new Int32Array(3 * tokens);
  let position = 0;
  let token = 0;
  const text = (end: number) => {
    for (; token < end; token++, position++)
      for (let axis = 0; axis < 3; axis++) values[axis * tokens + token] = position;
  };
  for (const {
    start,
    grid: [times, rows, columns],
  } of images) {
    text(start);
    for (let time = 0; time < times; time++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, token++) {
          values[token] = position + time;
          values[tokens + token] = position + row;
          values[2 * tokens + token] = position + column;
        }
      }
    }
    position += Math.max(rows, columns);
  }
  text(tokens);
  // Not simply `position`: an image of many frames may reach further in time than in space.
  return { values, next: values.reduce((largest, value) => Math.max(largest, value), -1) + 1 };
}

/** Writes cos and sin of one token's angles at `offset` of the tables. `at`: its three coordinates. */
export function writeAngles(
  cos: Float32Array,
  sin: Float32Array,
  offset: number,
  at: readonly [number, number, number],
  { inverseFrequencies: inverse, scale }: Rotation,
  axes: Uint8Array,
): void {
  for (let pair = 0; pair < inverse.length; pair++) {
    const angle = Math.fround(at[axes[pair]!]! * inverse[pair]!);
    cos[offset + pair] = scale * Math.cos(angle);
    sin[offset + pair] = scale * Math.sin(angle);
  }
}
