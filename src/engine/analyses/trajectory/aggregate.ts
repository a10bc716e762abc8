/** Layers, regions, sections and everything, from the tensors' figures alone. */
import { resolveCuts } from '../../topology/cuts.js';
import { layersOf, recutTensors, regionsOf } from '../../topology/groups.js';
import { SECTIONS } from '../../topology/topology.js';
import { aggregateDelta } from '../compare/aggregate.js';
import type { Delta, DeltaAggregate } from '../compare/result.js';
import type {
  GroupTrajectory,
  LayerTrajectory,
  RegionTrajectory,
  SectionTrajectory,
  TensorTrajectory,
  TrajectoryResult,
} from './result.js';

interface Groups {
  layers: LayerTrajectory[];
  regions: RegionTrajectory[];
  sections: SectionTrajectory[];
  whole: GroupTrajectory;
}

/** `languageLayers` bounds the Late region; `steps` is the number of checkpoints after the first. */
export function groupTrajectory(
  tensors: readonly TensorTrajectory[],
  languageLayers: number,
  cuts: readonly [number, number],
  steps: number,
): Groups {
  return {
    layers: layersOf(tensors).map(({ location, group }) => ({ ...location, ...aggregate(group, steps) })),
    regions: regionsOf(tensors, languageLayers, cuts).map(({ location, group }) => ({
      ...location,
      ...aggregate(group, steps),
    })),
    sections: SECTIONS.flatMap((section) => {
      const group = tensors.filter((tensor) => tensor.section === section);
      return group.length > 0 ? [{ section, ...aggregate(group, steps) }] : [];
    }),
    whole: aggregate(tensors, steps),
  };
}

/** The same trajectory with other cuts: only regions change. @throws `bad-request` where the cuts do not fit */
export function recutTrajectory(result: TrajectoryResult, wanted: readonly number[]): TrajectoryResult {
  const layers = Math.max(...result.stages.map((stage) => stage.layers));
  const cuts = resolveCuts(wanted, layers);
  const tensors = recutTensors(result.tensors, cuts);
  return { ...result, cuts, tensors, ...groupTrajectory(tensors, layers, cuts, result.stages.length - 1) };
}

function aggregate(tensors: readonly TensorTrajectory[], steps: number): GroupTrajectory {
  const weights = tensors.filter((tensor) => tensor.shape.length >= 2);
  const each = <T>(of: (index: number) => T) => Array.from({ length: steps }, (_, index) => of(index));
  const mean = (of: (tensor: TensorTrajectory) => number | null) => meanOf(weights.map(of));
  return {
    weights: weights.length,
    sinceFirst: each((index) => sizeOf(weights, (tensor) => tensor.sinceFirst[index]!, 0, index + 1)),
    sincePrevious: each((index) => sizeOf(weights, (tensor) => tensor.sincePrevious[index]!, index, index + 1)),
    stableRank: each((index) => mean((tensor) => tensor.stableRank[index]!)),
    similarity: each((index) => mean((tensor) => tensor.similarity[index]!)),
    chance: mean(({ chance }) => chance),
  };
}

/** As a comparison of the two stages has it. */
function sizeOf(
  tensors: readonly TensorTrajectory[],
  deltaOf: (tensor: TensorTrajectory) => Delta | null,
  earlier: number,
  later: number,
): DeltaAggregate | null {
  return aggregateDelta(
    tensors.map((tensor) => ({
      shape: tensor.shape,
      deltas: [deltaOf(tensor)],
      norms: [tensor.norms[earlier]!, tensor.norms[later]!],
    })),
    0,
  );
}

/** Over those that exist; null where none does. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? null : there.reduce((sum, value) => sum + value, 0) / there.length;
}
