/**
 * The vision tower: images in, features for the language model out. Images of the same grid go through together,
 * as many as memory allows; an image too large for that attends in pieces.
 */
import * as ort from 'onnxruntime-node';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { throwIfCancelled } from '../errors.js';
import type { WeightFormat } from './graphs/ops.js';
import { projectorGraph } from './graphs/projector.js';
import { patchGraph, visionBlockGraph, visionProjectionGraph } from './graphs/vision.js';
import { type Grid, patchPositions, tableMix, windowOrder } from './grid.js';
import type { ProcessedImage } from './processor/processedImage.js';
import { axialFrequencies } from './rope.js';
import type { Sessions } from './sessions.js';
import { frameTokens, type VisionSpec } from './visionShape.js';
import { type Allocate, bytesOfParts, type Feeds, readParts, reusing, type WeightPart } from './weights.js';

/** What the language model gets of one image. */
export interface ImageFeatures {
  /** [merged patches, hidden]. */
  features: Float32Array;
  /** The same for each language layer that gets more of them, from the first on. */
  deepstack: Float32Array[];
}

interface Part {
  /** What it is, and its number where there are several. */
  key: string;
  parts: WeightPart[];
}

export class VisionTower {
  private readonly kept = new Map<string, Feeds>();
  private readonly memories = new Map<string, Allocate>();

  constructor(
    private readonly spec: VisionSpec,
    private readonly checkpoint: Checkpoint,
    /** Width of the language model. */
    private readonly out: number,
    private readonly format: WeightFormat,
    private readonly sessions: Sessions,
    private readonly settings: {
      /** Whether weights stay in memory after their use. */
      keep: boolean;
      activationBytes: number;
    },
  ) {}

  /**
   * Features of each image, in order. An image given twice is computed once.
   * @throws `cancelled`
   */
  async encode(images: readonly ProcessedImage[], signal?: AbortSignal): Promise<ImageFeatures[]> {
    const unique = [...new Set(images)];
    const byGrid = new Map<string, ProcessedImage[]>();
    for (const image of unique) {
      const key = image.grid.join();
      const group = byGrid.get(key);
      if (group) group.push(image);
      else byGrid.set(key, [image]);
    }
    const found = new Map<ProcessedImage, ImageFeatures>();
    for (const group of byGrid.values()) {
      const [times, height, width] = group[0]!.grid;
      const tokens = frameTokens(this.spec, height * width);
      const bytes = times * tokens * patchBytes(this.spec, tokens);
      const atOnce = Math.max(1, Math.floor(this.settings.activationBytes / bytes));
      for (let first = 0; first < group.length; first += atOnce) {
        const some = group.slice(first, first + atOnce);
        const features = await this.encodeGroup(some, signal);
        some.forEach((image, index) => found.set(image, features[index]!));
      }
    }
    return images.map((image) => found.get(image)!);
  }

  /** Images of one grid. */
  private async encodeGroup(images: readonly ProcessedImage[], signal?: AbortSignal): Promise<ImageFeatures[]> {
    const { spec } = this;
    const { grid } = images[0]!;
    const layout = layoutOf(spec, grid, images.length);
    let x: Float32Array = await this.patches(images, layout);
    const [count, width] = [layout.tokens, spec.width];
    const [q, k, v] = [
      new Float32Array(count * width),
      new Float32Array(count * width),
      new Float32Array(count * width),
    ];
    let y: Float32Array = new Float32Array(count * width);
    const deepstack: Float32Array[] = [];
    const tensor = (values: Float32Array, first = 0, rows = count) =>
      new ort.Tensor('float32', values.subarray(first * width, (first + rows) * width), [rows, width]);
    for (let block = 0; block < spec.blocks; block++) {
      throwIfCancelled(signal);
      const { projection, rest } = blockParts(spec, block);
      await this.sessions.run(
        `vision projection ${this.format}`,
        () => visionProjectionGraph(spec, this.format),
        { x: tensor(x), ...layout.rotation, ...(await this.weights(projection)) },
        { q: tensor(q), k: tensor(k), v: tensor(v) },
      );
      const weights = await this.weights(rest);
      const segments = spec.window === null || spec.fullBlocks.has(block) ? layout.frames : layout.windows;
      for (const piece of piecesOf(segments, spec, this.settings.activationBytes)) {
        throwIfCancelled(signal);
        const { first, count: rows, keyFirst, keyCount, feeds } = piece;
        await this.sessions.run(
          `vision block ${this.format}${piece.padded ? ' padded' : ''}`,
          () => visionBlockGraph(spec, this.format, piece.padded),
          {
            x: tensor(x, first, rows),
            q: tensor(q, first, rows),
            k: tensor(k, keyFirst, keyCount),
            v: tensor(v, keyFirst, keyCount),
            ...feeds,
            ...weights,
          },
          { y: tensor(y, first, rows) },
        );
      }
      [x, y] = [y, x];
      const side = spec.deepstack.indexOf(block);
      if (side >= 0) deepstack[side] = await this.project(tensor(x), layout.features, side);
    }
    const merged = await this.project(tensor(x), layout.features);
    return images.map((_, index) => ({
      features: layout.unorder(merged, index, this.out),
      deepstack: deepstack.map((features) => layout.unorder(features, index, this.out)),
    }));
  }

  private async patches(images: readonly ProcessedImage[], layout: Layout): Promise<Float32Array> {
    const { spec } = this;
    const pixels = new Float32Array(layout.patches * spec.patchValues);
    images.forEach((image, index) => pixels.set(image.pixelValues, (index * pixels.length) / images.length));
    const bias = hasPatchBias(this.checkpoint, spec);
    const feeds: Feeds = {
      pixels: new ort.Tensor('float32', pixels, [layout.patches, spec.patchValues]),
      ...(await this.weights(patchParts(spec, bias))),
    };
    if (layout.order) feeds['order'] = layout.order;
    if (layout.places) feeds['places'] = layout.places;
    if (layout.mix)
      Object.assign(
        feeds,
        layout.mix,
        await this.weights(
          {
            key: 'table',
            parts: [
              { input: 'table', names: [`${spec.root}.pos_embed.weight`], dims: [spec.tableSide ** 2, spec.width] },
            ],
          },
          'F32',
        ),
      );
    const x = new Float32Array(layout.tokens * spec.width);
    await this.sessions.run(`patches ${this.format}`, () => patchGraph(spec, { format: this.format, bias }), feeds, {
      x: new ort.Tensor('float32', x, [layout.tokens, spec.width]),
    });
    return x;
  }

  /** @param tokens of the language model. @param side which of the side mergers, where it is one. */
  private async project(x: ort.Tensor, tokens: number, side?: number): Promise<Float32Array> {
    const features = new Float32Array(tokens * this.out);
    const aside = side !== undefined;
    await this.sessions.run(
      `projector ${this.format}${aside ? ' aside' : ''}`,
      () => projectorGraph(this.spec, { format: this.format, out: this.out, aside }),
      { x, ...(await this.weights(projectorParts(this.spec, this.out, side))) },
      { features: new ort.Tensor('float32', features, [tokens, this.out]) },
    );
    return features;
  }

  private async weights({ key, parts }: Part, format = this.format): Promise<Feeds> {
    let feeds = this.kept.get(key);
    if (feeds === undefined) {
      feeds = await readParts(this.checkpoint, parts, format, this.settings.keep ? undefined : this.passing(key));
      if (this.settings.keep) this.kept.set(key, feeds);
    }
    return feeds;
  }

  /** One memory for all parts of a kind. */
  private passing(key: string): Allocate {
    const kind = key.replace(/[ .]\d+$/, '');
    let allocate = this.memories.get(kind);
    if (allocate === undefined) this.memories.set(kind, (allocate = reusing()));
    return allocate;
  }
}

/** Everything the tower is made of. */
export function visionParts(spec: VisionSpec, out: number, patchBias: boolean): WeightPart[] {
  const blocks = Array.from({ length: spec.blocks }, (_, block) => blockParts(spec, block));
  return [
    ...patchParts(spec, patchBias).parts,
    ...blocks.flatMap(({ projection, rest }) => [...projection.parts, ...rest.parts]),
    ...projectorParts(spec, out).parts,
    ...spec.deepstack.flatMap((_, side) => projectorParts(spec, out, side).parts),
  ];
}

/** Bytes of the parts' memory when nothing is kept: one memory for each kind, as large as its largest part. */
export function passingVisionBytes(spec: VisionSpec, out: number, patchBias: boolean, format: WeightFormat): number {
  const { projection, rest } = blockParts(spec, 0);
  const kinds = [
    patchParts(spec, patchBias),
    projection,
    rest,
    projectorParts(spec, out),
    ...spec.deepstack.slice(0, 1).map((_, side) => projectorParts(spec, out, side)),
  ];
  return kinds.reduce((sum, { parts }) => sum + bytesOfParts(parts, format), 4 * spec.tableSide ** 2 * spec.width);
}

/** Whether the convolution that makes patches has a bias. */
export function hasPatchBias({ tensors }: Pick<Checkpoint, 'tensors'>, { root, family }: VisionSpec): boolean {
  return tensors.has(`${root}.${family.names.patches}.bias`);
}

function patchParts({ root, family, width, patchValues, square }: VisionSpec, bias: boolean): Part {
  const at = `${root}.${family.names.patches}`;
  const tower = family.square;
  const entries = square ? square.side ** 2 + (square.classToken ? 1 : 0) : 0;
  return {
    key: 'patches',
    parts: [
      { input: 'patch', names: [`${at}.weight`], dims: [width, patchValues] },
      ...(bias ? [{ input: 'patchBias', names: [`${at}.bias`], dims: [width] }] : []),
      ...(tower ? [{ input: 'table', names: [`${root}.${tower.positions}`], dims: [entries * width] }] : []),
      ...(tower?.classToken === undefined
        ? []
        : [{ input: 'class', names: [`${root}.${tower.classToken}`], dims: [width] }]),
    ],
  };
}

function blockParts(spec: VisionSpec, block: number): { projection: Part; rest: Part } {
  const { root, width, inner, square } = spec;
  const { mlp, names, square: tower } = spec.family;
  const at = (name: string) => `${root}.${names.blocks}.${block}.${name}`;
  const weight = (input: string, stored: readonly string[], rows: number, columns: number): WeightPart => ({
    input,
    names: stored.map((name) => at(`${name}.weight`)),
    dims: [rows, columns],
  });
  const bias = (input: string, stored: readonly string[], rows: number): WeightPart => ({
    input: `${input}Bias`,
    names: stored.map((name) => at(`${name}.bias`)),
    dims: [rows],
  });
  const both = (input: string, stored: readonly string[], rows: number, columns: number) => [
    weight(input, stored, rows, columns),
    bias(input, stored, rows),
  ];
  const vectors = (inputs: readonly string[], stored: readonly string[]): WeightPart[] =>
    stored.map((name, index) => ({ input: inputs[index]!, names: [at(name)], dims: [width] }));
  return {
    projection: {
      key: `projection ${block}`,
      parts: [
        ...normParts(spec, 'norm1', at(names.norm1), width),
        weight('qkv', names.qkv, 3 * width, width),
        ...(spec.qkvBias ? [bias('qkv', names.qkv, 3 * width)] : []),
        ...(square?.qkNorm
          ? vectors(
              ['qNorm', 'kNorm'],
              tower!.qkNorm!.names.map((name) => `${name}.weight`),
            )
          : []),
      ],
    },
    rest: {
      key: `rest ${block}`,
      parts: [
        ...both('output', [names.output], width, width),
        ...normParts(spec, 'norm2', at(names.norm2), width),
        ...(mlp.kind === 'gated'
          ? [...both('gateUp', [mlp.gate, mlp.up], 2 * inner, width), ...both('down', [mlp.down], width, inner)]
          : [...both('first', [mlp.first], inner, width), ...both('second', [mlp.second], width, inner)]),
        ...(square?.scales ? vectors(['scale1', 'scale2'], tower!.scales!) : []),
      ],
    },
  };
}

/** @param side which of the side mergers, where it is one. */
function projectorParts(spec: VisionSpec, out: number, side?: number): Part {
  const { family, root, width, projector, square } = spec;
  const joined = width * spec.merge ** 2;
  const own = family.projector;
  const { norm, first, second } = side === undefined ? own : family.deepstack!.merger;
  const below =
    side === undefined ? (own.kind === 'merger' ? `${own.root}.` : '') : `${root}.deepstack_merger_list.${side}.`;
  const at = (name: string) => `${below}${name}`;
  const normed = own.kind === 'joined' || side !== undefined ? joined : width;
  return {
    key: side === undefined ? 'projector' : `projector aside ${side}`,
    parts: [
      ...(square?.finalNorm ? normParts(spec, 'finalNorm', `${root}.${family.square!.finalNorm!}`, width) : []),
      ...(own.kind === 'joined' ? layerNormParts('norm', at(norm), joined) : normParts(spec, 'norm', at(norm), normed)),
      { input: 'first', names: [`${at(first)}.weight`], dims: [projector.inner, joined] },
      { input: 'firstBias', names: [`${at(first)}.bias`], dims: [projector.inner] },
      { input: 'second', names: [`${at(second)}.weight`], dims: [out, projector.inner] },
      { input: 'secondBias', names: [`${at(second)}.bias`], dims: [out] },
    ],
  };
}

function normParts({ norm }: VisionSpec, input: string, at: string, size: number): WeightPart[] {
  const [weight, bias] = layerNormParts(input, at, size);
  return norm === 'rms' ? [weight] : [weight, bias];
}

function layerNormParts(input: string, at: string, size: number): [WeightPart, WeightPart] {
  return [
    { input, names: [`${at}.weight`], dims: [size] },
    { input: `${input}Bias`, names: [`${at}.bias`], dims: [size] },
  ];
}

/** Bytes that one patch needs in between, when it attends to `seen` patches. */
export function patchBytes({ width, heads, inner, patchValues }: VisionSpec, seen: number): number {
  return 4 * (patchValues + 6 * width + Math.max(3 * heads * seen + 4 * width, 5 * inner));
}

/** Stretches of patches that attend to themselves, in the order in which they lie. */
interface Segments {
  lengths: number[];
}

interface Layout {
  patches: number;
  /** Of the tower: patches, and what stands before them. */
  tokens: number;
  /** Of the language model. */
  features: number;
  /** `cos` and `sin` where positions are rotations. */
  rotation: Feeds;
  /** Which patch comes where; undefined: as given. */
  order: ort.Tensor | undefined;
  /** The position of each patch of a square, as a row of the table. */
  places: ort.Tensor | undefined;
  mix: Feeds | undefined;
  /** Full attention: one segment per frame. */
  frames: Segments;
  windows: Segments;
  /** Features of image `index` in the order of its blocks, out of `values` in the order of the tower. */
  unorder(values: Float32Array, index: number, width: number): Float32Array;
}

function layoutOf(spec: VisionSpec, grid: Grid, images: number): Layout {
  const [times, height, width] = grid;
  const { merge } = spec;
  const perFrame = height * width;
  const perImage = times * perFrame;
  const patches = images * perImage;
  const unit = merge ** 2;
  const blocks = perImage / unit;
  const windows =
    spec.window === null
      ? undefined
      : windowOrder(times, height / merge, width / merge, Math.floor(spec.window / merge / spec.patchSize));
  /** The patch at each place of one image. */
  const patchAt = (location: number) =>
    windows === undefined ? location : windows.blocks[Math.floor(location / unit)]! * unit + (location % unit);
  const everyImage = <T>(make: (image: number) => T[]) =>
    Array.from({ length: images }, (_, image) => make(image)).flat();
  const inFrame = frameTokens(spec, perFrame);

  return {
    patches,
    tokens: images * times * inFrame,
    features: images * blocks,
    rotation: spec.square ? {} : rotationOf(spec, grid, images, patchAt),
    order:
      windows &&
      indices(
        Array.from(
          { length: patches },
          (_, location) => location - (location % perImage) + patchAt(location % perImage),
        ),
      ),
    places: spec.square ? indices(placesOf(grid, spec, inFrame - perFrame)) : undefined,
    mix: spec.tableSide > 0 ? mixOf(grid, spec, images * times) : undefined,
    frames: { lengths: Array.from({ length: images * times }, () => inFrame) },
    windows: { lengths: windows ? everyImage(() => windows.lengths.map((length) => length * unit)) : [] },
    unorder(values, index, size) {
      const own = values.subarray(index * blocks * size, (index + 1) * blocks * size);
      if (windows === undefined) return own.slice();
      const result = new Float32Array(own.length);
      windows.blocks.forEach((block, location) =>
        result.set(own.subarray(location * size, (location + 1) * size), block * size),
      );
      return result;
    },
  };
}

/** The row of the position table of each patch of a square. @param first rows before those of patches. */
function placesOf(grid: Grid, { merge }: VisionSpec, first: number): number[] {
  const { rows, columns } = patchPositions(grid, merge);
  const [, , width] = grid;
  return Array.from(rows, (row, patch) => first + row * width + columns[patch]!);
}

/** Angles of every patch by row and column. @param patchAt the patch at each place of one image. */
function rotationOf(spec: VisionSpec, grid: Grid, images: number, patchAt: (location: number) => number): Feeds {
  const [times, height, width] = grid;
  const perFrame = height * width;
  const perImage = times * perFrame;
  const patches = images * perImage;
  const { rows, columns } = patchPositions(grid, spec.merge);
  const quarter = spec.width / spec.heads / 4;
  const inverse = axialFrequencies(2 * quarter, spec.family.ropeTheta!);
  const [cos, sin] = [new Float32Array(patches * 2 * quarter), new Float32Array(patches * 2 * quarter)];
  for (let location = 0; location < perImage; location++) {
    const patch = patchAt(location) % perFrame;
    for (let pair = 0; pair < quarter; pair++) {
      const at = location * 2 * quarter + pair;
      const [vertical, horizontal] = [
        Math.fround(rows[patch]! * inverse[pair]!),
        Math.fround(columns[patch]! * inverse[pair]!),
      ];
      cos[at] = Math.cos(vertical);
      sin[at] = Math.sin(vertical);
      cos[at + quarter] = Math.cos(horizontal);
      sin[at + quarter] = Math.sin(horizontal);
    }
  }
  for (let image = 1; image < images; image++) {
    cos.copyWithin((image * cos.length) / images, 0, cos.length / images);
    sin.copyWithin((image * sin.length) / images, 0, sin.length / images);
  }
  const angles = [1, patches, 2 * quarter];
  return { cos: new ort.Tensor('float32', cos, angles), sin: new ort.Tensor('float32', sin, angles) };
}

function mixOf(grid: Grid, spec: VisionSpec, frames: number): Feeds {
  const { near, share: fraction } = tableMix(grid, spec.merge, spec.tableSide);
  const fractions = new Float32Array(frames * fraction.length);
  for (let frame = 0; frame < frames; frame++) fractions.set(fraction, frame * fraction.length);
  const patches = (frames * near.length) / 4;
  return {
    near: new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: frames * near.length }, (_, index) => BigInt(near[index % near.length]!)),
      [patches, 4],
    ),
    share: new ort.Tensor('float32', fractions, [patches, 4, 1]),
  };
}

/** Patches that go through a block's second graph at once, and what they look at. */
interface Piece {
  first: number;
  count: number;
  keyFirst: number;
  keyCount: number;
  padded: boolean;
  feeds: Feeds;
}

function piecesOf({ lengths }: Segments, spec: VisionSpec, activationBytes: number): Piece[] {
  const { heads, width } = spec;
  const headDim = width / heads;
  const longest = Math.max(...lengths);
  const perPatch = patchBytes(spec, longest);
  const fitting = Math.max(1, Math.floor(activationBytes / perPatch));
  const pieces: Piece[] = [];
  if (longest > fitting) {
    // One segment at a time, some of its queries at a time.
    let begin = 0;
    for (const length of lengths) {
      for (let done = 0; done < length; done += fitting) {
        const count = Math.min(fitting, length - done);
        pieces.push({
          first: begin + done,
          count,
          keyFirst: begin,
          keyCount: length,
          padded: false,
          feeds: { queries: indices([1, count, heads, headDim]), keys: indices([1, length, heads, headDim]) },
        });
      }
      begin += length;
    }
    return pieces;
  }
  const atOnce = Math.floor(fitting / longest);
  let first = 0;
  for (let segment = 0; segment < lengths.length; segment += atOnce) {
    const some = lengths.slice(segment, segment + atOnce);
    const count = some.reduce((sum, length) => sum + length, 0);
    const padded = some.some((length) => length !== some[0]);
    const shape = indices([some.length, padded ? longest : some[0]!, heads, headDim]);
    pieces.push({
      first,
      count,
      keyFirst: first,
      keyCount: count,
      padded,
      feeds: padded ? { shape, ...paddedPositions(some, longest) } : { queries: shape, keys: shape },
    });
    first += count;
  }
  return pieces;
}

/** Low enough that its exponential is 0, and far from overflow. */
const HIDDEN = -1e30;

function paddedPositions(lengths: readonly number[], longest: number): Feeds {
  const gather: number[] = [];
  const scatter: number[] = [];
  const mask = new Float32Array(lengths.length * longest);
  let begin = 0;
  lengths.forEach((length, segment) => {
    for (let location = 0; location < longest; location++) {
      gather.push(location < length ? begin + location : begin);
      if (location < length) scatter.push(segment * longest + location);
      else mask[segment * longest + location] = HIDDEN;
    }
    begin += length;
  });
  return {
    gather: indices(gather),
    scatter: indices(scatter),
    mask: new ort.Tensor('float32', mask, [lengths.length, 1, 1, longest]),
  };
}

function indices(values: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
}
