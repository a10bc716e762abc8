/** Rotary position embedding: frequencies per family and config, positions of text and pictures, tables of cos and sin. */
import { FrankensteinError } from '../errors.js';
import type { LanguageFamily } from './families.js';

type Config = Readonly<Record<string, unknown>>;

export interface Rotation {
  /** Radians per position for each pair of a head's dimensions, fp32 as transformers computes them. */
  inverseFrequencies: Float32Array;
  /** By what cos and sin are multiplied. */
  scale: number;
}

/** @throws `unsupported` for a scaling that is not built here. `where` names the checkpoint. */
export function rotationOf(config: Config, headDim: number, defaultTheta: number, where: string): Rotation {
  const parameters = ropeParameters(config);
  const kind = parameters['rope_type'] ?? parameters['type'] ?? 'default';
  return {
    inverseFrequencies: frequencies(config, headDim, defaultTheta, kind, where),
    scale: kind === 'yarn' ? yarnScale(parameters, where) : 1,
  };
}

function frequencies(
  config: Config,
  headDim: number,
  defaultTheta: number,
  kind: unknown,
  where: string,
): Float32Array {
  const parameters = ropeParameters(config);
  const theta = numberOf(parameters['rope_theta']) ?? numberOf(config['rope_theta']) ?? defaultTheta;
  const plain = axialFrequencies(headDim, theta);
  switch (kind) {
    case 'default':
    case 'mrope':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / (numberOf(parameters['factor']) ?? 1));
    case 'llama3':
      return llama3(plain, parameters, where);
    case 'yarn':
      return yarn(plain, theta, parameters, numberOf(config['max_position_embeddings']), where);
    default:
      throw new FrankensteinError(
        'unsupported',
        `${where} scales its positions by ${JSON.stringify(kind)}, which is not built here; default, linear, llama3, yarn and mrope are.`,
      );
  }
}

/** 1 / theta^(2i / dim) for i in 0 … dim / 2. */
export function axialFrequencies(dim: number, theta: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, index) => 1 / Math.fround(theta ** Math.fround((2 * index) / dim)));
}

/** A number that the scaling cannot do without. @throws `malformed` */
function needed(parameters: Config, key: string, kind: string, where: string, otherwise?: number): number {
  const value = numberOf(parameters[key]) ?? otherwise;
  if (value === undefined)
    throw new FrankensteinError('malformed', `${where} scales its positions by ${kind} but gives no ${key}.`);
  return value;
}

/** Long wavelengths are stretched by `factor`, short ones kept, those between interpolated. */
function llama3(plain: Float32Array, parameters: Config, where: string): Float32Array {
  const need = (key: string) => needed(parameters, key, 'llama3', where);
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

/**
 * Pairs that turn often within the trained context keep their frequency, those that turn less than once are stretched
 * by `factor`, those between are mixed by a ramp over their index. Source: arXiv 2309.00071, as transformers has it.
 */
function yarn(
  plain: Float32Array,
  theta: number,
  parameters: Config,
  context: number | undefined,
  where: string,
): Float32Array {
  const factor = needed(parameters, 'factor', 'yarn', where);
  const trained = needed(parameters, 'original_max_position_embeddings', 'yarn', where, context);
  const dim = 2 * plain.length;
  const truncate = parameters['truncate'] !== false;
  /** Index of the pair that turns so many times within the trained context. */
  const pairOf = (turns: number) => (dim * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [
    pairOf(numberOf(parameters['beta_fast']) || 32),
    pairOf(numberOf(parameters['beta_slow']) || 1),
  ];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1);
  const width = low === high ? 0.001 : high - low;
  return plain.map((frequency, pair) => {
    const stretched = Math.fround(Math.min(1, Math.max(0, (pair - low) / width)));
    return (frequency / factor) * stretched + frequency * (1 - stretched);
  });
}

function yarnScale(parameters: Config, where: string): number {
  const given = numberOf(parameters['attention_factor']);
  if (given !== undefined) return given;
  const factor = needed(parameters, 'factor', 'yarn', where);
  const grown = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [scale, all] = [numberOf(parameters['mscale']), numberOf(parameters['mscale_all_dim'])];
  return scale && all ? grown(scale) / grown(all) : grown(1);
}

/** Which coordinate turns each of `pairs` pairs. */
export function ropeAxes(family: LanguageFamily, config: Config, pairs: number, where: string): Uint8Array {
  const axes = new Uint8Array(pairs);
  if (family.axes === 'text') return axes;
  const given = ropeParameters(config)['mrope_section'];
  const sections = Array.isArray(given) ? (given as number[]) : family.sections;
  const [time = 0, height = 0, width = 0] = sections;
  if (time + height + width !== pairs)
    throw new FrankensteinError(
      'malformed',
      `${where} has mrope sections ${sections.join(' + ')}, which do not add up to ${pairs}, half a head.`,
    );
  if (family.axes === 'sections') {
    axes.fill(1, time, time + height);
    axes.fill(2, time + height);
  } else {
    for (let pair = 1; pair < 3 * height && pair < pairs; pair += 3) axes[pair] = 1;
    for (let pair = 2; pair < 3 * width && pair < pairs; pair += 3) axes[pair] = 2;
  }
  return axes;
}

function ropeParameters(config: Config): Config {
  // Transformers 5 writes `rope_parameters`, earlier ones `rope_scaling` beside `rope_theta`.
  for (const key of ['rope_parameters', 'rope_scaling']) {
    const value = config[key];
    if (typeof value === 'object' && value !== null) return value as Config;
  }
  return {};
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Positions of a prompt's tokens, and the one that follows. */
export interface Positions {
  /** [3, tokens]: time, height, width. */
  values: Int32Array;
  next: number;
}

/**
 * Text counts up on all three axes; a picture's tokens share one time, count rows and columns from there, and the
 * text after it goes on past the larger of the two. Source: `get_rope_index` of transformers.
 * @param pictures where each begins, and its grid after merging: [t, rows, columns].
 */
export function ropePositions(
  tokens: number,
  pictures: readonly { start: number; grid: readonly [number, number, number] }[],
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
  } of pictures) {
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
  // Not simply `position`: a picture of many frames may reach further in time than in space.
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
