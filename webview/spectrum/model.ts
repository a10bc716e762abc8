/**
 * Spectra of a lineage's updates, indexed for the views. A fused weight counts by its parts, as in the result's own
 * aggregates; what those do not carry (floors of every metric, attention or MLP alone) is worked out here in the same
 * way: mean and range over matrices. No DOM.
 */
import type { Region, SpectrumResult, Spread, TensorSpectra } from '../../src/protocol/engineApi.js';
import { nameDeltas, type DeltaName } from '../deltas.js';
import { regionSpans } from '../figure/regions.js';
import { spansOfDepths, type SectionSpan } from '../figure/sections.js';
import { describeDepth } from '../state/model.js';
import type { WeightPart } from './view.js';

export interface SpectrumModel {
  result: SpectrumResult;
  deltas: DeltaName[];
  languageLayers: number;
  visionLayers: number;
  /** Depths that hold matrices, ascending. */
  depths: number[];
  /** Every weight once. */
  counted: TensorSpectra[];
  byKey: Map<string, TensorSpectra>;
  /** On the depth axis, half a layer beyond their ends. */
  regions: { region: Region; from: number; to: number }[];
  sections: SectionSpan[];
  /** Ranks of the surface: as many as the longest curve has. */
  ranks: number;
  /** How many directions the shares of energy count. */
  tops: string[];
}

export function indexSpectra(result: SpectrumResult): SpectrumModel {
  const counted = countedOnce(result.tensors);
  const depths = [...new Set(counted.flatMap(({ depth }) => (depth === null ? [] : [depth])))].sort((a, b) => a - b);
  const languageLayers = Math.max(0, ...result.stages.map((stage) => stage.layers));
  const spectra = counted.flatMap(({ spectra: own }) => own.filter((spectrum) => spectrum !== null));
  return {
    result,
    deltas: nameDeltas(result.stages),
    languageLayers,
    visionLayers: Math.max(0, ...result.stages.map((stage) => stage.visionLayers)),
    depths,
    counted,
    byKey: new Map(result.tensors.map((tensor) => [keyOf(tensor), tensor])),
    regions: result.regions.length === 0 ? [] : regionSpans(result.cuts, languageLayers),
    sections: spansOfDepths(depths),
    ranks: most([1, ...spectra.map(({ singularValues }) => singularValues.length)]),
    tops: [...new Set(spectra.flatMap(({ topEnergy }) => Object.keys(topEnergy)))].sort(
      (a, b) => Number(a) - Number(b),
    ),
  };
}

/** `name`, or `name#part`: what a refinement is asked by. */
export function keyOf({ name, part }: Pick<TensorSpectra, 'name' | 'part'>): string {
  return part === null ? name : `${name}#${part}`;
}

/** Without the matrices that others are parts of: `qkv` where `q` is there, `expert 3` where `expert 3 gate` is. */
function countedOnce(tensors: readonly TensorSpectra[]): TensorSpectra[] {
  const wholes = new Set<string>();
  for (const { name, part } of tensors) {
    if (part === null) continue;
    const words = part.split(' ');
    for (let length = 0; length < words.length; length++)
      wholes.add(keyOf({ name, part: length === 0 ? null : words.slice(0, length).join(' ') }));
  }
  return tensors.filter((tensor) => !wholes.has(keyOf(tensor)));
}

/** Of the weights that are asked for; each counts once. */
export function weightsOf(model: SpectrumModel, part: WeightPart): TensorSpectra[] {
  return part === 'all' ? model.counted : model.counted.filter(({ component }) => component === part);
}

export function byDepth(tensors: readonly TensorSpectra[]): Map<number, TensorSpectra[]> {
  const groups = new Map<number, TensorSpectra[]>();
  for (const tensor of tensors) {
    if (tensor.depth === null) continue;
    const group = groups.get(tensor.depth);
    if (group === undefined) groups.set(tensor.depth, [tensor]);
    else group.push(tensor);
  }
  return groups;
}

/** Over the values that exist; null when none does. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const there = values.filter(
    (value): value is number => value !== null && value !== undefined && Number.isFinite(value),
  );
  if (there.length === 0) return null;
  return { mean: there.reduce((sum, value) => sum + value, 0) / there.length, low: least(there), high: most(there) };
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

// Experts are tens of thousands: more than a call has room for arguments.
function least(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((high, value) => Math.max(high, value), -Infinity);
}

/** `Language layer 3, q_proj`: short, for headings and the live region. */
export function matrixName(model: SpectrumModel, tensor: TensorSpectra): string {
  const words = tensor.name.replace(/\.weight$/, '').split('.');
  // A number alone says nothing: `mlp.0`.
  const own = words.slice(/^\d+$/.test(words.at(-1)!) ? -2 : -1).join('.');
  const what = tensor.part === null ? own : `${own} ${tensor.part}`;
  return tensor.depth === null ? what : `${describeDepth(model, tensor.depth)}, ${what}`;
}
