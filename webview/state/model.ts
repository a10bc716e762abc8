/** A comparison, indexed once for all views: tensors by depth and by name, and what its updates are called. No DOM. */
import type { CompareResult, LayerResult, TensorResult } from '../../src/protocol/engineApi.js';
import { layerLabel, layerTitle, regionOfDepth } from '../../src/protocol/layers.js';
import { nameDeltas, type DeltaName } from '../deltas.js';

export interface Model {
  result: CompareResult;
  deltas: DeltaName[];
  /** Layers of the language model and blocks of the vision tower, over all stages. */
  languageLayers: number;
  visionLayers: number;
  layers: Map<number, LayerResult>;
  byDepth: Map<number, TensorResult[]>;
  byName: Map<string, TensorResult>;
}

export function indexResult(result: CompareResult): Model {
  const byDepth = new Map<number, TensorResult[]>();
  const byName = new Map<string, TensorResult>();
  for (const tensor of result.tensors) {
    byName.set(tensor.name, tensor);
    if (tensor.depth === null) continue;
    const list = byDepth.get(tensor.depth);
    if (list === undefined) byDepth.set(tensor.depth, [tensor]);
    else list.push(tensor);
  }
  return {
    result,
    deltas: nameDeltas(result.stages),
    languageLayers: Math.max(0, ...result.stages.map((stage) => stage.layers)),
    visionLayers: Math.max(0, ...result.stages.map((stage) => stage.visionLayers)),
    layers: new Map(result.layers.map((layer) => [layer.depth, layer])),
    byDepth,
    byName,
  };
}

/** `Language layer 12`, `Vision block 3`, `Projector`: layers are counted from 0, as in tensor names. */
export function describeDepth({ visionLayers }: Pick<Model, 'visionLayers'>, depth: number): string {
  return layerTitle(regionOfDepth(depth, visionLayers));
}

/** The same for table cells: `12`, `v3`, `proj`. */
export function labelDepth({ visionLayers }: Pick<Model, 'visionLayers'>, depth: number): string {
  return layerLabel(regionOfDepth(depth, visionLayers)) ?? '';
}

/** Weights in the sense of the layer figure. */
export function isWeight(tensor: TensorResult): boolean {
  return tensor.shape.length >= 2;
}
