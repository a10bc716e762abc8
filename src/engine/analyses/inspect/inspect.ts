/** What a checkpoint holds, without reading a weight. */
import type { CallContext } from '../../calls.js';
import type { InspectResult, InspectedTensor } from './result.js';
import { resolveCuts } from '../../topology/cuts.js';
import { tiesHead } from '../../topology/model.js';
import { isExtra } from '../../topology/names.js';
import { locateTensor } from '../../topology/place.js';
import { type Section, SECTIONS } from '../../topology/topology.js';
import type { Checkpoint, Shard, Tensor } from '../../checkpoint/checkpoint.js';
import { bytesOf } from '../../tensors/elements.js';
import { fingerprint } from '../../checkpoint/fingerprint.js';
import { checkpointLabel } from '../../checkpoint/hub.js';
import { stores } from '../../checkpoint/leftOut.js';
import { openCheckpoint } from '../../merge/checkpoint.js';
import { nameInFile } from '../../checkpoint/wrappers.js';

/** Opens and describes the checkpoint at `path`. Errors as `openCheckpoint`. */
export async function inspectCheckpoint(path: string, { signal, progress }: CallContext = {}): Promise<InspectResult> {
  progress?.({ phase: 'Reading headers', doneBytes: 0, totalBytes: 0, remainingSeconds: null, tensor: null });
  const checkpoint = await openCheckpoint(path, { signal });
  return describe(checkpoint, await fingerprint(checkpoint, signal));
}

/** Where a tensor is that lies in no file. */
const COMPUTED = 'computed';

/** Its own files by their names, those of the checkpoints it is made of with whose they are. */
function namesOfShards(checkpoint: Checkpoint, prefix = ''): Map<Shard, string> {
  const names = new Map(checkpoint.shards.map((shard) => [shard, `${prefix}${shard.name}`]));
  for (const source of checkpoint.virtual?.sources ?? []) {
    for (const [shard, name] of namesOfShards(source, `${source.virtual?.label ?? checkpointLabel(source.folder)}/`))
      if (!names.has(shard)) names.set(shard, name);
  }
  return names;
}

/** A tensor as its file has it: of a dequantised weight, the codes. */
function storedFacts(tensor: Tensor) {
  if (tensor.expression === undefined) return tensor;
  if (tensor.expression.kind === 'scaled') return { ...tensor.expression.codes, name: tensor.name };
  return { ...tensor, shard: undefined };
}

function describe(checkpoint: Checkpoint, print: string): InspectResult {
  const cuts = resolveCuts(undefined, checkpoint.layers);
  const dtypes: InspectResult['dtypes'] = {};
  const sections = new Map<Section, { tensors: number; parameters: number }>();
  const shardNames = namesOfShards(checkpoint);
  const perShard = new Map<string, number>();
  const tensors: InspectedTensor[] = [];
  const extra = { tensors: 0, parameters: 0 };
  const { config } = checkpoint;
  const headMissing = isHeadTied(checkpoint) && config !== undefined && tiesHead(config, checkpoint.family) === false;
  let parameters = 0;
  const listed = [...checkpoint.tensors.values()].map((tensor) => storedFacts(tensor));
  for (const tensor of [...listed, ...(checkpoint.leftOut ?? [])]) {
    const { section, layer, depth, component } = locateTensor(tensor.name, checkpoint, cuts);
    add((dtypes[tensor.dtype] ??= { tensors: 0, parameters: 0 }), tensor.size);
    const sum = sections.get(section) ?? { tensors: 0, parameters: 0 };
    // Scales and packed codes are no parameters.
    const own = 'reason' in tensor ? 0 : tensor.size;
    add(sum, own);
    if (isExtra(tensor.name)) add(extra, own);
    sections.set(section, sum);
    const shard = tensor.shard === undefined ? COMPUTED : shardNames.get(tensor.shard)!;
    perShard.set(shard, (perShard.get(shard) ?? 0) + 1);
    parameters += own;
    tensors.push({
      name: tensor.name,
      onDisk: nameInFile(tensor),
      section,
      layer,
      depth,
      component,
      dtype: tensor.dtype,
      shape: tensor.shape,
      shard,
      bytes: tensor.shard === undefined ? bytesOf(tensor) : tensor.end - tensor.begin,
      ...('reason' in tensor ? { leftOut: tensor.reason } : {}),
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
    bytes: [...shardNames.keys()].reduce((sum, shard) => sum + shard.bytes, 0),
    dtypes,
    shards: [...shardNames].map(([{ bytes }, file]) => ({ file, bytes, tensors: perShard.get(file) ?? 0 })),
    sections: SECTIONS.flatMap((section) => {
      const sum = sections.get(section);
      return sum === undefined ? [] : [{ section, ...sum }];
    }),
    tiedHead: isHeadTied(checkpoint),
    headMissing,
    fingerprint: print,
    tensors,
    ...(checkpoint.quantisation === undefined ? {} : { quantisation: [...checkpoint.quantisation] }),
    warnings: checkpoint.warnings,
    madeOf: checkpoint.virtual?.summary ?? null,
    reading: checkpoint.reading ?? null,
    extra,
  };
}

/**
 * Whether no head is stored, so that it is the embedding: by presence, since configs' flags drift. A model that stores
 * a duplicate although its config ties the two counts as tied, with a warning from `describeModel`.
 */
export function isHeadTied(checkpoint: Checkpoint): boolean {
  const names = checkpoint.tensors;
  return (
    names.size > 0 &&
    checkpoint.layers > 0 &&
    !stores(checkpoint, 'lm_head.weight') &&
    !stores(checkpoint, 'language_model.output.weight') &&
    !stores(checkpoint, 'embed_out.weight')
  );
}

function architectures({ config }: Checkpoint): string[] {
  const listed = config?.['architectures'];
  return Array.isArray(listed) ? listed.filter((name): name is string => typeof name === 'string') : [];
}

function add(sum: { tensors: number; parameters: number }, size: number): void {
  sum.tensors++;
  sum.parameters += size;
}
