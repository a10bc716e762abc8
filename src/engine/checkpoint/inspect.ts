/** What a checkpoint holds, without reading a weight. */
import type { CallContext, InspectResult, InspectedTensor } from '../api.js';
import { resolveCuts } from '../topology/cuts.js';
import { placeTensor } from '../topology/place.js';
import { type Section, SECTIONS } from '../topology/topology.js';
import type { Checkpoint } from './checkpoint.js';
import { fingerprint } from './fingerprint.js';
import { openCheckpoint } from './open.js';

/** Opens and describes the checkpoint at `path`. Errors as `openCheckpoint`. */
export async function inspectCheckpoint(path: string, { signal, progress }: CallContext = {}): Promise<InspectResult> {
  progress?.({ phase: 'Reading headers', doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null });
  const checkpoint = await openCheckpoint(path, { signal });
  return describe(checkpoint, await fingerprint(checkpoint, signal));
}

function describe(checkpoint: Checkpoint, print: string): InspectResult {
  const cuts = resolveCuts(undefined, checkpoint.layers);
  const dtypes: InspectResult['dtypes'] = {};
  const sections = new Map<Section, { tensors: number; parameters: number }>();
  const perShard = new Map<string, number>();
  const tensors: InspectedTensor[] = [];
  let parameters = 0;
  for (const tensor of checkpoint.tensors.values()) {
    const { section, layer, depth, component } = placeTensor(tensor.name, checkpoint, cuts);
    add((dtypes[tensor.dtype] ??= { tensors: 0, parameters: 0 }), tensor.size);
    const sum = sections.get(section) ?? { tensors: 0, parameters: 0 };
    add(sum, tensor.size);
    sections.set(section, sum);
    perShard.set(tensor.shard.name, (perShard.get(tensor.shard.name) ?? 0) + 1);
    parameters += tensor.size;
    tensors.push({
      name: tensor.name, onDisk: tensor.onDisk, section, layer, depth, component,
      dtype: tensor.dtype, shape: tensor.shape, shard: tensor.shard.name, bytes: tensor.end - tensor.begin,
    });
  }
  return {
    schema: 1,
    path: checkpoint.path,
    family: checkpoint.family,
    architectures: architectures(checkpoint),
    layers: checkpoint.layers,
    visionLayers: checkpoint.visionLayers,
    parameters,
    bytes: checkpoint.shards.reduce((sum, shard) => sum + shard.bytes, 0),
    dtypes,
    shards: checkpoint.shards.map(({ name, bytes }) => ({ file: name, bytes, tensors: perShard.get(name) ?? 0 })),
    sections: SECTIONS.flatMap((section) => {
      const sum = sections.get(section);
      return sum === undefined ? [] : [{ section, ...sum }];
    }),
    tiedHead: isHeadTied(checkpoint),
    fingerprint: print,
    tensors,
    warnings: checkpoint.warnings,
  };
}

/**
 * Whether the head is the embedding: by presence, since configs' flags drift. A model that stores a duplicate although
 * its config ties the two counts as tied, with a warning from `describeModel`.
 */
export function isHeadTied(checkpoint: Checkpoint): boolean {
  const names = checkpoint.tensors;
  return names.size > 0 && checkpoint.layers > 0 && !names.has('lm_head.weight') && !names.has('language_model.output.weight') && !names.has('embed_out.weight');
}

function architectures({ config }: Checkpoint): string[] {
  const listed = config?.['architectures'];
  return Array.isArray(listed) ? listed.filter((name): name is string => typeof name === 'string') : [];
}

function add(sum: { tensors: number; parameters: number }, size: number): void {
  sum.tensors++;
  sum.parameters += size;
}
