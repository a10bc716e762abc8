/**
 * Layers, regions and sections from tensor figures. Works on results alone, so other cuts need no second read.
 * Several weights are taken as one vector: squares, dot products and counts add up.
 */
import { resolveCuts } from '../../topology/cuts.js';
import { layersOf, recutTensors, regionsOf } from '../../topology/groups.js';
import { COMPONENTS, SECTIONS } from '../../topology/topology.js';
import { cosineOf } from './partial.js';
import type {
  Aggregate,
  CompareResult,
  DeltaAggregate,
  LayerResult,
  RegionResult,
  SectionResult,
  TensorResult,
} from './result.js';

export interface Groups {
  layers: LayerResult[];
  regions: RegionResult[];
  sections: SectionResult[];
}

/** `languageLayers` bounds the Late region; `pairs` is the number of stage pairs. */
export function groupTensors(
  tensors: readonly TensorResult[],
  languageLayers: number,
  cuts: readonly [number, number],
  pairs: number,
): Groups {
  const layers = layersOf(tensors).map(({ location, group }): LayerResult => {
    const components = COMPONENTS.flatMap((component) => {
      const part = group.filter((tensor) => tensor.component === component);
      return part.length > 0 ? [[component, aggregate(part, pairs)] as const] : [];
    });
    return { ...location, ...aggregate(group, pairs), components: Object.fromEntries(components) };
  });
  const regions = regionsOf(tensors, languageLayers, cuts).map(({ location, group }): RegionResult => ({
    ...location,
    ...aggregate(group, pairs),
  }));
  const sections = SECTIONS.flatMap((section) => {
    const part = tensors.filter((tensor) => tensor.section === section);
    return part.length > 0 ? [{ section, ...aggregate(part, pairs) }] : [];
  });
  return { layers, regions, sections };
}

/** The same comparison with other cuts: only regions change. Throws `bad-request` when the cuts do not fit. */
export function recut(result: CompareResult, wanted: readonly number[]): CompareResult {
  const layers = Math.max(...result.stages.map((stage) => stage.layers));
  const cuts = resolveCuts(wanted, layers);
  const tensors = recutTensors(result.tensors, cuts);
  return { ...result, cuts, tensors, ...groupTensors(tensors, layers, cuts, result.stages.length - 1) };
}

function aggregate(tensors: readonly TensorResult[], pairs: number): Aggregate {
  const weights = tensors.filter((tensor) => tensor.shape.length >= 2);
  return {
    weights: weights.length,
    tensors: tensors.length,
    parameters: tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0),
    deltas: Array.from({ length: pairs }, (_, pair) => aggregateDelta(weights, pair)),
  };
}

/** Of the weights of a stage pair; null where none has both. */
export function aggregateDelta(
  weights: readonly Pick<TensorResult, 'shape' | 'norms' | 'deltas'>[],
  pair: number,
): DeltaAggregate | null {
  let counted = 0,
    withRelative = 0;
  let squares = 0,
    sumFro = 0,
    sumRelative = 0,
    aSquares = 0,
    bSquares = 0,
    dot = 0;
  let maxAbs = 0,
    changed = 0,
    elements = 0,
    floorSquares = 0,
    nonFinite = 0;
  for (const tensor of weights) {
    const delta = tensor.deltas[pair];
    if (!delta) continue;
    const fro = delta.fro ?? Infinity; // beyond float64: the aggregate is not finite either, and says so
    const [a, b] = [tensor.norms[pair] ?? Infinity, tensor.norms[pair + 1] ?? Infinity];
    counted++;
    squares += fro * fro;
    sumFro += fro;
    aSquares += a * a;
    bSquares += b * b;
    dot += (delta.cosine ?? 0) * a * b;
    maxAbs = Math.max(maxAbs, delta.maxAbs ?? Infinity);
    changed += delta.changedCount;
    elements += sizeOf(tensor) - delta.nonFinite;
    floorSquares += delta.floor * delta.floor;
    nonFinite += delta.nonFinite;
    if (delta.relative !== null) {
      withRelative++;
      sumRelative += delta.relative;
    }
  }
  if (counted === 0) return null;
  const finiteOrMax = (value: number) => Math.min(value, Number.MAX_VALUE);
  return {
    fro: finiteOrMax(Math.sqrt(squares)),
    meanFro: finiteOrMax(sumFro / counted),
    sumFro: finiteOrMax(sumFro),
    relative: aSquares > 0 && Number.isFinite(aSquares) ? finiteOrMax(Math.sqrt(squares / aSquares)) : null,
    meanRelative: withRelative > 0 ? sumRelative / withRelative : null,
    cosine: Number.isFinite(dot) ? cosineOf(dot, aSquares, bSquares) : null,
    maxAbs: finiteOrMax(maxAbs),
    changed: elements > 0 ? changed / elements : null,
    floor: Math.sqrt(floorSquares),
    nonFinite,
  };
}

export function sizeOf({ shape }: { shape: readonly number[] }): number {
  return shape.reduce((product, size) => product * size, 1);
}
